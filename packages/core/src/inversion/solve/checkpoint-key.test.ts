import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { invert } from './invert';
import type { InversionProblem, InversionSettings } from './inversion-problem';
import { MatrixModel, observationBatch } from '../testing/linear-models';
import { twinSettings } from '../testing/plume-twin';

// Two slots of two cells, each seen by a monitor.
const shape = { slots: 2, rows: 1, cols: 2, groups: 1 };
const identity = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => (i === j ? 1 : 0)));
const model = new MatrixModel(shape, [identity], [observationBatch([1.8, 0.7, 1.2, 1], 0.2)]);
const problem: InversionProblem = { groups: ['NOx'], species: ['NO2'], priorEmissions: [1, 2, 3, 4], lengthCells: 0.5 };
const settings: InversionSettings = { ...twinSettings, iterations: 2, optimiser: 'lbfgs', stopOnWithheld: false };
const paper: InversionSettings = { ...settings, mode: 'paper', optimiser: 'sgd' };

describe('a checkpoint', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'retroplume-key-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  /** What an inversion of the problem says of the checkpoint that one of `first` left. */
  async function told(first: InversionProblem, second: InversionProblem, by: InversionSettings): Promise<string> {
    const checkpoint = { path: join(dir, 'state.safetensors'), every: 1 };
    await invert(model, first, by, { checkpoint });
    const messages: string[] = [];
    await invert(model, second, by, { checkpoint, onMessage: (text) => void messages.push(text) });
    return messages.join('\n');
  }

  it.each([settings, paper])('serves the same problem', async (by) => {
    expect(await told(problem, { ...problem, threads: 2 }, by)).toMatch(/resumes after step 2/);
  });

  it.each<[string, Partial<InversionProblem>, InversionSettings?]>([
    ['another length', { lengthCells: 1 }],
    ['regions', { regionOf: Int32Array.of(0, 0) }],
    ['a correlation over the domain', { domainCorrelation: 0.3 }],
    ['a second length', { farCorrelation: { part: 0.3, lengthCells: 3 } }],
    ['spreads of cells', { spreadFactor: [1, 2] }],
    ['correlated slots', { slotCorrelation: 0.4 }],
    ['correlated slots of periods', { slotCorrelation: { ofPeriods: [Float64Array.of(1, 0.4, 0.4, 1)] } }],
    ['a limit', { largestLogFactor: [0.1, 0.1, 0.1, 0.1] }],
    ['another start', { start: Float64Array.of(0.1, 0, 0, 0) }],
    ['another centre', { centre: Float64Array.of(0.1, 0, 0, 0) }],
    ['a cell that emits nothing', { priorEmissions: [1, 0, 3, 4] }],
    ['other emissions', { priorEmissions: [1, 3, 3, 4] }, paper],
    ['another unit of the steps', { emissionScale: [2] }, paper],
    ['another unit of the misfits', { speciesScale: [2] }, paper],
  ])('is passed over with %s', async (_, change, by = settings) => {
    expect(await told(problem, { ...problem, ...change }, by)).toMatch(/belongs to other settings or observations/);
  });
});
