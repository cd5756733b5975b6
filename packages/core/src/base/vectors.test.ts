import { Random } from './random';
import { addCombinations, addScaled, firstNotBelow, joined } from './vectors';

test('firstNotBelow is the first of rising values that is the bound or more', () => {
  const rising = [2, 2, 5, 9];
  expect([1, 2, 3, 5, 9, 10].map((bound) => firstNotBelow(rising, bound))).toEqual([0, 0, 2, 2, 3, 4]);
  expect(firstNotBelow([], 1)).toBe(0);
});

describe('addCombinations', () => {
  it.each([
    [1, 3, 1],
    [3, 4, 1023],
    [2, 7, 1025],
    [5, 9, 2500],
    [2, 0, 10],
  ])('adds %d combinations of %d vectors of %d elements as one by one', (combinations, count, length) => {
    const random = new Random(5);
    const drawn = (size: number): Float64Array => Float64Array.from({ length: size }, () => random.normal());
    const vectors = Array.from({ length: count }, () => drawn(length));
    const weights = Array.from({ length: combinations }, () => drawn(count));
    const before = weights.map(() => drawn(length));
    for (const given of [vectors, vectors.map((vector) => Float32Array.from(vector))]) {
      const out = before.map((sum) => sum.slice());
      addCombinations(out, weights, given);
      const expected = before.map((sum, k) => {
        const one = sum.slice();
        given.forEach((vector, j) => addScaled(one, weights[k][j], vector));
        return one;
      });
      const apart = out.map((sum, k) => sum.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[k][i])), 0));
      expect(Math.max(...apart)).toBeLessThan(1e-12);
    }
  });
});

test('joined puts vectors end to end, of their kind', () => {
  expect(joined(Float32Array, [Float32Array.of(1, 2), new Float32Array(), Float32Array.of(3)])).toEqual(Float32Array.of(1, 2, 3));
  expect(joined(Float64Array, [])).toEqual(new Float64Array());
});
