import { GROUPS } from '../../base/species';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cfVariable, readCf } from '../../files/netcdf/netcdf-cf';
import { temporaryFolder } from '../../files/testing/shared-data';
import { CellOverlaps } from '../../grid/cell-overlaps';
import { Grid } from '../../grid/grid';
import { Random } from '../../base/random';
import { HemcoGrid, writeHemco } from './hemco';
import { CELLS, GRID } from '../../transport/testing/small-case';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const random = new Random(3);
const draw = (count: number): Float64Array => Float64Array.from({ length: count }, () => Math.exp(random.normal()));

it('leaves 1 outside, and what is constant inside is constant there', () => {
  const hemco = new HemcoGrid(GRID, 0.25);
  const factors = hemco.factors(new Float64Array(CELLS).fill(2), new Float64Array(CELLS).fill(0.5));
  expect(factors).toHaveLength(720 * 1440);
  const of = (lon: number, lat: number): number => factors[Math.floor((lat + 90) / 0.25) * 1440 + Math.floor((lon + 180) / 0.25)];
  expect(of(110.1, 34.1)).toBeCloseTo(0.5, 3); // the middle of the domain
  expect([of(0, 0), of(-110, 34), of(110, -34)]).toEqual([1, 1, 1]);
  const partly = factors.filter((factor) => factor > 0.51 && factor < 0.99).length;
  expect(partly).toBeGreaterThan(20); // along the edges of 270 km x 216 km
  expect(partly).toBeLessThan(60);
});

it('conserves the updated mass of an inventory in the same cells', () => {
  // Sources in the middle of the domain only, so that every lat-lon cell that has some lies wholly within.
  const prior = draw(CELLS).map((value, cell) => (cell % 10 > 1 && cell % 10 < 8 && cell > 19 && cell < 60 ? value : 0));
  const factor = draw(CELLS);
  const hemco = new HemcoGrid(GRID, 0.25);
  const before = new CellOverlaps(GRID, hemco.globe, 16).regrid(prior);
  const factors = hemco.factors(prior, factor);
  const updated = before.reduce((sum, mass, cell) => sum + mass * factors[cell], 0);
  const expected = prior.reduce((sum, mass, cell) => sum + mass * factor[cell], 0);
  expect(Math.abs(updated / expected - 1)).toBeLessThan(1e-7); // factors are float32
});

it('is exact on a lat-lon grid whose cells the globe has', () => {
  const latLon = new Grid({ ...GRID.definition, gdtyp: 1, xorig: 100, yorig: 30, xcell: 0.5, ycell: 0.5 });
  const factor = draw(CELLS);
  const factors = new HemcoGrid(latLon, 0.5).factors(draw(CELLS), factor);
  factor.forEach((value, cell) => {
    const index = (240 + Math.floor(cell / 10)) * 720 + 560 + (cell % 10);
    expect(factors[index] / value).toBeCloseTo(1, 6);
  });
  expect(factors.filter((value) => value !== 1).length).toBe(CELLS);
});

it('writes a file as COARDS has it, and lines of HEMCO_Config.rc', () => {
  const factors = Float64Array.from({ length: CELLS * 5 }, (_, i) => 1 + (i % 5));
  const prior = new Float64Array(CELLS * 5).fill(1);
  const [from, to] = ['2017-01-03', '2017-01-05'].map((day) => new Date(`${day}T00:00Z`));
  const files = writeHemco({ factors: at('hemco_p.nc'), config: at('HEMCO_p.rc') }, new HemcoGrid(GRID, 1), {
    groups: GROUPS,
    prior,
    factors,
    from,
    to,
    origin: 'Retroplume 1.2.3, case small',
  });
  expect(files).toEqual([at('hemco_p.nc'), at('HEMCO_p.rc')]);
  const contents = readCf(at('hemco_p.nc'));
  expect(contents.attributes['history']).toBe('factors by Retroplume 1.2.3, case small');
  expect(contents.dimensions).toEqual({ time: 1, lat: 180, lon: 360 });
  const of = (name: string): ArrayLike<number> => cfVariable(contents, name, '').data;
  expect([of('lat')[0], of('lat')[179], of('lon')[0], of('lon')[359]]).toEqual([-89.5, 89.5, -179.5, 179.5]);
  const middle = 124 * 360 + 290; // 34 … 35 N, 110 … 111 E, three quarters of it within
  expect(of('NOx')[middle]).toBe(1);
  expect(of('PM25')[middle]).toBeGreaterThan(of('SO2')[middle]);
  const lines = readFileSync(at('HEMCO_p.rc'), 'utf8').split('\n');
  expect(lines[1]).toBe('# By Retroplume 1.2.3, case small.');
  expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    '9101 RETROPLUME_NOX $ROOT/hemco_p.nc NOx 2017/1/3/0 C xy 1 1',
    '9102 RETROPLUME_NH3 $ROOT/hemco_p.nc NH3 2017/1/3/0 C xy 1 1',
    '9103 RETROPLUME_SO2 $ROOT/hemco_p.nc SO2 2017/1/3/0 C xy 1 1',
    '9104 RETROPLUME_VOC $ROOT/hemco_p.nc VOC 2017/1/3/0 C xy 1 1',
    '9105 RETROPLUME_PM25 $ROOT/hemco_p.nc PM25 2017/1/3/0 C xy 1 1',
  ]);
});

it('names in HEMCO_Config.rc the hour that the file has, where a period begins within a day', () => {
  const ones = new Float64Array(CELLS * 5).fill(1);
  const [from, to] = ['2016-12-31T18:00Z', '2017-01-01T00:00Z'].map((instant) => new Date(instant));
  writeHemco({ factors: at('evening.nc'), config: at('evening.rc') }, new HemcoGrid(GRID, 1), {
    groups: GROUPS,
    prior: ones,
    factors: ones,
    from,
    to,
    origin: '',
  });
  const { coordinates = [] } = readCf(at('evening.nc'));
  const time = coordinates.find(({ name }) => name === 'time')!;
  expect([time.data[0], time.attributes?.units]).toEqual([0, 'hours since 2016-12-31 18:00:00']);
  expect(readFileSync(at('evening.rc'), 'utf8')).toContain('9101 RETROPLUME_NOX $ROOT/evening.nc NOx 2016/12/31/18 C xy 1 1');
});
