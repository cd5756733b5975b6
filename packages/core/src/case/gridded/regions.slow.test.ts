import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Grid } from '../../grid/grid';
import { writeGriddesc } from '../../grid/griddesc';
import { loadCase, restoreCase, type Case } from '../index';
import { CaseFolder } from '../testing/case-folder';
import { TINY_CASE } from '../testing/tiny-case';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { regionMask } from './regions';
import { grid, hourly } from '../../files/testing/ioapi-sample';

const cases = new CaseFolder();
const at = (name: string): string => join(cases.path, 'inputs', name);

function write(name: string, parts: readonly number[], of = grid): void {
  const variables = [{ name: 'GA', units: 'fraction' }];
  const file = IoapiWriter.create(at(name), { grid: of, time: hourly('2026-01-05T00:00:00Z', 1), layers: 1, variables });
  file.write('GA', 0, Float32Array.from(parts));
  file.close();
}

const CELLS = grid.rows * grid.cols;
const SOUTH_WEST = Array.from({ length: CELLS }, (_, cell) => (cell < 2 * grid.cols && cell % grid.cols < 2 ? 1 : 0.25));
const ofFile = (file: string, variable = 'GA'): string =>
  `${TINY_CASE}regions: { georgia: { mask: { file: inputs/${file}, variable: ${variable} } } }\n`;
const regions = (text: string): Case['regions'] => loadCase(cases.write(text)).regions;

beforeAll(() => {
  mkdirSync(join(cases.path, 'inputs'));
  const griddesc = loadCase(cases.write(TINY_CASE)).grid;
  writeGriddesc(griddesc.griddesc, new Grid({ ...grid.definition, name: griddesc.name }));
  write('masks.nc', SOUTH_WEST);
});

describe('a region that is a mask', () => {
  it('has the cells of which half lies in it', () => {
    const { georgia } = regions(ofFile('masks.nc'));
    expect(georgia).toEqual({
      cells: [
        [0, 0, 1],
        [1, 0, 1],
      ],
    });
    const southWest = regionMask({ rows: [0, 1], cols: [0, 1] }, grid);
    expect(regionMask(georgia, grid)).toEqual(southWest);
    expect(regionMask({ mask: { file: at('masks.nc'), variable: 'GA' } }, grid)).toEqual(southWest);
    const halves = Array.from({ length: CELLS }, (_, cell) => [0.49, 0.5, 0.51][cell % 3]);
    write('halves.nc', halves);
    expect([...regionMask(regions(ofFile('halves.nc')).georgia, grid)]).toEqual(halves.map((part) => (part < 0.5 ? 0 : 1)));
  });

  it('is what the file holds, wherever that lies, and goes with the case', () => {
    const before = loadCase(cases.write(ofFile('masks.nc')));
    renameSync(at('masks.nc'), at('moved.nc'));
    expect(regions(ofFile('moved.nc'))).toEqual(before.regions);
    expect(restoreCase(JSON.parse(JSON.stringify({ ...before, file: undefined })), before.file).regions).toEqual(before.regions);
    renameSync(at('moved.nc'), at('masks.nc'));
    write('other.nc', [...SOUTH_WEST].reverse());
    expect(regions(ofFile('other.nc'))).not.toEqual(before.regions);
  });

  it.each([
    ['that is not there', 'FILE_MISSING', 'gone.nc', 'GA'],
    ['of another variable', 'VARIABLE_MISSING', 'masks.nc', 'FL'],
    ['of another grid', 'GRID_MISMATCH', 'shifted.nc', 'GA'],
    ['in percent', 'MASK_INVALID', 'percent.nc', 'GA'],
    ['without a number', 'NOT_FINITE', 'nan.nc', 'GA'],
    ['that is no netCDF', 'FILE_NOT_NETCDF', 'text.nc', 'GA'],
  ])('is refused for a file %s', (_, code, file, variable) => {
    write('shifted.nc', SOUTH_WEST, new Grid({ ...grid.definition, xorig: grid.definition.xorig + grid.definition.xcell }));
    write(
      'percent.nc',
      SOUTH_WEST.map((part) => 100 * part),
    );
    write(
      'nan.nc',
      SOUTH_WEST.map((part, cell) => (cell === 7 ? NaN : part)),
    );
    writeFileSync(at('text.nc'), 'GA');
    const refused = expect.objectContaining({ code, exitCode: 3 }) as Error;
    expect(() => regions(ofFile(file, variable))).toThrow(refused);
    expect(() => regionMask({ mask: { file: at(file), variable } }, grid)).toThrow(refused);
    for (const name of ['shifted.nc', 'percent.nc', 'nan.nc', 'text.nc']) rmSync(at(name));
  });

  it('is one of the ways to say what a region is', () => {
    const twice = cases.failure(`${TINY_CASE}regions: { georgia: { rows: [0, 1], cols: [0, 1], mask: { file: m.nc, variable: GA } } }\n`);
    expect(twice.message).toMatch(/regions\.georgia: expected one of a polygon, rows and cols, a mask, or cells/);
  });
});

it('cells that the grid does not have are refused', () => {
  const outside = expect.objectContaining({ code: 'REGION_OUTSIDE' }) as Error;
  expect(() => regionMask({ cells: [[grid.rows, 0, 0]] }, grid)).toThrow(outside);
  expect(() => regionMask({ cells: [[0, 0, grid.cols]] }, grid)).toThrow(outside);
});
