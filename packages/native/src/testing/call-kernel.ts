import { cpuFeatures, cudaDevices, NativeProgram, type ProgramOptions } from '../kernels';

/** A kernel's operands: what goes in, or the length of what comes out (which starts at NaN, so that an element left unwritten shows). */
type Operands = Record<string, ArrayLike<number> | number | undefined>;

const ALIGNMENT = 16;

/** How a kernel is run: as a program's options say, in the addon of that name. */
export type CallOptions = ProgramOptions & { module?: string };

/** Runs one instruction on an arena of its own and returns every operand as it is afterwards. */
export function callKernel(
  op: string,
  operands: Operands,
  params: Record<string, number>,
  { module, ...options }: CallOptions = {},
): Record<string, Float64Array> {
  const offsets: Record<string, number> = {};
  let end = ALIGNMENT;
  for (const [name, operand] of Object.entries(operands)) {
    if (operand === undefined) continue;
    offsets[name] = end;
    const length = typeof operand === 'number' ? operand : operand.length;
    // A gap after every operand, so that a kernel that writes past its end is caught below.
    end += Math.ceil(length / ALIGNMENT) * ALIGNMENT + ALIGNMENT;
  }
  const program = new NativeProgram({ arenaElements: end, instructions: [{ op, operands: offsets, params }], phases: {} }, options, module);
  program.fill(0, end, Number.NaN);
  for (const [name, operand] of Object.entries(operands)) {
    if (operand !== undefined && typeof operand !== 'number') program.write(offsets[name], Float64Array.from(operand));
  }
  program.runSync();
  const arenaAfter = Float64Array.from(program.read(0, end));
  program.dispose();
  return collect(arenaAfter, offsets, operands);
}

function collect(arena: Float64Array, offsets: Record<string, number>, operands: Operands): Record<string, Float64Array> {
  const results: Record<string, Float64Array> = {};
  for (const [name, offset] of Object.entries(offsets)) {
    const operand = operands[name] as ArrayLike<number> | number;
    const length = typeof operand === 'number' ? operand : operand.length;
    results[name] = arena.slice(offset, offset + length);
    const gapEnd = offset + Math.ceil(length / ALIGNMENT) * ALIGNMENT + ALIGNMENT;
    for (let i = offset + length; i < gapEnd; i++) {
      if (!Number.isNaN(arena[i])) throw new Error(`${name}: element ${i - offset} past its end of ${length} was written`);
    }
  }
  return results;
}

/** One way of running a kernel, and the largest error against PyTorch's float64, relative to the array's maximum, that issue 2 allows it. */
export interface Variant {
  name: string;
  options: CallOptions;
  tolerance: number;
}

export const doubleReference: Variant = { name: 'double, reference', options: { dtype: 'float64' }, tolerance: 1e-6 };
export const floatReference: Variant = { name: 'float, reference', options: { kernels: 'reference' }, tolerance: 1e-4 };

const order = ['baseline', 'avx2', 'avx512', 'amx'] as const;

/** The fast kernels of each instruction set that this processor has. */
export const fastVariants: Variant[] = order
  .slice(0, order.indexOf(cpuFeatures().isa as (typeof order)[number]) + 1)
  .map((isa) => ({ name: `float, ${isa}`, options: { isa, threads: 2 }, tolerance: 1e-4 }));

/** The CUDA kernels, run by the host: their sources (emulation/block.h), and where CUDA was compiled what nvcc has made of them (ptx/machine.h). */
export const deviceVariants: Variant[] = ['emulated', ...(cudaDevices().built ? ['ptx'] : [])].map((variant) => ({
  name: `float, cuda ${variant}`,
  options: { device: 'cuda', module: `retroplume_${variant}` },
  tolerance: 1e-4,
}));

/**
 * The same with factors rounded for tensor cores. Each factor is off by up to 0.64 · 2^−10 (tf32) or 2^−9 (bf16) of itself, a product by twice that, and
 * a sum of terms of random sign by less of its own maximum.
 */
export const roundedVariants: Variant[] = deviceVariants.flatMap(({ name, options }) => [
  { name: name.replace('float', 'tf32'), options: { ...options, precision: 'tf32' as const }, tolerance: 2 ** -10 },
  { name: name.replace('float', 'bf16'), options: { ...options, precision: 'bf16' as const }, tolerance: 2 ** -8 },
]);

export const allVariants: Variant[] = [doubleReference, floatReference, ...fastVariants, ...deviceVariants];
