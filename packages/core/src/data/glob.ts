/** File patterns of the case: `*`, `?` and `[…]` in any part of a path. */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';

import { expectText } from '../call';
import { DataError } from '../errors';

/**
 * The files that match, sorted by name. A folder that is there as it is written is that folder, whatever its name: the case may lie in `runs [2]/`. So is a
 * file that no name matches.
 *
 * @throws {DataError} `FILES_NONE` when there are none, `FILE_MISSING` when a plain path does not exist, `PATTERN_INVALID`
 */
export function expandGlob(pattern: string): string[] {
  expectText(pattern, 'expandGlob: pattern', 'a pattern of paths');
  const parts = pattern.split(/[\\/]/).filter((part) => part !== '');
  const found = parts.reduce(
    (folders, part, i) => folders.flatMap((folder) => matches(folder, part, { pattern, last: i === parts.length - 1 })),
    [isAbsolute(pattern) ? sep : '.'],
  );
  if (found.length > 0) return found.sort();
  if (!/[*?[]/.test(pattern)) throw new DataError('FILE_MISSING', `${pattern}: there is no such file: check the path in the case`);
  throw new DataError('FILES_NONE', `${pattern}: no file matches: check the pattern in the case, and the folder that it is relative to`);
}

/** The files of one pattern or several of the case, in which `{period}` stands for the period's name, each once; see {@link expandGlob}. */
export function expandGlobs(patterns: string | string[], period = ''): string[] {
  return [...new Set([patterns].flat().flatMap((pattern) => expandGlob(pattern.replaceAll('{period}', period))))];
}

/** What tells files apart that have several names, by links of files or folders: the path without any, or as it stands where it leads nowhere. */
export function linkedTo(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

function matches(folder: string, part: string, { pattern, last }: { pattern: string; last: boolean }): string[] {
  const path = join(folder, part);
  const asWritten = existsSync(path) ? [path] : [];
  if (!/[*?[]/.test(part) || (asWritten.length > 0 && !last)) return asWritten;
  const expression = toRegExp(part, pattern);
  try {
    const names = readdirSync(folder).filter((name) => expression.test(name) && (part.startsWith('.') || !name.startsWith('.')));
    return names.length > 0 ? names.map((name) => join(folder, name)) : asWritten;
  } catch {
    return []; // a file where the pattern has a folder, or a folder that may not be read: no match
  }
}

function toRegExp(part: string, pattern: string): RegExp {
  const source = part.replace(/\[[^\]]+\]|[\\^$.*+?()[\]{}|]/g, (token) => {
    if (token === '*') return '.*';
    if (token === '?') return '.';
    return token.length > 1 ? token.replace(/^\[!/, '[^') : `\\${token}`;
  });
  try {
    return new RegExp(`^${source}$`);
  } catch (cause) {
    throw new DataError('PATTERN_INVALID', `${pattern}: ${part} is no pattern of file names, as [z-a] is none: mend what is in its brackets`, {
      cause,
    });
  }
}
