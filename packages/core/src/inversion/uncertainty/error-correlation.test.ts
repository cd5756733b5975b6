import { Random } from '../../random';
import { Decorrelation } from '../correlated-errors';
import { errorLengths, type ScaledInnovation } from './error-correlation';

const COLS = 40;
const KM_PER_CELL = [27, 9] as const;

/** Errors of `cells` random cells at `times` times, 6 h apart, alike over `km` and `hours` (0: independent). */
function drawn({ km, hours, cells = 60, times = 60 }: { km: number; hours: number; cells?: number; times?: number }): ScaledInnovation[] {
  const random = new Random(3);
  const at = Array.from({ length: cells }, () => Math.floor(random.uniform() * 20 * COLS));
  const d = (i: number, j: number): number =>
    Math.hypot((Math.floor(at[i] / COLS) - Math.floor(at[j] / COLS)) * KM_PER_CELL[0], ((at[i] % COLS) - (at[j] % COLS)) * KM_PER_CELL[1]);
  const alike = Decorrelation.of(cells, [at.map((_, i) => i)], (i, j) => (km > 0 ? Math.exp(-d(i, j) / km) * 0.9999 : 0));
  const rho = hours > 0 ? Math.exp(-6 / hours) : 0;
  let state: Float64Array = new Float64Array(cells);
  return Array.from({ length: times }, (_, t) => {
    const fresh = alike.invert(Float64Array.from(at, () => random.normal()));
    state = t === 0 ? fresh : state.map((e, i) => rho * e + Math.sqrt(1 - rho ** 2) * fresh[i]);
    return at.map((cell, i) => ({ cell, hour: 6 * t, before: state[i], after: state[i] }));
  }).flat();
}

describe('errorLengths', () => {
  it.each([
    [60, 12],
    [150, 30],
  ])('finds errors that are alike over %d km and %d h', (km, hours) => {
    const found = errorLengths(drawn({ km, hours, times: 250 }), COLS, KM_PER_CELL);
    // 250 times are some 25 to 60 independent ones, each with 20 to 60 independent values.
    expect(Math.abs(found.km! / km - 1)).toBeLessThan(0.2);
    expect(Math.abs(found.hours! / hours - 1)).toBeLessThan(0.2);
  });

  it('takes periods half a year apart for themselves', () => {
    const winter = drawn({ km: 60, hours: 12 });
    const both = [...winter, ...winter.map((value) => ({ ...value, hour: value.hour + 4400 }))];
    const of = (values: ScaledInnovation[]): number => errorLengths(values, COLS, KM_PER_CELL).hours!;
    expect(Math.abs(of(both) / of(winter) - 1)).toBeLessThan(0.01);
  });

  it('finds no length where errors are independent', () => {
    const found = errorLengths(drawn({ km: 0, hours: 0 }), COLS, KM_PER_CELL);
    // Neighbours that are nearest by less than a cell may still be shown as alike, but not beyond it.
    expect(found.km ?? 0).toBeLessThan(9);
    expect(found.hours ?? 0).toBeLessThan(3);
  });

  it('says nothing of a handful of values, or where the innovations contradict each other', () => {
    const values = drawn({ km: 60, hours: 12, cells: 4, times: 3 });
    expect(errorLengths(values, COLS, KM_PER_CELL)).toEqual({ km: null, hours: null });
    const opposite = drawn({ km: 60, hours: 12 }).map((value) => ({ ...value, after: -value.before }));
    expect(errorLengths(opposite, COLS, KM_PER_CELL)).toEqual({ km: null, hours: null });
  });
});
