/**
 * Concatenation, padding and slicing without copies: a part is written where the joined array lies, and a slice is read where it lies in the array that
 * it is cut from. That needs kernels that can step over what lies between: an op says which of its operands may be spread out (`Op` in definition/graph.ts). Where one of those
 * that make or read a part cannot, the part is copied as before (`lower` of the ops in ops/arrays/copies.ts).
 */
import type { Box, Node, Value } from '../definition/graph';
import { stridesOf } from '../definition/shape';
import { fits } from '../ops/shared/memory-layout';
import type { ScheduledPhase } from './schedule';

/** Where a value lies in the storage of another: `offset` elements after its begin, with these strides. */
export interface Place {
  readonly root: Value;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Places of all values that are parts of others. */
export function planParts(nodes: readonly Node[], uses: Uses, keep: Keep, sums: SumPlan): Map<Value, Place> {
  const planner = new PartPlanner(uses, keep, sums);
  // The outermost first: a part may hold parts itself.
  for (const node of [...nodes].reverse()) planner.join(node);
  for (const node of nodes) planner.cut(node);
  return planner.places;
}

class PartPlanner {
  readonly places = new Map<Value, Place>();

  constructor(
    private readonly uses: Uses,
    private readonly keep: Keep,
    private readonly sums: SumPlan,
  ) {}

  /** Places the inputs of a concatenation or padding in its output. */
  join(node: Node): void {
    const boxes = boxesOf(node).filter(({ whole }) => whole === node.outputs[0]);
    if (this.sums.partOf.has(node.outputs[0]) || this.sums.accumulating.has(node)) return;
    for (const box of boxes) {
      const { part } = box;
      const appearsOnce = boxes.filter((otherBox) => otherBox.part === part).length === 1;
      const place = this.placeIn(box);
      if (appearsOnce && this.canMove(part, node) && this.isMadeAt(part, place) && this.isReadAt(part, place)) this.places.set(part, place);
    }
  }

  /** Places a slice in what it is cut from; with it the sum that it begins, if it does. */
  cut(node: Node): void {
    const box = boxesOf(node).find(({ part }) => part === node.outputs[0]);
    if (!box || !this.inPhaseOf(box.whole, node) || this.isHeld(box.part) || this.sums.accumulating.has(node)) return;
    const place = this.placeIn(box);
    const total = this.sums.partOf.get(box.part);
    if (!total) {
      if (this.isReadAt(box.part, place)) this.places.set(box.part, place);
    } else if (this.canGrow(box, total, place)) {
      for (const value of [total, ...(total.node!.inputs as Value[])]) this.places.set(value, place);
    }
  }

  private placeIn({ part, whole, begin }: Box): Place {
    const outer = this.places.get(whole) ?? { root: whole, offset: 0, strides: stridesOf(whole.shape) };
    const offset = begin.reduce((sum, first, axis) => sum + first * outer.strides[axis], outer.offset);
    return { root: outer.root, offset, strides: part.shape.map((_, axis) => outer.strides[axis]) };
  }

  private isHeld(value: Value): boolean {
    return this.keep.keptValues.has(value) || this.keep.requested.has(value);
  }

  private inPhaseOf(value: Value, node: Node): boolean {
    return value.node !== undefined && this.uses.phase.get(value.node) === this.uses.phase.get(node);
  }

  /** True where nothing else decides where the part lies. */
  private canMove(part: Value, node: Node): boolean {
    const placed = this.places.has(part) || this.sums.partOf.has(part) || this.isHeld(part);
    return !placed && this.inPhaseOf(part, node) && part.node!.op.name !== 'sum' && !part.node!.op.view && !this.sums.accumulating.has(part.node!);
  }

  private isMadeAt(value: Value, { strides }: Place): boolean {
    const { op, outputs } = value.node!;
    return fits(strides, value.shape, op.spreadOutput?.(outputs.indexOf(value)));
  }

  private isReadAt(value: Value, { strides }: Place): boolean {
    const readers = this.uses.readers.get(value) ?? [];
    return readers.every(
      (node) => !node.op.view && node.inputs.every((input, i) => input !== value || fits(strides, value.shape, node.op.spreadInput?.(i, node))),
    );
  }

  /** True where a sum can grow in the slice that is its first part: the others are added there, and nobody reads that stretch as it was before. */
  private canGrow(box: Box, total: Value, place: Place): boolean {
    const addends = (total.node!.inputs as Value[]).filter((part) => part !== box.part);
    const added = addends.every(
      (part) => this.sums.partOf.get(part) === total && this.sums.accumulating.has(part.node!) && this.isMadeAt(part, place),
    );
    const { whole } = box;
    const isFree = !this.isHeld(whole) && !this.places.has(whole) && !whole.node!.op.view && !this.sums.partOf.has(total) && !this.isHeld(total);
    const untouched = (this.uses.readers.get(whole) ?? []).every((reader) =>
      boxesOf(reader).every((otherBox) => otherBox.part === box.part || areApart(otherBox, box)),
    );
    const onlySliced = (this.uses.readers.get(whole) ?? []).every((reader) => boxesOf(reader).some((otherBox) => otherBox.whole === whole));
    return added && isFree && untouched && onlySliced && this.isReadAt(total, place);
  }
}

const boxesOf = (node: Node): readonly Box[] => node.op.boxes?.(node) ?? [];

function areApart(a: Box, b: Box): boolean {
  return a.begin.some((begin, axis) => begin + a.part.shape[axis] <= b.begin[axis] || b.begin[axis] + b.part.shape[axis] <= begin);
}

/** Who reads the values of a program: what storage.ts decides by, too. */
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
  readonly keptValues: ReadonlySet<Value>;
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
