import { allVariants, callKernel, deviceVariants, doubleReference, fastVariants, type CallOptions } from '../../testing/call-kernel';
import { randomArray, relativeError } from '../../testing/oracles';

const RATE = 0.1;
const hyper = { momentum: 0.95, scale: 0.2, l2: 0 };

/** What five iterations make of a singular value. */
function iterated(s: number): number {
  let x = s;
  for (let i = 0; i < 5; i++) x = 3.4445 * x - 4.775 * x ** 3 + 2.0315 * x ** 5;
  return x;
}

interface Sides {
  rows: number;
  columns: number;
}
type Arrays = Record<'parameter' | 'gradient' | 'moment', ArrayLike<number>>;

function muon(
  arrays: Arrays,
  matrices: readonly Sides[],
  options: CallOptions,
  params: Record<string, number> = hyper,
): Record<string, Float64Array> {
  const sides = Object.fromEntries(
    matrices.flatMap(({ rows, columns }, k) => [
      [`rows${k}`, rows],
      [`columns${k}`, columns],
    ]),
  );
  return callKernel('muon', { ...arrays, learningRate: [RATE] }, { count: matrices.length, ...sides, ...params }, options);
}

/** Rotation matrices of two and three dimensions, by rows. */
const rotation2 = (a: number): number[][] => [
  [Math.cos(a), -Math.sin(a)],
  [Math.sin(a), Math.cos(a)],
];
const rotation3 = (a: number): number[][] => [...rotation2(a).map((row) => [...row, 0]), [0, 0, 1]].map((row) => [row[2], row[0], row[1]]);

/** Σ_k s_k u_k v_kᵀ, by rows, with u_k and v_k the columns of `u` and `v`. */
function fromSingular(u: number[][], s: readonly number[], v: number[][]): number[] {
  return u.flatMap((row) => v.map((other) => s.reduce((sum, value, k) => sum + row[k] * value * other[k], 0)));
}

describe.each(allVariants)('muon by its singular values, $name', ({ options }) => {
  const [u, v, s] = [rotation3(0.4), rotation2(1.1), [3, 4]];

  test.each([
    ['tall', u, v, { rows: 3, columns: 2 }],
    ['wide', v, u, { rows: 2, columns: 3 }],
  ] as const)('%s: directions are those of the gradient, lengths near 1', (_, left, right, sides) => {
    const gradient = fromSingular(left, s, right);
    const { parameter, moment } = muon({ parameter: Array(6).fill(1), gradient, moment: Array(6).fill(0) }, [sides], options);
    const x = fromSingular(left, [iterated(0.6), iterated(0.8)], right);
    const expected = x.map((value) => 1 - RATE * 0.2 * Math.sqrt(3) * value);
    expect(relativeError(parameter, expected)).toBeLessThan(2e-6);
    const momentum = gradient.map((value) => 0.05 * value);
    expect(relativeError(moment, momentum)).toBeLessThan(1e-6);
  });

  test('the penalty is a part of the gradient, and the momentum that there is counts', () => {
    // U = 0.95 · (0.95 · M + 0.05 · g) + 0.05 · g = 0.9025 · M + 0.0975 · g with g = G + 0.5 · P: diagonal matrices stay diagonal.
    const arrays = { parameter: [2, 0, 0, -2], gradient: [1, 0, 0, 1], moment: [0.1, 0, 0, 0.4] };
    const { parameter, moment } = muon(arrays, [{ rows: 2, columns: 2 }], options, { ...hyper, l2: 0.5 });
    const directions = [0.9025 * 0.1 + 0.0975 * 2, 0.9025 * 0.4 + 0.0975 * 0];
    const steps = directions.map((value) => RATE * 0.2 * Math.SQRT2 * iterated(value / Math.hypot(...directions)));
    expect(relativeError(parameter, [2 - steps[0], 0, 0, -2 - steps[1]])).toBeLessThan(2e-6);
    expect(relativeError(moment, [0.95 * 0.1 + 0.05 * 2, 0, 0, 0.95 * 0.4])).toBeLessThan(1e-6);
  });

  test('without gradient and momentum nothing moves', () => {
    const zeros = Array<number>(6).fill(0);
    const { parameter } = muon({ parameter: [1, 2, 3, 4, 5, 6], gradient: zeros, moment: zeros }, [{ rows: 2, columns: 3 }], options);
    expect([...parameter]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

/** One of each kind of tile edge: sides of whole vectors and tiles and not, wide and tall, and one larger than a device's tile. */
const MATRICES: readonly Sides[] = [
  { rows: 16, columns: 64 },
  { rows: 37, columns: 50 },
  { rows: 130, columns: 24 },
  { rows: 9, columns: 9 },
  { rows: 12, columns: 97 },
];
const GAP = 7; // what lies between two matrices
const align = (elements: number): number => Math.ceil(elements / 16) * 16;

/** The matrices one after the other, each at a multiple of 16; the last ends without a gap. */
function laid(seed: number): Float64Array {
  const ends = MATRICES.reduce<number[]>((list, { rows, columns }) => [...list, align(list.at(-1) ?? 0) + rows * columns], []);
  const array = new Float64Array(ends.at(-1)!).fill(GAP);
  MATRICES.forEach(({ rows, columns }, k) => array.set(randomArray(rows * columns, seed + k), ends[k] - rows * columns));
  return array;
}

describe.each([...fastVariants, ...deviceVariants])('muon, $name, of several matrices', ({ options }) => {
  const arrays = { parameter: laid(1), gradient: laid(11), moment: laid(21) };

  test('against the double reference, each as if it were alone; what lies between them stays', () => {
    const actual = muon(arrays, MATRICES, options);
    let begin = 0;
    for (const sides of MATRICES) {
      const end = begin + sides.rows * sides.columns;
      const part = (array: Float64Array): Float64Array => array.slice(begin, end);
      const own = { parameter: part(arrays.parameter), gradient: part(arrays.gradient), moment: part(arrays.moment) };
      const expected = muon(own, [sides], doubleReference.options);
      const step = (after: Float64Array): Float64Array => after.map((value, i) => value - own.parameter[i]);
      // Rounding of X grows with the iterations; a step is a hundredth of a weight, whose own rounding is in it.
      expect(relativeError(step(part(actual.parameter)), step(expected.parameter))).toBeLessThan(3e-5);
      expect(relativeError(part(actual.moment), expected.moment)).toBeLessThan(1e-6);
      begin = align(end);
      for (let i = end; i < Math.min(begin, arrays.parameter.length); i++) expect([actual.parameter[i], actual.moment[i]]).toEqual([GAP, GAP]);
    }
  });
});

test.each(fastVariants)('muon, $name: the same bits with any number of threads', ({ options }) => {
  const arrays = { parameter: laid(1), gradient: laid(11), moment: laid(21) };
  const [one, three] = [1, 3].map((threads) => muon(arrays, MATRICES, { ...options, threads }));
  expect(three).toEqual(one);
});

test('more matrices than an instruction holds, and sides that no arena has, are refused', () => {
  const arrays = { parameter: [0], gradient: [0], moment: [0] };
  expect(() => muon(arrays, Array<Sides>(65).fill({ rows: 1, columns: 1 }), {})).toThrow('expected at most 64 matrices but received 65');
  expect(() => muon(arrays, [{ rows: 2 ** 20, columns: 2 ** 20 }], {})).toThrow('expected matrices of at most 2^29 elements in all');
});
