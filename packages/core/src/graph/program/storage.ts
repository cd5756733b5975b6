/**
 * Which values share memory, and from when to when they need it. Four things let values share: a view, a sum whose parts are written
 * straight into it, an elementwise op that overwrites an input that nobody needs any more, and a part of a larger array (parts.ts). Time is
 * the position of a node in the program.
 */
import type { Node, Value } from '../definition/graph';
import { planParts, type Place } from './parts';
import type { ScheduledPhase } from './schedule';
import { size } from '../definition/shape';
import { countUses, type Keep, type SumPlan, type Uses } from './uses';

/** A stretch of memory and the time in which its content matters. */
export interface Storage {
  elements: number;
  first: number;
  last: number;
  /** Set for what lives as long as the program; the others are placed by arena.ts. */
  pinned: boolean;
  offset?: number;
}

export interface StoragePlan {
  readonly storageOf: ReadonlyMap<Value, Storage>;
  /** Where in their storages those values lie that are parts of others. */
  readonly places: ReadonlyMap<Value, Place>;
  /** Nodes that add to their outputs instead of overwriting them. */
  readonly accumulating: ReadonlySet<Node>;
}

/** Assigns storages to all values that the phases touch. */
export function planStorage(phases: readonly ScheduledPhase[], keep: Keep): StoragePlan {
  const uses = countUses(phases);
  const nodes = phases.flatMap((phase) => phase.nodes);
  const storageOf = new Map<Value, Storage>();
  const sums = planSums(nodes, uses, keep);
  const places = planParts(nodes, uses, keep, sums);
  for (const node of nodes) placeNode(node, uses, keep, { storageOf, places, ...sums });
  for (const value of uses.count.keys()) if (value.kind !== 'computed') leaf(value, storageOf);
  extendLifetimes(nodes, uses, storageOf);
  return { storageOf, places, accumulating: sums.accumulating };
}

const isUsed = (value: Value, uses: Uses, { kept, requested }: Keep): boolean => uses.count.has(value) || kept.has(value) || requested.has(value);

function planSums(nodes: readonly Node[], uses: Uses, keep: Keep): SumPlan {
  const partOf = new Map<Value, Value>();
  const adding = new Map<Value, Value>();
  for (const node of nodes.filter((each) => each.op.name === 'sum')) {
    const parts = (node.inputs as Value[]).filter((part) => isOwnPart(part, node, uses, keep));
    const [base, ...others] = parts.sort((a, b) => uses.position.get(a.node!)! - uses.position.get(b.node!)!);
    if (base) partOf.set(base, node.outputs[0]);
    for (const part of others) if (part.node!.op.accumulates) adding.set(part, node.outputs[0]);
  }
  const accumulating = new Set<Node>();
  for (const [part, total] of adding) {
    // The kernel has one flag for all its outputs: all must be added, or none.
    if (!part.node!.outputs.every((output) => adding.has(output) || !isUsed(output, uses, keep))) continue;
    partOf.set(part, total);
    accumulating.add(part.node!);
  }
  return { partOf, accumulating };
}

/** True where only the sum reads the part, so that it needs no memory of its own. */
function isOwnPart(part: Value, total: Node, uses: Uses, { kept, requested }: Keep): boolean {
  const isReadByItAlone =
    part.node !== undefined &&
    !part.node.op.view &&
    part.node.op.name !== 'sum' &&
    uses.count.get(part) === 1 &&
    !kept.has(part) &&
    !requested.has(part);
  return isReadByItAlone && uses.phase.get(part.node) === uses.phase.get(total);
}

function leaf(value: Value, storageOf: Map<Value, Storage>): Storage {
  let storage = storageOf.get(value);
  if (!storage) {
    storage = { elements: size(value.shape), first: 0, last: Infinity, pinned: true };
    storageOf.set(value, storage);
  }
  return storage;
}

interface Placing extends SumPlan {
  readonly storageOf: Map<Value, Storage>;
  readonly places: ReadonlyMap<Value, Place>;
}

function placeNode(node: Node, uses: Uses, keep: Keep, placing: Placing): void {
  const { storageOf, places, partOf, accumulating } = placing;
  const at = uses.position.get(node)!;
  node.outputs.forEach((output, i) => {
    if (!isUsed(output, uses, keep) && !node.op.scratchOutputs?.includes(i)) return;
    if (storageOf.has(output)) return; // a sum that its first part has placed, or a whole that a part has
    const newStorage = (value: Value): Storage => ({ elements: size(value.shape), first: at, last: at, pinned: false });
    const root = places.get(output)?.root;
    if (root) {
      if (!storageOf.has(root)) storageOf.set(root, newStorage(root));
      storageOf.set(output, storageOf.get(root)!);
      return;
    }
    const shared = i === 0 && !partOf.has(output) && !accumulating.has(node) ? sharedWithInput(node, uses, keep, placing) : undefined;
    const total = partOf.get(output);
    const storage = shared ?? (total && storageOf.get(total)) ?? newStorage(output);
    storageOf.set(output, storage);
    if (total) storageOf.set(total, storage);
  });
}

/** The storage of an input where the first output may lie there too: a view of it, or the last reader of it. */
function sharedWithInput(node: Node, uses: Uses, { kept, requested }: Keep, { storageOf, places }: Placing): Storage | undefined {
  if (node.op.view) {
    const input = node.inputs[0]!;
    return input.node ? storageOf.get(input) : leaf(input, storageOf);
  }
  const input = node.op.inPlace === undefined ? undefined : node.inputs[node.op.inPlace];
  const storage = input?.node && storageOf.get(input);
  if (!storage || kept.has(node.outputs[0]) || places.has(input)) return undefined;
  const at = uses.position.get(node)!;
  const sharers = [...storageOf].filter(([, each]) => each === storage).map(([value]) => value);
  const free = sharers.every((value) => value.kind === 'computed' && !kept.has(value) && !requested.has(value) && (uses.last.get(value) ?? 0) <= at);
  // Read twice by this node: the kernel would see its own results.
  return free && node.inputs.filter((each) => each && storageOf.get(each) === storage).length === 1 ? storage : undefined;
}

function extendLifetimes(nodes: readonly Node[], uses: Uses, storageOf: ReadonlyMap<Value, Storage>): void {
  for (const node of nodes) {
    for (const value of node.outputs) {
      const storage = storageOf.get(value);
      if (!storage) continue;
      const at = uses.position.get(node)!;
      storage.first = Math.min(storage.first, at);
      storage.last = Math.max(storage.last, at, uses.last.get(value) ?? at);
    }
  }
}
