/** The surrogate on a GPU against the processor. What the processor computes is checked elsewhere, so here it is the reference. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '../files/checkpoint';
import { InterruptedError } from '../base/errors';
import type { Execution } from '../graph';
import { describeOnCuda } from '../graph/testing/describe-on-cuda';
import { Random } from '../base/random';
import { FrozenProgram } from './model/frozen-program';
import { normalisationOf } from './model/normalisation';
import { CELLS, METEOROLOGY, tinyPeriod, tinySurrogate, tinyTraining, WORLD } from './testing/tiny-world';
import { train, type TrainOptions } from './training/train';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-device-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const periods = [tinyPeriod('winter', 1)];
const spinUp = [WORLD.spinUpHours];
const normalisation = normalisationOf(periods, spinUp);
const training = tinyTraining({ iterations: 20, checkpointEvery: 5 });
const CPU: Execution = { threads: 1, device: 'cpu' };

async function weightsOf(name: string, options: Execution & Partial<TrainOptions>): Promise<Map<string, Tensor>> {
  const { weights } = await train(periods, spinUp, tinySurrogate(), training, normalisation, { ...options, checkpoint: join(folder, name) });
  return weights;
}

/** Squared error as a part of the squared sum of the reference. */
function difference(of: Float32Array, reference: Float32Array): number {
  const [error, sum] = reference.reduce(([e, s], value, i) => [e + (of[i] - value) ** 2, s + value ** 2], [0, 0]);
  return error / sum;
}

function joined(weights: ReadonlyMap<string, Tensor>): Float32Array {
  return Float32Array.from([...weights.values()].flatMap(({ data }) => [...data]));
}

/** Concentrations and adjoint for inputs that are drawn. */
async function frozenRun(weights: ReadonlyMap<string, Tensor>, execution: Execution): Promise<[Float32Array, Float32Array]> {
  const [batch, steps] = [3, 4];
  const sizes = { batch, steps, rows: WORLD.rows, cols: WORLD.cols, meteorology: METEOROLOGY.length, geography: 1 };
  const random = new Random(5);
  const draw = (length: number, size: number): Float32Array => Float32Array.from({ length }, () => size * (0.2 + random.uniform()));
  const program = new FrozenProgram(tinySurrogate(), sizes, normalisation, weights, execution);
  try {
    const concentrations = await program.forward({
      emissions: draw(batch * steps * CELLS * 5, 1e-9),
      tracers: new Float32Array(0),
      meteorology: draw(batch * steps * CELLS * METEOROLOGY.length, 1),
      geography: draw(batch * CELLS, 100),
      previous: new Float32Array(0),
    });
    const { emissions } = await program.adjoint(draw(concentrations.length, 1));
    return [concentrations, emissions];
  } finally {
    program.dispose();
  }
}

describeOnCuda('the surrogate', () => {
  const device = 'cuda';

  it.each([
    // Bounds on the squared error: of float32 sums in another order; of factors rounded to 2⁻¹¹ and 2⁻⁸, over a few layers.
    ['float32', 1e-9],
    ['tf32', 1e-5],
    ['bf16', 1e-3],
  ] as const)('with %s products gives the concentrations and the adjoint of the CPU', async (precision, bound) => {
    const weights = await weightsOf('cpu', CPU);
    const [expected, actual] = [await frozenRun(weights, CPU), await frozenRun(weights, { threads: 1, device, precision })];
    actual.forEach((each, i) => expect(difference(each, expected[i])).toBeLessThan(bound));
  });

  it('learns what it learns on the CPU', async () => {
    const [expected, actual] = [await weightsOf('cpu', CPU), await weightsOf('device', { threads: 1, device })];
    // Adam divides by the gradient's size: where that is near zero, a last bit turns into a step, so the bound is loose.
    expect(difference(joined(actual), joined(expected))).toBeLessThan(1e-4);
  });

  it('resumed after an interruption ends with the same weights, bit for bit', async () => {
    const expected = await weightsOf('whole', { threads: 1, device });
    const controller = new AbortController();
    const stopped = weightsOf('parts', {
      threads: 1,
      device,
      signal: controller.signal,
      onProgress: (done) => (done === 7 ? controller.abort() : undefined),
    });
    await expect(stopped).rejects.toThrow(InterruptedError);
    expect(joined(await weightsOf('parts', { threads: 1, device }))).toEqual(joined(expected));
  });
});
