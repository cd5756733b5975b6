import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SPECIES } from '../../base/species';
import { observationsSchema } from '../../case/schema/experiment-schema';
import { unitGrid } from '../../inversion/testing/small-world';
import type { StageContext } from '../../run/engine/stage';
import { julyOf, UNIT_ERRORS } from '../testing/july-monitors';
import { observePeriod, throughOperator, type ObservedPeriod, type RunFields } from './observed-periods';

const HOURS = 60;
const period = julyOf(HOURS);
const grid = unitGrid(2, 3);
const cells = 6;
/** A run whose concentrations say their hour, cell and species. */
const told = (hour: number, cell: number, species: number): number => 100 * hour + 10 * cell + species;
const run: RunFields = ({ first, count }) =>
  Float32Array.from({ length: count * cells * SPECIES.length }, (_, i) => {
    const place = Math.floor(i / SPECIES.length);
    return told(first + Math.floor(place / cells), place % cells, i % SPECIES.length);
  });

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-observed-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Hourly NO2 and O3 at cells 1 and 5, of a case with some settings of the inversion. */
async function observed(inversion: object): Promise<ObservedPeriod> {
  writeFileSync(join(folder, 'stations.csv'), 'id,lon,lat\na,1.5,0.5\nb,2.5,1.5\n');
  const rows = Array.from({ length: HOURS }, (_, hour) =>
    ['a', 'b'].map((id) => `${id},${new Date(Date.UTC(2017, 6, 1, hour)).toISOString()},${hour},${2 * hour}`),
  );
  writeFileSync(join(folder, 'obs.csv'), `station,time,no2,o3\n${rows.flat().join('\n')}\n`);
  const observations = observationsSchema().parse({
    stations: { file: join(folder, 'stations.csv') },
    files: join(folder, 'obs.csv'),
    columns: { species: { NO2: { column: 'no2', unit: 'ppb' }, O3: { column: 'o3', unit: 'ppb' } } },
  });
  const settings = {
    ...UNIT_ERRORS,
    periods: [period],
    observations,
    withheld: { fraction: 0, blockCells: 1, seed: 1 },
    crossValidation: { apply: false },
    inversion: {
      ...UNIT_ERRORS.inversion,
      observed: SPECIES,
      stopOnWithheld: false,
      dailyMeans: false,
      hoursOfDay: {},
      hoursPerDay: 24,
      ...inversion,
    },
  };
  return observePeriod({ caseSettings: settings, settings, inputs: {} } as unknown as StageContext, period, grid, 3);
}

/** What the run has at the observations, from their hours, cells and species. */
function expected({ operator }: ObservedPeriod, hoursOf: (time: number) => number[]): number[] {
  const { first, cell, species } = operator.observed;
  return operator.times.flatMap((_, t) => {
    const hours = hoursOf(t);
    return Array.from({ length: first[t + 1] - first[t] }, (__, k) => first[t] + k).map(
      (i) => hours.reduce((sum, hour) => sum + told(hour, cell[i], species[i]), 0) / hours.length,
    );
  });
}

describe('a run of the transport model at the observations', () => {
  it('is that of the hour, cell and species of each, after the first hours', async () => {
    const all = await observed({});
    expect(all.operator.times).toHaveLength(HOURS - 3);
    expect([...throughOperator(run, all)]).toEqual(expected(all, (t) => [t + 3]));
  });

  it('has of daily means all hours of the day, though the surrogate is run at some of them', async () => {
    const daily = await observed({ dailyMeans: true, hoursPerDay: 4 });
    expect(daily.operator.times.map(({ hours }) => [...hours])).toEqual([[27, 33, 39, 45]]); // the second day of July: the first is cut
    expect([...daily.operator.observed.values]).toEqual([35.5, 35.5, 71, 71]);
    const day = Array.from({ length: 24 }, (_, hour) => 24 + hour);
    expect([...throughOperator(run, daily)]).toEqual(expected(daily, () => day).map((value) => expect.closeTo(value, 3) as number));
  });

  it('has of hourly values those of the hours that are compared', async () => {
    const some = await observed({ hoursPerDay: 4 });
    const hours = [3, 9, 15, 21, 27, 33, 39, 45, 51, 57];
    expect(some.operator.times).toHaveLength(hours.length);
    expect([...throughOperator(run, some)]).toEqual(expected(some, (t) => [hours[t]]));
  });
});
