/** Training, and the frozen surrogate, on what stands for a GPU in the tests: every kernel of real programs, inputs that are staged while they run, and fields in its memory. */
import type { NativeProgram, ProgramOptions, ProgramSpec } from '@retroplume/native';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Execution } from '../graph';
import { sourceOf } from '../fields/training-period';
import { SPECIES } from '../base/species';
import { DomainRun } from './domain/domain-run';
import { networkSettings } from './model/surrogate-settings';
import { normalisationOf } from './model/normalisation';
import { randomSurrogate } from './testing/random-surrogate';
import { CELLS, GRID, METEOROLOGY, tinyPeriod, tinySurrogate, tinyTraining, WORLD } from './testing/tiny-world';
import type { Surrogate } from './model/surrogate';
import { smallestSide, tilesOf, wholeDomain, type Tiling } from './model/tiles';
import { train } from './training/train';

let staged = 0;
let windows = 0;
/** periods whose tracers the GPU carries, and times that the host carried some */
let [carriers, hostCarried] = [0, 0];
/** channels of the fields that windows were taken of */
const channels = new Set<number>();
/** of the LSTMs' reverse passes: whether gates are */
const packed = new Set<number>();
let mockModule = '';
let mockMemory = 0;

jest.mock('@retroplume/native', () => {
  const native = jest.requireActual<typeof import('../graph/testing/emulated-native')>('../graph/testing/emulated-native').emulatedNative(
    () => mockModule,
    () => mockMemory,
  );
  class CountedProgram extends native.NativeProgram {
    constructor(spec: ProgramSpec, options?: ProgramOptions) {
      super(spec, options);
      for (const { op, params } of spec.instructions) if (op === 'lstmBackward') packed.add(params.packed ?? 0);
    }
    override stage(offset: number, data: Float32Array | Float64Array): void {
      staged++;
      super.stage(offset, data);
    }
    override stageWindow(...given: Parameters<NativeProgram['stageWindow']>): void {
      windows++;
      channels.add(given[1].shape.channels);
      super.stageWindow(...given);
    }
  }
  class CountedTracers extends native.DeviceTracers {
    constructor(...given: ConstructorParameters<typeof native.DeviceTracers>) {
      super(...given);
      carriers++;
    }
  }
  const tracers = (...given: Parameters<typeof native.tracers>): void => {
    hostCarried++;
    native.tracers(...given);
  };
  return { ...native, NativeProgram: CountedProgram, DeviceTracers: CountedTracers, tracers };
});

async function trained(execution: Execution, over: Record<string, unknown>): Promise<{ weights: Float32Array; log: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-emulated-'));
  try {
    const periods = [tinyPeriod('winter', 1)];
    const normalisation = normalisationOf(periods, [WORLD.spinUpHours]);
    const training = tinyTraining({ iterations: 4, checkpointEvery: 4, ...over });
    const log: string[] = [];
    const options = { ...execution, checkpoint: join(folder, 'checkpoint'), log: (text: string) => void log.push(text) };
    const { weights } = await train(periods, [WORLD.spinUpHours], tinySurrogate(), training, normalisation, options);
    return { weights: Float32Array.from([...weights.values()].flatMap(({ data }) => [...data])), log };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Adam's first steps are ± the learning rate whatever the gradient's size: where that is near zero, the last bit decides. */
function expectNear(actual: Float32Array, expected: Float32Array): void {
  const apart = expected.filter((each, i) => Math.abs(each - actual[i]) > 1e-4 * Math.max(1e-2, Math.abs(each))).length;
  expect(apart / expected.length).toBeLessThan(0.01);
}

const { cudaDevices: realDevices } = jest.requireActual<typeof import('@retroplume/native')>('@retroplume/native');
const modules = ['retroplume_emulated', ...(realDevices().built ? ['retroplume_ptx'] : [])];

beforeEach(() => {
  [staged, windows, mockMemory, carriers, hostCarried] = [0, 0, 0, 0, 0];
  channels.clear();
  packed.clear();
});

test.each(modules.flatMap((module) => [1, 2].map((parts) => [module, parts] as const)))(
  'four steps on %s give the weights of the CPU, with what was staged while it computed: %d micro-batches',
  async (module, microBatches) => {
    mockModule = module;
    const expected = await trained({ threads: 1 }, { microBatches });
    expect(staged).toBe(0);
    const { weights, log } = await trained({ threads: 1, device: 'cuda' }, { microBatches });
    expect(staged).toBeGreaterThanOrEqual((4 * microBatches - 1) * 4); // all parts of batches but the first, of four arrays or more
    expect([windows, log]).toEqual([0, []]);
    expectNear(weights, expected.weights);
  },
);

test.each(modules)('four steps on %s with rounded factors, for which gates are packed, end near those of the CPU', async (module) => {
  mockModule = module;
  const begin = await trained({ threads: 1 }, { iterations: 1, checkpointEvery: 1, learningRate: 1e-12 });
  const expected = await trained({ threads: 1 }, {});
  expect([...packed]).toEqual([0]);
  packed.clear();
  const { weights } = await trained({ threads: 1, device: 'cuda', precision: 'tf32' }, {});
  expect([...packed]).toEqual([1]);
  const apart = (a: Float32Array): number => Math.hypot(...a.map((weight, i) => weight - expected.weights[i]));
  expect(apart(weights) / apart(begin.weights)).toBeLessThan(0.1);
});

describe.each(modules)('with fields in the memory of %s', (module) => {
  const SAMPLES = 4;
  const AUGMENTED = { rotation: true, noise: 0.1, rescaling: 0.2 };
  // Half of it: the weather alone is 55 KB, all fields 0.7 MB.
  it.each<[string, number, string, number, Record<string, unknown>]>([
    ['all of them', 4e6, '0.7', 5, {}],
    ['all of them, augmented', 4e6, '0.7', 5, AUGMENTED],
    ['those of windows one after the other, too', 4e6, '0.7', 9, { rolloutWindows: 2 }],
    ['the weather alone, augmented', 12e4, '0.1', 2, AUGMENTED],
  ])('four steps give the weights of the CPU: %s', async (_, memory, told, inputs, over) => {
    mockModule = module;
    const expected = await trained({ threads: 1 }, over);
    mockMemory = memory;
    const { weights, log } = await trained({ threads: 1, device: 'cuda' }, over);
    expect(log).toEqual([`${told} of 0.7 MiB of fields lie in the memory of cuda`]);
    // Of every sample of four steps, and of the eight batches of the test at each of four looks.
    expect(windows % (inputs * SAMPLES)).toBe(0);
    expect(windows).toBeGreaterThanOrEqual(4 * inputs * SAMPLES);
    expectNear(weights, expected.weights);
  });
});

describe.each(modules)('the frozen surrogate with fields in the memory of %s', (module) => {
  const worlds = [tinyPeriod('winter', 1), tinyPeriod('summer', 2, { hours: WORLD.hours + 24 })];
  const surrogateWith = (tracers: object[]): Surrogate => randomSurrogate(tinySurrogate({ network: 'resnet', residualBlocks: 1, tracers }), worlds);
  const plain = surrogateWith([]);
  const network = networkSettings(plain.description.settings, SPECIES.length);
  const tiles = tilesOf(network, WORLD, smallestSide(network, WORLD));
  const sources = worlds.map((period) => sourceOf(period));

  type Factors = 'shared' | 'hourly' | 'hourly after shared';

  /** Concentrations at some hours of each of `visited`, and then the gradients of each period. */
  async function passes(
    surrogate: Surrogate,
    device: 'cpu' | 'cuda',
    tiling: Tiling,
    visited: number[],
    factors: Factors = 'shared',
  ): Promise<Float32Array[]> {
    const hourly = factors !== 'shared';
    const program = surrogate.program(2, tiling.rows, tiling.cols, { threads: 1, device }, { adjoint: true });
    // Told beforehand on the GPU alone: there, too, other hours are only carried through.
    const hours = device === 'cuda' ? worlds.map(() => [30, 31, ...visited.map((_, i) => 40 + i)]) : undefined;
    const run = new DomainRun({ surrogate, sources, tiling, engine: program, adjoint: program, batchSize: 2, threads: 1, hours });
    const out: Float32Array[] = [];
    const lengths = worlds.map(({ time }) => (hourly ? time.count : 1) * CELLS * 5);
    const gradients = lengths.map((length) => new Float32Array(length));
    if (factors === 'hourly after shared') await run.forward({ period: 0, hours: [30], factors: { data: new Float32Array(CELLS * 5).fill(2) } });
    for (const [i, period] of visited.entries()) {
      const data = Float32Array.from({ length: lengths[period] }, (_, k) => 1.1 + (i % 2) / 10 + (k % 7) / 100);
      const at = { period, hours: [30, 31, 40 + i], factors: { data, hourly } };
      const concentrations = await run.forward(at);
      await run.addAdjoint(at, concentrations.map(Math.sin), gradients[period]);
      out.push(concentrations);
    }
    for (const [period, data] of gradients.entries()) await run.finishAdjoint(period, { data, hourly });
    run.dispose();
    program.dispose();
    return [...out, ...gradients];
  }

  function expectAlike(actual: Float32Array[], expected: Float32Array[]): void {
    expect(actual).toHaveLength(expected.length);
    expected.forEach((wanted, i) => {
      const largest = wanted.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
      const worst = wanted.reduce((most, each, k) => Math.max(most, Number.isFinite(actual[i][k]) ? Math.abs(actual[i][k] - each) : Infinity), 0);
      expect(worst).toBeLessThan(1e-4 * largest);
    });
  }

  it.each<[string, number, Tiling, boolean[]]>([
    ['the weather of both periods', 1e6, wholeDomain(GRID), [true, true]],
    ['the weather of both periods, tile by tile', 1e6, tiles, [true, true]],
    ['the weather of the first, for which there is room', 12e4, wholeDomain(GRID), [true, false]],
    ['nothing', 0, wholeDomain(GRID), [false, false]],
  ])('%s', async (_, memory, tiling, held) => {
    mockModule = module;
    const hourly = sources.map((source) => jest.spyOn(source, 'hourly'));
    mockMemory = memory;
    const actual = await passes(plain, 'cuda', tiling, [0, 1, 0]);
    // Fields that are held are read once, an hour at a time; of the others, the hours that windows see.
    const read = hourly.map((spy) => spy.mock.calls.filter(([field]) => field === 'meteorology').map(([, , { count }]) => count));
    read.forEach((counts, i) => expect(counts.every((count) => count === 1) && counts.length === worlds[i].time.count).toBe(held[i]));
    expect(windows > 0).toBe(held[0]);
    hourly.forEach((spy) => spy.mockRestore());
    expectAlike(actual, await passes(plain, 'cpu', tiling, [0, 1, 0]));
  });

  it('concentrations at places, and the gradient on these alone, cross to the host', async () => {
    mockModule = module;
    const field = CELLS * 4;
    const places = Int32Array.from({ length: 3 * 20 }, (_, i) => Math.floor(i / 20) * field + 12 * (i % 20) + (i % 4));
    const results = async (device: 'cpu' | 'cuda', tiling: Tiling): Promise<Float32Array[]> => {
      const program = plain.program(2, tiling.rows, tiling.cols, { threads: 1, device }, { adjoint: true });
      const run = new DomainRun({ surrogate: plain, sources, tiling, engine: program, adjoint: program, batchSize: 2, threads: 1 });
      const at = { period: 0, hours: [40, 41, 43], factors: { data: new Float32Array(CELLS * 5).fill(1.2) } };
      const gradient = new Float32Array(CELLS * 5);
      // Once with all, of which nothing may be left.
      await run.addAdjoint(at, (await run.forward(at)).fill(1), gradient.slice());
      await run.finishAdjoint(0, { data: gradient.slice() });
      const values = await run.forward(at, { places });
      await run.addAdjoint(at, values.map(Math.sin), gradient, places);
      await run.finishAdjoint(0, { data: gradient });
      run.dispose();
      program.dispose();
      return [values, gradient];
    };
    mockMemory = 4e6;
    for (const tiling of [wholeDomain(GRID), tiles]) expectAlike(await results('cuda', tiling), await results('cpu', tiling));
  });

  // Weather and emissions of both periods take 180 KB, hourly factors and their gradient of one 123 KB or more.
  it.each<[string, number, Tiling, number[]]>([
    ['the GPU', 4e6, wholeDomain(GRID), [METEOROLOGY.length, 5]],
    ['the GPU, tile by tile', 4e6, tiles, [METEOROLOGY.length, 5]],
    ['the host, where there is no room for them', 25e4, wholeDomain(GRID), [METEOROLOGY.length]],
  ])('emissions under factors of some of the hours alone are taken on %s', async (_, memory, tiling, taken) => {
    mockModule = module;
    const field = CELLS * 5;
    const results = async (device: 'cpu' | 'cuda'): Promise<Float32Array[]> => {
      const program = plain.program(2, tiling.rows, tiling.cols, { threads: 1, device }, { adjoint: true });
      const run = new DomainRun({ surrogate: plain, sources, tiling, engine: program, adjoint: program, batchSize: 2, threads: 1 });
      const out: Float32Array[] = [];
      // Stretches that overlap, the first one again with other factors, and all hours between them.
      for (const [turn, hours] of [[40, 41], [43, 44], 'all', [40, 41], [30, 31]].entries()) {
        const all = hours === 'all';
        const asked = all ? [36, 37] : (hours as number[]);
        const { first, count } = run.spanOf(asked);
        const data = Float32Array.from({ length: (all ? worlds[0].time.count : count) * field }, (__, i) => 1 + ((i + turn) % 11) / 10);
        const factors = { data, offset: all ? 0 : -first * field, hourly: true, fixed: turn % 2 === 0 };
        const at = { period: 0, hours: asked, factors };
        const concentrations = await run.forward(at);
        const gradient = new Float32Array(data.length);
        for (let twice = 0; twice < 2; twice++) await run.addAdjoint(at, concentrations.map(Math.sin), gradient);
        if (all) await run.finishAdjoint(0, { ...factors, data: gradient });
        out.push(concentrations, gradient);
      }
      run.dispose();
      program.dispose();
      return out;
    };
    mockMemory = memory;
    const actual = await results('cuda');
    expect([...channels]).toEqual(taken);
    expectAlike(actual, await results('cpu'));
  });

  // Tracers take 246 KB for the longer period, and as much their gradients; the rest of both periods 0.5 MB, and hourly factors with their gradients 0.4 MB.
  const [WEATHER, EMISSIONS, TRACERS] = [METEOROLOGY.length, 5, 10];
  const ALL = [WEATHER, EMISSIONS, TRACERS];
  it.each<[string, number, Tiling, { factors?: Factors; taken: number[]; carriers: number; byHost: boolean }]>([
    ['all fields', 2e6, wholeDomain(GRID), { taken: ALL, carriers: 2, byHost: false }],
    ['all fields, tile by tile', 2e6, tiles, { taken: ALL, carriers: 2, byHost: false }],
    ['all fields, under factors of each hour', 4e6, wholeDomain(GRID), { factors: 'hourly', taken: ALL, carriers: 2, byHost: false }],
    ['all fields, under other factors than at first', 4e6, tiles, { factors: 'hourly after shared', taken: ALL, carriers: 2, byHost: true }],
    ['tracers and hourly factors of the first period', 1.5e6, tiles, { factors: 'hourly', taken: [WEATHER, TRACERS], carriers: 0, byHost: true }],
    ['tracers alone', 1.05e6, wholeDomain(GRID), { taken: [TRACERS], carriers: 0, byHost: true }],
    ['the weather and emissions, for tracers do not fit', 0.9e6, wholeDomain(GRID), { taken: [WEATHER, EMISSIONS], carriers: 0, byHost: true }],
  ])('%s: periods by turns, and all gradients', async (_, memory, tiling, { factors, taken, ...expected }) => {
    mockModule = module;
    mockMemory = memory;
    const surrogate = surrogateWith([{ lifetime: 3 }, { lifetime: 48 }]);
    hostCarried = 0; // some were, for its normalisation
    const visited = [0, 1, 1, 0, 0];
    const actual = await passes(surrogate, 'cuda', tiling, visited, factors);
    expect([...channels].sort((a, b) => a - b)).toEqual(taken);
    expect({ carriers, byHost: hostCarried > 0 }).toEqual(expected);
    expectAlike(actual, await passes(surrogate, 'cpu', tiling, visited, factors));
  });
});
