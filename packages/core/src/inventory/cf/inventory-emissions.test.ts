import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CellOverlaps } from '../../grid/cell-overlaps';
import { Grid } from '../../grid/grid';
import { readGriddesc } from '../../grid/griddesc';
import { EARTH_RADIUS } from '../../grid/projection';
import { readCfInventory } from './cf-inventory';
import { writeInventoryEmissions, type InventorySource } from './inventory-emissions';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { readCf, writeCf, type CfAttributes } from '../../files/netcdf/netcdf-cf';
import { describeShared, failure, sharedFile, temporaryFolder } from '../../files/testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const RADIANS = Math.PI / 180;

/** 6 rows of 2° from 20 N, 9 columns of 3° from 99 E: monthly, in January `1 + cell`, in February twice that. */
const [ROWS, COLS] = [6, 9];
const LAT = Float64Array.from({ length: ROWS }, (_, i) => 21 + 2 * i);
const LON = Float64Array.from({ length: COLS }, (_, i) => 100.5 + 3 * i);
const field = Float64Array.from({ length: 2 * ROWS * COLS }, (_, i) => (i < ROWS * COLS ? 1 + i : 2 * (1 + i - ROWS * COLS)));

interface Options {
  units?: string;
  data?: Float64Array;
  time?: CfAttributes;
  lat?: Float64Array;
  dimensions?: string[];
  degrees?: [lat: string, lon: string];
}

function inventory(options: Options = {}): string {
  const { units = 'kg m-2 s-1', data = field, time, lat = LAT, dimensions = ['time', 'lat', 'lon'] } = options;
  const { degrees = ['degrees_north', 'degrees_east'] } = options;
  const axis = (name: string, values: Float64Array, attributes: CfAttributes): object => ({ name, dimensions: [name], data: values, attributes });
  writeCf(at('inventory.nc'), {
    dimensions: { time: 2, lat: ROWS, lon: COLS, lev: 1, sector: 2 },
    coordinates: [
      axis('time', Float64Array.of(14, 45), { units: 'days since 2017-01-01', calendar: 'standard', ...time }),
      axis('lat', lat, { units: degrees[0] }),
      axis('lon', LON, { units: degrees[1] }),
    ] as never,
    variables: [{ name: 'nox', dimensions, data, attributes: { units } }],
  });
  return at('inventory.nc');
}

const latLon = (change: Partial<Grid['definition']> = {}): Grid =>
  new Grid({
    name: 'LATLON',
    gdtyp: 1,
    pAlp: 0,
    pBet: 0,
    pGam: 0,
    xcent: 0,
    ycent: 0,
    xorig: 99,
    yorig: 20,
    xcell: 3,
    ycell: 2,
    cols: COLS,
    rows: ROWS,
    ...change,
  });
const hours = (start: string, count: number): { start: Date; stepSeconds: number; count: number } => ({
  start: new Date(start),
  stepSeconds: 3600,
  count,
});
const source = (path: string, change: Partial<InventorySource> = {}): InventorySource => ({
  path,
  variable: 'nox',
  species: 'NO2',
  speciesUnits: 'g/s',
  ...change,
});

function read(path: string, variable: string): Float32Array {
  const file = IoapiFile.open(path);
  const values = file.read(variable);
  file.close();
  return values;
}

const area = (row: number): number => EARTH_RADIUS ** 2 * 3 * RADIANS * (Math.sin((22 + 2 * row) * RADIANS) - Math.sin((20 + 2 * row) * RADIANS));

it('is the same on its own grid, each month its own', () => {
  const [moved] = writeInventoryEmissions(at('OUT.nc'), latLon(), hours('2017-01-31T22:00Z', 4), [source(inventory())]);
  const values = read(at('OUT.nc'), 'NO2');
  for (let i = 0; i < 4 * ROWS * COLS; i++) {
    const [hour, cell] = [Math.floor(i / (ROWS * COLS)), i % (ROWS * COLS)];
    expect(values[i] / (1000 * (1 + cell) * (hour < 2 ? 1 : 2) * area(Math.floor(cell / COLS)))).toBeCloseTo(1, 6);
  }
  const total = field.slice(0, ROWS * COLS).reduce((sum, value, i) => sum + value * area(Math.floor(i / COLS)), 0);
  expect(Math.abs(moved.inside / (1000 * total * 3600 * (2 + 4)) - 1)).toBeLessThan(1e-9);
  expect(Math.abs(moved.outside)).toBeLessThan(1e-9 * moved.inside);
});

it('keeps the mass where a part lies outside, and says how much', () => {
  // Cells of 1° that the sources' edges fall on: rows from 24 N, columns from 105 E to 135 E, beyond the inventory.
  const grid = latLon({ xorig: 105, yorig: 24, xcell: 1, ycell: 1, cols: 30, rows: 12 });
  const hour = Array.from({ length: 24 }, (_, h) => 1 + (h % 3));
  const path = inventory();
  const [moved, shaped] = writeInventoryEmissions(at('OUT.nc'), grid, hours('2017-01-05T00:00Z', 5), [
    source(path),
    source(path, { species: 'NO', profile: { hour, utcOffset: 8 } }),
  ]);
  const sum = (within: (row: number, col: number) => boolean): number =>
    field
      .slice(0, ROWS * COLS)
      .reduce((s, value, i) => s + (within(Math.floor(i / COLS), i % COLS) ? 5 * 3600e3 * value * area(Math.floor(i / COLS)) : 0), 0);
  expect(Math.abs(moved.inside / sum((row, col) => row >= 2 && col >= 2) - 1)).toBeLessThan(1e-9);
  expect(Math.abs((moved.inside + moved.outside) / sum(() => true) - 1)).toBeLessThan(1e-9);
  const written = (species: string): number => 3600 * read(at('OUT.nc'), species).reduce((s, value) => s + value, 0);
  expect([written('NO2') / moved.inside, moved.written / moved.inside]).toEqual([expect.closeTo(1, 6), expect.closeTo(1, 12)]); // float32 in the file
  // Hours 8 to 12 weigh 3, 1, 2, 3 and 1 against a mean of 2; what was there to be moved is the same.
  expect([shaped.inside, shaped.outside]).toEqual([moved.inside, moved.outside]);
  expect([written('NO') / shaped.written, shaped.written / moved.inside]).toEqual([expect.closeTo(1, 6), expect.closeTo(10 / 2 / 5, 12)]);
});

it('reads rows from north to south as those from south to north', () => {
  const flipped = field.slice();
  for (let i = 0; i < field.length; i++) {
    const [step, row, col] = [Math.floor(i / (ROWS * COLS)), Math.floor(i / COLS) % ROWS, i % COLS];
    flipped[(step * ROWS + ROWS - 1 - row) * COLS + col] = field[i];
  }
  const write = (path: string, out: string): Float32Array => {
    writeInventoryEmissions(at(out), latLon(), hours('2017-01-05T00:00Z', 1), [source(path)]);
    return read(at(out), 'NO2');
  };
  const straight = write(inventory(), 'A.nc');
  write(inventory({ data: flipped, lat: LAT.slice().reverse() }), 'B.nc').forEach((value, i) => expect(value / straight[i]).toBeCloseTo(1, 6));
});

it('follows the weekday and the hour of the local day, and keeps the mean over a week', () => {
  const hour = Array.from({ length: 24 }, (_, h) => (h === 8 ? 5 : 1));
  const weekday = [2, 1, 1, 1, 1, 1, 0];
  const time = hours('2017-01-02T00:00Z', 168); // a Monday
  const run = (profile: InventorySource['profile']): Float32Array => {
    writeInventoryEmissions(at('OUT.nc'), latLon(), time, [source(inventory(), { profile })]);
    return read(at('OUT.nc'), 'NO2').filter((_, i) => i % (ROWS * COLS) === 0); // a cell at 100.5 E: 7 h ahead
  };
  const flat = run(undefined)[0];
  const local = run({ hour, weekday });
  // 8 o'clock of Tuesday is 1 UTC of that day; Monday begins at 17 UTC of the day before, which lies at the end of these hours.
  expect(local[25] / flat).toBeCloseTo((24 / 28) * 5 * 1, 5);
  expect([local[1] / flat, local[166] / flat]).toEqual([expect.closeTo((24 / 28) * 5 * 2, 5), expect.closeTo((24 / 28) * 2, 5)]);
  expect(local.slice(137, 161).every((value) => value === 0)).toBe(true); // Sunday
  expect(local.reduce((sum, value) => sum + value, 0) / (168 * flat)).toBeCloseTo(1, 6);
  expect(run({ hour, weekday, utcOffset: 0 })[8] / flat).toBeCloseTo((24 / 28) * 5 * 2, 5);
});

it('shifts by parts of an hour: a UTC hour takes of the two local hours that it overlaps', () => {
  const hour = Array.from({ length: 24 }, (_, h) => 1 + h);
  const time = hours('2017-01-02T00:00Z', 168); // a Monday
  const run = (utcOffset: number | undefined, weekday?: number[]): Float32Array => {
    writeInventoryEmissions(at('OUT.nc'), latLon(), time, [
      source(inventory(), { profile: utcOffset === undefined ? undefined : { hour, weekday, utcOffset } }),
    ]);
    return read(at('OUT.nc'), 'NO2').filter((_, i) => i % (ROWS * COLS) === 0);
  };
  const flat = run(undefined)[0];
  const weights = (utcOffset: number, weekday?: number[]): number[] => Array.from(run(utcOffset, weekday), (value) => value / flat);
  // India: 0 UTC is 5:30 to 6:30, half of hour 5 (weight 6) and half of hour 6 (7); 18 UTC is 23:30 to 0:30 (24 and 1). The mean weight is 12.5.
  const india = weights(5.5);
  expect([india[0], india[18]]).toEqual([expect.closeTo(6.5 / 12.5, 5), expect.closeTo(12.5 / 12.5, 5)]);
  expect(india.slice(0, 24).reduce((sum, value) => sum + value, 0)).toBeCloseTo(24, 5);
  // Newfoundland: 4 UTC is 0:30 to 1:30. Nepal: 0 UTC is 5:45 to 6:45, a quarter of hour 5 and three of hour 6.
  expect(weights(-3.5)[4]).toBeCloseTo((1 + 2) / 2 / 12.5, 5);
  expect(weights(5.75)[0]).toBeCloseTo((6 + 3 * 7) / 4 / 12.5, 5);
  // Sunday 23:30 to Monday 0:30, where only Monday counts: half of its first hour.
  expect(weights(5.5, [7, 0, 0, 0, 0, 0, 0])[6 * 24 + 18]).toBeCloseTo((7 * 1) / 2 / 12.5, 5);
});

it('reads every spelling of degrees, and past a level of its own', () => {
  const { path, ...plain } = readCfInventory(inventory(), 'nox');
  for (const degrees of [
    ['degree_north', 'degree_east'],
    ['degrees_N', 'degreesE'],
  ] as [string, string][]) {
    expect(readCfInventory(inventory({ degrees }), 'nox')).toEqual({ path, ...plain });
  }
  for (const dimensions of [
    ['time', 'lev', 'lat', 'lon'],
    ['lev', 'time', 'lat', 'lon'],
  ]) {
    expect(readCfInventory(inventory({ dimensions }), 'nox')).toEqual({ path, ...plain });
  }
  expect(readCfInventory(inventory({ dimensions: ['lev', 'lat', 'lon'], data: field.slice(0, ROWS * COLS) }), 'nox')).toMatchObject({
    spans: [],
    fields: plain.fields.slice(0, 1),
  });
});

it('splits a source into species, sums sources of one, and turns mass into moles', () => {
  const path = inventory({ units: 'kgN/m2/s' });
  const asNitrogen = { units: 'kg m-2 s-1', molarMass: 14.007, speciesUnits: 'moles/s' } as const;
  writeInventoryEmissions(at('OUT.nc'), latLon(), hours('2017-02-01T00:00Z', 1), [
    source(path, { ...asNitrogen, species: 'NO', part: 0.9 }),
    source(path, { ...asNitrogen, species: 'NO2', part: 0.06 }),
    source(path, { ...asNitrogen, species: 'NO2', part: 0.04 }),
  ]);
  const [no, no2] = ['NO', 'NO2'].map((name) => read(at('OUT.nc'), name));
  expect(no[7] / ((0.9 * 2 * 8 * area(0)) / 0.014007)).toBeCloseTo(1, 6);
  expect(no2[7] / no[7]).toBeCloseTo(1 / 9, 6);
});

describe('time', () => {
  const day = (date: Date): string => date.toISOString().slice(0, 10);
  const spans = (time: CfAttributes): string[] => readCfInventory(inventory({ time }), 'nox').spans.map(({ from, to }) => `${day(from)} ${day(to)}`);

  it('takes months from days within them, in calendars with and without leap days', () => {
    expect(spans({})).toEqual(['2017-01-01 2017-02-01', '2017-02-01 2017-03-01']);
    expect(spans({ units: 'Days since 1750-1-1 0:0:0', calendar: '365_day' })).toEqual(['1750-01-01 1750-02-01', '1750-02-01 1750-03-01']);
    expect(spans({ units: 'days since 2016-12-31', calendar: 'noleap' })).toEqual(['2017-01-01 2017-02-01', '2017-02-01 2017-03-01']);
  });

  it('takes fields without a time for every hour', () => {
    const path = inventory({ dimensions: ['lat', 'lon'], data: field.slice(0, ROWS * COLS) });
    writeInventoryEmissions(at('OUT.nc'), latLon(), hours('2021-12-31T23:00Z', 2), [source(path)]);
    const values = read(at('OUT.nc'), 'NO2');
    expect([values[7], values[ROWS * COLS + 7]].map((value) => value / (8000 * area(0)))).toEqual([expect.closeTo(1, 6), expect.closeTo(1, 6)]);
  });

  it('takes the months of another year where it is told to', () => {
    const write = (change: Partial<InventorySource>): unknown =>
      writeInventoryEmissions(at('OUT.nc'), latLon(), hours('2021-02-03T00:00Z', 1), [source(inventory(), change)]);
    write({ anyYear: true });
    expect(read(at('OUT.nc'), 'NO2')[0] / (2000 * area(0))).toBeCloseTo(1, 6);
    expect(() => write({})).toThrow('nox at 2021-02-03T00:00Z was asked for but the inventory holds 2017-01-01T00:00Z to 2017-03-01T00:00Z');
  });
});

describe('refuses', () => {
  const negative = field.slice();
  negative[20] = -1;
  const cases: [string, Options, Partial<InventorySource>, string][] = [
    ['a unit that is not known', { units: 'kgN/m2/s' }, {}, 'UNIT_UNKNOWN'],
    ['a unit that is no flux', { units: 'kg m-2' }, {}, 'UNIT_MISMATCH'],
    ['moles without a molar mass', {}, { speciesUnits: 'moles/s' }, 'UNIT_MOLAR_MASS'],
    ['negative emissions', { data: negative }, {}, 'NEGATIVE'],
    ['another order of dimensions', { dimensions: ['time', 'lon', 'lat'] }, {}, 'CF_DIMENSIONS'],
    ['two sectors', { dimensions: ['time', 'sector', 'lat', 'lon'], data: Float64Array.of(...field, ...field) }, {}, 'CF_DIMENSIONS'],
    ['degrees of no direction', { degrees: ['degrees', 'degrees'] }, {}, 'CF_DIMENSIONS'],
    ['uneven rows without bounds', { lat: LAT.map((value, i) => value + (i === 3 ? 0.5 : 0)) }, {}, 'CF_BOUNDS'],
    ['a calendar of its own', { time: { calendar: '360_day' } }, {}, 'CF_TIME'],
    ['steps that are no months', { time: { units: 'hours since 2017-01-01' } }, {}, 'CF_TIME'],
    ['a profile of 23 hours', {}, { profile: { hour: new Array<number>(23).fill(1) } }, 'PROFILE'],
    ['a profile of nothing', {}, { profile: { weekday: [0, 0, 0, 0, 0, 0, 0] } }, 'PROFILE'],
    ['a variable that is not there', {}, { variable: 'so2' }, 'VARIABLE_MISSING'],
    ['a name that the I/O API cannot hold', {}, { species: 'NITROGEN_DIOXIDE_X' }, 'IOAPI_NAME'],
  ];
  it.each(cases)('%s, and leaves nothing behind', (_, options, change, code) => {
    const path = inventory(options);
    expect(() => writeInventoryEmissions(at('OUT.nc'), latLon(), hours('2017-01-01T00:00Z', 1), [source(path, change)])).toThrow(
      expect.objectContaining({ code }) as Error,
    );
    expect(readdirSync(folder.path)).toEqual(['inventory.nc']);
  });
});

it.each([
  ['kg m-2 s-1', 'g/s', 'moles/s'],
  ['mol m-2 s-1', 'moles/s', 'g/s'],
] as const)('refuses a molar mass that would do nothing, from %s to %s', (units, speciesUnits, other) => {
  const path = inventory({ units });
  expect(() =>
    writeInventoryEmissions(at('OUT.nc'), latLon(), hours('2017-01-01T00:00Z', 1), [source(path, { speciesUnits, molarMass: 14.007 })]),
  ).toThrow(
    failure(
      'MOLAR_MASS_UNUSED',
      `${path}: nox: molarMass does nothing where "${units}" becomes ${speciesUnits}: what the inventory counts, such as N, stays what it is; set speciesUnits: ${other}, or leave molarMass out`,
      2,
    ),
  );
});

it('refuses a species in two units', () => {
  const path = inventory();
  const both = [source(path), source(path, { speciesUnits: 'moles/s', molarMass: 46 })];
  expect(() => writeInventoryEmissions(at('OUT.nc'), latLon(), hours('2017-01-01T00:00Z', 1), both)).toThrow(
    failure('INVENTORY_UNITS', 'NO2: it is to be written in moles/s and in g/s: choose one', 2),
  );
});

describeShared('on the anthropogenic NOx of TROPESS', () => {
  it('keeps its mass on the grid of China, rows of a Gaussian grid by their bounds', () => {
    const path = sharedFile('china-201701/TROPESS*.nc');
    const { cells, fields, spans, missing } = readCfInventory(path, 'nox', 'kg m-2 s-1');
    expect([cells.rows, cells.cols, fields.length, missing]).toEqual([160, 320, 12, 0]);
    expect([spans[0].from.toISOString(), spans[11].to.toISOString()]).toEqual(['2021-01-01T00:00:00.000Z', '2022-01-01T00:00:00.000Z']);
    const amount = fields[0].map((flux, cell) => flux * cells.area(Math.floor(cell / cells.cols), cell % cells.cols)); // kg N s-1
    const globe = amount.reduce((a, b) => a + b, 0);
    // The same from the file's own numbers, with nothing of ours but the reading of netCDF.
    const { coordinates, variables } = readCf(path);
    const of = (name: string): ArrayLike<number> => [...coordinates, ...variables].find((variable) => variable.name === name)!.data;
    const [nox, bounds] = [of('nox'), of('lat_bnds')];
    let expected = 0;
    for (let i = 0; i < 160 * 320; i++) {
      const row = Math.floor(i / 320);
      const band = Math.abs(Math.sin(bounds[2 * row] * RADIANS) - Math.sin(bounds[2 * row + 1] * RADIANS));
      expected += nox[i] * EARTH_RADIUS ** 2 * band * 1.125 * RADIANS;
    }
    expect(Math.abs(globe / expected - 1)).toBeLessThan(1e-6); // the file's bounds of longitude are float32
    // Mass is conserved whatever the number of pieces.
    const overlaps = new CellOverlaps(cells, readGriddesc(sharedFile('china-201701/GRIDDESC'), 'cn27'), 2);
    const inside = overlaps.regrid(amount).reduce((a, b) => a + b, 0);
    let parts = 0;
    amount.forEach(
      (mass, cell) => (parts += mass * overlaps.share.subarray(overlaps.first[cell], overlaps.first[cell + 1]).reduce((a, b) => a + b, 0)),
    );
    expect(Math.abs(inside / parts - 1)).toBeLessThan(1e-9);
    const perYear = (inside * (46.0055 / 14.007) * 365 * 86400) / 1e9; // Mt NO2 a-1
    expect(perYear).toBeGreaterThan(15); // China alone some 20 to 30, and a part of India and Korea
    expect(perYear).toBeLessThan(60);
  });
});
