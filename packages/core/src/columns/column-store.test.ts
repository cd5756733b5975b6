import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openNetcdf } from '../files/netcdf/netcdf-access';
import { plain } from '../files/netcdf/netcdf-cf';
import { failure, temporaryFolder } from '../files/testing/shared-data';
import { unitGrid } from '../inversion/testing/small-world';
import { columnStorePath, readColumns, writeColumns, type StoredColumns } from './column-store';

const folder = temporaryFolder();
const grid = unitGrid(3, 4);
const time = { start: new Date('2017-01-10T00:00Z'), stepSeconds: 3600, count: 5 };
const columns: StoredColumns = {
  species: 'NO2_column_s5p',
  product: 'TROPOMI L2 NO2',
  method: 'replace_apriori',
  layers: 2,
  tropopause: 15000.5,
  instants: Uint8Array.of(0, 1, 3, 2, 0),
  hour: Int32Array.of(1, 1, 3),
  cell: Int32Array.of(2, 7, 0),
  value: Float32Array.of(10, -2, 30.25),
  error: Float32Array.of(1, 2, 3),
  pixels: Int32Array.of(4, 1, 9),
  uncovered: Float32Array.of(0, 0.25, 0.5),
  weights: Float32Array.of(1, 2, 3, 4, 5, 6),
  counts: { pixels: 20, passed: 14, leftOut: { 'not qa_value > 0.75': 6 }, overpasses: 2, superObservations: 3, withoutLayers: 1, factorOutside: 2, otherHours: 0 },
}; // prettier-ignore

it('what is written is read', () => {
  const path = writeColumns(folder.path, 'jan', columns, { grid, time });
  expect(path).toBe(join(folder.path, 'jan', 'columns-NO2_column_s5p.nc'));
  expect(readColumns(folder.path, 'jan', 'NO2_column_s5p')).toEqual(columns);
  expect(readdirSync(join(folder.path, 'jan'))).toEqual(['columns-NO2_column_s5p.nc']);
  const file = openNetcdf(path);
  const { lat, lon } = grid.centre(1, 3);
  expect([file.read('lat')[1], file.read('lon')[1]]).toEqual([lat, lon]);
  expect(plain(file.attributes('hour')).units).toBe('hours since 2017-01-10T00:00Z');
  file.close();
});

it('a column to the top of the air in a period without retrievals', () => {
  const none = { ...columns, tropopause: undefined, hour: new Int32Array(), cell: new Int32Array(), value: new Float32Array(), error: new Float32Array(), pixels: new Int32Array(), uncovered: new Float32Array(), weights: new Float32Array() }; // prettier-ignore
  writeColumns(folder.path, 'jul', none, { grid, time });
  expect(readColumns(folder.path, 'jul', 'NO2_column_s5p')).toEqual(none);
});

it('a period that was not prepared', () => {
  const path = columnStorePath(folder.path, 'none', 'NO2_column');
  expect(() => readColumns(folder.path, 'none', 'NO2_column')).toThrow(
    failure('PREPARED_MISSING', `${path}: the prepared store does not hold it: run prepare`),
  );
});
