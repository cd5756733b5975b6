/** Labels of emission streams, as CMAQ takes them, and names of groups and species. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase } from '../load-case';
import { channelsOfCase, speciesOfTable } from '../../base/species';
import type { Case } from '../schema/case-schema';
import { chosenLabels, checkObservations, streamLabels } from './input-checks';
import { namingOf } from '../testing/naming';
import { TINY_CASE } from '../testing/tiny-case';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-labels-'));
  writeFileSync(join(folder, 'case.yaml'), TINY_CASE);
  writeFileSync(join(folder, 'sectors.yaml'), TINY_CASE.replace(/ {2}files: .*EMIS.*\n/, ''));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (set: string[], name = 'case.yaml'): ReturnType<typeof loadCase> => loadCase(join(folder, name), set);
const labels = (set: string[], name?: string): object => Object.fromEntries(streamLabels(load(set, name).emissions));
const SECTORS = 'emissions.sectors={ptegu: {files: a.nc, label: pt_egu}, cmv_c3: {files: b.nc}}';

it('are the names of sectors in capitals where the case gives none', () => {
  expect(labels([])).toEqual({ rest: 'INVENTORY' });
  expect(labels(['emissions.label=Gridded_Emis'])).toEqual({ rest: 'GRIDDED_EMIS' });
  expect(labels([SECTORS])).toEqual({ rest: 'REST', ptegu: 'PT_EGU', cmv_c3: 'CMV_C3' });
  expect(labels([SECTORS], 'sectors.yaml')).toEqual({ ptegu: 'PT_EGU', cmv_c3: 'CMV_C3' });
  expect(labels(['emissions.sectors={all_of_it: {files: a.nc}}'], 'sectors.yaml')).toEqual({ all_of_it: 'INVENTORY' });
  expect([chosenLabels(load([]).emissions), chosenLabels(load([SECTORS]).emissions)]).toEqual([undefined, { ptegu: 'pt_egu' }]);
});

it.each([
  ['a blank', "emissions.label='GRIDDED EMIS'", /emissions\.label: expected 1 to 32 letters, digits, _ and - but received "GRIDDED EMIS"/],
  ['33 letters', `emissions.label=${'X'.repeat(33)}`, /emissions\.label: expected 1 to 32 letters/],
  ['the word for all streams', 'emissions.label=all', /emissions\.label: ALL is CMAQ's own word for other streams: give another label/],
  ['the stream of BEIS, by its name', 'emissions.sectors={biog: {files: a.nc}}', /emissions\.sectors\.biog\.label: BIOG is CMAQ's own word/],
])('are refused: %s', (_, setting, message) => refused(message, [setting]));

it('are refused: that of another', () => {
  refused(/emissions\.sectors\.ptegu\.label: PT_EGU is the stream of rest, too: give each its own label/, [SECTORS, 'emissions.label=Pt_Egu']);
});

it('are refused: that of files that are not there', () => {
  refused(
    /emissions\.label: it is that of emissions\.files, and there are none: give the label to a sector/,
    [SECTORS, 'emissions.label=X'],
    'sectors.yaml',
  );
});

function refused(message: RegExp, set: string[], name?: string): void {
  expect(() => load(set, name)).toThrow(
    expect.objectContaining({ code: 'CASE_INVALID', message: expect.stringMatching(message) as string }) as Error,
  );
}

it.each([
  [['NOx'], ['NO2', 'O3', 'NO2'], 'concentrations.species: NO2 is named twice: remove one'],
  [['NOx'], ['NO2', 'x'], 'concentrations.species: x is a variable of every file on the grid: give it another name'],
  [['NOx'], ['PM2.5', 'PM25'], 'concentrations.species: PM25 and PM2.5 would be one variable of files, PM25: name one of them otherwise'],
  [['PM2.5', 'PM25'], ['NO2'], 'emissions.groups: PM25 and PM2.5 would be one variable of files, PM25: name one of them otherwise'],
  [['NOx', 'CO'], ['NO2', 'CO', 'dust'], undefined], // groups and species may share names
])('groups %j and species %j: %s', (groups, species, sentence) => {
  const naming = namingOf(channelsOfCase(groups, species.map(speciesOfTable)));
  const breaches = checkObservations({ ...load([]), ...naming } as unknown as Case).filter(({ path }) => path[0] !== 'observations');
  expect(breaches.map(({ path, text }) => `${path.join('.')}: ${text}`)).toEqual(sentence === undefined ? [] : [sentence]);
});
