/** What `verify` says of a small twin of two periods, held against the files that it compared. */
import { existsSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { cfVariable, readCf } from '../../files/netcdf/netcdf-cf';
import { Role } from '../../inversion/cost/cost';
import { SECONDS_PER_YEAR } from '../../units/units';
import { unpackPage } from '../../report/testing/unpack-page';
import { readRecord } from '../engine/record';
import type { StageEvent } from '../engine/stage';
import type { InvertSummary } from '../inversions/run-inversion';
import { NO_CERTIFICATE, SMALL_TRAINING } from '../testing/small-settings';
import { SmallTwin, tableOf } from '../testing/small-twin';
import type { Verification } from '../results/verify';

const HOURS = 54;
const SPIN_UP = 18;
const PERIODS = ['winter', 'summer'];
const SETTINGS = [...SMALL_TRAINING, ...NO_CERTIFICATE, 'withheld.blockCells=3', 'inversion.iterations=2', 'inversion.stopOnWithheld=false'];

const twin = new SmallTwin({ hours: HOURS, spinUpHours: SPIN_UP, stations: 24 }, SETTINGS);
beforeAll(() => twin.run([], ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export', 'invert', 'apply', 'verify']));

const verification = (): Verification => twin.read('verify/verification.json');

/** Sum of absolute errors of NO2 over all monitors and hours from the spin-up on, in ppb, and how many there are. */
function errorsInFiles(period: string, file: string): { sum: number; n: number } {
  const cellOf = twin.cellsOfMonitors();
  const start = twin
    .load()
    .periods.find(({ name }) => name === period)!
    .start.getTime();
  const fields = IoapiFile.open(file);
  try {
    let [sum, n] = [0, 0];
    for (const { station, time, NO2 } of tableOf(twin.inRun('simulate', `observations_${period}.csv`))) {
      const hour = (new Date(time).getTime() - start) / 3_600_000;
      if (hour < SPIN_UP) continue;
      sum += Math.abs(fields.read('NO2', hour, 1)[cellOf.get(station)!] - Number(NO2));
      n++;
    }
    return { sum, n };
  } finally {
    fields.close();
  }
}

it('all monitors together have the errors of prior and updated run that the files have, in each period and in both', () => {
  const { scores, withheld, used } = verification();
  const rows = scores.filter(({ species, region, type, nearestUsedKm }) => species === 'NO2' && !region && !type && !nearestUsedKm);
  const byPeriod = PERIODS.map((period) => [
    errorsInFiles(period, twin.inRun('simulate/prior', `ACONC_${period}.nc`)),
    errorsInFiles(period, twin.inRun('verify', `ACONC_${period}.nc`)),
  ]);
  PERIODS.forEach((period, p) => {
    const both = rows.filter((row) => row.period === period);
    expect(both.map(({ stations }) => stations).sort()).toEqual(['used', 'withheld']);
    (['prior', 'updated'] as const).forEach((which, k) => {
      const { sum, n } = byPeriod[p][k];
      expect(both.reduce((all, row) => all + row[which].n, 0)).toBe(n);
      expect(both.reduce((all, row) => all + row[which].n * row[which].mae, 0) / sum).toBeCloseTo(1, 5);
    });
  });
  const [prior, updated] = [0, 1].map((k) => byPeriod.reduce((all, each) => all + each[k].sum, 0));
  const [ofWithheld, ofUsed] = [withheld.NO2!, used.NO2!];
  expect((ofWithheld.prior.n * ofWithheld.priorMae + ofUsed.prior.n * ofUsed.priorMae) / prior).toBeCloseTo(1, 5);
  expect((ofWithheld.updated.n * ofWithheld.updatedMae + ofUsed.updated.n * ofUsed.updatedMae) / updated).toBeCloseTo(1, 5);
  expect(updated).not.toBeCloseTo(prior, 3);
  for (const { priorMae, updatedMae, change, unit } of [ofWithheld, ofUsed]) {
    expect(unit).toBe('ppb');
    expect(change.relative).toBeCloseTo(updatedMae / priorMae - 1, 10);
  }
});

it('the inversion has seen all of those used and none of those withheld', () => {
  const { withheld, used } = verification();
  const stations = twin.read<InvertSummary>('invert/inversion.json').stations;
  const count = (of: 'used' | 'withheld' | 'watched'): number => stations.reduce((sum, each) => sum + each[of], 0);
  const hours = HOURS - SPIN_UP;
  expect([withheld.NO2!.prior.n, used.NO2!.prior.n]).toEqual([count('withheld') * hours, (count('used') + count('watched')) * hours]);
});

it('the record has what the updated run gave, and the tables say what the summary says', () => {
  const { products, summary } = readRecord(twin.inRun('verify'))!;
  expect([...products].sort()).toEqual([
    'ACONC_summer.nc',
    'ACONC_winter.nc',
    'audit.csv',
    'fields/concentrations_summer.nc',
    'fields/concentrations_winter.nc',
    'pairs.nc',
    'scores.csv',
    'stations.csv',
    'verification.json',
  ]);
  const { values } = summary as Verification;
  expect(Object.keys(values!)).toEqual(['updated/winter', 'updated/summer']);
  expect(new Set(Object.values(values!)).size).toBe(2);
  const { audit, scores, observations } = verification();
  expect(tableOf(twin.inRun('verify/audit.csv'))).toHaveLength(audit.length);
  expect(new Set(audit.map(({ period }) => period))).toEqual(new Set(PERIODS));
  const [first] = tableOf(twin.inRun('verify/scores.csv'));
  expect(first).toMatchObject({ species: scores[0].species, run: 'prior', me: String(Number(scores[0].prior.mae.toPrecision(7))) });
  expect(Object.keys(observations)).toEqual(PERIODS);
  expect(observations['winter'].NO2).toBeDefined();
});

it('the table of stations and the pairs add up to the scores', () => {
  const rows = tableOf(twin.inRun('verify/stations.csv')).filter(({ species }) => species === 'NO2');
  const { withheld, used } = verification();
  const pairs = readCf(twin.inRun('verify/pairs.nc'));
  const [observed, prior, updated, role] = ['observed', 'prior', 'updated', 'role'].map((name) => cfVariable(pairs, name, 'pairs.nc').data);
  const { station, time } = pairs.dimensions;
  for (const [{ prior: of, priorMae, updatedMae }, roles] of [
    [withheld.NO2!, ['withheld']],
    [used.NO2!, ['used', 'watched']],
  ] as const) {
    const own = rows.filter((row) => roles.some((each) => each === row.role));
    expect(own.length).toBeGreaterThan(0);
    const sum = (value: (row: Record<string, string>) => number): number => own.reduce((all, row) => all + value(row), 0);
    expect(sum(({ pairs: n }) => Number(n))).toBe(of.n);
    expect(sum((row) => Number(row.pairs) * Number(row.prior_mae)) / of.n / priorMae).toBeCloseTo(1, 5);
    expect(sum((row) => Number(row.pairs) * Number(row.updated_mae)) / of.n / updatedMae).toBeCloseTo(1, 5);
    // NO2 is the first species.
    const isOwn = (i: number): boolean => roles.some((each) => Role[each] === role[i % station]) && !Number.isNaN(observed[i]);
    const at = Array.from({ length: time * station }, (_, i) => i).filter(isOwn);
    expect(at).toHaveLength(of.n);
    expect(at.reduce((all, i) => all + Math.abs(prior[i] - observed[i]), 0) / of.n / priorMae).toBeCloseTo(1, 5);
    expect(at.reduce((all, i) => all + Math.abs(updated[i] - observed[i]), 0) / of.n / updatedMae).toBeCloseTo(1, 5);
  }
});

it('the page of the report has the series of the pairs, station by station', async () => {
  await twin.run([], ['report']);
  const { data, stations } = await unpackPage(readFileSync(twin.inRun('report/report.html'), 'utf8'));
  const pairs = readCf(twin.inRun('verify/pairs.nc'));
  const [time, lats, lons, ...values] = ['time', 'lat', 'lon', 'observed', 'prior', 'updated'].map(
    (name) => cfVariable(pairs, name, 'pairs.nc').data,
  );
  const { station: width, time: times } = pairs.dimensions;
  const begin = Date.parse(`${/since (.*)/.exec(String(cfVariable(pairs, 'time', 'pairs.nc').attributes?.['units']))![1]}Z`);
  const rows = tableOf(twin.inRun('verify/stations.csv'));
  expect(data.series).toHaveLength(PERIODS.length * data.species.length);
  data.series.forEach(({ species, start, stepSeconds, count, step }, i) => {
    const first = Array.from(time).findIndex((seconds) => begin + 1000 * seconds === start);
    expect([stepSeconds, count, first >= 0]).toEqual([3600, HOURS - SPIN_UP, true]);
    data.stations.forEach(({ id }, s) => {
      const { lat, lon } = rows.find((row) => row.station === id)!;
      const column = Array.from(lats).findIndex((value, at) => value === Number(lat) && lons[at] === Number(lon));
      (['observed', 'prior', 'updated'] as const).forEach((name, k) => {
        stations[s][i][name].forEach((value, t) => {
          const pair = values[k][(species * times + first + t) * width + column];
          if (!(Math.abs(value - pair) <= 0.501 * step)) expect(value).toBe(pair); // NaN, too
        });
      });
    });
  });
});

it('the CF fields hold what the files of both runs hold, and are left out where the case says so', async () => {
  const fields = readCf(twin.inRun('verify/fields/concentrations_summer.nc'));
  for (const [run, file] of [
    ['prior', twin.inRun('simulate/prior/ACONC_summer.nc')],
    ['updated', twin.inRun('verify/ACONC_summer.nc')],
  ]) {
    const made = IoapiFile.open(file);
    expect(cfVariable(fields, `${run}_NO2`, '')).toMatchObject({ dimensions: ['time', 'y', 'x'], attributes: { units: 'ppb', grid_mapping: 'crs' } });
    expect(cfVariable(fields, `${run}_PM25`, '').data).toEqual(made.read('PM25', 0, HOURS));
    made.close();
  }
  const before = statSync(twin.inRun('verify/ACONC_summer.nc')).mtimeMs;
  await twin.run(['scores.concentrationFields=false'], ['verify']);
  expect(existsSync(twin.inRun('verify/fields'))).toBe(false);
  expect(readRecord(twin.inRun('verify'))!.products).toHaveLength(7);
  expect(statSync(twin.inRun('verify/ACONC_summer.nc')).mtimeMs).toBe(before);
  await twin.run([], ['verify']);
});

it("totals of the audit are those of the inventory's files, meant over every hour of a period, its spin-up too", () => {
  for (const period of PERIODS) {
    const file = IoapiFile.open(twin.input(`EMIS_${period}.nc`));
    try {
      const gramsPerSecond = file.read('PM25', 0, HOURS).reduce((sum, value) => sum + value, 0) / HOURS;
      const row = verification().audit.find((each) => each.period === period && each.group === 'PM2.5' && !each.region)!;
      expect(row.prior / ((gramsPerSecond * SECONDS_PER_YEAR) / 1e12)).toBeCloseTo(1, 5);
    } finally {
      file.close();
    }
  }
});

it('withheld monitors are divided, and what is near used ones looked at, by the correlation length', async () => {
  const { lengthKm } = twin.load().inversion;
  const ends = ({ scores }: Verification): unknown[] => [...new Set(scores.map(({ nearestUsedKm }) => nearestUsedKm?.upTo))];
  expect(ends(verification())).toEqual([undefined, lengthKm / 2, lengthKm]);
  const near = verification().audit.flatMap(({ group, response }) => (group === 'NOx' ? [response?.nearMonitors] : []));
  expect(near.length).toBeGreaterThan(2); // of regions, too
  expect(near).toEqual(near.map(() => expect.any(Number) as number));
  // Blocks have no such length.
  await twin.run(['inversion.space=blocks'], ['verify']);
  expect(ends(verification())).toEqual([undefined]);
  await twin.run([], ['verify']);
});

it('another cut-off compares anew, on the runs that are there; without one of these it is made again', async () => {
  const output = (period: string): string => twin.inRun('verify', `ACONC_${period}.nc`);
  const old = new Date(1e12);
  for (const period of PERIODS) utimesSync(output(period), old, old);
  const before = verification().scores.find(({ averaging }) => averaging === 'hourly-cutoff')!;
  await twin.run(['scores.ozoneCutoff=1'], ['verify']);
  const after = verification().scores.find(({ averaging }) => averaging === 'hourly-cutoff')!;
  expect(after.prior.n).toBeGreaterThan(before.prior.n);
  expect(PERIODS.map((period) => statSync(output(period)).mtimeMs)).toEqual([1e12, 1e12]);
  rmSync(output('summer'));
  const events = await twin.run(['scores.ozoneCutoff=2'], ['verify']);
  expect([statSync(output('winter')).mtimeMs, existsSync(output('summer'))]).toEqual([1e12, true]);
  const made = events.flatMap((event) => (event.kind === 'progress' && event.text.endsWith('transport model') ? [event] : []));
  expect(new Set(made.map(({ text }) => text))).toEqual(new Set(['summer: transport model']));
  expect(made.at(-1)).toMatchObject({ done: made.at(-1)!.total });
  expect(made[0].done).toBeGreaterThanOrEqual(made[0].total / 2); // winter, the first of two, is there
});

it('leaves no table of other settings behind where it is interrupted', async () => {
  rmSync(twin.inRun('verify/ACONC_summer.nc'));
  const abort = new AbortController();
  const onEvent = (event: StageEvent): void => void (event.kind === 'progress' && abort.abort());
  const stopped = twin.run(['scores.ozoneCutoff=3'], ['verify'], { onEvent, signal: abort.signal });
  await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
  const left = ['verification.json', 'scores.csv', 'audit.csv', 'pairs.nc', 'stations.csv', 'fields', 'ACONC_winter.nc'].filter((name) =>
    existsSync(twin.inRun('verify', name)),
  );
  expect(left).toEqual(['ACONC_winter.nc']);
});

it('refuses other withheld monitors than the inversion left out', async () => {
  await expect(twin.run(['withheld.seed=77'], ['verify'])).rejects.toMatchObject({ code: 'WITHHELD_CHANGED' });
});

it.each(['certify', 'verify', 'report'] as const)('%s is refused where an input changes meanwhile that only simulate names', async (stage) => {
  await expect(twin.runWithChange('GRIDDESC', ['simulate', stage])).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
  expect(readRecord(twin.inRun(stage))).toBeUndefined();
  await twin.run([], [stage]);
});
