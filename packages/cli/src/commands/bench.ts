/** `retroplume bench`: from options to core, and the result as tables. */
import * as bench from '@retroplume/core/commands/bench';
import { ConfigError } from '@retroplume/core/errors';
import { interruptible } from '../process';
import type { CommonOptions } from '../options';
import { writeErr, writeOut } from '../terminal';

export interface BenchCommandOptions extends Pick<CommonOptions, 'threads' | 'json' | 'quiet' | 'verbose'> {
  workload?: string;
  steps?: string[];
  python?: string;
  rounds: number;
  memory: boolean;
  compile: boolean;
  programs?: string;
  isa: bench.BenchOptions['isa'];
}

/**
 * Measures, and prints one JSON object or Markdown tables on stdout; what is under way goes to stderr. Interrupted, it prints what had been measured until
 * then; in JSON that is `soFar` beside the error.
 * @throws as `runBench`; {ConfigError} `BENCH_PROGRAMS_ALL`, `BENCH_COMPILE`
 */
export async function benchCommand(
  ops: string[],
  { json, quiet, verbose: _verbose, compile, programs, ...options }: BenchCommandOptions,
): Promise<void> {
  const onText = quiet ? undefined : (text: string) => void writeErr(`  ${text}\n`);
  if (!compile && options.python === undefined)
    throw new ConfigError(
      'BENCH_COMPILE',
      'bench: --no-compile does nothing without PyTorch: leave it out, or name an interpreter that has it with --python',
    );
  if (programs !== undefined) {
    if (ops.length > 0)
      throw new ConfigError(
        'BENCH_PROGRAMS_ALL',
        `bench: expected --programs by itself but received the op "${ops[0]}" too: leave it out, all are written`,
      );
    const files = bench.writeTextPrograms(programs);
    writeOut(`${files} programs in ${programs}\n`);
    return;
  }
  const { signal, release } = interruptible();
  const print = (result: bench.BenchResult): void => void writeOut(json ? `${JSON.stringify(result)}\n` : benchTables(result));
  let soFar: bench.BenchResult | undefined;
  const onInterrupted = (result: bench.BenchResult): void => (json ? void (soFar = result) : print(result));
  try {
    print(await bench.runBench({ ...options, ops, compiles: compile, onText, signal, onInterrupted }));
  } catch (error) {
    throw soFar ? Object.assign(error as Error, { soFar }) : error;
  } finally {
    release();
  }
}

const milliseconds = ({ median, p10, p90, turns }: bench.Timing): string => {
  const [m, low, high] = [median, p10, p90].map((seconds) => Number((1e3 * seconds).toPrecision(3)));
  return turns === 1 ? `${m} (one turn)` : `${m} (${low}–${high})`;
};

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

function row(...cells: (string | number)[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

function table(title: string, head: string[], rows: string): string {
  return `\n${title}\n\n${row(...head)}|${'---|'.repeat(head.length)}\n${rows}`;
}

function machineLine({ machine, peak }: bench.BenchResult): string {
  const { cpu, isa, threads, memoryGiB, node, compiler, commit, torch, onnxruntime, tfjs, tfjsBackend, load } = machine;
  const peers = [
    torch ? `PyTorch ${torch.version}, torch.compile ${torch.compiles ?? 'left out'}` : 'no PyTorch',
    `ONNX Runtime ${onnxruntime}`,
    tfjs === undefined
      ? 'no TensorFlow.js'
      : `TensorFlow.js ${tfjs} (${tfjsBackend === 'tensorflow' ? 'tfjs-node' : `${tfjsBackend}; no tfjs-node`})`,
  ].join(', ');
  const limit = (peak: { gflops: number; gbytes: number }): string => `${peak.gflops.toFixed(0)} GFLOP/s, ${peak.gbytes.toFixed(1)} GB/s`;
  return (
    `${cpu}, ${isa}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${memoryGiB} GiB; compiler ${compiler}, Node ${node}, ${peers}; commit ${commit ?? 'unknown'}; load ${load.toFixed(1)}\n` +
    `Peak: ${limit(peak)}; one thread: ${limit(peak.oneThread)}\n` +
    'Times: median (10th–90th percentile) of the turns\n'
  );
}

function stepTable(title: string, step: bench.StepComparison): string {
  const peers = Object.entries(step.peers).map(([name, timing]) => row(name, milliseconds(timing), timing.ratio.toFixed(2)));
  return table(`${title}, batch ${step.batch}`, ['who', 'ms', 'ratio to ours'], row('retroplume', milliseconds(step.ours), 1) + peers.join(''));
}

function kernelTable(step: bench.StepComparison, peak: bench.Peaks): string {
  const rows = step.kernels.map(({ kernel, calls, seconds, share, gflops, gbytes }) =>
    row(
      kernel,
      calls,
      (1e3 * seconds).toFixed(2),
      percent(share),
      gflops.toFixed(0),
      percent(gflops / peak.gflops),
      gbytes.toFixed(1),
      percent(gbytes / peak.gbytes),
    ),
  );
  return table('Kernels, each at its best', ['kernel', 'calls', 'ms', 'share', 'GFLOP/s', 'of peak', 'GB/s', 'of peak'], rows.join(''));
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

function memoryTable(title: string, { batch, ours: ownBytes, peers }: bench.MemoryComparison): string {
  const rows = Object.entries(peers).map(([name, bytes]) => row(name, mebibytes(bytes), (bytes / ownBytes).toFixed(2)));
  return table(
    `${title}: peak resident memory of training at batch ${batch}`,
    ['who', 'MiB', 'ratio to ours'],
    row('retroplume', mebibytes(ownBytes), 1) + rows.join(''),
  );
}

function opTable({ ops, peak }: bench.BenchResult): string {
  const peerNames = [...new Set(Object.values(ops).flatMap((op) => Object.keys(op.peers)))];
  const rows = Object.entries(ops).map(([name, op]) => {
    const peers = peerNames.map((peer) => (op.peers[peer] ? milliseconds(op.peers[peer]) : '–'));
    return row(
      name,
      milliseconds(op.ours),
      ...peers,
      op.ratio?.toFixed(2) ?? '–',
      op.gflops.toFixed(0),
      percent(op.gflops / peak.gflops),
      op.gbytes.toFixed(1),
    );
  });
  return table(
    'Kernels',
    ['case, kernel', 'ours, ms', ...peerNames.map((name) => `${name}, ms`), 'best peer / ours', 'GFLOP/s', 'of peak', 'GB/s'],
    rows.join(''),
  );
}

/** The engines of `inversion.engine`, side by side. */
function engineTable({ workloads }: bench.BenchResult): string {
  const steps = Object.entries(workloads).flatMap(([name, workload]) =>
    bench.STEPS.map((step) => ({ title: `${name} ${step}`, timing: workload[step] })),
  );
  const rows = steps.map(({ title, timing }) => {
    if (!timing?.engines) return '';
    const { onnxToNative, onnxToTorch } = timing.engines;
    const ratios = [onnxToNative.toFixed(2), onnxToTorch?.toFixed(2) ?? '–'];
    return row(`${title}, batch ${timing.batch}`, milliseconds(timing.ours), milliseconds(timing.peers.onnxruntime), ...ratios);
  });
  const head = ['step', 'native, ms', 'ONNX Runtime, ms', 'ONNX / native', 'ONNX / best PyTorch'];
  return rows.join('') === '' ? '' : table('Engines', head, rows.join(''));
}

/** The whole result. */
function benchTables(result: bench.BenchResult): string {
  const workloads = Object.entries(result.workloads).map(([name, workload]) => {
    const steps = bench.STEPS.map((step) => [step, workload[step]] as const);
    const tables = steps.map(([step, timing]) => (timing ? stepTable(`${name} ${step}`, timing) + kernelTable(timing, result.peak) : ''));
    return tables.join('') + (workload.memory ? memoryTable(name, workload.memory) : '');
  });
  return machineLine(result) + workloads.join('') + engineTable(result) + (Object.keys(result.ops).length > 0 ? opTable(result) : '');
}
