/**
 * Times the kernels against PyTorch, by turns in one run, after checking that both give the same answer.
 *
 *   node tools/bench/kernels.mjs [--python PATH] [--threads N] [--rounds N] [--isa NAME] [--json FILE] [part of a case's name …]
 *
 * Without --python only Retroplume is timed. The interpreter needs PyTorch and NumPy. Medians with the 10th and 90th percentile, in milliseconds.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cases } from './cases.mjs';
import { Peer } from './peer.mjs';

const { NativeProgram, cpuFeatures } = createRequire(import.meta.url)('../../packages/native/dist/kernels.js');

/** Largest error against PyTorch's, relative to the array's maximum, that still counts as the same answer: both sum thousands of floats. */
const TOLERANCE = 2e-4;

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string' },
    threads: { type: 'string', default: String(cpuFeatures().threads) },
    rounds: { type: 'string', default: '15' },
    isa: { type: 'string', default: 'auto' },
    json: { type: 'string' },
  },
});

/** Places every array of a case in one arena and makes the program. */
function makeProgram(spec) {
  const offsets = {};
  let end = 16;
  for (const [name, { length }] of Object.entries(spec.arrays)) {
    offsets[name] = end;
    end += Math.ceil(length / 16) * 16 + 16;
  }
  // "array:operand" where their names differ
  const place = (operand) => [operand.split(':').at(-1), offsets[operand.split(':')[0]]];
  const instructions = spec.calls.map(({ op, operands, params }) => ({ op, operands: Object.fromEntries(operands.map(place)), params }));
  const program = new NativeProgram({ arenaElements: end, instructions, phases: {} }, { threads: Number(options.threads), isa: options.isa });
  return { program, offsets };
}

/** Random inputs, the same for both. */
function draw(spec, { program, offsets }, folder) {
  for (const [name, { length, draw: drawn, scale = 1 }] of Object.entries(spec.arrays)) {
    if (!drawn) continue;
    const data = Float32Array.from({ length }, () => scale * (2 * Math.random() - 1));
    program.write(offsets[name], data);
    writeFileSync(join(folder, `${name}.bin`), new Uint8Array(data.buffer));
  }
  if (offsets.step) program.fill(offsets.step, 1, 1);
  if (offsets.learningRate) program.fill(offsets.learningRate, 1, 1e-3);
}

async function checkAnswers(spec, { program, offsets }, peer, folder) {
  await peer.ask({ results: spec.check });
  for (const name of spec.check) {
    const ours = program.read(offsets[name], spec.arrays[name].length);
    const bytes = readFileSync(join(folder, `${name}.peer.bin`));
    const theirs = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    let error = 0;
    let scale = 0;
    ours.forEach((value, i) => {
      error = Math.max(error, Math.abs(value - theirs[i]));
      scale = Math.max(scale, Math.abs(theirs[i]));
    });
    if (!(error <= TOLERANCE * scale)) throw new Error(`${spec.name}: ${name} differs from PyTorch's by ${error / scale} of its maximum: not timed`);
  }
}

function quantiles(seconds) {
  const sorted = seconds.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  return { median: at(0.5), p10: at(0.1), p90: at(0.9) };
}

async function runCase(spec, peer) {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-bench-'));
  try {
    const ours = makeProgram(spec);
    draw(spec, ours, folder);
    await peer?.ask({ prepare: spec, folder });
    const times = Object.fromEntries(spec.calls.map(({ op }) => [op, { ours: [], torch: [] }]));
    for (let round = -2; round < Number(options.rounds); round++) {
      const profile = await ours.program.profile();
      const theirs = peer ? (await peer.ask({ run: true })).seconds : {};
      if (round === -1 && peer) await checkAnswers(spec, ours, peer, folder);
      if (round < 0) continue;
      for (const { op, seconds, flops, bytes } of profile) {
        Object.assign(times[op], { flops, bytes });
        times[op].ours.push(seconds);
        if (peer) times[op].torch.push(theirs[op]);
      }
    }
    ours.program.dispose();
    return Object.entries(times).map(([op, t]) => ({
      case: spec.name,
      op,
      ours: quantiles(t.ours),
      torch: peer ? quantiles(t.torch) : undefined,
      ratio: peer ? quantiles(t.torch).median / quantiles(t.ours).median : undefined,
      gflops: t.flops / quantiles(t.ours).median / 1e9,
      gbytes: t.bytes / quantiles(t.ours).median / 1e9,
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function print(row) {
  const ms = ({ median, p10, p90 }) => `${(median * 1e3).toFixed(3)} (${(p10 * 1e3).toFixed(3)}–${(p90 * 1e3).toFixed(3)})`;
  const peer = row.torch ? `${ms(row.torch)} | ${row.ratio.toFixed(2)}` : '– | –';
  console.log(`| ${row.case} | ${row.op} | ${ms(row.ours)} | ${peer} | ${row.gflops.toFixed(0)} | ${row.gbytes.toFixed(1)} |`);
}

const peer = options.python ? await Peer.start(options.python, Number(options.threads)) : undefined;
const machine = {
  cpu: cpus()[0].model,
  isa: options.isa === 'auto' ? cpuFeatures().isa : options.isa,
  threads: Number(options.threads),
  torch: peer?.version,
  load: loadavg()[0],
};
console.log(
  `${machine.cpu}, ${machine.isa}, ${machine.threads} threads, PyTorch ${machine.torch ?? 'not asked'}, load at the start ${machine.load.toFixed(1)}\n`,
);
console.log('| case | kernel | ours, ms | PyTorch, ms | ratio | GFLOP/s | GB/s |\n|---|---|---|---|---|---|---|');
const rows = [];
for (const spec of cases) {
  if (wanted.length > 0 && !wanted.some((part) => spec.name.includes(part))) continue;
  for (const row of await runCase(spec, peer)) {
    rows.push(row);
    print(row);
  }
}
console.log(`\nload at the end ${loadavg()[0].toFixed(1)}`);
if (options.json) writeFileSync(options.json, JSON.stringify({ machine, rows }, undefined, 1));
peer?.stop();
