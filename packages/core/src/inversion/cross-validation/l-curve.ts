/**
 * The L-curve: log of the misfit against log of the distance from the prior, over inversions that differ in the weight of the two only. Where the prior is held too tight the
 * misfit falls fast and the distance hardly grows; where it is too loose the distance grows for little. The corner lies between.
 *
 *   curvature at point i: 4 A / (a b c), A the area and a, b, c the sides of the triangle of the points i − 1, i, i + 1
 *
 * positive where the curve bends towards the origin, as the corner of an L does.
 *
 * @see Hansen (1992), SIAM Rev. 34, 561–580, doi:10.1137/1034115; Menger's curvature for the few points that there are
 */

export interface LCurvePoint {
  /** both above 0, in norms that are the same for all points */
  misfit: number;
  distance: number;
}

/** Fewer points have no bend that could be told from noise. */
const FEWEST_POINTS = 4;

/**
 * @param points - in the order of the weight
 * @returns index of the corner; null with fewer than four points, or where the curve bends nowhere as an L does
 */
export function lCurveCorner(points: readonly LCurvePoint[]): number | null {
  if (points.length < FEWEST_POINTS) return null;
  const logPoints = points.map(({ misfit, distance }): Point => [Math.log(misfit), Math.log(distance)]);
  // The curve is run through from the largest misfit, so that an L turns right.
  const turn = logPoints[0][0] >= logPoints[logPoints.length - 1][0] ? -1 : 1;
  let corner: { index: number; curvature: number } | null = null;
  for (let index = 1; index < logPoints.length - 1; index++) {
    const curvature = turn * signedCurvature(logPoints[index - 1], logPoints[index], logPoints[index + 1]);
    if (curvature > (corner?.curvature ?? 0)) corner = { index, curvature };
  }
  return corner && corner.index;
}

type Point = readonly [x: number, y: number];

/** Above 0 where a, b, c turn left; 0 where two of them coincide. */
function signedCurvature(a: Point, b: Point, c: Point): number {
  const cross = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]);
  const sides = [
    [a, b],
    [b, c],
    [c, a],
  ].map(([start, end]) => Math.hypot(end[0] - start[0], end[1] - start[1]));
  const product = sides[0] * sides[1] * sides[2];
  return product > 0 ? (2 * cross) / product : 0;
}
