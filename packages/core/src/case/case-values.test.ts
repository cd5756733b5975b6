import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../base/errors';
import { loadCase } from './index';
import { TINY_CASE } from './testing/tiny-case';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'case-values-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is said about the tiny case with a change; nothing if it is taken. */
function said(from: string, to: string): string {
  const path = join(folder, 'case.yaml');
  expect(TINY_CASE).toContain(from);
  writeFileSync(path, TINY_CASE.replace(from, to));
  try {
    loadCase(path);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
}

test.each(['2026-02-29T00', '2026-02-30T00', '2026-04-31T12', '2026-01-05T24', '2026-00-01T00'])('a start that does not exist: %s', (start) => {
  const message = said('2026-01-05T00:00:00Z', `${start}:00:00Z`);
  expect(message).toBe(`${join(folder, 'case.yaml')}:4: periods.0.start: expected a date and hour that exist but received "${start}:00:00Z"`);
});

test.each(['2024-02-29T00:00:00Z', '2026-12-31T23:00:00.000Z'])('a start that exists: %s', (start) => {
  expect(said('2026-01-05T00:00:00Z', start)).toBe('');
});

test('parts of a sum: refused of the reference model, taken of runs that another model made', () => {
  const sum = 'concentrations: { variables: { PM2.5: { ASO4J: 1, AECJ: 1 } } }\ntruth:';
  expect(said('truth:', sum)).toContain(
    'variables.PM2.5: the reference model writes PM2.5 itself and no parts of it: give one name, your own model in ctm, or its',
  );
  expect(said('truth:', `priorConcentrations: ACONC_{period}.nc\n${sum}`)).toBe('');
});

test('a name of figures alone, which YAML takes for a number', () => {
  const sentence = 'periods.0.name: expected text but received 2301: write it between quotes, or YAML takes it for a number';
  expect(said('name: winter', 'name: 2301')).toContain(sentence);
});

const COLUMNS = '  columns: { station: s, time: t, species: { NO2: { column: a, unit: ppb }, O3: { column: a, unit: ppb } } }\n  files: o.csv';

test.each([
  ['[NO, NO2]', '[NO, NO2, NO]', 'emissions.groups.NOx.variables.2: NO stands here twice and would count twice: keep it in one place'],
  ['[NH3]', '[NH3, NO]', 'emissions.groups.NH3.variables.1: NO is in NOx and NH3, so it has no one factor: keep it in one place'],
  [
    'truth:',
    'concentrations: { variables: { NO2: O3 } }\ntruth:',
    'concentrations.variables.O3: the variable O3 is that of NO2, too: give each species its own',
  ],
  ['  twin: {}', COLUMNS, 'observations.columns.species.O3: the column a is that of NO2, too: give each species its own'],
  [
    'emissions:\n',
    'emissions:\n  sectors: { power: { files: p.nc, groups: { SO2: { variables: [SO2, SO2] } } } }\n',
    'emissions.sectors.power.groups.SO2.variables.1: SO2 stands here twice',
  ],
])('a variable that stands for two things: %s → %s', (from, to, sentence) => {
  expect(said(from, to)).toContain(sentence);
});

test.each([
  ['response: { groups: [NOx, SO2, NOx] }', 'response.groups: NOx is named twice: remove one'],
  ['certificate: { factors: [0.8, 1.2, 0.80] }', 'certificate.factors: 0.8 is named twice: remove one'],
  ['inversion: { groups: [NOx, NOx] }', 'inversion.groups: NOx is named twice: name each group once'],
  [
    'regions: { a: { rows: [0, 3], cols: [0, 3] } }\ninversion: { regionSpread: [{ region: a, group: NOx, factor: 2 }, { region: a, group: NOx, factor: 3 }] }',
    'inversion.regionSpread: NOx in a has two factors, which would be multiplied: keep one',
  ],
  [
    'inversion: { factorCorrelation: { groups: [{ groups: [SO2, NOx], value: 0.3 }, { groups: [NOx, SO2], value: 0.6 }] } }',
    'inversion.factorCorrelation.groups: NOx and SO2 have two correlations: keep one',
  ],
])('an entry that stands twice in a list: %s', (keys, sentence) => {
  expect(said('truth:', `${keys}\ntruth:`)).toContain(sentence);
});

test('a region may have a factor for all groups and one for each', () => {
  const spread = '[{ region: a, factor: 2 }, { region: a, group: NOx, factor: 3 }, { region: a, group: SO2, factor: 3 }]';
  expect(said('truth:', `regions: { a: { rows: [0, 3], cols: [0, 3] } }\ninversion: { regionSpread: ${spread} }\ntruth:`)).toBe('');
});

test.each([
  ['geography', 'GRIDCRO2D.nc }', 'GRIDCRO2D.nc, variables: [HT, LWMASK, HT] }'],
  ['meteorology', '*.nc" }', '*.nc", variables: [u, HT, HT] }'],
])('a channel of the %s that stands twice', (key, from, to) => {
  expect(said(from, to)).toContain(`${key}.variables: HT is named twice: remove one`);
});

test('sums may share a part', () => {
  const command = 'ctm: { kind: command, command: "m {output}" }\n';
  expect(said('truth:', `${command}concentrations: { variables: { NO2: { NO2: 1, PAN: 0.9 }, O3: { O3: 1, PAN: 0.1 } } }\ntruth:`)).toBe('');
});

const WEIGHTS = '{ speciesWeights: { NO2: 0, SO2: 0, O3: 0, PM2.5: 0 } }';

test.each([
  ['46.0055', '0.0460055', 'emissions.groups.NOx.molarMass: expected at least 1 (in g mol-1) but received 0.0460055'],
  [
    'truth:',
    'response: { groups: [NOx], factor: 1 }\ntruth:',
    'response.factor: a factor of 1 changes nothing: change it, or set response.groups: []',
  ],
  ['truth:', `training: ${WEIGHTS}\ntruth:`, 'training.speciesWeights: all weights are 0'],
  ['truth:', `paperMode: { training: ${WEIGHTS} }\ntruth:`, 'paperMode.training.speciesWeights: all weights are 0'],
])('a number that makes no sense: %s → %s', (from, to, sentence) => {
  expect(said(from, to)).toContain(sentence);
});

test('one weight, and a factor that nothing uses', () => {
  expect(said('truth:', `training: ${WEIGHTS.replace('O3: 0', 'O3: 1')}\nresponse: { groups: [], factor: 1 }\ntruth:`)).toBe('');
});

test.each([
  ['.nan', 'NaN'],
  ['.inf', 'Infinity'],
])('%s is shown as %s', (written, shown) => {
  expect(said('46.0055', written)).toMatch(new RegExp(`molarMass: expected a number \\(in g mol-1\\) but received ${shown}$`));
});

test.each([
  ['name: tiny\n', '---\n---\nname: tiny\n', ':2: expected one YAML document but a second begins here, with ---: keep one'],
  [
    'name: tiny\n',
    'name: !first tiny\n',
    ':1: expected a plain value but received one with a tag (Unresolved tag: !first): remove the tag; text that begins with ! needs quotes',
  ],
])('YAML that is not one plain document: %j → %j', (from, to, sentence) => {
  expect(said(from, to)).toBe(`${join(folder, 'case.yaml')}${sentence}`);
});

test('a closing bracket below its key is a matter of taste', () => {
  expect(said('truth: { factors: inputs/truth.nc }', 'truth: {\n  factors: inputs/truth.nc\n}')).toBe('');
});

test.each([
  ['name: tiny', (name: string) => `name: ${name}`, 'name'],
  ['name: winter', (name: string) => `name: ${name}`, 'periods.0.name'],
  ['truth:', (name: string) => `members: { runs: [{ name: ${name}, emissions: e.nc, concentrations: c.nc }] }\ntruth:`, 'members.runs.0.name'],
])('a name that becomes part of file names, too long for one: %s', (from, to, key) => {
  expect(said(from, to('a'.repeat(100)))).toBe('');
  expect(said(from, to('a'.repeat(101)))).toContain(`: ${key}: expected at most 100 bytes, since it becomes part of the names of files but received`);
});

test('a name of a run that would lead out of its folder', () => {
  const members = 'members: { runs: [{ name: a/b, emissions: e.nc, concentrations: c.nc }] }\ntruth:';
  expect(said('truth:', members)).toContain('members.runs.0.name: expected a name without /, since it becomes part of file names but received "a/b"');
});

test('a range of values whose ends are one, and one that has none', () => {
  const within = (range: string): string =>
    said('  twin: {}', `  files: o.csv\n  columns: { species: { NO2: { column: a, unit: ppb } } }\n  quality: { range: { NO2: ${range} } }`);
  expect(within('{ min: 5, max: 5 }')).toContain(': observations.quality.range.NO2: min 5 is not below max 5: exchange them');
  expect(within('{ min: 4, max: 5 }')).not.toContain('is not below');
});

test.each([
  ['members', 'members: { runs: [{ name: a, emissions: "e_{sector}.nc", concentrations: c.nc }] }'],
  ['certificate', 'certificate: { runs: [{ name: a, emissions: "e_{sector}.nc", concentrations: c.nc }] }'],
])('runs in sectors of an inventory in one piece, and of one that has a sector beside: %s', (key, runs) => {
  const of = (sectors: string): string => said('emissions:\n', `${runs}\nemissions:\n${sectors}`);
  expect(of('')).toContain(`: ${key}.runs.0.emissions: the inventory lies in one piece, so nothing can stand for {sector}: name the files`);
  expect(of('  sectors: { power: { files: p.nc } }\n')).not.toContain('in one piece');
});

test.each([
  ['ctm: { kind: reference, options: { background: { O3: 45 } } }', 'ctm.options.background', '{"O3":45}', 'background.O3'],
  [
    'inversion: { nuisance: { runs: [{ name: a, spread: 1, options: { weatherFactor: { wind: 1.2 } } }] } }',
    'inversion.nuisance.runs.0.options.weatherFactor',
    '{"wind":1.2}',
    'weatherFactor.wind',
  ],
])('settings of the reference model within others: %s', (section, key, received, name) => {
  expect(said('truth:', `${section}\ntruth:`)).toContain(
    `: ${key}: expected text, a number, or true or false but received ${received}: names with a dot are one key, as ${name}`,
  );
});

test.each([
  ['pressures: p, ', '', 'columns.NH3_column.variables.pressureEdges: expected one of pressureEdges, pressures, hybridA but received none: name what the files have'],
  ['pressures: p', 'pressures: p, pressureEdges: q', 'columns.NH3_column.variables.pressures: expected one of pressureEdges'],
  ['pixelSize: 12, ', '', 'columns.NH3_column.variables.pixelSize: expected the variable that belongs to latitude'],
  ['pixelSize: 12', 'pixelSize: 12000', 'columns.NH3_column.variables.pixelSize: expected'],
  ['"> 0"', '"0"', 'columns.NH3_column.variables.quality.flag: expected a condition such as "> 0.75"'],
  ['column: vcd, ', '', 'columns.NH3_column.variables.column'],
  ['time: t', 'times: t', 'columns.NH3_column.variables.times'],
])('variables of a column that is not known: %s → %s', (from, to, sentence) => {
  const names = 'column: vcd, error: e, averagingKernel: ak, pressures: p, latitude: y, longitude: x, pixelSize: 12, time: t, quality: { flag: "> 0" }';
  const columns = `columns: { NH3_column: { files: nh3.nc, variables: { ${names} } } }\n`;
  expect(said('truth:', `${columns}truth:`)).toBe('');
  expect(said('truth:', `${columns.replace(from, to)}truth:`)).toContain(sentence);
}); // prettier-ignore
