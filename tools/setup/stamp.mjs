// Stamps say from what a product was made: the hash of its inputs. `unfinished` marks work that was cut short, whose leavings are not trusted.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, stateFolder } from './step.mjs';

/** All files under `folder` whose name passes, sorted; build outputs and packages of others are left out. */
export function listFiles(folder, passes) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return ['node_modules', 'dist', 'build'].includes(entry.name) ? [] : listFiles(path, passes);
      return passes(entry.name) ? [path] : [];
    });
}

/** Hash of the files' names and contents, of the place of the clone and of the platform (a build tree cannot be moved). */
export function hashFiles(paths) {
  const hash = createHash('sha256').update(`${root}\0${process.platform}\0${process.arch}\0`);
  for (const path of paths)
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update('\0');
  return hash.digest('hex');
}

function stampPath(name) {
  return join(stateFolder, `${name}.stamp`);
}

/** What the stamp says, or undefined if there is none. */
export function readStamp(name) {
  try {
    return readFileSync(stampPath(name), 'utf8');
  } catch {
    return undefined;
  }
}

/** Runs `work` between the marks `unfinished` and `hash`; an orderly failure leaves `failed`. */
export async function stamped(name, hash, work) {
  mkdirSync(stateFolder, { recursive: true });
  writeFileSync(stampPath(name), 'unfinished');
  try {
    await work();
  } catch (error) {
    writeFileSync(stampPath(name), 'failed');
    throw error;
  }
  writeFileSync(stampPath(name), hash);
}

/** Forgets a product, so that it is made again. */
export function removeStamp(name) {
  rmSync(stampPath(name), { force: true });
}
