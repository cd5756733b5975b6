/** Files of a made run with layers: three layers that rise to 120 hPa, on the grid of a test. */
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import type { Grid, TimeAxis } from '../../grid/grid';

export const LAYERS = 3;
const [THICKNESS, TEMPERATURE] = [5000, 260];
const SCALE_HEIGHT = (287.04 * TEMPERATURE) / 9.81;
const pressureAt = (height: number): number => 1e5 * Math.exp(-height / SCALE_HEIGHT);

type Value = (layer: number, cell: number, step: number) => number;

/** mol m-2 of air in a layer. */
export const airOf = (layer: number): number => (densityOf(layer) * THICKNESS) / 28.9628e-3;
const densityOf = (layer: number): number => pressureAt((layer + 0.5) * THICKNESS) / (287.04 * TEMPERATURE);

export const METEOROLOGY: Record<string, [units: string, value: Value]> = {
  PRES: ['Pa', (layer) => pressureAt((layer + 0.5) * THICKNESS)],
  DENS: ['KG/M**3', densityOf],
  ZF: ['M', (layer) => (layer + 1) * THICKNESS],
  ZH: ['M', (layer) => (layer + 0.5) * THICKNESS],
};

/** Writes a file of instants. @returns its path */
export function writeLayers(path: string, grid: Grid, time: TimeAxis, variables: Record<string, [units: string, value: Value]>): string {
  const units = Object.entries(variables).map(([name, [unit]]) => ({ name, units: unit }));
  const writer = IoapiWriter.create(path, { grid, time, layers: LAYERS, variables: units });
  const cells = grid.rows * grid.cols;
  for (const [name, [, value]] of Object.entries(variables)) {
    for (let step = 0; step < time.count; step++) {
      writer.write(
        name,
        step,
        Float32Array.from({ length: LAYERS * cells }, (_, i) => value(Math.floor(i / cells), i % cells, step)),
      );
    }
  }
  writer.close();
  return path;
}
