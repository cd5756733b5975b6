/** Oracles for reverse rules that need nothing but the forward program: central differences, in float64. */
import { Random } from '../../base/random';
import { compile, gradients, Graph, type Program, type Value } from '..';
import { size } from '../definition/shape';

export interface Built {
  /** Leaves whose gradients are checked. */
  wrt: readonly Value[];
  output: Value;
  /** First values of named leaves; the others are normal random numbers. */
  values?: Readonly<Record<string, ArrayLike<number>>>;
}

const STEP = 1e-5;
const SAMPLES = 24;

/**
 * Largest deviation of the gradients of Σ seed·output from central differences, over some elements of every leaf, relative to the largest
 * gradient of that leaf. With steps of 1e-5 the differences themselves are good to about 1e-9.
 */
export async function gradientError(build: (g: Graph) => Built, seed = 1): Promise<number> {
  const g = new Graph();
  const { wrt, output, values = {} } = build(g);
  const outputSeed = g.input('outputSeed', output.shape);
  const grads = gradients(g, output, wrt, { seed: outputSeed });
  const outputs = { output, ...Object.fromEntries(grads.map((gradient, i) => [`gradient${i}`, gradient])) };
  const program = compile(g, { outputs, phases: { forward: [output], backward: grads }, dtype: 'float64' });
  const random = new Random(seed);
  fill(program, random, values);
  await program.run('forward');
  await program.run('backward');
  let worst = 0;
  for (const [i, leaf] of wrt.entries()) worst = Math.max(worst, await leafError(program, leaf.name!, program.get(`gradient${i}`), random));
  program.dispose();
  return worst;
}

/** Sets all leaves: to what is given, else to normal random numbers. */
export function fill(program: Program<Float64Array>, random: Random, values: Readonly<Record<string, ArrayLike<number>>> = {}): void {
  for (const kind of ['input', 'parameter', 'buffer'] as const) {
    for (const name of program.names(kind)) {
      const leafRandom = random.fork(name); // whatever the order in which two programs name their leaves
      program.set(name, values[name] ?? Float64Array.from({ length: size(program.shapeOf(name)) }, () => leafRandom.normal()));
    }
  }
}

async function leafError(program: Program<Float64Array>, name: string, gradient: Float64Array, random: Random): Promise<number> {
  const base = program.get(name);
  const seed = program.get('outputSeed');
  const valueAt = async (index: number, step: number): Promise<number> => {
    const moved = base.slice();
    moved[index] += step;
    program.set(name, moved);
    await program.run('forward');
    return program.get('output').reduce((total, value, i) => total + value * seed[i], 0);
  };
  const largest = gradient.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3);
  let worst = 0;
  for (const index of [...random.permutation(base.length)].slice(0, SAMPLES)) {
    const numeric = ((await valueAt(index, STEP)) - (await valueAt(index, -STEP))) / (2 * STEP);
    worst = Math.max(worst, Math.abs(numeric - gradient[index]) / largest);
  }
  program.set(name, base);
  return worst;
}
