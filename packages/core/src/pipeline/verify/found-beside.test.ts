import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SPECIES, type PeriodSettings } from '../../data/case';
import type { PreparedPeriod } from '../../data/prepared';
import { observationsOf } from '../../inversion/testing/small-world';
import { CELLS, GRID, HOURS, START, temporaryFolder, writeFile } from '../../transport/testing/small-case';
import type { StageContext } from '../engine/stage';
import { operatorOf } from '../invert/monitors';
import { UNIT_ERRORS } from '../testing/july-monitors';
import { foundBeside } from './found-beside';

const folder = temporaryFolder();
afterAll(() => folder.remove());

it('adds what was found of a part that varies in time, at the middle of each hour', () => {
  const time = { start: START, stepSeconds: 3600, count: HOURS };
  const period = { name: 'july', start: START.toISOString(), hours: HOURS, spinUpHours: 0 } as unknown as PeriodSettings;
  const cell = 27;
  const { lon, lat } = GRID.centre(2, 7);
  const observations = observationsOf([['a', lon, lat]], { ...time, start: START.toISOString() }, { O3: new Array<number>(HOURS).fill(5) });
  const monitors = { observations, withheld: new Set<string>(), watched: new Set<string>() };
  const operator = operatorOf(UNIT_ERRORS, period, GRID, monitors, { firstHour: 0, watch: false });
  const change = (hour: number): number => 2 + hour / 4;
  const variables = SPECIES.map((species) => ({
    name: species.replace('.', ''),
    units: species === 'PM2.5' ? 'ug m-3' : 'ppbV',
    value: (hour: number): number => 40 + change(hour),
  }));
  const path = writeFile(join(folder.path, 'inflow_july.nc'), variables);
  // Nodes at 0, 12, 24 and 36 hours.
  const beta = [1, -2, 3, 5];
  const run = { name: 'inflow', concentrations: path, spread: 1, varies: { hours: 8 } };
  const found = beta.map((value, k) => ({ name: `inflow at node ${k}`, unit: "of the run's change", value }));
  mkdirSync(join(folder.path, 'invert'));
  const record = { stage: 'invert', key: 'k', inputs: [], startedAt: '', seconds: 1, products: [], summary: { nuisance: found } };
  writeFileSync(join(folder.path, 'invert', 'record.json'), JSON.stringify(record));
  const context = {
    ...{ variant: 'default', dirOf: (stage: string) => join(folder.path, stage), log: () => undefined },
    case: {
      ...{ periods: [period], crossValidation: { apply: false } },
      concentrations: { variables: { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' } },
      inversion: { nuisance: { runs: [run] } },
    },
  } as unknown as StageContext;
  const concentrations = new Float32Array(HOURS * CELLS * SPECIES.length).fill(40);
  const prepared = { name: 'july', grid: GRID, time, runs: new Map([['prior', { concentrations }]]) } as unknown as PreparedPeriod;
  const updated = operator.atStations(concentrations.map(() => 100));
  expect(updated.stations.map((station) => station.cell)).toEqual([cell]);
  const series = foundBeside(context, period, prepared, operator, updated)!.get('O3')!;
  expect(series).toHaveLength(HOURS);
  series.forEach((value, hour) => {
    const along = (hour + 0.5) / 12;
    const [k, share] = [Math.floor(along), along - Math.floor(along)];
    const part = ((1 - share) * beta[k] + share * beta[k + 1]) / Math.hypot(1 - share, share);
    expect(value).toBeCloseTo(100 + part * change(hour), 3);
  });
});
