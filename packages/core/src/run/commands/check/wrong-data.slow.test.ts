/** Data that are wrong in their meaning, planted one by one in a case whose runs and monitors were brought: each is warned of, and nothing else. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { IoapiFile } from '../../../files/ioapi/ioapi-file';
import { IoapiWriter } from '../../../files/ioapi/ioapi-writer';
import { writeDemoWorld } from '../../../worlds/demo-world';
import { runStages } from '../../run-case';
import { checkCase } from './check-case';

jest.setTimeout(180_000);
const HOUR_MS = 3_600_000;
let world: string;
/** the same grid and hours in other weather */
let otherYear: string;
let folder: string;

interface Settings extends Record<string, unknown> {
  observations: { twin?: unknown; columns: { species: Record<string, { unit: string }> } };
  members: { count: number };
}

beforeAll(async () => {
  world = mkdtempSync(join(tmpdir(), 'wrong-data-world-'));
  otherYear = mkdtempSync(join(tmpdir(), 'wrong-data-year-'));
  await writeDemoWorld(otherYear, { size: 'quick', rows: 20, cols: 20, hours: 96, spinUpHours: 24, stations: 40, seed: 3 });
  await writeDemoWorld(world, { size: 'quick', rows: 20, cols: 20, hours: 96, spinUpHours: 24, stations: 40 });
  await runStages(join(world, 'case.yaml'), { out: join(world, 'run'), stages: ['simulate'], threads: 1 });
  const given = parse(readFileSync(join(world, 'case.yaml'), 'utf8')) as Settings;
  const { truth: _made, ctm: _model, certificate: _runs, paperMode: _paper, ...settings } = given;
  const { twin: _twin, ...observations } = given.observations;
  const names = Array.from({ length: given.members.count }, (_, i) => `member${String(i + 1).padStart(2, '0')}`);
  const brought = {
    ...settings,
    ctm: { kind: 'command', command: 'true {output}', output: 'ACONC_*.nc' },
    priorConcentrations: 'run/simulate/prior/ACONC_{period}.nc',
    members: {
      runs: names.map((name) => ({
        name,
        emissions: `run/simulate/${name}/EMIS_{period}.nc`,
        concentrations: `run/simulate/${name}/ACONC_{period}.nc`,
      })),
    },
    certificate: { factors: [], patches: { count: 0 } },
    response: { groups: [] },
    concentrations: { variables: { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' } },
    observations: { ...observations, files: 'run/simulate/observations_{period}.csv' },
  };
  writeFileSync(join(world, 'case.yaml'), stringify(brought));
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wrong-data-'));
  cpSync(world, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(() => [world, otherYear].forEach((made) => rmSync(made, { recursive: true })));

async function warnings(): Promise<string[]> {
  const { problems, warnings: found } = await checkCase(join(folder, 'case.yaml'), { out: join(folder, 'other') });
  expect(problems).toEqual([]);
  return found;
}

/** Of the case. */
function settingsWith(change: (settings: Settings) => void): void {
  const settings = parse(readFileSync(join(folder, 'case.yaml'), 'utf8')) as Settings;
  change(settings);
  writeFileSync(join(folder, 'case.yaml'), stringify(settings));
}

/** Of both seasons' observations: fields of a row behind station and time. */
function observedWith(change: (row: string[]) => string[]): void {
  for (const season of ['winter', 'summer']) {
    const path = join(folder, `run/simulate/observations_${season}.csv`);
    const [header, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n');
    writeFileSync(path, `${[header, ...rows.map((row) => change(row.split(',')).join(','))].join('\n')}\n`);
  }
}

const later = (hours: number) => (row: string[]) => [
  row[0],
  `${new Date(Date.parse(row[1]) + hours * HOUR_MS).toISOString().slice(0, 16)}Z`,
  ...row.slice(2),
];

/** Writes a gridded file again. @param change - of the values of one hour, row by row */
function fieldsWith(name: string, change: (field: Float32Array, cols: number) => Float32Array): void {
  const path = join(folder, name);
  const from = IoapiFile.open(path);
  const { grid, layers, time, variables } = from;
  const values = variables.map((variable) => from.read(variable.name, 0, time.count));
  from.close();
  const writer = IoapiWriter.create(path, { grid, layers, time, variables, attributes: { FILEDESC: '' } });
  const cells = grid.rows * grid.cols;
  variables.forEach((variable, i) => {
    const out = new Float32Array(values[i].length);
    for (let first = 0; first < out.length; first += cells) out.set(change(values[i].slice(first, first + cells), grid.cols), first);
    writer.write(variable.name, 0, out);
  });
  writer.close();
}

function turned(field: Float32Array, cols: number): Float32Array {
  const rows = field.length / cols;
  return field.map((_, cell) => field[(rows - 1 - Math.floor(cell / cols)) * cols + (cell % cols)]);
}

const onEmissions = (change: (field: Float32Array, cols: number) => Float32Array): void =>
  ['winter', 'summer'].forEach((season) => fieldsWith(`inputs/EMIS_${season}.nc`, change));

test('data that are right', async () => {
  expect(await warnings()).toEqual([]);
});

const GAS_MASS = [46.0055, 64.066, 47.998];
/** µg m-3 of 1 ppb at 0 °C, the case's state. */
const asMass = (row: string[]): string[] => [
  ...row.slice(0, 2),
  ...GAS_MASS.map((mass, i) => String((Number(row[2 + i]) * mass) / 22.414)),
  ...row.slice(5),
];

test.each<[string, () => void, RegExp]>([
  ['an hour late', () => observedWith(later(1)), /fits the run best 1 h earlier than it is dated .*labels mark the other end of the hour/],
  ['an hour early', () => observedWith(later(-1)), /fits the run best 1 h later than it is dated/],
  ['in the local time of eight hours east', () => observedWith(later(8)), /fits the run best 8 h earlier .*another zone \(observations\.timeZone\)/],
  ['nine hours late', () => observedWith(later(9)), /fits the run best 9 h earlier/],
  ['in µg m-3, called ppb', () => observedWith(asMass), /as ug m-3 read as ppb would make it/],
  [
    'in ppb, called µg m-3',
    () => settingsWith(({ observations }) => ['NO2', 'SO2', 'O3'].forEach((gas) => (observations.columns.species[gas].unit = 'ug m-3'))),
    /as ppb read as ug m-3 would make it/,
  ],
  [
    'PM2.5 in mg m-3, called µg m-3',
    () => observedWith((row) => [...row.slice(0, 5), String(Number(row[5]) / 1000)]),
    /PM2\.5: the run has \d+ times what is observed: is the unit/,
  ],
  [
    'of two stations exchanged',
    () => observedWith(([station, ...row]) => [station === 'R003' ? 'R011' : station === 'R011' ? 'R003' : station, ...row]),
    /R0(03 and R011|11 and R003) each read as the run does at the other/,
  ],
  [
    "with another year's weather",
    () =>
      ['winter', 'summer'].forEach((season) => cpSync(join(otherYear, `inputs/METCRO2D_${season}.nc`), join(folder, `inputs/METCRO2D_${season}.nc`))),
    /winds carry the prior run no better than those of other days/,
  ],
  ['with members exchanged', () => settingsWith(exchangeMembers), /the emissions of member01 go with the concentrations of member02/],
  [
    'with emissions ten times too large',
    () => onEmissions((field) => field.map((value) => 10 * value)),
    /emissions of NOx and SO2 are about .* times too large/,
  ],
  ['with the rows of the emissions turned round', () => onEmissions(turned), /lies over its emissions better with the rows of one turned round/],
])('observations, or runs: %s', async (_, plant, says) => {
  plant();
  const found = await warnings();
  expect(found.filter((text) => says.test(text)).length).toBeGreaterThan(0);
  expect(found.filter((text) => !says.test(text))).toEqual([]);
});

function exchangeMembers(settings: Settings): void {
  const { runs } = (settings as unknown as { members: { runs: { concentrations: string }[] } }).members;
  [runs[0].concentrations, runs[1].concentrations] = [runs[1].concentrations, runs[0].concentrations];
}
