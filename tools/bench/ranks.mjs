/**
 * Training steps of a workload on several processes against one with as many threads, by turns:
 *
 *   node tools/bench/ranks.mjs [--workload NAME] [--ranks N] [--rounds N] [--steps N] [--batch N]
 *
 * Both have the same batch, N processes of one thread and one process of N threads; every round starts both anew, in turn first. Prints medians, 10th and 90th percentiles
 * of the steps, the efficiency (one process over N), and what N exchange in a step. Needs Open MPI, and as root OMPI_ALLOW_RUN_AS_ROOT=1 and
 * OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1. Run it on a machine that does nothing else: the load before and after is printed beside the figures.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const { values: options } = parseArgs({
  options: {
    workload: { type: 'string', default: 'compact' },
    ranks: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '4' },
    batch: { type: 'string', default: '8' },
    child: { type: 'string' },
  },
});
const [ranks, rounds, steps, batch] = ['ranks', 'rounds', 'steps', 'batch'].map((name) => Number(options[name]));

/** One process of a contestant; the first prints the seconds of its steps, and of the instructions that all make together. */
async function child(threads) {
  const { WORKLOADS } = require('../../packages/core/dist/bench/workloads/workloads.js');
  const { drawInputs, drawWeights, stepProgram } = require('../../packages/core/dist/bench/workloads/workload-step.js');
  const joined = require('../../packages/native/dist/mpi/mpi.js').joinRanks();
  const workload = WORKLOADS[options.workload];
  const own = batch / joined.size;
  const share = joined.size > 1 ? { rank: joined.rank, ranks: joined.size, stretches: 1, synchronisedBatchNorm: true } : undefined;
  const settings = { threads, share, ranks: joined.collective };
  const program = stepProgram(workload, 'train', own, drawWeights(workload), drawInputs(workload, 'train', own), settings);
  await program.run('step');
  const seconds = [];
  for (let step = 0; step < steps; step++) {
    await joined.barrier();
    const began = performance.now();
    await program.run('step');
    seconds.push((performance.now() - began) / 1000);
  }
  const profile = await program.profile('step');
  const exchanged = profile.filter(({ op }) => op === 'allReduce').map(({ seconds: each, bytes }) => ({ seconds: each, bytes }));
  if (joined.rank === 0) process.stdout.write(JSON.stringify({ seconds, exchanged }));
  program.dispose();
  joined.finalize();
}

const self = fileURLToPath(import.meta.url);

function contestant(processes) {
  const own = [self, '--child', String(ranks / processes), ...['workload', 'steps', 'batch'].flatMap((name) => [`--${name}`, options[name]])];
  const env = { ...process.env, PRTE_MCA_rmaps_default_mapping_policy: ':oversubscribe', PRTE_MCA_hwloc_default_binding_policy: 'none' };
  const [command, args] = processes === 1 ? [process.execPath, own] : ['mpirun', ['-n', String(processes), process.execPath, ...own]];
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${error?.message ?? stderr}`);
  return JSON.parse(stdout);
}

function quantiles(seconds) {
  const sorted = [...seconds].sort((a, b) => a - b);
  return [0.5, 0.1, 0.9].map((share) => sorted[Math.round(share * (sorted.length - 1))]);
}

function measure() {
  const before = loadavg()[0];
  const found = { 1: [], [ranks]: [] };
  const exchanges = [];
  for (let round = 0; round < rounds; round++) {
    for (const processes of round % 2 === 0 ? [1, ranks] : [ranks, 1]) {
      const { seconds, exchanged } = contestant(processes);
      found[processes].push(...seconds);
      exchanges.push(...exchanged);
    }
  }
  const told = (processes) => {
    const [median, p10, p90] = quantiles(found[processes]);
    console.log(
      `${processes} x ${ranks / processes} threads: ${median.toFixed(3)} s a step (${p10.toFixed(3)} - ${p90.toFixed(3)}), ${found[processes].length} steps`,
    );
    return median;
  };
  console.log(
    `${options.workload}, training step, batch ${batch}; load of the machine ${before.toFixed(1)} before, ${loadavg()[0].toFixed(1)} after`,
  );
  console.log(`efficiency ${(told(1) / told(ranks)).toFixed(3)}`);
  const [wait] = quantiles(exchanges.map(({ seconds }) => seconds));
  console.log(
    `sum of gradients: ${(exchanges[0].bytes / 2 ** 20).toFixed(1)} MiB, ${(1000 * wait).toFixed(1)} ms with the wait for the slower process`,
  );
}

if (options.child !== undefined) await child(Number(options.child));
else measure();
