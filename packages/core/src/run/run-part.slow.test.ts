/** Runs of the transport model as the tasks of a job array make them: side by side, each by itself. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase, type Case } from '../case';
import { IoapiFile } from '../files/ioapi/ioapi-file';
import { writeDemoWorld } from '../worlds/demo-world';
import { FAILURE_FILE, type Failure } from './engine/run-folder';
import { readRecord } from './engine/record';
import { runStages } from './run-case';
import { lockPart, lockRun } from './engine/run-lock';
import { independentVariants, runPart } from './run-part';
import type { StageEvent } from './engine/stage';

let folder: string;
let settings: Case;
let changed: Case;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'part-'));
  const file = await writeDemoWorld(folder, { rows: 12, cols: 12, hours: 30, spinUpHours: 6, stations: 12 });
  const small = ['members.count=2', 'response.groups=[]'];
  settings = loadCase(file, small);
  changed = loadCase(file, ['members.count=2', 'members.seed=99', 'response.groups=[]']);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (out: string, ...path: string[]): string => join(folder, out, ...path);
const concentrations = (out: string, run: string): string => at(out, 'simulate', run, 'ACONC_winter.nc');
const make = (out: string, run: string, of = settings, patience = 30_000): Promise<unknown> =>
  runPart(of, { run }, { out: at(out), threads: 1, patience });
const ozone = (out: string, run: string): Float32Array => {
  const file = IoapiFile.open(concentrations(out, run));
  try {
    return file.read('O3', 0, file.time.count);
  } finally {
    file.close();
  }
};
const failure = (out: string): Failure => JSON.parse(readFileSync(at(out, FAILURE_FILE), 'utf8')) as Failure;

describe('runs made by themselves', () => {
  it('side by side in a new folder are what simulate would make, which then only writes its record', async () => {
    await Promise.all(['prior', 'member01', 'member02', 'truth'].map((run) => make('beside', run)));
    expect(readRecord(at('beside', 'simulate'))).toBeUndefined();
    const made = statSync(concentrations('beside', 'member01')).mtimeMs;
    await runStages(settings, { out: at('beside'), stages: ['simulate'], threads: 1 });
    await runStages(settings, { out: at('together'), stages: ['simulate'], threads: 1 });
    expect(statSync(concentrations('beside', 'member01')).mtimeMs).toBe(made);
    expect(readRecord(at('beside', 'simulate'))!.key).toBe(readRecord(at('together', 'simulate'))!.key);
    expect(ozone('beside', 'member02')).toEqual(ozone('together', 'member02'));
    // Up to date as a whole: nothing is done.
    await make('beside', 'member01');
    expect(readRecord(at('beside', 'simulate'))).toBeDefined();
  });

  it('leave the cause of a failure, which the same run takes away when it is made again, and nothing else is', async () => {
    await make('failing', 'prior');
    const made = statSync(concentrations('failing', 'prior')).mtimeMs;
    writeFileSync(at('failing', 'simulate/member01'), 'in the way of a folder');
    await expect(make('failing', 'member01')).rejects.toThrow();
    expect(failure('failing')).toMatchObject({ stage: 'simulate', task: 'simulate-member01' });
    await make('failing', 'member02');
    expect(failure('failing').task).toBe('simulate-member01');
    rmSync(at('failing', 'simulate/member01'));
    await make('failing', 'member01');
    expect(existsSync(at('failing', FAILURE_FILE))).toBe(false);
    expect(statSync(concentrations('failing', 'prior')).mtimeMs).toBe(made);
  });

  it('are made anew with other settings, but not while a run with the old ones is being made', async () => {
    await make('changed', 'prior');
    await make('changed', 'member01');
    const release = lockPart(at('changed'), 'simulate-member01');
    await expect(make('changed', 'member02', changed, 0)).rejects.toThrow(/simulate-member01.*in use/);
    expect(existsSync(concentrations('changed', 'member01'))).toBe(true);
    release();
    await make('changed', 'member02', changed);
    expect(existsSync(concentrations('changed', 'member01'))).toBe(false);
    expect(existsSync(concentrations('changed', 'prior'))).toBe(true);
  });

  it('that are interrupted say so, as stages do, by which the script of a job knows to put it back into the queue', async () => {
    const abort = new AbortController();
    const onEvent = ({ kind }: StageEvent): void => void (kind === 'progress' && abort.abort());
    const stopped = runPart(settings, { run: 'prior' }, { out: at('stopped'), threads: 1, onEvent, signal: abort.signal });
    await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
    expect(failure('stopped')).toMatchObject({ code: 'INTERRUPTED', task: 'simulate-prior' });
    await make('stopped', 'prior');
    expect(existsSync(at('stopped', FAILURE_FILE))).toBe(false);
  });

  it('do not wait for a folder that is not ours', async () => {
    mkdirSync(at('foreign/simulate'), { recursive: true });
    writeFileSync(at('foreign/simulate/thesis.txt'), 'precious');
    await expect(make('foreign', 'prior')).rejects.toMatchObject({ code: 'FOLDER_NOT_OURS' });
    expect(existsSync(at('foreign/simulate/thesis.txt'))).toBe(true);
  });

  it('wait for the folder, but not for ever', async () => {
    mkdirSync(at('held'));
    const release = lockRun(at('held'));
    await expect(make('held', 'prior', settings, 0)).rejects.toThrow(/in use/);
    setTimeout(release, 400);
    await make('held', 'prior');
    expect(existsSync(concentrations('held', 'prior'))).toBe(true);
  });
});

describe('a part that a case does not have', () => {
  it('is refused, and the near one is named', async () => {
    await expect(make('none', 'member03')).rejects.toThrow(/no run member03 to make: did you mean member0[12]\?/);
    const stages = ['train'] as const;
    await expect(runPart(settings, { variant: 'surrogate-2', stages }, { out: at('none') })).rejects.toThrow(/no variant surrogate-2/);
    await expect(runPart(settings, { variant: 'default', stages: [] }, { out: at('none') })).rejects.toThrow(/received none/);
    await expect(runPart(settings, { variant: 'default', stages: ['apply'] }, { out: at('none') })).rejects.toThrow(/received apply/);
    expect(existsSync(at('none'))).toBe(false);
  });

  it('is no variant: the case says which there are', () => {
    const { inversion } = settings;
    const several = { ...settings, inversion: { ...inversion, uncertainty: { ...inversion.uncertainty, method: 'rto' as const, surrogates: 2 } } };
    expect(independentVariants({ ...settings, paperMode: { ...settings.paperMode, run: true } }, 'train')).toEqual(['default', 'paper']);
    expect(independentVariants({ ...several, paperMode: { ...settings.paperMode, run: false } }, 'train')).toEqual([
      'default',
      'surrogate-2',
      'surrogate-3',
    ]);
  });
});
