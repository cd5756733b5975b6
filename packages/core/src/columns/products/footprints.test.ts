import { AMMONIA } from './ammonia';
import { pixelCorners, pixelSides, trackHeading } from './footprints';
import type { PixelCentre } from './product';

const iasi = AMMONIA[0].footprint as PixelCentre;
const scan = iasi.scan!;
const DEGREE = Math.PI / 180;
const KM = 6371 * DEGREE;

it('IASI: a circle of 12 km at the nadir, 20 by 39 km at the end of the scan', () => {
  const square = Math.sqrt(Math.PI) / 2;
  const nadir = pixelSides(scan, 12e3, 0);
  expect([nadir.along, nadir.across].map((side) => side / square / 12e3)).toEqual([expect.closeTo(1, 3), expect.closeTo(1, 3)]);
  expect([scan.angle(1), scan.angle(60), scan.angle(61), scan.angle(120)]).toEqual([-14.5, -0.5, 0.5, 14.5].map((view) => expect.closeTo((view * 10) / 3, 9) as number));
  const edge = pixelSides(scan, 12e3, scan.angle(120));
  // AC SAF's page on IASI's NH3: ellipses with half axes of 10 and 20 km
  expect(edge.along / square / 20e3).toBeCloseTo(1, 1);
  const outermost = pixelSides(scan, 12e3, scan.angle(120) + 0.63); // the outer pixels of a view of four, 18 km apart at the nadir
  expect(edge.across / square / 36.8e3).toBeCloseTo(1, 2);
  expect(outermost.across / square / 39e3).toBeCloseTo(1, 1);
}); // prettier-ignore

it('the satellite flies to the south-south-west in the morning', () => {
  const heading = trackHeading(scan, 0) / DEGREE;
  // inclination 98.7°: 8.7° west of south over a sphere at rest, 4° more as the earth turns eastwards
  expect(heading).toBeLessThan(-90);
  expect(Math.abs(180 + heading - 12.6)).toBeLessThan(0.5);
  expect(trackHeading({ ...scan, ascending: true }, 0) / DEGREE).toBeCloseTo(-180 - heading, 6);
  expect(Number.isFinite(trackHeading(scan, 89))).toBe(true);
});

it('corners go round a rectangle of the sides, across the track', () => {
  const values: Record<string, Float64Array> = { latitude: Float64Array.of(60), longitude: Float64Array.of(10), pixel_number: Float64Array.of(120) };
  const { latitudes, longitudes } = pixelCorners(iasi, (path) => values[path]);
  const points = [0, 1, 2, 3].map((corner) => [(longitudes[corner] - 10) * KM * 0.5, (latitudes[corner] - 60) * KM]);
  const side = (a: number, b: number): number => Math.hypot(points[a][0] - points[b][0], points[a][1] - points[b][1]);
  const { along, across } = pixelSides(scan, 12e3, scan.angle(120));
  expect([side(0, 1), side(2, 3)]).toEqual([expect.closeTo(across / 1000, 6), expect.closeTo(across / 1000, 6)]);
  expect([side(1, 2), side(3, 0)]).toEqual([expect.closeTo(along / 1000, 6), expect.closeTo(along / 1000, 6)]);
  const bearing = Math.atan2(points[2][0] - points[1][0], points[2][1] - points[1][1]);
  expect(bearing).toBeCloseTo(trackHeading(scan, 60), 6);
});
