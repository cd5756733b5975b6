/** Cholesky's decomposition C = L·Lᵀ of a symmetric, positive definite matrix, L lower triangular; matrices are `[n, n]`, row by row. */

/** L. @param onIndefinite - called with the row at which there is none; does not return. Without it L is NaN from there on */
export function cholesky(matrix: Float64Array, onIndefinite?: (row: number) => never): Float64Array {
  const n = Math.sqrt(matrix.length);
  const root = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * n + j];
      for (let k = 0; k < j; k++) rest -= root[i * n + k] * root[j * n + k];
      if (i === j && !(rest > 0)) onIndefinite?.(i);
      root[i * n + j] = i === j ? (rest > 0 ? Math.sqrt(rest) : NaN) : rest / root[j * n + j];
    }
  }
  return root;
}

/** x of L·Lᵀ·x = b, `[n]`. */
export function choleskySolve(root: Float64Array, b: readonly number[]): number[] {
  const n = b.length;
  const x = [...b];
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] -= root[i * n + k] * x[k];
    x[i] /= root[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= root[k * n + i] * x[k];
    x[i] /= root[i * n + i];
  }
  return x;
}
