import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Grid } from '../../grid/grid';
import { writeGriddesc } from '../../grid/griddesc';
import { makeInventory } from './inventory-file';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { writeCf, type CfAttributes, type CfVariable } from '../../files/netcdf/netcdf-cf';
import { temporaryFolder } from '../../files/testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const GRID = new Grid({
  name: 'SMALL',
  gdtyp: 2,
  pAlp: 25,
  pBet: 40,
  pGam: 110,
  xcent: 110,
  ycent: 34,
  xorig: -108000,
  yorig: -108000,
  xcell: 27000,
  ycell: 27000,
  cols: 8,
  rows: 8,
});

/** 1 µg m-2 s-1 everywhere in January. */
function writeInputs(change: (fluxes: Float64Array) => void = () => undefined): void {
  const axis = (name: string, values: number[], attributes: CfAttributes): object => ({
    name,
    dimensions: [name],
    data: Float64Array.from(values),
    attributes,
  });
  const lat = Array.from({ length: 8 }, (_, i) => 30.5 + i);
  const lon = Array.from({ length: 8 }, (_, i) => 106.5 + i);
  const fluxes = new Float64Array(64).fill(1e-9);
  change(fluxes);
  writeCf(at('inventory.nc'), {
    dimensions: { time: 1, lat: 8, lon: 8 },
    coordinates: [
      axis('time', [14], { units: 'days since 2017-01-01', calendar: 'standard' }),
      axis('lat', lat, { units: 'degrees_north' }),
      axis('lon', lon, { units: 'degrees_east' }),
    ] as never,
    variables: [{ name: 'so2', dimensions: ['time', 'lat', 'lon'], data: fluxes, attributes: { units: 'kg m-2 s-1' } }],
  });
  writeGriddesc(at('GRIDDESC'), GRID);
}

const request = (changes: object = {}): string => {
  const content = {
    grid: { griddesc: 'GRIDDESC', name: 'SMALL' },
    start: '2017-01-02T00:00:00Z',
    hours: 24,
    output: 'EMIS.nc',
    sources: [{ file: 'inventory.nc', variable: 'so2', species: 'SO2', speciesUnits: 'g/s' }],
    ...changes,
  };
  writeFileSync(at('inventory.yaml'), stringify(content));
  return at('inventory.yaml');
};

const SO2 = { file: 'inventory.nc', variable: 'so2', species: 'SO2', speciesUnits: 'g/s' };

beforeEach(() => writeInputs());

it('writes what it is asked for, beside itself', () => {
  const hour = Array.from({ length: 24 }, (_, h) => (h === 6 ? 2 : 1));
  const source = { file: 'inventory.nc', variable: 'so2', species: 'SO2', speciesUnits: 'g/s', profile: { hour, utcOffset: 8 } };
  const { output, sources } = makeInventory(request({ sources: [source] }));
  expect(output).toBe(at('EMIS.nc'));
  const file = IoapiFile.open(output);
  expect(file.variables.map(({ name, units }) => [name, units])).toEqual([['SO2', 'g/s']]);
  const total = (step: number): number => file.read('SO2', step, 1).reduce((sum, value) => sum + value, 0);
  // 64 cells of 27 km, 1 µg m-2 s-1; the map's scale is within 3 % of 1 there.
  expect((total(0) * 25) / 24 / (64 * 27000 ** 2 * 1e-6)).toBeGreaterThan(0.97);
  expect((total(0) * 25) / 24 / (64 * 27000 ** 2 * 1e-6)).toBeLessThan(1.03);
  expect(total(22) / total(0)).toBeCloseTo(2, 6); // 22 UTC is 6 in the morning
  const held = Array.from({ length: 24 }, (_, step) => 3600 * total(step)).reduce((a, b) => a + b);
  expect(sources[0].written / held).toBeCloseTo(1, 6); // float32
  expect(sources[0].written / sources[0].inside).toBeCloseTo(1, 9); // a whole day
  file.close();
  expect(sources).toMatchObject([{ file: 'inventory.nc', species: 'SO2', unit: 'g' }]);
  expect(sources[0].inside).toBeGreaterThan(0);
  expect(sources[0].outside).toBeGreaterThan(0);
});

it.each([
  [{ hours: 0 }, /inventory\.yaml:\d+: hours: expected at least 1 but received 0$/],
  [{ sources: [] }, /sources: expected at least 1 entries but received \[\]$/],
  [{ houres: 3 }, /unknown key houres: did you mean hours\?$/],
  [{ sources: [{ ...SO2, file: undefined }] }, /inventory\.yaml:\d+: sources\.0\.file is missing: add it \(CF file\)$/],
  [{ grid: 'cn27' }, /grid: expected a group of keys but received "cn27"$/],
  [
    { sources: [{ file: 'inventory.nc', variable: 'so2', species: 'SO2', speciesUnits: 'tons' }] },
    /speciesUnits: expected one of moles\/s, g\/s but received "tons"$/,
  ],
  [{ sources: [{ file: 'none.nc', variable: 'so2', species: 'SO2', speciesUnits: 'g/s' }] }, /none\.nc/],
  [{ grid: { griddesc: 'GRIDDESC', name: 'OTHER' } }, /OTHER/],
  [{ start: '2017-02-01T00:00:00Z' }, /2017-02-01/],
  [{ start: '2017-01-32T00:00:00Z' }, /start: expected a date and hour that exist/],
  [{ sources: [SO2, SO2] }, /inventory\.nc: so2 counts twice as SO2: keep one source/],
  [
    {
      sources: [
        { ...SO2, part: 0.6 },
        { ...SO2, part: 0.5, profile: { utcOffset: 8 } },
      ],
    },
    /so2 counts twice as SO2/,
  ],
  [{ sources: [{ ...SO2, species: 'TFLAG' }] }, /a variable cannot be called TFLAG: I\/O API files keep their times under that name/],
  [{ sources: [{ ...SO2, speciesUnits: 'moles/s', molarMass: 0.064 }] }, /molarMass: .*1/],
])('%j is refused in a sentence, and nothing is written', (changes, message) => {
  const output = 'REFUSED.nc';
  expect(() => makeInventory(request({ output, ...changes }))).toThrow(message);
  expect(existsSync(at(output))).toBe(false);
});

it.each(['inventory.nc', 'GRIDDESC', 'inventory.yaml', 'link.nc'])('does not write over what it reads: %s', (output) => {
  symlinkSync(at('inventory.nc'), at('link.nc'));
  const file = request({ output });
  const before = readFileSync(at(output));
  expect(() => makeInventory(file)).toThrow(expect.objectContaining({ code: 'OUTPUT_IS_INPUT' }) as Error);
  expect(readFileSync(at(output))).toEqual(before);
});

it.each([1, 0.4])('refuses a source of which a link brings %d of it again', (part) => {
  symlinkSync(at('inventory.nc'), at('link.nc'));
  const sources = [SO2, { ...SO2, file: 'link.nc' }].map((source) => ({ ...source, part }));
  expect(() => makeInventory(request({ sources }))).toThrow(expect.objectContaining({ code: 'INVENTORY_TWICE' }) as Error);
});

it('tells what the profile leaves in the file, where the hours are no whole days', () => {
  const hour = Array.from({ length: 24 }, (_, h) => (h < 6 ? 3 : 1));
  const [plain] = makeInventory(request({ hours: 6 })).sources;
  const [source] = makeInventory(request({ hours: 6, sources: [{ ...SO2, profile: { hour, utcOffset: 0 } }] })).sources;
  expect([source.inside, source.outside]).toEqual([plain.inside, plain.outside]);
  expect(plain.written).toBeCloseTo(plain.inside, 3);
  // weights 3 in 6 hours of 24, 1 in the others: a mean of 1.5
  expect(source.written / source.inside).toBeCloseTo(2, 9);
});

it('takes parts of a source that add up to it', () => {
  const parts = [0.9, 0.1].map((part) => ({ ...SO2, part }));
  expect(makeInventory(request({ sources: parts })).sources).toHaveLength(2);
});

it.each([Infinity, -Infinity])('a flux of %d is refused', (flux) => {
  writeInputs((fluxes) => (fluxes[20] = flux));
  expect(() => makeInventory(request())).toThrow(
    expect.objectContaining({ code: 'NOT_FINITE', message: expect.stringContaining('at step 0, row 2, column 4') as string }) as Error,
  );
});

it('a grid beside the inventory is refused, and nothing is written', () => {
  writeGriddesc(at('GRIDDESC'), new Grid({ ...GRID.definition, xorig: 2e6 }));
  expect(() => makeInventory(request())).toThrow(
    expect.objectContaining({
      code: 'INVENTORY_OUTSIDE',
      message: expect.stringContaining('so2: no cell of it lies on the grid SMALL') as string,
    }) as Error,
  );
  expect(existsSync(at('EMIS.nc'))).toBe(false);
});

it('counts a cyclic column once, and cells whose bounds go from east to west as what they are', () => {
  const write = (lons: number[], bounds?: number[]): number => {
    const axis = (name: string, data: Float64Array, attributes: CfAttributes): CfVariable => ({ name, dimensions: [name], data, attributes });
    writeCf(at('globe.nc'), {
      dimensions: { lat: 18, lon: lons.length, two: 2 },
      coordinates: [
        axis(
          'lat',
          Float64Array.from({ length: 18 }, (_, i) => 10 * i - 85),
          { units: 'degrees_north' },
        ),
        axis('lon', Float64Array.from(lons), { units: 'degrees_east', ...(bounds ? { bounds: 'lon_bnds' } : {}) }),
      ],
      variables: [
        { name: 'so2', dimensions: ['lat', 'lon'], data: new Float64Array(18 * lons.length).fill(1e-9), attributes: { units: 'kg m-2 s-1' } },
        ...(bounds ? [{ name: 'lon_bnds', dimensions: ['lon', 'two'], data: Float64Array.from(bounds) }] : []),
      ],
    });
    const [{ inside, outside }] = makeInventory(request({ sources: [{ ...SO2, file: 'globe.nc' }] })).sources;
    return inside + outside;
  };
  const lons = Array.from({ length: 36 }, (_, i) => 10 * i);
  const globe = write(lons);
  expect(write([...lons, 360]) / globe).toBeCloseTo(1, 9);
  expect(write(lons, lons.flatMap((lon) => [lon + 5, lon - 5])) / globe).toBeCloseTo(1, 9); // prettier-ignore
});
