/**
 * Where the time of one training step goes: the default network (lstm-unet) with an L1 loss and Adam on random numbers, as the graph compiles it.
 *
 *   node tools/bench/training-step.mjs [--batch 8] [--steps 16] [--rows 48] [--cols 48] [--channels 15] [--threads N] [--rounds 9]
 *
 * Prints the median wall time of a step and, per kernel, the smallest time seen of each of its calls, summed.
 */
import { createRequire } from 'node:module';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const { cpuFeatures } = require('../../packages/native/dist/kernels.js');
const { adamUpdate, compile, Graph, gradients, initializeParameters, loss } = require('../../packages/core/dist/graph/index.js');
const { DEFAULT_LSTM_UNET, network } = require('../../packages/core/dist/nn/index.js');

const defaults = { batch: 8, steps: 16, rows: 48, cols: 48, channels: 15, threads: cpuFeatures().threads, rounds: 9 };
const { values } = parseArgs({ options: Object.fromEntries(Object.keys(defaults).map((key) => [key, { type: 'string' }])) });
const sizes = Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, Number(values[key] ?? value)]));

function makeProgram({ batch, steps, rows, cols, channels, threads }) {
  const g = new Graph();
  const inputs = { steps: [batch, steps, rows, cols, channels], target: [batch, rows, cols, 4], weight: [batch, rows, cols, 4] };
  const [history, target, weight] = Object.entries(inputs).map(([name, shape]) => g.input(name, shape));
  const misfit = loss(g, network(g, { steps: history }, DEFAULT_LSTM_UNET, 'train'), target, weight, { kind: 'l1', divisor: batch * rows * cols });
  const parameters = g.modelValues().filter((value) => value.kind === 'parameter');
  const grads = gradients(g, misfit, parameters);
  const rates = { learningRate: g.scalar('learningRate'), step: g.scalar('step'), l2: 0 };
  const update = adamUpdate(g, new Map(parameters.map((parameter, i) => [parameter, grads[i]])), rates);
  const program = compile(g, { outputs: { misfit }, phases: { step: [misfit, update] }, threads });
  program.setParameters(initializeParameters(g, 1));
  for (const [name, shape] of Object.entries(inputs)) {
    program.set(
      name,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.random()),
    );
  }
  program.set('learningRate', [1e-3]);
  program.set('step', [1]);
  return program;
}

/** The smallest seconds seen of every instruction. */
async function bestProfile(program) {
  let best = await program.profile('step');
  for (let round = 1; round < sizes.rounds; round++) {
    const profile = await program.profile('step');
    best = best.map((entry, i) => (profile[i].seconds < entry.seconds ? profile[i] : entry));
  }
  return best;
}

async function medianWall(program) {
  const seconds = [];
  for (let round = 0; round < sizes.rounds; round++) {
    const start = performance.now();
    await program.run('step');
    seconds.push(performance.now() - start);
  }
  return seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)];
}

const program = makeProgram(sizes);
await program.run('step');
const byKernel = groupByOp(await bestProfile(program));
const wall = await medianWall(program);
program.dispose();

function groupByOp(entries) {
  const groups = new Map();
  for (const entry of entries) groups.set(entry.op, [...(groups.get(entry.op) ?? []), entry]);
  return groups;
}

const total = (entries, key) => entries.reduce((sum, entry) => sum + entry[key], 0);
const rows = [...byKernel].map(([op, entries]) => ({
  op,
  calls: entries.length,
  seconds: total(entries, 'seconds'),
  flops: total(entries, 'flops'),
}));
const all = total(rows, 'seconds');
console.log(
  `${JSON.stringify(sizes)}\nmedian step ${wall.toFixed(1)} ms; kernels at their best ${(all * 1e3).toFixed(1)} ms; load ${loadavg()[0].toFixed(1)}\n`,
);
console.log('| kernel | calls | ms | share | GFLOP/s |\n|---|---|---|---|---|');
for (const { op, calls, seconds, flops } of rows.sort((a, b) => b.seconds - a.seconds)) {
  console.log(
    `| ${op} | ${calls} | ${(seconds * 1e3).toFixed(2)} | ${((100 * seconds) / all).toFixed(1)} % | ${(flops / seconds / 1e9).toFixed(0)} |`,
  );
}
