import { Random } from '../../base/random';
import { Decorrelation } from '../cost/correlated-errors';
import { errorLengths, evenlyOf } from './error-correlation';
import type { ScaledInnovation } from './scaled-innovations';

const COLS = 40;
const KM_PER_CELL = [27, 9] as const;

interface Errors {
  km: number;
  hours: number;
  part?: number;
  cells?: number;
  times?: number;
}

/** Errors of `cells` random cells at `times` times, 6 h apart, a part of whose variance is alike over `km` and `hours` (0: independent). */
function drawn({ km, hours, part = 1, cells = 60, times = 60 }: Errors): ScaledInnovation[] {
  const random = new Random(3);
  const at = Array.from({ length: cells }, () => Math.floor(random.uniform() * 20 * COLS));
  const d = (i: number, j: number): number =>
    Math.hypot((Math.floor(at[i] / COLS) - Math.floor(at[j] / COLS)) * KM_PER_CELL[0], ((at[i] % COLS) - (at[j] % COLS)) * KM_PER_CELL[1]);
  const alike = Decorrelation.fromGroups(cells, [at.map((_, i) => i)], (i, j) => (km > 0 ? Math.exp(-d(i, j) / km) * 0.9999 : 0));
  const rho = hours > 0 ? Math.exp(-6 / hours) : 0;
  let state: Float64Array = new Float64Array(cells);
  return Array.from({ length: times }, (_, t) => {
    const fresh = alike.invert(Float64Array.from(at, () => random.normal()));
    state = t === 0 ? fresh : state.map((e, i) => rho * e + Math.sqrt(1 - rho ** 2) * fresh[i]);
    return at.map((cell, i) => {
      const error = Math.sqrt(part) * state[i] + (part < 1 ? Math.sqrt(1 - part) * random.normal() : 0);
      return { cell, hour: 6 * t, prior: error, updated: error, error: 1 };
    });
  }).flat();
}

it.each([24, 36, 40, 48])('one in %d of hourly times is from all hours of the day, none twice as often as on average or half as often', (every) => {
  const times = Array.from({ length: 24 * 366 }, (_, hour) => hour);
  const taken = evenlyOf(times, 1 / every);
  expect(Math.abs((taken.length * every) / times.length - 1)).toBeLessThan(0.02);
  const counts = Array.from({ length: 24 }, (_, hour) => taken.filter((time) => time % 24 === hour).length);
  expect(Math.min(...counts)).toBeGreaterThan(taken.length / 24 / 2);
  expect(Math.max(...counts)).toBeLessThan((taken.length / 24) * 2);
});

it('all are taken where there is room for all', () => {
  expect(evenlyOf([1, 2, 3], 1.2)).toEqual([1, 2, 3]);
});

describe('errorLengths', () => {
  it.each([
    [60, 12, 1],
    [150, 30, 1],
    [60, 12, 0.6],
    [150, 30, 0.4],
  ])('finds errors that are alike over %d km and %d h in %d of their variance', (km, hours, part) => {
    const found = errorLengths(drawn({ km, hours, part, times: 800 }), COLS, KM_PER_CELL);
    // 800 times are some 80 to 200 independent ones, each with 20 to 60 independent values.
    expect(Math.abs(found.km! / km - 1)).toBeLessThan(0.2);
    expect(Math.abs(found.hours! / hours - 1)).toBeLessThan(0.2);
    expect(Math.abs(found.part! - part)).toBeLessThan(0.11);
  });

  it('takes the part from the distances alone where there is one time a cell', () => {
    const space = drawn({ km: 60, hours: 0, part: 0.6, times: 250 }).map((value) => ({ ...value, cell: value.cell + value.hour * 20 * COLS }));
    const found = errorLengths(space, COLS, KM_PER_CELL);
    expect(found.hours).toBeNull();
    expect(Math.abs(found.km! / 60 - 1)).toBeLessThan(0.2);
    expect(Math.abs(found.part! - 0.6)).toBeLessThan(0.11);
  });

  it('tells what lasts from what comes and goes, and finds the lengths of that as without it', () => {
    const random = new Random(11);
    // A bias of 2 at each place beside one of 1.5 everywhere, of values with an error of 4 of which 0.6 is alike.
    const bias = new Map<number, number>();
    const values = drawn({ km: 60, hours: 12, part: 0.6, times: 800 }).map((value) => {
      if (!bias.has(value.cell)) bias.set(value.cell, 1.5 + 2 * random.normal());
      const error = value.prior + bias.get(value.cell)! / 4;
      return { ...value, prior: error, updated: error, error: 4 };
    });
    const { lasting, ...alike } = errorLengths(values, COLS, KM_PER_CELL);
    const biases = [...bias.values()];
    const mean = biases.reduce((sum, each) => sum + each, 0) / biases.length;
    const spread = Math.sqrt(biases.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (biases.length - 1));
    expect(Math.abs(lasting!.place! / spread - 1)).toBeLessThan(0.1);
    expect(Math.abs(lasting!.everywhere! / mean - 1)).toBeLessThan(0.15);
    expect(Math.abs(alike.km! / 60 - 1)).toBeLessThan(0.2);
    expect(Math.abs(alike.hours! / 12 - 1)).toBeLessThan(0.2);
    expect(Math.abs(alike.part! - 0.6)).toBeLessThan(0.11);
  });

  it('does not speak of what lasts where nothing does, or where no two values of a cell are five days apart', () => {
    const { place, everywhere } = errorLengths(drawn({ km: 60, hours: 12, times: 800 }), COLS, KM_PER_CELL).lasting!;
    // 800 times, two days to an independent one, 60 cells: the mean of their products is 0 ± 0.015 or so.
    for (const each of [place, everywhere]) expect(each ?? 0).toBeLessThan(0.2);
    const days = drawn({ km: 60, hours: 12, times: 20 });
    expect(errorLengths(days, COLS, KM_PER_CELL)).not.toHaveProperty('lasting');
  });

  it('takes periods half a year apart for themselves', () => {
    const winter = drawn({ km: 60, hours: 12 });
    const both = [...winter, ...winter.map((value) => ({ ...value, hour: value.hour + 4400 }))];
    const of = (values: ScaledInnovation[]): number => errorLengths(values, COLS, KM_PER_CELL).hours!;
    expect(Math.abs(of(both) / of(winter) - 1)).toBeLessThan(0.01);
  });

  it('takes each pair both ways round, whatever the order of the values', () => {
    const random = new Random(9);
    const values = drawn({ km: 60, hours: 12, cells: 30, times: 30 }).map((value) => ({ ...value, prior: value.prior + random.normal() }));
    expect(errorLengths([...values].reverse(), COLS, KM_PER_CELL)).toEqual(errorLengths(values, COLS, KM_PER_CELL));
  });

  it('finds the same where the errors that were assumed are half the true ones: a correlation has no size', () => {
    const values = drawn({ km: 60, hours: 12, part: 0.6, times: 200 });
    const doubled = values.map((value) => ({ ...value, prior: 2 * value.prior, updated: 2 * value.updated }));
    const [{ lasting: _, ...own }, { lasting: __, ...other }] = [values, doubled].map((each) => errorLengths(each, COLS, KM_PER_CELL));
    expect(own.part).toBeGreaterThan(0.3);
    expect(other).toEqual(own);
  });

  it('takes the part from the times where two cells have nothing in common, which fits any part', () => {
    const found = errorLengths(drawn({ km: 0, hours: 24, part: 0.5, cells: 2, times: 4000 }), COLS, KM_PER_CELL);
    expect(Math.abs(found.hours! / 24 - 1)).toBeLessThan(0.2);
    expect(Math.abs(found.part! - 0.5)).toBeLessThan(0.11);
  });

  it('finds no length in time of errors that change their sign from one time to the next', () => {
    const values = drawn({ km: 60, hours: 12, times: 800 }).map(({ prior, updated, ...value }) => {
      const sign = (value.hour / 6) % 2 === 0 ? 1 : -1;
      return { ...value, prior: sign * prior, updated: sign * updated };
    });
    const found = errorLengths(values, COLS, KM_PER_CELL);
    expect(found.km).not.toBeNull();
    expect(found.hours).toBeNull();
  });

  it('looks at all values where most cells have too few for a mean', () => {
    const [many, seldom] = [drawn({ km: 0, hours: 12, part: 0.8, cells: 4, times: 400 }), drawn({ km: 0, hours: 0, cells: 60, times: 60 })];
    // Each of its cells has one value, five times as large as the others.
    const single = seldom.map((value, i) => ({ ...value, cell: 20 * COLS + i, prior: 5 * value.prior, updated: 5 * value.updated }));
    const of = (values: ScaledInnovation[]): number => errorLengths(values, COLS, KM_PER_CELL).part ?? 0;
    expect(of(many)).toBeGreaterThan(0.6);
    expect(of([...many, ...single])).toBeLessThan(0.2);
  });

  it('finds no length where errors are independent', () => {
    const found = errorLengths(drawn({ km: 0, hours: 0 }), COLS, KM_PER_CELL);
    // Neighbours that are nearest by less than a cell may still be shown as alike, but not beyond it.
    expect(found.km ?? 0).toBeLessThan(9);
    expect(found.hours ?? 0).toBeLessThan(3);
  });

  it('says nothing of a handful of values, or where the innovations contradict each other', () => {
    const values = drawn({ km: 60, hours: 12, cells: 4, times: 3 });
    expect(errorLengths(values, COLS, KM_PER_CELL)).toEqual({ km: null, hours: null, part: null });
    const opposite = drawn({ km: 60, hours: 12 }).map((value) => ({ ...value, updated: -value.prior }));
    expect(errorLengths(opposite, COLS, KM_PER_CELL)).toEqual({ km: null, hours: null, part: null });
  });
});
