import { Random } from '../../base/random';
import { VaryingNumber } from './nuisance-model';

const valueAt = (field: VaryingNumber, beta: Float64Array, place: readonly number[]): number => {
  const { index, weight } = field.weightsAt(place);
  return index.reduce((sum, k, i) => sum + weight[i] * beta[k], 0);
};

describe('VaryingNumber', () => {
  it('is one number where it varies along nothing', () => {
    const field = new VaryingNumber([100, 10, 10], [Infinity, Infinity, Infinity]);
    expect([field.count, field.perPlace]).toEqual([1, 1]);
    expect(field.weightsAt([37, 2, 9])).toEqual({ index: Int32Array.of(0), weight: Float64Array.of(1) });
    expect(field.place(0)).toEqual([undefined, undefined, undefined]);
  });

  it('has the number of a node there, and between two of them the sum of both, with the same variance', () => {
    const field = new VaryingNumber([20], [4]); // nodes at 0, 6, 12, 18, 24
    expect([field.count, field.perPlace]).toEqual([5, 2]);
    const beta = Float64Array.of(1, -2, 3, 5, 7);
    [0, 6, 12, 18].forEach((place, k) => expect(valueAt(field, beta, [place])).toBe(beta[k]));
    expect(valueAt(field, beta, [9])).toBeCloseTo((-2 + 3) / Math.SQRT2, 12);
    expect(valueAt(field, beta, [8])).toBeCloseTo((-2 * (2 / 3) + 3 / 3) / Math.hypot(2 / 3, 1 / 3), 12);
    expect(field.place(3)).toEqual([18]);
  });

  it('sees the nodes around a place in every direction, each where `place` has it', () => {
    const field = new VaryingNumber([48, 30, 40], [8, Infinity, 10]); // nodes 12 and 15 steps apart
    expect([field.count, field.perPlace]).toEqual([5 * 1 * 4, 4]);
    const { index, weight } = field.weightsAt([13, 29, 31]);
    expect([...index].map((k) => field.place(k))).toEqual([
      [12, undefined, 30],
      [12, undefined, 45],
      [24, undefined, 30],
      [24, undefined, 45],
    ]);
    const [late, east] = [1 / 12, 1 / 15];
    const expected = [(1 - late) * (1 - east), (1 - late) * east, late * (1 - east), late * east];
    expected.forEach((w, i) => expect(weight[i]).toBeCloseTo(w / Math.hypot(...expected), 12));
  });

  it('has variance 1 everywhere, and forgets over the length that it is given', () => {
    const [size, length] = [600, 10];
    const field = new VaryingNumber([size], [length]);
    const random = new Random(5);
    const draws = Array.from({ length: 400 }, () => Float64Array.from({ length: field.count }, () => random.normal()));
    const series = draws.map((beta) => Array.from({ length: size }, (_, at) => valueAt(field, beta, [at])));
    const correlation = (lag: number): number => {
      let sum = 0;
      for (const values of series) for (let at = 0; at + lag < size; at++) sum += values[at] * values[at + lag];
      return sum / (series.length * (size - lag));
    };
    expect(correlation(0)).toBeCloseTo(1, 1);
    expect(correlation(length)).toBeCloseTo(0.58, 1);
    expect(correlation(2 * length)).toBeCloseTo(0.08, 1);
    expect(Math.abs(correlation(3 * length))).toBeLessThan(0.03);
  });

  it('takes places outside for those at the edge', () => {
    const field = new VaryingNumber([20], [4]);
    expect(field.weightsAt([-3])).toEqual(field.weightsAt([0]));
    expect(field.weightsAt([99])).toEqual(field.weightsAt([24]));
  });
});
