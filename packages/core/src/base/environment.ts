/** What this machine has: processor, memory, addons, netCDF, ONNX Runtime, tfjs-node, MPI, GPU. `retroplume doctor` prints it. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cpuFeatures, cudaDevices, loadAddon, mpiLibrary, netcdfVersion, type CudaDevices } from '@retroplume/native';
import { listGpus, nvidiaDriver } from './device';
import { usableMemory } from './process';

const run = promisify(execFile);

/** One thing that was looked for. */
export interface Finding {
  name: string;
  found: boolean;
  /** what was found, or where it was looked for */
  detail: string;
  /** how to get it, where it is missing */
  remedy?: string;
  /** whether Retroplume cannot work without it */
  needed: boolean;
}

export interface Environment {
  node: string;
  platform: string;
  cpu: { model: string; cores: number };
  /** `usableGiB`: what a job's or a container's limit leaves of it */
  memory: { totalGiB: number; freeGiB: number; usableGiB: number };
  findings: Finding[];
}

function onPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

async function firstLine(command: string, args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run(command, args, { timeout: 10000 });
    return (stdout || stderr).split('\n')[0].trim();
  } catch {
    return '';
  }
}

function addon(name: string, probe: () => string): Finding {
  try {
    return { name, found: true, detail: probe(), needed: true };
  } catch (error) {
    return { name, found: false, detail: (error as Error).message, remedy: 'npm run setup', needed: true };
  }
}

function onnxRuntime(): Finding {
  const name = 'ONNX Runtime';
  try {
    // Loaded when asked for: its library may not load on this machine, and that is what is to be told.
    const load = createRequire(__filename);
    const { version } = load('onnxruntime-node/package.json') as { version: string };
    const { listSupportedBackends } = load('onnxruntime-node') as typeof import('onnxruntime-node');
    const bundled = listSupportedBackends().filter((backend) => backend.bundled);
    return { name, found: true, detail: `${version}, providers ${bundled.map((backend) => backend.name).join(', ')} (cpu is used)`, needed: false };
  } catch (error) {
    return {
      name,
      found: false,
      detail: (error as Error).message.split('\n')[0],
      remedy: 'npm run setup; until then inversion.engine: native',
      needed: false,
    };
  }
}

/** An optional dependency, of which npm installs the JavaScript alone. */
function tfjsNode(): Finding {
  const remedy = 'bench compares without it; in a clone npm rebuild @tensorflow/tfjs-node --ignore-scripts=false downloads its library';
  const finding = { name: 'TensorFlow (tfjs-node)', remedy, needed: false };
  try {
    const { version } = createRequire(__filename)('@tensorflow/tfjs-node') as { version: Record<string, string> };
    return { ...finding, found: true, detail: `${version['tfjs-node']}, a peer of bench` };
  } catch (error) {
    return { ...finding, found: false, detail: (error as Error).message.split('\n')[0].trim() };
  }
}

/** The module, and what starts several processes of it. */
async function mpi(): Promise<Finding[]> {
  const launcher = ['mpirun', 'mpiexec', 'srun'].map(onPath).find((path) => path !== undefined);
  return [
    mpiModule(),
    {
      name: 'MPI launcher',
      found: launcher !== undefined,
      detail: launcher === undefined ? 'looked for mpirun, mpiexec and srun on PATH' : `${launcher} ${await firstLine(launcher, ['--version'])}`,
      remedy: 'runs are one process; for several install Open MPI, or on a cluster load its module',
      needed: false,
    },
  ];
}

function mpiModule(): Finding {
  const remedy = 'runs are one process; for several install Open MPI or MPICH with headers, delete packages/native/build and run npm run setup';
  const missing = (detail: string): Finding => ({ name: 'MPI (mpi.node)', found: false, detail, remedy, needed: false });
  try {
    const library = mpiLibrary();
    return library === undefined ? missing('it was not built') : { ...missing(library), found: true };
  } catch (error) {
    return missing((error as Error).message);
  }
}

/** Kernels in the addon, driver, GPUs: what `--device cuda` needs, in the order in which it has to be got. */
async function gpu(): Promise<Finding[]> {
  const { built, reason, devices } = gpusSeen();
  const tool = onPath('nvidia-smi');
  const firstLineOfTool = tool === undefined ? '' : await firstLine(tool, ['--query-gpu=driver_version,name', '--format=csv,noheader']);
  const { version = firstLineOfTool, lookedFor } = nvidiaDriver();
  return [
    {
      name: 'CUDA kernels',
      found: built,
      detail: built ? 'built into retroplume.node' : reason,
      remedy: 'runs use the CPU; for a GPU install nvcc, delete packages/native/build and run npm run setup',
      needed: false,
    },
    {
      name: 'NVIDIA driver',
      found: version !== '',
      detail: version !== '' ? version : `looked for ${lookedFor} and nvidia-smi on PATH`,
      remedy: 'runs use the CPU; for a GPU install its driver, or ask the cluster for a node that has one',
      needed: false,
    },
    {
      name: 'GPU',
      found: devices.length > 0,
      detail: devices.length > 0 ? listGpus(devices) : reason,
      remedy:
        version === '' || !built
          ? 'runs use the CPU; first get what is missing above'
          : 'runs use the CPU; see that the job asked for a GPU, that CUDA_VISIBLE_DEVICES does not hide it, and that the driver is new enough',
      needed: false,
    },
  ];
}

function gpusSeen(): CudaDevices {
  try {
    return cudaDevices();
  } catch (error) {
    return { built: false, reason: (error as Error).message, devices: [] };
  }
}

/** Looks at the machine. Never throws: what is missing is a finding. */
export async function describeEnvironment(): Promise<Environment> {
  const round = (bytes: number): number => Math.round((bytes / 2 ** 30) * 10) / 10;
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: { model: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism() },
    memory: { totalGiB: round(totalmem()), freeGiB: round(freemem()), usableGiB: round(usableMemory()) },
    findings: [
      addon('kernels (retroplume.node)', () => {
        const { isa, threads } = cpuFeatures();
        return `instruction set ${isa}, ${threads} threads`;
      }),
      addon('reference transport model (transport.node)', () => (loadAddon('transport') ? 'loads' : '')),
      addon('netCDF (netcdf.node)', () => netcdfVersion().split(' ')[0]),
      onnxRuntime(),
      tfjsNode(),
      ...(await mpi()),
      ...(await gpu()),
    ],
  };
}
