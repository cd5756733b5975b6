/** Files of the updated emissions: means over stretches of hours, and HEMCO's factors, by hand on two rows of a lat-lon grid. */
import { GROUPS, SPECIES } from '../../base/species';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCf } from '../../files/netcdf/netcdf-cf';
import type { PeriodSource } from '../../fields/period-source';
import { Grid } from '../../grid/grid';
import { HemcoGrid } from '../../inventory/scaling/hemco';
import { slotStretches } from './slot-stretches';
import { HEMCO_FOLDER, writePeriodHemco } from './apply-hemco';
import { writeUpdatedFields } from './updated-fields';

const grid = new Grid({
  name: 'BELT',
  gdtyp: 1,
  pAlp: 0,
  pBet: 0,
  pGam: 0,
  xcent: 0,
  ycent: 0,
  xorig: 100,
  yorig: 50,
  xcell: 20,
  ycell: 10,
  cols: 1,
  rows: 2,
});
const HOURS = 48;
const FIELD = 2 * 5;
/** NOx: hour + 1 in the south, twice that in the north; the groups after it two to five times as much. */
const emissionsOf = (hour: number): number[] => [0, 1].flatMap((row) => [1, 2, 3, 4, 5].map((group) => group * (row + 1) * (hour + 1)));
const period = {
  name: 'july',
  grid,
  meteorologyNames: [],
  geographyNames: [],
  groups: GROUPS,
  species: SPECIES,
  time: { start: new Date('2017-07-01T00:00:00Z'), stepSeconds: 3600, count: HOURS },
  hourly: (_: unknown, __: unknown, { first, count }: { first: number; count: number }) =>
    Float32Array.from(Array.from({ length: count }, (___, k) => emissionsOf(first + k)).flat()),
} as unknown as PeriodSource;

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-updated-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const valuesOf = (path: string): Map<string, number[]> =>
  new Map(readCf(path).variables.map(({ name, data }) => [name, Array.from(data as Float32Array, Number)]));

it('fields are means over hours that share their factors, with the uncertainty of their slot', () => {
  // Two slots that come again: nights and days of twelve hours.
  const slotOf = Int32Array.from({ length: HOURS }, (_, hour) => Math.floor(hour / 12) % 2);
  const data = Float32Array.from({ length: HOURS * FIELD }, (_, i) => (slotOf[Math.floor(i / FIELD)] === 0 ? 2 : 3));
  const sigma = Float32Array.from({ length: 2 * FIELD }, (_, i) => (i < FIELD ? 0.1 : 0.2) + 0.01 * (i % FIELD));
  const path = join(folder, 'fields.nc');
  writeUpdatedFields(path, period, {
    factors: { period: 'july', slots: HOURS, data },
    stretches: slotStretches({ slotOfHour: slotOf }),
    sigma,
    origin: 'us',
  });
  const found = valuesOf(path);
  const means = [6.5, 18.5, 30.5, 42.5]; // of 1 … 12, 13 … 24 and so on
  expect(found.get('prior_NOx')).toEqual(means.flatMap((mean) => [mean, 2 * mean]).map((value) => expect.closeTo(value, 4) as number));
  expect(found.get('factor_NOx')).toEqual([2, 2, 3, 3, 2, 2, 3, 3]);
  expect(found.get('updated_NOx')).toEqual(
    means.flatMap((mean, s) => [mean, 2 * mean].map((value) => value * (2 + (s % 2)))).map((value) => expect.closeTo(value, 4) as number),
  );
  for (const [g, group] of ['NOx', 'NH3', 'SO2', 'VOC', 'PM25'].entries()) {
    const prior = means.flatMap((mean) => [mean, 2 * mean]).map((value) => (g + 1) * value);
    expect(found.get(`prior_${group}`)).toEqual(prior.map((value) => expect.closeTo(value, 3) as number));
    expect(found.get(`updated_${group}`)).toEqual(prior.map((value, i) => expect.closeTo(value * (2 + (Math.floor(i / 2) % 2)), 3) as number));
    const first = found.get(`log_factor_sigma_${group}`)!.slice(0, 4);
    expect(first).toEqual([0.1, 0.15, 0.2, 0.25].map((value) => expect.closeTo(value + 0.01 * g, 6) as number));
  }
  const ofSlots = [0.1, 0.15, 0.2, 0.25];
  expect(found.get('log_factor_sigma_NOx')).toEqual([...ofSlots, ...ofSlots].map((value) => expect.closeTo(value, 6) as number));
  expect(found.get('time_bnds')).toEqual([0, 12, 12, 24, 24, 36, 36, 48].map((hour) => 3600 * hour));
  expect(found.get('y_bnds')).toEqual([50, 60, 60, 70]);
});

it("HEMCO's factors weigh cells with what they emit, which on a lat-lon grid is less towards the pole", () => {
  const data = Float32Array.from({ length: FIELD }, (_, i) => (i === 0 ? 2 : 1)); // NOx is doubled in the south alone
  const stretches = [{ first: 0, hours: HOURS, slot: 0 }];
  const files = writePeriodHemco(
    folder,
    new HemcoGrid(grid, 20),
    period,
    { factors: { period: 'july', slots: 1, data }, stretches, origin: 'us' },
    () => undefined,
  );
  expect(readdirSync(join(folder, HEMCO_FOLDER)).sort()).toEqual(files.map((file) => file.slice(HEMCO_FOLDER.length + 1)).sort());
  const nox = valuesOf(join(folder, HEMCO_FOLDER, 'hemco_july.nc')).get('NOx')!;
  const sin = (degrees: number): number => Math.sin((degrees * Math.PI) / 180);
  // Per area the north emits twice as much.
  const [south, north] = [sin(60) - sin(50), 2 * (sin(70) - sin(60))];
  const cell = Math.floor((60 + 90) / 20) * 18 + Math.floor((110 + 180) / 20); // 50 to 70 N, 100 to 120 E
  expect(nox[cell]).toBeCloseTo((2 * south + north) / (south + north), 3); // shares of cells are exact to 1/16 of their sides
  expect(nox.filter((factor) => factor !== 1)).toHaveLength(1);
});
