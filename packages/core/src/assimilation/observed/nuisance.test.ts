import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SPECIES } from '../../base/species';
import { type PeriodSettings } from '../../case';
import type { PeriodSource } from '../../fields/period-source';
import { observationsOf } from '../../inversion/testing/small-world';
import { CELLS, GRID, HOURS, START, temporaryFolder, writeFile } from '../../transport/testing/small-case';
import type { StageContext } from '../../run/engine/stage';
import { simulatedFile } from '../../case/case-runs';
import { namingOf } from '../../case/testing/naming';
import { UNIT_ERRORS } from '../testing/july-monitors';
import { operatorOf } from './monitors';
import { nuisanceTerms, type NuisancePeriod } from './nuisance';
import type { SurrogateForwardModel } from '../surrogate/surrogate-forward-model';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const dirOf = (stage: string): string => join(folder.path, stage);

const PERIODS = ['july', 'august'];
const starts = [START, new Date('2026-08-03T00:00:00Z')];
/** What runs change, ppb of NO2 and O3, by their number, period, hour and cell. */
const change = (run: number, period: number, hour: number, cell: number): number => 100 * run + 10 * period + 0.5 * hour + 0.1 * cell;
const priorOf = (period: number, i: number): number => 3 + period + i / 8;

function writeRun(path: string, run: number, period: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const units = (species: string): string => (species === 'PM2.5' ? 'ug m-3' : 'ppbV');
  const name = (species: string): string => species.replace('.', '');
  writeFile(
    path,
    SPECIES.map((species) => ({ name: name(species), units: units(species), value: (hour, cell) => 50 + change(run, period, hour, cell) })),
    { start: starts[period] },
  );
}

/** Monitors at row 2, column 7 and at row 5, column 1, of which the second has ozone alone. */
const CELL_A = 27;
const CELL_B = 51;
const periods = PERIODS.map((name, p): NuisancePeriod => {
  const places = [CELL_A, CELL_B].map((cell, i): [string, number, number] => {
    const { lon, lat } = GRID.centre(Math.floor(cell / GRID.cols), cell % GRID.cols);
    return [`s${i}`, lon, lat];
  });
  const values = Array.from({ length: 2 * HOURS }, () => 5);
  const observations = observationsOf(
    places,
    { start: starts[p].toISOString(), stepSeconds: 3600, count: HOURS },
    { NO2: values.map((value, i) => (i % 2 === 0 ? value : NaN)), O3: values },
  );
  const settings = { name, start: starts[p].toISOString(), hours: HOURS, spinUpHours: 0 } as unknown as PeriodSettings;
  const monitors = { observations, withheld: new Set<string>(), watched: new Set<string>() };
  const operator = operatorOf(UNIT_ERRORS, settings, GRID, monitors, { firstHour: 0, watch: false });
  const period = { name, grid: GRID, time: { start: starts[p], stepSeconds: 3600, count: HOURS }, species: SPECIES } as unknown as PeriodSource;
  return {
    period,
    observed: { monitors: { ...monitors, block: new Map() }, columns: [], operator, whole: operator },
    prior: operator.observed.values.map((_, i) => priorOf(p, i)),
  };
});
/** A batch of each period, from its fourth value on. */
const FIRST = 4;
const model = {
  valuesOf: (problem: number) => ({ problem, first: FIRST, last: periods[problem].observed.operator.observed.values.length }),
} as unknown as SurrogateForwardModel;

function termsOf(nuisance: object): NonNullable<ReturnType<typeof nuisanceTerms>> {
  const none = Object.fromEntries(SPECIES.map((species) => [species, 0]));
  const settings = {
    periods: PERIODS.map((name, p) => ({ name, start: starts[p].toISOString(), hours: HOURS })),
    crossValidation: { apply: false },
    ...namingOf(),
    concentrations: { variables: { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' } },
    inversion: { nuisance: { stationBias: none, sharedBias: none, runs: [], ...nuisance } },
  };
  return nuisanceTerms({ caseSettings: settings, settings, dirOf } as unknown as StageContext, model, periods)!;
}

/** Period, hour, cell and place of each value of a batch. */
function valuesOf(p: number): { hour: number; cell: number; i: number }[] {
  const { times, observed } = periods[p].observed.operator;
  return times
    .flatMap((_, hour) => Array.from({ length: observed.first[hour + 1] - observed.first[hour] }, (__, k) => ({ hour, i: observed.first[hour] + k })))
    .map(({ hour, i }) => ({ hour, i, cell: observed.cell[i] }))
    .slice(FIRST);
}

it('a run brings its change against the prior run of the same period, with one part for all', () => {
  PERIODS.forEach((name, p) => writeRun(join(folder.path, `inflow_${name}.nc`), 1, p));
  const { terms, names, units } = termsOf({ runs: [{ name: 'inflow', concentrations: join(folder.path, 'inflow_{period}.nc'), spread: 0.4 }] });
  expect([names, units, terms.map(({ spread }) => spread)]).toEqual([['inflow'], ["of the run's change"], [[0.4]]]);
  for (const p of [0, 1]) {
    const { index, weight, columns } = terms[0].coefficientsOf(p);
    const values = valuesOf(p);
    expect([...index]).toEqual(values.map(() => 0));
    expect([...weight!]).toEqual(values.map(() => 1));
    values.forEach(({ hour, cell, i }, k) => expect(columns[0][k]).toBeCloseTo(50 + change(1, p, hour, cell) - priorOf(p, i), 3));
  }
});

it('draws of a doubt have a column each and share its variance, and a part that varies has nodes of its own in each period', () => {
  for (const draw of [1, 2]) {
    PERIODS.forEach((name, p) => writeRun(simulatedFile(dirOf('simulate'), `nuisance-winds-0${draw}`, 'ACONC', name), draw, p));
  }
  // Nodes 12 hours and 3 cells of 27 km apart: 4 in time, 4 in rows, 5 in columns.
  const winds = { name: 'winds', windErrors: { draws: 2 }, varies: { hours: 8, km: 54 }, spread: 1 };
  const { terms, names } = termsOf({ runs: [winds] });
  expect(terms).toHaveLength(1);
  expect(names).toHaveLength(2 * 2 * 80);
  expect(names[80 + 21]).toBe('winds, draw 1 at 2026-08-03T12:00Z, row 0.0, column 3.0');
  expect(terms[0].spread).toHaveLength(names.length);
  expect(terms[0].spread[0]).toBeCloseTo(Math.SQRT1_2, 12);
  for (const p of [0, 1]) {
    const { index, weight, columns } = terms[0].coefficientsOf(p);
    valuesOf(p).forEach(({ hour, cell, i }, k) => {
      columns.forEach((column, draw) => expect(column[k]).toBeCloseTo(50 + change(draw + 1, p, hour, cell) - priorOf(p, i), 3));
      if (cell !== CELL_A || hour !== 13) return;
      // The middle of the hour, row 2 and column 7: between nodes 1 and 2 in time, 0 and 1 in rows, 2 and 3 in columns.
      const shares = [1.5 / 12, 2 / 3, 1 / 3];
      const expected = [0, 1, 2, 3, 4, 5, 6, 7].map((corner) => {
        const [t, r, c] = [corner >> 2, (corner >> 1) & 1, corner & 1];
        const part = (up: number, share: number): number => (up ? share : 1 - share);
        return { node: 80 * p + (1 + t) * 20 + r * 5 + 2 + c, weight: part(t, shares[0]) * part(r, shares[1]) * part(c, shares[2]) };
      });
      const norm = Math.hypot(...expected.map((each) => each.weight));
      expect([...index.subarray(8 * k, 8 * k + 8)]).toEqual(expected.map(({ node }) => node));
      expected.forEach((each, e) => expect(weight![8 * k + e]).toBeCloseTo(each.weight / norm, 6));
    });
  }
});

test('a species without a spread of its own, as a column, has no bias', () => {
  const { terms, names } = termsOf({ stationBias: { NO2: 2 }, sharedBias: {} });
  expect(names).toEqual(['bias NO2 at row 2, column 7']);
  expect(terms.map(({ spread }) => spread)).toEqual([[2]]);
});

it('biases are those of the monitors of a cell, or of all, the same in every period', () => {
  const { terms, names, units } = termsOf({ stationBias: { NO2: 2, SO2: 0, O3: 3, 'PM2.5': 0 }, sharedBias: { NO2: 0, SO2: 0, O3: 5, 'PM2.5': 0 } });
  expect(names).toEqual(['bias NO2 at row 2, column 7', 'bias O3 at row 2, column 7', 'bias O3 at row 5, column 1', 'bias O3 of all monitors']);
  expect(units).toEqual(['ppb', 'ppb', 'ppb', 'ppb']);
  expect(terms.map(({ spread }) => spread)).toEqual([[2, 3, 3], [5]]);
  for (const p of [0, 1]) {
    const { species } = periods[p].observed.operator.observed;
    const values = valuesOf(p);
    const [own, shared] = terms.map((term) => term.coefficientsOf(p));
    expect([...own.index]).toEqual(values.map(({ cell, i }) => (species[i] === 0 ? 0 : cell === CELL_A ? 1 : 2)));
    expect([...shared.index]).toEqual(values.map(({ i }) => (species[i] === 0 ? -1 : 0)));
    expect(own.columns).toEqual([new Float32Array(values.length).fill(1)]);
  }
  expect(CELLS).toBe(80);
});

it("a bias of a satellite's product is a part of the prior's columns, the same in every period", () => {
  // Ozone's place among the species stands for that of a column here.
  const channels = { ...namingOf(), columns: { NO2_column: { bias: 0.2 }, NH3_column: { bias: 0 } } };
  const naming = { ...channels, concentrations: { species: ['NO2'] } };
  const settings = {
    ...naming,
    periods: [],
    inversion: { observed: ['NO2_column', 'NH3_column'], nuisance: { stationBias: {}, sharedBias: {}, runs: [] } },
  };
  const none = Object.fromEntries(['NO2', 'NO2_column', 'NH3_column'].map((species) => [species, 0]));
  const nuisance = { stationBias: none, sharedBias: none, runs: [] };
  const termsWith = (observed: string[]): ReturnType<typeof nuisanceTerms> => {
    const all = { ...settings, inversion: { observed, nuisance } };
    const columnPeriods = periods.map(({ observed: { operator, ...rest }, ...each }) => {
      const species = operator.observed.species.map((s) => (s === 0 ? 0 : 1));
      return { ...each, observed: { ...rest, operator: { ...operator, observed: { ...operator.observed, species } } } } as unknown as NuisancePeriod;
    });
    return nuisanceTerms({ caseSettings: all, settings: all, dirOf } as unknown as StageContext, model, columnPeriods);
  };
  const { terms, names, units } = termsWith(['NO2_column'])!;
  expect([names, units, terms.map(({ spread }) => spread)]).toEqual([['bias NO2_column of its product'], ['of the column'], [[0.2]]]);
  for (const p of [0, 1]) {
    const { index, columns } = terms[0].coefficientsOf(p);
    const { species } = periods[p].observed.operator.observed;
    expect([...index]).toEqual(valuesOf(p).map(({ i }) => (species[i] === 0 ? -1 : 0)));
    expect(Array.from(columns[0])).toEqual(valuesOf(p).map(({ i }) => Math.fround(priorOf(p, i))));
  }
  expect(termsWith(['NO2'])).toBeUndefined();
});
