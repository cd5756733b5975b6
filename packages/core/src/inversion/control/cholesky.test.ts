import { cholesky, choleskySolve } from './cholesky';

// L = [2, 0, 0; 6, 1, 0; -8, 5, 3]
const MATRIX = Float64Array.of(4, 12, -16, 12, 37, -43, -16, -43, 98);

it('finds the root, and solves by it', () => {
  expect([...cholesky(MATRIX)]).toEqual([2, 0, 0, 6, 1, 0, -8, 5, 3]);
  const x = [1, -2, 3];
  const b = [0, 1, 2].map((i) => x.reduce((sum, value, j) => sum + MATRIX[3 * i + j] * value, 0));
  expect(choleskySolve(cholesky(MATRIX), b)).toEqual(x);
  expect([cholesky(new Float64Array(0)).length, choleskySolve(new Float64Array(0), [])]).toEqual([0, []]);
});

it('says at which row there is none', () => {
  const refuse = (row: number): never => {
    throw new Error(`row ${row}`);
  };
  expect(() => cholesky(Float64Array.of(1, 1, 1, 1), refuse)).toThrow('row 1');
  expect([...cholesky(Float64Array.of(1, 2, 2, 1))]).toEqual([1, 0, 2, NaN]);
});
