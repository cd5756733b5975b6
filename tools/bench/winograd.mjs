/**
 * Times the direct and the Winograd convolution by turns, over the shapes that decide which one `auto` takes (ops/conv2d/conv2d_choice.h).
 *
 *   node tools/bench/winograd.mjs [--threads N] [--rounds N] [--isa NAME] [BATCHxROWSxCOLUMNSxINxOUT …]
 *
 * Best of the rounds in milliseconds, which other work on the machine disturbs least; ratio = direct over Winograd, so above 1 Winograd is faster.
 */
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

const { NativeProgram, cpuFeatures } = createRequire(import.meta.url)('../../packages/native/dist/kernels.js');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: String(cpuFeatures().threads) },
    rounds: { type: 'string', default: '40' },
    isa: { type: 'string', default: 'auto' },
  },
});

/** Batch, rows, columns: 96, 72, 9, 4 and 1 tiles of 4x4 cells. */
const grids = [
  [1, 32, 48],
  [8, 12, 12],
  [1, 12, 12],
  [1, 8, 8],
  [1, 4, 4],
];
/** In, out. */
const channels = [
  [4, 16],
  [8, 8],
  [8, 16],
  [16, 16],
  [24, 24],
  [32, 32],
  [64, 64],
  [128, 128],
  [128, 32],
  [256, 24],
];
const shapes =
  positionals.length > 0 ? positionals.map((text) => text.split('x').map(Number)) : grids.flatMap((grid) => channels.map((c) => [...grid, ...c]));

const operands = {
  conv2dForward: ['input', 'weight', 'bias', 'output'],
  conv2dBackwardInput: ['gradOutput', 'weight', 'gradInput'],
  conv2dBackwardWeight: ['input', 'gradOutput', 'gradWeight', 'gradBias'],
};
/** By the kernels' number for them. */
const algorithms = { direct: 1, winograd: 2 };

/** One program with all kernels under all algorithms, labelled `op algorithm`, on shared operands. */
function makeProgram([batch, height, width, inChannels, outChannels]) {
  const pixels = batch * height * width;
  const weights = 9 * inChannels * outChannels;
  const lengths = { input: pixels * inChannels, weight: weights, bias: outChannels, gradOutput: pixels * outChannels };
  Object.assign(lengths, { output: lengths.gradOutput, gradInput: lengths.input, gradWeight: weights, gradBias: outChannels });
  const offsets = {};
  let end = 0;
  for (const [name, length] of Object.entries(lengths)) {
    offsets[name] = end;
    end += Math.ceil(length / 16) * 16 + 16;
  }
  const params = { batch, height, width, inChannels, outChannels, kernel: 3 };
  const instructions = Object.entries(operands).flatMap(([op, names]) =>
    Object.entries(algorithms).map(([name, algorithm]) => ({
      op,
      label: `${op} ${name}`,
      operands: Object.fromEntries(names.map((operand) => [operand, offsets[operand]])),
      params: { ...params, algorithm },
    })),
  );
  const program = new NativeProgram({ arenaElements: end, instructions, phases: {} }, { threads: Number(options.threads), isa: options.isa });
  for (const name of ['input', 'weight', 'bias', 'gradOutput']) {
    program.write(
      offsets[name],
      Float32Array.from({ length: lengths[name] }, () => 2 * Math.random() - 1),
    );
  }
  return program;
}

const best = (values) => Math.min(...values);

console.log(`| shape | ${Object.keys(operands).join(': direct | Winograd | ratio | ')}: direct | Winograd | ratio |\n|---|${'---|'.repeat(9)}`);
for (const shape of shapes) {
  const program = makeProgram(shape);
  const seconds = {};
  for (let round = -2; round < Number(options.rounds); round++) {
    for (const { label, seconds: taken } of await program.profile()) if (round >= 0) (seconds[label] ??= []).push(taken);
  }
  program.dispose();
  const cells = Object.keys(operands).map((op) => {
    const [direct, winograd] = Object.keys(algorithms).map((name) => best(seconds[`${op} ${name}`]) * 1e3);
    return `${direct.toFixed(3)} | ${winograd.toFixed(3)} | ${(direct / winograd).toFixed(2)}`;
  });
  console.log(`| ${shape.slice(0, 3).join('x')} ${shape[3]}-${shape[4]} | ${cells.join(' | ')} |`);
}
