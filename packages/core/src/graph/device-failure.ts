/** What a GPU, or the system, refused a program, as an error that says what to do. */
import { DeviceError } from '../errors';
import type { ProgramLayout } from './program';

const MIB = 2 ** 20;

/** What takes the memory: arrays that stay, whatever the batch, and those of the batch. Programs on a GPU are float32. */
function memorySentence(native: string, { spec, regions }: ProgramLayout, device: string, shrinkBy: string): string {
  const mebibytes = (elements: number): string => `${Math.ceil((elements * 4) / MIB)} MiB`;
  const lasting = Object.values(regions).reduce((sum, { length }) => sum + length, 0);
  const seen = /but (the GPU has .*?)(: use|$)/.exec(native)?.[1] ?? `CUDA says "${native}"`;
  return (
    `program: expected ${mebibytes(spec.arenaElements)} on ${device} for its arena (${mebibytes(lasting)} for parameters, gradients and optimiser, ` +
    `${mebibytes(spec.arenaElements - lasting)} for the arrays of a batch) but ${seen}: lower ${shrinkBy}, or use --device cpu`
  );
}

/** The host has not the memory for a program: what the addon says of it, and what to do. */
function hostMemorySentence(native: string, shrinkBy: string): string {
  return `${native.replace(/: use a smaller batch$/, '')}: lower ${shrinkBy}, or run it where more memory may be used`;
}

/** A {@link DeviceError} for what a device threw (codes `DEVICE_…` and `CUDA_FAILED`), else the same. */
export function deviceError(error: unknown, text = (error as Error).message): unknown {
  const { code } = error as { code?: string };
  return code !== undefined && /^(DEVICE_|CUDA_FAILED)/.test(code) ? new DeviceError(code, text, { cause: error }) : error;
}

/**
 * The error to throw for one that the native program threw: a {@link DeviceError} if a device did (codes `DEVICE_…` and `CUDA_FAILED`) or memory was too
 * little (`OUT_OF_MEMORY`), else the same.
 *
 * @param shrinkBy - what a user can lower to need less memory
 */
export function deviceFailure(error: unknown, layout: ProgramLayout, device: string, shrinkBy = 'the batch'): unknown {
  const { code, message } = error as { code?: string; message: string };
  if (code === 'OUT_OF_MEMORY') return new DeviceError('OUT_OF_MEMORY', hostMemorySentence(message, shrinkBy), { cause: error });
  return deviceError(error, code === 'DEVICE_OUT_OF_MEMORY' ? memorySentence(message, layout, device, shrinkBy) : message);
}
