/** Runs of the user's own model that have not taken their emissions are told before anything is learnt from them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CHANNELS, type Species } from '../../base/species';
import { loadCase, type Case } from '../../case';
import { GRID, HOURS, START, writeFile } from '../../transport/testing/small-case';
import { writeDemoWorld } from '../../worlds/demo-world';
import { runStages } from '../../run/run-case';
import { expectEmissionsUsed, otherEmissions, sameConcentrations } from './emissions-used';

let folder: string;
let file: string;
const SMALL = [
  'members.count=2',
  'response.groups=[]',
  'paperMode.run=false',
  'periods=[{name: winter, start: 2026-01-05T00:00:00Z, hours: 30, spinUpHours: 6}]',
];
const at = (...path: string[]): string => join(folder, ...path);
const made = (run: string): string => at('reference/simulate', run, 'ACONC_{period}.nc');
/** A model that gives what the reference model gave, for members with the emissions of this run. */
function answerMembersWith(run: string): void {
  const lines = [
    `echo "$1" >>${at('calls')}`,
    'run=$1',
    `case $1 in member*) run=${run};; esac`,
    `cp ${made('$run').replace('{period}', '$2')} "$3"`,
  ];
  writeFileSync(at('model.sh'), lines.join('\n'));
}
const calls = (): string[] => readFileSync(at('calls'), 'utf8').trim().split('\n');

function prepare(out: string, ...settings: string[]): Promise<unknown> {
  return runStages(loadCase(file, [...SMALL, ...settings]), { out: at(out), stages: ['simulate', 'prepare'], threads: 1 });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'emissions-taken-'));
  file = await writeDemoWorld(folder, { rows: 12, cols: 12, hours: 30, spinUpHours: 6, stations: 12 });
  await prepare('reference');
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a command', () => {
  const own = (...more: string[]): Promise<unknown> =>
    prepare('own', `ctm={kind: command, command: "sh ${at('model.sh')} {run} {period} {output}"}`, ...more);

  it('that runs the prior every time is stopped after the first member, whose output is kept', async () => {
    answerMembersWith('prior');
    const output = at('own/simulate/member01/ACONC_winter.nc');
    const ignored = `member01, winter: its concentrations are those of the prior run, although its emissions are others: see that the command of ctm.command has the model read {emissions} (its log is ${output.replace('.nc', '.log')}), remove ${output} and run the same command again`;
    await expect(own()).rejects.toMatchObject({ code: 'EMISSIONS_IGNORED', message: ignored });
    expect(calls()).toEqual(['prior', 'member01']);
    expect(existsSync(output)).toBe(true);
    // Which does not make it right.
    await expect(own()).rejects.toMatchObject({ code: 'EMISSIONS_IGNORED' });
    expect(calls()).toEqual(['prior', 'member01']);
  });

  it('goes on as that says once it does read them', async () => {
    answerMembersWith('$1');
    rmSync(at('own/simulate/member01/ACONC_winter.nc'));
    await own();
    expect(calls()).toEqual(['prior', 'member01', 'member01', 'member02', 'truth']);
  });

  it('may give what the prior run gave where the emissions are the same', async () => {
    answerMembersWith('prior');
    const spread = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'].map((group) => `${group}: 0`).join(', ');
    await prepare('same', `ctm={kind: command, command: "sh ${at('model.sh')} {run} {period} {output}"}`, `members.spread={${spread}}`);
    expect(existsSync(at('same/prepare/winter/run-member02.nc'))).toBe(true);
  });
});

it('a run that is brought with the concentrations of the prior run is refused', async () => {
  const run = (concentrations: string): string =>
    `members.runs=[{name: m1, emissions: "${at('reference/simulate/member01/EMIS_{period}.nc')}", concentrations: "${concentrations}"}]`;
  await expect(prepare('brought', run(made('prior')))).rejects.toMatchObject({
    code: 'EMISSIONS_IGNORED',
    message: expect.stringMatching(
      /^m1, winter: .*: give in members\.runs \(m1\) the output of the model with the emissions of that run, or/,
    ) as string,
  });
  await prepare('brought', run(made('member01')));
});

it('files of other days are told with the whole period', () => {
  const variables = Object.fromEntries(['NO2', 'SO2', 'O3', 'PM2.5'].map((name) => [name, 'O3'])) as Record<Species, string>;
  const files = [0, 24].map((later) => {
    const start = new Date(START.getTime() + later * 3600e3);
    return writeFile(at(`later${later}.nc`), [{ name: 'O3', units: 'ppbV', value: () => 40 }], { start });
  });
  const [prior, own] = files.map((file) => ({ emissions: [], concentrations: [file] }));
  const run = { name: 'm1', period: 'summer', grid: GRID, time: { start: START, stepSeconds: 3600, count: HOURS } };
  expect(() =>
    expectEmissionsUsed({ concentrations: { variables }, emissions: { groups: {} } as Case['emissions'] }, run, { changedRun: own, prior }, ''),
  ).toThrow(/later24\.nc: the period is 2026-07-06T00:00Z to 2026-07-07T06:00Z but the files hold 2026-07-07T00:00Z to 2026-07-08T06:00Z: /);
});

it('a difference is more than rounding, and a change of emissions more than no model could miss', () => {
  const field = Float32Array.from({ length: 400 }, (_, i) => 10 + Math.sin(i));
  const changed = (at: number, by: number): Float32Array => field.map((value, i) => (i === at ? value + by : value));
  expect([1e-4, 1e-2].map((by) => sameConcentrations(field, changed(17, by), 4))).toEqual([true, false]);
  // NOx, NH3, SO2, VOC, PM2.5
  expect([15, 16, 17, 18, 19].map((at) => otherEmissions(field, changed(at, 2), DEFAULT_CHANNELS))).toEqual([true, false, true, false, true]);
  expect(otherEmissions(field, changed(15, 0.5), DEFAULT_CHANNELS)).toBe(false);
  const none = new Float32Array(400);
  expect([otherEmissions(none, none, DEFAULT_CHANNELS), otherEmissions(none, changed(0, 0), DEFAULT_CHANNELS)]).toEqual([false, true]);
});
