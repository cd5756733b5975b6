import { Random } from '../../base/random';
import { GrowingPart } from './growing-part';
import type { RitzPairs } from './krylov-space';

describe('what a part may have left out', () => {
  const part = new GrowingPart({ control: [0, 3], factors: [0, 3], batches: [0, 1] }, new Random(1), 0);
  const leftOut = (values: number[], residuals: number[]): number => part.leftOut({ values, residuals } as RitzPairs);

  it('is no larger than the smallest eigenvalue above the first that is not sure', () => {
    expect(leftOut([9, 4, 1], [0, 0, 0])).toBe(1);
    // Sure to 10⁻³·(1 + λ), whatever the sign of what is left.
    for (const sign of [1, -1]) {
      expect(leftOut([9, 4, 1], [0, 0, sign * 0.0019])).toBe(1);
      expect(leftOut([9, 4, 1], [0, 0, sign * 0.0021])).toBe(4);
      expect(leftOut([9, 4, 1], [0, sign * 0.5, 0])).toBe(9);
      expect(leftOut([9, 4, 1], [sign * 0.5, 0, 0])).toBe(Infinity);
    }
    expect(leftOut([9, 4, 1e-7], [0, 0, 0])).toBe(4); // so small a value is noise
  });

  it('is nothing once the space holds all that there is', () => {
    const one = new GrowingPart({ control: [0, 1], factors: [0, 1], batches: [0, 1] }, new Random(1), 0);
    one.take({ control: Float64Array.of(7 * one.space.next![0]), factors: Float64Array.of(7), simulated: [] });
    expect(one.leftOut(one.space.pairs())).toBe(0);
  });
});
