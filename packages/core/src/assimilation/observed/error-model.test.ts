import { observationsOf, unitGrid } from '../../inversion/testing/small-world';
import type { Workspace } from '../workspace';
import { addErrors, errorModelOf } from './error-model';
import { operatorOf } from './monitors';
import { julyOf, UNIT_ERRORS } from '../testing/july-monitors';

const DAYS = 20;
const period = julyOf(24 * DAYS);

/** Errors of NO2 and O3 at the first monitor, 1 without a correlation in time of 24 h; the second is withheld. */
function errors(
  hoursOfDay: Partial<Record<'O3', [number, number]>>,
  hoursPerDay: number,
  longitudes: number[],
  correlationHours = [24, 24, 24, 24],
): [no2: number, o3: number] {
  const grid = unitGrid(1, 120);
  const values = Array.from({ length: 24 * DAYS * longitudes.length }, () => 5);
  const observations = observationsOf(
    longitudes.map((lon, i): [string, number, number] => [`s${i}`, lon, 0.5]),
    { start: '2017-07-01T00:00:00Z', stepSeconds: 3600, count: 24 * DAYS },
    { NO2: values, O3: values },
  );
  const monitors = { observations, withheld: new Set(['s1']), watched: new Set<string>() };
  const operator = operatorOf(UNIT_ERRORS, period, grid, monitors, { firstHour: 0, watch: false, hoursPerDay, hoursOfDay });
  const none = operator.observed.values.map(() => 0);
  const cells: [number, number] = [0, 0];
  addErrors(operator, { correlationHours, correlationCells: [cells, cells, cells, cells] }, none, grid.cols);
  const { species, error, inflation } = operator.observed;
  // σ is 1, so that the variance is what it was raised by; a batch tells of it.
  error.forEach((each, i) => expect(inflation![i]).toBeCloseTo(each ** 2, 4));
  expect(operator.batch([0]).inflation).toEqual(inflation!.subarray(0, operator.batch([0]).values.length));
  return [error[species.indexOf(0)], error[species.indexOf(2)]];
}

/** n/n_eff of a first-order autoregression of 24 h. */
function repeats(spacing: number): number {
  const rho = Math.exp(-spacing / 24);
  return (1 + rho) / (1 - rho);
}

describe('errors that are alike in time', () => {
  it('are spread over the values that a species has: ozone by day has three a day of the eight that others have', () => {
    const [no2, o3] = errors({ O3: [9, 18] }, 8, [0.5, 40.5]);
    expect(no2 ** 2).toBeCloseTo(repeats(3), 4);
    expect(no2 ** 2).toBeGreaterThan(15);
    // From the first value to the last: 3 a day, but for the nights before and after.
    expect(o3 ** 2).toBeCloseTo(repeats((24 * (DAYS - 1) + 6) / (3 * DAYS - 1)), 4);
    expect(o3 ** 2).toBeLessThan(6.3);
  });

  it('have the spacing of a cell where monitors further east are compared at other hours (UTC)', () => {
    const [, alone] = errors({ O3: [9, 18] }, 8, [0.5, 40.5]);
    const [, beside] = errors({ O3: [9, 18] }, 8, [0.5, 40.5, 90.5]);
    expect(beside).toBeCloseTo(alone, 5);
  });

  it('are those of all hours where all are compared', () => {
    const [no2, o3] = errors({}, 4, [0.5, 40.5]);
    expect(no2 ** 2).toBeCloseTo(repeats(6), 4);
    expect(o3).toBe(no2);
  });

  it('may be of one species alone, and are told of all', () => {
    const [no2, o3] = errors({}, 4, [0.5, 40.5], [0, 0, 24, 0]);
    expect([no2, o3 ** 2]).toEqual([1, expect.closeTo(repeats(6), 4) as number]);
  });
});

it('refuses an error of nothing, where the model has nothing and the case no absolute part', () => {
  const grid = unitGrid(1, 4);
  const observations = observationsOf(
    [['a', 0.5, 0.5]],
    { start: '2017-07-01T00:00:00Z', stepSeconds: 3600, count: 24 },
    { NO2: Array<number>(24).fill(5) },
  );
  const observationError = { NO2: { relative: 0.1, absolute: 0 } };
  const monitors = { observations, withheld: new Set<string>(), watched: new Set<string>() };
  const relative = { ...UNIT_ERRORS, inversion: { ...UNIT_ERRORS.inversion, observationError } } as unknown as typeof UNIT_ERRORS;
  const operator = operatorOf(relative, julyOf(24), grid, monitors, { firstHour: 0, watch: false });
  const prior = operator.observed.values.map((_, i) => (i === 3 ? 0 : 4));
  const model = { level: 'simulated', correlationHours: [0, 0, 0, 0], correlationCells: Array(4).fill([0, 0]) as [number, number][] } as const;
  expect(() => addErrors(operator, model, prior, grid.cols)).toThrow(
    'inversion.observationError.NO2: an observed 5 gets an error of 0, since the level there is 0 (errorLevel simulated): set absolute above 0',
  );
});

it('errors that are alike in part alone correlate by less in the cost', () => {
  const grid = unitGrid(1, 4);
  const time = { start: '2017-07-01T00:00:00Z', stepSeconds: 3600, count: 24 * DAYS };
  const places: [string, number, number][] = [
    ['a', 0.5, 0.5],
    ['b', 1.5, 0.5],
  ];
  const observations = observationsOf(places, time, { NO2: Array.from({ length: 48 * DAYS }, () => 5) });
  const correlated = (alike = 1): number => {
    const monitors = { observations, withheld: new Set<string>(), watched: new Set<string>() };
    const operator = operatorOf(UNIT_ERRORS, period, grid, monitors, { firstHour: 0, watch: false });
    const beside = [2, 2, 2, 2].map((cells): [number, number] => [cells, cells]);
    const model = { correlationHours: [0, 0, 0, 0], correlationCells: beside, decorrelated: true, alike: [alike, alike, alike, alike] };
    addErrors(
      operator,
      model,
      operator.observed.values.map(() => 0),
      grid.cols,
    );
    expect(operator.observed.inflation).toBeUndefined(); // nothing repeats in time
    const [, second] = operator.batch([0]).decorrelation!.apply(Float64Array.of(1, 0));
    return -second / Math.sqrt(1 + second ** 2); // second = −ρ/√(1 − ρ²)
  };
  expect(correlated()).toBeCloseTo(Math.exp(-1 / 2), 6);
  expect(correlated(0.4)).toBeCloseTo(0.4 * Math.exp(-1 / 2), 6);
});

describe('the error model of a case', () => {
  const correlation = {
    km: { NO2: 111, SO2: 222, O3: 333, 'PM2.5': 0 },
    hours: { NO2: 6, SO2: 12, O3: 24, 'PM2.5': 0 },
    part: 0.5,
    inSpace: 'exact',
  };
  const inversion = {
    errorLevel: 'simulated',
    surrogateError: 'certificate',
    errorCorrelation: correlation,
    errorScale: { NO2: 1, SO2: 2, O3: 3, 'PM2.5': 4 },
  };
  const modelOf = (summary?: object, change: object = {}): ReturnType<typeof errorModelOf> =>
    errorModelOf(
      {
        caseSettings: UNIT_ERRORS,
        settings: { inversion: { ...inversion, ...change } },
        summaryOf: () => summary,
      } as unknown as Workspace,
      unitGrid(4, 4),
    );

  it('has what it says of each species, and of the surrogate what the certificate found of that species', () => {
    const pair = (species: string, slope: number): object => ({ species, figures: { slope, cosine: 1, relativeSize: 0.2 } });
    const part = { species: 'O3', figures: { part: true, slope: 9, cosine: 1, relativeSize: 0.2 } };
    // Of ozone no run changes one group alone: then the error is that of members with all that they change.
    const summary = { pairs: [pair('NO2', 0.9), part, pair('NO2', 1.1), pair('SO2', 0.75)], joint: [pair('O3', 0.5), pair('NO2', 0.1)] };
    const model = modelOf(summary);
    expect(model).toMatchObject({ level: 'simulated', correlationHours: [6, 12, 24, 0], alike: [0.5, 0.5, 0.5, 0.5], scale: [1, 2, 3, 4] });
    expect(model.decorrelated).toBe(true);
    // In step with the transport model and 1 − slope too small: wrong by that part.
    [0.1, 0.25, 0.5, 0].forEach((part, s) => expect(model.surrogate![s]).toBeCloseTo(part, 9));
    // Cells of one degree, 111.2 km along rows; of another width at the latitude of the middle.
    [111, 222, 333, 0].forEach((km, s) => expect(model.correlationCells[s][0]).toBeCloseTo((km / 6370 / Math.PI) * 180, 9));
    [111, 222, 333, 0].forEach((km, s) =>
      expect(model.correlationCells[s][1] * Math.cos((2 * Math.PI) / 180)).toBeCloseTo(model.correlationCells[s][0], 9),
    );
  });

  it('has one number for all species, and no error of the surrogate, where the case says so', () => {
    const model = modelOf(undefined, {
      surrogateError: 'none',
      errorScale: 1.5,
      errorCorrelation: { km: 0, hours: 3, part: 1, inSpace: 'inflated' },
    });
    expect(model).toMatchObject({ surrogate: undefined, correlationHours: [3, 3, 3, 3], scale: [1.5, 1.5, 1.5, 1.5], decorrelated: false });
    expect(modelOf(undefined, { surrogateError: 0.2 }).surrogate).toEqual([0.2, 0.2, 0.2, 0.2]);
  });
});
