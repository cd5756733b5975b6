/** Where the cells of a CF file's latitudes and longitudes begin and end, `[n, 2]` in degrees. */
import { DataError } from '../../base/errors';
import { cfVariable, type CfContents, type CfVariable } from './netcdf-cf';

/** Part of a cell's width by which it may reach into the next: bounds are often in single precision. */
const ROUNDING = 1e-2;
/** Degrees by which a longitude may lie beside its cell, for the same reason. */
const BESIDE = 1e-3;

/** @throws {DataError} `CF_BOUNDS` for rows that are not even and have no bounds, or overlap */
export function latitudeEdges(path: string, contents: CfContents, axis: CfVariable): Float64Array {
  const edges = boundsOf(path, contents, axis) ?? evenEdges(path, axis).map((edge) => Math.max(-90, Math.min(90, edge)));
  assertApart(path, axis.name, edges, Infinity);
  return edges;
}

/**
 * From west to east. A last column that is the first again, with the same values (a cyclic point, as plots need it), is left out.
 *
 * @param fields - `[…, lon]` each: all that there is, asked for only where the columns come round to the first
 * @throws {DataError} `CF_BOUNDS` for columns that are not even and have no bounds, or overlap
 */
export function longitudeEdges(path: string, contents: CfContents, axis: CfVariable, fields: Iterable<CfVariable['data']>): Float64Array {
  const bounds = boundsOf(path, contents, axis);
  const allEdges = bounds ? eastward(bounds, axis.data) : evenEdges(path, axis);
  const edges = isCyclic(allEdges) && repeatsFirst(fields, axis.data.length) ? allEdges.subarray(0, -2) : allEdges;
  assertApart(path, axis.name, edges, 360);
  return edges;
}

function boundsOf(path: string, contents: CfContents, { attributes = {} }: CfVariable): Float64Array | undefined {
  return typeof attributes.bounds === 'string' ? Float64Array.from(cfVariable(contents, attributes.bounds, path).data) : undefined;
}

function evenEdges(path: string, { name, data }: CfVariable): Float64Array {
  const step = (data[data.length - 1] - data[0]) / (data.length - 1);
  const even = data.length > 1 && data.every((value, i) => Math.abs(value - data[0] - i * step) < 1e-3 * Math.abs(step));
  if (!even) {
    throw new DataError('CF_BOUNDS', `${path}: the cells of ${name} are not even, and there are no bounds that say where they end: add ${name}_bnds`);
  }
  const half = Math.abs(step) / 2;
  return Float64Array.from({ length: 2 * data.length }, (_, i) => data[0] + Math.floor(i / 2) * step + (i % 2 === 0 ? -half : half));
}

/** Of the two arcs between its bounds a cell is the shorter one that holds its longitude: files have [359.5, 0.5] over the seam, and [10, 0]. */
function eastward(bounds: Float64Array, lons: ArrayLike<number>): Float64Array {
  const edges = new Float64Array(bounds.length);
  for (let i = 0; i < lons.length; i++) {
    const [a, b] = [bounds[2 * i], bounds[2 * i + 1]];
    const width = Math.abs(Math.abs(b - a) - 360) < BESIDE ? 360 : turned(b - a);
    const arcs = [
      [a, width],
      [b, 360 - width],
    ].sort(([, first], [, second]) => first - second);
    const holds = ([west, length]: number[]): boolean => turned(lons[i] - west + BESIDE) <= length + 2 * BESIDE;
    const [west, length] = width === 360 ? [Math.min(a, b), 360] : (arcs.find(holds) ?? arcs[0]);
    edges.set([west, west + length], 2 * i);
  }
  return edges;
}

/** As an angle of 0 to 360. */
function turned(degrees: number): number {
  return ((degrees % 360) + 360) % 360;
}

function isCyclic(edges: Float64Array): boolean {
  const last = edges.length - 2;
  const near = (a: number, b: number): boolean => Math.abs(Math.abs(a - b) - 360) < ROUNDING * (edges[1] - edges[0]);
  return last > 2 && near(edges[last], edges[0]) && near(edges[last + 1], edges[1]);
}

function repeatsFirst(fields: Iterable<CfVariable['data']>, width: number): boolean {
  for (const data of fields) for (let i = 0; i < data.length; i += width) if (!Object.is(data[i], data[i + width - 1])) return false;
  return true;
}

/** What two cells cover would count twice. @param turn - after which the axis comes back to where it began */
function assertApart(path: string, name: string, edges: Float64Array, turn: number): void {
  const cells = Array.from({ length: edges.length / 2 }, (_, i) => {
    const [low, high] = [Math.min(edges[2 * i], edges[2 * i + 1]), Math.max(edges[2 * i], edges[2 * i + 1])];
    return { low: turn === Infinity ? low : turned(low), width: high - low, text: `${short(edges[2 * i])} … ${short(edges[2 * i + 1])}` };
  }).sort((a, b) => a.low - b.low);
  cells.forEach((cell, i) => {
    const next = cells[i + 1] ?? { ...cells[0], low: cells[0].low + turn };
    if (cell.low + cell.width - next.low <= ROUNDING * Math.min(cell.width, next.width)) return;
    throw new DataError(
      'CF_BOUNDS',
      `${path}: the cells ${cell.text} and ${next.text} of ${name} overlap, and what is emitted there would count twice: leave one of them out, or mend the bounds`,
    );
  });
}

function short(degrees: number): number {
  return Number(degrees.toFixed(4));
}
