/** Steps on emissions against their equations, element by element. */
import { allFinite, linearBounds, linearDescent, linearFactors } from './linear-control';
import { randomArray } from './testing/oracles';

// More than one share of a thread, no whole number of vectors.
const ALL = 20003;
const prior = Float64Array.from(randomArray(ALL, 1), (value, i) => (i % 7 === 3 ? 0 : Math.abs(value) + 0.01));
const control = Float64Array.from(randomArray(ALL, 2), (value, i) => prior[i] * (1.3 + 2 * value));
const gradient = Float32Array.from(randomArray(ALL, 3));

describe.each([
  { begin: 0, end: ALL, threads: 1 },
  { begin: 0, end: ALL, threads: 3 },
  { begin: 1001, end: 19000, threads: 2 },
  { begin: 5, end: 5, threads: 1 },
])('elements $begin to $end on $threads threads', (stretch) => {
  const { begin, end } = stretch;
  const inside = (i: number): boolean => i >= begin && i < end;

  it('factors', () => {
    const factors = new Float32Array(end - begin);
    linearFactors(stretch, control, prior, factors);
    expect(factors).toEqual(Float32Array.from(factors, (_, i) => (prior[begin + i] > 0 ? control[begin + i] / prior[begin + i] : 1)));
  });

  it('descent, and nothing moves where nothing is emitted or outside the stretch', () => {
    const moved = control.slice();
    linearDescent(stretch, moved, prior, gradient.slice(begin, end), 0.3);
    expect(moved).toEqual(control.map((e, i) => (inside(i) && prior[i] > 0 ? e - (0.3 * gradient[i]) / prior[i] : e)));
  });

  it('bounds', () => {
    const held = control.slice();
    linearBounds(stretch, held, prior, 1.5);
    const expected = control.map((e, i) => (inside(i) ? Math.min(Math.max(e, 0), 1.5 * prior[i]) : e));
    expect(held.every((value, i) => value === expected[i])).toBe(true); // 0 and -0 alike
    if (end - begin > 1) expect([held.includes(0), held.some((value, i) => prior[i] > 0 && value === 1.5 * prior[i])]).toEqual([true, true]);
  });
});

it('what is not a number stays so, and is found, on whichever thread', () => {
  const values = Float32Array.from(randomArray(ALL, 4));
  for (const bad of [NaN, Infinity, -Infinity])
    for (const at of [0, 10001, ALL - 1])
      for (const threads of [1, 3]) {
        expect(allFinite(values, threads)).toBe(true);
        const given = values.slice();
        given[at] = bad;
        expect(allFinite(given, threads)).toBe(false);
      }
  expect(allFinite(Float32Array.of(3e38, -1e-45), 1)).toBe(true);
  const stretch = { begin: 0, end: 2, threads: 1 };
  const moved = Float64Array.of(1, 1);
  linearDescent(stretch, moved, Float64Array.of(1, 2), Float32Array.of(NaN, 1), 1);
  linearBounds(stretch, moved, Float64Array.of(1, 2), 3);
  expect([...moved]).toEqual([NaN, 0.5]);
});

it.each<[string, () => void, RegExp]>([
  [
    'a control that is too short',
    () => linearFactors({ begin: 1, end: 3, threads: 1 }, new Float64Array(2), new Float64Array(3), new Float32Array(2)),
    /control to be long enough/,
  ],
  [
    'too few factors',
    () => linearFactors({ begin: 1, end: 3, threads: 1 }, new Float64Array(3), new Float64Array(3), new Float32Array(1)),
    /factors to be long enough/,
  ],
  [
    'too few gradients',
    () => linearDescent({ begin: 1, end: 3, threads: 1 }, new Float64Array(3), new Float64Array(3), new Float32Array(1), 1),
    /gradFactors to be long enough/,
  ],
  [
    'a control in single precision',
    () => linearBounds({ begin: 0, end: 1, threads: 1 }, new Float32Array(1) as unknown as Float64Array, new Float64Array(1), 2),
    /control to be a Float64Array/,
  ],
  [
    'an end before the beginning',
    () => linearBounds({ begin: 1, end: 0, threads: 1 }, new Float64Array(1), new Float64Array(1), 2),
    /begin not to be behind end/,
  ],
  ['no thread', () => linearBounds({ begin: 0, end: 1, threads: 0 }, new Float64Array(1), new Float64Array(1), 2), /threads to be at least 1/],
  ['no thread to look for what is not finite', () => allFinite(new Float32Array(1), Number.NaN), /threads to be at least 1/],
])('refuses %s', (_, call, message) => {
  expect(call).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID', message: expect.stringMatching(message) as string }) as Error);
});
