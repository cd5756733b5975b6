/** Sensitivities as files against a model that is a formula, with its exact derivative in the file; and files that are not what the case says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUPS, SPECIES } from '../../base/species';
import { type Case } from '../../case';
import { namingOf } from '../../case/testing/naming';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { DataError } from '../../base/errors';
import { Grid } from '../../grid/grid';
import type { SensitivityResponse } from '../../surrogate/judgement/certificate';
import { CELLS, GRID, tinyPeriod, WORLD } from '../../surrogate/testing/tiny-world';
import { sensitivityResponses, type Sensitivity } from './certify-sensitivities';
import type { StageContext } from '../../run/engine/stage';

const period = tinyPeriod('winter', 1);
const { concentrations } = period.runs.get('prior')!;
const HOURS = [30, 33, 40, 71];
const REGIONS = { south: { rows: [0, 3], cols: [0, 7] }, nowhere: { polygon: [[100, 50], [101, 50], [101, 51]] } }; // prettier-ignore

/** Species n follows group n, half of it as the square: S = C·(½f + ½f²), S′ at f = 1 is 1.5·C. */
function formula(hour: number, factors?: Float32Array): Float32Array {
  return Float32Array.from({ length: CELLS * SPECIES.length }, (_, k) => {
    const f = factors ? factors[Math.floor(k / SPECIES.length) * GROUPS.length + (k % SPECIES.length)] : 1;
    return concentrations[hour * CELLS * SPECIES.length + k] * (0.5 * f + 0.5 * f * f);
  });
}

function freeRun(factors?: Float32Array): Float32Array {
  const out = new Float32Array(HOURS.length * CELLS * SPECIES.length);
  HOURS.forEach((hour, i) => out.set(formula(hour, factors), i * CELLS * SPECIES.length));
  return out;
}

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-sensitivities-'))));
afterAll(() => rmSync(folder, { recursive: true }));

interface FileOptions {
  grid?: Grid;
  hours?: number;
  units?: string;
  /** of the value that the exact derivative would have, in the file's unit (default ppmV) */
  value?: (exact: number, hour: number, cell: number) => number;
}

/** NO2_ENX: d(NO2)/dε with all NOx times 1 + ε. */
function write(name: string, { grid = GRID, hours = WORLD.hours, units = 'ppmV', value = (exact) => exact }: FileOptions = {}): string {
  const path = join(folder, name);
  const time = { ...period.time, count: hours };
  const writer = IoapiWriter.create(path, { grid, time, layers: 1, variables: [{ name: 'NO2_ENX', units }] });
  for (let hour = 0; hour < hours; hour++) {
    const field = Float32Array.from({ length: grid.rows * grid.cols }, (_, cell) =>
      value(1.5e-3 * concentrations[(hour * CELLS + cell) * SPECIES.length], hour, cell),
    );
    writer.write('NO2_ENX', hour, field);
  }
  writer.close();
  return path;
}

function mask(name: string, part: (cell: number) => number, grid = GRID): string {
  const path = join(folder, name);
  const writer = IoapiWriter.create(path, { grid, time: { ...period.time, count: 1 }, layers: 1, variables: [{ name: 'GA', units: '1' }] });
  writer.write(
    'GA',
    0,
    Float32Array.from({ length: CELLS }, (_, cell) => part(cell)),
  );
  writer.close();
  return path;
}

async function responses(files: string, more: Partial<Sensitivity> = {}): Promise<SensitivityResponse[]> {
  const given: Sensitivity = { name: 'ddm', group: 'NOx', files, variables: { NO2: 'NO2_ENX' }, scale: 1, ...more };
  const context = { caseSettings: { ...namingOf(), regions: REGIONS } as unknown as Case, signal: new AbortController().signal } as StageContext;
  const run = (factors: Float32Array): Promise<Float32Array> => Promise.resolve(freeRun(factors));
  return sensitivityResponses(context, given, period, { prior: freeRun(), hours: HOURS, roundoff: 2 ** -24, run });
}

it.each([
  ['single precision', 2 ** -24, 2 ** -7],
  ['bf16', 2 ** -8, 2 ** -2],
])('the difference is that of a step which %s can tell, up and down', async (_, roundoff, step) => {
  const asked: number[] = [];
  const run = (factors: Float32Array): Promise<Float32Array> => {
    asked.push(factors[0]);
    expect([...factors].every((factor, i) => factor === (i % GROUPS.length === 0 ? factors[0] : 1))).toBe(true);
    return Promise.resolve(freeRun(factors));
  };
  const given: Sensitivity = { name: 'ddm', group: 'NOx', files: write(`step_${roundoff}.nc`), variables: { NO2: 'NO2_ENX' }, scale: 1 };
  const context = { caseSettings: { ...namingOf(), regions: REGIONS } as unknown as Case, signal: new AbortController().signal } as StageContext;
  await sensitivityResponses(context, given, period, { prior: freeRun(), hours: HOURS, roundoff, run });
  expect(asked).toEqual([1 + step, 1 - step]);
});

it('the derivative of the model that wrote the file has slope and r of 1, in ppb', async () => {
  const [response, ...others] = await responses(write('exact.nc'));
  expect(others).toEqual([]);
  expect(response).toMatchObject({ name: 'ddm', group: 'NOx', species: 'NO2', period: 'winter' });
  expect(response).not.toHaveProperty('where');
  const { slope, r, signAgreement, ctmChange, relativeSize } = response.figures;
  // float32 beside a step of 1/128: 6e-8 · 10 / (2/128) of about 10
  expect(slope).toBeCloseTo(1, 4);
  expect(r).toBeCloseTo(1, 4);
  expect(signAgreement).toBe(1);
  expect(relativeSize).toBeGreaterThan(1.4);
  const mean = HOURS.reduce((sum, hour) => sum + formula(hour).reduce((all, value, k) => (k % SPECIES.length === 0 ? all + value : all), 0), 0);
  expect(ctmChange).toBeCloseTo((1.5 * mean) / (HOURS.length * CELLS), 3);
});

it('scale makes changes by + 1 % those by + 100 %', async () => {
  const path = write('percent.nc', { value: (exact) => exact / 100 });
  expect((await responses(path))[0].figures.slope).toBeCloseTo(100, 2);
  expect((await responses(path, { scale: 100 }))[0].figures.slope).toBeCloseTo(1, 4);
});

it('a wrong sign in a quarter of the cells is seen', async () => {
  const path = write('signs.nc', { value: (exact, _, cell) => (cell % 4 === 0 ? -exact : exact) });
  const { signAgreement } = (await responses(path))[0].figures;
  expect(signAgreement).toBe(0.75);
});

it('species are told apart, whatever their order, and so are groups', async () => {
  const path = join(folder, 'two.nc');
  const writer = IoapiWriter.create(path, {
    grid: GRID,
    time: period.time,
    layers: 1,
    variables: ['O3_ESO', 'SO2_ESO'].map((name) => ({ name, units: 'ppbV' })),
  });
  const of = (hour: number, species: number, factor: number): Float32Array =>
    Float32Array.from({ length: CELLS }, (_, cell) => factor * concentrations[(hour * CELLS + cell) * SPECIES.length + species]);
  for (let hour = 0; hour < WORLD.hours; hour++) {
    writer.write('O3_ESO', hour, of(hour, 2, 1.5)); // O3, the third species, follows SO2, the third group
    writer.write('SO2_ESO', hour, of(hour, 1, 0.3)); // and SO2 does not
  }
  writer.close();
  const [so2, o3, ...others] = await responses(path, { group: 'SO2', variables: { O3: 'O3_ESO', SO2: 'SO2_ESO' } });
  expect(others).toEqual([]);
  expect(o3).toMatchObject({ group: 'SO2', species: 'O3' });
  expect(o3.figures.slope).toBeCloseTo(1, 4);
  expect(o3.figures.r).toBeCloseTo(1, 4);
  expect(so2).toMatchObject({ group: 'SO2', species: 'SO2' });
  expect(so2.figures.slope).toBeCloseTo(0, 4);
  const mean = HOURS.reduce((sum, hour) => sum + of(hour, 1, 0.3).reduce((all, value) => all + value, 0), 0) / (HOURS.length * CELLS);
  expect(so2.figures.ctmChange).toBeCloseTo(mean, 4);
});

it('a region or a mask of parts says whose emissions are changed', async () => {
  const south = write('south.nc', { value: (exact, _, cell) => (cell < 4 * 8 ? exact : 0) });
  const [ofRegion] = await responses(south, { region: 'south' });
  expect(ofRegion.where).toBe('south');
  expect(ofRegion.figures.slope).toBeCloseTo(1, 4);
  expect((await responses(south))[0].figures.r).toBeLessThan(0.5);
  const half = write('half.nc', { value: (exact) => exact / 2 });
  const [ofMask] = await responses(half, { mask: { file: mask('half-mask.nc', () => 0.5), variable: 'GA' } });
  expect(ofMask.where).toBe('GA');
  expect(ofMask.figures.slope).toBeCloseTo(1, 4);
  const southern = { file: mask('south-mask.nc', (cell) => (cell < 4 * 8 ? 1 : 0)), variable: 'GA' };
  expect((await responses(south, { mask: southern }))[0].figures).toEqual(ofRegion.figures);
});

describe('refuses, in one sentence,', () => {
  const shifted = (): Grid => new Grid({ ...GRID.definition, xorig: 1 });
  it.each<[string, FileOptions, Partial<Sensitivity>, string, RegExp]>([
    ['a unit that is no concentration', { units: 'ppmV s/mol' }, {}, 'UNIT_MISMATCH', /NO2_ENX is in "ppmV s\/mol" but NO2 is wanted in ppb/],
    ['mass per volume of a gas', { units: 'micrograms/m**3' }, {}, 'UNIT_MISMATCH', /NO2 is wanted in ppb/],
    ['another grid', { grid: shifted() }, {}, 'GRID_MISMATCH', /\.nc/],
    ['missing hours', { hours: WORLD.hours - 1 }, {}, 'PERIOD_NOT_COVERED', /give files that cover it/],
    ['a missing variable', {}, { variables: { NO2: 'NO2_ENOX' } }, 'VARIABLE_MISSING', /no variable NO2_ENOX; it holds NO2_ENX/],
    ['NaN', { value: (exact, hour, cell) => (hour === 5 && cell === 9 ? NaN : exact) }, {}, 'NOT_FINITE', /row 1, column 1, 2026-01-05T05:00/],
    ['a region without cells', {}, { region: 'nowhere' }, 'REGION_EMPTY', /regions\.nowhere: no cell .* take the sensitivity out$/],
  ])('%s', async (name, options, more, code, message) => {
    const failed = responses(write(`${name.replaceAll(' ', '-')}.nc`, options), more);
    await expect(failed).rejects.toMatchObject({ code });
    await expect(failed).rejects.toThrow(message);
  });

  it('files that are not there, and masks that are no parts', async () => {
    await expect(responses(join(folder, 'lost_{period}*.nc'))).rejects.toThrow(DataError);
    const path = write('good.nc');
    const percent = { file: mask('percent-mask.nc', () => 40), variable: 'GA' };
    await expect(responses(path, { mask: percent })).rejects.toMatchObject({ code: 'MASK_INVALID' });
    await expect(responses(path, { mask: { ...percent, variable: 'FL' } })).rejects.toMatchObject({ code: 'VARIABLE_MISSING' });
    const negative = { file: mask('negative-mask.nc', (cell) => (cell === 2 * WORLD.cols + 3 ? -0.5 : 1)), variable: 'GA' };
    const ofCell = responses(path, { mask: negative });
    await expect(ofCell).rejects.toMatchObject({ code: 'MASK_INVALID' });
    await expect(ofCell).rejects.toThrow(/GA is -0\.5 at row 2, column 3: a part of a cell lies between 0 and 1/);
    const empty = { file: mask('empty-mask.nc', () => 0), variable: 'GA' };
    const ofNothing = responses(path, { mask: empty });
    await expect(ofNothing).rejects.toMatchObject({ code: 'REGION_EMPTY' });
    await expect(ofNothing).rejects.toThrow(/empty-mask\.nc: GA is 0 everywhere/);
    const elsewhere = { file: mask('shifted-mask.nc', () => 1, shifted()), variable: 'GA' };
    await expect(responses(path, { mask: elsewhere })).rejects.toMatchObject({ code: 'GRID_MISMATCH' });
  });
});
