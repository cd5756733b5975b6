import proj4 from 'proj4';

import { Grid, type GridDefinition } from '../../grid/grid';
import { CRS, cfGrid, gridFromCf } from './cf-grid';
import type { CfAttributes } from './netcdf-cf';

/** What a program that knows CF's appendix F and nothing of the I/O API makes of the grid mapping. */
function projOfCf(crs: CfAttributes): string {
  const value = (name: string): string => String(crs[name]);
  const origin = (): string => `+lat_0=${value('latitude_of_projection_origin')} +lon_0=${value('longitude_of_projection_origin')}`;
  const conic = (): string => {
    const [first, second] = crs.standard_parallel as Float64Array;
    return `+lat_1=${first} +lat_2=${second} +lat_0=${value('latitude_of_projection_origin')} +lon_0=${value('longitude_of_central_meridian')}`;
  };
  const words: Record<string, () => string> = {
    lambert_conformal_conic: () => `lcc ${conic()}`,
    albers_conical_equal_area: () => `aea ${conic()}`,
    mercator: () => `merc +lat_ts=${value('standard_parallel')} +lon_0=${value('longitude_of_projection_origin')}`,
    transverse_mercator: () =>
      `tmerc +approx +lat_0=${value('latitude_of_projection_origin')} +k_0=${value('scale_factor_at_central_meridian')} +lon_0=${value('longitude_of_central_meridian')}`,
    stereographic: () => `stere ${origin()} +k_0=${value('scale_factor_at_projection_origin')}`,
    polar_stereographic: () =>
      `stere +lat_0=${value('latitude_of_projection_origin')} +lat_ts=${value('standard_parallel')} +lon_0=${value('straight_vertical_longitude_from_pole')}`,
    lambert_azimuthal_equal_area: () => `laea ${origin()}`,
  };
  const name = String(crs.grid_mapping_name);
  // proj4 has no laea for a perfect sphere: see grid/projection.ts.
  const radius = crs.earth_radius as number;
  const polar = name === 'lambert_azimuthal_equal_area' ? radius - 1e-4 : radius;
  return `+proj=${words[name]()} +x_0=${value('false_easting')} +y_0=${value('false_northing')} +a=${radius} +b=${polar} +no_defs`;
}

const base = { xorig: 150000, yorig: -90000, xcell: 30000, ycell: 30000, cols: 4, rows: 3 };
const systems: GridDefinition[] = [
  { name: 'lambert', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 115, ycent: 30, ...base },
  { name: 'mercator', gdtyp: 3, pAlp: 0, pBet: 105, pGam: 0, xcent: 110, ycent: 10, ...base },
  { name: 'on its side', gdtyp: 3, pAlp: 0, pBet: 108, pGam: 90, xcent: 110, ycent: 34, ...base },
  { name: 'stereographic', gdtyp: 4, pAlp: 50, pBet: 12, pGam: 0, xcent: 10, ycent: 50, ...base },
  { name: 'utm', gdtyp: 5, pAlp: -56, pBet: 0, pGam: 0, xcent: 500000, ycent: 6200000, ...base },
  { name: 'polar', gdtyp: 6, pAlp: 1, pBet: 45, pGam: -98, xcent: -98, ycent: 90, ...base },
  { name: 'south pole, P_BET without a sign', gdtyp: 6, pAlp: -1, pBet: 71, pGam: 0, xcent: 0, ycent: -90, ...base },
  { name: 'equatorial', gdtyp: 7, pAlp: 20, pBet: 0, pGam: -98, xcent: -98, ycent: 5, ...base },
  { name: 'transverse', gdtyp: 8, pAlp: 0, pBet: 0.9999, pGam: 14, xcent: 15, ycent: 40, ...base },
  { name: 'albers', gdtyp: 9, pAlp: 29.5, pBet: 45.5, pGam: -96, xcent: -96, ycent: 23, ...base },
  { name: 'azimuthal', gdtyp: 10, pAlp: 52, pBet: 0, pGam: 10, xcent: 9, ycent: 51, ...base },
];

test.each(systems)('$name: the grid mapping says by itself where the cells are, and gives the same grid back', (definition) => {
  const grid = new Grid(definition);
  const { coordinates, variables } = cfGrid(grid);
  const crs = variables.find(({ name }) => name === CRS)?.attributes as CfAttributes;
  const [y, x] = coordinates.map(({ data }) => data);
  const [lat, lon] = ['lat', 'lon'].map((name) => variables.find((variable) => variable.name === name)?.data as Float64Array);
  const converter = proj4(`+proj=longlat +a=6370000 +b=6370000 +no_defs`, projOfCf(crs));
  for (let cell = 0; cell < 12; cell++) {
    const [foundX, foundY] = converter.forward([lon[cell], lat[cell]]);
    expect(foundX).toBeCloseTo(x[cell % 4], 2);
    expect(foundY).toBeCloseTo(y[Math.floor(cell / 4)], 2);
  }
  expect(gridFromCf(crs, 'map.nc').definition).toEqual(definition);
});

it('is asked for where crs does not hold it whole', () => {
  const crs = cfGrid(new Grid(systems[0])).variables.find(({ name }) => name === CRS)?.attributes as CfAttributes;
  const { ioapi_xcell: _missing, ...less } = crs;
  for (const attributes of [undefined, {}, less, { ...crs, ioapi_xcell: '27000' }])
    expect(() => gridFromCf(attributes, 'map.nc')).toThrow(
      expect.objectContaining({
        code: 'CF_GRID',
        message: 'map.nc: the variable crs does not describe a grid of Retroplume: make the file again',
      }) as Error,
    );
});
