/** What the cost compares with the model: observations of one batch. */
import type { Decorrelation } from '../cost/correlated-errors';

/** Real numbers: the surrogate's are single, those of models that are tested to rounding double. */
export type Values = Float32Array | Float64Array;

/** What a (super-)observation is used for. */
export const Role = {
  /** in the cost function */
  used: 0,
  /** not in the cost, but watched to choose the iterate that is kept */
  watched: 1,
  /** never looked at: it judges the result */
  withheld: 2,
} as const;

/** Where and when values are; arrays of equal length. */
export interface ObservationPlace {
  /** row · cols + col */
  cell: Int32Array;
  /** beginning of the hour or day, in hours since 1970 */
  hour: Float64Array;
}

/** Observations of one batch; arrays of equal length. */
export interface ObservationBatch {
  /** in the unit of its species (ppb or µg m-3); NaN counts as missing */
  values: Values;
  /** standard deviation of observation and model error together, in the same unit, above 0 */
  error: Values;
  /** index of the species */
  species: Uint8Array;
  /** one of {@link Role} */
  withheld: Uint8Array;
  /** made when asked for, since no cost needs it; absent where a model's values have no place */
  place?: () => ObservationPlace;
  /** by what error² was raised because other values repeat this one, where errors are alike and the cost takes them as independent; absent: by nothing */
  inflation?: Values;
  /** of errors, over `error`, that used values share; absent: all are independent */
  decorrelation?: Decorrelation;
  /** number of observation times (hours or days) in the batch: the N of the paper's equation 5 */
  times: number;
}
