/**
 * What a stage did and from what: `record.json` in its folder. A stage is up to date when its record's key — the hash of its settings,
 * its input files, the keys of the stages before it and the version — is the key it would have now, and its products are there.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../data/checkpoint';
import type { Device } from '../device';
import { ConfigError } from '../errors';
import type { InputFile } from './input-hashes';

export interface StageRecord {
  stage: string;
  key: string;
  /** of stages that keep their folder while only the cheap part of their settings changes: the key with the dear part alone */
  dearKey?: string;
  settings: unknown;
  versions: Record<string, string>;
  /** `cpu` or `cuda:N`: where the network computed in stages that run it */
  device: Device['name'];
  hardware: string;
  /** how a GPU multiplied matrices: the setting `products` of the case */
  matrixProducts: Device['products'];
  threads: number;
  /** processes that made it together, where they were several */
  ranks?: number;
  inputs: InputFile[];
  startedAt: string;
  seconds: number;
  /** file names within the stage's folder */
  products: string[];
  /** what the stage found: figures that the report and later stages read */
  summary: unknown;
}

export const RECORD = 'record.json';
const PARTIAL = 'partial.json';

/** JSON with sorted keys: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) =>
    v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v,
  );
}

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The record in a stage's folder, or undefined. An unreadable record counts as none. */
export function readRecord(dir: string): StageRecord | undefined {
  const path = join(dir, RECORD);
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as StageRecord;
  } catch {
    return undefined;
  }
}

export function isUpToDate(dir: string, key: string): boolean {
  const record = readRecord(dir);
  return record !== undefined && record.key === key && record.products.every((product) => existsSync(join(dir, product)));
}

/** Whether a stage has been begun with this key and not finished: what lies in its folder is of its run. */
export function isBegun(dir: string, key: string): boolean {
  return leftIn(join(dir, PARTIAL))?.key === key;
}

function leftIn(partial: string): Partial<Pick<StageRecord, 'key' | 'dearKey'>> | undefined {
  return existsSync(partial) ? (JSON.parse(readFileSync(partial, 'utf8')) as Partial<Pick<StageRecord, 'key' | 'dearKey'>>) : undefined;
}

/**
 * Whether a stage may take a folder for its own and remove what is in it: it is not there yet, is empty, or a stage has marked it.
 * @throws {ConfigError} `FOLDER_NOT_OURS`
 */
export function checkOurs(dir: string): void {
  const found = statSync(dir, { throwIfNoEntry: false });
  if (!found) return;
  const names = found.isDirectory() ? readdirSync(dir) : undefined;
  if (names && (names.length === 0 || names.includes(RECORD) || names.includes(PARTIAL))) return;
  throw new ConfigError(
    'FOLDER_NOT_OURS',
    `${dir}: expected a folder that Retroplume has made but received ${names ? `one that holds ${names[0]} and no ${RECORD}` : 'a file'}: move it away, or give another --out`,
  );
}

/** Removes what is in a stage's folder. The mark stays: what a kill leaves half empty must still be known as ours, and be of no key. */
function emptyFolder(dir: string): void {
  writeFileAtomic(join(dir, PARTIAL), '{}');
  for (const name of readdirSync(dir)) if (name !== PARTIAL) rmSync(join(dir, name), { recursive: true, force: true });
}

/**
 * Makes a stage's folder ready: what an interrupted run with the same key left (checkpoints, finished files) is kept, and so is what a run with the same
 * dear key left, finished or not; anything else is removed.
 *
 * @throws {ConfigError} `FOLDER_NOT_OURS`
 */
export function beginStage(dir: string, keys: Pick<StageRecord, 'key' | 'dearKey'>): void {
  const partial = join(dir, PARTIAL);
  checkOurs(dir);
  mkdirSync(dir, { recursive: true });
  const left = leftIn(partial) ?? readRecord(dir);
  const resumes = isBegun(dir, keys.key);
  if (!resumes && (keys.dearKey === undefined || left?.dearKey !== keys.dearKey)) emptyFolder(dir);
  // The mark first: between the two the folder must not be without one.
  writeFileAtomic(partial, JSON.stringify(keys));
  rmSync(join(dir, RECORD), { force: true });
}

/** Writes the record: from here on the stage is done, so all of it is on the disk before, should the machine go down. */
export function finishStage(dir: string, record: StageRecord): void {
  for (const product of record.products) syncFile(join(dir, product));
  writeFileAtomic(join(dir, RECORD), JSON.stringify(record, null, 2));
  rmSync(join(dir, PARTIAL), { force: true });
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}
