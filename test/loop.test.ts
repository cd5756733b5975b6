/** The closed loop through the command line on a small twin, with the reference model and with a program of its own as the transport model. */
import { anchorOf } from '../packages/core/src/run/inversions/loop-pass';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase } from '../packages/core/src/case';
import { chooseDevice } from '../packages/core/src/base/device';
import { stageContext, passContext } from '../packages/core/src/run/stage-context';
import { type StageContext } from '../packages/core/src/run/engine/stage';
import { setUpInversion } from '../packages/core/src/assimilation/inversion-setup';
import type { InvertSummary } from '../packages/core/src/run/inversions/run-inversion';
import type { LoopSummary } from '../packages/core/src/run/inversions/loop';
import type { SubmitResult } from '../packages/core/src/run/commands/jobs/submit-chain';
import type { StageRecord } from '../packages/core/src/run/engine/record';
import { runContext, type RunResult } from '../packages/core/src/run/run';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN, SMALL_RUN } from './testing/small-run';

// Whole runs on a machine that does other things too.
jest.setTimeout(400_000);

const SETTINGS = [
  ...SMALL_RUN,
  'training.iterations=40',
  'training.evaluateEvery=20',
  'training.checkpointEvery=1',
  'certificate.onFailure=warn', // forty steps of training teach no response
  'certificate.factors=[]',
  'certificate.patches={count: 1, cells: 2}',
  'certificate.pairs=[{group: NOx, species: NO2}]',
  'inversion.iterations=3',
  'inversion.hoursPerDay=4',
  'paperMode.run=false',
  'loop.passes=2',
  'loop.iterations=20',
  'loop.smallestGain=0', // no end before the passes that are asked for
];

let folder: string;
let caseFile: string;

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

function commandLine(command: string, out: string, settings: string[], options: string[]): string[] {
  const set = [...SETTINGS, ...settings].flatMap((setting) => ['--set', setting]);
  return [MAIN, command, caseFile, '--out', join(folder, out), '--threads', '1', ...set, ...options];
}

function retroplume(command: string, out: string, settings: string[] = [], options: string[] = []): Outcome {
  return spawnSync(process.execPath, commandLine(command, out, settings, options), { encoding: 'utf8' });
}

/** Jobs that a run would still submit; they say themselves with how many threads. */
function chainOf(out: string, settings: string[] = []): SubmitResult['jobs'] {
  const line = commandLine('run', out, [...settings, 'jobs.model.cpus=1', 'jobs.network.cpus=1'], ['--submit', 'slurm', '--dry-run', '--json']);
  const { stdout } = spawnSync(
    process.execPath,
    line.filter((arg, i) => arg !== '--threads' && line[i - 1] !== '--threads'),
    { encoding: 'utf8' },
  );
  return (JSON.parse(stdout) as SubmitResult).jobs;
}

/** Starts a run and sends SIGINT as soon as `when` is true. */
function interrupted(out: string, when: () => boolean): Promise<Outcome> {
  const child = spawn(process.execPath, commandLine('run', out, [], []));
  let [stdout, stderr, sent] = ['', '', false];
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  return new Promise((resolve) => {
    const timer = setInterval(() => void (!sent && when() && (sent = child.kill('SIGINT'))), 5);
    child.on('close', (status) => {
      clearInterval(timer);
      resolve({ status, stdout, stderr });
    });
  });
}

function loopOf(out: string): LoopSummary {
  return JSON.parse(readFileSync(join(folder, out, 'loop/loop.json'), 'utf8')) as LoopSummary;
}

function recordOf(out: string, stage: string): StageRecord {
  return JSON.parse(readFileSync(join(folder, out, stage, 'record.json'), 'utf8')) as StageRecord;
}

/** A copy of the finished run without what the loop made. */
function withoutLoop(out: string): void {
  cpSync(join(folder, 'run'), join(folder, out), { recursive: true, preserveTimestamps: true });
  for (const made of ['loop', 'pass-2', 'report']) rmSync(join(folder, out, made), { recursive: true });
}

let first: Outcome;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-loop-'));
  caseFile = await writeDemoWorld(folder, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30 });
  first = retroplume('run', 'run', [], ['--json']);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a run with a loop', () => {
  it('makes a further pass, keeps the one with the lower error at used monitors, and gives its figures', () => {
    expect(first.stderr).not.toMatch(/retroplume: [A-Z]/);
    expect(first.status).toBe(0);
    const { passes, kept, status } = loopOf('run');
    expect(passes.map(({ pass, anchor }) => [pass, anchor])).toEqual([
      [1, null],
      [2, 1],
    ]);
    expect(status).toBe('passes');
    expect(kept).toBe(passes[1].realisedError! < passes[0].realisedError! ? 2 : 1);
    const result = JSON.parse(first.stdout) as RunResult;
    const verified = recordOf('run', kept === 1 ? 'verify' : 'pass-2/verify').summary as LoopSummary;
    expect(result.withheld).toEqual(verified.withheld);
    expect(result.loop).toMatchObject({ kept, status });
    const folderOf = (stage: string): string => join(folder, 'run', kept === 1 ? stage : `pass-2/${stage}`);
    expect(readFileSync(join(folder, 'run/loop/factors.nc'))).toEqual(readFileSync(join(folderOf('invert'), 'factors.nc')));
    const { products, summary } = recordOf('run', kept === 1 ? 'apply' : 'pass-2/apply');
    expect((summary as { files: string[] }).files).toHaveLength(2);
    for (const file of ['desid/desid_winter.nml', 'desid/masks_winter.nc', 'fields/emissions_winter.nc', 'mass_budget.csv']) {
      expect(products).toContain(file);
    }
    // By whole files: jest takes minutes to tell how two large ones differ.
    const same = (file: string): boolean => readFileSync(join(folder, 'run/loop', file)).equals(readFileSync(join(folderOf('apply'), file)));
    expect(products.filter((file) => !same(file))).toEqual([]);
    expect(recordOf('run', 'loop').products).toEqual(['loop.json', 'factors.nc', ...products]);
  });

  it('gives gains by species, side and region', () => {
    const { gains } = loopOf('run').passes[1];
    for (const region of [undefined, 'south', 'north']) {
      for (const stations of ['used', 'withheld']) {
        const found = gains.filter((gain) => gain.region === region && gain.stations === stations);
        if (region === undefined) expect(found.map(({ species }) => species)).toEqual(['NO2', 'SO2', 'O3', 'PM2.5']);
        for (const { priorMae, predictedMae, realisedMae } of found) {
          for (const mae of [priorMae, predictedMae, realisedMae]) expect(mae).toBeGreaterThan(0);
        }
      }
    }
    // North and south are the whole domain: their observations add up.
    const count = (region?: string): number =>
      gains.filter((gain) => gain.region === region && gain.stations === 'used').reduce((sum, { n }) => sum + n, 0);
    expect(count('south') + count('north')).toBe(count());
  });

  it("begins the second inversion at the transport model's own run of the first pass, under the prior term of the first", () => {
    const [before, after] = ['invert', 'pass-2/invert'].map((stage) => recordOf('run', stage).summary as InvertSummary);
    const realised = loopOf('run')
      .passes[0].gains.filter(({ stations, region }) => stations === 'used' && region === undefined)
      .map(({ realisedMae }) => realisedMae!);
    after.history[0].usedMae.forEach((mae, s) => expect(mae! / realised[s]).toBeCloseTo(1, 5));
    expect(after.history[0].prior).toBe(before.history.find(({ iteration }) => iteration === before.keptIteration)!.prior);
  });

  it('trains on with the run of the first pass among the others', () => {
    expect((recordOf('run', 'pass-2/train').summary as { runs: string[] }).runs).toEqual(['prior', 'member01', 'member02', 'updated-1']);
    expect(readFileSync(join(folder, 'run/pass-2/train/surrogate.json'), 'utf8')).toBe(
      readFileSync(join(folder, 'run/train/surrogate.json'), 'utf8'),
    );
  });

  it('shows the passes in the report', () => {
    const page = readFileSync(join(folder, 'run/report/report.html'), 'utf8');
    expect(page).toContain('id="table-loop"');
    expect(page).toContain('id="table-loop-regions"');
  });

  it('does nothing when run again; a third pass leaves the second as it is', () => {
    const again = retroplume('run', 'run');
    expect(again.stderr).toContain('loop is up to date');
    expect(again.stdout).toMatch(
      /^Closed loop: all passes were made; error at used monitors .* % after pass 1, .* % after pass 2; kept: pass [12]$/m,
    );
    const more = retroplume('loop', 'run', ['loop.passes=3']);
    expect(more.status).toBe(0);
    expect(more.stderr).toContain('train (pass 2) is up to date');
    expect(more.stderr).toContain('verify (pass 2) is up to date');
    expect(more.stderr).toContain('verify (pass 3) done');
    expect(loopOf('run').passes).toHaveLength(3);
    // Nor would jobs make passes again, whichever they were anchored on, for a loop that is to end otherwise.
    const jobs = chainOf('run', ['loop.passes=3', 'loop.agreement=0.3']).filter(({ state }) => state !== 'up to date');
    expect(jobs.map(({ name }) => name)).toEqual(['report']);
    expect(retroplume('loop', 'run').status).toBe(0);
  });

  it('may be made a part at a time, as by jobs, with the same result', () => {
    withoutLoop('parts');
    const part = (pass: string, stages: string, ...settings: string[]): Outcome =>
      retroplume('run', 'parts', settings, ['--variant', pass, '--stages', stages]);
    const early = part('pass-2', 'apply,verify');
    expect(early.stderr).toMatch(/^retroplume: STAGE_MISSING: loop: the products of train are not in .*pass-2\/train: run "retroplume loop"/m);
    expect(early.status).toBe(2);
    expect(JSON.parse(readFileSync(join(folder, 'parts/failure.json'), 'utf8'))).toMatchObject({ stage: 'loop', task: 'apply-verify-pass-2' });
    const trained = part('pass-2', 'train,invert');
    expect([trained.status, trained.stderr.match(/\w+ \(pass 2\) done/g)]).toEqual([0, ['train (pass 2) done', 'invert (pass 2) done']]);
    const jobs = chainOf('parts');
    expect(jobs.map(({ name, state }) => `${name} ${state}`).slice(-4)).toEqual([
      'verify up to date',
      'pass-2 up to date',
      'verify-2 written',
      'report written',
    ]);
    // It promises less than the whole error, and predicted and realised gain of the first pass are taken as equal.
    const ended = ['loop.smallestGain=0.99', 'loop.agreement=1000'];
    expect(part('pass-2', 'apply,verify', ...ended)).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('the loop has ended: nothing to do') as string,
    });
    expect(part('pass-3', 'train,invert', ...ended, 'loop.passes=3').stderr).toContain('the loop has ended: nothing to do');
    expect(existsSync(join(folder, 'parts/pass-2/verify'))).toBe(false);
    expect(part('pass-2', 'apply,verify').stderr.match(/\w+ \(pass 2\) done/g)).toEqual(['apply (pass 2) done', 'verify (pass 2) done']);
    expect(part('pass-3', 'train,invert').stderr).toMatch(/VARIANT_UNKNOWN: run: this case has no variant pass-3: did you mean pass-2\?/);
    expect(part('pass-2', 'certify').stderr).toMatch(
      /VARIANT_STAGES: run: expected stages train or invert or apply or verify of pass-2 but received certify/,
    );
    const whole = retroplume('run', 'parts');
    expect(whole.stderr.match(/\w+ \(pass 2\) is up to date/g)).toHaveLength(4);
    expect(loopOf('parts')).toEqual(loopOf('run'));
  });

  it('leaves all else up to date when it is turned off, and says so when it is asked for all the same', () => {
    withoutLoop('off');
    const off = retroplume('run', 'off', ['loop.passes=1']);
    expect(off.status).toBe(0);
    for (const stage of ['simulate', 'train', 'invert', 'apply', 'verify']) expect(off.stderr).toContain(`${stage} is up to date`);
    expect(readFileSync(join(folder, 'off/report/report.html'), 'utf8')).not.toContain('id="table-loop"');
    const asked = retroplume('loop', 'off', ['loop.passes=1']);
    expect(asked.stderr).toMatch(/^retroplume: LOOP_OFF: .*--set loop\.passes=3$/m);
    expect(asked.status).toBe(2);
    expect(existsSync(join(folder, 'off/loop'))).toBe(false);
  });

  it('keeps what a loop has made where `loop` is called without its settings', () => {
    const before = readFileSync(join(folder, 'run/loop/record.json'), 'utf8');
    expect(retroplume('loop', 'run', ['loop.passes=1']).status).toBe(2);
    expect(readFileSync(join(folder, 'run/loop/record.json'), 'utf8')).toBe(before);
    expect(existsSync(join(folder, 'run/loop/factors.nc'))).toBe(true);
  });

  it('names what an inversion did not leave whole', () => {
    withoutLoop('broken');
    writeFileSync(join(folder, 'broken/invert/control.safetensors'), 'no tensors');
    const { status, stderr } = retroplume('loop', 'broken');
    expect(stderr).toMatch(/^retroplume: LOOP_CONTROL: .*broken\/invert\/control\.safetensors: is missing or corrupt: remove the folder/m);
    expect(status).toBe(3);
    rmSync(join(folder, 'broken/invert'), { recursive: true });
    expect(retroplume('run', 'broken').status).toBe(0);
    expect(loopOf('broken')).toEqual(loopOf('run'));
  });

  it('ends before the transport model runs where gains agree and little is promised', () => {
    withoutLoop('early');
    const settings = ['loop.smallestGain=1', 'loop.agreement=1e9', 'loop.passes=4'];
    const { status, stderr } = retroplume('loop', 'early', settings);
    expect(stderr).not.toMatch(/retroplume: [A-Z]/);
    expect(status).toBe(0);
    const { passes, status: ended, kept } = loopOf('early');
    const [, second] = passes;
    expect([ended, kept, passes.length]).toEqual(['agreed', 1, 2]);
    expect(second.realisedError).toBeNull();
    expect(existsSync(join(folder, 'early/pass-2/verify'))).toBe(false);
    // Nor are jobs submitted for what it has not made.
    const jobs = chainOf('early', settings).filter(({ state }) => state !== 'up to date');
    expect(jobs.map(({ name }) => name)).toEqual(['report']);
  });

  it('stopped by Ctrl-C in the training of a pass, goes on to the same result', async () => {
    withoutLoop('stopped');
    const stopped = await interrupted('stopped', () => existsSync(join(folder, 'stopped/pass-2/train/checkpoint.safetensors')));
    expect(stopped.stderr).toMatch(/retroplume: INTERRUPTED: train: stopped at step \d+; the checkpoint is .*pass-2\/train\/checkpoint/);
    expect(stopped.status).toBe(130);
    const resumed = retroplume('run', 'stopped');
    expect(resumed.stderr).toMatch(/resuming at step \d+/);
    expect(resumed.status).toBe(0);
    expect(loopOf('stopped')).toEqual(loopOf('run'));
  });
});

describe('with runs of the transport model that have something else changed', () => {
  const nuisance = 'inversion.nuisance.runs=[{name: inflow, options: {background.O3: 60}, spread: 0.5}]';

  it('holds in every pass the same coefficients against them: those of the prior emissions', async () => {
    withoutLoop('inflow');
    const { status, stderr } = retroplume('run', 'inflow', [nuisance]);
    expect(stderr).not.toMatch(/retroplume: [A-Z]/);
    expect(status).toBe(0);
    const settings = loadCase(caseFile, [...SETTINGS, nuisance]);
    const run = runContext(settings, join(folder, 'inflow'), chooseDevice({ device: 'cpu' }), { threads: 1 });
    /** dF/dβ of all observations; F is linear in β. */
    const coefficients = async (context: StageContext): Promise<number[]> => {
      const { model, dispose } = await setUpInversion(context, anchorOf(context));
      const { slots, rows, cols, groups } = model.shape;
      const at = (beta: number): Float64Array => new Float64Array(slots * rows * cols * groups + 1).fill(1).fill(beta, -1);
      const [zero, one] = [at(0), at(1)];
      const all: number[] = [];
      for (let batch = 0; batch < model.batches; batch++) {
        const without = await model.forward(zero, batch);
        const values = await model.forward(one, batch);
        values.forEach((value, i) => all.push(value - without[i]));
      }
      dispose();
      return all;
    };
    const first = await coefficients(stageContext(run, 'invert', 'default'));
    const second = await coefficients(passContext(run, 'invert', { number: 2, anchor: 1 }));
    expect(Math.max(...first.map(Math.abs))).toBeGreaterThan(1); // ppb of O3
    // Both are differences of sums in double precision.
    expect(Math.max(...first.map((c, i) => Math.abs(c - second[i])))).toBeLessThan(1e-9);
  });
});

describe('with a command as the transport model', () => {
  const program = join(__dirname, 'programs/reference-ctm.cjs');
  const ctm = (hours: number): string =>
    `ctm={kind: command, command: "${process.execPath} ${program} ${folder} {output} {run} {period} {start} {hours} {emissions}", output: "*.nc", timeoutHours: ${hours}}`;
  const starts = (): string[] => readFileSync(join(folder, 'ctm.log'), 'utf8').trim().split('\n');
  const trouble = (kind: string): void =>
    writeFileSync(join(folder, 'trouble.json'), JSON.stringify({ run: 'updated-pass-2', period: 'summer', kind }));
  const path = (name: string): string => join(folder, 'command/pass-2/verify', name);

  it('fails in the second pass with what the command said, by its exit code', () => {
    trouble('exit');
    const { status, stderr } = retroplume('run', 'command', [ctm(1)]);
    expect(stderr).toMatch(
      /^retroplume: CTM_COMMAND_FAILED: updated-pass-2: .* exit code 3 \("CFL number exceeded"\): see .*pass-2\/verify\/ACONC_summer\.log$/m,
    );
    expect(status).toBe(1);
    expect(starts().slice(-2)).toEqual(['updated-pass-2 winter', 'updated-pass-2 summer']);
    expect(existsSync(path('ACONC_winter.nc'))).toBe(true);
    expect(existsSync(path('ACONC_summer.nc'))).toBe(false);
    expect(existsSync(path('record.json'))).toBe(false);
  });

  it.each<[string, number, RegExp]>([
    ['missing', 1, /CTM_OUTPUT: updated-pass-2: .*left no usable output/],
    ['truncated', 1, /CTM_OUTPUT: updated-pass-2: .*left no usable output: .*CCTM_ACONC\.nc/],
    ['hang', 12 / 3600, /CTM_TIMEOUT: updated-pass-2: .*raise ctm\.timeoutHours/],
  ])('fails again with trouble of the kind %s, and runs nothing a second time but that', (kind, hours, message) => {
    trouble(kind);
    const written = statSync(path('ACONC_winter.nc')).mtimeMs;
    const before = starts().length;
    const { status, stderr } = retroplume('run', 'command', [ctm(hours)]);
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
    expect(starts().slice(before)).toEqual(['updated-pass-2 summer']);
    expect(statSync(path('ACONC_winter.nc')).mtimeMs).toBe(written);
    expect(existsSync(path('ACONC_summer.nc'))).toBe(false);
  });

  it('goes on from there, and gives what the reference model gave', () => {
    rmSync(join(folder, 'trouble.json'));
    const before = starts().length;
    const { status, stderr } = retroplume('run', 'command', [ctm(1)]);
    expect(stderr).not.toMatch(/retroplume: [A-Z]/);
    expect(status).toBe(0);
    expect(starts().slice(before)).toEqual(['updated-pass-2 summer']);
    const others = starts().filter((line) => line !== 'updated-pass-2 summer');
    expect(new Set(others).size).toBe(others.length);
    expect(loopOf('command')).toEqual(loopOf('run'));
  });

  it('does not keep a pass that made it worse: the next one starts from the one before', () => {
    cpSync(join(folder, 'command'), join(folder, 'worse'), { recursive: true, preserveTimestamps: true });
    for (const made of ['loop', 'pass-2/verify']) rmSync(join(folder, 'worse', made), { recursive: true });
    trouble('worse');
    const { status, stderr, stdout } = retroplume('loop', 'worse', [ctm(1), 'loop.passes=3'], ['--json']);
    expect(stderr).not.toMatch(/retroplume: [A-Z]/);
    expect(status).toBe(0);
    const { passes, kept } = loopOf('worse');
    expect(passes[1].realisedError).toBeGreaterThan(passes[0].realisedError!);
    expect(stderr).toMatch(/pass 2: error at used monitors .*; not kept: pass 1 has/);
    expect(passes.map(({ anchor }) => anchor)).toEqual([null, 1, 1]);
    expect(kept).toBe(passes[2].realisedError! < passes[0].realisedError! ? 3 : 1);
    expect((recordOf('worse', 'pass-3/train').summary as { runs: string[] }).runs.slice(-2)).toEqual(['updated-1', 'updated-2']);
    const variant = kept === 1 ? '' : 'pass-3/';
    expect(readFileSync(join(folder, 'worse/loop/factors.nc'))).toEqual(readFileSync(join(folder, 'worse', `${variant}invert/factors.nc`)));
    expect((JSON.parse(stdout) as RunResult).withheld).toEqual((recordOf('worse', `${variant}verify`).summary as LoopSummary).withheld);
  });
});
