/**
 * Some elements of an array, such as the concentrations that monitors see: their positions in it, which ascend. What takes or gives an array takes or
 * gives the values of these alone where it is told places.
 */
export type Places = Int32Array;

/** The values at the places. */
export function pickAt(array: Float32Array, places: Places): Float32Array {
  const values = new Float32Array(places.length);
  for (let i = 0; i < places.length; i++) values[i] = array[places[i]];
  return values;
}

/** An array of `length` numbers with the values at the places, and 0 elsewhere: the transpose of {@link pickAt}. */
export function spreadTo(length: number, values: Float32Array, places: Places): Float32Array {
  const array = new Float32Array(length);
  for (let i = 0; i < places.length; i++) array[places[i]] = values[i];
  return array;
}
