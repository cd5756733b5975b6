/** Horizontal transport as the equations of `advection.h` stand there, cell by cell: what the model's row kernels are tested against. */
import type { TransportGrid } from '../transport';

interface PlainWinds {
  grid: TransportGrid;
  /** m s-1 in the layer, row-major */
  windU: ArrayLike<number>;
  windV: ArrayLike<number>;
  boundary: 'open' | 'periodic' | 'closed';
  diffusivity: number;
  /** mixing ratio outside */
  outside: number;
  stepsPerHour: number;
}

/** One hour. @param air - mol m-2 @param q - mixing ratio; both are changed */
export function plainHour(winds: PlainWinds, air: Float64Array, q: Float64Array): void {
  const { grid, stepsPerHour } = winds;
  const dt = 3600 / stepsPerHour;
  for (let step = 0; step < stepsPerHour; step++) {
    const parts = subSteps(winds, dt);
    const first = step % 2 === 0 ? 'x' : 'y';
    const second = first === 'x' ? 'y' : 'x';
    for (let part = 0; part < parts; part++) {
      for (const axis of part % 2 === 0 ? [first, second] : [second, first]) {
        const alongX = axis === 'x';
        for (let line = 0; line < (alongX ? grid.rows : grid.cols); line++) sweep(winds, alongX, line, dt / parts, air, q);
      }
    }
  }
}

const wrapped = (i: number, n: number): number => ((i % n) + n) % n;

/** Courant number of the face before place `i` of a line: of both cells' mean wind, at an open edge of the cell's own. */
function courantAt(winds: PlainWinds, alongX: boolean, line: number, i: number, dt: number): number {
  const { grid, boundary } = winds;
  const n = alongX ? grid.cols : grid.rows;
  const edge = i === 0 || i === n;
  if (edge && boundary === 'closed') return 0;
  const wind = (place: number): number => {
    const k = boundary === 'periodic' ? wrapped(place, n) : Math.min(n - 1, Math.max(0, place));
    return alongX ? winds.windU[line * grid.cols + k] : winds.windV[k * grid.cols + line];
  };
  return (((wind(i - 1) + wind(i)) / 2) * dt) / (alongX ? grid.cellSizeX : grid.cellSizeY);
}

/** The fewest equal steps in which some air and tracer stay in every cell. */
function subSteps(winds: PlainWinds, dt: number): number {
  const { grid, diffusivity } = winds;
  let outflow = 0;
  for (const alongX of [true, false])
    for (let line = 0; line < (alongX ? grid.rows : grid.cols); line++)
      for (let i = 0; i < (alongX ? grid.cols : grid.rows); i++) {
        const [courantBehind, courantAhead] = [courantAt(winds, alongX, line, i, dt), courantAt(winds, alongX, line, i + 1, dt)];
        outflow = Math.max(outflow, Math.max(0, courantAhead) + Math.max(0, -courantBehind));
      }
  const mixing = (diffusivity * dt) / Math.min(grid.cellSizeX, grid.cellSizeY) ** 2;
  let steps = 1;
  while (outflow / steps + Math.sqrt((2 * mixing) / steps) > 0.95) steps++;
  return steps;
}

/** Van Leer's monotonised central slope, 0 at extremes. */
function slope(lower: number, right: number): number {
  return lower * right <= 0 ? 0 : Math.sign(lower) * Math.min(2 * Math.abs(lower), 2 * Math.abs(right), Math.abs(lower + right) / 2);
}

function sweep(winds: PlainWinds, alongX: boolean, line: number, dt: number, air: Float64Array, q: Float64Array): void {
  const { grid, boundary, diffusivity, outside } = winds;
  const n = alongX ? grid.cols : grid.rows;
  const cell = (i: number): number => (alongX ? line * grid.cols + i : i * grid.cols + line);
  const airOfLine = Float64Array.from({ length: n }, (_, i) => air[cell(i)]);
  const old = Float64Array.from({ length: n }, (_, i) => q[cell(i)]);
  const airAt = (i: number): number => airOfLine[boundary === 'periodic' ? wrapped(i, n) : Math.min(n - 1, Math.max(0, i))];
  const valueAt = (i: number): number => {
    if (i >= 0 && i < n) return old[i];
    if (boundary === 'periodic') return old[wrapped(i, n)];
    return boundary === 'closed' ? old[i < 0 ? 0 : n - 1] : outside;
  };
  const slopeAt = (i: number): number => slope(valueAt(i) - valueAt(i - 1), valueAt(i + 1) - valueAt(i));
  const mixing = (diffusivity * dt) / (alongX ? grid.cellSizeX : grid.cellSizeY) ** 2;
  const fluxes = Array.from({ length: n + 1 }, (_, i) => {
    const c = courantAt(winds, alongX, line, i, dt);
    const upwind = c >= 0 ? i - 1 : i;
    const moved = c * airAt(upwind);
    const diffuses = boundary === 'periodic' || (i > 0 && i < n);
    const diffusion = diffuses ? mixing * Math.min(airAt(i - 1), airAt(i)) * (valueAt(i) - valueAt(i - 1)) : 0;
    return { moved, tracer: moved * (valueAt(upwind) + (Math.sign(c) * (1 - Math.abs(c)) * slopeAt(upwind)) / 2) - diffusion };
  });
  for (let i = 0; i < n; i++) {
    const airNow = airOfLine[i] - (fluxes[i + 1].moved - fluxes[i].moved);
    q[cell(i)] = (airOfLine[i] * old[i] - (fluxes[i + 1].tracer - fluxes[i].tracer)) / airNow;
    air[cell(i)] = airNow;
  }
}
