/** `export`: the surrogate as an ONNX model, physical units in and out. */
import { join } from 'node:path';
import { Graph } from '../graph';
import { exportOnnx } from '../graph/onnx/export-onnx';
import { writeFileAtomic } from '../data/checkpoint';
import { readPrepared } from '../data/prepared';
import { freeRun } from '../surrogate/free-run';
import { buildSurrogate } from '../surrogate/model';
import { OnnxEngine } from '../surrogate/onnx-engine';
import type { Surrogate } from '../surrogate/surrogate';
import { firstHours, loadSurrogate } from './learning';
import { NumericalError } from '../errors';
import type { Stage } from './stage';
import { VERSIONS } from './versions';

export const ONNX_FILE = 'surrogate.onnx';

/** Largest difference between ONNX Runtime and the native program, as a part of the largest concentration, that is let pass. */
const AGREEMENT = 1e-4;

export const exportStage: Stage = {
  name: 'export',
  needs: ['train', 'prepare'],
  settings: () => ({}),
  inputs: () => [],
  async run(context) {
    const surrogate = loadSurrogate(context);
    const period = readPrepared(context.dirOf('prepare'), context.case.periods[0].name, { runs: ['prior'] });
    const { rows, cols } = period.grid;
    const path = join(context.dir, ONNX_FILE);
    writeFileAtomic(path, surrogateOnnx(surrogate, rows, cols));
    const hours = [firstHours(context)[0]];
    // Exact, whatever the run's products: ONNX Runtime is.
    const program = surrogate.program(1, rows, cols, { ...context, products: 'float32' }, { adjoint: false });
    const engine = await OnnxEngine.load(path, surrogate, { rows, cols }, context.threads);
    try {
      const { emissions } = period.runs.get('prior')!;
      const firstHour = { surrogate, batchSize: 1, period, emissions, hours };
      const native = await freeRun({ ...firstHour, engine: program });
      const onnx = await freeRun({ ...firstHour, engine });
      const largest = native.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      const difference = native.reduce((max, value, i) => Math.max(max, Math.abs(value - onnx[i])), 0) / largest;
      if (!(difference <= AGREEMENT)) {
        throw new NumericalError(
          'ONNX_DISAGREES',
          `export: ONNX Runtime differs from the native program by ${difference.toExponential(1)} of the largest value, more than ${AGREEMENT}: report it`,
        );
      }
      return { products: [ONNX_FILE], summary: { relativeDifference: difference } };
    } finally {
      program.dispose();
      engine.dispose();
    }
  },
};

/** The forward model as the bytes of an ONNX file. */
export function surrogateOnnx(surrogate: Surrogate, rows: number, cols: number): Uint8Array {
  const { settings, normalisation, meteorologyNames, geographyNames, species, groups } = surrogate.description;
  const g = new Graph();
  const sizes = {
    batch: 1,
    steps: surrogate.window.steps.length,
    rows,
    cols,
    meteorology: meteorologyNames.length,
    geography: geographyNames.length,
  };
  const { concentrations } = buildSurrogate(g, settings, sizes, normalisation, 'frozen');
  const list = (items: { name: string; unit: string }[]): string => items.map(({ name, unit }) => `${name} (${unit})`).join(', ');
  return exportOnnx(
    { concentrations },
    {
      parameters: new Map([...surrogate.weights].map(([name, { data }]) => [name, data])),
      name: 'surrogate',
      version: VERSIONS.retroplume,
      descriptions: {
        emissions: `emissions of ${list(groups)}, means over the window's steps, oldest first`,
        meteorology: `${meteorologyNames.join(', ')}, means over the window's steps`,
        geography: geographyNames.join(', '),
        previous: `concentrations from before the window: ${list(species)}`,
        concentrations: `hourly mean at the surface of ${list(species)}`,
      },
      metadata: { window: JSON.stringify(settings.window), meteorology: meteorologyNames.join(' '), geography: geographyNames.join(' ') },
    },
  );
}
