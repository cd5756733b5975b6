/** A transport model that runs elsewhere: prior run, members and updated run come as files, and the built-in model makes none of them. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { checkCase, loadCase, plannedWork, runStages, type RunResult, type StageEvent } from '../packages/core/src';
import { createCtm } from '../packages/core/src/transport/create-ctm';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { SHORT_STAGES, SMALL_RUN, winterOnly } from './testing/small-run';

const SETTINGS = [...SMALL_RUN, ...SHORT_STAGES, winterOnly(60, 24), 'response.groups=[]'];
const brought = [
  'priorConcentrations=theirs/prior/ACONC_{period}.nc',
  `members={runs: [${['member01', 'member02'].map((name) => `{name: ${name}, emissions: "theirs/${name}/EMIS_{period}.nc", concentrations: "theirs/${name}/ACONC_{period}.nc"}`).join(', ')}]}`,
];

let folder: string;
/** without the truth that a twin has */
let caseFile: string;

function run(...settings: string[]): Promise<RunResult & { told: string[] }> {
  const told: string[] = [];
  const onEvent = (event: StageEvent): void => void (event.kind === 'log' && told.push(event.text));
  return runStages(loadCase(caseFile, [...SETTINGS, ...settings]), { out: join(folder, 'run'), threads: 1, onEvent }).then((result) => ({
    ...result,
    told,
  }));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-foreign-'));
  const twin = await writeDemoWorld(folder, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30 });
  // What another machine would have made, and real observations.
  await runStages(loadCase(twin, SETTINGS), { out: join(folder, 'elsewhere'), threads: 1, stages: ['simulate'] });
  const given = parse(readFileSync(twin, 'utf8')) as { truth?: unknown; observations: { twin?: unknown; files?: string } };
  delete given.truth;
  delete given.observations.twin;
  given.observations.files = 'elsewhere/simulate/observations_{period}.csv';
  caseFile = join(folder, 'real.yaml');
  writeFileSync(caseFile, stringify(given));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('makes no runs with a model that did not make the prior run', async () => {
  const prior = 'priorConcentrations=elsewhere/simulate/prior/ACONC_{period}.nc';
  await expect(run(prior)).rejects.toMatchObject({
    code: 'CTM_FOREIGN_PRIOR',
    message: expect.stringContaining('would make member01, member02') as string,
  });
  const { problems } = await checkCase(caseFile, { set: [...SETTINGS, prior], out: join(folder, 'run') });
  expect(problems.map(({ code, key }) => [code, key])).toEqual([['CTM_FOREIGN_PRIOR', 'ctm']]);
});

it('stops after apply for the updated run, and takes it as it comes', async () => {
  const settings = brought.map((setting) => setting.replaceAll('theirs/', 'elsewhere/simulate/'));
  await expect(run(...settings)).rejects.toMatchObject({
    code: 'UPDATED_MISSING',
    message: expect.stringMatching(
      /ctm is the reference model, which did not make it and .*: run the model that did with the emissions in .*\/apply, name its output as updatedConcentrations/,
    ) as string,
  });
  // Which could be known beforehand.
  const foreseen = async (...more: string[]): Promise<string[]> =>
    (await checkCase(caseFile, { set: [...SETTINGS, ...settings, ...more], out: join(folder, 'run') })).notes.filter((note) =>
      note.includes('verify (UPDATED'),
    );
  expect(await foreseen()).toEqual([
    expect.stringMatching(/^the run will stop at verify \(UPDATED_MISSING\): .* and ctm is the reference model, which/),
  ]);
  expect(await foreseen('updatedConcentrations=theirs/ACONC_{period}.nc')).toEqual([]);
  await expect(run(...settings, 'updatedConcentrations=elsewhere/simulate/prior/ACONC_{period}.nc')).rejects.toMatchObject({
    code: 'EMISSIONS_IGNORED',
    message: expect.stringMatching(
      /^the updated run, winter: its concentrations are those of the prior run, .*: give as updatedConcentrations the output of the model with/,
    ) as string,
  });
  // The other machine's run with what apply left.
  const twin = loadCase(join(folder, 'case.yaml'), SETTINGS);
  const [period] = twin.periods;
  mkdirSync(join(folder, 'updated'));
  const output = join(folder, 'updated/ACONC_winter.nc');
  await createCtm(twin).run({ run: 'updated', period, emissionFiles: [join(folder, 'run/apply/EMIS_winter.updated.nc')], output, threads: 1 });
  const updated = 'updatedConcentrations=updated/ACONC_{period}.nc';
  const { withheld, report, told } = await run(...settings, updated);
  expect(told.filter((text) => text.includes('older'))).toEqual([]);
  expect(withheld!.NO2!.updatedMae).toBeLessThan(2 * withheld!.NO2!.priorMae);
  expect(readFileSync(report!, 'utf8')).toContain('a model run outside Retroplume');
  // Touched, it is another file to nobody; older than the emissions, it is told.
  utimesSync(output, new Date(0), new Date(0));
  const old = await run(...settings, updated, 'withheld.seed=99');
  expect(old.told.join('\n')).toMatch(/ACONC_winter\.nc is older than the updated emissions \(.*EMIS_winter/);
});

it('sees that a run that was brought has been made again', async () => {
  const settings = loadCase(caseFile, [...SETTINGS, ...brought.map((setting) => setting.replaceAll('theirs/', 'elsewhere/simulate/'))]);
  const planned = async (): Promise<unknown[]> =>
    (await plannedWork(settings, { out: join(folder, 'run'), threads: 1, stages: ['prepare'] })).stages.map(({ state, why }) => [state, why]);
  const file = join(folder, 'elsewhere/simulate/member02/ACONC_winter.nc');
  await runStages(settings, { out: join(folder, 'run'), threads: 1, stages: ['simulate', 'prepare'] });
  const prepared = (run: string): number => statSync(join(folder, `run/prepare/winter/run-${run}.nc`)).mtimeMs;
  const before = ['prior', 'member01', 'member02'].map(prepared);
  expect(await planned()).toEqual([['up to date', undefined]]);
  const bytes = readFileSync(file);
  copyFileSync(join(folder, 'elsewhere/simulate/member01/ACONC_winter.nc'), file);
  expect(await planned()).toEqual([['kept', `the contents of ${file}`]]);
  await runStages(settings, { out: join(folder, 'run'), threads: 1, stages: ['prepare'] });
  const after = ['prior', 'member01', 'member02'].map(prepared);
  expect(after.map((time, i) => time === before[i])).toEqual([true, true, false]);
  writeFileSync(file, bytes);
});

it.each([
  ['updatedConcentrations=a.nc', /the prior run is made here and the updated one is not/],
  ['paperMode.run=true', /the paper's mode beside would need a run of its own/],
])('refuses %s', (setting, sentence) => {
  const given = [...SETTINGS, 'updatedConcentrations=b.nc', ...(setting.startsWith('paper') ? [brought[0]] : []), setting];
  expect(() => loadCase(caseFile, given)).toThrow(sentence);
});
