/** Which monitors cross-validation leaves out, and what it holds a candidate against, on a small twin. */
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import type { StageEvent } from '../engine/stage';
import { NO_CERTIFICATE, SMALL_TRAINING, winterOnly } from '../testing/small-settings';
import { SmallTwin, tableOf } from '../testing/small-twin';
import type { CrossValidation } from '../../assimilation/cross-validation/candidates';
import type { InvertSummary } from '../inversions/run-inversion';

const HOURS = 54;
const SPIN_UP = 18;
const SETTINGS = [
  ...SMALL_TRAINING,
  ...NO_CERTIFICATE,
  winterOnly(HOURS, SPIN_UP),
  'withheld.blockCells=3',
  'inversion.iterations=2',
  'inversion.hoursPerDay=24',
  'crossValidation.iterations=2',
  'crossValidation.hoursPerDay=24',
  'crossValidation.try.lengthKm=[200]',
];
const HALVES = [
  'regions={south: {rows: [0, 4], cols: [0, 11]}, north: {rows: [5, 11], cols: [0, 11]}}',
  'crossValidation.by=regions',
  'withheld.fraction=0',
];

const twin = new SmallTwin({ hours: HOURS, spinUpHours: SPIN_UP, stations: 24 }, SETTINGS);
let events: StageEvent[];

async function crossValidated(...settings: string[]): Promise<CrossValidation> {
  events = await twin.run(settings, ['crossvalidate']);
  return twin.read('crossvalidate/crossvalidation.json');
}

beforeAll(() => twin.run(['crossValidation.folds=3'], ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export', 'invert']));

it('leaves every monitor that is not withheld out once, in the folds that are asked for', async () => {
  const { folds, candidates } = await crossValidated('crossValidation.folds=3');
  const [{ used, watched, withheld, outside }] = twin.read<InvertSummary>('invert/inversion.json').stations;
  expect([withheld, used + watched + withheld + outside]).toEqual([expect.any(Number), 24]);
  expect(withheld).toBeGreaterThan(2);
  expect(folds.map(({ name }) => name)).toEqual(['1', '2', '3']);
  // Those that choose the step of the inversion, too: here none does.
  expect(folds.reduce((sum, { stations }) => sum + stations, 0)).toBe(used + watched);
  expect(candidates.map(({ changes }) => changes)).toEqual([[], ['lengthKm 200']]);
  for (const { folds: results } of candidates) expect(results.map(({ fold }) => fold)).toEqual(['1', '2', '3']);
});

it('of regions, holds the prior run against the monitors of each as the files have them', async () => {
  const { folds, candidates } = await crossValidated(...HALVES);
  const { cols } = twin.grid();
  const cellOf = twin.cellsOfMonitors();
  const observed = tableOf(twin.inRun('simulate/observations_winter.csv'));
  const prior = IoapiFile.open(twin.inRun('simulate/prior/ACONC_winter.nc'));
  try {
    ['south', 'north'].forEach((name, k) => {
      const isIn = (cell: number): boolean => Math.floor(cell / cols) <= 4 === (name === 'south');
      const cells = [...new Set([...cellOf.values()].filter(isIn))];
      expect(folds[k]).toEqual({ name, stations: [...cellOf.values()].filter(isIn).length });
      let [sum, n] = [0, 0];
      for (let hour = SPIN_UP; hour < HOURS; hour++) {
        const time = `${new Date(Date.UTC(2026, 0, 5, hour)).toISOString().slice(0, 16)}Z`;
        const field = prior.read('O3', hour, 1);
        for (const cell of cells) {
          const values = observed.filter((each) => each['time'] === time && cellOf.get(each['station']) === cell);
          const mean = values.reduce((all, each) => all + Number(each['O3']), 0) / values.length;
          sum += Math.abs(mean - field[cell]);
          n++;
        }
      }
      for (const { folds: results } of candidates) {
        const { errors } = results[k];
        expect(errors.map(({ species, n: values }) => [species, values])).toEqual(['NO2', 'SO2', 'O3', 'PM2.5'].map((species) => [species, n]));
        expect(errors[2].priorMae).toBeCloseTo(sum / n, 4);
      }
    });
  } finally {
    prior.close();
  }
});

it('searches a key from the best of those before it', async () => {
  const { candidates, settings, best, picked } = await crossValidated(
    'crossValidation.folds=3',
    'crossValidation.try={spreadScale: [0.5], errorScale: [2]}',
  );
  expect(settings).toEqual({ by: 'blocks', choose: 'best', rounds: 1, hoursPerDay: 24, iterations: 2 });
  const [own, narrower, ...others] = candidates;
  // So poor a surrogate is best believed little.
  expect(narrower.score.mean).toBeLessThan(own.score.mean - 0.01);
  expect(others.map(({ candidate }) => candidate)).toEqual([{ ...own.candidate, spreadScale: 0.5, errorScale: 2 }]);
  const means = candidates.map(({ score }) => score.mean);
  expect([best, picked].map((k) => means[k])).toEqual([Math.min(...means), Math.min(...means)]);
});

it('takes of each inversion the step of the lowest cost, whatever the monitors that are left out say', async () => {
  const { candidates } = await crossValidated(...HALVES, 'crossValidation.iterations=3');
  const told = events.flatMap((event) => (event.kind === 'progress' ? [event] : []));
  expect(told.map(({ done }) => done)).toEqual([0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12]);
  expect(new Set(told.map(({ total }) => total))).toEqual(new Set([12]));
  for (const { changes, folds } of candidates) {
    for (const { fold, errors } of folds) {
      const name = `${changes.join() || "the case's own settings"}, fold ${fold}, `;
      const steps = told
        .filter(({ text }) => text.startsWith(name))
        .map(({ text }) => /cost ([\d.]+) .* ([\d.]+) % of/.exec(text)!.slice(1).map(Number));
      expect(steps).toHaveLength(4);
      const [, percent] = steps.reduce((best, step) => (step[0] < best[0] ? step : best));
      const error = errors.reduce((sum, { priorMae, updatedMae }) => sum + updatedMae / priorMae / errors.length, 0);
      expect((100 * error).toFixed(1)).toBe(percent.toFixed(1));
    }
  }
});
