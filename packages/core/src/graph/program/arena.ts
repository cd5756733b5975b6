/**
 * Places storages in one arena. Those that live as long as the program lie next to each other at the front; the others are placed one after
 * the other at the lowest offset that is free for all of their time. Which goes first decides how tightly they fit: several orders are
 * tried, the largest first among them, which alone comes within a few per cent of the largest sum that is alive at once (Pisarchyk & Lee 2020,
 * arXiv:2001.03288, "greedy by size").
 */
import { alignUp } from '../ops/shared/alignment';
import type { Storage } from './storage';

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
  const best = tried.reduce((least, each) => (each.end < least.end ? each : least));
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
  const inTheWay = [...placed].filter(([other]) => other.first <= storage.last && storage.first <= other.last).sort(([, a], [, b]) => a - b);
  const length = alignUp(storage.elements);
  let lowest = begin;
  for (const [other, offset] of inTheWay) {
    if (lowest + length <= offset) break;
    lowest = Math.max(lowest, offset + alignUp(other.elements));
  }
  return lowest;
}

/** The most that is alive at once: no placement can need less. */
export function leastArena(storages: Iterable<Storage>): number {
  const all = [...new Set(storages)];
  const moving = all.filter((storage) => !storage.pinned);
  const pinned = all.filter((storage) => storage.pinned).reduce((total, storage) => total + alignUp(storage.elements), 0);
  const times = moving.map((storage) => storage.first);
  const alive = (time: number): number => moving.reduce((total, s) => total + (s.first <= time && time <= s.last ? alignUp(s.elements) : 0), 0);
  return pinned + times.reduce((most, time) => Math.max(most, alive(time)), 0);
}
