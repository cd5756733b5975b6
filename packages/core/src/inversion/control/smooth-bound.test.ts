import { smoothBound, smoothBoundDerivative } from './log-factor-control';

describe('smoothBound', () => {
  const bound = Math.log(3);

  it('leaves small values, stays inside the bound and is odd', () => {
    expect(smoothBound(0, bound)).toBe(0);
    expect(smoothBound(0.1, bound)).toBeCloseTo(0.1, 5);
    expect(smoothBound(bound / 2, bound)).toBeCloseTo((bound / 2) * (16 / 17) ** 0.25, 12);
    expect(smoothBound(1e3, bound)).toBeLessThanOrEqual(bound);
    expect(smoothBound(-0.7, bound)).toBe(-smoothBound(0.7, bound));
  });

  it.each([-3, -0.5, 0, 0.3, 1.1, 4])('has the right derivative at %f', (z) => {
    const h = 1e-5;
    expect(smoothBoundDerivative(z, bound)).toBeCloseTo((smoothBound(z + h, bound) - smoothBound(z - h, bound)) / (2 * h), 8);
  });
});
