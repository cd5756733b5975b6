/**
 * Whether a surrogate's ONNX adjoint, and its products with the Jacobian, do what the native one does, on a few cells and inputs drawn at random about
 * their means: on a large grid ONNX Runtime would need many gigabytes, and the models are the same for all.
 *
 * Observations of 1 below the concentrations have an L1 misfit whose gradient on the concentrations is the weight, so one cost serves both models.
 * The product from the other side is taken along native's gradient g = Jᵀ·1, with which the ones must make ⟨1, J·g⟩ = ⟨g, g⟩.
 */
import { OnnxModel, type Field } from '../../graph/onnx/onnx-model';
import type { Surrogate } from '../../surrogate/model/surrogate';
import { dataOf, drawInputs } from './engine-choice';
import { adjointOnnx, jvpOnnx, vjpOnnx } from './onnx-models';

/** What may be differentiated; native's gradient is empty where it is not. */
const SOURCES = ['emissions', 'tracers', 'previous'] as const;

/**
 * Differences between ONNX Runtime and the native program.
 *
 * @returns the largest of the differences of the three models from native, by norm and relative to native's; Infinity where one is not finite
 */
export async function adjointDifference(surrogate: Surrogate, cells: { rows: number; cols: number }, threads: number): Promise<number> {
  const { rows, cols } = cells;
  const inputs = drawInputs(surrogate, { batch: 1, rows, cols });
  const program = surrogate.program(1, rows, cols, { threads }, { adjoint: true });
  const concentrations = await program.forward(dataOf(inputs));
  const unitGradient = concentrations.map(() => 1);
  const native = await program.adjoint(unitGradient);
  program.dispose();
  const sources = SOURCES.filter((name) => native[name].length > 0);
  const field = (data: Float32Array): Field => ({ data, shape: [1, rows, cols, concentrations.length / (rows * cols)] });
  const misfit = { observations: field(concentrations.map((value) => value - 1)), weight: field(unitGradient) };
  const tangents = Object.fromEntries(sources.map((name) => [`tangent_${name}`, { ...inputs[name], data: native[name] }]));
  const adjoint = await resultsOf(adjointOnnx(surrogate), { ...inputs, ...misfit }, threads);
  const vjp = await resultsOf(vjpOnnx(surrogate), { ...inputs, grad_concentrations: field(unitGradient) }, threads);
  const jvp = await resultsOf(jvpOnnx(surrogate), { ...inputs, ...tangents }, threads);
  const gradients = [adjoint, vjp].flatMap((results) => sources.map((name) => differenceByNorm(results[`grad_${name}`].data, native[name])));
  const squares = sources.reduce((total, name) => total + sumOf(native[name].map((value) => value * value)), 0);
  return Math.max(...gradients, differenceOfSums(sumOf(jvp.tangent_concentrations.data), squares));
}

type Inputs = Readonly<Record<string, Field>>;

async function resultsOf(bytes: Uint8Array, inputs: Inputs, threads: number): Promise<Record<string, Field>> {
  const model = await OnnxModel.load(bytes, { threads });
  const results = await model.run(inputs);
  await model.dispose();
  return results;
}

const sumOf = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);

/** |a − b| / b, or |a| where b is 0. */
function differenceOfSums(a: number, b: number): number {
  const difference = Math.abs(a - b) / (b || 1);
  return Number.isFinite(difference) ? difference : Infinity;
}

/** ‖a − b‖ / ‖b‖, or ‖a‖ where b is 0 throughout, as behind a rectifier that is shut everywhere. */
function differenceByNorm(a: Float32Array, b: Float32Array): number {
  const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const difference = norm(a.map((value, i) => value - b[i])) / (norm(b) || 1);
  return Number.isFinite(difference) ? difference : Infinity;
}
