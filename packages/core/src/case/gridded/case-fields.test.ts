import { DEFAULT_CHANNELS } from '../../base/species';
import { join } from 'node:path';

import { Grid, type TimeAxis } from '../../grid/grid';
import { readConcentrationChanges, readConcentrations, readEmissions, readGeography } from './case-fields';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { stepsAtOnce } from '../../files/ioapi/period-steps';
import { failure, temporaryFolder } from '../../files/testing/shared-data';

const projected = new Grid({
  name: 'TEST', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: -10000, yorig: -10000, xcell: 10000, ycell: 10000, cols: 3, rows: 2,
}); // prettier-ignore
const latLon = new Grid({ ...projected.definition, gdtyp: 1, xorig: 100, yorig: 0, xcell: 1, ycell: 30 });
const axis: TimeAxis = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 30 };
const folder = temporaryFolder();

function open(
  variables: Record<string, [units: string, value: (step: number, layer: number, cell: number) => number]>,
  layers = 1,
  grid = projected,
  time = axis,
): IoapiFile {
  const path = join(folder.path, 'file.nc');
  const writer = IoapiWriter.create(path, { grid, time, layers, variables: Object.entries(variables).map(([name, [units]]) => ({ name, units })) });
  for (const [name, [, value]] of Object.entries(variables)) {
    writer.write(
      name,
      0,
      Float32Array.from({ length: time.count * layers * 6 }, (_, i) => value(Math.floor(i / (6 * layers)), Math.floor(i / 6) % layers, i % 6)),
    );
  }
  writer.close();
  return IoapiFile.open(path);
}

describe('emissions', () => {
  test('moles/s and g/s of variables and layers become kg m-2 s-1 of a group', () => {
    const file = open({ NO: ['moles/s', (_, layer) => 1 + layer], NO2: ['moles/s', () => 1], PM: ['g/s', (step, _, cell) => step + cell] }, 2);
    const values = readEmissions(file, axis, { NOx: { variables: ['NO', 'NO2'], molarMass: 46 }, 'PM2.5': { variables: ['PM'] } });
    file.close();
    expect(values).toHaveLength(30 * 6 * 2);
    // NO 1 + 2, NO2 1 + 1 = 5 mol/s · 0.046 kg/mol over 1e8 m²
    expect(values[0]).toBeCloseTo((5 * 0.046) / 1e8, 15);
    const at = (29 * 6 + 4) * 2 + 1;
    expect(values[at] * 1e8).toBeCloseTo(2 * 33e-3, 8);
  });

  test('area of the cells on a lat-lon grid, and emissions that are given per area', () => {
    const file = open({ SO2: ['kg/s', () => 1], NH3: ['ug m-2 s-1', () => 5] }, 1, latLon);
    const values = readEmissions(file, { ...axis, count: 1 }, { SO2: { variables: ['SO2'] }, NH3: { variables: ['NH3'] } });
    file.close();
    expect(values[0] * latLon.cellArea(0)).toBeCloseTo(1, 6);
    expect(values[3 * 2] * latLon.cellArea(1)).toBeCloseTo(1, 6);
    expect(values[1]).toBeCloseTo(5e-9, 15);
  });

  test('what makes no sense is refused', () => {
    const fails = (file: IoapiFile, group: { variables: string[]; molarMass?: number }, code: string, said: string): void => {
      expect(() => readEmissions(file, axis, { NOx: group })).toThrow(failure(code, `${file.path}: ${said}`));
      file.close();
    };
    const ok = { variables: ['NO'], molarMass: 30 };
    fails(
      open({ NO: ['moles/s', (step, _, cell) => (step === 25 && cell === 4 ? Number.NaN : 1)] }),
      ok,
      'NOT_FINITE',
      'NO is missing or not a number at row 1, column 1, 2017-01-02T01:00Z: fill the gap in the file',
    );
    fails(
      open({ NO: ['moles/s', (step, layer) => (step === 3 && layer === 1 ? -1 : 1)] }, 2),
      ok,
      'NEGATIVE',
      'NO is -1 at row 0, column 0, 2017-01-01T03:00Z: values below 0 make no sense; mend the file',
    );
    // 0.01 kg m-2 s-1 from 1e8 m2, 0.03 kg a mole
    fails(
      open({ NO: ['moles/s', (step, _, cell) => (step === 3 && cell === 1 ? 1e10 : 1)] }),
      ok,
      'VALUE_RANGE',
      'NO: expected 0 to 33333300 moles/s but received 10000000000 at row 0, column 1, 2017-01-01T03:00Z: mend the file, or the unit that it gives',
    );
    fails(
      open({ NO: ['moles/s', () => 1] }),
      { variables: ['NO'] },
      'UNIT_MOLAR_MASS',
      'NO (emissions.groups.NOx): it is in "moles/s" but "kg s-1" was asked for: that needs a molar mass: set molarMass (g mol-1)',
    );
    fails(
      open({ NO: ['ppbV', () => 1] }),
      ok,
      'UNIT_MISMATCH',
      'NO (emissions.groups.NOx): it is in "ppbV" but "kg s-1" was asked for: one cannot become the other: set the unit that the values are really in',
    );
    fails(
      open({ NO2: ['moles/s', () => 1] }),
      ok,
      'VARIABLE_MISSING',
      'there is no variable NO; it holds NO2: mend the name in the case or give another file',
    );
  });
});

describe('concentrations', () => {
  test('of the lowest layer, in ppb and µg m-3', () => {
    const file = open({ NO2: ['ppmV', (_, layer, cell) => 0.01 * (layer + 1) + 0.001 * cell], PM25_TOT: ['micrograms/m**3', (step) => step] }, 3);
    const values = readConcentrations(
      file,
      { ...axis, start: new Date('2017-01-01T05:00Z'), count: 20 },
      { NO2: 'NO2', 'PM2.5': 'PM25_TOT' },
      DEFAULT_CHANNELS.units,
    );
    file.close();
    expect(values).toHaveLength(20 * 6 * 2);
    expect(values[0]).toBeCloseTo(10, 5);
    expect(values[(19 * 6 + 5) * 2 + 1]).toBe(24);
  });

  test('a sum of what a monitor counts as one species, each part in its own unit', () => {
    const file = open({ NO2: ['ppbV', (step) => step], PAN: ['ppmV', () => 0.002], HNO3: ['ppbV', (_, __, cell) => cell] });
    const values = readConcentrations(file, axis, { NO2: { NO2: 1, PAN: 0.95, HNO3: 0.35 } }, DEFAULT_CHANNELS.units);
    expect(values[7 * 6 + 4]).toBeCloseTo(7 + 0.95 * 2 + 0.35 * 4, 5);
    expect(() => readConcentrations(file, axis, { NO2: { NO2: 1, HONO: 1 } }, DEFAULT_CHANNELS.units)).toThrow(
      /there is no variable HONO; it holds NO2, PAN, HNO3/,
    );
    file.close();
  });

  test.each([
    [-0.02, 'received -0.02'], // NO2 times −1
    [-9999, 'received -9999'],
    [1e10, 'received 10000000000'],
    [20, 'received 20'], // ppb called ppm
  ])('%d ppm of NO2 in one cell and hour is refused, with its place', (wrong, said) => {
    const file = open({ NO2: ['ppmV', (step, _, cell) => (step === 25 && cell === 4 ? wrong : 0.01 + 0.001 * cell)] });
    expect(() => readConcentrations(file, axis, { NO2: 'NO2' }, DEFAULT_CHANNELS.units)).toThrow(
      failure(
        'VALUE_RANGE',
        `${file.path}: NO2: expected -0.000001 to 10 ppmV but ${said} at row 1, column 1, 2017-01-02T01:00Z: mend the file, or the unit that it gives`,
      ),
    );
    expect(readConcentrationChanges(file, axis, { NO2: 'NO2' }, DEFAULT_CHANNELS.units)[25 * 6 + 4] / (1000 * wrong)).toBeCloseTo(1, 6);
    file.close();
  });

  test('what a scheme leaves just below zero is taken as it is', () => {
    const file = open({ NO2: ['ppmV', (step) => (step === 3 ? -1e-10 : 0.01)] });
    expect(readConcentrations(file, axis, { NO2: 'NO2' }, DEFAULT_CHANNELS.units)[3 * 6]).toBeCloseTo(-1e-7, 12);
    file.close();
  });

  test('a species that is the same everywhere is refused; one of its parts may be', () => {
    const file = open({ NO2: ['ppbV', (step) => step], PAN: ['ppbV', () => 0], O3: ['ppbV', () => 0] });
    expect(() => readConcentrations(file, axis, { NO2: { NO2: 1, PAN: 1 }, O3: 'O3' }, DEFAULT_CHANNELS.units)).toThrow(
      failure('CONCENTRATIONS_CONSTANT', `${file.path}: O3 (O3) is 0 ppb in every cell and hour: name a variable that the transport model computes`),
    );
    expect([...readConcentrationChanges(file, { ...axis, count: 2 }, { O3: 'O3' }, DEFAULT_CHANNELS.units)]).toEqual(Array(12).fill(0));
    file.close();
  });

  test('hours of zeros in every cell are refused; the first may be what a model starts from, and a part of a sum may rest', () => {
    const held = (steps: number[]): Parameters<typeof open>[0] => ({
      NO2: ['ppbV', (step, _, cell) => (steps.includes(step) ? 0 : 1 + cell)],
      PAN: ['ppbV', (step) => (step < 9 ? 0 : 2)],
      O3: ['ppbV', (_, __, cell) => cell],
    });
    const hole = open(held([0, 7, 8, 30]));
    expect(() => readConcentrations(hole, axis, { O3: 'O3', NO2: { NO2: 1, PAN: 0.9 } }, DEFAULT_CHANNELS.units)).toThrow(
      failure(
        'CONCENTRATIONS_ZERO',
        `${hole.path}: NO2 (NO2, PAN) is 0 in every cell in 2 of the ${axis.count} hours, first at 2017-01-01T07:00Z: give a file that holds these hours, or run the transport model again for them`,
      ),
    );
    hole.close();
    const start = open(held([0]));
    expect(readConcentrations(start, axis, { NO2: { NO2: 1, PAN: 0.9 } }, DEFAULT_CHANNELS.units)[0]).toBe(0);
    start.close();
  });

  test('a mass where a mole fraction belongs', () => {
    const file = open({ O3: ['ug m-3', () => 1] });
    expect(() => readConcentrations(file, axis, { O3: 'O3' }, DEFAULT_CHANNELS.units)).toThrow(
      failure('UNIT_MISMATCH', `${file.path}: O3 is in "ug m-3" but O3 is wanted in ppb: let the transport model write it so`),
    );
    file.close();
  });
});

test('geography', () => {
  const file = open({ HT: ['M', (_, __, cell) => cell], LWMASK: ['CATEGORY', () => 1] }, 1, projected, { ...axis, stepSeconds: 0, count: 1 });
  expect([...readGeography(file, ['LWMASK', 'HT'])]).toEqual([1, 0, 1, 1, 1, 2, 1, 3, 1, 4, 1, 5]);
  expect(() => readGeography(file, ['PURB'])).toThrow(expect.objectContaining({ code: 'VARIABLE_MISSING' }) as Error);
  file.close();
});

test.each<[string, string, number, string, string]>([
  ['HT', 'M', -9999, 'VALUE_RANGE', 'HT: expected -500 to 9000 m but received -9999 at row 0, column 2'],
  ['HT', 'K', 5, 'UNIT_MISMATCH', 'HT: it is in "K" but "m" was asked for'],
  ['LWMASK', 'CATEGORY', -9999, 'NEGATIVE', 'LWMASK is -9999 at row 0, column 2'],
  ['LWMASK', 'CATEGORY', 16, 'VALUE_RANGE', 'LWMASK: expected 0 to 1 but received 16 at row 0, column 2'],
])('geography: %s in %s that is %d', (name, units, wrong, code, said) => {
  const file = open({ [name]: [units, (_, __, cell) => (cell === 2 ? wrong : 0)] }, 1, projected, { ...axis, stepSeconds: 0, count: 1 });
  expect(() => readGeography(file, [name])).toThrow(expect.objectContaining({ code, message: expect.stringContaining(said) as string }) as Error);
  file.close();
});

test('heights come in metres', () => {
  const file = open({ HT: ['CM', () => 1200] }, 1, projected, { ...axis, stepSeconds: 0, count: 1 });
  expect(readGeography(file, ['HT'])[0]).toBeCloseTo(12, 5);
  file.close();
});

test('slabs are a day, or as few steps as keep all layers of a variable small', () => {
  const of = (cells: number, layers: number): number => stepsAtOnce({ grid: new Grid({ ...projected.definition, rows: cells, cols: 1 }), layers });
  expect(of(42224, 1)).toBe(24); // 232 x 182
  expect(of(42224, 35)).toBe(10); // 59 MB
  expect(of(250000, 35)).toBe(1); // 35 MB
  expect(of(1e7, 35)).toBe(1);
});
