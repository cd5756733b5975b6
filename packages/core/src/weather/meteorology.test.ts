import { join } from 'node:path';

import { Grid, type TimeAxis } from '../grid/grid';
import { IoapiFile } from '../files/ioapi/ioapi-file';
import { IoapiWriter } from '../files/ioapi/ioapi-writer';
import { readMeteorology } from './meteorology';
import { describeShared, failure, sharedFile, temporaryFolder } from '../files/testing/shared-data';
import { openWeather } from './open-weather';
import { earthToGrid, gridConvergence, windFromGrid, windToGrid } from '../grid/wind';

const cn27 = new Grid({
  name: 'cn27', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: -3132000, yorig: -2457000, xcell: 27000, ycell: 27000, cols: 232, rows: 182,
}); // prettier-ignore
const small = new Grid({ ...cn27.definition, name: 'small', xorig: -20000, yorig: -20000, xcell: 10000, ycell: 10000, cols: 4, rows: 3 });
const cells = 12;

describe('wind', () => {
  test('γ is n·(λ0 − λ) on a Lambert grid: 0 on the central meridian, −23° in the north-eastern corner of cn27', () => {
    const n =
      Math.log(Math.cos(25 * (Math.PI / 180)) / Math.cos(40 * (Math.PI / 180))) /
      Math.log(Math.tan(65 * (Math.PI / 180)) / Math.tan((45 + 12.5) * (Math.PI / 180)));
    const gamma = gridConvergence(cn27);
    for (const [row, col] of [
      [0, 0],
      [181, 231],
      [90, 3],
      [10, 116],
    ]) {
      const { lon } = cn27.centre(row, col);
      expect(gamma[row * 232 + col]).toBeCloseTo(n * (110 - lon), 4);
    }
    expect(Math.abs(gamma[115])).toBeLessThan(0.2);
  });

  test('worked by hand: 10 m/s from the true north-east, true north 30° to the left of the grid’s', () => {
    // D_grid = 45 − 30 = 15
    const { u, v } = windToGrid(Float32Array.of(10), Float32Array.of(45), Float64Array.of(-30));
    expect(u[0]).toBeCloseTo(-10 * Math.sin(Math.PI / 12), 5);
    expect(v[0]).toBeCloseTo(-10 * Math.cos(Math.PI / 12), 5);
  });

  test('components towards the true east and north are turned as speed and direction are', () => {
    const gamma = Float64Array.of(-30, 0, 12, 90);
    const [east, north] = [Float32Array.of(0, 3, -4, 2), Float32Array.of(10, -1, 2, 5)];
    const from = Float32Array.from(east, (e, i) => (Math.atan2(-e, -north[i]) * 180) / Math.PI);
    const expected = windToGrid(
      east.map((e, i) => Math.hypot(e, north[i])),
      from,
      gamma,
    );
    const { u, v } = earthToGrid(east, north, gamma);
    expect([u[0], v[0]]).toEqual([expect.closeTo(-5, 5), expect.closeTo(Math.sqrt(75), 5)]); // to the true north, 30° to the left of the grid's
    u.forEach((value, i) => expect(value).toBeCloseTo(expected.u[i], 5));
    v.forEach((value, i) => expect(value).toBeCloseTo(expected.v[i], 5));
  });

  test('there and back', () => {
    const gamma = Float64Array.of(-17, 0, 12, 5);
    const [speed, direction] = [Float32Array.of(1, 5, 9, 0.5), Float32Array.of(0, 91, 271, 359)];
    const { u, v } = windToGrid(speed, direction, gamma);
    const back = windFromGrid(u, v, gamma);
    speed.forEach((value, i) => expect(back.speed[i]).toBeCloseTo(value, 5));
    direction.forEach((value, i) => expect(Math.abs(((back.direction[i] - value + 540) % 360) - 180)).toBeLessThan(1e-4));
  });
});

describe('channels', () => {
  const folder = temporaryFolder();
  const axis: TimeAxis = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 50 };
  const fields: Record<string, [string, (step: number, cell: number) => number]> = {
    WSPD10: ['M/S', () => 5],
    WDIR10: ['DEGREES', () => 270],
    TEMP2: ['degC', (step) => step],
    PBL: ['M', (step, cell) => (cell === 0 ? 0 : 500)],
    RN: ['CM', () => 0.1],
    RC: ['CM', () => 0.2],
    CFRAC: ['FRACTION', (step, cell) => step * cells + cell],
  };
  function open(change: Partial<typeof fields> = {}): IoapiFile {
    const all = Object.entries({ ...fields, ...change }).filter((entry): entry is [string, (typeof fields)[string]] => entry[1] !== undefined);
    const path = join(folder.path, 'METCRO2D.nc');
    const writer = IoapiWriter.create(path, { grid: small, time: axis, layers: 1, variables: all.map(([name, [units]]) => ({ name, units })) });
    for (const [name, [, value]] of all)
      writer.write(
        name,
        0,
        Float32Array.from({ length: 50 * cells }, (_, i) => value(Math.floor(i / cells), i % cells)),
      );
    writer.close();
    return IoapiFile.open(path);
  }

  test('layout [T, H, W, M], units, derivations, over more than one slab', () => {
    const file = open();
    const names = ['u', 'v', 'TEMP2', 'inversePbl', 'RN', 'CFRAC'];
    const period = { ...axis, start: new Date('2017-01-01T02:00Z'), count: 40 };
    const progress: number[] = [];
    const values = readMeteorology(file, period, names, { onProgress: (done) => progress.push(done) });
    file.close();
    expect(values).toHaveLength(40 * cells * 6);
    expect(progress).toEqual([24, 40]);
    for (const [step, cell] of [
      [0, 0],
      [30, 7],
      [39, 11],
    ]) {
      const [u, v, temperature, inversePbl, rain, cloud] = values.subarray((step * cells + cell) * 6, (step * cells + cell + 1) * 6);
      expect(u).toBeCloseTo(5, 3); // from the west; γ is below 0.1° here
      expect(Math.abs(v)).toBeLessThan(0.01);
      expect(temperature).toBeCloseTo(273.15 + step + 2, 3);
      expect(inversePbl).toBeCloseTo(cell === 0 ? 0.1 : 0.002, 7); // a layer of 0 m counts as 10 m
      expect(rain).toBeCloseTo(0.3, 6);
      expect(cloud).toBe((step + 2) * cells + cell);
    }
  });

  test('the local solar hour in the middle of the step', () => {
    const file = open();
    const values = readMeteorology(file, { ...axis, count: 6 }, ['hourSin', 'hourCos']);
    file.close();
    const { lon } = small.centre(1, 2);
    const hour = 5.5 + lon / 15;
    const at = (5 * cells + 6) * 2;
    expect(values[at]).toBeCloseTo(Math.sin((2 * Math.PI * hour) / 24), 6);
    expect(values[at + 1]).toBeCloseTo(Math.cos((2 * Math.PI * hour) / 24), 6);
  });

  test('rain without RC is RN alone', () => {
    const file = open({ RC: undefined });
    expect(readMeteorology(file, { ...axis, count: 1 }, ['RN'])[0]).toBeCloseTo(0.1, 6);
    file.close();
  });

  test('what is missing is named, with file and channel', () => {
    const file = open({ WDIR10: undefined });
    const fails = (channels: string[], period: TimeAxis, code: string, message: string): void =>
      expect(() => readMeteorology(file, period, channels)).toThrow(failure(code, message));
    fails(
      ['u'],
      axis,
      'VARIABLE_MISSING',
      `${file.path}: there is no variable WDIR10, which the channel u needs: leave u out of meteorology.variables or give files that hold it`,
    );
    fails(
      ['USTAR'],
      axis,
      'VARIABLE_MISSING',
      `${file.path}: there is no variable USTAR: leave USTAR out of meteorology.variables or give files that hold it`,
    );
    fails(
      ['RN'],
      { ...axis, count: 51 },
      'PERIOD_NOT_COVERED',
      `${file.path}: the period is 2017-01-01T00:00Z to 2017-01-03T03:00Z but the files hold 2017-01-01T00:00Z to 2017-01-03T02:00Z: give files that cover it, or shorten the period`,
    );
    fails(
      ['RN'],
      { ...axis, stepSeconds: 86400, count: 1 },
      'TIME_STEP',
      `${file.path}: expected a time step of 86400 s but received 3600 s: give hourly files`,
    );
    file.close();
  });

  test('a wrong unit and a NaN', () => {
    const wrong = open({ TEMP2: ['M/S', () => 280] });
    expect(() => readMeteorology(wrong, axis, ['TEMP2'])).toThrow(
      failure(
        'UNIT_MISMATCH',
        `${wrong.path}: TEMP2: it is in "M/S" but "K" was asked for: one cannot become the other: set the unit that the values are really in`,
      ),
    );
    wrong.close();
    const holed = open({ PBL: ['M', (step, cell) => (step === 30 && cell === 6 ? Number.NaN : 500)] });
    expect(() => readMeteorology(holed, axis, ['PBL'])).toThrow(
      failure('NOT_FINITE', `${holed.path}: PBL is missing or not a number at row 1, column 2, 2017-01-02T06:00Z: fill the gap in the file`),
    );
    holed.close();
  });

  test.each<[string, string, number, string]>([
    ['TEMP2', 'K', -9999, 'TEMP2: expected 150 to 350 K but received -9999'],
    ['TEMP2', 'K', 12, 'TEMP2: expected 150 to 350 K but received 12'], // °C called K
    ['PBL', 'M', 1e30, 'PBL: expected 0 to 10000 m but received 1e+30'],
    ['PBL', 'M', -9999, 'PBL is -9999'],
    ['RN', 'CM', -9999, 'RN: expected -0.001 to 100 cm but received -9999'],
    ['RC', 'CM', 1e30, 'RC: expected -0.001 to 100 cm but received 1e+30'],
    ['WSPD10', 'M/S', -5, 'WSPD10 is -5'],
    ['WSPD10', 'km/h', 720, 'WSPD10: expected 0 to 150 m s-1 but received 200'],
    ['WDIR10', 'DEGREES', -9999, 'WDIR10: expected -360 to 360 degrees but received -9999'],
  ])('%s in %s that is %d', (name, units, wrong, said) => {
    const [, right] = fields[name];
    const file = open({ [name]: [units, (step, cell) => (step === 30 && cell === 6 ? wrong : name === 'TEMP2' ? 280 : right(step, cell))] });
    const channel = name.startsWith('W') ? 'u' : name === 'RC' ? 'RN' : name;
    expect(() => readMeteorology(file, axis, [channel])).toThrow(`${file.path}: ${said} at row 1, column 2, 2017-01-02T06:00Z`);
    file.close();
  });

  test('a wind of the lowest layers that no weather has', () => {
    const along = (step: number, cell: number): number => (step === 30 && cell === 6 ? 900 : 3);
    const file = open({ WSPD10: undefined, WDIR10: undefined, UWIND: ['M/S', along], VWIND: ['M/S', () => 0] });
    expect(() => readMeteorology(file, axis, ['u'])).toThrow(/UWIND: expected -150 to 150 m s-1 but received 900 at row 1, column 2/);
    file.close();
  });

  test('what packed files leave just below nothing is taken', () => {
    const file = open({ RN: ['CM', () => -1e-5], RC: ['CM', () => 0] });
    expect(readMeteorology(file, axis, ['RN'])[0]).toBeCloseTo(-1e-5, 9);
    file.close();
  });

  test('a wind direction in radians, and one that is none', () => {
    const [degrees, radians] = [open(), open({ WDIR10: ['radians', () => 1.5 * Math.PI] })];
    const expected = readMeteorology(degrees, axis, ['u', 'v']);
    readMeteorology(radians, axis, ['u', 'v']).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
    const none = open({ WDIR10: ['K', () => 270] });
    expect(() => readMeteorology(none, axis, ['u'])).toThrow('WDIR10: it is in "K" but "degrees" was asked for');
    for (const file of [degrees, radians, none]) file.close();
  });

  test('an abort is heeded', () => {
    const file = open();
    expect(() => readMeteorology(file, axis, ['RN'], { signal: AbortSignal.abort() })).toThrow('aborted');
    file.close();
  });
});

describeShared('real MCIP output', () => {
  test('all default channels of a day in the Australian summer', () => {
    const file = openWeather([sharedFile('mcip-au/METCRO2D*')], { cenLon: 148.63995 }); // of the WRF run
    const names = ['u', 'v', 'TEMP2', 'PBL', 'inversePbl', 'RGRND', 'Q2', 'RN', 'hourSin', 'hourCos'];
    const values = readMeteorology(file, file.time, names);
    const channel = (name: string): Float32Array => values.filter((_, i) => i % names.length === names.indexOf(name));
    const [speed, u, v] = [file.read('WSPD10'), channel('u'), channel('v')];
    for (let i = 0; i < speed.length; i += 37) expect(Math.hypot(u[i], v[i])).toBeCloseTo(speed[i], 4);
    // The sun stands highest when the local solar hour is 12: cos is then -1.
    const [sun, hourCos] = [channel('RGRND'), channel('hourCos')];
    const brightest = sun.indexOf(sun.reduce((a, b) => Math.max(a, b)));
    expect(hourCos[brightest]).toBeLessThan(-0.7);
    expect(Math.max(...channel('Q2'))).toBeLessThan(0.03);
    file.close();
  });
});
