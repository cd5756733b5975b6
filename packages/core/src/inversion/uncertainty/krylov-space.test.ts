/** The Krylov space of a matrix that is known, against its eigenpairs and the definition of a residual. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { Random } from '../../base/random';
import { addScaled } from '../../base/vectors';
import { KrylovSpace } from './krylov-space';

const SIZE = 12;
const random = new Random(4);
const square = new Matrix(Array.from({ length: SIZE }, () => Array.from({ length: SIZE }, () => random.normal())));
const matrix = square.mmul(square.transpose());
const times = (vector: Float64Array): Float64Array => Float64Array.from(matrix.mmul(Matrix.columnVector(Array.from(vector))).to1DArray());

function grown(steps: number, productOf = times): KrylovSpace {
  const space = new KrylovSpace(SIZE, new Random(1));
  for (let step = 0; step < steps; step++) space.take(productOf(space.next!));
  return space;
}

function combined(space: KrylovSpace, weights: ArrayLike<number>): Float64Array {
  const sum = new Float64Array(SIZE);
  [...space.basis, ...(space.next ? [space.next] : [])].forEach((vector, j) => addScaled(sum, weights[j] ?? 0, vector));
  return sum;
}

it.each([1, 3, 7])('what A makes of a Ritz vector beyond its value is the residual, along the next vector; %i products', (steps) => {
  const space = grown(steps);
  const { values, residuals, coefficients } = space.pairs();
  expect(values).toHaveLength(steps);
  values.forEach((value, k) => {
    const vector = combined(space, coefficients[k]);
    const image = times(vector);
    image.forEach((element, i) => expect(element - value * vector[i]).toBeCloseTo(residuals[k] * space.next![i], 9));
  });
  expect(Math.max(...residuals.map(Math.abs))).toBeGreaterThan(1e-3);
});

it('once it is as large as the space of A its pairs are those of A, and nothing follows', () => {
  const space = grown(SIZE);
  expect(space.next).toBeUndefined();
  const { values, residuals } = space.pairs();
  const exact = [...new EigenvalueDecomposition(matrix, { assumeSymmetric: true }).realEigenvalues].sort((a, b) => b - a);
  values.forEach((value, k) => expect(value).toBeCloseTo(exact[k], 9));
  expect(residuals.map(Math.abs)).toEqual(new Array(SIZE).fill(0));
});

it('ends where A reaches no further: at as many vectors as it has values of its own', () => {
  const two = (vector: Float64Array): Float64Array => vector.map((value, i) => (i < 5 ? 4 : 9) * value);
  const space = grown(2, two);
  expect(space.next).toBeUndefined();
  expect(space.pairs().values.map((value) => value.toFixed(9))).toEqual(['9.000000000', '4.000000000']);
});

it('has the images as they came, of products that are off and of no symmetric matrix, too', () => {
  const images: Float64Array[] = [];
  const off = new Random(8);
  const space = grown(5, (vector) => {
    const image = times(vector).map((value) => value * (1 + 0.1 * off.normal()));
    images.push(image);
    return image;
  });
  const weights = [0.3, -1, 2, 0, 0.7];
  const expected = new Float64Array(SIZE);
  images.forEach((image, j) => addScaled(expected, weights[j], image));
  combined(space, space.imageOf(weights)).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 8));
});
