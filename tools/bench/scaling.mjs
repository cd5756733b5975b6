/**
 * What more devices would bring, from counts: operations and bytes of a step by `kernel_bench roofline`, messages by an alpha-beta model. Prints the tables whose
 * meaning docs/dev/performance.md tells; nothing here is timed.
 *
 *   node tools/bench/scaling.mjs
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** An H100 (SXM) as docs/dev/gpu.md takes it, and what of its limits a first version reaches. */
const DEVICE = { tflops: 495, bytesPerSecond: 3e12, reached: 1 / 3 };
/** Seconds a hop and bytes a second of one device's link: eight devices of a node (NVLink), and across nodes (400 Gbit/s each). Vendors' figures, rounded down. */
const LINKS = { node: { alpha: 4e-6, beta: 150e9 }, nodes: { alpha: 10e-6, beta: 40e9 } };
const DEVICES_OF_A_NODE = 8;
const DEVICES = [1, 2, 4, 8, 16, 32, 64];

/** Operations, bytes and the time at the device's limits of a program, with its parameters and its batch norms. */
function program(name) {
  const path = join(root, 'tools/gpu-check/programs', `${name}.txt`);
  const table = execFileSync(join(root, 'packages/native/build/Release/kernel_bench'), ['roofline', path], { encoding: 'utf8' });
  const [gflop, gigabytes, ms] = /\| all \| \d+ \| (\S+) \| (\S+) \| (\S+) \|/.exec(table).slice(1).map(Number);
  const text = readFileSync(path, 'utf8');
  return {
    gflop,
    gigabytes,
    memory: Number(/memory (\S+) GB/.exec(table)[1]),
    seconds: ms / 1000 / DEVICE.reached,
    parameters: Number(/^run adam .*elements=(\d+)/m.exec(text)?.[1] ?? 0),
    batchNorms: (text.match(/^run batchNorm\w*Forward /gm) ?? []).length,
  };
}

/** A double binary tree, pipelined (Sanders, Speck & Träff 2009, doi:10.1016/j.parco.2009.09.001), or a ring, whichever is quicker. */
function allReduce(bytes, devices) {
  if (devices === 1) return 0;
  const { alpha, beta } = devices > DEVICES_OF_A_NODE ? LINKS.nodes : LINKS.node;
  const ring = 2 * (devices - 1) * alpha + (2 * ((devices - 1) / devices) * bytes) / beta;
  const tree = 2 * Math.ceil(Math.log2(devices)) * alpha + (2 * bytes) / beta;
  return Math.min(ring, tree);
}

/** Seconds of a training step whose devices have `share` of the program's samples each. */
function trainingStep({ seconds, parameters, batchNorms }, devices, share) {
  // One message for the gradients; two for every batch norm, forward and backward, of a few channels; one for the losses.
  const messages = devices > 1 ? allReduce(4 * parameters, devices) + (2 * batchNorms + 1) * allReduce(1024, devices) : 0;
  return seconds * share + messages;
}

const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row), ''].join('\n');
const milliseconds = (seconds) => (1000 * seconds).toPrecision(3);

const WORKLOADS = [
  { name: 'compact', train: program('compact-train'), invert: program('compact-invert'), samples: 2 },
  { name: 'authors', train: program('authors-train-batch-8'), invert: program('authors-invert'), samples: 1 },
];
const TRAINED_TOGETHER = 8;
const CELLS = 182 * 232;

function training() {
  const lines = [];
  for (const { name, train } of WORKLOADS) {
    lines.push(
      `${name}: ${train.parameters} parameters (${((4 * train.parameters) / 1e6).toFixed(1)} MB of gradients a step), ${train.batchNorms} batch norms, ` +
        `${train.gflop.toFixed(0)} GFLOP and ${train.gigabytes.toFixed(1)} GB a step of ${TRAINED_TOGETHER} samples\n`,
    );
    const one = trainingStep(train, 1, 1);
    lines.push(
      table(
        ['GPUs', 'weak: ms a step', 'samples a step', 'efficiency', 'strong: ms a step', 'samples a GPU', 'efficiency'],
        DEVICES.map((devices) => {
          const weak = trainingStep(train, devices, 1);
          const strong = trainingStep(train, devices, 1 / devices);
          const fits = devices <= TRAINED_TOGETHER;
          return [
            devices,
            milliseconds(weak),
            TRAINED_TOGETHER * devices,
            (one / weak).toFixed(2),
            ...(fits ? [milliseconds(strong), TRAINED_TOGETHER / devices, (one / devices / strong).toFixed(2)] : ['–', '–', '–']),
          ];
        }),
      ),
    );
  }
  return lines.join('\n');
}

const GLOBE = { rows: 1800, cols: 3600, hours: 10 * 8766, months: 120, iterations: 50, monitors: 15000 };

function globe() {
  const { rows, cols, hours, months, iterations } = GLOBE;
  const cells = rows * cols;
  const field = 4 * cells;
  const size = (bytes) => (bytes >= 1e12 ? `${(bytes / 1e12).toPrecision(3)} TB` : `${(bytes / 1e9).toPrecision(3)} GB`);
  const time = (seconds) => (seconds >= 86400 ? `${(seconds / 86400).toPrecision(2)} days` : `${(seconds / 3600).toPrecision(2)} h`);
  const sizes = table(
    ['what', 'size', 'where'],
    [
      ['one channel, every hour', size(field * hours), 'disk'],
      ['prior run with eight channels of weather: 5 + 4 + 8 channels', size(17 * field * hours), 'disk, read once an iteration'],
      ['each member: 5 + 4 channels', size(9 * field * hours), 'disk'],
      ['each tracer of each run: one of five groups', size(5 * field * hours), 'memory or TMPDIR'],
      ['factors of five groups, one field a month', size(5 * field * months), 'memory of every rank, as built'],
      ['eight pairs of L-BFGS with them, in double precision', size(2 * 16 * 5 * field * months), 'memory of every rank, as built'],
      ['the same by clusters: 20 000 factors a group and month', size(8 * 16 * 5 * 20000 * months), 'memory of every rank'],
    ],
  );
  const rows_ = WORKLOADS.map(({ name, train, invert, samples }) => {
    const perCellHour = invert.seconds / (samples * CELLS);
    const gradient = perCellHour * cells * hours;
    return [
      name,
      `${((invert.memory * cells) / (samples * CELLS)).toFixed(0)} GB`,
      `${((train.memory * cells) / (TRAINED_TOGETHER * CELLS)).toFixed(0)} GB`,
      time(gradient),
      time((iterations * gradient) / 8),
      time((iterations * gradient) / 64),
      `${((17 * field * hours) / (gradient / 64) / 1e9).toFixed(0)} GB/s`,
    ];
  });
  const times = table(
    [
      'network',
      'memory, inversion of one hour',
      'memory, training of one sample',
      'a gradient of all hours, 1 GPU',
      `${iterations} gradients, 8 GPUs`,
      `${iterations} gradients, 64 GPUs`,
      'reading, 64 GPUs',
    ],
    rows_,
  );
  return `${sizes}\n${times}`;
}

process.stdout.write(`${training()}\n${globe()}`);
