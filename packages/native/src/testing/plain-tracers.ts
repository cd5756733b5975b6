/** The tracers of `ops/tracers/tracers.h` in double and as the equations stand there: what the fast kernel is tested against. */
import type { TracerRequest } from '../tracers';

const [LOWEST, TOP, STACKS, HOUR] = [100, 1500, 300, 3600];

/** @param source - factor · emission at [hour, cell, group] @returns `[T, H, W, tracers]` */
export function plainTracers(
  request: TracerRequest,
  meteorology: ArrayLike<number>,
  rates: ArrayLike<number>,
  source: (hour: number, i: number) => number,
): Float64Array {
  const { hours, rows, cols, kinds, channels, rateCount = 0 } = request;
  const cells = rows * cols;
  const groups = kinds.length;
  const tracers = kinds.flatMap((ofGroup, group) => ofGroup.map((kind) => ({ group, kind, first: kinds.slice(0, group).flat().length })));
  const count = tracers.length;
  const out = new Float64Array(hours * cells * count);
  const channel = (hour: number, cell: number, c: number): number => meteorology[(hour * cells + cell) * channels + c];
  const rate = (hour: number, cell: number, index: number): number => rates[(hour * cells + cell) * rateCount + index];
  const height = (hour: number, cell: number): number => {
    const value = channel(hour, cell, request.height);
    return Math.min(TOP, Math.max(LOWEST, request.inverseHeight ? 1 / value : value));
  };
  const layersOf = Array.from({ length: count }, () => [new Float64Array(cells), new Float64Array(cells)]);
  for (let hour = 0; hour < hours; hour++) {
    for (const [tracer, { group, kind, first }] of tracers.entries()) {
      const layers = layersOf[tracer];
      for (let cell = 0; cell < cells; cell++) {
        const [previousHeight, heightNow] = [height(Math.max(0, hour - 1), cell), height(hour, cell)];
        const moved =
          heightNow > previousHeight
            ? (layers[1][cell] * (heightNow - previousHeight)) / Math.max(1, TOP - previousHeight)
            : (-layers[0][cell] * (previousHeight - heightNow)) / previousHeight;
        layers[0][cell] += moved;
        layers[1][cell] -= moved;
        if (kind.precursor === undefined) {
          layers[kind.aloft && heightNow < STACKS ? 1 : 0][cell] += HOUR * source(hour, cell * groups + group);
        } else {
          const precursor = layersOf[first + kind.precursor];
          layers.forEach((mass, layer) => (mass[cell] += rate(hour, cell, kind.rate!) * precursor[layer][cell]));
        }
      }
    }
    layersOf.forEach((layers, tracer) => {
      const { kind } = tracers[tracer];
      const wind = (layer: number, cell: number, c: number): number =>
        channel(hour, cell, c) * ((layer === 0 ? height(hour, cell) / 2 : 1000) / 10) ** (1 / 7);
      const courant = (cell: number): number =>
        Math.max(Math.abs(wind(1, cell, request.windX)) / request.cellSizeX, Math.abs(wind(1, cell, request.windY)) / request.cellSizeY) * HOUR;
      const steps = Math.max(1, Math.ceil(Math.max(...Array.from({ length: cells }, (_, cell) => courant(cell))) / 0.8));
      layers.forEach((mass, layer) => {
        for (let step = 0; step < steps; step++) {
          for (let r = 0; r < rows; r++) {
            sweep(mass, r * cols, 1, cols, (cell) => (wind(layer, cell, request.windX) * HOUR) / steps / request.cellSizeX);
          }
          for (let c = 0; c < cols; c++) {
            sweep(mass, c, cols, rows, (cell) => (wind(layer, cell, request.windY) * HOUR) / steps / request.cellSizeY);
          }
        }
        const decay = Math.exp(-1 / kind.lifetime);
        mass.forEach((value, cell) => (mass[cell] = value * decay * (kind.kept === undefined ? 1 : rate(hour, cell, kind.kept))));
      });
      for (let cell = 0; cell < cells; cell++) out[(hour * cells + cell) * count + tracer] = layers[0][cell] / height(hour, cell);
    });
  }
  return out;
}

/** Fromm's scheme on one line of cells, nothing outside. */
function sweep(mass: Float64Array, first: number, stride: number, n: number, courantOf: (cell: number) => number): void {
  const q = (i: number): number => (i < 0 || i >= n ? 0 : mass[first + i * stride]);
  const wind = (i: number): number => courantOf(first + Math.min(n - 1, Math.max(0, i)) * stride);
  const fluxes = Array.from({ length: n + 1 }, (_, i) => {
    const courant = (wind(i - 1) + wind(i)) / 2;
    const upwind = courant >= 0 ? i - 1 : i;
    return courant * (q(upwind) + (Math.sign(courant) * (1 - Math.abs(courant)) * (q(upwind + 1) - q(upwind - 1))) / 4);
  });
  for (let i = 0; i < n; i++) mass[first + i * stride] -= fluxes[i + 1] - fluxes[i];
}
