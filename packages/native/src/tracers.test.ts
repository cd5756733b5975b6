/** The tracers against their equations in double; their transpose against themselves. */
import { tracers, tracersAdjoint, tracerState, type TracerRequest } from './tracers';
import { dot, randomArray, relativeError } from './testing/oracles';
import { plainTracers } from './testing/plain-tracers';

const request: TracerRequest = {
  hours: 7,
  rows: 6,
  cols: 21,
  kinds: [
    [
      { lifetime: 3 },
      { lifetime: 48, aloft: true, kept: 1 },
      { lifetime: 24, precursor: 0, rate: 0 },
      { lifetime: 9, precursor: 2, rate: 2, kept: 1 },
    ],
    [{ lifetime: 20 }, { lifetime: 40, precursor: 0, rate: 1 }],
  ],
  rateCount: 3,
  cellSizeX: 27000,
  cellSizeY: 20000,
  channels: 4,
  windX: 3,
  windY: 1,
  height: 0,
};
const cells = request.rows * request.cols;
const groups = request.kinds.length;
const emissionCount = request.hours * cells * groups;
const tracerCount = request.hours * cells * 6;
const random = (length: number, seed: number): Float32Array => Float32Array.from(randomArray(length, seed));

/** Winds of some 10 m s-1, mixed layers between 0 and 2000 m. */
function weather(): Float32Array {
  return random(request.hours * cells * request.channels, 1).map((value, i) => (i % request.channels === 0 ? Math.abs(1000 * value) : 8 * value));
}

const positive = (length: number, seed: number): Float32Array => random(length, seed).map(Math.abs);
const meteorology = weather();
const emissions = positive(emissionCount, 2);
const rates = positive(request.hours * cells * 3, 7);

const variants: [string, Partial<TracerRequest>, number | undefined][] = [
  ['the emissions as they are', {}, undefined],
  ['three threads', { threads: 3 }, undefined],
  ['one factor for all hours, further on in its array', { factorsOffset: 5 }, 5 + cells * groups],
  ['factors of each hour, two threads', { hourlyFactors: true, threads: 2 }, emissionCount],
];

describe.each(variants)('%s', (_, over, factorCount) => {
  const r = { ...request, ...over };
  const factors = factorCount === undefined ? undefined : positive(factorCount, 3);
  const factorIndex = (hour: number, i: number): number => (r.factorsOffset ?? 0) + (r.hourlyFactors ? hour * cells * groups : 0) + i;

  it('is what the equations say', () => {
    const out = new Float32Array(tracerCount).fill(Number.NaN);
    tracers(r, meteorology, rates, emissions, out, factors);
    const source = (hour: number, i: number): number => emissions[hour * cells * groups + i] * (factors?.[factorIndex(hour, i)] ?? 1);
    expect(relativeError(out, plainTracers(r, meteorology, rates, source))).toBeLessThan(2e-6);
  });

  it('has a transpose that adds: ⟨A·f, g⟩ = ⟨f, Aᵀ·g⟩', () => {
    const given = factors ?? new Float32Array(cells * groups).fill(1);
    const out = new Float32Array(tracerCount);
    tracers(r, meteorology, rates, emissions, out, given);
    const grad = random(tracerCount, 4);
    const gradFactors = new Float32Array(given.length).fill(0.5);
    tracersAdjoint(r, meteorology, rates, emissions, grad, gradFactors);
    expect(gradFactors.subarray(0, r.factorsOffset ?? 0).every((value) => value === 0.5)).toBe(true);
    const left = dot(out, grad);
    const right = dot(
      gradFactors.map((value) => value - 0.5),
      given,
    );
    expect(Math.abs(left - right)).toBeLessThan(1e-4 * Math.abs(left));
  });
});

// Rows are worked on by vectors of 4, 8 or 16 cells, and end in ghost cells: 12 and 28 columns fill their memory.
it.each([
  [1, 1],
  [2, 12],
  [3, 16],
  [1, 28],
  [5, 33],
])('on %d x %d cells, too', (rows, cols) => {
  const r = { ...request, rows, cols };
  const [sources, count] = [r.hours * rows * cols * groups, r.hours * rows * cols * 6];
  const winds = random(r.hours * rows * cols * r.channels, 11).map((value, i) => (i % r.channels === 0 ? Math.abs(1000 * value) : 8 * value));
  const [parts, emitted, grad] = [positive(r.hours * rows * cols * 3, 12), positive(sources, 13), random(count, 14)];
  const [out, gradFactors] = [new Float32Array(count), new Float32Array(rows * cols * groups)];
  tracers(r, winds, parts, emitted, out);
  const perHour = rows * cols * groups;
  expect(
    relativeError(
      out,
      plainTracers(r, winds, parts, (hour, i) => emitted[hour * perHour + i]),
    ),
  ).toBeLessThan(2e-6);
  tracersAdjoint(r, winds, parts, emitted, grad, gradFactors);
  const [left, right] = [dot(out, grad), gradFactors.reduce((sum, value) => sum + value, 0)];
  expect(Math.abs(left - right)).toBeLessThan(1e-5 * dot(out, grad.map(Math.abs)));
});

it('steps as the fastest wind of all threads’ rows asks for, and mixes at the bounds of its heights as everywhere', () => {
  const r = { ...request, rows: 3, cols: 2, rateCount: 0, kinds: [[{ lifetime: 9 }, { lifetime: 9, aloft: true }]], threads: 3 };
  const count = r.hours * r.rows * r.cols;
  // The last row's wind is the fastest; heights: where stacks end, and within a metre of the top and at it
  const heights = [300, 1499.75, 1500, 299.75, 1499.5, 1600, 300];
  const winds = Float32Array.from({ length: count * r.channels }, (_, i) => {
    const [hour, row] = [Math.floor(i / (6 * r.channels)), Math.floor(i / (2 * r.channels)) % 3];
    return i % r.channels === r.height ? heights[hour] : row === 2 ? 17 : 1;
  });
  const [emitted, out] = [positive(count, 15), new Float32Array(count * 2)];
  tracers(r, winds, new Float32Array(), emitted, out);
  expect(
    relativeError(
      out,
      plainTracers(r, winds, [], (hour, i) => emitted[hour * 6 + i]),
    ),
  ).toBeLessThan(2e-6);
});

it('takes 1 / height where the channel holds it', () => {
  const [of, ofInverse] = [new Float32Array(tracerCount), new Float32Array(tracerCount)];
  tracers(request, meteorology, rates, emissions, of);
  const inverse = meteorology.map((value, i) => (i % request.channels === 0 ? 1 / value : value));
  tracers({ ...request, inverseHeight: true }, inverse, rates, emissions, ofInverse);
  expect(relativeError(ofInverse, of)).toBeLessThan(1e-5);
});

it.each([false, true])('goes on from a state as if there were no break, forward and back (factors of each hour: %s)', (hourlyFactors) => {
  const factors = positive(hourlyFactors ? emissionCount : cells * groups, 5);
  const grad = random(tracerCount, 6);
  const r = { ...request, hourlyFactors };
  const [whole, gradWhole] = [new Float32Array(tracerCount), new Float32Array(factors.length)];
  tracers(r, meteorology, rates, emissions, whole, factors);
  tracersAdjoint(r, meteorology, rates, emissions, grad, gradWhole);

  const parts = [
    { first: 0, hours: 3 },
    { first: 3, hours: 1 },
    { first: 4, hours: 3 },
  ].map(({ first, hours }) => {
    const hoursOf = (field: Float32Array, from: number): Float32Array =>
      field.subarray((from * field.length) / r.hours, ((first + hours) * field.length) / r.hours);
    const factorsOffset = hourlyFactors ? first * cells * groups : 0;
    const own = { ...r, hours, factorsOffset, follows: first > 0 };
    return {
      own,
      hoursOf,
      first,
      weather: hoursOf(meteorology, Math.max(0, first - 1)),
      parts: hoursOf(rates, first),
      sources: hoursOf(emissions, first),
    };
  });
  const [out, gradOut] = [new Float32Array(tracerCount), new Float32Array(factors.length)];
  const [forward, backward] = [tracerState(r), tracerState(r)];
  for (const { own, weather, parts: made, sources, hoursOf, first } of parts)
    tracers(own, weather, made, sources, hoursOf(out, first), factors, forward);
  for (const { own, weather, parts: made, sources, hoursOf, first } of [...parts].reverse()) {
    tracersAdjoint(own, weather, made, sources, hoursOf(grad, first), gradOut, backward);
  }
  expect(out).toEqual(whole);
  expect(gradOut).toEqual(gradWhole);
});

/** Of the hours that are not 0 in `asked`. */
function fieldsOf(asked: Uint8Array, all: Float32Array): Float32Array {
  const size = all.length / asked.length;
  return Float32Array.from([...asked].flatMap((wanted, hour) => (wanted === 0 ? [] : [...all.subarray(hour * size, (hour + 1) * size)])));
}

it.each([
  [[0, 1, 0, 0, 1, 1, 0], 1],
  [[1, 0, 0, 0, 0, 0, 1], 3],
  [[0, 0, 0, 0, 0, 0, 0], 2],
])('has fields of the hours that are asked for alone, and carries the others: %j', (hours, threads) => {
  const asked = Uint8Array.from(hours);
  const r = { ...request, threads };
  const all = new Float32Array(tracerCount);
  const states = [tracerState(r), tracerState(r)];
  tracers(r, meteorology, rates, emissions, all, undefined, states[0]);
  const some = fieldsOf(asked, all).fill(Number.NaN);
  tracers({ ...r, asked }, meteorology, rates, emissions, some, undefined, states[1]);
  expect(some).toEqual(fieldsOf(asked, all));
  expect(states[1]).toEqual(states[0]);

  const grad = random(tracerCount, 8).map((value, i) => value * asked[Math.floor((i * r.hours) / tracerCount)]);
  const [gradAll, gradSome] = [new Float32Array(cells * groups), new Float32Array(cells * groups)];
  tracersAdjoint(r, meteorology, rates, emissions, grad, gradAll);
  tracersAdjoint({ ...r, asked }, meteorology, rates, emissions, fieldsOf(asked, grad), gradSome);
  expect(gradSome).toEqual(gradAll);
});

it('keeps all mass without wind and loss', () => {
  const calm = meteorology.map((value, i) => (i % request.channels === 0 ? 400 : 0));
  const out = new Float32Array(request.hours * cells * 3);
  tracers({ ...request, kinds: [[{ lifetime: 1e9 }], [{ lifetime: 1e9 }, { lifetime: 1e9, aloft: true }]] }, calm, rates, emissions, out);
  const last = out.subarray(out.length - cells * 3);
  const inAll = (of: Float32Array, every: number, at: number): number => of.filter((_, i) => i % every === at).reduce((sum, value) => sum + value, 0);
  for (const [tracer, group] of [0, 1, 1].entries()) {
    expect((400 * inAll(last, 3, tracer)) / (3600 * inAll(emissions, groups, group))).toBeCloseTo(1, 4);
  }
});

it('leaves out a group without tracers', () => {
  const [own, both] = [new Float32Array(tracerCount / 3), new Float32Array(tracerCount)];
  tracers({ ...request, kinds: [[], request.kinds[1]] }, meteorology, rates, emissions, own);
  tracers(request, meteorology, rates, emissions, both);
  expect(own).toEqual(both.filter((_, i) => i % 6 >= 4));
  const grad = random(own.length, 9);
  const gradFactors = new Float32Array(cells * groups);
  tracersAdjoint({ ...request, kinds: [[], request.kinds[1]] }, meteorology, rates, emissions, grad, gradFactors);
  expect(gradFactors.every((value, i) => (i % groups === 0) === (value === 0))).toBe(true);
});

it('moves none without emissions', () => {
  const out = new Float32Array(tracerCount).fill(1);
  tracers(request, meteorology, rates, new Float32Array(emissionCount), out);
  expect(out.every((value) => value === 0)).toBe(true);
});

it.each<[string, Partial<TracerRequest>, RegExp]>([
  ['a cell size of 0', { cellSizeX: 0 }, /cellSizeX to be a number above 0/],
  ['a lifetime of 0', { kinds: [[{ lifetime: 0 }]] }, /lifetime to be a number above 0/],
  ['a precursor that comes later', { kinds: [[{ lifetime: 3, precursor: 0, rate: 0 }]] }, /precursor of tracer 0 below 0/],
  ['a precursor without a rate', { kinds: [[{ lifetime: 3 }, { lifetime: 3, precursor: 0 }]] }, /both precursor and rate, or neither/],
  ['a rate without a precursor', { kinds: [[{ lifetime: 3, rate: 0 }]] }, /both precursor and rate, or neither/],
  ['a rate that is not there', { kinds: [[{ lifetime: 3, kept: 3 }]] }, /kept of tracer 0 below 3/],
  ['more rates than there are', { rateCount: 4 }, /rates to be long enough/],
  ['a channel that is not there', { windX: 4 }, /channels to hold the winds/],
  ['a height that is not there', { height: 4 }, /channels to hold the winds and the height/],
  ['more hours than there are', { hours: 8 }, /meteorology to be long enough/],
  ['hours that follow on none', { follows: true }, /meteorology to be long enough/],
  ['more groups than there are', { kinds: [...request.kinds, []] }, /emissions to be long enough/],
  ['a state that is too short', {}, /state to be long enough/],
  ['more kinds than fit', { kinds: [[...request.kinds[0], { lifetime: 12 }], request.kinds[1]] }, /out to be long enough/],
  ['hours asked for of another period', { asked: new Uint8Array(6) }, /asked to be as long as the hours/],
  ['a list of no lists', { kinds: [{ lifetime: 3 }] as never }, /kinds to be a list of each group's list of tracers/],
  // Unchecked, these end the process.
  ['no thread', { threads: 0 }, /threads to be at least 1/],
  ['an offset that no array has', { factorsOffset: 1e300 }, /factorsOffset to be a number of at most 2\^53/],
  ['more cells than can be counted', { rows: 2 ** 32, cols: 2 ** 32 }, /fewer elements/],
  ['more planes than can be counted', { rateCount: 2 ** 53, rows: 2 ** 10 }, /fewer elements/],
])('refuses %s', (name, over, message) => {
  const state = name.includes('state') ? new Float32Array(10) : undefined;
  expect(() => tracers({ ...request, ...over }, meteorology, rates, emissions, new Float32Array(tracerCount), undefined, state)).toThrow(message);
});

it('refuses in the transpose what does not fit', () => {
  const [grad, gradFactors] = [new Float32Array(tracerCount), new Float32Array(cells * groups)];
  const call = (out: Float32Array, factors: Float32Array): void => tracersAdjoint(request, meteorology, rates, emissions, out, factors);
  expect(() => call(grad.subarray(1), gradFactors)).toThrow(/gradOut to be long enough/);
  expect(() => call(grad, gradFactors.subarray(1))).toThrow(/gradFactors to be long enough/);
});
