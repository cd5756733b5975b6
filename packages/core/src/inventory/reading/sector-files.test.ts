/** Files that would count twice, by their names or by links. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import type { Case } from '../../case';
import { priorSectors, updatedNames } from './sector-files';

const folder = mkdtempSync(join(tmpdir(), 'sector-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const groups = Object.fromEntries(['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'].map((group) => [group, { variables: [group] }]));
const filesOf = (sectors: Record<string, string>): string[][] => {
  const emissions = { groups, sectors: Object.fromEntries(Object.entries(sectors).map(([name, files]) => [name, { files: at(files) }])) };
  const settings = { periods: [{ name: 'p', start: new Date(0), hours: 24 }], emissions } as unknown as Case;
  return priorSectors(settings, 'p').map(({ files }) => files);
};

beforeAll(() => {
  for (const sector of ['egu', 'ships', 'all']) mkdirSync(at(sector));
  for (const name of ['egu/EMIS.nc', 'ships/EMIS.nc']) writeFileSync(at(name), name);
  symlinkSync(at('egu/EMIS.nc'), at('all/EMIS_egu.nc'));
  symlinkSync(at('egu'), at('power'));
});

test('links to files of no other sector are files as others are', () => {
  expect(filesOf({ a: 'all/*.nc', b: 'ships/*.nc' })).toEqual([[at('all/EMIS_egu.nc')], [at('ships/EMIS.nc')]]);
});

test.each([
  ['a link', 'all/*.nc', 'all/EMIS_egu.nc'],
  ['a linked folder', 'power/*.nc', 'power/EMIS.nc'],
  ['its name', 'egu/*.nc', 'egu/EMIS.nc'],
])('a file that a second sector has by %s is refused', (_, pattern, path) => {
  expect(() => filesOf({ power: 'egu/EMIS.nc', rest_of: pattern })).toThrow(
    expect.objectContaining({
      code: 'SECTOR_FILES',
      message: `${at(path)}: the file is in the sectors power and rest_of, and would count twice: give each sector files of its own`,
    }) as Error,
  );
});

test('a link that leads nowhere is told by who reads it', () => {
  symlinkSync(at('gone.nc'), at('ships/LOST.nc'));
  expect(filesOf({ a: 'egu/*.nc', b: 'ships/*.nc' })).toEqual([[at('egu/EMIS.nc')], [at('ships/EMIS.nc'), at('ships/LOST.nc')]]);
});

describe('updated files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'applied-files-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const GROUPS = { NOx: { variables: ['NO'] }, NH3: { variables: [] }, SO2: { variables: [] }, VOC: { variables: [] }, 'PM2.5': { variables: [] } };

  /** Of sectors that have a file each. */
  function namesOf(files: readonly string[]): string[] {
    const paths = files.map((file) => join(folder, file));
    for (const path of paths) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, '');
    }
    const sectors = Object.fromEntries(paths.map((path, i) => [`s${i}`, { files: path, groups: GROUPS }]));
    const settings = { periods: [{ name: 'p', start: new Date(0), hours: 24 }], emissions: { groups: GROUPS, sectors } };
    const nameOf = updatedNames(settings as unknown as Case);
    return paths.map((path) => nameOf({ path }));
  }

  it.each([
    ['as the files', ['a/x.nc', 'b/y.ncf'], ['x.updated.nc', 'y.updated.ncf']],
    ['with their folder where names are alike', ['a/x.nc', 'b/x.nc'], ['a-x.updated.nc', 'b-x.updated.nc']],
    ['with two where folders are alike, too', ['1/a/x.nc', '2/a/x.nc'], ['1-a-x.updated.nc', '2-a-x.updated.nc']],
    [
      'by numbers where a - makes folders and names alike',
      ['a/b-c.nc', 'a-b/c.nc', 'd/c.nc'],
      ['1-b-c.updated.nc', '2-c.updated.nc', '3-c.updated.nc'],
    ],
  ])('updated files are called %s', (_, files, names) => {
    expect(namesOf(files)).toEqual(names);
  });
});
