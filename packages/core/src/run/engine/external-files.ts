/**
 * Files of a run that a stage has made or read outside its own folder, such as runs of the transport model that several surrogates are judged by. A record tells
 * what they were: where one is gone, or another one than it was, the stage is run again, which makes what is missing.
 */
import { existsSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { contentSum } from './input-hashes';
import { readRecord, type ExternalFile } from './record';

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
  const found = statSync(path);
  if (found.size !== bytes) return `has ${found.size} bytes instead of ${bytes}`;
  if (found.mtimeMs === modified || (await contentSum(path)) === sum) return undefined;
  return 'is another one than it was';
}
