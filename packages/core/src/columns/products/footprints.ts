/**
 * The corners of pixels. Infrared sounders see ellipses, of which files tell the middle only: a circle at the nadir, which grows with the angle from it. Each is made
 * a rectangle of the same area along and across the satellite's track.
 *
 * With R the earth's radius, H the satellite's height and δ half the angle that a pixel takes, the pixel reaches across the track from γ(θ − δ) to γ(θ + δ),
 * γ(θ) = asin((R + H) / R · sin θ) − θ the angle at the earth's centre, and along it 2 δ times the distance R sin γ / sin θ.
 *
 * @see Clerbaux et al. (2009), doi:10.5194/acp-9-6041-2009, on IASI's pixels of 12 km at the nadir
 * @see Sun et al. (2018), doi:10.5194/amt-11-6679-2018, who make the ellipses of IASI and CrIS from latitude and scan angle, too
 */
import type { CfData } from '../../files/netcdf/netcdf-cf';
import type { Grid } from '../../grid/grid';
import type { PixelCentre, PixelCorners, ScanGeometry } from './product';

/** m: a sphere is good enough for pixels of some km. */
const EARTH_RADIUS = 6371e3;
/** s-1 */
const EARTH_ROTATION = 7.292e-5;
/** m3 s-2, of the earth */
const GRAVITATION = 3.986e14;
const DEGREE = Math.PI / 180;
/** Of the side of a square to the diameter of a circle of the same area. */
const SQUARE = Math.sqrt(Math.PI) / 2;

export interface Corners {
  /** degrees, `[pixels, 4]` */
  latitudes: CfData;
  longitudes: CfData;
}

/** @param read - a variable of a slab of pixels */
export function pixelCorners(footprint: PixelCorners | PixelCentre, read: (path: string) => CfData): Corners {
  const [latitudes, longitudes] = [read(footprint.latitude), read(footprint.longitude)];
  if (footprint.kind === 'corners') return { latitudes, longitudes };
  const { scan, diameter } = footprint;
  const numbers = scan && read(scan.variable);
  const corners = { latitudes: new Float64Array(4 * latitudes.length), longitudes: new Float64Array(4 * latitudes.length) };
  latitudes.forEach((lat, pixel) => {
    const sides = scan && numbers ? pixelSides(scan, diameter, scan.angle(numbers[pixel])) : { along: SQUARE * diameter, across: SQUARE * diameter };
    const heading = scan ? trackHeading(scan, lat) : 0;
    const [sine, cosine] = [Math.sin(heading), Math.cos(heading)];
    [[-1, -1], [1, -1], [1, 1], [-1, 1]].forEach(([side, end], corner) => {
      const [sideward, forward] = [(side * sides.across) / 2, (end * sides.along) / 2];
      const [east, north] = [sideward * cosine + forward * sine, forward * cosine - sideward * sine];
      corners.latitudes[4 * pixel + corner] = lat + north / EARTH_RADIUS / DEGREE;
      corners.longitudes[4 * pixel + corner] = longitudes[pixel] + east / (EARTH_RADIUS * Math.cos(lat * DEGREE)) / DEGREE;
    }); // prettier-ignore
  });
  return corners;
}

/** m, of the rectangle. @param angle - degrees from the nadir */
export function pixelSides({ altitude }: ScanGeometry, diameter: number, angle: number): { along: number; across: number } {
  const theta = Math.abs(angle) * DEGREE;
  const half = Math.atan(diameter / 2 / altitude);
  const central = (view: number): number => Math.asin(((EARTH_RADIUS + altitude) / EARTH_RADIUS) * Math.sin(view)) - view;
  const distance = theta < 1e-6 ? altitude : (EARTH_RADIUS * Math.sin(central(theta))) / Math.sin(theta);
  return { along: SQUARE * 2 * half * distance, across: SQUARE * EARTH_RADIUS * (central(theta + half) - central(theta - half)) };
}

/** Radians east of north of the satellite's track over the turning earth. */
export function trackHeading({ altitude, inclination, ascending }: ScanGeometry, lat: number): number {
  const cosine = Math.cos(lat * DEGREE);
  const eastward = Math.max(-1, Math.min(1, Math.cos(inclination * DEGREE) / cosine));
  const northward = Math.sqrt(1 - eastward ** 2) * (ascending ? 1 : -1);
  const orbit = EARTH_RADIUS + altitude;
  const speed = (EARTH_RADIUS * Math.sqrt(GRAVITATION / orbit)) / orbit;
  return Math.atan2(speed * eastward - EARTH_ROTATION * EARTH_RADIUS * cosine, speed * northward);
}

/** The cells of rows `first` … `first + count − 1`. */
export function cellCorners(grid: Grid, first: number, count: number): Corners {
  const { cols } = grid;
  const corners = { latitudes: new Float64Array(4 * count * cols), longitudes: new Float64Array(4 * count * cols) };
  for (let i = 0; i < count * cols; i++) {
    const [row, col] = [first + Math.floor(i / cols), i % cols];
    [[-0.5, -0.5], [-0.5, 0.5], [0.5, 0.5], [0.5, -0.5]].forEach(([north, east], corner) => {
      const { lon, lat } = grid.centre(row + north, col + east);
      corners.latitudes[4 * i + corner] = lat;
      corners.longitudes[4 * i + corner] = lon;
    }); // prettier-ignore
  }
  return corners;
}
