import { GROUPS as NAMES } from '../../base/species';
import { type Case, type InversionSettings } from '../../case';
import type { PeriodSource } from '../../fields/period-source';
import { CELLS, GRID, GROUPS, HOURS, START, temporaryFolder, writeFile } from '../../transport/testing/small-case';
import { join } from 'node:path';
import { sectorsOf } from './sector-emissions';
import { timeSlots } from '../factors/time-slots';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const LATER = new Date('2026-08-03T00:00:00Z');
const starts: Record<string, Date> = { july: START, august: LATER };
/** mol s-1 of SO2: by file, period, hour and cell */
const rates: Record<string, (period: string, hour: number, cell: number) => number> = {
  rest: (period, hour, cell) => (period === 'july' ? 1 : 2) + hour + cell / 8,
  power: (period, hour) => (period === 'july' ? 100 : 200) + 2 * hour,
  ships: (_, hour, cell) => (cell === 3 ? hour : 0),
};
const only = { ...GROUPS, NOx: { variables: [] }, NH3: { variables: [] }, VOC: { variables: [] }, 'PM2.5': { variables: [] } };
for (const [period, start] of Object.entries(starts)) {
  for (const [name, rate] of Object.entries(rates)) {
    const variables = [{ name: 'SO2', units: 'moles/s', value: (hour: number, cell: number): number => rate(period, hour, cell) }];
    writeFile(join(folder.path, `${name}_${period}.nc`), variables, { start });
  }
}
const files = (name: string): string => join(folder.path, `${name}_{period}.nc`);
const settings = {
  emissions: { files: files('rest'), groups: only, sectors: { power: { files: files('power') }, ships: { files: files('ships') } } },
  periods: Object.entries(starts).map(([name, start]) => ({ name, start: start.toISOString(), hours: HOURS })),
} as unknown as Case;
const periods = Object.entries(starts).map(
  ([name, start]) => ({ name, grid: GRID, groups: NAMES, time: { start, stepSeconds: 3600, count: HOURS } }) as unknown as PeriodSource,
);
const slots = periods.map(({ time }) => timeSlots(time, 'day'));
const spread = { NOx: 0.5, NH3: 0.5, SO2: 0.5, VOC: 0.5, 'PM2.5': 0.5 };
const inversion = { sectors: [{ sector: 'power', priorSpread: { SO2: 0.1 } }], priorSpread: spread } as unknown as InversionSettings;

it('the inventory is divided into the sectors that are inverted and the rest, as means of each slot of each period', () => {
  const sectors = sectorsOf(settings, inversion, periods, slots)!;
  expect(sectors.map(({ name, priorSpread }) => [name, priorSpread])).toEqual([
    ['rest', spread],
    ['power', { ...spread, SO2: 0.1 }],
  ]);
  // Days of 24 and 6 hours; g mol-1 to kg, and per m2.
  const days = [Array.from({ length: 24 }, (_, hour) => hour), Array.from({ length: 6 }, (_, hour) => 24 + hour)];
  const scale = 64.066e-3 / GRID.cellAreaM2;
  for (const [place, [period, day]] of [['july', 0] as const, ['july', 1] as const, ['august', 0] as const, ['august', 1] as const].entries()) {
    for (const cell of [3, 50]) {
      const mean = (...names: string[]): number =>
        days[day].reduce((sum, hour) => sum + names.reduce((of, name) => of + rates[name](period, hour, cell), 0), 0) / days[day].length;
      const at = (place * CELLS + cell) * NAMES.length + NAMES.indexOf('SO2');
      const [rest, power] = sectors.map(({ priorEmissions }) => priorEmissions[at]);
      expect(rest / (scale * mean('rest', 'ships'))).toBeCloseTo(1, 5);
      expect(power / (scale * mean('power'))).toBeCloseTo(1, 5);
      expect(sectors[0].priorEmissions[at - 1]).toBe(0);
    }
  }
  expect(sectorsOf(settings, { ...inversion, sectors: [] }, periods, slots)).toBeUndefined();
});
