import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from '../../case';
import { ConfigError, DataError, InterruptedError } from '../../base/errors';
import { processOf, VERSIONS } from '../../base/process';
import { InputHashes } from './input-hashes';
import { readRecord } from './record';
import { runStage } from './run-stage';
import { passOf, passVariant, precisionSetting, stageDir, type RunContext, type Stage, type StageEvent, type StageName } from './stage';
import { passContext, stageContext } from '../stage-context';

let out: string;
let events: StageEvent[];
let settings: Record<string, unknown>;
let runs: number;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'retroplume-stage-'));
  writeFileSync(join(out, 'input.csv'), 'a');
  [events, settings, runs] = [[], { iterations: 3 }, 0];
});
afterEach(() => rmSync(out, { recursive: true }));

/** A stage that writes one file; what it needs and does can be changed. */
function stage(name: StageName, needs: StageName[], run?: Stage['run']): Stage {
  return {
    name,
    needs,
    settings: () => settings,
    inputs: () => [join(out, 'input.csv')],
    run:
      run ??
      (({ dir }) => {
        runs++;
        writeFileSync(join(dir, 'product'), 'whole');
        return Promise.resolve({ products: ['product'], summary: { runs } });
      }),
  };
}

function context(over: Partial<RunContext> = {}): RunContext {
  return {
    caseSettings: { file: join(out, 'case.yaml') } as Case,
    out,
    threads: 1,
    device: 'cpu',
    hardware: 'avx2',
    precision: 'float32',
    inputs: new InputHashes(),
    onEvent: (event) => events.push(event),
    signal: new AbortController().signal,
    ...over,
  };
}

const run = (each: Stage, over?: Partial<RunContext>): ReturnType<typeof runStage> =>
  runStage(each, stageContext(context(over), each.name, 'default'));
const kinds = (): string[] => events.map(({ kind }) => kind);

describe('a stage', () => {
  it('that refuses what it would read leaves what it had made', async () => {
    await run(stage('simulate', []));
    settings = { iterations: 4 };
    const refuse = (): never => {
      throw new DataError('PREPARED_TIME', 'of other hours');
    };
    await expect(run({ ...stage('simulate', []), refuse })).rejects.toThrow('of other hours');
    expect(runs).toBe(1);
    expect(readFileSync(join(out, 'simulate/product'), 'utf8')).toBe('whole');
    expect(readRecord(join(out, 'simulate'))?.summary).toEqual({ runs: 1 });
  });

  it('is run once, recorded, and then skipped', async () => {
    const first = await run(stage('simulate', []));
    expect(first).toMatchObject({
      stage: 'simulate',
      products: ['product'],
      summary: { runs: 1 },
      settings,
      threads: 1,
      device: 'cpu',
      hardware: 'avx2',
    });
    expect(first.inputs).toEqual([expect.objectContaining({ path: join(out, 'input.csv'), bytes: 1 })]);
    expect(await run(stage('simulate', []))).toEqual(first);
    expect([runs, kinds()]).toEqual([1, ['stage-start', 'stage-done', 'stage-skipped']]);
  });

  it.each([
    ['its settings change', (): unknown => (settings['iterations'] = 4)],
    ['an input changes', (): void => writeFileSync(join(out, 'input.csv'), 'b')],
    ['a product is gone', (): void => rmSync(join(out, 'simulate/product'))],
  ])('is run again when %s', async (_what, change) => {
    await run(stage('simulate', []));
    change();
    await run(stage('simulate', []));
    expect(runs).toBe(2);
  });

  it('is what it was where its case has been moved with its files, and made anew where they now lie elsewhere', async () => {
    const caseIn = (folder: string): Partial<RunContext> => ({ caseSettings: { file: join(out, folder, 'case.yaml') } as Case });
    settings['runs'] = { member01: join(out, 'before/member01.nc') };
    await run(stage('simulate', []), caseIn('before'));
    settings['runs'] = { member01: join(out, 'after/member01.nc') };
    await run(stage('simulate', []), caseIn('after'));
    expect(runs).toBe(1);
    await run(stage('simulate', []), caseIn('elsewhere'));
    expect(runs).toBe(2);
  });

  it('says why it is run again, after an interruption, too', async () => {
    const why = (): unknown[] => events.flatMap((event) => (event.kind === 'log' ? [event.text] : []));
    await run(stage('simulate', []));
    expect(why()).toEqual([]);
    settings['iterations'] = 4;
    const fails = (): Promise<never> => Promise.reject(new Error('killed'));
    await expect(run(stage('simulate', [], fails))).rejects.toThrow('killed');
    settings['iterations'] = 5;
    await run(stage('simulate', []));
    expect(why()).toEqual(['3 → 4', '4 → 5'].map((change) => `changed since its last run: iterations ${change}: made anew`));
  });

  it('says that a product has been damaged, which is why it is run again', async () => {
    const product = join(out, 'simulate/product');
    await run(stage('simulate', []));
    truncateSync(product, 2);
    await run(stage('simulate', []));
    expect(runs).toBe(2);
    expect(events).toContainEqual({
      kind: 'log',
      stage: 'simulate',
      variant: 'default',
      text: `${product} has 2 bytes instead of 5: simulate is run again`,
    });
    expect(readFileSync(product, 'utf8')).toBe('whole');
    rmSync(product);
    mkdirSync(product);
    await run(stage('simulate', []));
    expect(runs).toBe(3);
    expect(readFileSync(product, 'utf8')).toBe('whole');
  });

  it('says how many more products have been damaged, and what it has not made of its parts', async () => {
    const parts = (...names: string[]): Stage => ({
      ...stage('simulate', [], ({ dir }) => {
        for (const name of names) writeFileSync(join(dir, name), 'whole');
        return Promise.resolve({ products: names, summary: {} });
      }),
      parts: () => names.map((name) => ({ name: `run ${name}`, settings: name, product: name, entries: [name], inputs: [] })),
    });
    const told = (): string[] => events.flatMap((event) => (event.kind === 'log' ? [event.text] : []));
    await run(parts('a', 'b'));
    for (const name of ['a', 'b']) truncateSync(join(out, 'simulate', name), 1);
    await run(parts('a', 'b'));
    await run(parts('a', 'b', 'c'));
    expect(told()).toEqual([
      `${join(out, 'simulate/a')} has 1 bytes instead of 5, and 1 more are damaged: simulate is run again`,
      'has not made run c: simulate is run again',
    ]);
  });

  it('leaves the hashes of its inputs for the next command', async () => {
    const keptIn = join(out, 'hashes.json');
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 10_000); // so that the input was not written just now
    await run(stage('simulate', []), { inputs: new InputHashes(keptIn, 1) });
    jest.restoreAllMocks();
    expect(readFileSync(keptIn, 'utf8')).toContain(join(out, 'input.csv'));
  });

  it('ends what still lives of an attempt of a command in its folder before it removes that', async () => {
    await run(stage('simulate', []));
    const attempt = join(out, 'simulate/prior/ACONC_winter.attempts/abc');
    mkdirSync(attempt, { recursive: true });
    const orphan = spawn('sleep', ['60'], { detached: true });
    const { started } = processOf(orphan.pid!)!;
    writeFileSync(`${attempt}.json`, JSON.stringify({ host: hostname(), group: orphan.pid, started, since: '2026' }));
    settings['iterations'] = 4;
    await run(stage('simulate', []));
    expect(processOf(orphan.pid!)?.isEnding ?? true).toBe(true);
    const said = new RegExp(`process group ${orphan.pid}, since 2026.* is ended first`);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'log', text: expect.stringMatching(said) as string }));
    expect(existsSync(join(out, 'simulate/prior'))).toBe(false);
  });

  it('is run again by another version of Retroplume', async () => {
    await run(stage('simulate', []));
    const own = jest.replaceProperty(VERSIONS, 'retroplume', '9.9');
    await run(stage('simulate', []));
    own.restore();
    expect(runs).toBe(2);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'log', text: expect.stringMatching(/Retroplume .* → 9\.9: made anew$/) as string }),
    );
  });

  it('does not go on with a damaged product where it keeps its folder', async () => {
    const costly: Stage = { ...stage('simulate', []), expensiveSettings: () => 1 };
    await run(costly);
    truncateSync(join(out, 'simulate/product'), 2);
    const there: boolean[] = [];
    await run({
      ...costly,
      run: (context) => {
        there.push(existsSync(join(context.dir, 'product')));
        return costly.run(context);
      },
    });
    expect(there).toEqual([false]);
  });

  it('is run again when one before it was run with other settings', async () => {
    const [simulate, prepare] = [stage('simulate', []), stage('prepare', ['simulate'])];
    await run(simulate);
    await run(prepare);
    const { key } = readRecord(join(out, 'prepare'))!;
    settings = { iterations: 3, other: 1 };
    await run(simulate);
    settings = { iterations: 3 };
    await run(prepare);
    expect(readRecord(join(out, 'prepare'))!.key).not.toBe(key);
    expect(runs).toBe(4);
  });

  it('asks for the stage before it by name', async () => {
    const missing = run(stage('train', ['prepare']));
    await expect(missing).rejects.toThrow(ConfigError);
    await expect(missing).rejects.toMatchObject({ code: 'STAGE_MISSING' });
    await expect(missing).rejects.toThrow(`train: the products of prepare are not in ${join(out, 'prepare')}: run "retroplume prepare"`);
    expect(existsSync(join(out, 'train'))).toBe(false);
    const inPass = (need: StageName): Promise<unknown> =>
      runStage(stage('verify', [need]), passContext(context(), 'verify', { number: 2, anchor: 1 }));
    await expect(inPass('apply')).rejects.toThrow(/apply are not in .*pass-2\/apply: run "retroplume loop" /);
    await expect(inPass('prepare')).rejects.toThrow(/prepare are not in .*: run "retroplume prepare" /);
  });

  it('that fails leaves no record, and goes on in its folder when run again', async () => {
    const failing = stage('simulate', [], ({ dir }) => {
      writeFileSync(join(dir, 'half'), '');
      return Promise.reject(new Error('no room'));
    });
    await expect(run(failing)).rejects.toThrow('no room');
    expect(readRecord(join(out, 'simulate'))).toBeUndefined();
    const found: string[] = [];
    await run(
      stage('simulate', [], ({ dir }) => {
        found.push(...readdirSync(dir));
        return Promise.resolve({ products: [], summary: {} });
      }),
    );
    expect(found).toContain('half');
    expect(kinds()).toEqual(['stage-start', 'stage-start', 'stage-done']);
  });

  it('keeps its folder where only the part of its settings has changed that is not dear, finished or not', async () => {
    const found: string[][] = [];
    const dear = (fails = false): Stage => ({
      ...stage('verify', [], ({ dir }) => {
        found.push(readdirSync(dir).filter((name) => name === 'dear'));
        writeFileSync(join(dir, 'dear'), '');
        return fails ? Promise.reject(new Error('no room')) : Promise.resolve({ products: ['dear'], summary: {} });
      }),
      settings: () => settings,
      expensiveSettings: () => ({ ctm: settings['ctm'] }),
    });
    settings = { ctm: 'a', cutoff: 40 };
    await run(dear());
    settings = { ctm: 'a', cutoff: 60 };
    await expect(run(dear(true))).rejects.toThrow('no room');
    settings = { ctm: 'a', cutoff: 50 };
    await run(dear());
    settings = { ctm: 'b', cutoff: 50 };
    await run(dear());
    await run(dear());
    expect(found).toEqual([[], ['dear'], ['dear'], []]);
  });

  it('keeps its folder where a stage before it was run again for a part of its settings that is not dear', async () => {
    const found: string[][] = [];
    const apply: Stage = { ...stage('apply', []), expensiveSettings: () => ({ groups: settings['groups'] }) };
    const verify: Stage = {
      ...stage('verify', ['apply'], ({ dir }) => {
        found.push(readdirSync(dir).filter((name) => name === 'dear'));
        writeFileSync(join(dir, 'dear'), '');
        return Promise.resolve({ products: ['dear'], summary: {} });
      }),
      expensiveSettings: () => ({}),
    };
    for (const change of [{ regions: 1 }, { regions: 2 }, { groups: 1 }]) {
      settings = { ...settings, ...change };
      await run(apply);
      await run(verify);
    }
    expect([runs, found]).toEqual([3, [[], ['dear'], []]]);
  });

  it('does not begin once the run is interrupted', async () => {
    const interrupted = run(stage('simulate', []), { signal: AbortSignal.abort() });
    await expect(interrupted).rejects.toThrow(InterruptedError);
    expect([runs, existsSync(join(out, 'simulate'))]).toEqual([0, false]);
  });

  it('tells an interruption on the way as one, and what failed then as what it is', async () => {
    const interruptedBy = (cause: Error): Promise<unknown> => {
      const controller = new AbortController();
      const failing = (): Promise<never> => {
        controller.abort();
        return Promise.reject(cause);
      };
      return run({ ...stage('simulate', []), run: failing }, { signal: controller.signal });
    };
    const aborted = interruptedBy(new DOMException('This operation was aborted', 'AbortError'));
    await expect(aborted).rejects.toMatchObject({ code: 'INTERRUPTED', exitCode: 130, message: expect.stringMatching(/^simulate: /) as string });
    const full = new DataError('DISK_FULL', 'no space');
    await expect(interruptedBy(full)).rejects.toBe(full);
  });

  it('reports progress and messages under its name and variant', () => {
    const { progress, log } = stageContext(context(), 'train', 'paper');
    progress(1, 2, 'loss 3');
    log('resuming');
    expect(events).toEqual([
      { kind: 'progress', stage: 'train', variant: 'paper', done: 1, total: 2, text: 'loss 3' },
      { kind: 'log', stage: 'train', variant: 'paper', text: 'resuming' },
    ]);
  });
});

describe('where a stage computes', () => {
  const gpu: Partial<RunContext> = { device: 'cuda:1', hardware: 'NVIDIA H100 (sm_90, 79 GiB)', precision: 'tf32' };
  const training: Stage = { ...stage('train', []), settings: precisionSetting, run: () => Promise.resolve({ products: [], summary: {} }) };

  it('stands in its record', async () => {
    expect(await run(training, gpu)).toMatchObject({ device: 'cuda:1', hardware: 'NVIDIA H100 (sm_90, 79 GiB)', precision: 'tf32' });
  });

  it.each<[string, Partial<RunContext>, Partial<RunContext>, boolean]>([
    ['another GPU', gpu, { ...gpu, device: 'cuda:0' }, false],
    ['other products', gpu, { ...gpu, precision: 'float32' }, true],
    ['rounded products', { ...gpu, precision: 'float32' }, gpu, true],
    ['the CPU, after exact products', { ...gpu, precision: 'float32' }, { device: 'cpu' }, false],
    ['the CPU, after rounded ones', gpu, { device: 'cpu' }, false],
    ['a GPU', { device: 'cpu' }, { ...gpu, precision: 'float32' }, false],
    ['other threads', {}, { threads: 2 }, false],
  ])('decides by its products of matrices alone whether it is up to date: %s', async (_what, before, after, again) => {
    await run(training, before);
    await run(training, after);
    expect(kinds().filter((kind) => kind === 'stage-done')).toHaveLength(again ? 2 : 1);
  });
});

it("the paper's mode shares what does not depend on it", () => {
  const { dir, dirOf } = stageContext(context(), 'train', 'paper');
  expect(dir).toBe(join(out, 'paper/train'));
  expect(dirOf('prepare')).toBe(join(out, 'prepare'));
  expect(stageDir(out, 'train', 'default')).toBe(join(out, 'train'));
});

it('passes of the loop after the first have stages of their own, and share the others', () => {
  expect([1, 2, 12].map(passVariant)).toEqual(['default', 'pass-2', 'pass-12']);
  expect((['pass-12', 'paper', 'surrogate-2', 'default'] as const).map(passOf)).toEqual([12, undefined, undefined, undefined]);
  const folders = (['train', 'invert', 'verify', 'certify', 'uncertainty'] as const).map((name) => stageDir(out, name, 'pass-2'));
  expect(folders).toEqual(['pass-2/train', 'pass-2/invert', 'pass-2/verify', 'certify', 'uncertainty'].map((name) => join(out, name)));
});
