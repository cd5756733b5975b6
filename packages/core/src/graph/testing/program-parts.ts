/** What tests of programs make them of and look at. */
import type { Graph, planProgram, Value } from '..';
import { Random } from '../../base/random';

/** A constant of 1, of a shape: as the seed of a gradient, that of the sum. */
export const ones = (g: Graph, shape: readonly number[]): Value => g.constant(new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);

/** Numbers of the standard normal distribution. */
export function normals(length: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length }, () => random.normal());
}

/** Names of a program's instructions, in their order. */
export const kernelsOf = (layout: ReturnType<typeof planProgram>): string[] => layout.spec.instructions.map((instruction) => instruction.op);
