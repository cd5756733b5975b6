/** What lies under and over the cells of a map: coasts and borders, and a net of meridians and parallels, as SVG path data. */
import { createRequire } from 'node:module';
import { mesh } from 'topojson-client';
import type { Topology, GeometryCollection } from 'topojson-specification';
import type { MapFrame } from './map-frame';
import { lonLatBox, mapFrame, relativeLongitude } from './map-frame';
import type { ReportBasemap, ReportGrid } from '../data/report-data';

export interface Basemap {
  frame: MapFrame;
  /** coasts and borders */
  lines: string;
  /** meridians and parallels */
  graticule: string;
  labels: { x: number; y: number; text: string; side: 'left' | 'bottom' }[];
}

type Point = readonly [x: number, y: number];

/** The part of a straight line that lies on the map, if any does (Liang and Barsky, 1984). NaN at an end: none. */
function clipped(start: Point, end: Point, { width, height }: MapFrame): [Point, Point] | undefined {
  const step = [end[0] - start[0], end[1] - start[1]] as const;
  let [enters, leaves] = [0, 1];
  for (const [axis, size] of [width, height].entries()) {
    if (step[axis] === 0) {
      if (start[axis] < 0 || start[axis] > size) return undefined;
      continue;
    }
    const [atZero, atSize] = [-start[axis] / step[axis], (size - start[axis]) / step[axis]];
    enters = Math.max(enters, Math.min(atZero, atSize));
    leaves = Math.min(leaves, Math.max(atZero, atSize));
  }
  const pointAt = (share: number): Point => [start[0] + share * step[0], start[1] + share * step[1]];
  return enters <= leaves ? [enters > 0 ? pointAt(enters) : start, leaves < 1 ? pointAt(leaves) : end] : undefined;
}

/**
 * Path data of a line in pixels, of what of it lies on the map: breaks where it goes on at the other side of a map of the whole world, leaves out steps
 * too small to see, relative moves with one decimal.
 */
export function pathData(points: Iterable<Point>, frame: MapFrame): string {
  const tenths = ([x, y]: Point): Point => [Math.round(x * 10), Math.round(y * 10)];
  const pieces: string[] = [];
  let previous: Point | undefined;
  let written: Point | undefined; // where the line is, in tenths of a pixel, so that rounding never adds up
  for (const point of points) {
    const wraps = frame.round && previous && Math.abs(point[0] - previous[0]) > frame.width / 2;
    const part = previous && !wraps ? clipped(previous, point, frame) : undefined;
    if (!part || part[0] !== previous) written = undefined; // it comes in from outside, or is not there
    previous = point;
    if (!part) continue;
    if (!written) {
      written = tenths(part[0]);
      pieces.push(`M${written[0] / 10} ${written[1] / 10}`);
    }
    const next = tenths(part[1]);
    if (Math.hypot(next[0] - written[0], next[1] - written[1]) < 5) continue;
    pieces.push(`l${(next[0] - written[0]) / 10} ${(next[1] - written[1]) / 10}`);
    written = next;
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

function range(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, index) => (first + index) * step);
}

/** Where a line meets the left or the bottom edge of the map, if it does. */
function crossing(points: [number, number][], frame: MapFrame, side: 'left' | 'bottom'): [number, number] | undefined {
  const beyondEdge = ([x, y]: [number, number]): number => (side === 'left' ? -x : y - frame.height);
  for (let index = 1; index < points.length; index++) {
    const [start, end] = [points[index - 1], points[index]];
    if (!start || !end || Math.sign(beyondEdge(start)) === Math.sign(beyondEdge(end))) continue;
    const share = beyondEdge(start) / (beyondEdge(start) - beyondEdge(end));
    const [x, y] = [start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])];
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
  const fine = (low: number, high: number): number[] => Array.from({ length: 201 }, (_, index) => low + ((high - low) * index) / 200);
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
  const graticuleLines = [...meridians, ...parallels];
  const labels = graticuleLines.flatMap(({ text, side, points }) => {
    const crossingPoint = crossing(points, frame, side);
    return crossingPoint ? [{ x: crossingPoint[0], y: crossingPoint[1], text, side }] : [];
  });
  return { graticule: graticuleLines.map(({ points }) => pathData(points, frame)).join(''), labels };
}

/** @param width - of the maps in pixels */
export function makeBasemap(grid: ReportGrid, basemap: ReportBasemap, width: number): Basemap {
  const frame = mapFrame(grid, width);
  if (basemap.kind === 'world') return { frame, lines: worldLines(grid, frame), ...net(grid, frame) };
  const lines = basemap.kind === 'landMask' ? maskLines(grid, frame, basemap.landMask) : '';
  return { frame, lines, ...net(grid, frame) };
}
