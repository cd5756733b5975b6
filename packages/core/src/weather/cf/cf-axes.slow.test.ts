/** Files that go round the earth, under a grid over Greenwich. */
import { join } from 'node:path';
import { NetcdfFile } from '@retroplume/native';
import { Grid } from '../../grid/grid';
import { inspectNetcdf } from '../../run/commands/inspect/netcdf';
import { readCf } from '../../files/netcdf/netcdf-cf';
import { ncgen } from '../../files/testing/cdl';
import { failure, temporaryFolder } from '../../files/testing/shared-data';
import { CfReader } from './cf-reader';
import { openWeather } from '../open-weather';

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

describe('fields on a projection', () => {
  const time = 'double time(time) ; time:units = "hours since 2017-01-01" ;';
  const fails = (cdl: string, code: string, said: string): void => {
    const path = ncgen(
      join(folder.path, 'projected.nc'),
      `netcdf p { dimensions: time = 2 ; y = 2 ; x = 2 ; lat = 2 ; lon = 2 ; variables: ${time} ${cdl} }`,
    );
    expect(() => openWeather([path], { grid })).toThrow(failure(code, `${path}: ${said}`));
  };
  const remedy = 'not on longitudes and latitudes: bring them to those first (cdo remapbil)';

  test('are refused as such, also where the axes of a rotated pole are called lat and lon', () => {
    const lambert = `int crs ; crs:grid_mapping_name = "lambert_conformal_conic" ; double x(x) ; x:standard_name = "projection_x_coordinate" ; x:units = "m" ;
      double y(y) ; y:standard_name = "projection_y_coordinate" ; y:units = "m" ; float t2m(time, y, x) ; t2m:grid_mapping = "crs: x y" ;`;
    const what = "it is neither an I/O API file (no FTYPE), nor WRF's (no dimension south_north), nor on longitudes and latitudes";
    fails(
      lambert,
      'FORMAT_UNKNOWN',
      `${what} but on a projection (lambert_conformal_conic), of which CF files are not read: check the path in the case, or set meteorology.format`,
    );
    const rotated = `float lat(lat) ; lat:standard_name = "grid_latitude" ; lat:units = "degrees" ; float lon(lon) ; lon:standard_name = "grid_longitude" ; lon:units = "degrees" ;
      float t2m(time, lat, lon) ; data: time = 0, 1 ; lat = 40, 50 ; lon = -10, 10 ;`;
    fails(rotated, 'CF_AXES', `its fields lie on a projection (grid_latitude), ${remedy}`);
  });

  test('and variables in groups are told of', () => {
    const path = ncgen(
      join(folder.path, 'groups.nc'),
      'netcdf g { group: PRODUCT { dimensions: lat = 1 ; variables: float lat(lat) ; } }',
      'netCDF-4',
    );
    expect(() => openWeather([path], { grid })).toThrow('on longitudes and latitudes; variables in groups (PRODUCT) are not read');
    expect(() => readCf(path, ['lat'])).toThrow(
      failure(
        'VARIABLE_MISSING',
        `${path}: there is no variable lat outside of groups, only in PRODUCT; it holds none: take it out of there first (ncks -G : -v lat)`,
      ),
    );
    const { facts, odd } = inspectNetcdf(path);
    expect(facts).toEqual({ groups: 'PRODUCT: lat' });
    expect(odd.map(({ code }) => code)).toEqual(['GROUPS']);
  });
});
