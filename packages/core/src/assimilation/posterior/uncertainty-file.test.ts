import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUPS } from '../../base/species';
import { readCf } from '../../files/netcdf/netcdf-cf';
import { Grid } from '../../grid/grid';
import { readConstrained, readSigma, writeUncertainty, type PeriodUncertainty } from './uncertainty-file';

const grid = new Grid({
  name: 'S',
  gdtyp: 2,
  pAlp: 25,
  pBet: 40,
  pGam: 0,
  xcent: 0,
  ycent: 34,
  xorig: 0,
  yorig: 0,
  xcell: 100000,
  ycell: 100000,
  rows: 1,
  cols: 2,
});
const OF = { grid, groups: GROUPS };
const perSlot = 2 * GROUPS.length;

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-uncertainty-'))));
afterEach(() => rmSync(folder, { recursive: true }));

it('keeps the mask as flags of CF, and σ, of each slot', () => {
  const path = join(folder, 'uncertainty.nc');
  const field = Float32Array.from({ length: 2 * perSlot }, (_, i) => i);
  const constrained = Uint8Array.from({ length: 2 * perSlot }, (_, i) => (i < perSlot ? 1 : i % 2));
  writeUncertainty(path, OF, [{ period: 'winter', slots: 2, sigma: field, reduction: field, low: field, high: field, constrained }]);
  expect([...readConstrained(path, OF, 'winter')]).toEqual(Array.from({ length: perSlot }, (_, i) => (i % 2 ? 1 : 0.5)));
  expect(readSigma(path, 'winter')).toEqual(field);
  // CF-1.10, sect. 3.5: flag values are of the type of the variable, as many as there are meanings.
  const { attributes } = readCf(path).variables.find(({ name }) => name === 'constrained_winter')!;
  expect(attributes).toMatchObject({ flag_values: Uint8Array.of(0, 1), flag_meanings: 'not_constrained constrained' });
});

it('each period and sector has its own, in units that CF knows; the whole is not that of a sector', () => {
  const path = join(folder, 'uncertainty.nc');
  const of = (value: number): PeriodUncertainty => {
    const field = new Float32Array(perSlot).fill(value);
    return {
      period: 'winter',
      slots: 1,
      sigma: field,
      reduction: field,
      low: field,
      high: field,
      constrained: new Uint8Array(perSlot).fill(value % 2),
    };
  };
  writeUncertainty(path, OF, [
    of(2),
    { ...of(5), sector: 'power' },
    { ...of(3), period: 'winter2' },
    { ...of(7), period: 'winter2', sector: 'power' },
  ]);
  expect([readSigma(path, 'winter')![0], readSigma(path, 'winter2')![0], readSigma(path, 'summer')]).toEqual([2, 3, undefined]);
  expect([readConstrained(path, OF, 'winter')[0], readConstrained(path, OF, 'winter2')[0]]).toEqual([0, 1]);
  const { variables } = readCf(path);
  expect(variables.find(({ name }) => name === 'sector_factor_high_power_winter2')!.data[0]).toBe(7);
  const fields = variables.filter(({ dimensions }) => dimensions.includes('group'));
  expect(new Set(fields.map(({ attributes }) => attributes!['units']))).toEqual(new Set(['1']));
  expect(new Set(fields.map(({ attributes }) => attributes!['grid_mapping']))).toEqual(new Set(['crs']));
});

it('a mask that is not there, or of another grid, is asked for', () => {
  const path = join(folder, 'uncertainty.nc');
  const field = new Float32Array(perSlot);
  writeUncertainty(path, OF, [
    { period: 'winter', slots: 1, sigma: field, reduction: field, low: field, high: field, constrained: new Uint8Array(perSlot) },
  ]);
  const other = new Grid({ ...grid.definition, rows: 3 });
  for (const [on, period] of [
    [OF, 'summer'],
    [{ ...OF, grid: other }, 'winter'],
  ] as const)
    expect(() => readConstrained(path, on, period)).toThrow(expect.objectContaining({ code: 'UNCERTAINTY_MISSING' }) as Error);
});
