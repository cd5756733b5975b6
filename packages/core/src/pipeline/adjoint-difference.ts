/**
 * Whether a surrogate's ONNX adjoint does what the native one does, on a few cells and inputs drawn at random about their means: the files' models
 * differ from it in their number of cells only, and on a large grid ONNX Runtime would need many gigabytes.
 *
 * Observations of 1 below the concentrations have an L1 misfit whose gradient on the concentrations is the weight, so one cost serves both models.
 */
import { OnnxModel, type Field } from '../graph';
import { size } from '../graph/shape';
import { Random } from '../random';
import type { SurrogateInputs } from '../surrogate/frozen-program';
import type { ChannelScale } from '../surrogate/normalisation';
import type { Surrogate } from '../surrogate/surrogate';
import { adjointOnnx, vjpOnnx, type ModelSize } from './onnx-models';

const SEED = 1;

/**
 * Differences between ONNX Runtime and the native program.
 *
 * @returns the larger of the differences of the two models' gradients from native's, by norm and relative to native's; Infinity where one is not finite
 */
export async function adjointDifference(surrogate: Surrogate, cells: ModelSize, threads: number): Promise<number> {
  const { rows, cols } = cells;
  const inputs = drawInputs(surrogate, cells);
  const program = surrogate.program(1, rows, cols, { threads }, { adjoint: true });
  const concentrations = await program.forward(dataOf(inputs));
  const ones = concentrations.map(() => 1);
  const { emissions: native } = await program.adjoint(ones);
  program.dispose();
  const field = (data: Float32Array): Field => ({ data, shape: [1, rows, cols, concentrations.length / (rows * cols)] });
  const misfit = { observations: field(concentrations.map((value) => value - 1)), weight: field(ones) };
  const adjoint = await gradientOf(adjointOnnx(surrogate, cells), { ...inputs, ...misfit }, threads);
  const vjp = await gradientOf(vjpOnnx(surrogate, cells), { ...inputs, grad_concentrations: field(ones) }, threads);
  return Math.max(differenceByNorm(adjoint, native), differenceByNorm(vjp, native));
}

function drawInputs(surrogate: Surrogate, { rows, cols }: ModelSize): Record<keyof SurrogateInputs, Field> {
  const { normalisation, settings } = surrogate.description;
  const random = new Random(SEED);
  const draw = (name: string, { offset, scale }: ChannelScale, lead: readonly number[], noise: (own: Random) => number): Field => {
    const own = random.fork(name);
    const shape = [...lead, rows, cols, scale.length];
    return { shape, data: Float32Array.from({ length: size(shape) }, (_, i) => offset[i % scale.length] + scale[i % scale.length] * noise(own)) };
  };
  const about = (own: Random): number => own.normal();
  const positive = (own: Random): number => own.uniform();
  const steps = [1, surrogate.window.steps.length];
  const none = { offset: [], scale: [] };
  return {
    emissions: draw('emissions', normalisation.emissions, steps, positive),
    tracers: draw('tracers', normalisation.tracers ?? none, steps, positive),
    meteorology: draw('meteorology', normalisation.meteorology, steps, about),
    geography: draw('geography', normalisation.geography, [1], about),
    previous: draw('previous', settings.previousConcentrations ? normalisation.concentrations : none, [1], positive),
  };
}

function dataOf(inputs: Record<keyof SurrogateInputs, Field>): SurrogateInputs {
  const { emissions, tracers, meteorology, geography, previous } = inputs;
  return { emissions: emissions.data, tracers: tracers.data, meteorology: meteorology.data, geography: geography.data, previous: previous.data };
}

async function gradientOf(bytes: Uint8Array, inputs: Readonly<Record<string, Field>>, threads: number): Promise<Float32Array> {
  const model = await OnnxModel.load(bytes, { threads });
  const { grad_emissions: gradient } = await model.run(inputs);
  await model.dispose();
  return gradient.data;
}

/** ‖a − b‖ / ‖b‖, or ‖a‖ where b is 0 throughout, as behind a rectifier that is shut everywhere. */
function differenceByNorm(a: Float32Array, b: Float32Array): number {
  const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const difference = norm(a.map((value, i) => value - b[i])) / (norm(b) || 1);
  return Number.isFinite(difference) ? difference : Infinity;
}
