/** What names of files tell: of which period, run and sector they are, and the pattern by which a case names them. */
import { basename, dirname, join, relative, sep } from 'node:path';
import { expandGlob } from '../../../files/glob';
import { hourText, overlap, type Hours } from './shared-hours';

/** A file with hours of its own. */
export interface TimedFile {
  path: string;
  hours: Hours;
}

export interface NamedPeriod {
  name: string;
  /** whether the name stands in names of files, so that {period} can stand for it */
  inFiles: boolean;
  hours: Hours;
}

const SEPARATORS = /[_.-]+/;
const wordsOf = (path: string): string[] => basename(path).split(SEPARATORS);

/** Hours of two files that may be the same: the last of a file is often the first of the next. */
const SHARED = 1;

/** A word that all files of a period have, and none of another. */
function wordOf(files: readonly TimedFile[], periods: readonly Hours[], index: number): string | undefined {
  const periodFiles = files.filter(({ hours }) => overlap(hours, periods[index]) > SHARED);
  const foreign = new Set(files.filter((file) => !periodFiles.includes(file)).flatMap(({ path }) => wordsOf(path)));
  return periodFiles.length === 0
    ? undefined
    : wordsOf(periodFiles[0].path).find(
        (word) => /^[A-Za-z0-9]+$/.test(word) && !foreign.has(word) && periodFiles.every(({ path }) => wordsOf(path).includes(word)),
      );
}

/**
 * Names of periods: words of the files' names where each period has one, else the month or day on which it begins.
 *
 * @param kinds - files of each kind (emissions, weather …): the first kind whose names tell all periods apart names them
 */
export function namePeriods(periods: readonly Hours[], kinds: readonly (readonly TimedFile[])[]): NamedPeriod[] {
  for (const files of periods.length > 1 ? kinds : []) {
    const words = periods.map((_, i) => wordOf(files, periods, i));
    if (words.every((word) => word !== undefined) && new Set(words).size === words.length)
      return periods.map((hours, i) => ({ name: words[i], inFiles: true, hours }));
  }
  const begins = periods.map(({ first }) => hourText(first));
  const length = [7, 10, 13].find((size) => new Set(begins.map((text) => text.slice(0, size))).size === begins.length) ?? 13;
  return periods.map((hours, i) => ({ name: begins[i].slice(0, length), inFiles: false, hours }));
}

/** The run that a file is of, by its folder or name: `member01`, `response-NOx`, or a word for what is neither of these nor the prior run. */
export function runOfName(path: string): { member?: string; response?: string; otherRun?: string; isPrior: boolean } {
  const text = join(basename(dirname(path)), basename(path));
  const member = /(?:^|[/\\_.-])((?:member|mem|ens)[_-]?\d+)(?=[/\\_.-]|$)/i.exec(text)?.[1];
  const response = /(?:^|[/\\_.-])(response[_-](?:NOx|NH3|SO2|VOC|PM2[._]?5|PM))(?=[/\\_.-]|$)/i.exec(text)?.[1];
  const otherRun = /(?:^|[/\\_.-])(truth|updated|nuisance|response)(?=[/\\_.-]|$)/i.exec(text)?.[1];
  const isPrior = /(?:^|[/\\_.-])(prior|base|basecase)(?=[/\\_.-]|$)/i.test(text);
  const run = member !== undefined ? { member } : response !== undefined ? { response } : otherRun !== undefined ? { otherRun } : {};
  return { ...run, isPrior };
}

/** A name without its date and the words of periods. */
function stemOf({ path, hours }: TimedFile, periods: readonly NamedPeriod[]): string {
  const firstTime = new Date(hours.first * 3600e3);
  const [year, month, day] = [hourText(hours.first).slice(0, 4), hourText(hours.first).slice(5, 7), hourText(hours.first).slice(8, 10)];
  const ofYear = String(Math.floor((firstTime.getTime() - Date.UTC(firstTime.getUTCFullYear(), 0, 1)) / 86400e3) + 1).padStart(3, '0');
  const dates = [
    `${year}-${month}-${day}`,
    `${year}_${month}_${day}`,
    `${year}${month}${day}`,
    `${year}${ofYear}`,
    `${year}-${month}`,
    `${year}${month}`,
  ];
  const undated = [...dates, `${year.slice(2)}${month}${day}`].reduce((name, date) => name.replaceAll(date, '#'), basename(path));
  const names = periods.filter(({ inFiles }) => inFiles).map(({ name }) => name);
  return undated
    .split(/([_.-]+)/)
    .map((word) => (names.includes(word) ? '#' : word))
    .join('');
}

/** Files that are called alike but for their dates. */
export function byStem<T extends TimedFile>(files: readonly T[]): { stem: string; files: T[] }[] {
  const stems = [...new Set(files.map((file) => stemOf(file, [])))];
  return stems.map((stem) => ({ stem, files: files.filter((file) => stemOf(file, []) === stem) }));
}

/** Files that follow one another in time, or are called alike but for their dates, belong together; others are further parts of the same inventory or run. */
export function partsByName<T extends TimedFile>(files: readonly T[], periods: readonly NamedPeriod[]): { stem: string; files: T[] }[] {
  const parts: { stem: string; files: T[] }[] = [];
  for (const file of files) {
    const stem = stemOf(file, periods);
    const sides = (part: T[]): boolean => part.every(({ hours }) => overlap(hours, file.hours) <= SHARED);
    const part = parts.find((entry) => entry.stem === stem) ?? parts.find((entry) => sides(entry.files));
    if (part) part.files.push(file);
    else parts.push({ stem, files: [file] });
  }
  return parts;
}

/** Names of sectors: the words in which the names of their files differ. */
export function sectorNames(stems: readonly string[]): string[] {
  const words = stems.map((stem) => stem.split(SEPARATORS).filter((word) => word !== '' && word !== '#'));
  const distinct = words.map((stemWords, i) => stemWords.filter((word) => !words.every((otherWords, j) => i === j || otherWords.includes(word))));
  const names = distinct.map((stemWords, i) => {
    const name = (stemWords.length > 0 ? stemWords : ['all']).join('_').replace(/[^A-Za-z0-9_]/g, '');
    return (/^[A-Za-z]/.test(name) ? name : `s${name === '' ? i + 1 : name}`).slice(0, 16);
  });
  return names.map((name, i) => (names.indexOf(name) === i && name !== 'rest' ? name : `${name.slice(0, 13)}_${i + 1}`));
}

/** What two names, or parts of a path, have in common, with a star for the rest. @param whole - whether the star is to take whole words, of which only some letters differ */
function mergeNames(names: readonly string[], whole: boolean): string {
  const [first] = names;
  if (names.every((name) => name === first)) return first;
  let [start, end] = [0, 0];
  while (names.every((name) => start < name.length && name[start] === first[start])) start++;
  const room = Math.min(...names.map((name) => name.length)) - start;
  while (end < room && names.every((name) => name.at(-1 - end) === first.at(-1 - end))) end++;
  const [head, tail] = [first.slice(0, start), first.slice(first.length - end)];
  return whole ? `${head.replace(/[^_.-]+$/, '')}*${tail.replace(/^[^_.-]+/, '')}` : `${head}*${tail}`;
}

function mergePaths(paths: readonly string[], whole: boolean): string | undefined {
  const parts = paths.map((path) => path.split(sep));
  if (parts.some(({ length }) => length !== parts[0].length)) return undefined;
  return parts[0].map((_, i) => mergeNames(parts.map((part) => part[i]), whole)).join(sep); // prettier-ignore
}

function matches(pattern: string, paths: readonly string[]): boolean {
  const wanted = new Set(paths);
  const matched = expandGlob(pattern);
  return matched.length === wanted.size && matched.every((path) => wanted.has(path));
}

function inPeriods(files: readonly TimedFile[], periods: readonly NamedPeriod[]): string | undefined {
  if (periods.length === 0 || !periods.every(({ inFiles }) => inFiles)) return undefined;
  const named = periods.map(({ name, hours }) => ({
    name,
    paths: files.filter((file) => overlap(file.hours, hours) > SHARED).map(({ path }) => path),
  }));
  if (named.some(({ name, paths }) => paths.length === 0 || !paths.every((path) => wordsOf(path).includes(name)))) return undefined;
  const replaced = named.flatMap(({ name, paths }) =>
    paths.map((path) => join(dirname(path), basename(path).split(/([_.-]+)/).map((word) => (word === name ? '{period}' : word)).join(''))),
  ); // prettier-ignore
  const isRight = (pattern: string | undefined): boolean =>
    pattern !== undefined && named.every(({ name, paths }) => matches(pattern.replaceAll('{period}', name), paths));
  return [true, false].map((whole) => mergePaths(replaced, whole)).find(isRight);
}

/**
 * The patterns by which a case names files, relative to its folder: one with {period} where it can stand there, else one that matches these files and no other that
 * is there, else one for each folder, else the files one by one.
 *
 * @param folder - of the case file
 */
export function patternsOf(files: readonly TimedFile[], periods: readonly NamedPeriod[], folder: string): string[] {
  const paths = files.map(({ path }) => path);
  const single = inPeriods(files, periods) ?? plainPattern(paths);
  const folders = [...new Set(paths.map((path) => dirname(path)))];
  const patterns =
    single === undefined
      ? folders.flatMap((directory) => {
          const inside = paths.filter((path) => dirname(path) === directory);
          return plainPattern(inside) ?? inside;
        })
      : [single];
  return patterns.map((pattern) => relative(folder, pattern) || '.');
}

function plainPattern(paths: readonly string[]): string | undefined {
  return [true, false].map((whole) => mergePaths(paths, whole)).find((pattern) => pattern !== undefined && matches(pattern, paths));
}
