/**
 * Programs as text, for `kernel_bench` (packages/native/src/bench), which runs where there is no Node. A line is one of
 *
 *   arena ELEMENTS
 *   phase NAME BEGIN END                        a range of the instructions, end excluded
 *   uniform OFFSET LENGTH LOW HIGH              what a stretch of the arena holds at first; zero where nothing is said
 *   values OFFSET NUMBER…
 *   run OP @operand=OFFSET… param=NUMBER… # LABEL
 */
import { join } from 'node:path';
import type { ProgramSpec } from '@retroplume/native';
import { writeFileAtomic } from '../files/checkpoint';
import { makeFolder } from '../files/disk';
import type { ProgramLayout, Value } from '../graph';
import { roomIn } from '../graph/program/execution';
import { size } from '../graph/definition/shape';
import { OP_CASES, type TimedCase } from './ops/op-cases';
import { placeCase } from './ops/op-bench';
import { SURROGATE_STEPS, surrogateLayout } from './workloads/surrogate-steps';
import { inputShapes, LEARNING_RATE, stepLayout, weightShapes } from './workloads/workload-step';
import { STEPS, WORKLOADS, type Step, type Workload } from './workloads/workloads';

type Initial = { uniform: [low: number, high: number] } | { values: readonly number[] };

function programText(spec: ProgramSpec, initial: readonly [offset: number, length: number, Initial][]): string {
  const lines = [`arena ${spec.arenaElements}`];
  for (const [name, [begin, end]] of Object.entries(spec.phases)) lines.push(`phase ${name} ${begin} ${end}`);
  for (const [offset, length, content] of initial) {
    if ('uniform' in content) lines.push(`uniform ${offset} ${length} ${content.uniform.join(' ')}`);
    else lines.push(`values ${offset} ${content.values.join(' ')}`);
  }
  for (const { op, operands, params, label } of spec.instructions) {
    const named = (entries: Record<string, number | undefined>, mark: string): string[] =>
      Object.entries(entries).flatMap(([name, value]) => (value === undefined ? [] : [`${mark}${name}=${value}`]));
    lines.push(['run', op, ...named(operands, '@'), ...named(params, ''), ...(label === undefined ? [] : ['#', label])].join(' '));
  }
  return `${lines.join('\n')}\n`;
}

/** What a named array of a workload begins with: numbers of the size that training leaves. */
function initialOf({ kind, name = '', shape, data }: Value): Initial | undefined {
  if (data) return { values: [...data] };
  if (name === 'learningRate') return { values: [LEARNING_RATE] };
  if (name === 'step') return { values: [1] };
  if (kind === 'input') return { uniform: name === 'weight' ? [1, 1] : name === 'upper' ? [1, 3] : name === 'lower' ? [0, 0] : [0, 1] };
  if (/\.runningVariance$/.test(name)) return { uniform: [0.5, 1.5] };
  if (/\.(scale|slope)$/.test(name)) return { uniform: /scale$/.test(name) ? [0.8, 1.2] : [0.1, 0.3] };
  if (kind === 'buffer' || shape.length === 1) return { uniform: [-0.1, 0.1] };
  const bound = 1 / Math.sqrt(size(shape) / shape[shape.length - 1]); // of the sum over all but the last axis
  return kind === 'parameter' ? { uniform: [-bound, bound] } : undefined;
}

/** They are for a card of 80 GB that rounds factors of products. */
const ROOM = roomIn(80e9, true);

function layoutText({ spec, storageOf }: ProgramLayout): string {
  const initial = [...storageOf].flatMap(([value, storage]): [number, number, Initial][] => {
    const content = value.kind === 'computed' ? undefined : initialOf(value);
    return content === undefined ? [] : [[storage.offset!, size(value.shape), content]];
  });
  return programText(spec, initial);
}

const workloadText = (workload: Workload, step: Step, batch: number): string => layoutText(stepLayout(workload, step, batch, ROOM));

const SCALARS: Readonly<Record<string, Initial>> = { learningRate: { values: [LEARNING_RATE] }, step: { values: [1] } };

function caseText(spec: TimedCase): string {
  const placed = placeCase(spec);
  const initial = Object.entries(spec.arrays).flatMap(([name, { length, draw, scale = 1 }]): [number, number, Initial][] => {
    const content: Initial | undefined = draw ? { uniform: [-scale, scale] } : SCALARS[name];
    return content === undefined ? [] : [[placed.offsets[name], length, content]];
  });
  return programText(placed.spec, initial);
}

/** The networks of both workloads on a few odd cells: quick enough for an emulated device. */
function tiny(workload: Workload): Workload {
  return { ...workload, rows: 6, cols: 7, steps: 3 };
}

/**
 * All steps of both workloads that speed is stated for, those of the default surrogate, the same on a few cells, and every case of single kernels at
 * their sizes, by file name.
 */
export function textPrograms(): Map<string, string> {
  const files = new Map<string, string>();
  for (const name of ['compact', 'authors']) {
    const workload = WORKLOADS[name];
    for (const step of STEPS) files.set(`${name}-${step}.txt`, workloadText(workload, step, workload.batch[step]));
    for (const step of STEPS) files.set(`tiny-${name}-${step}.txt`, workloadText(tiny(workload), step, 1));
    const { batch } = workload.memory;
    if (batch !== workload.batch.train) files.set(`${name}-train-batch-${batch}.txt`, workloadText(workload, 'train', batch));
  }
  for (const step of SURROGATE_STEPS) {
    for (const tiny of ['', 'tiny-']) files.set(`${tiny}surrogate-${step}.txt`, layoutText(surrogateLayout(step, ROOM, tiny !== '')));
  }
  for (const spec of OP_CASES) {
    if (/^(compact|authors) /.test(spec.name)) files.set(`op-${spec.name.replaceAll(/[^\w]+/g, '-')}.txt`, caseText(spec));
  }
  files.set('workloads.json', `${JSON.stringify(peerShapes(), null, 1)}\n`);
  return files;
}

/**
 * Writes {@link textPrograms} into a folder, which is made where it is missing.
 *
 * @returns the number of files @throws {DataError} `WRITE_FAILED`, `DISK_FULL`
 */
export function writeTextPrograms(folder: string): number {
  const files = textPrograms();
  makeFolder(folder);
  for (const [name, text] of files) writeFileAtomic(join(folder, name), text);
  return files.size;
}

/** What the PyTorch peer builds the workloads from. */
function peerShapes(): Record<string, unknown> {
  const shapesOf = (workload: Workload): unknown => ({
    workload,
    weights: weightShapes(workload),
    inputs: Object.fromEntries(STEPS.map((step) => [step, inputShapes(workload, step, workload.batch[step])])),
  });
  return { compact: shapesOf(WORKLOADS.compact), authors: shapesOf(WORKLOADS.authors) };
}
