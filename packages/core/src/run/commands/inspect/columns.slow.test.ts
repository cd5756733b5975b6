import { join } from 'node:path';

import { cris, crisCdl, iasi, iasiCdl } from '../../../columns/testing/ammonia-cdl';
import { tropomiLevel3, tropomiLevel3Cdl } from '../../../columns/testing/level3-cdl';
import { NO2, squares, tropomiCdl, tropomiNo2, type Columns } from '../../../columns/testing/column-cdl';
import { ncgen } from '../../../files/testing/cdl';
import { temporaryFolder } from '../../../files/testing/shared-data';
import { inspectFile } from './inspect';

const folder = temporaryFolder();
const QA = [76, 100, 75, '_', 80, 80];

function made(qa: (number | string)[], change: (columns: Columns) => void = () => undefined): string {
  const columns = tropomiNo2({ scanlines: 2, pixels: 3, ...squares(110, 30, 0.1, 2, 3), qa, columns: [1e-4, 2e-4, 3e-4, 4e-4, '_', -5e-5] });
  change(columns);
  return ncgen(join(folder.path, 'no2.nc'), tropomiCdl(columns, 2, 3), 'netCDF-4');
}

it('tells of a file of columns the product, its pixels, what is left out, and the range of those that pass', async () => {
  expect(await inspectFile(made(QA))).toMatchObject({
    kind: 'TROPOMI L2 NO2 columns, netCDF-4',
    facts: {
      Conventions: 'CF-1.7',
      orbit: '12367',
      layers: 3,
      pixels: '6 (2 x 3)',
      passing: '3 (qa_value > 0.75: Product User Manual S5P-KNMI-L2-0021-MA)',
      'left out': '1 qa_value is missing, 1 not qa_value > 0.75, 1 a value is missing',
    },
    time: { first: '2017-01-11T06:00Z', last: '2017-01-11T06:00Z', steps: 2 },
    variables: [
      {
        ...{ name: 'nitrogendioxide_tropospheric_column', units: 'mol m-2', shape: 'scanline 2, pixel 3', missing: 3, values: 6 },
        ...{ min: expect.closeTo(-5e-5, 9) as number, max: expect.closeTo(2e-4, 9) as number, mean: expect.closeTo(2.5e-4 / 3, 9) as number },
      },
      { name: 'nitrogendioxide_tropospheric_column_precision', min: expect.closeTo(1e-5, 9) as number },
    ],
    odd: [],
  });
});

it('says where none passes, and what makes a file one that is not read', async () => {
  const none = await inspectFile(made([0, 0, 0, 0, 0, 0]));
  expect(none.odd).toEqual([{ code: 'COLUMN_ALL_FLAGGED', text: 'none of its 6 pixels passes' }]);
  expect(none.variables[0]).not.toHaveProperty('min');
  const wrong = await inspectFile(made(QA, (columns) => (columns[NO2].units = 'DU')));
  expect(wrong).toMatchObject({ kind: 'TROPOMI L2 NO2 columns that cannot be read, netCDF-4', variables: [] });
  expect(wrong.odd).toEqual([
    {
      code: 'COLUMN_UNIT',
      text: `expected ${NO2} in mol m-2 or molecules/cm^2 but received "DU": mend the attribute units (ncatted), or convert the values`,
    },
  ]);
});

it('ammonia of IASI and CrIS, whose files list pixels', async () => {
  const list = async (name: string, text: string): Promise<unknown> => inspectFile(ncgen(join(folder.path, name), text, 'netCDF-4'));
  expect(await list('iasi.nc', iasiCdl(iasi()))).toMatchObject({
    kind: 'IASI L2 NH3 columns, netCDF-4',
    facts: { layers: 3, pixels: 4, passing: '1 (AMPM = 0, prefilter = 1, postfilter = 1: readers of version 4)' },
    time: { first: '2019-07-01T09:30Z', last: '2019-07-01T09:30Z', steps: 4 },
    variables: [{ name: 'nh3_total_column', units: 'mol m-2', shape: 'pixel 4', values: 4, missing: 3, min: expect.closeTo(2e-4, 9) as number }, {}],
    odd: [],
  });
  expect(await list('cris.nc', crisCdl(cris()))).toMatchObject({
    kind: 'CrIS L2 NH3 columns, netCDF-4',
    facts: { layers: 5, 'left out': '1 not Day_Night_Flag = 1, 1 not Quality_Flag >= 5, 1 not Cloud_Flag = 0, 2, 3' },
    variables: [{ name: 'tot_col', min: expect.closeTo(1e-4, 9) as number }, {}],
  });
});

it('level 3 of cmaqsatproc', async () => {
  expect(await inspectFile(ncgen(join(folder.path, 'l3.nc'), tropomiLevel3Cdl(tropomiLevel3()), 'netCDF-4'))).toMatchObject({
    kind: 'TROPOMI L3 NO2 columns, netCDF-4',
    facts: { layers: 3, pixels: '6 (2 x 3)', passing: '5 (count >= 1: cmaqsatproc has left out the others)', 'left out': '1 count is missing' },
    variables: [{ name: 'nitrogendioxide_tropospheric_column', max: expect.closeTo(5e-5, 9) as number }, {}],
    odd: [],
  });
});
