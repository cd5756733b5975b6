import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NetcdfFile } from '@retroplume/native';
import { GROUPS } from '../../base/species';
import { gridFromCf } from '../../files/netcdf/cf-grid';
import { cfVariable, readCf } from '../../files/netcdf/netcdf-cf';
import { DataError } from '../../base/errors';
import { failure } from '../../files/testing/shared-data';
import { Grid } from '../../grid/grid';
import { randomFloats } from '../../inversion/testing/small-world';
import { CELLS, GRID, WORLD } from '../../surrogate/testing/tiny-world';
import { FACTORS_FILE, factorsOfSectors, meanEmissions, ofGroup, readFactors, writeFactors } from './factors-file';

const OF = { grid: GRID, groups: GROUPS };
const field = WORLD.rows * WORLD.cols * 5;

describe('the file of factors', () => {
  let folder: string;
  let path: string;
  const winter = { period: 'winter', slots: 1, data: randomFloats(field, 1) };
  const summer = { period: 'summer', slots: 6, data: randomFloats(6 * field, 2) };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'retroplume-factors-'));
    path = join(folder, FACTORS_FILE);
    writeFactors(path, OF, [winter, summer]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives back what was written, factors of a period and of its hours', () => {
    expect(readFactors(path, OF, 'winter')).toEqual(winter);
    expect(readFactors(path, OF, 'summer')).toEqual(summer);
  });

  it('tells every program where they lie', () => {
    const file = readCf(path);
    expect(file.coordinates.map(({ name }) => name).sort()).toEqual(['x', 'y']);
    for (const name of ['factor_winter', 'factor_summer'])
      expect(cfVariable(file, name, path).attributes).toMatchObject({ grid_mapping: 'crs', coordinates: 'lat lon', units: '1' });
    expect(gridFromCf(cfVariable(file, 'crs', path).attributes, path).definition).toEqual(GRID.definition);
    expect(cfVariable(file, 'lat', path).dimensions).toEqual(['y', 'x']);
  });

  it('names the groups along their dimension', () => {
    const file = NetcdfFile.open(path);
    const width = file.dimensions.find(({ name }) => name === 'group_length')!.length;
    const text = Buffer.from(file.read<Uint8Array>('group')).toString();
    expect(file.variable('group')).toEqual({ name: 'group', type: 'char', dimensions: ['group', 'group_length'] });
    file.close();
    expect(GROUPS.map((_, g) => text.slice(g * width, (g + 1) * width).replaceAll('\0', ''))).toEqual([...GROUPS]);
  });

  it('reads of the file what is asked for alone', () => {
    const read = jest.spyOn(NetcdfFile.prototype, 'read');
    readFactors(path, OF, 'summer');
    expect(read.mock.calls.map(([name]) => name)).toEqual(['factor_summer']);
    read.mockRestore();
  });

  it('has of a sector its own factors, or those of the rest, or where there are no sectors those of all', () => {
    const of = (seed: number): typeof winter => ({ ...winter, data: randomFloats(field, seed) });
    const [traffic, rest] = [of(3), of(4)];
    const divided = join(folder, 'sectors.nc');
    writeFactors(
      divided,
      OF,
      [winter],
      [
        { sector: 'traffic', factors: [traffic] },
        { sector: 'rest', factors: [rest] },
      ],
    );
    const ofSector = factorsOfSectors(divided, OF);
    expect(ofSector('winter', 'traffic')).toEqual(traffic);
    expect(ofSector('winter', 'power')).toEqual(rest);
    expect(factorsOfSectors(path, OF)('winter', 'power')).toEqual(winter);
    expect(readFactors(divided, OF, 'winter')).toEqual(winter);
  });

  // Of each hour of a country and month they take a gigabyte, and an inventory may have twenty sectors.
  it('holds the factors that sectors share once', () => {
    const ofSector = factorsOfSectors(path, OF);
    const ofPower = ofSector('summer', 'power');
    expect(ofPower).toEqual(summer);
    expect(ofSector('summer', 'ships').data).toBe(ofPower.data);
    expect(ofSector('winter', 'ships')).toEqual(winter);
  });

  it('says which period it lacks, and does not fit another grid', () => {
    expect(() => readFactors(path, OF, 'spring')).toThrow(DataError);
    expect(() => readFactors(path, OF, 'spring')).toThrow(`${path}: there are no factors of period spring`);
    expect(() => readFactors(path, { ...OF, grid: new Grid({ ...GRID.definition, rows: 7 }) }, 'winter')).toThrow(
      expect.objectContaining({ code: 'FACTORS_MISSING' }) as Error,
    );
  });

  it('is refused for other groups than the case has, be they as many', () => {
    const groups = GROUPS.map((group) => (group === 'NH3' ? 'CO' : group));
    expect(() => readFactors(path, { grid: GRID, groups }, 'winter')).toThrow(
      failure('FACTORS_MISSING', `${path}: its factors are of ${GROUPS.join(' ')}, but the case has ${groups.join(' ')}: run invert again`),
    );
  });

  it('holds any groups, and any number', () => {
    const two = { grid: GRID, groups: ['CO', 'soilNO'] };
    const factors = { period: 'winter', slots: 1, data: randomFloats(CELLS * 2, 5) };
    const ofTwo = join(folder, 'two.nc');
    writeFactors(ofTwo, two, [factors]);
    expect(readFactors(ofTwo, two, 'winter')).toEqual(factors);
    expect(ofGroup(factors.data, 1, 2)).toEqual(factors.data.filter((_, i) => i % 2 === 1));
  });
});

describe('mean emissions', () => {
  // Two hours of one cell with five groups.
  const emissions = Float32Array.from([1, 2, 3, 4, 5, 3, 2, 1, 0, 5]);

  it('are means over the hours', () => {
    expect([...meanEmissions(emissions, 2)]).toEqual([2, 2, 2, 2, 5]);
  });

  it('carry the factors of the period, or of each hour', () => {
    const data = Float32Array.from([2, 1, 1, 1, 0]);
    expect([...meanEmissions(emissions, 2, { period: 'winter', slots: 1, data })]).toEqual([4, 2, 2, 2, 0]);
    const hourly = Float32Array.from([2, 1, 1, 1, 0, 4, 1, 1, 1, 1]);
    expect([...meanEmissions(emissions, 2, { period: 'winter', slots: 2, data: hourly })]).toEqual([7, 2, 2, 2, 2.5]);
  });
});
