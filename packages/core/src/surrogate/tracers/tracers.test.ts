import { sourceOf } from '../../fields/training-period';
import { wholeGrid } from '../../fields/period-source';
import type { TracerSettings } from '../../case';
import { Random } from '../../base/random';
import type { PreparedPeriod } from '../../fields/prepared';
import { CELLS, tinyPeriod, WORLD } from '../testing/tiny-world';
import { normalisationOf } from '../model/normalisation';
import type { EmissionFactors } from './emission-factors';
import { Grid } from '../../grid/grid';
import { carryRuns, dropTracers } from './carried-runs';
import { PeriodTracers, tracerRequest } from './tracers';
import { dot } from '../../base/vectors';

const TRACERS: TracerSettings[] = [
  { lifetime: 3 },
  { lifetime: 40, aloft: true, washed: true, groups: ['NOx', 'PM2.5'] },
  { lifetime: 20, washed: true, precursor: 3, by: 'light' },
  { lifetime: 30, precursor: 3, by: 'cloud', groups: ['SO2'] },
];
const CHANNELS = 5 + 2 + 5 + 1;
const period = withWeather(tinyPeriod('winter', 1));
carryRuns([period], TRACERS, 1);
const ALL = { first: 0, count: WORLD.hours };
const prior = period.runs.get('prior')!.tracers!.hours(ALL);

/** The period with the channels that make, change and wash out tracers. */
function withWeather(of: PreparedPeriod): PreparedPeriod {
  const random = new Random(5);
  const extra = {
    RGRND: () => 900 * random.uniform(),
    TEMP2: () => 280 + 10 * random.uniform(),
    Q2: () => 0.01 * random.uniform(),
    RN: () => 0.1 * random.uniform(),
  };
  const [before, points] = [of.meteorologyNames.length, of.meteorology.length / of.meteorologyNames.length];
  const channels = before + Object.keys(extra).length;
  const meteorology = new Float32Array(points * channels);
  for (let i = 0; i < points; i++) {
    meteorology.set(of.meteorology.subarray(i * before, (i + 1) * before), i * channels);
    Object.values(extra).forEach((draw, c) => (meteorology[i * channels + before + c] = draw()));
  }
  return { ...of, meteorologyNames: [...of.meteorologyNames, ...Object.keys(extra)], meteorology };
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i])), 0) / b.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

describe.each([
  ['in memory', 1e9],
  ['in a file', 0],
])('tracers of a period, %s', (_, mostBytes) => {
  const made: PeriodTracers[] = [];
  afterAll(() => made.forEach((each) => each.dispose()));
  const make = (): PeriodTracers => {
    made.push(new PeriodTracers(sourceOf(period), TRACERS, 1, mostBytes));
    return made[made.length - 1];
  };

  it('are the same some hours at a time', () => {
    const tracers = new PeriodTracers(sourceOf(period), TRACERS, 1, mostBytes, { hoursAtOnce: 7 });
    made.push(tracers);
    expect(tracers.carry().tracers.hours(ALL)).toEqual(prior);
  });

  it('are those of its runs, times the factors', () => {
    const tracers = make();
    expect(tracers.channels).toBe(CHANNELS);
    expect(tracers.carry().tracers.hours(ALL)).toEqual(prior);
    const [all, hourly] = [CELLS * 5, WORLD.hours * CELLS * 5].map((length) => new Float32Array(length + 3).fill(NaN, 0, 3).fill(1.4, 3));
    expect(
      largestDifference(
        tracers.carry({ data: all, offset: 3 }).tracers.hours(ALL),
        prior.map((value) => 1.4 * value),
      ),
    ).toBeLessThan(1e-6);
    const byHour = tracers.carry({ data: hourly, offset: 3, hourly: true }).tracers.hours(ALL).slice();
    expect(largestDifference(byHour, tracers.carry({ data: all, offset: 3 }).tracers.hours(ALL))).toBeLessThan(1e-6);
  });

  it.each([
    [true, undefined],
    [false, undefined],
    [true, 7],
    [false, 7],
  ])('have a transpose: ⟨A·f, g⟩ = ⟨f, Aᵀ·g⟩ (factors of each hour: %s, hours at once: %s)', (hourly, hoursAtOnce) => {
    const tracers = new PeriodTracers(sourceOf(period), TRACERS, 1, mostBytes, { hoursAtOnce });
    made.push(tracers);
    const random = new Random(3);
    const data = Float32Array.from({ length: (hourly ? WORLD.hours : 1) * CELLS * 5 }, () => 0.5 + random.uniform());
    const carried = tracers.carry({ data, hourly }).tracers.hours(ALL);
    const grad = carried.map(() => random.normal());
    const store = tracers.store();
    store.fields.write(0, grad);
    const gradient = new Float32Array(data.length);
    tracers.addAdjoint(store, { data: gradient, hourly });
    store.fields.dispose();
    expect(dot(data, gradient) / dot(carried, grad)).toBeCloseTo(1, 3);
  });

  it.each([undefined, 3])('are kept of the hours that will be asked for alone (hours at once: %s)', (hoursAtOnce) => {
    const hours = [4, 11, 12];
    const source = sourceOf(period);
    const read: number[] = [];
    const hourly: typeof source.hourly = (...asked) => {
      read.push(asked[2].first + asked[2].count);
      return source.hourly(...asked);
    };
    const some = new PeriodTracers({ ...source, hourly }, TRACERS, 1, mostBytes, { hours, hoursAtOnce });
    made.push(some);
    const { tracers } = some.carry();
    for (const first of hours) {
      const hour = prior.subarray((first * prior.length) / WORLD.hours, ((first + 1) * prior.length) / WORLD.hours);
      expect(tracers.hours({ first, count: 1 })).toEqual(hour);
    }
    expect(tracers.hours({ first: 11, count: 2 })).toHaveLength((2 * prior.length) / WORLD.hours);
    expect(() => tracers.hours({ first: 4, count: 8 })).toThrow('hours 4 to 11: not all of them were asked for');
    expect(Math.max(...read)).toBe(13); // what comes after the last is not even read

    const gradient = new Float32Array(CELLS * 5);
    const ofAll = new Float32Array(CELLS * 5);
    const [store, all] = [some.store(), make()];
    const whole = all.store();
    const random = new Random(6);
    for (const first of hours) {
      const grad = Float32Array.from({ length: prior.length / WORLD.hours }, () => random.normal());
      for (const to of [store, whole]) to.add(wholeGrid(source), { first, count: 1 }, grad);
    }
    some.addAdjoint(store, { data: gradient });
    all.addAdjoint(whole, { data: ofAll });
    expect(gradient).toEqual(ofAll);
    for (const each of [store, whole]) each.fields.dispose();
  });

  it.each([undefined, 7])('are summed over the hours (at once: %s)', (hoursAtOnce) => {
    const tracers = new PeriodTracers(sourceOf(period), TRACERS, 1, mostBytes, { hoursAtOnce });
    made.push(tracers);
    const data = Float32Array.from({ length: CELLS * 5 }, (_, i) => 0.5 + (i % 7) / 10);
    const sums = new Float64Array(prior.length / WORLD.hours);
    tracers
      .carry({ data })
      .tracers.hours(ALL)
      .forEach((value, i) => (sums[i % sums.length] += value));
    expect(tracers.sumOfHours({ data })).toEqual(sums);
  });

  it.each([false, true])('follow factors that are changed in place, the first and the last alike (of each hour: %s)', (hourly) => {
    const tracers = make();
    const data = new Float32Array((hourly ? WORLD.hours : 1) * CELLS * 5 + 3).fill(1);
    const carried = (): Float32Array => tracers.carry({ data, offset: 3, hourly }).tracers.hours(ALL).slice();
    const before = carried();
    data[data.length - 1] = 2;
    expect(carried()).not.toEqual(before);
    [data[data.length - 1], data[3]] = [1, 2];
    expect(carried()).not.toEqual(before);
    data[3] = 1;
    expect(carried()).toEqual(before);
  });

  describe.each([true, false])('of a step along a direction (factors of each hour: %s)', (hourly) => {
    const random = new Random(4);
    const draw = (): Float32Array => Float32Array.from({ length: (hourly ? WORLD.hours : 1) * CELLS * 5 + 3 }, () => random.normal());
    const [base, direction, other] = [draw(), draw(), draw()];
    const step = (size: number, along = direction): EmissionFactors => ({
      data: base.map((value, i) => value + size * along[i]),
      offset: 3,
      hourly,
      fixed: true,
      step: { base, direction: along, step: size },
    });

    it('are those of the factors there', () => {
      const tracers = make();
      for (const factors of [step(0.25), step(-0.25), step(0.25, other), step(0.25)]) {
        const [{ tracers: stepped }, { tracers: plain }] = [tracers.carry(factors), make().carry({ ...factors, step: undefined })];
        expect(largestDifference(stepped.hours(ALL), plain.hours(ALL))).toBeLessThan(1e-6);
        const part = [
          { row: 2, col: 3, rows: 4, cols: 5 },
          { first: 7, count: 9 },
        ] as const;
        expect(largestDifference(stepped.rectangle(...part), plain.rectangle(...part))).toBeLessThan(1e-6);
        expect(tracers.carry(factors).tracers).toBe(stepped);
      }
    });

    it('take one pass for all steps in memory, and one each where they lie in a file', () => {
      const source = sourceOf(period);
      const read = jest.fn(source.hourly.bind(source));
      const tracers = new PeriodTracers({ ...source, hourly: read }, TRACERS, 1, mostBytes);
      made.push(tracers);
      const readIn = (carry: () => void): number => {
        read.mockClear();
        carry();
        return read.mock.calls.filter(([field]) => field === 'emissions').length;
      };
      const atBase = (): void => void tracers.carry({ data: base, offset: 3, hourly, fixed: true });
      const pass = readIn(atBase);
      const steps = readIn(() => {
        tracers.carry(step(0.5));
        tracers.carry(step(-0.5));
        atBase();
      });
      expect(steps).toBe((mostBytes > 0 ? 1 : 3) * pass);
    });
  });

  it('are divided by their root mean square over the prior run', () => {
    const { scale, offset } = normalisationOf([period], [WORLD.spinUpHours]).tracers!;
    const squares = new Float64Array(CHANNELS);
    prior.forEach((value, i) => (squares[i % CHANNELS] += value * value));
    scale.forEach((value, c) => expect(value / Math.sqrt((squares[c] * CHANNELS) / prior.length)).toBeCloseTo(1, 6));
    expect(offset).toEqual(scale.map(() => 0));
  });
});

describe('what is refused', () => {
  const without = (names: string[]): PreparedPeriod => ({
    ...period,
    runs: new Map([...period.runs].map(([name, run]) => [name, { ...run }])),
    meteorologyNames: period.meteorologyNames.map((name) => (names.includes(name) ? `no ${name}` : name)),
  });

  it.each([
    [['u'], /need u among/],
    [['v'], /need v among/],
    [['RGRND'], /need RGRND among/],
    [['Q2'], /need Q2 among/],
    [['RN'], /need RN among/],
    [['inversePbl'], /need PBL or inversePbl among meteorology.variables: add it, or set tracers that do without/],
  ])('meteorology without %s', (names, message) => {
    expect(() => carryRuns([without(names)], TRACERS, 1)).toThrow(message);
    expect(() => carryRuns([without(names)], [], 1)).not.toThrow();
  });
});

it('of runs that do not all fit in memory are the same in files', () => {
  const other = withWeather(tinyPeriod('winter', 1));
  carryRuns([other], TRACERS, 1, { mostBytes: 4 * prior.length });
  const [first, second] = ['prior', 'member01'].map((run) => other.runs.get(run)!.tracers!);
  expect(first.hours({ first: 0, count: 1 }).buffer).toBe(first.hours({ first: 1, count: 1 }).buffer); // memory
  expect(second.hours({ first: 0, count: 1 }).buffer).not.toBe(second.hours({ first: 0, count: 1 }).buffer);
  expect(first.hours(ALL)).toEqual(prior);
  expect(second.hours(ALL)).toEqual(period.runs.get('member01')!.tracers!.hours(ALL));
  const crop = { row: 2, col: 3, rows: 4, cols: 5 };
  expect(second.rectangle(crop, { first: 7, count: 9 })).toEqual(period.runs.get('member01')!.tracers!.rectangle(crop, { first: 7, count: 9 }));
  dropTracers([other]);
  expect([...other.runs.values()].some(({ tracers }) => tracers)).toBe(false);
});

it.each([
  ['in memory', 1e9],
  ['in files', 0],
])('of many runs are kept in half precision, %s, and are the same to 11 bits', (_, mostBytes) => {
  const other = withWeather(tinyPeriod('winter', 1));
  const runs = [...other.runs.keys()];
  carryRuns([other], TRACERS, 1, { mostBytes, mostInSingle: 4 * prior.length * runs.length - 1 });
  for (const name of runs) {
    const single = period.runs.get(name)!.tracers!.hours(ALL);
    const half = other.runs.get(name)!.tracers!.hours(ALL);
    let [rounded, farthest] = [0, 0];
    single.forEach((value, i) => {
      // The unit of the last of 11 bits, halved; of the smallest numbers that of the smallest exponent.
      farthest = Math.max(farthest, Math.abs(half[i] - value) / (Math.max(Math.abs(value), 2 ** -47) * 2 ** -11));
      if (half[i] !== value) rounded++;
    });
    expect(farthest).toBeLessThanOrEqual(1);
    expect(rounded).toBeGreaterThan(single.length / 2);
  }
  const crop = { row: 2, col: 3, rows: 4, cols: 5 };
  const store = other.runs.get('member01')!.tracers!;
  expect(store.rectangle(crop, { first: 7, count: 9 }).length).toBe(9 * 4 * 5 * store.channels);
  dropTracers([other]);
});

it('the addon is told of the sides of cells, east and north apart, and how the mixed layer is given', () => {
  const grid = new Grid({
    name: 'NORTH',
    gdtyp: 1,
    pAlp: 0,
    pBet: 0,
    pGam: 0,
    xcent: 0,
    ycent: 0,
    xorig: 10,
    yorig: 59,
    xcell: 1,
    ycell: 1,
    rows: 2,
    cols: 3,
  });
  const of = (...meteorologyNames: string[]): ReturnType<typeof tracerRequest> =>
    tracerRequest({ ...period, grid, meteorologyNames }, [{ lifetime: 3 }]);
  const degree = (6370e3 * Math.PI) / 180;
  const request = of('v', 'u', 'TEMP2', 'inversePbl');
  expect(request).toMatchObject({ rows: 2, cols: 3, hours: period.time.count, channels: 4, windX: 1, windY: 0, height: 3, inverseHeight: true });
  expect(request.cellSizeX).toBeCloseTo(degree / 2, 3); // at 60 N
  expect(request.cellSizeY).toBeCloseTo(degree, 3);
  const given = of('PBL', 'u', 'v', 'inversePbl');
  expect([given.height, given.inverseHeight]).toEqual([0, undefined]);
});

it('each group has its own, group after group', () => {
  const request = tracerRequest(period, TRACERS);
  const [three, aloft, light, cloud] = [
    { lifetime: 3 },
    { lifetime: 40, aloft: true, kept: 2 },
    { lifetime: 20, precursor: 0, rate: 0, kept: 2 },
    { lifetime: 30, precursor: 0, rate: 1 },
  ];
  const kindsOf = (own: object[]): unknown => own.map((kind) => expect.objectContaining(kind) as unknown);
  expect(request.kinds).toEqual([
    kindsOf([three, aloft, light]), // NOx
    kindsOf([three, light]),
    kindsOf([three, light, cloud]), // SO2
    kindsOf([three, light]),
    kindsOf([three, aloft, light]), // PM2.5
  ]);
});
