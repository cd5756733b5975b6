/** A run on two processes through the command line: what they tell, how they end, and that they go on. */
import { spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { describeOnRanks, onRanks, type Launch } from './testing/on-ranks';
import { MAIN, SMALL_RUN } from './testing/small-run';

jest.setTimeout(400_000); // on a machine that does other things too

/** Whether a process runs that is not merely waiting for its parent to ask after it. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const SETTINGS = [...SMALL_RUN, 'training.iterations=120', 'training.checkpointEvery=5', 'training.evaluateEvery=60', 'paperMode.run=false'].flatMap(
  (setting) => ['--set', setting],
);

describeOnRanks('a run on two processes', () => {
  let folder: string;
  let caseFile: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mpi-'));
    caseFile = await writeDemoWorld(folder, { size: 'quick', rows: 24, cols: 24, hours: 108, spinUpHours: 72, stations: 40 });
    for (const stage of ['simulate', 'prepare']) {
      const { status, stderr } = spawnSync(process.execPath, command(stage, 'one'), { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
    }
    for (const run of ['two', 'disturbed']) cpSync(join(folder, 'one'), join(folder, run), { recursive: true, preserveTimestamps: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const command = (stage: string, out: string, ...more: string[]): string[] => [
    MAIN,
    stage,
    caseFile,
    '--out',
    join(folder, out),
    '--threads',
    '1',
    '--quiet',
    '--json',
    ...SETTINGS,
    ...more,
  ];
  const weights = (out: string): Buffer => readFileSync(join(folder, out, 'train/weights.safetensors'));

  /** Trains in a folder until there is a new checkpoint, then lets `disturb` have the launcher and its processes. */
  async function disturbed(out: string, disturb: (launcher: number, ranks: number[]) => void): Promise<Launch> {
    const checkpoint = join(folder, out, 'train/checkpoint.safetensors');
    rmSync(`${checkpoint}.previous`, { force: true });
    let timer: NodeJS.Timeout | undefined;
    let ranks: number[] = [];
    const result = await onRanks(2, command('train', out), ({ pid }: ChildProcess) => {
      timer = setInterval(() => {
        if (!existsSync(`${checkpoint}.previous`)) return;
        clearInterval(timer);
        ranks = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
        disturb(pid!, ranks);
      }, 5);
    });
    clearInterval(timer);
    // The launcher does not wait for those that it kills.
    while (ranks.some(isAlive)) await sleep(20);
    return result;
  }

  it('trains together, one of them tells what came of it, and the record says how many they were', async () => {
    const { exitCode, stdout, stderr } = await onRanks(2, command('train', 'two'));
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ out: join(folder, 'two'), seconds: { train: expect.any(Number) as number } });
    expect(JSON.parse(readFileSync(join(folder, 'two/train/record.json'), 'utf8'))).toMatchObject({ ranks: 2, threads: 1 });
    expect(readdirSync(join(folder, 'two'))).toEqual(['prepare', 'run.json', 'simulate', 'train']);
    // What is up to date for two is so for one.
    expect(spawnSync(process.execPath, command('train', 'two'), { encoding: 'utf8' }).stderr).toBe('');
    expect(weights('two').length).toBeGreaterThan(1000);
  });

  it('goes on after one of them was killed, and after a signal to one of them, to the same bits', async () => {
    const killed = await disturbed('disturbed', (_, [, second]) => process.kill(second, 'SIGKILL'));
    expect(killed.exitCode).not.toBe(0);
    const stopped = await disturbed('disturbed', (_, [, second]) => process.kill(second, 'SIGTERM'));
    expect(stopped.exitCode).toBe(130);
    expect(stopped.stderr.match(/retroplume: INTERRUPTED: train: stopped at step \d+;/g)).toHaveLength(1);
    expect(JSON.parse(readFileSync(join(folder, 'disturbed/failure.json'), 'utf8'))).toMatchObject({ code: 'INTERRUPTED', stage: 'train' });
    expect(await onRanks(2, command('train', 'disturbed'))).toMatchObject({ exitCode: 0, stderr: '' });
    expect(weights('disturbed').equals(weights('two'))).toBe(true);
  });

  it('with micro-batches makes the weights of one process', async () => {
    const micro = ['--set', 'training.microBatches=2'];
    expect(await onRanks(2, command('train', 'two', ...micro))).toMatchObject({ exitCode: 0, stderr: '' });
    expect(spawnSync(process.execPath, command('train', 'one', ...micro), { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    expect(weights('one').equals(weights('two'))).toBe(true);
  });

  it('a failure is told once and ends both with its exit code', async () => {
    const { exitCode, stdout, stderr } = await onRanks(2, command('train', 'one', '--set', 'training.batch=6'));
    expect(exitCode).toBe(2);
    expect(stderr.match(/retroplume: CASE_BATCH_RANKS: training\.batch: 6 samples/g)).toHaveLength(1);
    // When it is told to abort, Open MPI's launcher at times puts a NUL of its own before.
    expect(JSON.parse(stdout.replace(/^\0*/, ''))).toMatchObject({ error: { code: 'CASE_BATCH_RANKS' } });
  });
});
