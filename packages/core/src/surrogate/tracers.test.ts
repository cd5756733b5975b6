import { inMemory } from '../data/period-source';
import { Random } from '../random';
import type { PreparedPeriod, PreparedRun } from '../data/prepared';
import { CELLS, tinyPeriod, WORLD } from './testing/tiny-world';
import { normalisationOf } from './normalisation';
import { carryRuns, PeriodTracers } from './tracers';

const LIFETIMES = [3, 40];
const period = tinyPeriod('winter', 1);
carryRuns([period], LIFETIMES, 1);
const prior = period.runs.get('prior')!;

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i])), 0) / b.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

const ALL = { first: 0, count: WORLD.hours };

describe.each([
  ['in memory', 1e9],
  ['in a file', 0],
])('tracers of a period, %s', (_, mostBytes) => {
  const made: PeriodTracers[] = [];
  afterAll(() => made.forEach((each) => each.dispose()));
  const make = (): PeriodTracers => {
    made.push(new PeriodTracers(inMemory(period), LIFETIMES, 1, mostBytes));
    return made[made.length - 1];
  };

  it('are those of its runs, times the factors', () => {
    const tracers = make();
    expect(tracers.channels).toBe(10);
    expect(tracers.carry().hours(ALL)).toEqual(prior.tracers);
    const [all, hourly] = [CELLS * 5, WORLD.hours * CELLS * 5].map((length) => new Float32Array(length + 3).fill(1.4));
    expect(
      largestDifference(
        tracers.carry({ data: all, offset: 3 }).hours(ALL),
        prior.tracers!.map((value) => 1.4 * value),
      ),
    ).toBeLessThan(1e-6);
    const byHour = tracers.carry({ data: hourly, offset: 3, hourly: true }).hours(ALL).slice();
    expect(largestDifference(byHour, tracers.carry({ data: all }).hours(ALL))).toBeLessThan(1e-6);
  });

  it.each([true, false])('have a transpose: ⟨A·f, g⟩ = ⟨f, Aᵀ·g⟩ (factors of each hour: %s)', (hourly) => {
    const tracers = make();
    const random = new Random(3);
    const data = Float32Array.from({ length: (hourly ? WORLD.hours : 1) * CELLS * 5 }, () => 0.5 + random.uniform());
    const carried = tracers.carry({ data, hourly }).hours(ALL);
    const grad = carried.map(() => random.normal());
    const store = tracers.store();
    store.write(0, grad);
    const gradient = new Float32Array(data.length);
    tracers.addAdjoint(store, { data: gradient, hourly });
    store.dispose();
    const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);
    expect(dot(data, gradient) / dot(carried, grad)).toBeCloseTo(1, 3);
  });

  it('follow factors that are changed in place', () => {
    const tracers = make();
    const data = new Float32Array(CELLS * 5).fill(1);
    const before = tracers.carry({ data }).hours(ALL).slice();
    data[7] = 2;
    expect(tracers.carry({ data }).hours(ALL)).not.toEqual(before);
    data[7] = 1;
    expect(tracers.carry({ data }).hours(ALL)).toEqual(before);
  });

  it('are divided by their root mean square over the prior run', () => {
    const { scale, offset } = normalisationOf([period], [WORLD.spinUpHours]).tracers!;
    const squares = new Float64Array(10);
    prior.tracers!.forEach((value, i) => (squares[i % 10] += value * value));
    scale.forEach((value, c) => expect(value / Math.sqrt((squares[c] * 10) / prior.tracers!.length)).toBeCloseTo(1, 6));
    expect(offset).toEqual(scale.map(() => 0));
  });
});

describe('what is refused', () => {
  const without = (names: string[]): PreparedPeriod => ({
    ...period,
    meteorologyNames: period.meteorologyNames.map((name) => (names.includes(name) ? `no ${name}` : name)),
  });

  it.each([
    [['u'], /need u among/],
    [['v'], /need v among/],
    [['inversePbl'], /need PBL or inversePbl among meteorology.variables: add it, or set tracerLifetimes: \[\]/],
  ])('meteorology without %s', (names, message) => {
    expect(() => carryRuns([without(names)], LIFETIMES, 1)).toThrow(message);
    expect(() => carryRuns([without(names)], [], 1)).not.toThrow();
  });

  it('tracers that do not fit in memory', () => {
    const large = { emissions: { byteLength: 1e15 }, concentrations: new Float32Array() } as unknown as PreparedRun;
    const periods = [{ ...period, runs: new Map([['prior', large]]) }];
    expect(() => carryRuns(periods, LIFETIMES, 1)).toThrow(expect.objectContaining({ code: 'CASE_TRACERS' }) as Error);
    expect(() => carryRuns(periods, LIFETIMES, 1)).toThrow(/the tracers of 1 runs take 2000000.0 GB of .* GB of memory: set fewer lifetimes/);
  });
});
