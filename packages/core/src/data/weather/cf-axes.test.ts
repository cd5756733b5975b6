/** Files that go round the earth, under a grid over Greenwich. */
import { join } from 'node:path';
import { NetcdfFile } from '@retroplume/native';
import { Grid } from '../../grid/grid';
import { ncgen } from '../testing/cdl';
import { failure, temporaryFolder } from '../testing/shared-data';
import { CfReader } from './cf-reader';

const folder = temporaryFolder();
const grid = new Grid({
  name: 'greenwich', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xorig: -10, yorig: 40, xcell: 10, ycell: 10, cols: 2, rows: 1,
}); // prettier-ignore

test('a file without any step', () => {
  const path = join(folder.path, 'empty.nc');
  const file = NetcdfFile.create(path, 'netcdf4');
  file.defineDimension('time', 'unlimited');
  for (const name of ['lat', 'lon']) file.defineDimension(name, 2);
  for (const [name, units] of Object.entries({ time: 'hours since 2017-01-01', lat: 'degrees_north', lon: 'degrees_east' })) {
    file.defineVariable(name, 'double', [name]);
    file.putAttribute(name, 'units', units);
  }
  file.close();
  expect(() => CfReader.open([path], grid)).toThrow(failure('CF_TIME', `${path}: time has no step: make the file again, or give another`));
});

/** 10 at 10 °W, 20 on the meridian, 30 at 10 °E, 0 elsewhere. */
function globe(lons: number[]): string {
  const lats = Array.from({ length: 19 }, (_, i) => 90 - 10 * i);
  const at = (lon: number): number => new Map([[350, 10], [0, 20], [10, 30]]).get((lon + 360) % 360) ?? 0; // prettier-ignore
  const values = [0, 1].flatMap(() => lats.flatMap(() => lons.map(at))).join(', ');
  const cdl = `netcdf globe {
dimensions: time = 2 ; lat = 19 ; lon = ${lons.length} ;
variables:
  double time(time) ; time:units = "hours since 2017-01-01" ; float lat(lat) ; lat:units = "degrees_north" ; float lon(lon) ; lon:units = "degrees_east" ;
  float t2m(time, lat, lon) ; t2m:units = "K" ; float tp(time, lat, lon) ; tp:units = "cm" ;
data:
  time = 0, 1 ; lat = ${lats.join(', ')} ; lon = ${lons.join(', ')} ; t2m = ${values} ; tp = ${values} ;
}
`;
  return ncgen(join(folder.path, 'globe.nc'), cdl);
}

test.each([
  ['0 … 350', 0, 36],
  ['0 … 360, a cyclic point', 0, 37],
  ['-180 … 180, a cyclic point', -180, 37],
])('%s °E', (_, first, count) => {
  const reader = CfReader.open([globe(Array.from({ length: count }, (_, i) => first + 10 * i))], grid);
  // The centre of a cell lies between two points, and half of it in the cell of either.
  for (const name of ['TEMP2', 'RN']) expect([...reader.read(name)].map((value) => Number(value.toFixed(4)))).toEqual([15, 25, 15, 25]);
  reader.close();
});

test('a cyclic point that is written as 0 again', () => {
  const reader = CfReader.open([globe([...Array.from({ length: 36 }, (_, i) => 10 * i), 0])], grid);
  expect([...reader.read('TEMP2', 0, 1)]).toEqual([15, 25]);
  reader.close();
});
