import { join } from 'node:path';
import { SPECIES } from '../../base/species';
import { type PeriodSettings } from '../../case';
import type { PreparedPeriod } from '../../fields/prepared';
import { observationsOf } from '../../inversion/testing/small-world';
import { VaryingNumber } from '../../inversion/model/nuisance-model';
import { CELLS, GRID, HOURS, START, temporaryFolder, writeFile } from '../../transport/testing/small-case';
import type { Workspace } from '../workspace';
import { operatorOf } from '../observed/monitors';
import { UNIT_ERRORS } from '../testing/july-monitors';
import { nuisanceEffect } from './nuisance-effect';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const PERIODS = ['june', 'july'].map((name) => ({ name, start: START.toISOString(), hours: HOURS, spinUpHours: 0 }) as unknown as PeriodSettings);
const TIME = { start: START, stepSeconds: 3600, count: HOURS };
const CELL = 27;

/** What the run changes in july. */
const change = (hour: number): number => 2 + hour / 4;

interface Given {
  periods: PeriodSettings[];
  runs: object[];
  /** what the inversion found, by name */
  found: [name: string, value: number][];
  /** of the updated run everywhere; default 100 */
  updated?: number;
}

let told: string[];
beforeEach(() => (told = []));

/** The last of the periods, at the one monitor. */
function foundIn({ periods, runs, found, updated = 100 }: Given): Map<string, Float32Array> | undefined {
  const { lon, lat } = GRID.centre(2, 7);
  const observations = observationsOf([['a', lon, lat]], { ...TIME, start: START.toISOString() }, { O3: new Array<number>(HOURS).fill(5) });
  const monitors = { observations, withheld: new Set<string>(), watched: new Set<string>() };
  const period = periods.at(-1)!;
  const operator = operatorOf(UNIT_ERRORS, period, GRID, monitors, { firstHour: 0, watch: false });
  const nuisance = found.map(([name, value]) => ({ name, unit: '', value }));
  const context = {
    summaryOf: () => ({ nuisance }),
    dirOf: (stage: string) => join(folder.path, stage),
    log: (text: string) => told.push(text),
    caseSettings: { ...UNIT_ERRORS, periods, concentrations: { variables: { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' } } },
    settings: { inversion: { nuisance: { runs } } },
  } as unknown as Workspace;
  const concentrations = new Float32Array(HOURS * CELLS * SPECIES.length).fill(40);
  const prepared = {
    name: period.name,
    grid: GRID,
    time: TIME,
    species: SPECIES,
    runs: new Map([['prior', { concentrations }]]),
  } as unknown as PreparedPeriod;
  const series = operator.atStations(concentrations.map(() => updated));
  expect(series.stations.map((station) => station.cell)).toEqual([CELL]);
  return nuisanceEffect(context, period, prepared, operator, series);
}

function inflow(varies?: object): object {
  const variables = SPECIES.map((species) => ({
    name: species.replace('.', ''),
    units: species === 'PM2.5' ? 'ug m-3' : 'ppbV',
    value: (hour: number): number => 40 + change(hour),
  }));
  return { name: 'inflow', concentrations: writeFile(join(folder.path, 'inflow_july.nc'), variables), spread: 1, ...(varies && { varies }) };
}

const atNodes = (beta: number[]): [string, number][] => beta.map((value, k) => [`inflow at node ${k}`, value]);

/** Of nodes at 0, 12, 24 and 36 hours, at the middle of each hour. */
function expectVarying(series: Float32Array, beta: number[]): void {
  expect(series).toHaveLength(HOURS);
  series.forEach((value, hour) => {
    const along = (hour + 0.5) / 12;
    const [k, share] = [Math.floor(along), along - Math.floor(along)];
    const part = ((1 - share) * beta[k] + share * beta[k + 1]) / Math.hypot(1 - share, share);
    expect(value).toBeCloseTo(100 + part * change(hour), 3);
  });
}

it('adds what was found of a part that varies in time, at the middle of each hour', () => {
  const beta = [1, -2, 3, 5];
  const found = foundIn({ periods: PERIODS.slice(1), runs: [inflow({ hours: 8 })], found: atNodes(beta) })!;
  expectVarying(found.get('O3')!, beta);
});

it('takes the numbers of a period where each has its own, and the one number where all share it', () => {
  const [june, july] = [[7, 8, 9, 10], [1, -2, 3, 5]]; // prettier-ignore
  expectVarying(foundIn({ periods: PERIODS, runs: [inflow({ hours: 8 })], found: atNodes([...june, ...july]) })!.get('O3')!, july);
  const shared = foundIn({ periods: PERIODS, runs: [inflow()], found: [['inflow', 0.5]] })!.get('O3')!;
  shared.forEach((value, hour) => expect(value).toBeCloseTo(100 + 0.5 * change(hour), 3));
});

it('takes a part that varies in space where the monitor is', () => {
  const km = 30;
  const field = new VaryingNumber([HOURS, GRID.rows, GRID.cols], [Infinity, ...GRID.lengthInCells(km)]);
  const [index, weight] = [new Int32Array(field.perPlace), new Float64Array(field.perPlace)];
  field.see([0.5, 2, 7], index, weight, 0);
  const beta = Array.from({ length: field.count }, (_, node) => (node * 7) % 5);
  expect(new Set(Array.from(index, (node) => beta[node])).size).toBeGreaterThan(1); // so that another place has another part
  const part = index.reduce((sum, node, k) => sum + weight[k] * beta[node], 0);
  const series = foundIn({ periods: PERIODS, runs: [inflow({ km })], found: atNodes(beta) })!.get('O3')!;
  series.forEach((value, hour) => expect(value).toBeCloseTo(100 + part * change(hour), 3));
});

it('adds the bias that all monitors share of a species, alone or beside a run, and leaves nothing below zero', () => {
  const bias: [string, number] = ['bias O3 of all monitors', -3];
  const alone = foundIn({ periods: PERIODS, runs: [], found: [bias] })!;
  expect([...alone.get('O3')!]).toEqual(new Array(HOURS).fill(97));
  const both = foundIn({ periods: PERIODS, runs: [inflow()], found: [['inflow', 0.5], bias] })!.get('O3')!;
  both.forEach((value, hour) => expect(value).toBeCloseTo(97 + 0.5 * change(hour), 3));
  expect([...foundIn({ periods: PERIODS, runs: [], found: [bias], updated: 1 })!.get('O3')!]).toEqual(new Array(HOURS).fill(0));
});

it('is not there where the inversion has nothing of the kind, or other numbers than the case by now, which it says', () => {
  expect(foundIn({ periods: PERIODS, runs: [], found: [['bias O3 of the monitors of a cell', 2]] })).toBeUndefined();
  expect(told).toEqual([]);
  expect(foundIn({ periods: PERIODS, runs: [inflow({ hours: 8 })], found: atNodes([1, 2, 3]) })).toBeUndefined();
  expect(told).toEqual([expect.stringMatching(/^the inversion has 3 numbers of inflow, the case 8: without scores of what was found/)]);
});
