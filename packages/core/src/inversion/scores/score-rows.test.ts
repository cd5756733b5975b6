import {
  isWhole,
  scoreRows,
  type RunSeries,
  type ScoredPeriod,
  type ScoredStation,
  type ScoreOptions,
  type ScoreRow,
  type Scope,
} from './score-rows';

const OPTIONS: ScoreOptions = { species: ['NO2', 'O3', 'PM2.5'], regions: ['North', 'Empty'], ozoneCutoff: 40, distancesKm: [40, 81] };
/** Midnight of some day. */
const MIDNIGHT = 20_000 * 24;

/** Station s of its block; the even ones are withheld, the first half lies in the north. */
function stations(count: number): ScoredStation[] {
  return Array.from({ length: count }, (_, s) => ({
    id: `S${s}`,
    withheld: s % 2 === 0,
    block: `b${s}`,
    regions: s < count / 2 ? ['North'] : [],
    ...(s === 0 ? { type: 'urban' } : s === 1 ? { type: 'rural' } : {}),
  }));
}

/** `[T, S]` from values by hour and station. */
function field(hours: number, count: number, value: (t: number, s: number) => number): Float32Array {
  return Float32Array.from({ length: hours * count }, (_, i) => value(Math.floor(i / count), i % count));
}

function period(name: string, series: Record<string, RunSeries>, count: number, over: Partial<ScoredPeriod> = {}): ScoredPeriod {
  return { name, firstHour: MIDNIGHT, stepSeconds: 3600, stations: stations(count), series: new Map(Object.entries(series)), ...over };
}

/** Observed 10 + s everywhere, the prior run 4 too much, the updated one 2 − s too much. */
function simple(hours: number, count: number): RunSeries {
  return {
    observed: field(hours, count, (_, s) => 10 + s),
    prior: field(hours, count, (_, s) => 14 + s),
    updated: field(hours, count, () => 12),
  };
}

function find(rows: ScoreRow[], averaging: ScoreRow['averaging'], side: ScoreRow['stations'], scope: Scope = {}): ScoreRow {
  const found = rows.filter(
    (row) =>
      row.averaging === averaging && row.stations === side && row.region === scope.region && row.period === scope.period && row.type === scope.type,
  );
  expect(found).toHaveLength(1);
  return found[0];
}

describe('rows of scores', () => {
  it('score each side, region, period and type of site on its own stations', () => {
    const rows = scoreRows([period('winter', { NO2: simple(3, 4) }, 4), period('summer', { NO2: simple(2, 4) }, 4)], OPTIONS);
    // Withheld: S0 (observed 10, updated +2) and S2 (12, updated 0), five hours each.
    expect(find(rows, 'hourly', 'withheld')).toMatchObject({
      monitors: 2,
      change: { blocks: 2 },
      prior: { n: 10, mae: 4 },
      updated: { n: 10, mae: 1 },
    });
    expect(find(rows, 'hourly', 'withheld').change.relative).toBe(-0.75);
    expect(find(rows, 'hourly', 'used')).toMatchObject({ prior: { n: 10, mae: 4 }, updated: { mae: 1, bias: 0 } });
    expect(find(rows, 'hourly', 'withheld', { region: 'North' })).toMatchObject({ monitors: 1, prior: { n: 5 }, updated: { mae: 2 } });
    expect(find(rows, 'hourly', 'withheld', { period: 'summer' })).toMatchObject({ monitors: 2, prior: { n: 4 } });
    expect(find(rows, 'hourly', 'withheld', { region: 'North', period: 'summer' })).toMatchObject({ prior: { n: 2 } });
    expect(find(rows, 'hourly', 'used', { type: 'rural' })).toMatchObject({ monitors: 1, updated: { mae: 1 } });
    expect(find(rows, 'hourly', 'used', { type: 'urban' })).toMatchObject({ monitors: 0, missing: 'no station with a value' });
    expect(rows[0].stations).toBe('withheld');
    // the whole, 2 regions, 2 periods, 4 of both, 2 types; no rows for species that nobody measured
    expect(rows).toHaveLength(2 * 11);
  });

  it('say where a region has no station and a period lacks a species, and go on', () => {
    const rows = scoreRows([period('winter', { NO2: simple(3, 4) }, 4), period('summer', { 'PM2.5': simple(24, 4) }, 4)], OPTIONS);
    const no2 = rows.filter(({ species }) => species === 'NO2');
    expect(find(no2, 'hourly', 'withheld', { region: 'Empty' })).toMatchObject({
      monitors: 0,
      change: { blocks: 0 },
      prior: { n: 0 },
      missing: 'no station with a value',
    });
    expect(find(no2, 'hourly', 'withheld', { period: 'summer' })).toMatchObject({ prior: { n: 0 }, missing: 'no station with a value' });
    expect(find(no2, 'hourly', 'withheld')).toMatchObject({ prior: { n: 6 } });
  });

  it('divide withheld stations, and no others, by how far they are from a used one', () => {
    const kms = [27, undefined, 40, undefined, 81, undefined, 81.5, undefined];
    const placed = stations(8).map((station, s) => ({ ...station, nearestUsedKm: kms[s] }));
    const rows = scoreRows([period('winter', { NO2: simple(3, 8) }, 8, { stations: placed })], OPTIONS);
    const divided = rows.filter(({ nearestUsedKm }) => nearestUsedKm !== undefined);
    expect(divided.map(({ stations: side, nearestUsedKm, monitors, updated }) => [side, nearestUsedKm, monitors, updated.mae])).toEqual([
      ['withheld', { above: 0, upTo: 40 }, 2, 1], // S0 +2, S2 0
      ['withheld', { above: 40, upTo: 81 }, 1, 2],
      ['withheld', { above: 81 }, 1, 4],
    ]);
    expect(rows.filter(isWhole)).toHaveLength(2);
    expect(scoreRows([period('winter', { NO2: simple(3, 4) }, 4)], OPTIONS).some(({ nearestUsedKm }) => nearestUsedKm)).toBe(false);
  });

  it('do not count one period where there is only one', () => {
    const rows = scoreRows([period('winter', { NO2: simple(3, 4) }, 4)], OPTIONS);
    expect(rows.every(({ period: name }) => name === undefined)).toBe(true);
  });

  it('have an interval of the change with five blocks, and say why there is none with four', () => {
    const rows = (count: number): ScoreRow[] => scoreRows([period('winter', { NO2: simple(3, count) }, count)], OPTIONS);
    expect(find(rows(10), 'hourly', 'withheld').change).toMatchObject({ blocks: 5, interval: { low: expect.any(Number) as number } });
    const few = find(rows(8), 'hourly', 'withheld').change;
    expect(few.interval).toBeUndefined();
    expect(few.noInterval).toBe('blocks: 4; an interval needs 5');
  });

  it('take a pair only where observation and both runs are there', () => {
    const series = simple(3, 2);
    series.observed[0] = NaN;
    series.updated[2] = NaN;
    const row = find(scoreRows([period('winter', { NO2: series }, 2)], OPTIONS), 'hourly', 'withheld');
    expect([row.prior.n, row.updated.n]).toEqual([1, 1]);
  });

  it('give O3 hourly, above the cut-off and as MDA8, with the ratings of each', () => {
    const hours = 31;
    const observed = field(hours, 2, (t) => (t === 12 ? 72 : 40 - (t % 2)));
    const off = (by: number): Float32Array => observed.map((value) => value * by);
    const rows = scoreRows([period('summer', { O3: { observed, prior: off(1.1), updated: off(1.02) } }, 2)], OPTIONS);
    const whole = rows.filter(({ region, type }) => region === undefined && type === undefined);
    expect(whole.map(({ averaging }) => averaging)).toEqual(
      ['hourly', 'hourly-cutoff', 'mda8', 'hourly', 'hourly-cutoff', 'mda8'], // withheld, then used
    );
    expect(find(rows, 'hourly', 'withheld').prior.n).toBe(31);
    expect(find(rows, 'hourly', 'withheld').ratings.prior).toEqual({ emery: { r: 'goal' } });
    expect(find(rows, 'hourly-cutoff', 'withheld')).toMatchObject({
      prior: { n: 16 }, // the even hours of 31, 40 itself counts
      ratings: { prior: { emery: { nmb: 'criteria', nme: 'goal' } }, updated: { emery: { nmb: 'goal', nme: 'goal' } } },
    });
    const mda8 = find(rows, 'mda8', 'withheld');
    expect(mda8.prior).toMatchObject({ n: 1, meanObserved: (3 * 40 + 72 + 4 * 39) / 8 });
    expect(mda8.ratings.prior.emery).toEqual({ nmb: 'criteria', nme: 'goal', r: undefined });
  });

  it('give PM2.5 hourly and as daily means, with the ratings of daily means', () => {
    const rows = scoreRows([period('winter', { 'PM2.5': simple(24, 2) }, 2)], OPTIONS);
    expect(find(rows, 'hourly', 'withheld').ratings.prior).toEqual({});
    expect(find(rows, 'daily-mean', 'withheld')).toMatchObject({
      prior: { n: 1 },
      ratings: { prior: { emery: { nmb: 'neither', nme: 'criteria' }, boylanRussell: { mfb: 'criteria', mfe: 'goal' } } },
    });
  });

  it('of daily means say that there is no MDA8, once a side', () => {
    const rows = scoreRows([period('winter', { O3: simple(5, 4), 'PM2.5': simple(5, 4) }, 4, { stepSeconds: 86400 })], OPTIONS);
    const mda8 = rows.filter(({ averaging }) => averaging === 'mda8');
    expect(mda8.map(({ stations: side, missing }) => [side, missing])).toEqual([
      ['withheld', 'observations are daily means, which hold no 8-hour mean'],
      ['used', 'observations are daily means, which hold no 8-hour mean'],
    ]);
    expect(mda8[0].prior.n).toBe(0);
    expect(rows.filter(({ species, averaging }) => species === 'PM2.5' && averaging !== 'daily-mean')).toEqual([]);
    const pm25 = rows.filter(({ species }) => species === 'PM2.5');
    expect(find(pm25, 'daily-mean', 'withheld')).toMatchObject({ prior: { n: 10 }, ratings: { prior: { emery: {} } } });
  });
});
