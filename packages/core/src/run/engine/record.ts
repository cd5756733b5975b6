/**
 * What a stage did and from what: `record.json` in its folder. A stage is up to date when its record's key — the hash of its settings,
 * its input files, the keys of the stages before it and the version — is the key it would have now, and its products are there, each of the
 * size that was recorded.
 */
import { canonicalJson, hashText, readJson, type JsonExpectation } from '../../files/json';
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../files/checkpoint';
import { makeFolder } from '../../files/disk';
import type { Device } from '../../base/device';
import { ConfigError, DataError } from '../../base/errors';
import { contentSum, knownSum, type InputFile } from './input-hashes';

export interface ExternalFile {
  bytes: number;
  /** ms since 1970 */
  modified: number;
  /** one with another time may be the same all the same */
  sha256: string;
}

export interface StageRecord {
  stage: string;
  key: string;
  /** of stages that keep their folder while only the cheap part of their settings changes: the key with the expensive part alone */
  expensiveKey?: string;
  /** by name, parts that are kept while their own keys stay */
  parts?: Record<string, StagePart>;
  settings: unknown;
  versions: Record<string, string>;
  /** git's name for the code that ran, else its version with a hash of the program; records of earlier versions have none */
  code?: string;
  /** `cpu` or `cuda:N`: where the network computed in stages that run it */
  device: Device['name'];
  hardware: string;
  /** how a GPU multiplied matrices: the setting `precision` of the case */
  precision: Device['precision'];
  threads: number;
  /** processes that made it together, where they were several */
  ranks?: number;
  inputs: InputFile[];
  startedAt: string;
  seconds: number;
  /** file names within the stage's folder */
  products: string[];
  /** bytes of each product and of what else later stages read of it, by which one that has been damaged since is known */
  bytes: Record<string, number>;
  /** SHA-256 of the same, by which one whose bytes have changed is known */
  sha256: Record<string, string>;
  /** files of the run outside the stage's folder, by their paths from there */
  externalFiles?: Record<string, ExternalFile>;
  /** what the stage found: figures that the report and later stages read */
  summary: unknown;
}

/** A part of a stage's products. */
export interface StagePart {
  /** hash of what decides it */
  key: string;
  /** hash of what must be the same for a user to say that it is still right with another key */
  essence?: string;
  /** the file that is there once it is made */
  product?: string;
  /** files that come with it */
  alongside?: string[];
  /** the key that it was made with, where that is another one and a user has said that it is still right */
  madeWith?: string;
  /** files and folders that it may leave, from the stage's folder */
  entries: string[];
  /** whether it is kept when its case has it no more: it may have it again */
  outlivesCase?: true;
}

/** What a stage is made with: of a finished one its record holds it, of one at work its mark. */
export type StageMark = Pick<StageRecord, 'key' | 'expensiveKey' | 'parts' | 'settings' | 'inputs' | 'versions'> & {
  /** whether parts with the same essence are kept, too */
  trusted?: true;
};

export const RECORD = 'record.json';
const PARTIAL = 'partial.json';

/** @param inputs - what decides a part beside its settings; one that was moved is what it was */
export function partKey(settings: unknown, inputs: readonly Pick<InputFile, 'bytes' | 'sha256'>[]): string {
  return hashText(canonicalJson({ settings, inputs: contentsOf(inputs) }));
}

/** Of files what a key holds. */
export function contentsOf(files: readonly Pick<InputFile, 'bytes' | 'sha256'>[]): Pick<InputFile, 'bytes' | 'sha256'>[] {
  return files.map(({ bytes, sha256 }) => ({ bytes, sha256 }));
}

const RECORD_SHAPE = {
  keys: {
    stage: 'string',
    key: 'string',
    inputs: 'array',
    startedAt: 'string',
    seconds: 'number',
    products: 'array',
    bytes: 'object',
    sha256: 'object',
  },
  remedy: 'run the stage again',
} as const;

/** The record in a stage's folder, or undefined. An unreadable record counts as none. */
export function readRecord(dir: string): StageRecord | undefined {
  return readUnlessDamaged(join(dir, RECORD), RECORD_SHAPE);
}

/** What the stage of a folder found, where it is finished. */
export function summaryIn<T>(dir: string): T | undefined {
  return readRecord(dir)?.summary as T | undefined;
}

function readUnlessDamaged<T>(path: string, shape: JsonExpectation): T | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return readJson(path, shape);
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    return undefined;
  }
}

/** What tells later whether files of a stage are still what it made. */
export async function productSums(dir: string, files: readonly string[]): Promise<Pick<StageRecord, 'bytes' | 'sha256'>> {
  const bytes: Record<string, number> = {};
  const sums: Record<string, string> = {};
  for (const file of files) {
    bytes[file] = statSync(join(dir, file)).size;
    sums[file] = await contentSum(join(dir, file));
  }
  return { bytes, sha256: sums };
}

/**
 * Of the products of a record those that are no more what they were, each with what is wrong with it; of what was left beside them those that are there. By sizes, and by
 * contents as far as this process has read them (recorded-files.ts): large files would be read at each start.
 */
export function damagedProducts(dir: string, { products, bytes, sha256: sums }: StageRecord): { product: string; trouble: string }[] {
  const named = new Set(products);
  const unnamed = Object.keys(sums).filter((name) => !named.has(name) && existsSync(join(dir, name)));
  return [...products, ...unnamed].flatMap((product) => {
    const path = join(dir, product);
    if (!existsSync(path)) return [{ product, trouble: 'is not there any more' }];
    const stats = statSync(path);
    if (!stats.isFile()) return [{ product, trouble: 'is no file any more' }];
    if (stats.size !== bytes[product]) return [{ product, trouble: `has ${stats.size} bytes instead of ${bytes[product]}` }];
    const knownHash = knownSum(path);
    return knownHash === undefined || knownHash === sums[product] ? [] : [{ product, trouble: 'has other contents than its record tells' }];
  });
}

/**
 * For a stage that reads products which do not check themselves, as safetensors do.
 *
 * @throws {DataError} `PRODUCT_DAMAGED` if one of them is not what its stage left: another run's, or damaged without a change of size
 */
export async function expectUnchanged(dir: string, products: readonly string[]): Promise<void> {
  const sums = readRecord(dir)?.sha256 ?? {};
  for (const product of products) {
    const path = join(dir, product);
    if (existsSync(path) && (await contentSum(path, sums[product])) !== sums[product]) throw changedProduct(path);
  }
}

/** A run that skips the stage looks at sizes alone. */
export function changedProduct(path: string, cause?: DataError): DataError {
  return new DataError(
    'PRODUCT_DAMAGED',
    `${path}: its checksum does not match what it holds: remove it and run the case again, which makes its stage anew`,
    { cause },
  );
}

/** What no stage and no part has as its key. */
const NO_KEY = 'made while an input changed';

/**
 * Leaves the mark of a stage whose input changed while it ran: what it made belongs to no input, and is made anew, also where the input is put back as it was.
 *
 * @param parts - names of those that it has made now
 * @param changed - paths of the inputs
 */
export function markInputChanged(dir: string, begun: StageMark, parts: readonly string[], changed: ReadonlySet<string>): void {
  const marked = Object.fromEntries(parts.map((name) => [name, { ...begun.parts![name], key: NO_KEY }]));
  const mark: StageMark = {
    ...begun,
    key: NO_KEY,
    expensiveKey: undefined,
    ...(begun.parts ? { parts: { ...begun.parts, ...marked } } : {}),
    inputs: begun.inputs.map((file) => (changed.has(file.path) ? { ...file, sha256: NO_KEY } : file)),
  };
  writeFileAtomic(join(dir, PARTIAL), JSON.stringify(mark));
}

/** Of the parts that a stage has, those whose product, or what comes with it, is not there. */
export function missingParts(dir: string, { parts = {} }: Pick<StageMark, 'parts'>): string[] {
  const isWhole = ({ product, alongside = [] }: StagePart): boolean =>
    product !== undefined && [product, ...alongside].every((file) => existsSync(join(dir, file)));
  return Object.keys(parts).filter((name) => !isWhole(parts[name]));
}

/** Of the parts that a stage has now those whose product its record does not have: a case with the same key may have brought it. */
export function unmadeParts({ products }: Pick<StageRecord, 'products'>, { parts = {} }: Pick<StageMark, 'parts'>): string[] {
  return Object.keys(parts).filter((name) => parts[name].product !== undefined && !products.includes(parts[name].product));
}

export function isUpToDate(dir: string, key: string, parts?: StageMark['parts']): boolean {
  const record = readRecord(dir);
  return record !== undefined && record.key === key && damagedProducts(dir, record).length === 0 && unmadeParts(record, { parts }).length === 0;
}

/** Whether a stage has been begun with this key and not finished: what lies in its folder is of its run. */
export function isBegun(dir: string, key: string): boolean {
  return leftIn(dir)?.key === key;
}

/** With what that which lies in a stage's folder was made, finished or not; undefined where there is nothing. */
export function lastMade(dir: string): Partial<StageMark> | undefined {
  return leftIn(dir) ?? readRecord(dir);
}

/** The mark of a stage that has been begun; one that is cut short has no key, so that what it marks is made anew. */
function leftIn(dir: string): Partial<StageMark> | undefined {
  const path = join(dir, PARTIAL);
  return existsSync(path) ? (readUnlessDamaged(path, { keys: {}, remedy: 'run the stage again' }) ?? {}) : undefined;
}

/** What a kill leaves that comes while the mark of a stage or its record is written. */
const HALF_WRITTEN = new RegExp(`^(${PARTIAL}|${RECORD})\\..*tmp$`);

/**
 * Whether a stage may take a folder for its own and remove what is in it: it is not there yet, is empty, or a stage has marked it, or was about to.
 * @throws {ConfigError} `FOLDER_NOT_OURS`
 */
export function checkOurs(dir: string): void {
  if (!existsSync(dir)) return;
  const names = statSync(dir).isDirectory() ? readdirSync(dir) : undefined;
  if (names && (names.includes(RECORD) || names.includes(PARTIAL) || names.every((name) => HALF_WRITTEN.test(name)))) return;
  throw new ConfigError(
    'FOLDER_NOT_OURS',
    `${dir}: expected a folder that Retroplume has made but received ${names ? `one that holds ${names[0]} and no ${RECORD}` : 'a file'}: move it away, or give another --out`,
  );
}

/**
 * Removes a stage's folder, what marks it last: what a kill leaves of it must still be known as ours.
 * @throws {ConfigError} `FOLDER_NOT_OURS`
 */
export function removeOurs(dir: string): void {
  checkOurs(dir);
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir)) if (name !== RECORD && name !== PARTIAL) rmSync(join(dir, name), { recursive: true, force: true });
  rmSync(dir, { recursive: true, force: true });
}

/** Removes what is in a stage's folder but for parts. The mark stays: what a kill leaves half empty must still be known as ours, and be of no key. */
function emptyFolder(dir: string, parts: Record<string, StagePart>): void {
  writeFileAtomic(join(dir, PARTIAL), JSON.stringify({ parts }));
  // Before the files that it does not count among the products.
  rmSync(join(dir, RECORD), { force: true });
  const keptEntries = new Set(entriesOf(parts));
  const folders = new Set([...keptEntries].map(dirname));
  for (const name of readdirSync(dir)) {
    if (name === PARTIAL) continue;
    if (folders.has(name)) for (const entry of readdirSync(join(dir, name))) remove(dir, join(name, entry), keptEntries);
    else remove(dir, name, keptEntries);
  }
}

function remove(dir: string, entry: string, keptEntries: ReadonlySet<string>): void {
  // More than once: an attempt of a command on another node may still write there.
  if (!keptEntries.has(entry)) rmSync(join(dir, entry), { recursive: true, force: true, maxRetries: 3 });
}

function entriesOf(parts: Record<string, StagePart>): string[] {
  return Object.values(parts).flatMap(({ entries }) => entries);
}

/** Parts in a stage's folder that are those of this mark, or outlive a case that has them no more; as the mark has them. */
function keptParts(dir: string, { parts, trusted }: Pick<StageMark, 'parts' | 'trusted'>): Record<string, StagePart> {
  if (parts === undefined) return {};
  const wantedEntries = new Set(entriesOf(parts));
  const usable: Record<string, StagePart> = {};
  for (const [name, oldPart] of Object.entries(lastMade(dir)?.parts ?? {})) {
    const newPart = name in parts ? parts[name] : undefined;
    if (newPart === undefined) {
      if (oldPart.outlivesCase && !oldPart.entries.some((entry) => wantedEntries.has(entry))) usable[name] = oldPart;
    } else {
      const usablePart = newPart.key === oldPart.key ? asMade(dir, newPart, oldPart) : asTrusted(dir, newPart, oldPart, trusted);
      if (usablePart) usable[name] = usablePart;
    }
  }
  return usable;
}

function isMade(dir: string, { product }: StagePart): boolean {
  return product !== undefined && existsSync(join(dir, product));
}

/** What was made with this key, or on a user's word passes for it: one that has to be made again is made with its own. */
function asMade(dir: string, newPart: StagePart, { madeWith }: StagePart): StagePart {
  return madeWith !== undefined && isMade(dir, newPart) ? { ...newPart, madeWith } : newPart;
}

/** A part left with another key, where it is right all the same: made with this one, before a user gave his word for the other, or there is a word now. */
function asTrusted(dir: string, newPart: StagePart, oldPart: StagePart, trusted?: true): StagePart | undefined {
  if (!isMade(dir, newPart)) return undefined;
  if (oldPart.madeWith === newPart.key) return newPart;
  return trusted && newPart.essence !== undefined && newPart.essence === oldPart.essence
    ? { ...newPart, madeWith: oldPart.madeWith ?? oldPart.key }
    : undefined;
}

/** Whether {@link beginStage} keeps all that lies in a stage's folder. */
export function keepsFolder(dir: string, { key, expensiveKey }: Pick<StageMark, 'key' | 'expensiveKey'>): boolean {
  const lastMark = lastMade(dir);
  return lastMark?.key === key || (expensiveKey !== undefined && lastMark?.expensiveKey === expensiveKey);
}

/** Whether {@link beginStage} keeps anything of it. */
export function keepsSome(dir: string, mark: StageMark): boolean {
  return keepsFolder(dir, mark) || entriesOf(keptParts(dir, mark)).some((entry) => existsSync(join(dir, entry)));
}

/** Which files and folders that lie in a stage's folder {@link beginStage} keeps. */
export function keeps(dir: string, mark: StageMark): (entry: string) => boolean {
  if (keepsFolder(dir, mark)) return () => true;
  const keptEntries = new Set(entriesOf(keptParts(dir, mark)));
  return (entry) => keptEntries.has(entry);
}

/**
 * Makes a stage's folder ready: what a run with the same key left, finished or not (checkpoints, finished files, products beside one that is damaged), is kept,
 * and so is what a run with the same expensive key left, and parts; anything else is removed.
 *
 * @returns the mark with the parts that are kept
 * @throws {ConfigError} `FOLDER_NOT_OURS`
 */
export function beginStage<M extends Pick<StageMark, 'key'> & Partial<StageMark>>(dir: string, mark: M): Omit<M, 'trusted'> {
  checkOurs(dir);
  makeFolder(dir);
  const record = readRecord(dir);
  // What is kept is looked at as what this run has made; first, as the record alone tells what is damaged.
  if (record) for (const { product } of damagedProducts(dir, record)) rmSync(join(dir, product), { recursive: true, force: true });
  const usable = keptParts(dir, mark);
  if (!keepsFolder(dir, mark)) emptyFolder(dir, usable);
  const { trusted: _said, ...begun } = mark.parts ? { ...mark, parts: { ...mark.parts, ...usable } } : mark;
  // The mark first: between the two the folder must not be without one.
  writeFileAtomic(join(dir, PARTIAL), JSON.stringify(begun));
  rmSync(join(dir, RECORD), { force: true });
  return begun;
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
