/** What lies under and over the cells of a map: coasts and borders, and a net of meridians and parallels, as SVG path data. */
import { createRequire } from 'node:module';
import { mesh } from 'topojson-client';
import type { Topology, GeometryCollection } from 'topojson-specification';
import type { MapFrame } from './map-frame';
import { lonLatBox, mapFrame, relativeLongitude } from './map-frame';
import type { ReportBasemap, ReportGrid } from './report-data';

export interface Basemap {
  frame: MapFrame;
  /** coasts and borders */
  lines: string;
  /** meridians and parallels */
  graticule: string;
  labels: { x: number; y: number; text: string; side: 'left' | 'bottom' }[];
}

/** Pixels outside the map up to which a line is still drawn (the map clips it). */
const MARGIN = 20;

/** Path data of a line in pixels: breaks where it leaves the map or goes on at its other side, leaves out steps too small to see, relative moves with one decimal. */
export function pathData(points: Iterable<readonly [number, number]>, frame: MapFrame): string {
  const inside = ([x, y]: readonly [number, number]): boolean => x > -MARGIN && x < frame.width + MARGIN && y > -MARGIN && y < frame.height + MARGIN;
  const pieces: string[] = [];
  let last: [number, number] | undefined; // in tenths of a pixel, as written, so that rounding never adds up
  for (const point of points) {
    if (!inside(point)) {
      last = undefined;
      continue;
    }
    const next: [number, number] = [Math.round(point[0] * 10), Math.round(point[1] * 10)];
    const wraps = frame.round && last && Math.abs(next[0] - last[0]) > 5 * frame.width; // half the map, in tenths of a pixel
    if (!last || wraps) pieces.push(`M${next[0] / 10} ${next[1] / 10}`);
    else if (Math.hypot(next[0] - last[0], next[1] - last[1]) < 5) continue;
    else pieces.push(`l${(next[0] - last[0]) / 10} ${(next[1] - last[1]) / 10}`);
    last = next;
  }
  return pieces.join('').replace(/M[^Ml]*(?=M|$)/g, ''); // a move without a line draws nothing
}

/** Natural Earth's coasts and borders through world-atlas (public domain data), 1 : 50 million. */
function worldLines(grid: ReportGrid, frame: MapFrame): string {
  // Read here, not imported above: 750 kB of JSON that only a report needs, and an import would load at the start of every command.
  const atlas = createRequire(__filename)('world-atlas/countries-50m.json') as Topology<{ countries: GeometryCollection }>;
  const box = lonLatBox(grid);
  const near = (lon: number, lat: number): boolean =>
    lat > box.south && lat < box.north && Math.abs(relativeLongitude(lon, box.centreLon)) < box.halfWidth;
  const far: readonly [number, number] = [NaN, NaN];
  return mesh(atlas, atlas.objects.countries)
    .coordinates.map((line) =>
      pathData(
        line.map(([lon = NaN, lat = NaN]) => (near(lon, lat) ? frame.place(lon, lat) : far)),
        frame,
      ),
    )
    .join('');
}

/** The edges between the cells of a mask and the others: the coast of a made-up region, say. */
export function maskLines(grid: Pick<ReportGrid, 'rows' | 'cols'>, frame: MapFrame, mask: ArrayLike<number>): string {
  const land = (row: number, col: number): boolean => mask[row * grid.cols + col] >= 0.5;
  const x = (col: number): number => Math.round((col / grid.cols) * frame.width * 10) / 10;
  const y = (row: number): number => Math.round((1 - row / grid.rows) * frame.height * 10) / 10;
  const pieces: string[] = [];
  for (let row = 0; row < grid.rows; row++) {
    for (let col = 0; col < grid.cols; col++) {
      if (col > 0 && land(row, col) !== land(row, col - 1)) pieces.push(`M${x(col)} ${y(row)}V${y(row + 1)}`);
      if (row > 0 && land(row, col) !== land(row - 1, col)) pieces.push(`M${x(col)} ${y(row)}H${x(col + 1)}`);
    }
  }
  return pieces.join('');
}

/** Degrees between the lines of the net, so that about four cross the map. */
function netStep(extentDegrees: number): number {
  return [0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 20, 30].find((step) => extentDegrees / step <= 5) ?? 45;
}

function range(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.max(0, Math.floor(to / step) - first + 1) }, (_, index) => (first + index) * step);
}

/** Where a line meets the left or the bottom edge of the map, if it does. */
function crossing(points: [number, number][], frame: MapFrame, side: 'left' | 'bottom'): [number, number] | undefined {
  const beyond = ([x, y]: [number, number]): number => (side === 'left' ? -x : y - frame.height);
  for (let index = 1; index < points.length; index++) {
    const [from, to] = [points[index - 1], points[index]];
    if (!from || !to || Math.sign(beyond(from)) === Math.sign(beyond(to))) continue;
    const share = beyond(from) / (beyond(from) - beyond(to));
    const [x, y] = [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])];
    if (x >= -0.5 && x <= frame.width && y >= 0 && y <= frame.height + 0.5) return [x, y];
  }
  return undefined;
}

function degrees(value: number, positive: string, negative: string): string {
  const rounded = Math.round(value * 100) / 100;
  return `${Math.abs(rounded)}°${rounded > 0 ? positive : rounded < 0 ? negative : ''}`;
}

function net(grid: ReportGrid, frame: MapFrame): Pick<Basemap, 'graticule' | 'labels'> {
  const box = lonLatBox(grid);
  const west = box.centreLon - box.halfWidth;
  const fine = (from: number, to: number): number[] => Array.from({ length: 201 }, (_, index) => from + ((to - from) * index) / 200);
  const meridians = range(west, west + 2 * box.halfWidth, netStep(2 * box.halfWidth)).map((lon) => ({
    text: degrees(relativeLongitude(lon, 0), 'E', 'W'),
    side: 'bottom' as const,
    points: fine(box.south, box.north).map((lat) => frame.place(lon, lat)),
  }));
  const parallels = range(box.south, box.north, netStep(box.north - box.south)).map((lat) => ({
    text: degrees(lat, 'N', 'S'),
    side: 'left' as const,
    points: fine(west, west + 2 * box.halfWidth).map((lon) => frame.place(lon, lat)),
  }));
  const all = [...meridians, ...parallels];
  const labels = all.flatMap(({ text, side, points }) => {
    const at = crossing(points, frame, side);
    return at ? [{ x: at[0], y: at[1], text, side }] : [];
  });
  return { graticule: all.map(({ points }) => pathData(points, frame)).join(''), labels };
}

/** @param width - of the maps in pixels */
export function makeBasemap(grid: ReportGrid, basemap: ReportBasemap, width: number): Basemap {
  const frame = mapFrame(grid, width);
  if (basemap.kind === 'world') return { frame, lines: worldLines(grid, frame), ...net(grid, frame) };
  const lines = basemap.kind === 'landMask' ? maskLines(grid, frame, basemap.landMask) : '';
  return { frame, lines, ...net(grid, frame) };
}
