/** File patterns of the case: `*`, `?` and `[…]` in any part of a path. */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';

import { expectText, DataError } from '../base/errors';

/**
 * The files that match, sorted by name. A folder that is there as it is written is that folder, whatever its name: the case may lie in `runs [2]/`. So is a
 * file that no name matches. A backslash parts a path as well, but for names that are there with it.
 *
 * @throws {DataError} `FILES_NONE` when there are none, `FILE_MISSING` when a plain path does not exist, `PATTERN_INVALID`; `FOLDER_UNREADABLE` where
 *   a folder may not be read: what matches in it would be missing without a word
 */
export function expandGlob(pattern: string): string[] {
  expectText(pattern, 'expandGlob: pattern', 'a pattern of paths');
  const paths = matchesBelow(isAbsolute(pattern) ? sep : '.', partsOf(pattern, '/'), pattern);
  if (paths.length > 0) return paths.sort();
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

function partsOf(path: string, separator: string): string[] {
  return path.split(separator).filter((part) => part !== '');
}

/** What matches one part after the other, from a folder on. */
function matchesBelow(folder: string, [part, ...parts]: readonly string[], pattern: string): string[] {
  if (part === undefined) return [folder];
  const names = matches(folder, part, { pattern, last: parts.length === 0 });
  if (names.length === 0 && part.includes('\\')) return matchesBelow(folder, [...partsOf(part, '\\'), ...parts], pattern);
  return names.flatMap((folderPath) => matchesBelow(folderPath, parts, pattern));
}

function matches(folder: string, part: string, { pattern, last }: { pattern: string; last: boolean }): string[] {
  const path = join(folder, part);
  const asWritten = orExplain(pattern, folder, () => (statSync(path), [path]));
  if (!/[*?[]/.test(part) || (asWritten.length > 0 && !last)) return asWritten;
  const tokens = tokensOf(part, pattern);
  const names = orExplain(pattern, folder, () => readdirSync(folder)).filter(
    (name) => isMatch(name, tokens) && (part.startsWith('.') || !name.startsWith('.')),
  );
  return names.length > 0 ? names.map((name) => join(folder, name)) : asWritten;
}

/** What a look gives, nothing where nothing is: no such name, a file where the pattern has a folder, links in a circle. @throws {DataError} `FOLDER_UNREADABLE` */
function orExplain(pattern: string, folder: string, look: () => string[]): string[] {
  try {
    return look();
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(code)) return [];
    throw new DataError(
      'FOLDER_UNREADABLE',
      `${pattern}: the folder ${folder} cannot be read, and what matches in it would be left out (${message}): ask for permission to read it, or take a pattern that leaves it out`,
      { cause },
    );
  }
}

/** Of a pattern of names: any number of characters, or whether one character fits. */
type Token = '*' | ((character: string) => boolean);

function tokensOf(part: string, pattern: string): Token[] {
  return part.match(/\[[^\]]+\]|[^]/g)!.map((token): Token => {
    if (token === '*') return '*';
    if (token === '?') return () => true;
    if (token.length === 1) return (character) => character === token;
    try {
      const expression = new RegExp(token.replace(/^\[!/, '[^'));
      return (character) => expression.test(character);
    } catch (cause) {
      throw new DataError('PATTERN_INVALID', `${pattern}: ${part} is no pattern of file names, as [z-a] is none: mend what is in its brackets`, {
        cause,
      });
    }
  });
}

/** In at most as many steps as name and pattern have characters, multiplied: where the rest does not fit, only the last star takes one character more. */
function isMatch(name: string, tokens: readonly Token[]): boolean {
  let [position, next] = [0, 0];
  let star: { next: number; position: number } | undefined;
  while (position < name.length) {
    const token = tokens[next];
    if (token === '*') star = { next: ++next, position };
    else if (token?.(name[position])) {
      position++;
      next++;
    } else if (star) {
      position = ++star.position;
      next = star.next;
    } else return false;
  }
  return tokens.slice(next).every((token) => token === '*');
}
