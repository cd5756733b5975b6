import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUPS } from '../../data/case';
import { readCf } from '../../data/netcdf-cf';
import { Grid } from '../../grid/grid';
import { readConstrained, readSigma, writeUncertainty } from './uncertainty-file';

const grid = new Grid({
  ...{ name: 'S', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 0, xcent: 0, ycent: 34, xorig: 0, yorig: 0 },
  ...{ xcell: 100000, ycell: 100000, rows: 1, cols: 2 },
});
const perSlot = 2 * GROUPS.length;

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-uncertainty-'))));
afterEach(() => rmSync(folder, { recursive: true }));

it('keeps the mask as flags of CF, and σ, of each slot', () => {
  const path = join(folder, 'uncertainty.nc');
  const field = Float32Array.from({ length: 2 * perSlot }, (_, i) => i);
  const constrained = Uint8Array.from({ length: 2 * perSlot }, (_, i) => (i < perSlot ? 1 : i % 2));
  writeUncertainty(path, grid, [{ period: 'winter', slots: 2, sigma: field, reduction: field, low: field, high: field, constrained }]);
  expect([...readConstrained(path, grid, 'winter')]).toEqual(Array.from({ length: perSlot }, (_, i) => (i % 2 ? 1 : 0.5)));
  expect(readSigma(path, 'winter')).toEqual(field);
  // CF-1.10, sect. 3.5: flag values are of the type of the variable, as many as there are meanings.
  const { attributes } = readCf(path).variables.find(({ name }) => name === 'constrained_winter')!;
  expect(attributes).toMatchObject({ flag_values: Uint8Array.of(0, 1), flag_meanings: 'not_constrained constrained' });
});
