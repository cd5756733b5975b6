/**
 * Which values share memory, and from when to when they need it. Four things let values share: a view, a sum whose parts are written
 * straight into it, an elementwise op that overwrites an input that nobody needs any more, and a part of a larger array (parts.ts). Time is
 * the position of a node in the program.
 *
 * Then where each lies in the one arena. Those that live as long as the program lie next to each other at the front; the others are placed one after
 * the other at the lowest offset that is free for all of their time. Which goes first decides how tightly they fit: several orders are
 * tried, the largest first among them, which alone comes within a few per cent of the largest sum that is alive at once (Pisarchyk & Lee 2020,
 * arXiv:2001.03288, "greedy by size").
 */
import type { Node, Value } from '../definition/graph';
import { type Keep, type Place, type SumPlan, type Uses, countUses, planParts } from './parts';
import type { ScheduledPhase } from './schedule';
import { size } from '../definition/shape';
import { alignUp } from '../ops/shared/memory-layout';

/** A stretch of memory and the time in which its content matters. */
export interface Storage {
  elements: number;
  first: number;
  last: number;
  /** Set for what lives as long as the program; the others are placed by {@link placeStorages}. */
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

const isUsed = (value: Value, uses: Uses, { keptValues, requested }: Keep): boolean =>
  uses.count.has(value) || keptValues.has(value) || requested.has(value);

function planSums(nodes: readonly Node[], uses: Uses, keep: Keep): SumPlan {
  const partOf = new Map<Value, Value>();
  const adding = new Map<Value, Value>();
  for (const node of nodes.filter((candidate) => candidate.op.name === 'sum')) {
    const parts = (node.inputs as Value[]).filter((part) => isOwnPart(part, node, uses, keep));
    const [base, ...remaining] = parts.sort((a, b) => uses.position.get(a.node!)! - uses.position.get(b.node!)!);
    if (base) partOf.set(base, node.outputs[0]);
    for (const part of remaining) if (part.node!.op.accumulates) adding.set(part, node.outputs[0]);
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
function isOwnPart(part: Value, total: Node, uses: Uses, { keptValues, requested }: Keep): boolean {
  const isReadByItAlone =
    part.node !== undefined &&
    !part.node.op.view &&
    part.node.op.name !== 'sum' &&
    uses.count.get(part) === 1 &&
    !keptValues.has(part) &&
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
  const position = uses.position.get(node)!;
  node.outputs.forEach((output, i) => {
    if (!isUsed(output, uses, keep) && !node.op.scratchOutputs?.includes(i)) return;
    if (storageOf.has(output)) return; // a sum that its first part has placed, or a whole that a part has
    const newStorage = (value: Value): Storage => ({ elements: size(value.shape), first: position, last: position, pinned: false });
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
function sharedWithInput(node: Node, uses: Uses, { keptValues, requested }: Keep, { storageOf, places }: Placing): Storage | undefined {
  if (node.op.view) {
    const input = node.inputs[0]!;
    return input.node ? storageOf.get(input) : leaf(input, storageOf);
  }
  const input = node.op.inPlace === undefined ? undefined : node.inputs[node.op.inPlace];
  const storage = input?.node && storageOf.get(input);
  if (!storage || keptValues.has(node.outputs[0]) || places.has(input)) return undefined;
  const position = uses.position.get(node)!;
  const sharers = [...storageOf].filter(([, valueStorage]) => valueStorage === storage).map(([value]) => value);
  const free = sharers.every(
    (value) => value.kind === 'computed' && !keptValues.has(value) && !requested.has(value) && (uses.last.get(value) ?? 0) <= position,
  );
  // Read twice by this node: the kernel would see its own results.
  return free && node.inputs.filter((operand) => operand && storageOf.get(operand) === storage).length === 1 ? storage : undefined;
}

function extendLifetimes(nodes: readonly Node[], uses: Uses, storageOf: ReadonlyMap<Value, Storage>): void {
  for (const node of nodes) {
    for (const value of node.outputs) {
      const storage = storageOf.get(value);
      if (!storage) continue;
      const position = uses.position.get(node)!;
      storage.first = Math.min(storage.first, position);
      storage.last = Math.max(storage.last, position, uses.last.get(value) ?? position);
    }
  }
}

/** Sets the offset of every storage that has none yet. @returns the size of the arena in elements */
export function placeStorages(storages: Iterable<Storage>, begin: number): number {
  let end = begin;
  const moving: Storage[] = [];
  for (const storage of new Set(storages)) {
    if (storage.offset !== undefined) continue;
    if (!storage.pinned) {
      moving.push(storage);
      continue;
    }
    storage.offset = end;
    end += alignUp(storage.elements);
  }
  return Math.max(end, placeMoving(moving, end));
}

const ORDERS: readonly ((a: Storage, b: Storage) => number)[] = [
  (a, b) => b.elements - a.elements || a.first - b.first,
  (a, b) => b.elements * (b.last - b.first + 1) - a.elements * (a.last - a.first + 1) || a.first - b.first,
  (a, b) => b.last - b.first - (a.last - a.first) || b.elements - a.elements,
];

function placeMoving(storages: readonly Storage[], begin: number): number {
  const tried = ORDERS.map((order) => placeInOrder([...storages].sort(order), begin));
  const best = tried.reduce((smallest, attempt) => (attempt.end < smallest.end ? attempt : smallest));
  for (const [storage, offset] of best.offsets) storage.offset = offset;
  return best.end;
}

function placeInOrder(storages: readonly Storage[], begin: number): { offsets: Map<Storage, number>; end: number } {
  const offsets = new Map<Storage, number>();
  let end = begin;
  for (const storage of storages) {
    const offset = lowestGap(storage, offsets, begin);
    end = Math.max(end, offset + alignUp(storage.elements));
    offsets.set(storage, offset);
  }
  return { offsets, end };
}

function lowestGap(storage: Storage, placed: ReadonlyMap<Storage, number>, begin: number): number {
  const inTheWay = [...placed]
    .filter(([neighbour]) => neighbour.first <= storage.last && storage.first <= neighbour.last)
    .sort(([, a], [, b]) => a - b);
  const length = alignUp(storage.elements);
  let lowest = begin;
  for (const [neighbour, offset] of inTheWay) {
    if (lowest + length <= offset) break;
    lowest = Math.max(lowest, offset + alignUp(neighbour.elements));
  }
  return lowest;
}

/** The most that is alive at once: no placement can need less. */
export function leastArena(storages: Iterable<Storage>): number {
  const unique = [...new Set(storages)];
  const moving = unique.filter((storage) => !storage.pinned);
  const pinned = unique.filter((storage) => storage.pinned).reduce((total, storage) => total + alignUp(storage.elements), 0);
  const times = moving.map((storage) => storage.first);
  const alive = (time: number): number => moving.reduce((total, s) => total + (s.first <= time && time <= s.last ? alignUp(s.elements) : 0), 0);
  return pinned + times.reduce((largest, time) => Math.max(largest, alive(time)), 0);
}
