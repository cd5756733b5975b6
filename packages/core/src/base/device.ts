/** Where programs compute: the choice between the processor and the GPUs, made once a run, told and recorded. */
import { readFileSync } from 'node:fs';
import { cpuFeatures, cudaDevices, type CudaDevice, type CudaDevices } from '@retroplume/native';
import { ConfigError, DeviceError } from './errors';

/** What a user may ask for: `auto` is the first GPU if the build has CUDA and one is there, else the CPU; `cuda` is the first GPU. */
export type DeviceChoice = 'auto' | 'cpu' | 'cuda' | `cuda:${number}`;

/** How a GPU multiplies matrices: exactly, or on its tensor cores with factors rounded to 10 bits of mantissa (`tf32`) or to 7 (`bf16`). */
export const PRECISIONS = ['float32', 'tf32', 'bf16'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Unit roundoff of the network's arithmetic. */
export const ROUNDOFF: Readonly<Record<Precision, number>> = { float32: 2 ** -24, tf32: 2 ** -11, bf16: 2 ** -8 };

/** Threads that a program of the native addon takes at most. */
export const MOST_THREADS = 1024;

/** What was chosen. */
export interface Device {
  /** as programs take it */
  name: 'cpu' | `cuda:${number}`;
  /** model, architecture and memory of a GPU; instruction set of a processor */
  hardware: string;
  precision: Precision;
}

/** What {@link DeviceChoice} is, of a text that a user gave. */
export const DEVICE_PATTERN = /^(auto|cpu|cuda(:\d{1,3})?)$/;

/** What {@link DEVICE_PATTERN} takes, for the sentences that refuse. */
export const DEVICE_CHOICES = 'auto, cpu, cuda or cuda:N';

/** As `NVIDIA H100 (sm_90, 79 GiB)`. */
function hardwareOf({ name, architecture, memoryBytes }: CudaDevice): string {
  return `${name} (${architecture}, ${Math.round(memoryBytes / 2 ** 30)} GiB)`;
}

/** As `cuda:0 NVIDIA H100 (sm_90, 79 GiB)`, one a GPU. */
export function listGpus(devices: readonly CudaDevice[]): string {
  return devices.map((gpu) => `cuda:${gpu.index} ${hardwareOf(gpu)}`).join(', ');
}

const DRIVER = '/proc/driver/nvidia/version';

/** Version of the NVIDIA driver that the kernel has loaded, or where it was looked for. */
export function nvidiaDriver(): { version?: string; lookedFor: string } {
  try {
    return { version: /\b\d{3,}\.\d+(\.\d+)?\b/.exec(readFileSync(DRIVER, 'utf8'))?.[0], lookedFor: DRIVER };
  } catch {
    return { lookedFor: DRIVER };
  }
}

function missing(choice: DeviceChoice, { built, reason, devices }: CudaDevices): DeviceError {
  const say = (text: string): DeviceError => new DeviceError('DEVICE_CUDA_MISSING', `device ${choice}: ${text}, or use --device cpu`);
  if (!built) return say(`expected CUDA kernels but ${reason}: install nvcc, delete packages/native/build and run npm run setup`);
  if (devices.length > 0)
    return say(`expected one of the GPUs of this machine but it has ${listGpus(devices)} only: use --device cuda:${devices[0].index}`);
  const { version, lookedFor } = nvidiaDriver();
  const driver = version === undefined ? `no NVIDIA driver is loaded (${lookedFor})` : `the NVIDIA driver is ${version}`;
  return say(`expected a GPU that CUDA can use but ${reason} and ${driver}: run where a GPU and its driver are (retroplume doctor tells more)`);
}

function findGpu(choice: DeviceChoice): CudaDevice | undefined {
  const devices = cudaDevices();
  const index = choice.startsWith('cuda:') ? Number(choice.slice('cuda:'.length)) : 0;
  const gpu = devices.devices.find((device) => device.index === index);
  if (!gpu && choice !== 'auto') throw missing(choice, devices);
  return gpu;
}

/**
 * Chooses the device that programs run on. Neither device nor precision is ever replaced by another.
 *
 * @param asked - `device`: default `auto`; `precision`: default `float32`
 * @throws {DeviceError} `DEVICE_CUDA_MISSING` if a GPU is asked for that is not there, or that this build has no kernels for
 * @throws {ConfigError} `DEVICE_UNKNOWN`, `PRECISION_UNKNOWN`; `PRECISION_NEEDS_CUDA` for rounded products on the CPU
 */
export function chooseDevice({ device = 'auto', precision = 'float32' }: { device?: DeviceChoice; precision?: Precision } = {}): Device {
  if (!DEVICE_PATTERN.test(device)) throw new ConfigError('DEVICE_UNKNOWN', `device: expected ${DEVICE_CHOICES} but received "${String(device)}"`);
  if (!PRECISIONS.includes(precision))
    throw new ConfigError('PRECISION_UNKNOWN', `precision: expected one of ${PRECISIONS.join(', ')} but received "${String(precision)}"`);
  const gpu = device === 'cpu' ? undefined : findGpu(device);
  if (gpu) return { name: `cuda:${gpu.index}`, hardware: hardwareOf(gpu), precision };
  if (precision !== 'float32') {
    const cpu = device === 'auto' ? 'device auto found no GPU and the CPU' : 'device cpu';
    throw new ConfigError(
      'PRECISION_NEEDS_CUDA',
      `precision ${precision}: expected a GPU but ${cpu} multiplies in float32 only: use --precision float32, or --device cuda on a machine with a GPU`,
    );
  }
  return { name: 'cpu', hardware: cpuFeatures().isa, precision };
}

/** As `cpu, 2 threads, avx512` or `cuda:0 NVIDIA H100 (sm_90, 79 GiB), precision tf32`. */
export function describeDevice({ name, hardware, precision }: Device, threads: number): string {
  if (name === 'cpu') return `cpu, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${hardware}`;
  return `${name} ${hardware}${precision === 'float32' ? '' : `, precision ${precision}`}`;
}
