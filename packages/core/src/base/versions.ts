/** Versions that a record names. */
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';

export const VERSIONS: Record<string, string> = { retroplume: '0.1.0', node: process.version, platform: `${process.platform} ${process.arch}` };

/** Git's name for the code that runs, with `-dirty` where it is not as committed; null where it is no clone of its own. */
export function codeVersion(): string | null {
  const root = realpathSync(resolve(__dirname, '../../../..'));
  const git = (...args: string[]): string | null => {
    const { status, stdout } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' });
    return status === 0 ? stdout.trim() : null;
  };
  // Installed as a package, it may lie in a clone of something else.
  return git('rev-parse', '--show-toplevel') === root ? git('describe', '--always', '--dirty', '--abbrev=40', '--exclude=*') : null;
}
