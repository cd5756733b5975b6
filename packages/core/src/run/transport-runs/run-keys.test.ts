/** Which runs of the transport model a change of the case makes anew. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase, type Case } from '../../case';
import { readGriddesc } from '../../grid/griddesc';
import { writeDemoWorld } from '../../worlds/demo-world';
import { designedFactors } from '../../transport/members';
import { canonicalJson } from '../../files/json';
import { runParts } from './run-keys';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'run-keys-'));
  file = await writeDemoWorld(folder, { rows: 12, cols: 12, hours: 100, spinUpHours: 72, stations: 12 });
  const griddesc = readFileSync(join(folder, 'inputs/GRIDDESC'), 'utf8');
  writeFileSync(join(folder, 'inputs/GRIDDESC_other'), griddesc.replace(' 12 12 ', ' 12 13 '));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WINTER = '{name: winter, start: 2026-01-05T00:00:00Z, hours: 100, spinUpHours: 72}';
const BASE = [
  `periods=[${WINTER}]`,
  'members.count=2',
  'members.perGroup=0',
  'members.scalings=[0.5]',
  'response.groups=[NOx]',
  'regions.east={rows: [1, 12], cols: [7, 12]}',
  'members.regionFactors=[{region: east, factor: 2}]',
  'inversion.nuisance.runs=[{name: lofted, spread: 1, options: {soaYield: 0.9}}]',
];
const winds = (draws: number, more = 'spread: 1'): string => `{name: winds, windErrors: {draws: ${draws}, speed: 0.1, direction: 5}, ${more}}`;
const COMMAND = 'ctm={kind: command, command: "run {emissions} {output}"}';
const caseOf = (...more: string[]): Case => loadCase(file, [...BASE, ...more]);

/** Parts of `after` that are not among those of `before`. */
function changed(before: Case, after: Case): string[] {
  const own = new Map(runParts(before).map(({ name, settings, inputs }) => [name, canonicalJson({ settings, inputs })]));
  return runParts(after).flatMap(({ name, settings, inputs }) => (own.get(name) === canonicalJson({ settings, inputs }) ? [] : [name]));
}

const MEMBERS = ['member01', 'member02'];
const SCALINGS = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'].map((group) => `scaling-${group}-x0.5`);
const ALL = ['prior', ...MEMBERS, ...SCALINGS, 'region-east-all-x2', 'response-NOx', 'truth', 'nuisance-lofted'];

it.each<[string, string[]]>([
  ['members.count=3', ['member03']],
  ['members.count=1', []],
  ['members.seed=9', MEMBERS],
  ['members.lengthKm=50', MEMBERS],
  ['members.stretchHours=50', MEMBERS],
  ['members.perGroup=1', ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'].map((group) => `member01-${group}`)],
  ['members.scalings=[0.5, 2]', SCALINGS.map((name) => name.replace('0.5', '2'))],
  ['regions.east={rows: [1, 12], cols: [6, 12]}', ['region-east-all-x2']],
  ['members.regionFactors=[{region: east, factor: 3}]', ['region-east-all-x3']],
  ['response.factor=0.5', ['response-NOx']],
  ['truth.options={soaYield: 0.9}', ['truth']],
  ['inversion.nuisance.runs=[{name: lofted, spread: 1, options: {soaYield: 0.8}}]', ['nuisance-lofted']],
  ['concentrations.variables.O3=OZONE', ALL],
  ['ctm.options={soaYield: 0.9}', ALL],
  ['meteorology.layers=2', ALL],
  ['truth.factors=inputs/other.nc', ['truth']],
  ['grid.griddesc=inputs/GRIDDESC_other', ALL],
  ['meteorology.files=inputs/METCRO2D_summer.nc', ALL],
  ['emissions.files=inputs/EMIS_summer.nc', ALL],
  ['geography.files=inputs/METCRO2D_summer.nc', ALL],
  [`periods=[${WINTER.replace('100', '99')}]`, ALL],
  [`periods=[${WINTER.replace('72', '48')}]`, []],
  ['inversion.lengthKm=54', []],
])('%s', (set, runs) => {
  expect(changed(caseOf(), caseOf(set)).sort()).toEqual(runs.map((run) => `${run}/winter`).sort());
});

it('each names the file by which it is known to be made, whichever model makes it', () => {
  const products = (...more: string[]): unknown[] => runParts(caseOf(...more)).map(({ product }) => product);
  expect(products()).toEqual(ALL.map((run) => `${run}/ACONC_winter.nc`));
});

it('are made anew for columns by the reference model, whose files have no layers, and not by a command, whose files are read again', () => {
  const COLUMNS = 'columns={NO2_column: {files: S5P.nc}}';
  const commandWith = (...keys: string[]): string => COMMAND.replace('}"}', ['}"', ...keys].join(', ') + '}');
  const noRuns = 'inversion.nuisance.runs=[]';
  const layers = 'concentrations.layers={meteorology: METCRO3D.nc}';
  expect(changed(caseOf(), caseOf(COLUMNS)).sort()).toEqual(ALL.map((run) => `${run}/winter`).sort());
  expect(changed(caseOf(COLUMNS), caseOf(COLUMNS, 'columns.NO2_column.method=replace_apriori'))).toEqual([]);
  expect(changed(caseOf(COMMAND, noRuns), caseOf(commandWith('layers: "CONC*.nc"'), noRuns, COLUMNS, layers))).toEqual([]);
  const [part] = runParts(caseOf(COLUMNS));
  expect(part).toMatchObject({ product: 'prior/ACONC_winter.nc', alongside: ['prior/LAYERS_winter.nc'] });
  expect(part.entries).toContain('prior/LAYERS_winter.nc');
  expect(runParts(caseOf())[0].alongside).toBeUndefined();
});

it('each draw of the winds is a run of its own, and more of them leave those that are there', () => {
  const drawn = (...args: Parameters<typeof winds>): Case => caseOf(`inversion.nuisance.runs=[${winds(...args)}]`);
  expect(changed(drawn(2), drawn(3, 'spread: 0.5, varies: {km: 100}'))).toEqual(['nuisance-winds-03/winter']);
  expect(changed(drawn(2), caseOf(`inversion.nuisance.runs=[${winds(2).replace('0.1', '0.2')}]`))).toEqual([
    'nuisance-winds-01/winter',
    'nuisance-winds-02/winter',
  ]);
});

it('a further period leaves the first as it is', () => {
  const before = '{name: winter2, start: 2026-01-05T00:00:00Z, hours: 72, spinUpHours: 24}';
  const both = `periods=[${WINTER}, ${before}]`;
  const files = ['meteorology', 'emissions'].map(
    (part) => `${part}.files=${String(caseOf()[part as 'meteorology'].files).replace('{period}', 'winter')}`,
  );
  const after = changed(caseOf(...files), caseOf(...files, both, `truth.factors=${caseOf().truth!.factors}`));
  expect(after.sort()).toEqual(ALL.map((run) => `${run}/winter2`).sort());
});

describe('of a command', () => {
  it('another command makes all anew, a longer time-out none', () => {
    const own = (...more: string[]): Case => caseOf(COMMAND, 'inversion.nuisance.runs=[]', ...more);
    expect(changed(own(), own('ctm.timeoutHours=1'))).toEqual([]);
    expect(changed(own(), own('ctm.name=CMAQ'))).toEqual([]);
    expect(changed(own(), own('ctm.command="other {output}"'))).toHaveLength(ALL.length - 1);
  });

  it('its emission files are those of EMISSIONS_VERSION 1: where these numbers change, it has to go up', () => {
    const settings = caseOf('members.seed=3', 'members.stretchHours=50');
    const grid = readGriddesc(settings.grid.griddesc, settings.grid.name);
    const spans = designedFactors(settings, grid, { name: 'member01', kind: 'random', index: 0 }, settings.periods[0]);
    const found = (spans as { factors: Float32Array }[]).map(({ factors }) => [0, 361, 719].map((i) => factors[i].toPrecision(5)));
    expect(found).toEqual([
      ['0.96614', '1.1662', '0.44779'],
      ['0.87246', '1.0449', '1.3171'],
    ]);
  });
});
