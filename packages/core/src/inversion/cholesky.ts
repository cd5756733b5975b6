/**
 * The root L of a symmetric matrix C = L·Lᵀ, lower triangular, row by row.
 *
 * @param matrix - `[n, n]`
 * @param onIndefinite - called with the row at which no root exists; does not return
 */
export function cholesky(matrix: Float64Array, onIndefinite: (row: number) => never): Float64Array {
  const n = Math.sqrt(matrix.length);
  const root = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * n + j];
      for (let k = 0; k < j; k++) rest -= root[i * n + k] * root[j * n + k];
      if (i === j && !(rest > 0)) onIndefinite(i);
      root[i * n + j] = i === j ? Math.sqrt(rest) : rest / root[j * n + j];
    }
  }
  return root;
}
