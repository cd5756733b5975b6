/** Products whose bytes have changed behind the same size and time: what a stage that is to be made would read of them. */
import fs, { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadCase, type Case } from '../../case';
import { writeDemoWorld } from '../../worlds/demo-world';
import { runStages } from '../run-case';
import { runPart } from '../run-part';
import { InputHashes } from './input-hashes';
import { readRecord, type StageRecord } from './record';
import { runStage } from './run-stage';
import { type RunContext, type Stage, type StageEvent, type StageName } from './stage';
import { stageContext } from '../stage-context';

let out: string;
let made: string[];
let told: string[];
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'contents-'));
  [made, told] = [[], []];
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(out, { recursive: true });
});

/** A byte in the middle, under the same size and time of change. */
function flip(path: string): void {
  const { mtime } = statSync(path);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(path, bytes);
  utimesSync(path, mtime, mtime);
}

/** A stage that writes its names into files, where they are not there. */
function stage(name: StageName, needs: StageName[], names: readonly string[] = ['product'], more: Partial<Stage> = {}): Stage {
  return {
    name,
    needs,
    settings: () => ({ names }),
    inputs: () => [],
    run: ({ dir }) => {
      for (const each of names) {
        if (existsSync(join(dir, each))) continue;
        mkdirSync(dirname(join(dir, each)), { recursive: true });
        writeFileSync(join(dir, each), `content of ${each}`);
        made.push(`${name}/${each}`);
      }
      return Promise.resolve({ products: [...names], summary: {} });
    },
    ...more,
  };
}

function run(each: Stage, over: Partial<RunContext> = {}): Promise<StageRecord> {
  const device = { device: 'cpu', hardware: 'avx2', precision: 'float32', threads: 1 } as const;
  const onEvent = (event: StageEvent): void => void (event.kind === 'log' && told.push(event.text));
  const signal = new AbortController().signal;
  const context: RunContext = {
    caseSettings: { file: join(out, 'case.yaml') } as Case,
    out,
    inputs: new InputHashes(),
    onEvent,
    signal,
    ...device,
    ...over,
  };
  return runStage(each, stageContext(context, each.name, 'default'));
}

const damaged = (path: string): Error =>
  expect.objectContaining({ code: 'PRODUCT_DAMAGED', message: expect.stringContaining(path) as string }) as Error;

describe('a stage that is to be made', () => {
  it('is not made from a product before it that has other bytes under the same size and time', async () => {
    await run(stage('simulate', []));
    const path = join(out, 'simulate/product');
    flip(path);
    await expect(run(stage('prepare', ['simulate']))).rejects.toThrow(damaged(path));
    expect([made, existsSync(join(out, 'prepare'))]).toEqual([['simulate/product'], false]);
  });

  it('has the run make that again, and nothing else of it', async () => {
    const simulate = stage('simulate', [], ['a', 'b']);
    await run(simulate);
    await run(stage('prepare', ['simulate']));
    const path = join(out, 'simulate/b');
    flip(path);
    const remake = async (dirs: readonly string[]): Promise<boolean> => {
      expect(dirs).toEqual([join(out, 'simulate')]);
      await run(simulate);
      return true;
    };
    await run(stage('prepare', ['simulate'], ['other']), { remake });
    expect(made.slice(-2)).toEqual(['simulate/b', 'prepare/other']);
    expect(made).toHaveLength(5);
    expect(readFileSync(path, 'utf8')).toBe('content of b');
    expect(told).toContain(`${path} has other contents than its record tells: simulate is run again`);
  });

  it('looks at what stages beside its needs have left, too, where it reads that', async () => {
    await run(stage('prepare', []));
    await run(stage('train', []));
    const path = join(out, 'prepare/product');
    flip(path);
    const evaluate = stage('evaluate', ['train'], ['product'], { opens: ({ dirOf }) => [dirOf('prepare')] });
    await expect(run(evaluate)).rejects.toThrow(damaged(path));
    await run(stage('evaluate', ['train']));
  });

  it('makes again what is kept in its own folder and has other bytes', async () => {
    const parts = (...names: string[]): Stage =>
      stage('simulate', [], names, { parts: () => names.map((name) => ({ name, settings: name, product: name, entries: [name], inputs: [] })) });
    await run(parts('a', 'b'));
    flip(join(out, 'simulate/a'));
    await run(parts('a', 'b', 'c'));
    expect(made).toEqual(['simulate/a', 'simulate/b', 'simulate/a', 'simulate/c']);
    expect(readFileSync(join(out, 'simulate/a'), 'utf8')).toBe('content of a');
    expect(told).toContain(`${join(out, 'simulate/a')} has other contents than its record tells: it is made again`);
  });

  it('looks at files that another has left beside its products, as far as they are there', async () => {
    const simulate = stage('simulate', []);
    const leaves: Stage = {
      ...simulate,
      run: async (context) => {
        for (const name of ['kept', 'gone']) writeFileSync(join(context.dir, name), name);
        return { ...(await simulate.run(context)), leaves: ['kept', 'gone'] };
      },
    };
    const record = await run(leaves);
    expect([record.products, Object.keys(record.sha256)]).toEqual([['product'], ['product', 'kept', 'gone']]);
    rmSync(join(out, 'simulate/gone'));
    await run(stage('prepare', ['simulate']));
    flip(join(out, 'simulate/kept'));
    await run(leaves);
    await expect(run(stage('prepare', ['simulate'], ['other']))).rejects.toThrow(damaged(join(out, 'simulate/kept')));
    await run(leaves); // made again, as it is known to be damaged now
    await run(stage('prepare', ['simulate'], ['other']));
  });
});

it('nothing is read where all is up to date, and no file twice', async () => {
  await run(stage('simulate', []));
  await run(stage('prepare', ['simulate']));
  const [simulated, prepared] = ['simulate', 'prepare'].map((name) => join(out, name, 'product'));
  // What this process knows of a file that it has written goes with the time of its last change.
  for (const path of [simulated, prepared]) utimesSync(path, new Date(), new Date());
  // Long enough after that for their times to tell of another change.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const read: string[] = [];
  const open = fs.createReadStream;
  jest.spyOn(fs, 'createReadStream').mockImplementation((path, options) => {
    read.push(path as string);
    return open(path, options);
  });
  await run(stage('simulate', []));
  await run(stage('prepare', ['simulate']));
  expect(read).toEqual([]);
  await run(stage('train', ['simulate', 'prepare']));
  expect(read.filter((path) => path === simulated || path === prepared)).toEqual([simulated, prepared]);
  await run(stage('invert', ['simulate', 'prepare', 'train']));
  expect(read.filter((path) => path === simulated || path === prepared)).toEqual([simulated, prepared]);
});

describe('a run of a case', () => {
  let folder: string;
  let settings: Case;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'contents-case-'));
    const file = await writeDemoWorld(folder, { rows: 12, cols: 12, hours: 30, spinUpHours: 6, stations: 12 });
    settings = loadCase(file, ['members.count=1', 'response.groups=[]']);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const make = (stages: StageName[]): Promise<unknown> => runStages(settings, { out, stages, threads: 1 });

  it.each(['simulate/prior/ACONC_winter.nc', 'simulate/member01/EMIS_winter.nc'])(
    'makes %s again before another stage reads it',
    async (name) => {
      const epoch = jest.replaceProperty(process, 'env', { ...process.env, SOURCE_DATE_EPOCH: '0' });
      await make(['simulate', 'prepare']);
      const [path, prepared] = [join(out, name), join(out, 'prepare')];
      const before = readFileSync(path);
      const sums = readRecord(prepared)!.sha256;
      flip(path);
      await make(['simulate', 'prepare']); // nothing is made, nothing is read
      expect(readFileSync(path)).not.toEqual(before);
      rmSync(prepared, { recursive: true });
      await expect(make(['prepare'])).rejects.toThrow(damaged(path));
      await make(['simulate', 'prepare']);
      expect(readFileSync(path)).toEqual(before);
      expect(readRecord(prepared)!.sha256).toEqual(sums);
      epoch.restore();
    },
    60_000,
  );

  it('is refused by a task of a job array, which makes no other stage', async () => {
    const certified = {
      ...settings,
      certificate: { ...settings.certificate, factors: [0.7], patches: { ...settings.certificate.patches, count: 0 } },
    };
    await runStages(certified, { out, stages: ['simulate', 'prepare'], threads: 1 });
    const [path] = readRecord(join(out, 'prepare'))!.products.map((product) => join(out, 'prepare', product));
    flip(path);
    await expect(runPart(certified, { run: 'NOx-x0.7', stage: 'certify' }, { out, threads: 1 })).rejects.toThrow(damaged(path));
  }, 60_000);
});
