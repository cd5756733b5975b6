/** The library as docs/library.md shows it: its programs, and the trained surrogate as a function. */
import { DEFAULT_CHANNELS } from '../packages/core/src/base/species';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  loadCase,
  openSurrogate,
  plannedWork,
  runPart,
  runStages,
  submitChain,
  type AnchoredSurrogate,
  type Case,
  type OpenSurrogateOptions,
  type RunOptions,
  type StageEvent,
  type StageName,
  type SurrogateHours,
} from '../packages/core/src';
import { readPrepared } from '../packages/core/src/fields/prepared';
import { withPriorConcentrations } from '../packages/core/src/fields/training-period';
import { freeRun } from '../packages/core/src/surrogate/domain/free-run';
import { Surrogate } from '../packages/core/src/surrogate/model/surrogate';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { programsOf, runProgram, typeErrors } from './testing/program';
import { SHORT_STAGES, SMALL_RUN, winterOnly } from './testing/small-run';

const ROWS = 16;
const COLS = 14;
const HOURS = 60;
const SPIN_UP = 24;
const SETTINGS = [...SMALL_RUN, ...SHORT_STAGES, winterOnly(HOURS, SPIN_UP)];
/** A surrogate that takes y, without tracers. */
const TAKES_INITIAL = ['surrogate.network=lstm-unet', 'surrogate.window=[{count: 4, hours: 1}]', 'surrogate.tracers=[]'];
const [RUN, FUNCTION, INVERT] = programsOf('docs/library.md');

let folder: string;
let caseFile: string;

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

async function train(out: string, settings: readonly string[]): Promise<void> {
  await runStages(loadCase(caseFile, [...SETTINGS, ...settings]), { out: join(folder, out), threads: 1, stages: ['simulate', 'prepare', 'train'] });
}

function open(out: string, ...settings: string[]): AnchoredSurrogate {
  return openSurrogate(loadCase(caseFile, [...SETTINGS, ...settings]), { out: join(folder, out), threads: 1 });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-library-'));
  caseFile = await writeDemoWorld(folder, { rows: ROWS, cols: COLS, hours: HOURS, spinUpHours: SPIN_UP, stations: 20 });
  await train('runs/mine', []);
  await train('runs/initial', [...TAKES_INITIAL, 'surrogate.initialConcentrations=rollout', 'training.rolloutWindows=2']);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the programs of the page', () => {
  it.each([RUN, FUNCTION, INVERT])('fit the public API', (code) => {
    expect(typeErrors(code)).toEqual([]);
  });

  it('the trained surrogate as a function', () => {
    // With the settings of the run: the page's case file has them all.
    const { status, stdout, stderr } = runProgram(
      FUNCTION.replace("loadCase('case.yaml')", `loadCase('case.yaml', ${JSON.stringify(SETTINGS)})`),
      folder,
    );
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^certificate: not there\nNO2 \d+\.\d+ -> \d+\.\d+ ppb\n(PM2\.5 from \w+(\.5)? -?\d[^\n]* µg m-3 per \+ 100 %\n){5}$/);
  });

  it('a model of your own', () => {
    const { status, stdout, stderr } = runProgram(INVERT, folder);
    expect([status, stderr]).toEqual([0, '']);
    const [, first, second, third] = /^converged Float32Array\(3\) \[ ([\d.]+), ([\d.]+), ([\d.]+) \]\n$/.exec(stdout) ?? [];
    // Misfits of 0.05 against a spread of 0.5: near the observations 1.5 and 1.1 of 0.8 f1 + 0.1 f2 + 0.1 and 0.2 f1 + 0.7 f2 + 0.1.
    const [f1, f2] = [Number(first), Number(second)];
    expect(0.8 * f1 + 0.1 * f2 + 0.1).toBeCloseTo(1.5, 1);
    expect(0.2 * f1 + 0.7 * f2 + 0.1).toBeCloseTo(1.1, 1);
    expect(third).toBe('1');
  });
});

describe('openSurrogate', () => {
  const hours = [57, 30, 31];
  const half = new Float32Array(ROWS * COLS * 5).fill(0.5);

  it("gives the transport model's prior run, and the surrogate's change on it", async () => {
    const anchored = open('runs/mine');
    try {
      const period = withPriorConcentrations(readPrepared(join(folder, 'runs/mine/prepare'), 'winter', DEFAULT_CHANNELS, { runs: ['prior'] }));
      const { concentrations, emissions } = period.runs.get('prior')!;
      const field = ROWS * COLS * 4;
      const prior = Float32Array.from(hours.flatMap((hour) => [...concentrations.subarray(hour * field, (hour + 1) * field)]));
      expect(await anchored.concentrations({ period: 'winter', hours })).toEqual(prior);
      const surrogate = Surrogate.load(join(folder, 'runs/mine/train'));
      const engine = surrogate.program(1, ROWS, COLS, { device: 'cpu', precision: 'float32', threads: 1 }, { adjoint: false });
      const free = (factors?: Float32Array): Promise<Float32Array> => freeRun({ surrogate, engine, batchSize: 1, period, emissions, hours, factors });
      const [changed, base] = [await free(half), await free()];
      engine.dispose();
      const simulated = await anchored.concentrations({ period: 'winter', hours, factors: half });
      simulated.forEach((value, i) => expect(value).toBeCloseTo(prior[i] + changed[i] - base[i], 4));
      expect(Math.max(...changed.map((value, i) => Math.abs(value - base[i])))).toBeGreaterThan(0.01);
    } finally {
      anchored.dispose();
    }
  });

  it.each([
    ['with tracers', 'runs/mine', []],
    ['with factors of every hour', 'runs/mine', []],
    ['with y rolled out', 'runs/initial', [...TAKES_INITIAL, 'surrogate.initialConcentrations=rollout']],
    ['with y of the prior run', 'runs/initial', [...TAKES_INITIAL, 'surrogate.initialConcentrations=control']],
  ])('has the transpose of its derivative, %s', async (title, out, settings) => {
    const anchored = open(out, ...settings);
    try {
      const length = ROWS * COLS * 5 * (title.includes('every hour') ? HOURS : 1);
      const at = Float32Array.from({ length }, () => 1.2);
      const direction = Float32Array.from({ length }, (_, i) => 1 + 0.5 * Math.sin(0.7 * i));
      const step = 0.0002; // kinks: with 0.003 the rolled out one is 2.5 % off, with 0.001 0.9 %
      const ends = [step, -step].map((by) => at.map((factor, i) => factor + by * direction[i]));
      // Both at once: the second waits for the first.
      const [plus, minus] = await Promise.all(ends.map((factors) => anchored.concentrations({ period: 'winter', hours, factors })));
      const change = plus.map((value, i) => (value - minus[i]) / (2 * step));
      const gradient = await anchored.adjoint({ period: 'winter', hours, factors: at }, change);
      expect(await anchored.adjoint({ period: 'winter', hours, factors: at }, change)).toEqual(gradient);
      // ⟨J·d, J·d⟩ = ⟨d, Jᵀ·J·d⟩, up to the kinks of P-ReLU.
      expect(dot(direction, gradient) / dot(change, change)).toBeCloseTo(1, 2);
      // The factors' array is the caller's: what it holds now counts.
      at.set(ends[0]);
      expect(await anchored.concentrations({ period: 'winter', hours, factors: at })).toEqual(plus);
    } finally {
      anchored.dispose();
    }
  });

  it('takes what arrays hold when it is called: calls that overlap may share one', async () => {
    const anchored = open('runs/mine');
    try {
      const asked = { period: 'winter', hours: [30, 31] };
      const seedAt = (place: number, seed: Float32Array): Float32Array => seed.fill(0).fill(1, place, place + 1);
      const size = asked.hours.length * ROWS * COLS * 4;
      const alone: Float32Array[] = [];
      for (const place of [400, 203]) alone.push(await anchored.adjoint(asked, seedAt(place, new Float32Array(size))));
      const shared = new Float32Array(size);
      expect(await Promise.all([400, 203].map((place) => anchored.adjoint(asked, seedAt(place, shared))))).toEqual(alone);
    } finally {
      anchored.dispose();
    }
  });

  it('refuses what makes no sense, and goes on', async () => {
    const anchored = open('runs/mine');
    const ask = (more: object): Promise<Float32Array> => anchored.concentrations({ period: 'winter', hours, ...more });
    try {
      await expect(ask({ period: 'wintr' })).rejects.toMatchObject({
        code: 'PERIOD_UNKNOWN',
        message: expect.stringContaining('did you mean winter?') as string,
      });
      const holed = new Array<number>(2).fill(30, 1); // its hole is undefined, which `find` gives as well where nothing is wrong
      for (const wrong of [[], [SPIN_UP - 1], [HOURS], [30.5], [NaN], holed, [undefined, 30]])
        await expect(ask({ hours: wrong })).rejects.toMatchObject({ code: 'PERIOD_HOURS' });
      for (const wrong of [{ hours: undefined }, { hours: 30 }, { hours: '30' }, { period: undefined }, { period: 0 }])
        await expect(ask(wrong)).rejects.toMatchObject({ code: 'CALL_INVALID' });
      await expect(anchored.concentrations(undefined as unknown as SurrogateHours)).rejects.toMatchObject({ code: 'CALL_INVALID' });
      await expect(ask({ factors: new Float32Array(7) })).rejects.toMatchObject({ code: 'FACTORS_SHAPE' });
      const ofDoubles = { code: 'CALL_INVALID', message: expect.stringContaining('expected a Float32Array but received Float64Array') as string };
      await expect(ask({ factors: new Float64Array(half) })).rejects.toMatchObject(ofDoubles);
      const doubles = new Float64Array(hours.length * ROWS * COLS * 4) as unknown as Float32Array;
      await expect(anchored.adjoint({ period: 'winter', hours }, doubles)).rejects.toMatchObject(ofDoubles);
      for (const wrong of [NaN, -1, Infinity])
        await expect(ask({ factors: half.map((f, i) => (i === 9 ? wrong : f)) })).rejects.toMatchObject({ code: 'FACTORS_VALUES' });
      await expect(ask({ factors: half.map(() => 1e38) })).rejects.toMatchObject({ code: 'SURROGATE_NOT_FINITE' });
      await expect(anchored.adjoint({ period: 'winter', hours }, new Float32Array(3))).rejects.toMatchObject({ code: 'GRADIENT_SHAPE' });
      const gradient = new Float32Array(hours.length * ROWS * COLS * 4);
      gradient[5] = NaN;
      await expect(anchored.adjoint({ period: 'winter', hours }, gradient)).rejects.toMatchObject({
        code: 'GRADIENT_VALUES',
        message: expect.stringContaining('received NaN at place 5') as string,
      });
      expect(await ask({ hours: Int32Array.from(hours) })).toEqual(await ask({}));
      expect(await ask({})).toHaveLength(hours.length * ROWS * COLS * 4);
    } finally {
      anchored.dispose();
    }
  });

  it('refuses what is asked of it after dispose, and what it was still doing', async () => {
    const anchored = open('runs/mine');
    const gradient = new Float32Array(hours.length * ROWS * COLS * 4).fill(1);
    const asked = [
      anchored.adjoint({ period: 'winter', hours }, gradient),
      anchored.concentrations({ period: 'winter', hours, factors: half }), // waits for the first
    ];
    const ends = Promise.allSettled(asked);
    anchored.dispose();
    anchored.dispose();
    const later = await Promise.allSettled([
      anchored.concentrations({ period: 'winter', hours }),
      anchored.adjoint({ period: 'winter', hours }, gradient),
    ]);
    for (const end of [...(await ends), ...later]) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'SURROGATE_DISPOSED' } });
  });

  it('is not opened by a call that makes no sense', () => {
    const settings = loadCase(caseFile, SETTINGS);
    const out = join(folder, 'runs/mine');
    for (const [source, options] of [
      [undefined, { out }],
      [{}, { out }],
      [settings, {}],
      [settings, { out: 3 }],
      [settings, { out, variant: 'papre' }],
    ] as [Case, OpenSurrogateOptions][])
      expect(() => openSurrogate(source, options)).toThrow(expect.objectContaining({ code: 'CALL_INVALID' }) as Error);
  });

  it.each([0, -1, 1.5, NaN, 1025])('refuses %d threads, as a run does', async (threads) => {
    const refused = { code: 'THREADS_INVALID', message: `threads: expected a whole number from 1 to 1024 but received ${threads}: mend the call` };
    const settings = loadCase(caseFile, SETTINGS);
    expect(() => openSurrogate(settings, { out: join(folder, 'runs/mine'), threads })).toThrow(expect.objectContaining(refused) as Error);
    // Without the check no worker ran, and the file that none had written was missed.
    await expect(runStages(settings, { out: join(folder, 'runs/none'), stages: ['simulate'], threads })).rejects.toMatchObject(refused);
  });

  it('what takes a loaded case takes its path, too', async () => {
    const out = join(folder, 'runs/none');
    const asked = [caseFile, loadCase(caseFile)].map((source) => plannedWork(source, { out, stages: ['simulate'] }));
    const [ofPath, ofCase] = await Promise.all(asked);
    expect(ofPath).toEqual(ofCase);
    for (const source of [caseFile, loadCase(caseFile)]) {
      await expect(runPart(source, { run: 'none' }, { out })).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
      await expect(submitChain(source, { out, dryRun: true, program: ['retroplume'] })).resolves.toMatchObject({ dryRun: true });
    }
  });

  it.each([[['train', 'guess']], ['train']])('a run refuses the stages %j, of which one is none, or which is no list', async (stages) => {
    const asked = { out: join(folder, 'runs/none'), stages: stages as RunOptions['stages'] };
    await expect(runStages(loadCase(caseFile, SETTINGS), asked)).rejects.toMatchObject({ code: 'STAGE_UNKNOWN' });
  });

  it('says what is missing in the run folder', () => {
    const none = join(folder, 'runs/none');
    const missing = { code: 'STAGE_MISSING', message: expect.stringMatching(/^openSurrogate: the products of prepare are not in /) as string };
    for (const source of [caseFile, loadCase(caseFile)])
      expect(() => openSurrogate(source, { out: none })).toThrow(expect.objectContaining(missing) as Error);
  });

  it('lives in a worker thread, which ends well', () => {
    // HDF5 leaves data in a thread, and what frees them must still be there when the thread ends: without NODELETE of the addons a segmentation fault.
    const program = `
      import { isMainThread, Worker } from 'node:worker_threads';
      import { loadCase, openSurrogate } from '@retroplume/core';
      if (isMainThread) new Worker(new URL(import.meta.url)).on('exit', (code) => console.log('ended', code));
      else openSurrogate(loadCase('case.yaml', ${JSON.stringify(SETTINGS)}), { out: 'runs/mine', threads: 1 }).dispose();`;
    expect(runProgram(program, folder)).toMatchObject({ status: 0, signal: null, stdout: 'ended 0\n', stderr: '' });
  });

  it('is closed by `using`', () => {
    const program = `
      import { loadCase, openSurrogate } from '@retroplume/core';
      const open = () => openSurrogate(loadCase('case.yaml', ${JSON.stringify(SETTINGS)}), { out: 'runs/mine', threads: 1 });
      let left;
      {
        using surrogate = open();
        left = surrogate;
      }
      await left.concentrations({ period: 'winter', hours: [30] }).catch(({ code }) => console.log(code));`;
    expect(runProgram(program, folder)).toMatchObject({ status: 0, stdout: 'SURROGATE_DISPOSED\n', stderr: '' });
  });

  describe('a signal with a reason of its own', () => {
    const reason = new Error('the user went home');
    const reasonsOf = (error: unknown): unknown[] => (error instanceof Error ? [error, ...reasonsOf(error.cause)] : []);
    const thrown = async (call: Promise<unknown>): Promise<unknown[]> =>
      call.then(
        () => [],
        (error: unknown) => reasonsOf(error),
      );

    it('keeps it in what a run throws, raised before it and within', async () => {
      const settings = loadCase(caseFile, SETTINGS);
      expect(await thrown(runStages(settings, { out: join(folder, 'runs/mine'), signal: AbortSignal.abort(reason), threads: 1 }))).toContain(reason);
      const stopped = (stages: StageName[]): Promise<unknown[]> => {
        const abort = new AbortController();
        const onEvent = ({ kind }: StageEvent): void => void (kind === 'progress' && abort.abort(reason));
        return thrown(runStages(settings, { out: join(folder, 'runs/stopped'), stages, threads: 1, onEvent, signal: abort.signal }));
      };
      expect(await stopped(['simulate'])).toContain(reason);
      await runStages(settings, { out: join(folder, 'runs/stopped'), stages: ['simulate', 'prepare'], threads: 1 });
      expect(await stopped(['train'])).toContain(reason);
      await runStages(settings, { out: join(folder, 'runs/stopped'), stages: ['train', 'evaluate', 'certify', 'export'], threads: 1 });
      expect(await stopped(['invert'])).toContain(reason);
    });

    it('throws it where a call of the surrogate or a reading ends', async () => {
      const abort = new AbortController();
      using anchored = openSurrogate(loadCase(caseFile, SETTINGS), { out: join(folder, 'runs/mine'), signal: abort.signal });
      const asked = anchored.concentrations({ period: 'winter', hours, factors: half });
      abort.abort(reason);
      await expect(asked).rejects.toBe(reason);
    });
  });

  it('stops at a signal', async () => {
    const abort = new AbortController();
    const anchored = openSurrogate(loadCase(caseFile, SETTINGS), { out: join(folder, 'runs/mine'), signal: abort.signal });
    try {
      const asked = anchored.concentrations({ period: 'winter', hours, factors: half });
      abort.abort();
      await expect(asked).rejects.toThrow(/aborted/);
    } finally {
      anchored.dispose();
    }
  });
});
