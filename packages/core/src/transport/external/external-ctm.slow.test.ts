import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataError } from '../../base/errors';
import { Grid } from '../../grid/grid';
import type { CtmRequest } from '../ctm';
import { ExternalCtm, type ExternalCtmSettings } from './external-ctm';
import { tellsOfFiles } from './surface-collection';
import { priorRequest, settingsOf, SPECIES } from '../testing/external-runs';
import { CELLS, GRID, readAll, temporaryFolder, writeFile } from '../testing/small-case';

const FILE_SYSTEM = { type: 0, bsize: 4096, blocks: 1e6, bfree: 1e5, bavail: 1e5, files: 0, ffree: 0 };

/** The compiled modules, for a process that is killed. */
const DIST = join(__dirname, '../../../dist/transport/external');

/** Looks every 50 ms until something holds, for 4 s at most. */
const until = async (holds: () => boolean): Promise<void> => {
  for (let look = 0; !holds(); look++) {
    if (look === 80) throw new Error(`this did not come in 4 s: ${String(holds)}`);
    await sleep(50);
  }
};

describe('ExternalCtm', () => {
  const folder = temporaryFolder();
  const aconc = join(folder.path, "made by 'hand'.nc");
  const output = join(folder.path, 'prior', 'ACONC_winter.nc');
  const log = join(folder.path, 'prior', 'ACONC_winter.log');
  const requestOf = (changes: Partial<CtmRequest> = {}): CtmRequest => ({ ...priorRequest(aconc, output), ...changes });
  beforeAll(() => writeFile(aconc, SPECIES, { layers: 2 }));
  afterAll(() => folder.remove());

  it('fills in the command, keeps the log, and copies the surface in our units', async () => {
    const command = 'echo {run} {period} {start} {hours} {case} && cp {emissions} {output}/CCTM_ACONC.nc';
    await new ExternalCtm(settingsOf(command)).run(requestOf());
    expect(readFileSync(log, 'utf8')).toBe('prior winter 2026-07-06T00:00Z 24 /cases/case.yaml\n');
    const all = readAll(output);
    expect([...all.keys()]).toEqual(['NO2', 'SO2', 'O3', 'PM25_TOT']);
    expect(all.get('NO2')!.length).toBe(24 * CELLS);
    expect(all.get('NO2')![3 * CELLS + 7]).toBeCloseTo(10, 5);
    expect(all.get('O3')![0]).toBeCloseTo(40, 5);
    expect(all.get('PM25_TOT')![5]).toBe(50);
  });

  it('leaves ${NAME} and other braces to the shell', async () => {
    const command = `run=mine; echo \${run} {run} {none} && cp {emissions} {output}/`;
    await new ExternalCtm(settingsOf(command)).run(requestOf());
    expect(readFileSync(log, 'utf8')).toBe('mine prior {none}\n');
  });

  const otherGrid = (): string => writeFile(join(folder.path, 'other-grid.nc'), SPECIES, { grid: new Grid({ ...GRID.definition, xorig: 0 }) });
  const short = (): string => writeFile(join(folder.path, 'short.nc'), SPECIES, { count: 20 });
  const noOzone = (): string =>
    writeFile(
      join(folder.path, 'no-ozone.nc'),
      SPECIES.filter(({ name }) => name !== 'O3'),
    );
  const withGap = (): string =>
    writeFile(
      join(folder.path, 'gap.nc'),
      SPECIES.map((variable) => ({ ...variable, value: (hour: number) => (hour === 4 ? NaN : 1) })),
    );
  const code = (): string =>
    writeFile(
      join(folder.path, 'code.nc'),
      SPECIES.map((variable) => ({ ...variable, value: (hour: number) => (hour === 4 ? -9999 : 1) })),
    );
  const filled = (): string =>
    writeFile(
      join(folder.path, 'filled.nc'),
      SPECIES.map((variable) => (variable.name === 'O3' ? { ...variable, value: (hour: number) => (hour < 20 ? 0.04 : 0) } : variable)),
    );
  const notNetcdf = (): string => {
    writeFileSync(join(folder.path, 'text.nc'), 'no such thing');
    return join(folder.path, 'text.nc');
  };

  it.each<[string, string, () => string, string, RegExp]>([
    [
      'a command that fails',
      'echo out of memory >&2; exit 3',
      () => aconc,
      'CTM_COMMAND_FAILED',
      /prior: .* exit code 3 \("out of memory"\): see .*ACONC_winter.log/,
    ],
    [
      'a command that fails and has said more than a text can hold',
      "printf '\\nbad namelist\\n' | dd of={output}/../../ACONC_winter.log bs=1M seek=600 2>&-; exit 3",
      () => aconc,
      'CTM_COMMAND_FAILED',
      /exit code 3 \("bad namelist"\)/,
    ],
    [
      'a command that meets a full disk',
      'echo "cp: error writing: No space left on device" >&2; echo giving up; exit 1',
      () => aconc,
      'DISK_FULL',
      /prior: the command of ctm\.command ended with exit code 1, as the disk of .*ACONC_winter\.attempts.* has no room left: free some space and run again; see .*ACONC_winter\.log/,
    ],
    [
      'a command that takes no notice of a full disk',
      'echo "forrtl: severe (38): error during write, unit 11 (errno 28: No space left on device)"',
      () => aconc,
      'DISK_FULL',
      /prior: the command of ctm\.command left no usable output, as the disk/,
    ],
    [
      'a command that meets its quota',
      'echo "write: Disk quota exceeded"; exit 1',
      () => aconc,
      'DISK_QUOTA',
      /your quota on the disk of .*is used up/,
    ],
    ['a command that is killed', 'kill -9 $$', () => aconc, 'CTM_COMMAND_FAILED', /was ended by SIGKILL/],
    ['a command that is not there', 'no-such-ctm {output}', () => aconc, 'CTM_COMMAND_FAILED', /exit code 127/],
    ['no output', 'true', () => aconc, 'CTM_OUTPUT', /no file matches/],
    ['output on another grid', 'cp {emissions} {output}/', otherGrid, 'CTM_OUTPUT', /XORIG/],
    ['too few hours', 'cp {emissions} {output}/', short, 'CTM_OUTPUT', /give files that cover it/],
    ['a species missing', 'cp {emissions} {output}/', noOzone, 'CTM_OUTPUT', /there is no variable O3/],
    ['missing values', 'cp {emissions} {output}/', withGap, 'CTM_OUTPUT', /NO2 is missing or not a number.*2026-07-06T04:00Z/],
    ['codes for missing values', 'cp {emissions} {output}/', code, 'CTM_OUTPUT', /NO2: expected .* ppmV but received -9999 .*2026-07-06T04:00Z/],
    [
      'hours of zeros',
      'cp {emissions} {output}/',
      filled,
      'CTM_OUTPUT',
      /O3 \(O3\) is 0 in every cell in 4 of the 24 hours, first at 2026-07-06T20:00Z/,
    ],
    ['output that is no netCDF', 'cp {emissions} {output}/', notNetcdf, 'CTM_OUTPUT', /expected a netCDF file/],
  ])('refuses %s in one sentence that names the log, and leaves no output', async (_, command, file, code, message) => {
    const refused = requestOf({ emissionFiles: [file()], output: join(folder.path, 'refused', 'ACONC_winter.nc') });
    const failure = new ExternalCtm(settingsOf(command)).run(refused);
    const name = code.startsWith('DISK') ? 'DataError' : 'TransportError';
    await expect(failure).rejects.toMatchObject({ name, code, message: expect.stringMatching(message) as string });
    await expect(failure).rejects.toThrow(/ACONC_winter\.log/);
    expect(existsSync(refused.output) || existsSync(`${refused.output}.tmp`)).toBe(false);
  });

  it('sees by the disk itself that it is full where the command says nothing of it', async () => {
    const full = jest
      .spyOn(jest.requireActual<typeof import('node:fs')>('node:fs'), 'statfsSync')
      .mockImplementation(() => ({ ...FILE_SYSTEM, bavail: 200 }));
    const request = requestOf({ output: join(folder.path, 'silent', 'ACONC_winter.nc') });
    await expect(new ExternalCtm(settingsOf('exit 1')).run(request)).rejects.toMatchObject({ name: 'DataError', code: 'DISK_FULL' });
    full.mockImplementation(() => FILE_SYSTEM);
    await expect(new ExternalCtm(settingsOf('exit 1')).run(request)).rejects.toMatchObject({ code: 'CTM_COMMAND_FAILED' });
    full.mockRestore();
  });

  it.each(['mkdirSync', 'openSync'] as const)('says that the disk is full where it is as it begins (%s)', async (name) => {
    const full = jest.spyOn(jest.requireActual<typeof import('node:fs')>('node:fs'), name).mockImplementationOnce(() => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    const request = requestOf({ output: join(folder.path, `full-${name}`, 'ACONC_winter.nc') });
    await expect(new ExternalCtm(settingsOf('true')).run(request)).rejects.toMatchObject({ name: 'DataError', code: 'DISK_FULL' });
    full.mockRestore();
  });

  it('does not take the output of an earlier attempt for its own', async () => {
    await new ExternalCtm(settingsOf('cp {emissions} {output}/')).run(requestOf());
    await expect(new ExternalCtm(settingsOf('true')).run(requestOf())).rejects.toMatchObject({ code: 'CTM_OUTPUT' });
    expect(existsSync(output)).toBe(false);
  });

  describe('whose case reads its files in another way', () => {
    const calls = join(folder.path, 'calls');
    const command = `echo called >>'${calls}'; cp {emissions} {output}/CCTM_ACONC.nc`;
    const called = (): number => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n').length : 0);
    const variables = settingsOf('').variables;
    const asked = (name: string): CtmRequest => requestOf({ output: join(folder.path, name, 'ACONC_winter.nc') });

    it('is not run again where it had ended well and the case could not read them', async () => {
      const request = asked('mended');
      const wrong = new ExternalCtm(settingsOf(command, { variables: { ...variables, 'PM2.5': 'PM25' } }));
      await expect(wrong.run(request)).rejects.toThrow(
        /no variable PM25.*With another ctm\.output or concentrations\.variables its files are read again/,
      );
      const misplaced = new ExternalCtm(settingsOf(command, { outputGlob: '*.ncf' }));
      await expect(misplaced.run(request)).rejects.toThrow(/no file matches/);
      expect(called()).toBe(1);
      await new ExternalCtm(settingsOf(command)).run(request);
      expect(called()).toBe(1);
      expect(readAll(request.output).get('PM25_TOT')![5]).toBe(50);
    });

    it('is run again with the same case: then it was the command that was mended', async () => {
      const before = called();
      const wrong = new ExternalCtm(settingsOf(command, { variables: { ...variables, 'PM2.5': 'PM25' } }));
      for (const times of [1, 2]) {
        await expect(wrong.run(asked('again'))).rejects.toMatchObject({ code: 'CTM_OUTPUT' });
        expect(called()).toBe(before + times);
      }
    });

    it('is not run again where its files were read and the output could not be written', async () => {
      const before = called();
      const request = asked('full');
      // A folder where the output is to be written: as good as a disk that takes nothing.
      const blocked = join(folder.path, 'full/ACONC_winter.nc.tmp');
      const blocking = `mkdir -p '${blocked}/x'; ${command}`;
      await expect(new ExternalCtm(settingsOf(blocking)).run(request)).rejects.toThrow(/EISDIR/);
      for (const code of ['DISK_FULL', 'DISK_QUOTA', 'FILE_LIMIT']) expect(tellsOfFiles(new DataError(code, 'no room'))).toBe(false);
      expect(tellsOfFiles(new DataError('VARIABLE_MISSING', 'not there'))).toBe(true);
      rmSync(blocked, { recursive: true });
      await new ExternalCtm(settingsOf(blocking)).run(request);
      expect(called()).toBe(before + 1);
      expect(readAll(request.output).get('PM25_TOT')![5]).toBe(50);
    });

    it('knows which output was read as it is now, and reads another again as long as the files are there', async () => {
      const before = called();
      const request = asked('other');
      await new ExternalCtm(settingsOf(command)).run(request);
      const other = new ExternalCtm(settingsOf(command, { variables: { ...variables, 'PM2.5': { PM25_TOT: 1, PM25_TOT2: 0 } } }));
      const swapped = new ExternalCtm(settingsOf(command, { outputGlob: 'CCTM_*.nc', variables: { ...variables, NO2: 'SO2' } }));
      expect([new ExternalCtm(settingsOf('true')), other, swapped].map((ctm) => ctm.isMade(request.output))).toEqual([true, false, false]);
      // What does not fit leaves what is there, which is not taken for what was asked for.
      for (let time = 0; time < 2; time++) {
        await expect(other.run(request)).rejects.toThrow(/no variable PM25_TOT2/);
        expect([new ExternalCtm(settingsOf('true')), other].map((ctm) => ctm.isMade(request.output))).toEqual([true, false]);
      }
      expect([...readAll(request.output).keys()]).toContain('NO2');
      await swapped.run(request);
      expect([...readAll(request.output).keys()]).toEqual(['SO2', 'O3', 'PM25_TOT']);
      expect(swapped.isMade(request.output)).toBe(true);
      rmSync(join(folder.path, 'other/ACONC_winter'), { recursive: true });
      const gone = new ExternalCtm(settingsOf(command)).run(request);
      await expect(gone).rejects.toMatchObject({
        code: 'CTM_OUTPUT_GONE',
        message: expect.stringMatching(/ACONC_winter is not there any more/) as string,
      });
      expect(called()).toBe(before + 1);
    });
  });

  describe('that was killed', () => {
    const calls = join(folder.path, 'calls-before-kill');
    const command = `echo called >>'${calls}'; cp {emissions} {output}/CCTM_ACONC.nc`;
    const request = requestOf({ output: join(folder.path, 'killed', 'ACONC_winter.nc') });
    const note = join(folder.path, 'killed/ACONC_winter.read.json');
    const ctm = new ExternalCtm(settingsOf(command));
    const other = new ExternalCtm(settingsOf(command, { variables: { ...settingsOf('').variables, NO2: 'O3' }, outputGlob: 'CCTM_*.nc' }));
    /** What a kill leaves that comes while files are read. */
    const killedWhileReading = (): void => {
      const text = readFileSync(note, 'utf8');
      expect(text).toContain('"state":"read"');
      writeFileSync(note, text.replace('"read"', '"reading"'));
    };
    const hasNO2 = (): boolean => readAll(request.output).has('NO2');

    it('while its files were read, is not run again for that', async () => {
      await ctm.run(request);
      killedWhileReading();
      rmSync(request.output);
      await ctm.run(request);
      expect(readFileSync(calls, 'utf8')).toBe('called\n');
      expect(ctm.isMade(request.output)).toBe(true);
    });

    it('while they were read in another way, has made neither output until they are read again', async () => {
      await other.run(request);
      const before = readAll(request.output); // not its bytes, which say when it was written
      await ctm.run(request);
      await other.run(request);
      killedWhileReading();
      expect([ctm, other].map((each) => each.isMade(request.output))).toEqual([false, false]);
      await other.run(request);
      expect(readAll(request.output)).toEqual(before);
      killedWhileReading();
      await ctm.run(request);
      expect([ctm, other].map((each) => each.isMade(request.output))).toEqual([true, false]);
      expect(hasNO2()).toBe(true);
      expect(readFileSync(calls, 'utf8')).toBe('called\n');
    });
  });

  it('reads nothing again for other parts of a sum or the same variables for other species: all is there', async () => {
    const request = requestOf({ output: join(folder.path, 'parts', 'ACONC_winter.nc') });
    const of = (variables: Partial<ExternalCtmSettings['variables']>): ExternalCtm =>
      new ExternalCtm(
        settingsOf('cp {emissions} {output}/', { variables: { ...settingsOf('').variables, ...(variables as ExternalCtmSettings['variables']) } }),
      );
    await of({ NO2: { NO2: 1, SO2: 0.5 } }).run(request);
    rmSync(join(folder.path, 'parts/ACONC_winter'), { recursive: true });
    for (const variables of [{}, { NO2: { NO2: 1, SO2: 0.6 } }, { NO2: 'SO2', SO2: 'NO2' }]) expect(of(variables).isMade(request.output)).toBe(true);
    // In the unit of particles ozone is not there.
    for (const variables of [{ NO2: 'NO' }, { 'PM2.5': 'O3', O3: 'PM25_TOT' }]) expect(of(variables).isMade(request.output)).toBe(false);
    const ofSpecies = (variables: Record<string, string>, units: ExternalCtmSettings['units']): ExternalCtm =>
      new ExternalCtm(settingsOf('', { variables, units }));
    expect(ofSpecies({ O3: 'O3' }, { O3: 'ppb' }).isMade(request.output)).toBe(true); // the case has fewer species now
    expect(ofSpecies({ dust: 'PM25_TOT' }, { dust: 'ug m-3' }).isMade(request.output)).toBe(true);
    expect(ofSpecies({ O3: 'O3', CO: 'CO' }, { O3: 'ppb', CO: 'ppb' }).isMade(request.output)).toBe(false);
  });

  it('is not said to be at fault where our own file cannot be written, nor run again for that', async () => {
    const request = requestOf({ output: join(folder.path, 'unwritable', 'ACONC_winter.nc') });
    const ctm = new ExternalCtm(settingsOf(`cp {emissions} {output}/; mkdir {output}/../../ACONC_winter.nc`));
    await expect(ctm.run(request)).rejects.toMatchObject({ name: 'DataError', code: 'FILE_UNWRITABLE' });
    rmSync(request.output, { recursive: true });
    await new ExternalCtm(settingsOf('exit 1')).run(request);
    expect(ctm.isMade(request.output)).toBe(true);
  });

  it('ends the command and its children on a time-out and on an abort', async () => {
    const marker = join(folder.path, 'still-alive');
    const command = `(sleep 2; touch '${marker}') & sleep 30`;
    const began = Date.now();
    await expect(new ExternalCtm(settingsOf(command, { timeoutHours: 0.3 / 3600 })).run(requestOf())).rejects.toMatchObject({ code: 'CTM_TIMEOUT' });
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('stopped')), 300);
    await expect(new ExternalCtm(settingsOf(command)).run(requestOf({ signal: stop.signal }))).rejects.toThrow('stopped');
    expect(Date.now() - began).toBeLessThan(5000);
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect(existsSync(marker)).toBe(false);
  });

  it('ends with who has called it, also where that is killed', async () => {
    const [begun, ended] = ['begun', 'ended'].map((name) => join(folder.path, `orphan-${name}`));
    // Its children get the signal, too.
    const command = `sh -c "trap 'touch ${ended}; exit' TERM; touch ${begun}; while :; do sleep 0.1; done"; true`;
    const program = `
      const { ExternalCtm } = require('${DIST}/external-ctm.js');
      const settings = ${JSON.stringify({ command, outputGlob: '*', timeoutHours: 1, caseFile: '' })};
      const request = ${JSON.stringify({ run: 'prior', emissionFiles: [], output: join(folder.path, 'orphan', 'ACONC_winter.nc') })};
      new ExternalCtm(settings).run({ ...request, period: { name: 'winter', start: new Date(0), hours: 24 } });`;
    const caller = spawn(process.execPath, ['-e', program]);
    await until(() => existsSync(begun));
    caller.kill('SIGKILL');
    await until(() => existsSync(ended));
  });

  describe('within a time that no timer holds', () => {
    // Only timers stand still: the command runs.
    beforeEach(() => {
      jest.useFakeTimers({
        doNotFake: ['Date', 'hrtime', 'nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'],
      });
    });
    afterEach(() => {
      jest.useRealTimers();
    });
    const HOUR = 3600e3;

    it('lets the command run', async () => {
      const go = join(folder.path, 'go');
      const command = `until [ -e '${go}' ]; do sleep 0.05; done; cp {emissions} {output}/`;
      const ended = new ExternalCtm(settingsOf(command, { timeoutHours: 1500 })).run(requestOf());
      jest.advanceTimersByTime(1499 * HOUR);
      writeFileSync(go, '');
      await ended;
      expect(jest.getTimerCount()).toBe(0);
    });

    it('ends it after that', async () => {
      const ended = new ExternalCtm(settingsOf('sleep 30', { timeoutHours: 1500 })).run(requestOf());
      const refused = expect(ended).rejects.toMatchObject({ code: 'CTM_TIMEOUT', message: expect.stringContaining('longer than 1500 h') as string });
      await jest.advanceTimersByTimeAsync(1500 * HOUR + 20_000);
      await refused;
    });
  });

  it('waits until what the command had started has cleaned up', async () => {
    const marker = join(folder.path, 'cleaned-up');
    const script = join(folder.path, 'job.sh');
    writeFileSync(script, `trap "sleep 0.5; touch '${marker}'; exit 143" TERM\nsleep 30 &\nwait $!\n`);
    const ended = new ExternalCtm(settingsOf(`sh '${script}'; true`, { timeoutHours: 0.3 / 3600 })).run(requestOf());
    await expect(ended).rejects.toMatchObject({ code: 'CTM_TIMEOUT' });
    expect(existsSync(marker)).toBe(true);
  });

  it('has no use for factors', async () => {
    await expect(new ExternalCtm(settingsOf('true')).run(requestOf({ factors: new Float32Array(CELLS * 5) }))).rejects.toMatchObject({
      code: 'CTM_FACTORS',
    });
  });
});
