/**
 * Whether files still hold what records tell of them: products of other stages that a stage is about to read, and files outside a stage's own folder, such as runs of
 * the transport model that several surrogates are judged by. Sizes, by which a run knows what is up to date, do not tell where a disk, a copy or a person changes
 * bytes and leaves size and time as they were. Each file is read once a process, and not at all by the process that has written it.
 */
import { existsSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gigabytes } from '../../base/process';
import { contentSum, knownSum } from './input-hashes';
import { changedProduct, readRecord, type ExternalFile } from './record';
import type { StageContext } from './stage';

/** Bytes that take long enough to read that a user should know. */
const WORTH_TELLING = 5e9;

interface Recorded {
  /** folder of the stage */
  dir: string;
  path: string;
  sha256: string;
}

/** Of finished stages in these folders the files that hold something else than their records tell. */
export async function otherContents({ log, signal }: Pick<StageContext, 'log' | 'signal'>, dirs: readonly string[]): Promise<Recorded[]> {
  const recorded = [...new Set(dirs)].flatMap(filesIn);
  const bytes = recorded.reduce((sum, { path }) => (knownSum(path) === undefined ? sum + statSync(path).size : sum), 0);
  if (bytes > WORTH_TELLING) log(`reads ${gigabytes(bytes)} of what stages before it left, to know whether it is whole`);
  const changed: Recorded[] = [];
  for (const file of recorded) {
    signal.throwIfAborted();
    if ((await contentSum(file.path, file.sha256)) !== file.sha256) changed.push(file);
  }
  return changed;
}

/** @throws {DataError} `PRODUCT_DAMAGED` if one of the files in these folders holds something else than its record tells */
export async function expectWhole(context: Pick<StageContext, 'log' | 'signal'>, dirs: readonly string[]): Promise<void> {
  const [first] = await otherContents(context, dirs);
  if (first) throw changedProduct(first.path);
}

/** Those of the size that was recorded: what is gone or has another size is known without reading. */
function filesIn(dir: string): Recorded[] {
  const { sha256: sums = {}, bytes = {} } = readRecord(dir) ?? {};
  return Object.entries(sums).flatMap(([name, sha256]) => {
    const path = join(dir, name);
    const stats = existsSync(path) ? statSync(path) : undefined;
    return stats?.isFile() && stats.size === bytes[name] ? [{ dir, path, sha256 }] : [];
  });
}

/** For a stage's record. @returns by the paths from the stage's folder */
export async function describeExternal(dir: string, paths: readonly string[]): Promise<Record<string, ExternalFile>> {
  const files: Record<string, ExternalFile> = {};
  for (const path of paths) {
    const { size: bytes, mtimeMs: modified } = statSync(path);
    files[relative(dir, path)] = { bytes, modified, sha256: await contentSum(path) };
  }
  return files;
}

/** Of the files that a finished stage's record names those that are no more what they were, each with what is wrong with it. */
export async function changedExternal(dir: string): Promise<{ path: string; trouble: string }[]> {
  const changed: { path: string; trouble: string }[] = [];
  for (const [name, file] of Object.entries(readRecord(dir)?.externalFiles ?? {})) {
    const path = join(dir, name);
    const trouble = await troubleWith(path, file);
    if (trouble !== undefined) changed.push({ path, trouble });
  }
  return changed;
}

async function troubleWith(path: string, { bytes, modified, sha256: sum }: ExternalFile): Promise<string | undefined> {
  if (!existsSync(path)) return 'is not there any more';
  const stats = statSync(path);
  if (stats.size !== bytes) return `has ${stats.size} bytes instead of ${bytes}`;
  if (stats.mtimeMs === modified || (await contentSum(path)) === sum) return undefined;
  return 'is another one than it was';
}
