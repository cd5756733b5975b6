/** Who reads the values of a program, and what of it shares or keeps its memory: what storage.ts and parts.ts decide by. */
import type { Node, Value } from '../definition/graph';
import type { ScheduledPhase } from './schedule';

export interface Uses {
  readonly position: ReadonlyMap<Node, number>;
  readonly phase: ReadonlyMap<Node, number>;
  readonly readers: ReadonlyMap<Value, readonly Node[]>;
  /** How often a value is read, and when last. */
  readonly count: ReadonlyMap<Value, number>;
  readonly last: ReadonlyMap<Value, number>;
}

/** Computed values that need memory though no node reads them. */
export interface Keep {
  /** Those that must outlive the program's runs: outputs and members of regions. */
  readonly kept: ReadonlySet<Value>;
  /** Those that a phase names. */
  readonly requested: ReadonlySet<Value>;
}

/** Counts the readers of every value. */
export function countUses(phases: readonly ScheduledPhase[]): Uses {
  const position = new Map<Node, number>();
  const phaseOf = new Map<Node, number>();
  const readers = new Map<Value, Node[]>();
  const count = new Map<Value, number>();
  const last = new Map<Value, number>();
  const ends: number[] = [];
  for (const phase of phases) ends.push((ends.at(-1) ?? 0) + phase.nodes.length);
  phases.forEach((phase, index) => {
    phase.nodes.forEach((node) => {
      position.set(node, position.size);
      phaseOf.set(node, index);
      for (const input of node.inputs) {
        if (!input) continue;
        count.set(input, (count.get(input) ?? 0) + 1);
        readers.set(input, [...(readers.get(input) ?? []), node]);
        // What a repeatable phase reads from an earlier one must still be there when it runs again.
        const foreign = input.node !== undefined && phaseOf.get(input.node) !== index;
        const until = phase.repeatable && foreign ? ends[index] : position.get(node)!;
        last.set(input, Math.max(last.get(input) ?? 0, until));
      }
    });
  });
  return { position, phase: phaseOf, readers, count, last };
}

export interface SumPlan {
  /** For every part that is written straight into a sum, the sum. */
  readonly partOf: ReadonlyMap<Value, Value>;
  /** The nodes that have to add to what is there. */
  readonly accumulating: ReadonlySet<Node>;
}
