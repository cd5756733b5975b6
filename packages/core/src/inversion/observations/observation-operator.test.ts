import { pickAt, dot } from '../../base/vectors';
import { Role } from '../cost/cost';
import { inflatedErrors } from './observation-error';
import { ObservationOperator, type ObservationOperatorOptions } from './observation-operator';
import { observationsOf, randomFloats, unitGrid } from '../testing/small-world';

const species = ['NO2', 'PM2.5'];
const error = { NO2: { relative: 0.1, absolute: 0.5 }, 'PM2.5': { relative: 0, absolute: 2 } };
const period = { start: new Date('2017-01-01T00:00:00Z'), hours: 50, spinUpHours: 1 };
// a and b share cell (1, 2); c is in (0, 0); d is outside.
const stations: [string, number, number][] = [
  ['a', 2.1, 1.2],
  ['b', 2.9, 1.9],
  ['c', 0.5, 0.5],
  ['d', 99, 0],
];

function hourly(overrides: Partial<ObservationOperatorOptions> = {}): ObservationOperator {
  const observations = observationsOf(
    stations,
    { start: '2017-01-01T00:00:00Z', stepSeconds: 3600, count: 3 },
    { NO2: [9, 9, 9, 9, 1, 3, NaN, 7, NaN, 4, 5, 7], 'PM2.5': [9, 9, 9, 9, NaN, NaN, 20, 7, 10, NaN, NaN, 7] },
  );
  return new ObservationOperator({ grid: unitGrid(2, 3), period, observations, species, error, ...overrides });
}

/** Two values of a zone half an hour off, and between them an hour of the model that both see. */
function halfPast(): ObservationOperator {
  const time = { start: '2017-01-01T01:30:00Z', stepSeconds: 3600, count: 2 };
  return hourly({ observations: observationsOf(stations.slice(2), time, { NO2: [4, NaN, 5, NaN] }) });
}

/** NO2 columns at hours 0, 2 and 2, the first of them in the spin-up. */
const COLUMNS = {
  species: 'NO2_column',
  hour: [0, 2, 2],
  cell: [3, 1, 4],
  value: [50, 60, 70],
  error: [3, 4, 5],
  role: [0, Role.used, Role.withheld],
};

function withColumns(overrides: Partial<ObservationOperatorOptions> = {}): ObservationOperator {
  return hourly({
    species: [...species, 'NO2_column'],
    error: { ...error, NO2_column: { relative: 0.1, absolute: 12 } },
    columns: [COLUMNS],
    ...overrides,
  });
}

function daily(hoursPerDay?: number, overrides: Partial<ObservationOperatorOptions> = {}): ObservationOperator {
  const observations = observationsOf(
    stations,
    { start: '2016-12-31T16:00:00Z', stepSeconds: 86400, count: 3 },
    { NO2: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 'PM2.5': [1, 2, 3, 4, NaN, 6, 7, 8, 9, 10, 11, 12] },
  );
  return new ObservationOperator({ grid: unitGrid(2, 3), period, observations, species, error, hoursPerDay, ...overrides });
}

describe('ObservationOperator', () => {
  it('averages the stations of a cell, drops missing values, spin-up and stations outside', () => {
    const operator = hourly();
    expect(operator.outside).toEqual(['d']);
    const batch = operator.batch();
    // hour 1: NO2 in (1,2) = mean(1, 3), PM2.5 in (0,0) = 20; hour 2: NO2 (0,0) = 5, NO2 (1,2) = 4 from b alone, PM2.5 (1,2) = 10.
    expect([...batch.values]).toEqual([2, 20, 5, 4, 10]);
    expect([...batch.species]).toEqual([0, 1, 0, 0, 1]);
    expect([...operator.observed.cell]).toEqual([5, 0, 0, 5, 5]);
    expect([...operator.observed.stations]).toEqual([2, 1, 1, 1, 1]);
    expect(batch.error[0]).toBeCloseTo(Math.hypot(0.2, 0.5), 6);
    expect(batch.error[1]).toBe(2);
    expect(batch.times).toBe(2);
  });

  it('compares those values alone that it is asked to', () => {
    const asked: [string, number, string][] = [];
    const operator = hourly({
      compared: (name, cell, start) => {
        asked.push([name, cell, start.toISOString().slice(11, 13)]);
        return name !== 'NO2' || start.getUTCHours() === 2;
      },
    });
    expect([...operator.batch().values]).toEqual([20, 5, 4, 10]);
    expect([...operator.batch().place!().hour].map((hour) => hour % 24)).toEqual([1, 2, 2, 2]);
    expect(asked[0]).toEqual(['NO2', 5, '01']);
  });

  it('adds the spread within cells, less of it the more monitors a cell has', () => {
    const observations = observationsOf(stations, { start: '2017-01-01T01:00:00Z', stepSeconds: 3600, count: 1 }, { NO2: [1, 3, 4, NaN] });
    const { error: errors } = hourly({ observations, species: ['NO2'], cellSpread: { NO2: 0.7, 'PM2.5': 9 } }).batch();
    expect(errors[0]).toBeCloseTo(Math.hypot(0.4, 0.5, 0.7 * 4), 5); // c alone in its cell
    expect(errors[1]).toBeCloseTo(Math.hypot(0.2, 0.5, (0.7 * 2) / Math.SQRT2), 5);
  });

  it('takes the noise of monitors below zero as it is: means keep their sign, errors do not', () => {
    const observations = observationsOf(stations, { start: '2017-01-01T01:00:00Z', stepSeconds: 3600, count: 1 }, { NO2: [-1, 0.5, -0.75, NaN] });
    const relative = 4;
    const { values, error: errors } = hourly({ observations, species: ['NO2'], cellSpread: { NO2: relative } }).batch();
    expect([...values]).toEqual([-0.75, -0.25]);
    expect(errors[0]).toBeCloseTo(Math.hypot(0.075, 0.5, relative * 0.75), 5);
    expect(errors[1]).toBeCloseTo(Math.hypot(0.025, 0.5, (relative * 0.25) / Math.SQRT2), 5);
  });

  it('multiplies the errors of monitors by what their type of site has', () => {
    const observations = observationsOf(stations, { start: '2017-01-01T01:00:00Z', stepSeconds: 3600, count: 1 }, { NO2: [1, 3, 4, NaN] });
    const typed = { ...observations, stations: observations.stations.map((each) => ({ ...each, type: { a: 'traffic', c: 'rural' }[each.id] })) };
    const errors = (siteTypeError: Record<string, number>): number[] => [
      ...hourly({ observations: typed, species: ['NO2'], siteTypeError }).batch().error,
    ];
    const plain = errors({});
    const [rural, mixed] = errors({ traffic: 3 });
    expect(rural).toBe(plain[0]); // c alone in its cell
    expect(mixed / plain[1]).toBeCloseTo(Math.sqrt((9 + 1) / 2), 6); // a and b
  });

  it('picks single hours from fields', () => {
    const fields = Float32Array.from({ length: 50 * 6 * 2 }, (_, i) => i);
    // [hour, cell, species] at (hour·6 + cell)·2 + species
    expect([...hourly().forward(fields)]).toEqual([22, 13, 24, 34, 35]);
  });

  it('takes the mean of the two hours that an hour of a zone half an hour off lies in, each of them once', () => {
    const operator = halfPast();
    const fields = Float32Array.from({ length: 50 * 6 * 2 }, (_, i) => i);
    expect([...operator.forward(fields)]).toEqual([18, 30]); // of 12 and 24, of 24 and 36
    expect([...operator.atStations(fields).simulated.get('NO2')!]).toEqual([18, 30]);
    expect([...operator.hoursOf([0, 1])]).toEqual([1, 2, 3]);
    expect([...operator.hoursOf([1])]).toEqual([2, 3]);
  });

  it('takes daily means over local days', () => {
    // The field is its hour number: the mean of hours 16 … 39 is 27.5; sampled at 17, 20, … 38 it is 27.5 too.
    const fields = Float32Array.from({ length: 50 * 6 * 2 }, (_, i) => Math.floor(i / 12));
    for (const operator of [daily(), daily(8)]) {
      expect(operator.times.map(({ step }) => step)).toEqual([1]);
      operator.forward(fields).forEach((value) => expect(value).toBeCloseTo(27.5, 5));
    }
  });

  it.each([
    ['hourly', hourly()],
    ['daily', daily()],
    ['daily, sampled', daily(5)],
    ['between hours', halfPast()],
  ])('has an exact adjoint, whole and in batches: %s', (_, operator) => {
    const n = operator.observed.values.length;
    const fields = randomFloats(50 * 12, 1);
    const g = randomFloats(n, 2);
    // Float32 results: relative rounding 6e-8 of sums of at most 25 terms.
    expect(dot(operator.forward(fields), g)).toBeCloseTo(dot(fields, operator.adjoint(g)), 5);
    const times = operator.times.map((__, i) => i).reverse();
    const stencil = operator.stencil(times);
    const seen = randomFloats(stencil.places.length, 3);
    expect(dot(stencil.forward(seen), g)).toBeCloseTo(dot(seen, stencil.adjoint(g)), 5);
  });

  it.each([
    ['daily, sampled', daily(8)],
    ['between hours', halfPast()],
  ])('gives the same values from the hours that are needed as from all: %s', (_, operator) => {
    const fields = randomFloats(50 * 12, 4);
    const times = operator.times.map((__, i) => i);
    const compact = Float32Array.from([...operator.hoursOf(times)].flatMap((hour) => [...fields.subarray(hour * 12, hour * 12 + 12)]));
    const stencil = operator.stencil(times);
    expect(stencil.forward(pickAt(compact, stencil.places))).toEqual(operator.forward(fields));
    expect(operator.batch(times).values.length).toBe(operator.forward(fields).length);
  });

  describe('with columns', () => {
    it('has those of an hour behind the monitors of it, with errors of product and model', () => {
      const operator = withColumns();
      expect(operator.times.map(({ hours, ofColumns }) => [...hours, ofColumns])).toEqual([
        [1, undefined],
        [2, undefined],
        [2, true],
      ]);
      const { values, error: errors, species: kinds, withheld } = operator.batch();
      expect([...values]).toEqual([...hourly().batch().values, 60, 70]);
      expect([...kinds].slice(-2)).toEqual([2, 2]);
      expect([...withheld]).toEqual([0, 0, 0, 0, 0, Role.used, Role.withheld]);
      expect(errors[5]).toBeCloseTo(Math.hypot(4, 6, 12), 5);
      expect(errors[6]).toBeCloseTo(Math.hypot(5, 7, 12), 5);
      expect([...operator.batch().place!().hour].map((hour) => hour % 24)).toEqual([1, 1, 2, 2, 2, 2, 2]);
      expect([...operator.hoursOf([0, 1, 2])]).toEqual([1, 2]);
    });

    it('leaves the series of monitors as they are', () => {
      const narrow = Float32Array.from({ length: 50 * 6 * 2 }, (_, i) => i);
      const wide = Float32Array.from({ length: 50 * 6 * 3 }, (_, i) => (i % 3 < 2 ? narrow[2 * Math.floor(i / 3) + (i % 3)] : NaN));
      expect(withColumns().atStations(wide)).toEqual(hourly().atStations(narrow));
    });

    it('compares them at their hour where hours of the day are sampled, and beside means of days', () => {
      const sampled = withColumns({ hoursPerDay: 12 });
      expect(sampled.times.map(({ hours }) => [...hours])).toEqual([[1], [2]]);
      const ofDays = daily(8, {
        species: [...species, 'NO2_column'],
        error: { ...error, NO2_column: { relative: 0, absolute: 1 } },
        columns: [{ ...COLUMNS, hour: [0, 30, 41] }],
      });
      expect(ofDays.times.map(({ ofColumns }) => ofColumns)).toEqual([undefined, true, true]);
      const fields = Float32Array.from({ length: 50 * 18 }, (_, i) => Math.floor(i / 18));
      expect([...ofDays.forward(fields)].slice(-2)).toEqual([30, 41]);
    });

    it('has an exact adjoint', () => {
      const operator = withColumns({ columns: [{ ...COLUMNS, hour: [1, 2, 30] }] });
      const fields = Float32Array.from(randomFloats(50 * 18, 1), Math.fround);
      const g = randomFloats(operator.observed.values.length, 2);
      // One element of the fields each, so that both sides are sums of the same products.
      expect(Math.abs(dot(operator.forward(fields), g) - dot(fields, operator.adjoint(g)))).toBeLessThan(1e-12);
    });

    it('withholds every value of a species that is not observed', () => {
      const { withheld, species: kinds } = withColumns({ withheldSpecies: new Set(['NO2', 'PM2.5']) }).batch();
      expect([...withheld]).toEqual([...kinds].map((s, i) => (s < 2 || i === 6 ? Role.withheld : Role.used)));
    });

    it('repeats values of the same species alone when errors are alike', () => {
      const operator = withColumns();
      const model = {
        correlationHours: [0, 0, 0],
        correlationCells: [
          [0, 0],
          [0, 0],
          [1, 1],
        ] as [number, number][],
      };
      const [alone, pair] = [operator, withColumns({ columns: [{ ...COLUMNS, role: [0, 0, 0] }] })].map(({ observed }) =>
        inflatedErrors(observed, { level: 'observed', ...model }, { prior: observed.values, cols: 3, stepHours: [1, 1, 1] }),
      );
      expect(alone[5]).toBeCloseTo(operator.observed.error[5], 5);
      expect((pair[5] / alone[5]) ** 2).toBeCloseTo(1 + Math.exp(-1), 5); // cells 1 and 4 are one row apart
      expect(pair.slice(0, 5)).toEqual(alone.slice(0, 5));
    });
  });

  it('marks watched and withheld stations', () => {
    const operator = hourly({ withheld: new Set(['a', 'b']), watched: new Set(['c']) });
    expect([...operator.batch().withheld]).toEqual([Role.withheld, Role.watched, Role.watched, Role.withheld, Role.withheld]);
  });

  it('averages used and withheld stations of a cell apart, in values and errors', () => {
    const operator = hourly({ withheld: new Set(['a']) });
    const { values, withheld } = operator.batch();
    expect([...values]).toEqual([1, 3, 20, 5, 4, 10]); // hour 1: NO2 of a is 1, of b 3; hour 2: of a PM2.5 alone, of b NO2 alone
    expect([...withheld]).toEqual([Role.withheld, Role.used, Role.used, Role.used, Role.used, Role.withheld]);
    expect([...operator.observed.stations]).toEqual([1, 1, 1, 1, 1, 1]);
    const prior = values.map((value) => value + 1);
    const model = { level: 'cell-mean' as const, surrogate: [1, 1], correlationHours: [0, 0], correlationCells: [[0, 0], [0, 0]] as [number, number][] }; // prettier-ignore
    const errors = inflatedErrors(operator.observed, model, { prior, cols: 3, stepHours: [1, 1] });
    expect(errors[1]).toBeCloseTo(Math.hypot(0.1 * 3.5, 0.5, 1), 6); // of b, whose mean is 3.5; the change is 1
  });

  it('gives series at single stations', () => {
    const fields = Float32Array.from({ length: 50 * 6 * 2 }, (_, i) => i);
    const series = hourly().atStations(fields);
    expect(series.stations.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(series.times).toEqual([new Date('2017-01-01T01:00:00Z'), new Date('2017-01-01T02:00:00Z')]);
    expect([...series.observed.get('NO2')!]).toEqual([1, 3, NaN, NaN, 4, 5]);
    expect([...series.simulated.get('NO2')!]).toEqual([22, 22, 12, 34, 34, 24]);
  });

  it('says what is wrong in one sentence', () => {
    expect(() => hourly({ grid: unitGrid(2, 3, 50) })).toThrow(/none of 4 stations .*lies inside the grid/);
    expect(() => hourly({ period: { ...period, spinUpHours: 40 } })).toThrow(/no value of NO2, PM2.5 .* falls into the 10 hours/);
    expect(() => hourly({ species: ['NO2'] })).toThrow(/PM2.5 is not simulated/);
    expect(() => hourly({ error: { NO2: error.NO2 } })).toThrow(/no error is given for PM2.5/);
    expect(() => hourly().forward(new Float32Array(5))).toThrow(/expected fields \[50, 2, 3, 2\]/);
    expect(() => hourly().adjoint(new Float32Array(5 + 1))).toThrow(/a gradient of 5 values but received 6/);
    expect(() => hourly().stencil([0]).forward(new Float32Array(99))).toThrow(/concentrations of \d values but received 99/);
    expect(hourly({ species: ['NO2', 'PM2.5', 'O3'] }).unobserved).toEqual(['O3']);
  });
});
