/** Whether factors are known again: changed in place, elsewhere in an array, in another array. */
import { sameFactors, SeenFactors } from './emission-factors';

const of = (...values: number[]): Float32Array => Float32Array.from(values);

it('compares values, also in the middle of arrays', () => {
  expect(sameFactors(of(1, 2), of(1, 2))).toBe(true);
  expect(sameFactors(of(9, 1, 2).subarray(1), of(1, 2, 9).subarray(0, 2))).toBe(true);
  expect(sameFactors(of(1, 2), of(1, 3))).toBe(false);
  expect(sameFactors(of(1, 2), of(1, 2, 3))).toBe(false);
  expect([sameFactors(undefined, undefined), sameFactors(of(1), undefined), sameFactors(undefined, of(1))]).toEqual([true, false, false]);
});

it.each([false, true])('knows factors again, and others as others (fixed: %s)', (fixed) => {
  const data = of(5, 1, 2, 3, 1, 2);
  const seen = new SeenFactors({ data, offset: 1, fixed }, 2);
  expect(seen.sameAs({ data, offset: 1, fixed }, 2)).toBe(true);
  expect(seen.sameAs({ data, offset: 4, fixed }, 2)).toBe(true);
  expect(seen.sameAs({ data: of(1, 2), fixed }, 2)).toBe(true);
  expect(seen.sameAs({ data, offset: 2, fixed }, 2)).toBe(false);
  expect(seen.sameAs({ data, offset: 1, hourly: true, fixed }, 3)).toBe(false);
  expect(seen.sameAs(undefined, 2)).toBe(false);
});

it('knows none as none', () => {
  expect(new SeenFactors(undefined, 2).sameAs(undefined, 4)).toBe(true);
  expect(new SeenFactors(undefined, 2).sameAs({ data: of(1, 1) }, 2)).toBe(false);
});

it('sees changes in place, unless factors are fixed', () => {
  const data = of(1, 2);
  const [changing, fixed] = [new SeenFactors({ data }, 2), new SeenFactors({ data, fixed: true }, 2)];
  data[1] = 3;
  expect(changing.sameAs({ data }, 2)).toBe(false);
  expect(fixed.sameAs({ data, fixed: true }, 2)).toBe(true);
});
