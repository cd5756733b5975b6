/** The trained surrogate as a function, with its adjoint. */
export {
  openSurrogate,
  type AnchoredSurrogate,
  type OpenSurrogateOptions,
  type SurrogateHours,
  type SurrogatePeriod,
} from '../run/anchored-surrogate';
