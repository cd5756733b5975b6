/** Attempts of a command whose caller was killed: none of what they still write is taken for that of the next one. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processOf } from '../../base/process';
import { DEFAULT_CHANNELS } from '../../base/species';
import { ExternalCtm } from './external-ctm';
import { GRID, readAll, START, temporaryFolder, writeFile } from '../testing/small-case';
import { endAttemptsBelow } from './attempts';

/** The compiled modules, for a process that is killed. */
const DIST = join(__dirname, '../../../dist/transport/external');
const NAMES = ['NO2', 'SO2', 'O3', 'PM25_TOT'];
const UNITS = ['ppbV', 'ppbV', 'ppbV', 'micrograms/m**3'];

const until = async (holds: () => boolean): Promise<void> => {
  for (let look = 0; !holds(); look++) {
    if (look === 300) throw new Error(`this did not come in 15 s: ${String(holds)}`);
    await sleep(50);
  }
};

describe('an earlier attempt of a command', () => {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder.path, name);
  const emissions = (value: number): string =>
    writeFile(
      file(`${value}.nc`),
      NAMES.map((name, i) => ({ name, units: UNITS[i], value: () => value })),
    );
  const settings = { outputGlob: '*.nc', timeoutHours: 1, caseFile: '', units: DEFAULT_CHANNELS.units };
  const requestOf = (run: string, emissionFiles: string[]): { run: string; emissionFiles: string[]; output: string } => ({
    run,
    emissionFiles,
    output: file(`${run}/ACONC_winter.nc`),
  });
  const started: ChildProcess[] = [];
  afterAll(() => {
    for (const child of started) child.kill('SIGKILL');
    folder.remove();
  });

  /** One that ignores SIGTERM and, once there is a file `RUN.go`, writes other values than the next will; its caller is killed. */
  async function orphan(run: string): Promise<string> {
    const [begun, go, done] = ['begun', 'go', 'done'].map((name) => file(`${run}.${name}`));
    const command = `trap '' TERM; touch ${begun}; until [ -e ${go} ]; do sleep 0.1; done; cp {emissions} {output}/CCTM_ACONC.nc && touch ${done}; sleep 60`;
    const program = `
      const { ExternalCtm } = require('${DIST}/external-ctm.js');
      const request = ${JSON.stringify(requestOf(run, [emissions(7)]))};
      new ExternalCtm(${JSON.stringify({ ...settings, command })}).run({ ...request, period: { name: 'winter', start: new Date(0), hours: 24 } });`;
    const caller = spawn(process.execPath, ['-e', program], { stdio: 'inherit' });
    started.push(caller);
    await until(() => existsSync(begun));
    caller.kill('SIGKILL');
    return join(file(run), 'ACONC_winter.attempts');
  }

  /** The next attempt, during which the earlier one gets its word to write. @returns what is told, and the first value that it gives */
  async function next(run: string): Promise<{ told: string[]; value: number }> {
    const told: string[] = [];
    const variables = { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25_TOT' };
    const command = `cp {emissions} {output}/CCTM_ACONC.nc; touch ${file(`${run}.go`)}; for i in 1 2 3 4 5 6 7 8; do sleep 0.1; done`;
    const request = requestOf(run, [emissions(3)]);
    await new ExternalCtm({ ...settings, command, grid: GRID, variables }).run({
      ...request,
      period: { name: 'winter', start: START, hours: 24 },
      log: (text) => told.push(text),
    });
    return { told, value: readAll(request.output).get('NO2')![0] };
  }

  it('that outlives its caller is named and ended before the next begins', async () => {
    await orphan('killed');
    const { told, value } = await next('killed');
    expect(value).toBe(3);
    const said = /^killed, winter: an earlier attempt of ctm\.command \(process group (\d+), since .*\) is still at work: it is ended first$/;
    expect(told).toEqual([expect.stringMatching(said)]);
    expect(processOf(Number(said.exec(told[0])![1]))?.isEnding ?? true).toBe(true);
    expect(existsSync(file('killed.done'))).toBe(false);
    expect(readdirSync(file('killed')).sort()).toEqual(['ACONC_winter', 'ACONC_winter.log', 'ACONC_winter.nc', 'ACONC_winter.read.json']);
  }, 30_000);

  it('that may live on another node is named, and writes into a folder of its own', async () => {
    const attempts = await orphan('elsewhere');
    const [marker] = readdirSync(attempts).filter((name) => name.endsWith('.json'));
    const path = join(attempts, marker);
    const atWork = JSON.parse(readFileSync(path, 'utf8')) as { group: number };
    writeFileSync(path, JSON.stringify({ ...atWork, host: 'another-node' }));
    const { told, value } = await next('elsewhere');
    expect(value).toBe(3);
    expect(told).toEqual([expect.stringMatching(/on another-node \(since .*\) may still be at work: what it writes into .* is not read/)]);
    await until(() => existsSync(file('elsewhere.done')));
    expect(existsSync(attempts)).toBe(false);
    process.kill(-atWork.group, 'SIGKILL');
  }, 30_000);

  const atWork = (dir: string, changes: object): string => {
    const own = join(dir, 'prior/ACONC_winter.attempts/abc');
    mkdirSync(own, { recursive: true });
    writeFileSync(`${own}.json`, JSON.stringify({ host: hostname(), since: '2026', ...changes }));
    return own;
  };

  it('whose number is that of another process now is not ended', async () => {
    const innocent = spawn('sleep', ['60'], { detached: true });
    started.push(innocent);
    const own = atWork(file('reused'), { group: innocent.pid, started: '1' });
    writeFileSync(join(own, 'half.nc'), '');
    const told: string[] = [];
    await endAttemptsBelow(file('reused'), (text) => told.push(text));
    expect(told).toEqual([]);
    expect(processOf(innocent.pid!)?.isEnding).toBe(false);
    expect(readdirSync(dirname(own))).toEqual([]);
  });

  it('is ended where only what its first process had started still lives, and no group that merely has its number', async () => {
    // The shell ends at once, and leaves its child behind in its group.
    const leave = async (dir: string, variable: string): Promise<number> => {
      const shell = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!'], { detached: true, env: { ...process.env, RETROPLUME_ATTEMPT: variable } });
      const pid = await new Promise<number>((resolve) => shell.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))));
      await until(() => processOf(shell.pid!) === undefined);
      atWork(dir, { group: shell.pid, started: '1' });
      return pid;
    };
    const own = await leave(file('left'), join(file('left'), 'prior/ACONC_winter.attempts/abc'));
    const other = await leave(file('other'), '/another/run/ACONC_winter.attempts/def');
    for (const dir of ['left', 'other']) await endAttemptsBelow(file(dir), () => undefined);
    expect(processOf(own)?.isEnding ?? true).toBe(true);
    expect(processOf(other)?.isEnding).toBe(false);
    process.kill(other, 'SIGKILL');
  });

  it('that failed leaves its files until the next, which does not read them', async () => {
    const failing = new ExternalCtm({
      ...settings,
      grid: GRID,
      variables: { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25_TOT' },
      command: 'cp {emissions} {output}/half.nc; exit 3',
    });
    const request = { ...requestOf('failed', [emissions(7)]), period: { name: 'winter', start: START, hours: 24 } };
    await expect(failing.run(request)).rejects.toThrow(/exit code 3/);
    await expect(failing.run(request)).rejects.toThrow(/exit code 3/);
    const attempts = join(file('failed'), 'ACONC_winter.attempts');
    expect(existsSync(join(file('failed'), 'ACONC_winter'))).toBe(false);
    const [left, ...more] = readdirSync(attempts).filter((name) => !name.endsWith('.json'));
    expect([readdirSync(join(attempts, left)), more]).toEqual([['half.nc'], []]);
    expect((await next('failed')).value).toBe(3);
    expect(existsSync(attempts)).toBe(false);
  });
});
