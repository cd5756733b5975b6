/** The runs of the transport model that `certify` makes itself, as the tasks of a job array make them: each by itself, before `certify`. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { NetcdfFile } from '@retroplume/native';
import { DEFAULT_CHANNELS, GROUPS } from '../../base/species';
import { loadCase, type Case } from '../../case';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { readPrepared } from '../../fields/prepared';
import { cellsOf, choosePatches } from '../../surrogate/judgement/source-patches';
import { writeDemoWorld } from '../../worlds/demo-world';
import { factorsOfRun } from '../../assimilation/judgement/certifying-run';
import { certifyingRunNames } from './certify-runs';
import { FAILURE_FILE } from '../engine/run-folder';
import { runStages } from '../run-case';
import { PRIOR } from '../../case/case-runs';
import { lockPart } from '../engine/run-lock';
import { runPart } from '../run-part';
import type { StageEvent } from '../engine/stage';
import { SMALL_TRAINING } from '../testing/small-settings';

const SETTINGS = [
  ...SMALL_TRAINING,
  'certificate.factors=[0.8]',
  'certificate.patches={count: 2, cells: 2}',
  'certificate.pairs=[{group: NOx, species: NO2}, {group: SO2, species: SO2}]',
];
const NAMES = ['NOx-x0.8', 'SO2-x0.8', 'NOx-patches2-cells2-x1.5-seed17', 'SO2-patches2-cells2-x1.5-seed17'];

let folder: string;
let caseFile: string;
let settings: Case;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'certify-runs-'));
  caseFile = await writeDemoWorld(folder, { rows: 12, cols: 12, hours: 40, spinUpHours: 6, stations: 12 });
  settings = loadCase(caseFile, SETTINGS);
  await runStages(settings, { out: at('trained'), stages: ['simulate', 'prepare', 'train'], threads: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (out: string, ...path: string[]): string => join(folder, out, ...path);

/** What was told while something ran, and which runs of the transport model were made. */
interface Told {
  runs: string[];
  kinds: string[];
  logs: string[];
}

async function told(work: (onEvent: (event: StageEvent) => void) => Promise<unknown>): Promise<Told> {
  const events: StageEvent[] = [];
  await work((event) => events.push(event));
  const labels = events.flatMap((event) => (event.kind === 'progress' ? [event.text] : [])).filter((text) => text.startsWith('transport model: '));
  return {
    runs: [...new Set(labels)].map((text) => text.replace('transport model: ', '')),
    kinds: events.map(({ kind }) => kind).filter((kind) => kind.startsWith('stage-')),
    logs: events.flatMap((event) => (event.kind === 'log' ? [event.text] : [])),
  };
}

const make = (out: string, run: string, of = settings): Promise<Told> =>
  told((onEvent) => runPart(of, { run, stage: 'certify' }, { out: at(out), threads: 1, onEvent }));
const certify = (out: string, of = settings): Promise<Told> =>
  told((onEvent) => runStages(of, { out: at(out), stages: ['evaluate', 'certify'], threads: 1, onEvent }));
const certificate = (out: string): unknown => JSON.parse(readFileSync(at(out, 'certify/certificate.json'), 'utf8'));
const copy = (from: string, to: string): void => cpSync(at(from), at(to), { recursive: true });

/** Files with concentrations, below the folders of their hashes. */
function concentrations(out: string): string[] {
  const files = readdirSync(at(out, 'certify-runs'), { recursive: true, encoding: 'utf8' });
  return files.filter((name) => /ACONC_.*\.nc$/.test(name)).sort();
}

function fieldOf(path: string, variable: string, hour: number): Float32Array {
  const file = IoapiFile.open(path);
  try {
    return file.read(variable, hour, 1);
  } finally {
    file.close();
  }
}

/** Every field of an emission file turned by 180 degrees, so that most is emitted elsewhere. */
function turn(path: string): void {
  const file = NetcdfFile.open(path, 'write');
  for (const { name, dimensions } of file.variables) {
    if (name === 'TFLAG') continue;
    const shape = dimensions.map((each) => file.dimensions.find((dimension) => dimension.name === each)!.length);
    const data = file.read<Float32Array>(name);
    const plane = shape[2] * shape[3];
    for (let first = 0; first < data.length; first += plane) data.subarray(first, first + plane).reverse();
    file.write(
      name,
      shape.map(() => 0),
      shape,
      data,
    );
  }
  file.close();
}

it('are named by the case: groups of the pairs by factors that simulate does not have, and in patches', () => {
  const named = (...more: string[]): string[] => certifyingRunNames(loadCase(caseFile, [...SETTINGS, ...more]));
  expect(named()).toEqual(NAMES);
  expect(named('certificate.patches.count=0', 'response.factor=0.8')).toEqual(['SO2-x0.8']);
  expect(certifyingRunNames({ ...settings, priorConcentrations: 'of another model' })).toEqual([]);
});

it('change one group, in the cells of their patches or everywhere', () => {
  const grid = { rows: 4, cols: 5 };
  const run = { name: '', group: 'SO2' as const, factor: 1.5, evaluated: false, output: () => '' };
  const changed = (patches?: { row: number; col: number; side: number }[]): unknown[] =>
    [...factorsOfRun({ ...run, ...(patches && { patches }) }, grid, GROUPS)].flatMap((factor, i) =>
      factor === 1 ? [] : [[Math.floor(i / 5), i % 5, factor]],
    );
  // Cells from the south-western corner, row by row; SO2 is the third of five groups.
  expect(changed([{ row: 1, col: 2, side: 2 }, { row: 3, col: 0, side: 1 }])).toEqual([7, 8, 12, 13, 15].map((cell) => [cell, 2, 1.5])); // prettier-ignore
  expect(changed()).toEqual(Array.from({ length: 20 }, (_, cell) => [cell, 2, 1.5]));
});

it('are made without a training, by themselves; certify then makes none, and finds what it would have found', async () => {
  copy('trained', 'parts');
  copy('trained', 'alone');
  rmSync(at('parts/train'), { recursive: true });
  for (const run of NAMES)
    expect(await make('parts', run)).toEqual({ runs: [`${run}, winter`, `${run}, summer`], kinds: ['stage-start', 'stage-done'], logs: [] });
  for (const run of [NAMES[0], NAMES[2]]) expect(await make('parts', run)).toEqual({ runs: [], kinds: ['stage-skipped'], logs: [] });
  // Less NOx, less NO2, where it is emitted and where the wind takes it; more in patches.
  const no2 = (file: string): number => fieldOf(file, 'NO2', 12).reduce((sum, value) => sum + value, 0);
  const prior = no2(at('parts/simulate/prior/ACONC_winter.nc'));
  const [lowered, raised] = [NAMES[0], NAMES[2]].map((run) => {
    const file = concentrations('parts').find((name) => name.includes(`${run}/`) && name.endsWith('ACONC_winter.nc'))!;
    return { folder: dirname(dirname(file)), no2: no2(at('parts/certify-runs', file)) };
  });
  expect(lowered.no2).toBeLessThan(0.98 * prior);
  expect(raised.no2).toBeGreaterThan(prior);
  expect(raised.folder).toBe(lowered.folder); // of the first period; in others patches depend on it, too
  cpSync(at('trained/train'), at('parts/train'), { recursive: true });
  expect((await certify('parts')).runs).toEqual([]);
  expect((await certify('alone')).runs).toEqual(NAMES.flatMap((run) => [`${run}, winter`, `${run}, summer`]));
  expect(concentrations('parts')).toEqual(concentrations('alone'));
  expect(certificate('parts')).toEqual(certificate('alone'));
});

it('of which files are missing are made where they are asked for, and of them only that', async () => {
  copy('trained', 'missing');
  await make('missing', NAMES[0]);
  const summer = concentrations('missing').find((path) => path.endsWith('ACONC_summer.nc'))!;
  rmSync(at('missing/certify-runs', summer));
  expect((await make('missing', NAMES[0])).runs).toEqual([`${NAMES[0]}, summer`]);
  expect((await certify('missing')).runs).toEqual(NAMES.slice(1).flatMap((run) => [`${run}, winter`, `${run}, summer`]));
});

it('stay in the period that they were made in when the case has another one less, and other members', async () => {
  copy('trained', 'fewer');
  for (const run of [NAMES[0], NAMES[2]]) await make('fewer', run);
  const files = concentrations('fewer');
  const one = loadCase(caseFile, [...SETTINGS, 'members.count=1', `periods=${JSON.stringify([settings.periods[0]])}`]);
  await runStages(one, { out: at('fewer'), stages: ['simulate', 'prepare'], threads: 1 });
  for (const run of [NAMES[0], NAMES[2]]) expect(await make('fewer', run, one)).toMatchObject({ runs: [], kinds: ['stage-skipped'] });
  expect(concentrations('fewer')).toEqual(files);
});

it('in patches follow the period by whose emissions these are placed, the others only their own', async () => {
  copy('trained', 'swapped');
  for (const run of [NAMES[0], NAMES[2]]) await make('swapped', run);
  const swapped = loadCase(caseFile, [...SETTINGS, `periods=${JSON.stringify([...settings.periods].reverse())}`]);
  await runStages(swapped, { out: at('swapped'), stages: ['simulate', 'prepare'], threads: 1 });
  expect((await make('swapped', NAMES[0], swapped)).runs).toEqual([]);
  expect((await make('swapped', NAMES[2], swapped)).runs).toEqual([`${NAMES[2]}, summer`, `${NAMES[2]}, winter`]);
});

it('made by themselves have their patches where the first period emits most, in the others too', async () => {
  const [winter, summer] = ['winter', 'summer'].map((period) => `turned/EMIS_${period}.nc`);
  copy('inputs', 'turned');
  turn(at(summer));
  const simulated = at('trained/simulate');
  const command = `f=${simulated}/{run}/ACONC_{period}.nc; test -f $f || f=${simulated}/member01/ACONC_{period}.nc; cp $f {output}`;
  const turned = loadCase(caseFile, [
    ...SETTINGS,
    'emissions.files=turned/EMIS_{period}.nc',
    `ctm={kind: command, command: "${command}", output: "*.nc"}`,
  ]);
  await runStages(turned, { out: at('placed'), stages: ['simulate', 'prepare'], threads: 1 });
  await make('placed', NAMES[2], turned);
  const { grid, runs, time } = readPrepared(at('placed/prepare'), 'winter', DEFAULT_CHANNELS, { runs: [PRIOR] });
  const { emissions } = runs.get(PRIOR)!;
  const nox = new Float64Array(grid.rows * grid.cols);
  for (let i = 0; i < emissions.length; i += GROUPS.length) nox[(i / GROUPS.length) % nox.length] += emissions[i] / time.count;
  const expected = choosePatches(nox, grid, settings.certificate.patches).flatMap((patch) => cellsOf(patch, grid));
  expect(expected.length).toBeGreaterThan(4);
  const written = readdirSync(at('placed/certify-runs'), { recursive: true, encoding: 'utf8' });
  for (const [period, given] of [
    ['winter', winter],
    ['summer', summer],
  ]) {
    const [made] = written.filter((name) => name.includes(NAMES[2]) && name.endsWith(`EMIS_${period}.nc`));
    const [own, prior] = [at('placed/certify-runs', made), at(given)].map((file) => fieldOf(file, 'NO', 0));
    const changed = [...prior.keys()].filter((cell) => Math.abs(own[cell] - prior[cell]) > 1e-6 * prior[cell]);
    // Of a cell that emits nothing then, nothing changes.
    expect(changed).toEqual(expected.filter((cell) => prior[cell] > 0).sort((a, b) => a - b));
    changed.forEach((cell) => expect(own[cell] / prior[cell]).toBeCloseTo(1.5, 5));
  }
});

it('are those of their inputs, wherever these lie and whatever the stages before have seen', async () => {
  copy('trained', 'moved');
  copy('inputs', 'elsewhere');
  await make('moved', NAMES[0]);
  const moved = loadCase(caseFile, [...SETTINGS, 'emissions.files=elsewhere/EMIS_{period}.nc', 'meteorology.files=elsewhere/METCRO2D_{period}.nc']);
  expect((await make('moved', NAMES[0], moved)).runs).toEqual([]);
  const bytes = readFileSync(at('elsewhere/EMIS_winter.nc'));
  bytes[bytes.length - 1] ^= 1; // of the last value's mantissa
  writeFileSync(at('elsewhere/EMIS_winter.nc'), bytes);
  const { runs, logs } = await make('moved', NAMES[0], moved);
  expect(runs).toEqual([`${NAMES[0]}, winter`]);
  expect(logs).toEqual([expect.stringMatching(/^made with other settings or inputs .* taken as it is: simulate/)]);
});

it.each(['ctm.options.honoRate=0', 'meteorology.format=mcip'])('of other settings are not taken (%s)', async (setting) => {
  const out = `stale-${setting}`;
  copy('trained', out);
  await make(out, NAMES[0]);
  const { runs, logs } = await make(out, NAMES[0], loadCase(caseFile, [...SETTINGS, setting]));
  expect(runs).toEqual([`${NAMES[0]}, winter`, `${NAMES[0]}, summer`]);
  expect(logs).toEqual([expect.stringMatching(/^made with other settings .* taken as it is: simulate/)]);
  expect(concentrations(out)).toHaveLength(4);
});

it("of the user's own model are read again where the case reads its files in another way, and not made again", async () => {
  const calls = at('calls');
  const simulated = at('trained/simulate');
  const command = `echo {run} >>${calls}; f=${simulated}/{run}/ACONC_{period}.nc; test -f $f || f=${simulated}/member01/ACONC_{period}.nc; cp $f {output}`;
  const by = (output: string): Case => loadCase(caseFile, [...SETTINGS, `ctm={kind: command, command: "${command}", output: "${output}"}`]);
  await runStages(by('*.nc'), { out: at('own'), stages: ['simulate', 'prepare'], threads: 1 });
  await make('own', NAMES[0], by('*.nc'));
  const made = readFileSync(calls, 'utf8');
  expect((await make('own', NAMES[0], by('*.nc'))).kinds).toEqual(['stage-skipped']);
  expect((await make('own', NAMES[0], by('ACONC_*.nc'))).kinds).toEqual(['stage-start', 'stage-done']);
  expect((await make('own', NAMES[0], by('ACONC_*.nc'))).kinds).toEqual(['stage-skipped']);
  expect(readFileSync(calls, 'utf8')).toBe(made);
});

it("of the user's own model are taken with the command for which the prior run was kept, and with no other", async () => {
  const simulated = at('trained/simulate');
  const by = (more: string): Case => {
    const command = `${more}; f=${simulated}/{run}/ACONC_{period}.nc; test -f $f || f=${simulated}/member01/ACONC_{period}.nc; cp $f {output}`;
    return loadCase(caseFile, [...SETTINGS, `ctm={kind: command, command: "${command}", output: "*.nc"}`]);
  };
  await runStages(by('echo first'), { out: at('kept'), stages: ['simulate', 'prepare'], threads: 1 });
  await make('kept', NAMES[0], by('echo first'));
  await runStages(by('echo second'), { out: at('kept'), stages: ['simulate', 'prepare'], threads: 1, changedRuns: 'keep' });
  expect((await make('kept', NAMES[0], by('echo second'))).runs).toEqual([]);
  expect((await make('kept', NAMES[0], by('echo third'))).runs).toEqual([`${NAMES[0]}, winter`, `${NAMES[0]}, summer`]);
});

it("of the user's own model that give what the prior run gave are refused, and again until they are removed", async () => {
  const simulated = at('trained/simulate');
  const answers = at('answers');
  const answer = (run: string): void => writeFileSync(answers, run);
  const command = `r=$(cat ${answers}); test -d ${simulated}/{run} && r={run}; cp ${simulated}/$r/ACONC_{period}.nc {output}`;
  const own = loadCase(caseFile, [...SETTINGS, `ctm={kind: command, command: "${command}", output: "*.nc"}`]);
  await runStages(own, { out: at('deaf'), stages: ['simulate', 'prepare'], threads: 1 });
  const ignored = {
    code: 'EMISSIONS_IGNORED',
    message: expect.stringMatching(`^${NAMES[0]}, winter: its concentrations are those of the prior`) as string,
  };
  answer('prior');
  await expect(make('deaf', NAMES[0], own)).rejects.toMatchObject(ignored);
  answer('member01');
  await expect(make('deaf', NAMES[0], own)).rejects.toMatchObject(ignored);
  const [winter] = concentrations('deaf');
  rmSync(at('deaf/certify-runs', winter));
  expect((await make('deaf', NAMES[0], own)).runs).toEqual([`${NAMES[0]}, winter`, `${NAMES[0]}, summer`]);
});

it("of the user's own model are made anew beside a prior run that was made again and gave something else", async () => {
  const simulated = at('trained/simulate');
  // A model that has been mended: the command is what it was.
  const model = at('model.sh');
  const gives = (prior: string): void => {
    const run = `[ $1 = prior ] && r=${prior} || r=$1; test -d ${simulated}/$r || r=member01`;
    writeFileSync(model, `${run}; cp ${simulated}/$r/ACONC_$2.nc $3\n`);
  };
  const own = loadCase(caseFile, [
    ...SETTINGS,
    `ctm={kind: command, command: "sh ${model} {run} {period} {output}/a.nc"}`,
    'members.count=0',
    'response.groups=[]',
    'training.differenceWeight=0',
  ]);
  const remake = async (run: string): Promise<void> => {
    gives(run);
    rmSync(at('mended/simulate/prior'), { recursive: true, force: true });
    await runStages(own, { out: at('mended'), stages: ['simulate', 'prepare'], threads: 1 });
  };
  const both = [`${NAMES[0]}, winter`, `${NAMES[0]}, summer`];
  await remake('prior');
  expect((await make('mended', NAMES[0], own)).runs).toEqual(both);
  await remake('prior');
  expect((await make('mended', NAMES[0], own)).runs).toEqual([]);
  await remake('response-NOx');
  expect((await make('mended', NAMES[0], own)).runs).toEqual(both);
  expect((await make('mended', NAMES[0], own)).runs).toEqual([]);
  await remake('prior');
  expect((await make('mended', NAMES[0], own)).runs).toEqual([]);
});

it('need what simulate and prepare leave', async () => {
  copy('trained', 'unprepared');
  rmSync(at('unprepared/prepare'), { recursive: true });
  await expect(make('unprepared', NAMES[0])).rejects.toMatchObject({
    code: 'STAGE_MISSING',
    message: expect.stringMatching(/run "retroplume prepare"/) as string,
  });
  expect(JSON.parse(readFileSync(at('unprepared', FAILURE_FILE), 'utf8'))).toMatchObject({ stage: 'certify', task: `certify-${NAMES[0]}` });
  copy('trained/prepare', 'unprepared/prepare');
  await make('unprepared', NAMES[0]);
  expect(existsSync(at('unprepared', FAILURE_FILE))).toBe(false);
});

it('are each made by one process, beside a training', async () => {
  copy('trained', 'locked');
  const releases = [lockPart(at('locked'), 'train-default'), lockPart(at('locked'), `certify-${NAMES[1]}`)];
  await make('locked', NAMES[0]);
  await expect(make('locked', NAMES[1])).rejects.toMatchObject({ code: 'RUN_LOCKED' });
  releases.forEach((release) => release());
});

it('are not made in patches of a group that is emitted nowhere, and say so', async () => {
  const { emissions, ...more } = loadCase(caseFile, [...SETTINGS, 'members.count=0', 'response.groups=[]', 'training.differenceWeight=0']);
  // As where sectors name their own groups.
  const none = { ...more, emissions: { ...emissions, groups: { ...emissions.groups, SO2: { variables: [] } } } };
  await runStages(none, { out: at('nowhere'), stages: ['simulate', 'prepare'], threads: 1 });
  const { runs, logs } = await make('nowhere', NAMES[3], none);
  expect(runs).toEqual([]);
  expect(logs).toEqual([`${NAMES[3]}: the group is emitted nowhere, so there are no patches and no run`]);
});

it('are refused by a name that the case does not have', async () => {
  await expect(make('none', 'NOx-x0.9')).rejects.toThrow(/^certify: there is no run NOx-x0\.9 to make: did you mean NOx-x0\.8\?$/);
  await expect(make('none', 'member01')).rejects.toThrow(/^certify: there is no run member01 to make: known are NOx-x0\.8, /);
  expect(existsSync(at('none'))).toBe(false);
});
