import { Role } from '../cost/cost';
import type { InversionProblem, InversionSettings } from './inversion-problem';
import { invertFromStarts } from './multi-start';
import { MatrixModel, observationBatch } from '../testing/linear-models';
import { twinSettings } from '../testing/plume-twin';

/** One step that moves nothing: each start ends where it began. */
const settings: InversionSettings = { ...twinSettings, iterations: 1, learningRate: 1e-9 };
const problem: InversionProblem = { groups: ['NOx'], species: ['NO2', 'PM2.5'], priorEmissions: [1, 1], lengthCells: 0 };

/** Two cells: the first is seen by the cost and by watched NO2, the second by watched PM2.5, whose numbers are a hundred times larger. */
class TwoSpecies extends MatrixModel {
  readonly seen: number[][] = [];

  constructor(no2: number, pm25: number) {
    const matrix = [
      [1, 0],
      [1, 0],
      [0, 100],
    ];
    const observed = observationBatch([1, no2, pm25], 1, { species: [0, 0, 1], role: [Role.used, Role.watched, Role.watched] });
    super({ slots: 1, rows: 1, cols: 2, groups: 1 }, [matrix], [observed]);
  }

  override forward(factors: ArrayLike<number>, batch: number): Promise<Float64Array> {
    this.seen.push([...Array.from(factors)]);
    return super.forward(Float64Array.from(factors), batch);
  }
}

/** The factors of the second start, which do not depend on the observations. */
async function secondStart(): Promise<number[]> {
  const model = new TwoSpecies(1, 100);
  await invertFromStarts(model, problem, settings, {}, 2);
  return model.seen.find(([first]) => Math.abs(first - 1) > 1e-6)!;
}

it('judges starts by errors relative to the first start’s, species by species', async () => {
  const [no2, second] = await secondStart();
  const away = Math.abs(second - 1);
  expect(away).toBeLessThan(1);
  // At the prior PM2.5 is off by 100 µg m-3, at the second start by 100 (1 + away); NO2 fits there. The plain mean would like the prior better.
  const model = new TwoSpecies(no2, 100 - 100 * Math.sign(second - 1));
  expect(100 * away).toBeGreaterThan(Math.abs(no2 - 1));
  const { result, starts } = await invertFromStarts(model, problem, settings, {}, 2);
  expect(starts.map(({ watched }) => watched)).toEqual([1, (1 + away) / 2].map((value) => expect.closeTo(value, 6) as number));
  expect(result.factors[0]).toBeCloseTo(no2, 6);
});

it('judges them by the cost where nothing is watched', async () => {
  const { result, starts } = await invertFromStarts(new TwoSpecies(1, 100), problem, { ...settings, stopOnWithheld: false }, {}, 2);
  expect(starts[0].total).toBeLessThan(starts[1].total);
  expect(starts[0].from).toBeLessThan(starts[1].from);
  expect(starts[0].from).toBe(result.history[0].total);
  expect(result.factors[0]).toBeCloseTo(1, 6);
});
