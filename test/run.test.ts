/** A whole run through the command line on a small twin: every stage, skipping, Ctrl-C, kill -9. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhere } from './testing/describe-where';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN, winterOnly } from './testing/small-run';

// Whole runs on a machine that does other things too.
jest.setTimeout(400_000);

const STAGES = ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export', 'invert', 'apply', 'verify', 'report'];
const SETTINGS = [
  winterOnly(84, 48),
  'members.count=2',
  'response.groups=[NOx]',
  'surrogate.hidden=4',
  'surrogate.widths=[4,8,8]',
  'training.iterations=100',
  'training.checkpointEvery=5',
  'training.evaluateEvery=50',
  'certificate.onFailure=warn', // what a small network learns in 100 steps is no response to rely on
  'certificate.factors=[]',
  'certificate.patches={count: 2, cells: 2}',
  'inversion.iterations=6',
  'inversion.hoursPerDay=2',
  'inversion.checkpointEvery=1',
  'paperMode.run=false',
].flatMap((setting) => ['--set', setting]);

let folder: string;
let caseFile: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'run-'));
  caseFile = await writeDemoWorld(folder, { size: 'quick', rows: 16, cols: 16, hours: 84, spinUpHours: 48, stations: 40 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function commandLine(command: string, out: string, more: string[]): string[] {
  return [MAIN, command, caseFile, '--out', join(folder, out), '--threads', '1', ...SETTINGS, ...more];
}

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

function retroplume(command: string, out: string, ...more: string[]): Outcome {
  return spawnSync(process.execPath, commandLine(command, out, more), { encoding: 'utf8', cwd: folder });
}

/** Starts a command, calls `when` every few milliseconds and sends the signal once it is true. */
function interrupt(
  command: string,
  out: string,
  signal: NodeJS.Signals,
  when: () => boolean,
  ...more: string[]
): Promise<Outcome & { sent: boolean }> {
  const child: ChildProcess = spawn(process.execPath, commandLine(command, out, more), { cwd: folder });
  let [stdout, stderr, sent] = ['', '', false];
  child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (sent || !when()) return;
      sent = child.kill(signal);
    }, 5);
    child.on('close', (status) => {
      clearInterval(timer);
      resolve({ status, stdout, stderr, sent });
    });
  });
}

/** A copy of the finished run up to `prepare`, to train in. */
function preparedRun(name: string): string {
  for (const stage of ['simulate', 'prepare'])
    cpSync(join(folder, 'run', stage), join(folder, name, stage), { recursive: true, preserveTimestamps: true });
  return join(folder, name, 'train');
}

function weights(out: string): Buffer {
  return readFileSync(join(folder, out, 'train/weights.safetensors'));
}

function leftovers(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tmp$|checkpoint|partial/.test(name));
}

describe('a run from nothing to the report', () => {
  let first: Outcome;
  beforeAll(() => {
    first = retroplume('run', 'run', '--json', '--profile', 'trace.json');
  });

  it('ends with one JSON object that holds the figures', () => {
    expect(first.stderr).not.toMatch(/retroplume: [A-Z]/);
    expect(first.status).toBe(0);
    expect(first.stdout.trimEnd().split('\n')).toHaveLength(1);
    const result = JSON.parse(first.stdout) as Record<string, Record<string, Record<string, unknown>>>;
    const score = {
      priorMae: expect.any(Number) as number,
      updatedMae: expect.any(Number) as number,
      unit: expect.stringMatching(/^(ppb|ug m-3)$/) as string,
    };
    for (const species of ['NO2', 'SO2', 'O3', 'PM2.5']) {
      expect(result['withheld'][species]).toMatchObject(score);
      expect(result['used'][species]).toMatchObject(score);
    }
    expect(result['response']['NOx>NO2']).toMatchObject({ slope: expect.any(Number) as number, r: expect.any(Number) as number });
    expect(result['inventory']['NOx']).toMatchObject({ priorError: expect.any(Number) as number, updatedError: expect.any(Number) as number });
    for (const stage of STAGES) expect(result['seconds'][stage]).toEqual(expect.any(Number));
  });

  it('with --profile tells where the time went, and leaves a trace', () => {
    for (const row of [/^kernel +calls +seconds +share/m, /^conv2dForward +\d+ /m, /^adam +\d+ /m, /^\(outside kernels\) /m]) {
      expect(first.stderr).toMatch(row);
    }
    const { traceEvents } = JSON.parse(readFileSync(join(folder, 'trace.json'), 'utf8')) as {
      traceEvents: { ph: string; ts: number; dur: number }[];
    };
    expect(traceEvents.length).toBeGreaterThan(100);
    // All of kernels, each of which begins where the one before it has ended.
    const wrong = traceEvents.filter(({ ph, ts, dur }, i) => {
      const begin = i > 0 ? traceEvents[i - 1].ts + traceEvents[i - 1].dur - 1e-3 : 0;
      return !(ph === 'X' && dur > 0 && ts >= begin);
    });
    expect(wrong).toEqual([]);
  });

  it('refuses stages of which one lacks what it needs before it runs the first', () => {
    const own = retroplume('run', 'unfinished', '--stages', 'simulate,export');
    expect(own.stderr).toMatch(/^retroplume: STAGE_MISSING: export: the products of train are not in .*unfinished.train: run "retroplume train"/m);
    expect(own.status).toBe(2);
    expect(existsSync(join(folder, 'unfinished'))).toBe(false);

    const before = readFileSync(join(folder, 'run/evaluate/record.json'), 'utf8');
    const paper = retroplume('run', 'run', '--stages', 'evaluate', '--set', 'paperMode.run=true', '--set', 'response.groups=[SO2]');
    expect(paper.stderr).toMatch(/^retroplume: STAGE_MISSING: evaluate: the products of train are not in .*paper.train: /m);
    expect(readFileSync(join(folder, 'run/evaluate/record.json'), 'utf8')).toBe(before);
  });

  it('leaves a record per stage, and neither temporary files nor checkpoints', () => {
    for (const stage of STAGES) {
      const record = JSON.parse(readFileSync(join(folder, 'run', stage, 'record.json'), 'utf8')) as {
        products: string[];
        versions: object;
        device: string;
        hardware: string;
      };
      expect(record.versions).toHaveProperty('retroplume');
      expect(`${record.device} ${record.hardware}`).toMatch(/^(cpu (amx|avx512|avx2|baseline)|cuda:0 .+)$/);
      for (const product of record.products) expect(existsSync(join(folder, 'run', stage, product))).toBe(true);
    }
    expect(leftovers(join(folder, 'run'))).toEqual([]);
  });

  it('does nothing when run again, and only what a changed setting needs', () => {
    const again = retroplume('run', 'run');
    expect(again.status).toBe(0);
    for (const stage of STAGES) expect(again.stderr).toContain(`${stage} is up to date`);
    const changed = retroplume('run', 'run', '--set', 'inversion.iterations=3');
    expect(changed.status).toBe(0);
    expect(changed.stderr).toContain('train is up to date');
    for (const stage of ['invert', 'apply', 'verify', 'report']) expect(changed.stderr).toContain(`${stage} done`);
  });

  it('verify --json alone gives the figures too', () => {
    const { status, stdout } = retroplume('verify', 'run', '--json', '--quiet', '--set', 'inversion.iterations=3');
    expect(status).toBe(0);
    const figures = JSON.parse(stdout) as { withheld: object; response: object; seconds: object };
    expect(figures.withheld).toHaveProperty('NO2.change.relative');
    expect(figures.response).toHaveProperty(['NOx>NO2', 'slope'], expect.any(Number));
    expect(Object.keys(figures.seconds)).toEqual(['verify']);
  });

  it('scores above another cut-off without another run of the transport model', () => {
    const output = join(folder, 'run/verify/ACONC_winter.nc');
    const before = statSync(output).mtimeMs;
    const { status, stderr } = retroplume('verify', 'run', '--set', 'inversion.iterations=3', '--set', 'scores.ozoneCutoff=35');
    expect([status, stderr]).toEqual([0, expect.stringContaining('verify done')]);
    expect(statSync(output).mtimeMs).toBe(before);
  });

  // netCDF's own tool is the second reader of what we wrote; set-up installs it only where it may.
  describeWhere(!spawnSync('ncdump').error, 'no ncdump', 'what apply wrote', () => {
    it('is read by ncdump', () => {
      const updated = readdirSync(join(folder, 'run/apply')).filter((name) => name.endsWith('.nc'));
      expect(updated).toHaveLength(1);
      for (const name of updated) {
        const { status, stdout } = spawnSync('ncdump', ['-h', join(folder, 'run/apply', name)], { encoding: 'utf8' });
        expect(status).toBe(0);
        for (const variable of ['TFLAG', 'NO', 'NO2', 'NH3', 'SO2', 'VOC', 'PM25']) expect(stdout).toMatch(new RegExp(`\\b${variable}\\(TSTEP`));
      }
    });
  });
});

describe('training that is interrupted', () => {
  const untouched = (): Buffer => weights('run');

  it('ends with the same weights, bit for bit, after kill -9 at three points', async () => {
    const train = preparedRun('killed');
    const checkpoint = join(train, 'checkpoint.safetensors');
    const changes = (): number => (existsSync(checkpoint) ? statSync(checkpoint).mtimeMs : 0);
    for (const wait of [0, 37, 111]) {
      const before = changes();
      let seen = 0;
      const { sent, status } = await interrupt('train', 'killed', 'SIGKILL', () => {
        if (changes() !== before && seen === 0) seen = performance.now();
        return seen > 0 && performance.now() - seen >= wait;
      });
      expect({ sent, status }).toEqual({ sent: true, status: null });
      expect(existsSync(join(train, 'record.json'))).toBe(false);
    }
    const last = retroplume('train', 'killed');
    expect(last.stderr).toMatch(/resuming at step \d+/);
    expect(last.status).toBe(0);
    expect(weights('killed').equals(untouched())).toBe(true);
  });

  it('names its checkpoint on Ctrl-C, exits with 130 and goes on from there', async () => {
    const train = preparedRun('stopped');
    const { status, stderr } = await interrupt('train', 'stopped', 'SIGINT', () => existsSync(join(train, 'checkpoint.safetensors')));
    expect(stderr).toMatch(/retroplume: INTERRUPTED: train: .*checkpoint/);
    expect(status).toBe(130);
    const failure = join(folder, 'stopped/failure.json');
    expect(JSON.parse(readFileSync(failure, 'utf8'))).toMatchObject({ code: 'INTERRUPTED', exitCode: 130, stage: 'train', variant: 'default' });
    expect(retroplume('train', 'stopped').status).toBe(0);
    expect(existsSync(failure)).toBe(false);
    expect(weights('stopped').equals(untouched())).toBe(true);
  });

  it('goes on with other threads, and is up to date with others when it is done', async () => {
    const train = preparedRun('elsewhere');
    await interrupt('train', 'elsewhere', 'SIGKILL', () => existsSync(join(train, 'checkpoint.safetensors')));
    const { status, stderr } = retroplume('train', 'elsewhere', '--threads', '2');
    expect(stderr).toMatch(/resuming at step \d+/);
    expect(status).toBe(0);
    const trained = weights('elsewhere');
    expect(retroplume('train', 'elsewhere').stderr).toContain('train is up to date');
    expect(weights('elsewhere').equals(trained)).toBe(true);
  });

  it('lets nobody else into its folder while it runs', async () => {
    const many = ['--set', 'members.count=200']; // at work longer than another command takes to begin, on a busy machine too
    let second: Outcome | undefined;
    const tryIt = (): boolean => {
      if (existsSync(join(folder, 'shared/running.json'))) second ??= retroplume('simulate', 'shared', '--json', ...many);
      return second !== undefined;
    };
    const first = await interrupt('simulate', 'shared', 'SIGTERM', tryIt, ...many);
    expect(second!.status).toBe(2);
    expect(second!.stderr).toMatch(/^retroplume: RUN_LOCKED: .*running\.json: this run folder is in use by process \d+ on/m);
    expect((JSON.parse(second!.stdout) as { error: { code: string } }).error.code).toBe('RUN_LOCKED');
    expect(first.status).toBe(130);
    expect(existsSync(join(folder, 'shared/running.json'))).toBe(false);
  });

  it('takes the checkpoint before where the last one is damaged', async () => {
    const train = preparedRun('damaged');
    const checkpoint = join(train, 'checkpoint.safetensors');
    await interrupt('train', 'damaged', 'SIGKILL', () => existsSync(`${checkpoint}.previous`));
    writeFileSync(checkpoint, readFileSync(checkpoint).subarray(0, 1000));
    const { status, stderr } = retroplume('train', 'damaged');
    expect(stderr).toMatch(/checkpoint\.safetensors: .*cut short/);
    expect(status).toBe(0);
    expect(weights('damaged').equals(untouched())).toBe(true);
  });
});

describe('a simulation that is interrupted', () => {
  it('says so in a sentence, exits with 130, leaves nothing half-written, and goes on', async () => {
    const simulate = join(folder, 'unfinished/simulate');
    const { status, stderr } = await interrupt('simulate', 'unfinished', 'SIGINT', () => existsSync(simulate) && readdirSync(simulate).length > 0);
    expect(stderr).toMatch(/retroplume: INTERRUPTED: simulate: .*run the same command to go on/);
    expect(status).toBe(130);
    expect(readdirSync(simulate, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tmp|record\.json/.test(name))).toEqual([]);
    expect(retroplume('simulate', 'unfinished').status).toBe(0);
  });
});

describe('an inversion that is interrupted', () => {
  it('resumes after kill -9 and gives the same factors', async () => {
    const whole = retroplume('run', 'run', '--quiet');
    expect(whole.status).toBe(0);
    const factors = join(folder, 'run/invert/inversion.json');
    const expected = JSON.parse(readFileSync(factors, 'utf8')) as { history: unknown };
    for (const stage of ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export'])
      cpSync(join(folder, 'run', stage), join(folder, 'inverted', stage), { recursive: true, preserveTimestamps: true });
    const dir = join(folder, 'inverted/invert');
    const { sent, stderr } = await interrupt(
      'invert',
      'inverted',
      'SIGKILL',
      () => existsSync(dir) && readdirSync(dir).some((name) => name.startsWith('checkpoint') && !name.endsWith('.tmp')),
    );
    expect({ sent, stderr }).toMatchObject({ sent: true });
    const resumed = retroplume('invert', 'inverted');
    expect(resumed.stderr).toMatch(/resum/i);
    expect(resumed.status).toBe(0);
    expect(JSON.parse(readFileSync(join(dir, 'inversion.json'), 'utf8'))).toEqual(expected);
  });
});

describe('an inversion by ONNX Runtime', () => {
  interface Inversion {
    engine: { asked: string; used: string; seconds?: Record<string, number> };
    history: { total: number }[];
  }
  const inversion = (out: string): Inversion => JSON.parse(readFileSync(join(folder, out, 'invert/inversion.json'), 'utf8')) as Inversion;
  const invert = (engine: string): Outcome => {
    for (const stage of ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export'])
      cpSync(join(folder, 'run', stage), join(folder, engine, stage), { recursive: true, preserveTimestamps: true });
    return retroplume('invert', engine, '--set', `inversion.engine=${engine}`);
  };

  it('lowers the cost as the native program does, forward and backward', () => {
    expect(retroplume('run', 'run', '--quiet').status).toBe(0);
    expect(invert('onnx').status).toBe(0);
    const [native, onnx] = [inversion('run'), inversion('onnx')];
    expect([native.engine, onnx.engine]).toEqual([
      { asked: 'native', used: 'native' },
      { asked: 'onnx', used: 'onnx' },
    ]);
    expect(onnx.history).toHaveLength(native.history.length);
    // Float32 on both sides; steps of a quasi-Newton method amplify its rounding.
    onnx.history.forEach(({ total }, i) => expect(Math.abs(total / native.history[i].total - 1)).toBeLessThan(1e-2));
    expect(onnx.history.at(-1)!.total).toBeLessThan(onnx.history[0].total);
  });

  it('is chosen by auto where it is faster, which is told and recorded', () => {
    const { status, stderr } = invert('auto');
    expect(status).toBe(0);
    const { asked, used, seconds } = inversion('auto').engine;
    expect(asked).toBe('auto');
    expect(used).toBe(seconds!.onnx < seconds!.native ? 'onnx' : 'native');
    expect(stderr).toContain(`engine auto: ${used} is taken: for forward and adjoint of a batch native takes`);
    expect(readdirSync(join(folder, 'auto/invert'))).not.toContain('engine.json');
  });
});
