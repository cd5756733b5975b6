/** Arrays whose rows lie apart, as the channels of a larger array do. */

/** `rows` rows of `length` elements, `stride` apart, with NaN between them: a kernel that reads there shows it. */
export function spread(array: Float64Array, length: number, stride: number): Float64Array {
  const rows = array.length / length;
  const result = new Float64Array((rows - 1) * stride + length).fill(Number.NaN);
  for (let row = 0; row < rows; row++) result.set(array.subarray(row * length, (row + 1) * length), row * stride);
  return result;
}

/** The rows again, next to each other. @throws {Error} if what lies between them is not NaN any more */
export function gathered(array: Float64Array, length: number, stride: number): Float64Array {
  const filtered = array.filter((_, i) => i % stride < length);
  if (!array.every((value, i) => i % stride < length || Number.isNaN(value))) throw new Error('a kernel wrote between the rows');
  return filtered;
}
