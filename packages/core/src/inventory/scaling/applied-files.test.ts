import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Case } from '../../case';
import { updatedNames } from './applied-files';

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
