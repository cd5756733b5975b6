import { lCurveCorner, type LCurvePoint } from './l-curve';

function points(...logs: [misfit: number, distance: number][]): LCurvePoint[] {
  return logs.map(([misfit, distance]) => ({ misfit: Math.exp(misfit), distance: Math.exp(distance) }));
}

it('finds the corner of an L, whichever end it begins at', () => {
  const l = points([5, 0], [3, 0.2], [1, 0.5], [0.8, 2], [0.7, 4]);
  expect(lCurveCorner(l)).toBe(2);
  expect(lCurveCorner([...l].reverse())).toBe(2);
  const early = points([5, 0], [1, 0.5], [0.8, 2], [0.7, 4]);
  expect([early, [...early].reverse()].map(lCurveCorner)).toEqual([1, 2]);
});

it('finds none where the curve bends the other way or not at all, or has too few points', () => {
  expect(lCurveCorner(points([3, 0], [2.9, 2], [1, 2.9], [0, 3]))).toBeNull();
  expect(lCurveCorner(points([3, 0], [2, 1], [1, 2], [0, 3]))).toBeNull();
  expect(lCurveCorner(points([5, 0], [1, 0.5], [0.7, 4]))).toBeNull();
});

it('takes no two equal points for a bend', () => {
  expect(lCurveCorner(points([5, 0], [5, 0], [1, 0.5], [0.8, 3]))).toBe(2);
});
