/**
 * One overpass of a made-up polar satellite over a grid: where its pixels lie and when they are seen.
 *
 * The satellite crosses the grid's middle at 13:30 local solar time of its own nadir, which lies up to 400 km east or west of the middle, as orbits do from day to day. Its
 * track is a great circle towards the north-north-west, its pixels a lattice along and across it. With N and T the unit vectors of the nadir and of the flight there,
 * and P = N × T, the point at `along` and `across` is cos β (cos α N + sin α T) − sin β P, α = along / R and β = across / R (to the right).
 */
import type { Random } from '../../base/random';
import type { Grid } from '../../grid/grid';

const EARTH_RADIUS = 6371e3;
const DEGREE = Math.PI / 180;
/** Hours, local solar time. */
const LOCAL_TIME = 13.5;
/** m: how far the nadir may lie beside the grid's middle, and how far from the nadir pixels are seen (TROPOMI's swath is 2600 km wide). */
const [LARGEST_SHIFT, HALF_SWATH] = [400e3, 1300e3];
/** Degrees from north, of a sun-synchronous orbit that flies north, in middle latitudes. */
const HEADING = -12 * DEGREE;
/** m s-1, of the nadir on the ground. */
const GROUND_SPEED = 6.7e3;
const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000];

type Vector = readonly [number, number, number];

export interface OverpassPixels {
  scanlines: number;
  scanlinePixels: number;
  /** degrees, `[scanlines, pixels, 4]`, round the pixel */
  longitudes: Float32Array;
  latitudes: Float32Array;
  /** degrees, `[scanlines, pixels]` */
  centreLongitudes: Float32Array;
  centreLatitudes: Float32Array;
  /** degrees from the nadir, by pixel of a scanline */
  viewAngles: Float64Array;
  /** ms since 1970, by scanline */
  times: Float64Array;
}

/**
 * @param day - ms since 1970, of the day (UTC) that the overpass is on
 * @param size - m, of the square pixels, the same everywhere in the swath
 */
export function overpassOver(grid: Grid, day: number, size: number, random: Random): OverpassPixels {
  const { rows, cols } = grid.definition;
  const middle = grid.centre((rows - 1) / 2, (cols - 1) / 2);
  const shift = LARGEST_SHIFT * (2 * random.uniform() - 1);
  const nadirLon = middle.lon + shift / (EARTH_RADIUS * Math.cos(middle.lat * DEGREE)) / DEGREE;
  const frame = frameAt(nadirLon, middle.lat);
  const [alongs, acrosses] = extentOf(grid, frame);
  const [firstLine, lastLine] = [Math.floor(alongs[0] / size), Math.ceil(alongs[1] / size)];
  const firstPixel = Math.floor(Math.max(acrosses[0], -HALF_SWATH) / size);
  const lastPixel = Math.ceil(Math.min(acrosses[1], HALF_SWATH) / size);
  const [scanlines, scanlinePixels] = [lastLine - firstLine, Math.max(0, lastPixel - firstPixel)];
  const atNadir = day + ((((LOCAL_TIME - nadirLon / 15) % 24) + 24) % 24) * HOUR_MS;
  const start = atNadir - DAY_MS * Math.floor((atNadir - day) / DAY_MS);
  const pixels: OverpassPixels = {
    scanlines,
    scanlinePixels,
    longitudes: new Float32Array(4 * scanlines * scanlinePixels),
    latitudes: new Float32Array(4 * scanlines * scanlinePixels),
    centreLongitudes: new Float32Array(scanlines * scanlinePixels),
    centreLatitudes: new Float32Array(scanlines * scanlinePixels),
    viewAngles: Float64Array.from({ length: scanlinePixels }, (_, i) => viewAngle((firstPixel + i + 0.5) * size)),
    times: Float64Array.from({ length: scanlines }, (_, line) => start + (1000 * (firstLine + line + 0.5) * size) / GROUND_SPEED),
  };
  for (let line = 0; line < scanlines; line++) {
    for (let i = 0; i < scanlinePixels; i++) {
      const pixel = line * scanlinePixels + i;
      [[0, 0], [0, 1], [1, 1], [1, 0]].forEach(([up, right], corner) => {
        const { lon, lat } = placeAt(frame, (firstLine + line + up) * size, (firstPixel + i + right) * size);
        pixels.longitudes[4 * pixel + corner] = lon;
        pixels.latitudes[4 * pixel + corner] = lat;
      }); // prettier-ignore
      const { lon, lat } = placeAt(frame, (firstLine + line + 0.5) * size, (firstPixel + i + 0.5) * size);
      pixels.centreLongitudes[pixel] = lon;
      pixels.centreLatitudes[pixel] = lat;
    }
  }
  return pixels;
}

interface Frame {
  nadir: Vector;
  flight: Vector;
  pole: Vector;
}

function frameAt(lon: number, lat: number): Frame {
  const [x, y] = [lon * DEGREE, lat * DEGREE];
  const nadir: Vector = [Math.cos(y) * Math.cos(x), Math.cos(y) * Math.sin(x), Math.sin(y)];
  const east: Vector = [-Math.sin(x), Math.cos(x), 0];
  const north: Vector = [-Math.sin(y) * Math.cos(x), -Math.sin(y) * Math.sin(x), Math.cos(y)];
  const towards = (i: number): number => Math.cos(HEADING) * north[i] + Math.sin(HEADING) * east[i];
  const flight: Vector = [towards(0), towards(1), towards(2)];
  const pole: Vector = [
    nadir[1] * flight[2] - nadir[2] * flight[1],
    nadir[2] * flight[0] - nadir[0] * flight[2],
    nadir[0] * flight[1] - nadir[1] * flight[0],
  ];
  return { nadir, flight, pole };
}

function placeAt({ nadir, flight, pole }: Frame, alongTrack: number, acrossTrack: number): { lon: number; lat: number } {
  const [alpha, beta] = [alongTrack / EARTH_RADIUS, acrossTrack / EARTH_RADIUS];
  const component = (i: number): number => Math.cos(beta) * (Math.cos(alpha) * nadir[i] + Math.sin(alpha) * flight[i]) - Math.sin(beta) * pole[i];
  const [x, y, z] = [component(0), component(1), component(2)];
  return { lon: Math.atan2(y, x) / DEGREE, lat: Math.asin(Math.max(-1, Math.min(1, z))) / DEGREE };
}

/** m, from where to where the grid reaches along and across the track: of points on its border. */
function extentOf(grid: Grid, { nadir, flight, pole }: Frame): [along: [number, number], across: [number, number]] {
  const { rows, cols } = grid.definition;
  const [alongTrack, acrossTrack]: [number[], number[]] = [[], []];
  const visit = (row: number, col: number): void => {
    const { lon, lat } = grid.centre(row - 0.5, col - 0.5);
    const [x, y] = [lon * DEGREE, lat * DEGREE];
    const place: Vector = [Math.cos(y) * Math.cos(x), Math.cos(y) * Math.sin(x), Math.sin(y)];
    const dot = (vector: Vector): number => vector[0] * place[0] + vector[1] * place[1] + vector[2] * place[2];
    alongTrack.push(EARTH_RADIUS * Math.atan2(dot(flight), dot(nadir)));
    acrossTrack.push(-EARTH_RADIUS * Math.asin(Math.max(-1, Math.min(1, dot(pole)))));
  };
  for (let row = 0; row <= rows; row++) [0, cols].forEach((col) => visit(row, col));
  for (let col = 0; col <= cols; col++) [0, rows].forEach((row) => visit(row, col));
  return [alongTrack, acrossTrack].map((values): [number, number] => [Math.min(...values), Math.max(...values)]) as [
    [number, number],
    [number, number],
  ];
}

/** Degrees from the vertical under which a pixel sees the satellite, 824 km high. @param distance - m from the nadir */
function viewAngle(distance: number): number {
  const [central, ratio] = [Math.abs(distance) / EARTH_RADIUS, EARTH_RADIUS / (EARTH_RADIUS + 824e3)];
  return Math.atan2(Math.sin(central), Math.cos(central) - ratio) / DEGREE;
}
