import { GROUPS } from '../../base/species';
import type { Case, InversionSettings } from '../../case';
import { unitGrid } from '../../inversion/testing/small-world';
import { knownTotals } from './known-totals';
import { timeSlots } from '../factors/time-slots';

// Two periods of months: winter has 5 days of January and 3 of February, summer 2 of July. Two rows of three cells.
const grid = unitGrid(2, 3);
const [CELLS, FIELD] = [6, 30];
const slots = [
  { start: new Date('2017-01-27T00:00Z'), count: 8 * 24 },
  { start: new Date('2017-07-01T00:00Z'), count: 2 * 24 },
].map((time) => timeSlots(time, 'month'));
const settings = {
  periods: [{ name: 'winter' }, { name: 'summer' }],
  regions: { east: { rows: [0, 1], cols: [1, 2] } },
} as unknown as Pick<Case, 'regions' | 'periods'>;
/** SO2 (the third group) of slot s and cell c emits s + 1 + c, but nothing in cell 4; NOx emits, too. */
const emission = (slot: number, cell: number): number => (cell === 4 ? 0 : slot + 1 + cell);
const priorEmissions = Float32Array.from({ length: 3 * FIELD }, (_, i) => {
  const [slot, cell, group] = [Math.floor(i / FIELD), Math.floor(i / 5) % CELLS, i % 5];
  return group === 2 ? emission(slot, cell) : group === 0 ? 7 : 0;
});
const HOURS = [120, 72, 48];

/** Place among the factors and mass of each emission that a total sums, by hand. */
function expected(ofSlots: number[], ofCells: number[]): [index: number, weight: number][] {
  return ofSlots.flatMap((slot) =>
    ofCells.map((cell): [number, number] => [slot * FIELD + cell * 5 + 2, emission(slot, cell) * HOURS[slot] * grid.cellArea(cell < 3 ? 0 : 1)]),
  );
}

it.each<[string, Partial<InversionSettings['totals'][number]>, [number, number][]]>([
  ['everywhere and always', {}, expected([0, 1, 2], [0, 1, 2, 3, 5])],
  ['in a period', { period: 'summer' }, expected([2], [0, 1, 2, 3, 5])],
  ['in a period and region', { period: 'winter', region: 'east' }, expected([0, 1], [1, 2, 5])],
])('a known total sums masses %s', (_, where, masses) => {
  const [total] = knownTotals([{ group: 'SO2', factor: 0.8, spread: 0.1, ...where }], settings, { grid, groups: GROUPS }, priorEmissions, slots);
  expect([total.value, total.spread]).toEqual([0.8, 0.1]);
  expect([...total.index]).toEqual(masses.map(([index]) => index));
  masses.forEach(([, weight], k) => expect(total.weight[k] / weight).toBeCloseTo(1, 12));
});

it('a known total of what nobody emits is refused, by its place in the list', () => {
  const some = { factor: 1, spread: 0.1 };
  const of = (total: Pick<InversionSettings['totals'][number], 'group' | 'region' | 'period'>): unknown =>
    knownTotals(
      [
        { group: 'SO2', ...some },
        { ...total, ...some },
      ],
      settings,
      { grid, groups: GROUPS },
      priorEmissions,
      slots,
    );
  expect(() => of({ group: 'NH3', region: 'east', period: 'summer' })).toThrow(
    'inversion.totals[1]: the prior inventory emits no NH3 in east in summer, so',
  );
  expect(() => of({ group: 'VOC' })).toThrow('emits no VOC, so that');
});
