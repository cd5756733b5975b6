/** Calls of the LSTM's kernels for its tests: inputs by a fixed seed, both passes, and what they keep as plain arrays. */
import { cpuFeatures } from '../../kernels';
import { callKernel, type Variant } from '../../testing/call-kernel';
import { permute } from '../../testing/golden';
import { randomArray } from '../../testing/oracles';

export const double: Variant['options'] = {
  dtype: 'float64',
};

export interface Sizes {
  batch: number;
  steps: number;
  cells: number;
  inChannels: number;
  hidden: number;
  allStates: number;
  /** Cells whose gates are kept; absent: all. */
  keptCells?: number;
  /** 1: in half the memory, which only devices that round products make use of. */
  packed?: number;
}

/** Inputs of an LSTM call by a fixed seed; the initial states are learned ones. */
export function makeInputs({ batch, steps, cells, inChannels, hidden }: Sizes): Record<string, Float64Array> {
  const scaled = (length: number, seed: number, factor: number): Float64Array => randomArray(length, seed).map((x) => Math.fround(factor * x));
  return {
    input: randomArray(batch * steps * cells * inChannels, 1),
    weightInput: scaled(inChannels * 4 * hidden, 2, 1 / Math.sqrt(inChannels)),
    weightHidden: scaled(hidden * 4 * hidden, 3, 1 / Math.sqrt(hidden)),
    bias: randomArray(4 * hidden, 4),
    initialHidden: scaled(hidden, 5, 0.5),
    initialCell: randomArray(hidden, 6),
  };
}

export function forward(inputs: Record<string, ArrayLike<number>>, sizes: Sizes, options: Variant['options']): Record<string, Float64Array> {
  const states = sizes.batch * sizes.cells * sizes.hidden;
  const keptLength = sizes.batch * sizes.steps * (sizes.keptCells ?? sizes.cells) * Math.ceil(sizes.hidden / 16) * (sizes.packed ? 8 : 16);
  const outputs = { output: states * (sizes.allStates ? sizes.steps : 1), gates: 4 * keptLength, cells: keptLength };
  return callKernel('lstmForward', { ...inputs, ...outputs }, { ...sizes }, options);
}

/** The output and what is kept in double, and a gradient of the output, of inputs that are drawn. */
export function drawnPass(sizes: Sizes): { inputs: Record<string, Float64Array>; expected: Record<string, Float64Array>; gradOutput: Float64Array } {
  const inputs = makeInputs(sizes);
  const expected = forward(inputs, sizes, double);
  return { inputs, expected, gradOutput: randomArray(expected.output.length, 9) };
}

const LANES = { baseline: 4, avx2: 8, avx512: 16, amx: 16 };

/** The CUDA kernels keep [N, T, P, D, 4], without gaps. */
const cudaTrace = (trace: Float64Array, rows: number, hidden: number, parts: number): Float64Array =>
  permute({ shape: [rows, hidden, parts], data: trace.slice(0, rows * hidden * parts) }, [0, 2, 1]);

/** Gates [N, T, P, 4, D] or, with one part, cell states [N, T, P, D] from the layout that the variant's kernels keep them in. */
export function plain(trace: Float64Array, { batch, steps, cells, hidden }: Sizes, parts: number, options: Variant['options']): Float64Array {
  const fast = options?.dtype !== 'float64' && options?.kernels !== 'reference';
  if (options?.device === 'cuda') return cudaTrace(trace, batch * steps * cells, hidden, parts);
  const lanes = fast ? LANES[(options?.isa === undefined || options.isa === 'auto' ? cpuFeatures().isa : options.isa) as keyof typeof LANES] : hidden;
  const vectors = Math.ceil(hidden / lanes);
  const result = new Float64Array(batch * steps * cells * parts * hidden);
  for (let index = 0; index < result.length; index++) {
    const [unit, part, cell, step] = [
      index % hidden,
      Math.floor(index / hidden) % parts,
      Math.floor(index / (hidden * parts)) % cells,
      Math.floor(index / (hidden * parts * cells)),
    ];
    result[index] = trace[(((step * vectors + Math.floor(unit / lanes)) * cells + cell) * parts + part) * lanes + (unit % lanes)];
  }
  return result;
}

export const gradients = ['gradInput', 'gradWeightInput', 'gradWeightHidden', 'gradBias', 'gradInitialHidden', 'gradInitialCell'];
export const sources = ['input', 'weightInput', 'weightHidden', 'bias', 'initialHidden', 'initialCell'];

/** All six gradients; each starts at `before`, by default unset. What is not `saved`, the kernel computes again. */
export function backward(
  inputs: Record<string, Float64Array>,
  saved: Record<string, Float64Array> | undefined,
  gradOutput: Float64Array,
  params: Sizes & { accumulate?: number; outputStride?: number; outputImageStride?: number },
  options: Variant['options'],
  initial?: (length: number) => Float64Array,
): Record<string, Float64Array> {
  const grads = Object.fromEntries(gradients.map((name, k) => [name, initial ? initial(inputs[sources[k]].length) : inputs[sources[k]].length]));
  const { bias, ...operands } = inputs;
  const keptCells = saved ? (params.keptCells ?? params.cells) : 0;
  const optional = {
    ...((params.packed || keptCells < params.cells) && { bias }),
    ...(keptCells > 0 && { gates: saved!.gates, cells: saved!.cells }),
  };
  return callKernel('lstmBackward', { ...operands, ...optional, gradOutput, ...grads }, { ...params, keptCells }, options);
}
