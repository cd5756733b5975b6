/** Runs of the user's own model, here a command that copies, are not removed unasked. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase, type Case } from '../../case';
import { writeScaledEmissions } from '../../inventory/scaling/scaled-emissions';
import { writeDemoWorld } from '../../worlds/demo-world';
import { submitChain } from '../commands/jobs/submit-chain';
import { runStages } from '../run-case';
import { type RunOptions } from '../run';
import { plannedWork } from '../planned-work';
import { keptOnWord } from './replaced-runs';
import { runPart } from '../run-part';
import type { StageEvent } from '../engine/stage';
import { VERSIONS } from '../../base/process';

let folder: string;
let file: string;
const SMALL = [
  'members.count=2',
  'response.groups=[]',
  'paperMode.run=false',
  'periods=[{name: winter, start: 2026-01-05T00:00:00Z, hours: 100, spinUpHours: 72}]',
];
const at = (...path: string[]): string => join(folder, ...path);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'replaced-'));
  file = await writeDemoWorld(folder, { rows: 12, cols: 12, hours: 100, spinUpHours: 72, stations: 12 });
  await runStages(loadCase(file, SMALL), { out: at('reference'), stages: ['simulate'], threads: 1 });
  await simulate(own(), 'own');
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** With the runs of the reference model as the answers, its truth where it made no run of that name. */
const own = (...more: string[]): Case => ownBy('', ...more);
const ownBy = (first: string, ...more: string[]): Case => {
  const answer = (run: string): string => `${at('reference/simulate')}/${run}/ACONC_{period}.nc`;
  const command = `${first}echo {run} >>${at('calls')}; f=${answer('{run}')}; test -f $f || f=${answer('truth')}; cp $f {output}`;
  return loadCase(file, [...SMALL, `ctm={kind: command, command: "${command}"}`, ...more]);
};
const simulate = (of: Case, out: string, changedRuns?: RunOptions['changedRuns']): Promise<unknown> =>
  runStages(of, { out: at(out), stages: ['simulate'], threads: 1, changedRuns });
const calls = (): string[] => readFileSync(at('calls'), 'utf8').trim().split('\n');
const output = (run: string): string => at('own/simulate', run, 'ACONC_winter.nc');
const refused = (why: string, runs = 2): Error =>
  expect.objectContaining({
    code: 'RUNS_REPLACED',
    message: expect.stringMatching(
      new RegExp(`^simulate: ${runs} runs of your transport model in .*own/simulate would be removed .*: ${why}: .*--changed-runs replace$`),
    ) as string,
  }) as Error;

it('only the run of which a file is damaged is made again: read again as long as the files of the command are there', async () => {
  const before = statSync(output('member02')).mtimeMs;
  const { size } = statSync(output('member01'));
  const made = calls().length;
  truncateSync(output('member01'), 100);
  await simulate(own(), 'own');
  expect(calls()).toHaveLength(made);
  expect(statSync(output('member01')).size).toBe(size);
  truncateSync(output('member01'), 100);
  rmSync(at('own/simulate/member01/ACONC_winter'), { recursive: true });
  await simulate(own(), 'own');
  expect(calls().slice(made)).toEqual(['member01']);
  expect(statSync(output('member02')).mtimeMs).toBe(before);
});

it('a prior run that came as files is made where the case brings it no more', async () => {
  const made = calls().length;
  await simulate(own('priorConcentrations=reference/simulate/prior/ACONC_{period}.nc'), 'brought');
  expect(calls().slice(made)).not.toContain('prior');
  const member = statSync(at('brought/simulate/member01/ACONC_winter.nc')).mtimeMs;
  const planned = await plannedWork(own(), { out: at('brought'), stages: ['simulate'], threads: 1 });
  expect(planned.stages).toEqual([{ stage: 'simulate', variant: 'default', state: 'kept', why: 'has not made prior/winter', runs: ['prior'] }]);
  const told: string[] = [];
  const onEvent = (event: StageEvent): unknown => event.kind === 'log' && told.push(event.text);
  await runStages(own(), { out: at('brought'), stages: ['simulate'], threads: 1, onEvent });
  expect(told).toEqual(['has not made prior/winter: simulate is run again']);
  expect(existsSync(at('brought/simulate/prior/ACONC_winter.nc'))).toBe(true);
  expect(statSync(at('brought/simulate/member01/ACONC_winter.nc')).mtimeMs).toBe(member);
});

it('other settings are refused, by themselves, as a part and as jobs, and say which', async () => {
  const changed = own('members.seed=9');
  await expect(simulate(changed, 'own')).rejects.toThrow(refused('members.seed \\d+ → 9'));
  await expect(runPart(changed, { run: 'member01' }, { out: at('own'), threads: 1 })).rejects.toThrow(refused('members.seed \\d+ → 9'));
  const submitted = submitChain(changed, { out: at('own'), dryRun: true, program: ['retroplume'] });
  await expect(submitted).rejects.toThrow(refused('members.seed \\d+ → 9'));
  await expect(simulate(loadCase(file, SMALL), 'own')).rejects.toThrow(refused('ctm.kind "command" → "reference".*', 4));
  expect(existsSync(output('member02'))).toBe(true);
  expect(existsSync(at('own/simulate/record.json'))).toBe(true);
});

it('settings that change nothing of them are not', async () => {
  const made = calls().length;
  await simulate(own('inversion.lengthKm=54'), 'own');
  expect(calls()).toHaveLength(made);
});

it('a design with more members makes those alone; with fewer it removes none, and has them when it has more again', async () => {
  const made = calls().length;
  await simulate(own('members.count=3'), 'own');
  expect(calls().slice(made)).toEqual(['member03']);
  const { mtimeMs } = statSync(output('member03'));
  await simulate(own('members.count=1'), 'own');
  await simulate(own('members.count=3', 'members.scalings=[0.5]'), 'own');
  expect(
    calls()
      .slice(made + 1)
      .sort(),
  ).toEqual(['NH3', 'NOx', 'PM2.5', 'SO2', 'VOC'].map((group) => `scaling-${group}-x0.5`));
  expect(statSync(output('member03')).mtimeMs).toBe(mtimeMs);
  await simulate(own(), 'own');
  expect(calls()).toHaveLength(made + 6);
});

it('one that was taken away and comes out otherwise is prepared anew, and it alone', async () => {
  const prepare = (): Promise<unknown> => runStages(own(), { out: at('own'), stages: ['simulate', 'prepare'], threads: 1 });
  const prepared = (): number[] => ['prior', 'member01', 'member02'].map((run) => statSync(at(`own/prepare/winter/run-${run}.nc`)).mtimeMs);
  await prepare();
  const before = prepared();
  rmSync(output('member01'));
  await prepare();
  expect(prepared()).toEqual(before);
  const answer = at('reference/simulate/member01/ACONC_winter.nc');
  const bytes = readFileSync(answer);
  cpSync(at('reference/simulate/truth/ACONC_winter.nc'), answer);
  rmSync(output('member01'));
  await prepare();
  expect(prepared().map((time, i) => time === before[i])).toEqual([true, false, true]);
  writeFileSync(answer, bytes);
  rmSync(output('member01'));
  await prepare();
});

it('other variables of their output are read from what they have left, without a question', async () => {
  const made = calls().length;
  const stages = ['simulate', 'prepare'] as const;
  const prepared = (): Buffer => readFileSync(at('own/prepare/winter/run-member01.nc'));
  const before = prepared();
  const swapped = own('concentrations.variables.SO2=NO2', 'concentrations.variables.NO2=SO2', 'ctm.output="ACONC_*.nc"');
  await runStages(swapped, { out: at('own'), stages, threads: 1 });
  expect(prepared().equals(before)).toBe(false);
  await runStages(own(), { out: at('own'), stages, threads: 1 });
  expect(prepared().equals(before)).toBe(true);
  expect(calls()).toHaveLength(made);
});

it('with another ctm.output alone they are read again, too, and once', async () => {
  const made = calls().length;
  const read: number[] = [];
  for (const files of ['*.nc', 'ACONC_*.nc', 'ACONC_*.nc', '*.nc']) {
    await simulate(own(`ctm.output="${files}"`), 'own');
    read.push(statSync(output('member01')).mtimeMs);
  }
  expect(read.map((time, i) => i > 0 && time > read[i - 1])).toEqual([false, true, false, true]);
  expect(calls()).toHaveLength(made);
});

it('another version of Retroplume makes none anew', async () => {
  const made = calls().length;
  const { retroplume } = VERSIONS;
  VERSIONS.retroplume = '99.0.0';
  try {
    await simulate(own(), 'own');
  } finally {
    VERSIONS.retroplume = retroplume;
  }
  await simulate(own(), 'own');
  expect(calls()).toHaveLength(made);
});

it('one that is damaged is made again where the design changes, too', async () => {
  await simulate(own('members.count=3'), 'own');
  const made = calls().length;
  truncateSync(output('member03'), 100);
  rmSync(at('own/simulate/member03/ACONC_winter'), { recursive: true });
  await simulate(own('members.count=4'), 'own');
  expect(calls().slice(made).sort()).toEqual(['member03', 'member04']);
  await simulate(own(), 'own');
});

it('are made anew where that is agreed to; an interrupted change of mind is refused, too', async () => {
  const made = calls().length;
  await runPart(own('members.seed=9'), { run: 'member01' }, { out: at('own'), threads: 1, changedRuns: 'replace' });
  expect(calls().slice(made)).toEqual(['member01']);
  expect(existsSync(output('member02'))).toBe(false);
  await expect(simulate(own(), 'own')).rejects.toThrow(/^simulate: 1 run of your .*: members\.seed 9 → \d+: /);
  await simulate(own('members.seed=9'), 'own');
  expect(calls().slice(made).sort()).toEqual(['member01', 'member02']);
});

it('are kept on the user’s word with another command, and noted so; not with other emissions', async () => {
  const made = calls().length;
  const set = ['members.seed=9'];
  const own = (...more: string[]): Case => ownBy('true; ', ...more);
  await expect(simulate(own(...set), 'own')).rejects.toThrow(/4 runs .*; --changed-runs keep keeps them, if they would come out the same$/);
  const other = [...set, 'members.seed=8'];
  const first = /; to keep 2 of them that would come out the same, first run with --changed-runs keep and without the changes of emissions$/;
  await expect(simulate(own(...other), 'own')).rejects.toThrow(first);
  const asked = simulate(own(...other), 'own', 'keep');
  await expect(asked).rejects.toThrow(/^simulate: 2 runs .*members\.seed 9 → 8: .* with --changed-runs replace, which makes 4 anew; to keep 2 /);
  const log: string[] = [];
  await runStages(own(...set), {
    out: at('own'),
    stages: ['simulate'],
    threads: 1,
    changedRuns: 'keep',
    onEvent: (event) => event.kind === 'log' && log.push(event.text),
  });
  expect(log.at(-1)).toBe(
    'kept on your word, though made with other settings or inputs: prior/winter, member01/winter, member02/winter, truth/winter',
  );
  await simulate(own(...set), 'own');
  expect(calls()).toHaveLength(made);
  const onWord = (settings: Case): string[] => keptOnWord({ caseSettings: settings, dirOf: (stage) => at('own', stage) });
  expect(onWord(own(...set))).toEqual(['prior/winter', 'member01/winter', 'member02/winter', 'truth/winter']);
  await simulate(own(...set, 'members.count=1'), 'own');
  expect(onWord(own(...set, 'members.count=1'))).toEqual(['prior/winter', 'member01/winter', 'truth/winter']);
});

it('are kept beside an inventory that was written anew with the same values, and not beside other values', async () => {
  const inventory = at('inputs/EMIS_winter.nc');
  const original = at('EMIS_winter.nc');
  cpSync(inventory, original);
  const write = (factorOfNOx: number): void => {
    const factors = Float32Array.from({ length: 12 * 12 * 5 }, (_, i) => (i % 5 === 0 ? factorOfNOx : 1));
    writeScaledEmissions([original], inventory, factors, own().emissions.groups, { history: `anew, NOx x${factorOfNOx}` });
  };
  try {
    await simulate(own(), 'anew');
    const made = calls();
    write(1);
    await expect(simulate(own(), 'anew')).rejects.toThrow(/: the contents of .*EMIS_winter\.nc: .*--changed-runs keep keeps them/);
    await simulate(own(), 'anew', 'keep');
    write(1.5);
    await expect(simulate(own(), 'anew', 'keep')).rejects.toMatchObject({
      code: 'RUNS_OTHER_EMISSIONS',
      message: expect.stringMatching(
        /^simulate: member01 in winter cannot be kept: its emissions are not those that it would be given now, /,
      ) as string,
    });
    expect(calls()).toEqual(made);
  } finally {
    cpSync(original, inventory);
  }
});

it('with another command alone are made anew, too, where that is agreed to', async () => {
  await simulate(own(), 'agreed');
  const made = calls().length;
  await expect(simulate(ownBy('true; '), 'agreed')).rejects.toMatchObject({ code: 'RUNS_REPLACED' });
  await simulate(ownBy('true; '), 'agreed', 'replace');
  expect(calls().slice(made)).toEqual(expect.arrayContaining(['prior', 'member01', 'member02']));
});

it.each([['members.seed=9'], ['members.seed=9', 'concentrations.variables.O3=OZONE']])(
  'those of the reference model are made anew without a question: %j',
  async (...set) => {
    const { mtimeMs } = statSync(at('reference/simulate/member02/ACONC_winter.nc'));
    await simulate(loadCase(file, [...SMALL, ...set]), 'reference');
    expect(statSync(at('reference/simulate/member02/ACONC_winter.nc')).mtimeMs).toBeGreaterThan(mtimeMs);
  },
);
