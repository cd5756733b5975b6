/** Which code runs: its version, git's name for it, and where that is not enough a hash of the program itself. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { VERSIONS } from './process';

/** The folder of this package. */
const PACKAGE = resolve(__dirname, '../..');

/**
 * Git's name for the code that runs, with `-dirty` where it is not as committed. Of a package that was packed from a clone the name that packing wrote into it
 * (`gitHead` of package.json, as npm has it); null where neither tells.
 */
export function codeVersion(): string | null {
  const root = realpathSync(resolve(PACKAGE, '../..'));
  const git = (...args: string[]): string | null => {
    const { status, stdout } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' });
    return status === 0 ? stdout.trim() : null;
  };
  // Installed as a package, it may lie in a clone of something else.
  return git('rev-parse', '--show-toplevel') === root ? git('describe', '--always', '--dirty', '--abbrev=40', '--exclude=*') : packedFrom();
}

function packedFrom(): string | null {
  const file = join(PACKAGE, 'package.json');
  if (!existsSync(file)) return null;
  const { gitHead } = JSON.parse(readFileSync(file, 'utf8')) as { gitHead?: unknown };
  return typeof gitHead === 'string' ? gitHead : null;
}

let cachedVersion: string | undefined;

/** What a record calls the code that made it: {@link nameOfCode} as the process found it first. */
export function codeName(): string {
  cachedVersion ??= nameOfCode(codeVersion(), () => programHash(join(PACKAGE, relative(PACKAGE, __dirname).split(sep)[0])));
  return cachedVersion;
}

/** A commit says all; without one, or with changes since, the program is told by its version and a hash of its files. */
export function nameOfCode(commit: string | null, hash: () => string): string {
  if (commit !== null && !commit.endsWith('-dirty')) return commit;
  return `${commit ?? `version ${VERSIONS.retroplume}`}, program ${hash()}`;
}

/** SHA-256, its first 16 digits, of all scripts below a folder with their paths; the same wherever they lie. */
export function programHash(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.[cm]?[jt]s$/.test(file));
  const hash = createHash('sha256');
  for (const file of files.map((relativePath) => relativePath.split(sep).join('/')).sort())
    hash.update(`${file}\n`).update(readFileSync(join(folder, file)));
  return hash.digest('hex').slice(0, 16);
}
