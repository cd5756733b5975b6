/**
 * Places storages in one arena. Those that live as long as the program lie next to each other at the front; the others are placed largest
 * first at the lowest offset that is free for all of their time, which comes within a few per cent of the largest sum that
 * is alive at once (Pisarchyk & Lee 2020, arXiv:2001.03288, "greedy by size").
 */
import { alignUp } from './ops/updates';
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

function placeMoving(storages: Storage[], begin: number): number {
  const placed: Storage[] = [];
  let end = begin;
  for (const storage of storages.sort((a, b) => b.elements - a.elements || a.first - b.first)) {
    storage.offset = lowestGap(storage, placed, begin);
    end = Math.max(end, storage.offset + alignUp(storage.elements));
    placed.push(storage);
  }
  return end;
}

function lowestGap(storage: Storage, placed: readonly Storage[], begin: number): number {
  const inTheWay = placed.filter((other) => other.first <= storage.last && storage.first <= other.last).sort((a, b) => a.offset! - b.offset!);
  const length = alignUp(storage.elements);
  let at = begin;
  for (const other of inTheWay) {
    if (at + length <= other.offset!) break;
    at = Math.max(at, other.offset! + alignUp(other.elements));
  }
  return at;
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
