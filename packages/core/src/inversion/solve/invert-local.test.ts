/** Steps that look at the factors of their batches alone, against those that look at all. */
import { Random } from '../../base/random';
import type { Values } from '../cost/cost';
import type { ForwardModel, LocalModel } from '../model/forward-model';
import { invert } from './invert';
import type { InversionSettings } from './inversion-problem';
import { MatrixModel, observationBatch } from '../testing/linear-models';
import { twinSettings } from '../testing/plume-twin';

const settings: InversionSettings = { ...twinSettings, learningRate: 0.05, loss: 'l2', bound: 1e6, stopOnWithheld: false };

describe('invert, batches that see few of the factors', () => {
  // Three slots of two cells; batch b sees slots b and b + 1.
  const shape = { slots: 3, rows: 1, cols: 2, groups: 1 };
  const random = new Random(3);
  const numbers = (n: number): number[] => Array.from({ length: n }, () => random.normal());
  const seen = [0, 1].map(() => [numbers(4), numbers(4), numbers(4)]);
  const whole = seen.map((rows, b) => rows.map((row) => [...(b === 1 ? [0, 0] : []), ...row, ...(b === 0 ? [0, 0] : [])]));
  const observed = [0, 1].map(() => observationBatch(numbers(3), 1));
  const problem = { groups: ['NOx'], species: ['NO2'], priorEmissions: [2, 1, 0, 3, 1, 2], lengthCells: 0, emissionScale: [2] };
  const paper: InversionSettings = { ...settings, mode: 'paper', iterations: 41, batch: 1, loss: 'l1', learningRate: 0.05, bound: 1.5 };
  const plain = (): MatrixModel => new MatrixModel(shape, whole, observed);
  const asked: string[] = [];

  /** The same, of which a batch is run with its own factors. */
  function localModel(): ForwardModel {
    const model = plain();
    const parts = seen.map((matrix, b) => new MatrixModel({ ...shape, slots: 2 }, [matrix], [observed[b]]));
    const local: LocalModel = {
      stretchOf: (batch) => [2 * batch, 2 * batch + 4],
      forward: (factors, batch) => parts[batch].forward(factors, 0),
      adjoint: async (gradSimulated, batch) => {
        await parts[batch].addAdjoint(gradSimulated, 0);
        return Float32Array.from(await parts[batch].takeGradient());
      },
    };
    const others = ['forward', 'addAdjoint', 'takeGradient'] as const;
    for (const name of others) {
      const own = model[name].bind(model) as (...given: unknown[]) => Promise<never>;
      model[name] = (...given: unknown[]) => (asked.push(name), own(...given));
    }
    return Object.assign(model, { local });
  }
  beforeEach(() => void asked.splice(0));

  it('steps as with all of them, and looks at no others', async () => {
    const [expected, actual] = [await invert(plain(), problem, paper), await invert(localModel(), problem, paper)];
    expect(asked).toEqual([]);
    expect(expected.atBound['NOx']).toBeGreaterThan(0);
    expect(expected.factors[2]).toBe(1); // where nothing is emitted
    const moved = expected.factors.filter((factor) => factor !== 1).length;
    expect(moved).toBe(5);
    expected.factors.forEach((factor, i) => expect(actual.factors[i]).toBeCloseTo(factor, 5));
    expect(actual.history).toHaveLength(expected.history.length);
    actual.history.forEach((point, i) => expect(point.total).toBeCloseTo(expected.history[i].total, 5));
  });

  it('draws several batches, whose stretches overlap', async () => {
    // Both batches a step, but as two of three: a third sees what the first does.
    const three = (model: ForwardModel): ForwardModel => {
      const at = (batch: number): number => batch % 2;
      const local = model.local && {
        stretchOf: (batch: number) => model.local!.stretchOf(at(batch)),
        forward: (factors: Float32Array, batch: number) => model.local!.forward(factors, at(batch)),
        adjoint: (gradient: Values, batch: number) => model.local!.adjoint(gradient, at(batch)),
      };
      return {
        shape,
        batches: 3,
        local,
        observations: (batch) => model.observations(at(batch)),
        forward: (factors, batch) => model.forward(factors, at(batch)),
        addAdjoint: (gradient, batch) => model.addAdjoint(gradient, at(batch)),
        takeGradient: () => model.takeGradient(),
      };
    };
    const two = { ...paper, batch: 2 };
    const [expected, actual] = [await invert(three(plain()), problem, two), await invert(three(localModel()), problem, two)];
    expect(asked).toEqual([]);
    expected.factors.forEach((factor, i) => expect(actual.factors[i]).toBeCloseTo(factor, 5));
  });

  it.each([
    ['all batches are drawn', { batch: 0 }],
    ['the method remembers', { optimiser: 'adam' as const }],
  ])('takes all factors where %s', async (_, over) => {
    await invert(localModel(), problem, { ...paper, ...over, iterations: 3 });
    expect(new Set(asked)).toEqual(new Set(['forward', 'addAdjoint', 'takeGradient']));
  });

  it('takes all factors where a prior connects them', async () => {
    await invert(localModel(), problem, { ...settings, iterations: 3, batch: 1 });
    expect(new Set(asked)).toEqual(new Set(['forward', 'addAdjoint', 'takeGradient']));
  });

  it('names what is not finite', async () => {
    const model = localModel();
    const spoiled = { ...model.local!, adjoint: () => Promise.resolve(Float32Array.of(1, 2, NaN, 4)) };
    const broken = Object.assign(model, { local: spoiled });
    await expect(invert(broken, problem, paper)).rejects.toThrow(
      /the gradient with respect to NOx became NaN or infinite at iteration 0: lower inversion\.learningRate/,
    );
  });
});
