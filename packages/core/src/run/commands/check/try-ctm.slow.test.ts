import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IoapiFile } from '../../../files/ioapi/ioapi-file';
import { IoapiWriter } from '../../../files/ioapi/ioapi-writer';
import { Grid, type TimeAxis } from '../../../grid/grid';
import { checkedWorld, codes } from '../../testing/checked-world';
import { checkCase, type CheckOptions, type CheckResult } from './check-case';

const { pathOf, input } = checkedWorld();

const NAMES = ['NO2', 'SO2', 'O3', 'PM25'];

interface Shape {
  hours?: number;
  names?: string[];
  grid?: (grid: Grid) => Grid;
  factor?: number;
  period?: string;
}

/** What a run of the user's model would leave. */
function writeOutput(path: string, { hours = 24, names = NAMES, grid = (g) => g, factor = 1, period = 'winter' }: Shape = {}): string {
  const emissions = IoapiFile.open(input(`EMIS_${period}.nc`));
  emissions.close();
  const time: TimeAxis = { ...emissions.time, count: hours };
  const variables = names.map((name) => ({ name, units: name === 'PM25' ? 'ug m-3' : 'ppbV', description: name }));
  const made = grid(emissions.grid);
  const writer = IoapiWriter.create(path, { grid: made, time, layers: 1, variables });
  const cells = made.rows * made.cols;
  names.forEach((name, v) =>
    writer.write(
      name,
      0,
      Float32Array.from({ length: hours * cells }, (_, i) => factor * (10 + v + (i % 7))),
    ),
  );
  writer.close();
  return path;
}

function tryCommand(command: string, set: string[] = [], options: CheckOptions = {}): Promise<CheckResult> {
  const ctm = JSON.stringify({ kind: 'command', command, output: '*.nc' });
  return checkCase(pathOf('case.yaml'), { set: [`ctm=${ctm}`, ...set], out: pathOf('runs/new'), tryCtm: true, ...options });
}

const made = (shape?: Shape): string => writeOutput(pathOf('output.nc'), shape);

it('runs the first day of the prior, and leaves nothing behind', async () => {
  const command = `echo {run} {period} {start} {hours} > ${pathOf('told.txt')}; ls {emissions} >> ${pathOf('told.txt')}; cp ${made()} {output}/`;
  const logs: string[] = [];
  const result = await tryCommand(command, [], { onLog: (text) => logs.push(text) });
  expect(result.problems).toEqual([]);
  expect(readFileSync(pathOf('told.txt'), 'utf8')).toMatch(/^prior winter \S+T00:00Z 24\n.*EMIS_winter\.nc\n$/);
  expect(result.right.join('\n')).toMatch(/ctm\.command: made 24 hours of the prior run, winter, in /);
  expect(result.trial).toMatchObject({ period: 'winter', hours: 24, agreement: [] });
  expect(logs.join()).toMatch(/runs 24 hours of the prior, winter; its log is /);
  expect(existsSync(pathOf('runs'))).toBe(false);
});

it('keeps what lay in the run folder', async () => {
  mkdirSync(pathOf('runs/new'), { recursive: true });
  writeFileSync(pathOf('runs/new/mine.txt'), 'mine');
  expect((await tryCommand(`cp ${made()} {output}/`)).problems).toEqual([]);
  expect(readdirSync(pathOf('runs/new'))).toEqual(['mine.txt']);
});

function prior(): string[] {
  for (const period of ['winter', 'summer']) writeOutput(pathOf(`prior_${period}.nc`), { hours: 100, period });
  return [`priorConcentrations=${pathOf('prior_{period}.nc')}`];
}

it('tells how the prior run that was brought agrees', async () => {
  const same = await tryCommand(`cp ${made()} {output}/`, prior());
  expect(same.trial!.agreement.map(({ species, ratio, difference }) => [species, ratio, difference])).toEqual(
    ['NO2', 'SO2', 'O3', 'PM2.5'].map((species) => [species, 1, 0]),
  );
  expect(same.warnings.filter((text) => text.includes('command'))).toEqual([]);

  const other = await tryCommand(`cp ${made({ factor: 1.1 })} {output}/`, prior());
  expect(other.trial!.agreement[0].ratio).toBeCloseTo(1.1, 4);
  expect(other.trial!.agreement[0].r).toBeCloseTo(1, 4);
  expect(other.warnings.join('\n')).toMatch(/NO2, SO2, O3, PM2\.5 are not what the prior run has: is it the same model/);
});

const turned = (grid: Grid): Grid => new Grid({ ...grid.definition, xorig: grid.definition.xorig + 1000 });

it.each<[string, () => string, string, RegExp]>([
  ['a script that only fails', () => 'exit 1', 'CTM_COMMAND_FAILED', /exit code 1 \("first in .*"\): see .*check-try-ctm.*\.log/],
  ['a script that says why', () => 'echo no licence >&2; exit 7', 'CTM_COMMAND_FAILED', /exit code 7 \("no licence"\)/],
  ['no output file', () => 'true', 'CTM_OUTPUT', /no usable output: .*\*\.nc/],
  ['another grid', () => `cp ${made({ grid: turned })} {output}/`, 'CTM_OUTPUT', /no usable output: .*grid/],
  ['a variable less', () => `cp ${made({ names: ['NO2', 'SO2', 'PM25'] })} {output}/`, 'CTM_OUTPUT', /no usable output: .*O3/],
  ['an hour less', () => `cp ${made({ hours: 23 })} {output}/`, 'CTM_OUTPUT', /no usable output: .*2[34]/],
])('finds %s, and keeps what it left', async (_, command, code, says) => {
  const result = await tryCommand(`echo first in {output}; ${command()}`);
  expect(codes(result)).toEqual([`${code} ctm.command`]);
  expect(result.problems[0].message).toMatch(says);
  expect(result.exitCode).toBe(1);
  expect(result.trial!.folder).toBe(pathOf('runs/new/check-try-ctm'));
  expect(result.trial!.lastLines[0]).toMatch(/^first/);
  expect(readFileSync(join(result.trial!.folder!, 'prior/ACONC_winter.log'), 'utf8')).toContain('first');
  // The next trial begins anew.
  expect((await tryCommand(`cp ${made()} {output}/`)).problems).toEqual([]);
  expect(existsSync(result.trial!.folder!)).toBe(false);
});

it('ends the command when it is interrupted, and leaves nothing', async () => {
  const abort = new AbortController();
  const begun = pathOf('begun.txt');
  const trial = tryCommand(`echo $$ > ${begun}; sleep 60; : {output}`, [], { signal: abort.signal });
  const refused = expect(trial).rejects.toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
  while (!existsSync(begun) || readFileSync(begun, 'utf8') === '') await sleep(20);
  abort.abort();
  await refused;
  expect(() => process.kill(Number(readFileSync(begun, 'utf8')), 0)).toThrow('ESRCH');
  expect(existsSync(pathOf('runs'))).toBe(false);
});

it('waits until the case is right, and refuses a model that is no command', async () => {
  const broken = await tryCommand(`touch ${pathOf('ran')} {output}`, ['concentrations.variables.O3=OZON', 'emissions.groups.NH3.variables=[NONE]']);
  expect(broken.notes.join('\n')).toContain('ctm.command was not tried: mend what was found above first');
  expect(existsSync(pathOf('ran'))).toBe(false);
  const builtIn = await checkCase(pathOf('case.yaml'), { out: pathOf('runs/new'), tryCtm: true });
  expect(codes(builtIn)).toEqual(['CTM_NOT_A_COMMAND ctm.kind']);
  expect(builtIn.exitCode).toBe(2);
});

it('notes a command that is not told the hours', async () => {
  const untold = 'ctm.command does not name {hours}';
  expect((await tryCommand(`cp ${made()} {output}/`)).notes.join('\n')).toContain(untold);
  expect((await tryCommand(`cp ${made()} {output}/ # {hours}`)).notes.join('\n')).not.toContain(untold);
});
