/** `compare`: two runs side by side, from what their stages have recorded. */
import { dirname, relative, resolve, sep } from 'node:path';
import { expectText } from '../../../base/errors';
import { readRunFile, type RunFile } from '../../engine/run-folder';
import { compareFactors, type FactorDifference } from './factor-differences';
import { scoresOf, totalsOf, type ScoreFigures, type TotalFigures } from './run-figures';

/** What stands in the first run and in the second; null where one has no such thing. */
export type Both<T> = [first: T | null, second: T | null];

export interface ComparedScore extends Pick<ScoreFigures, 'variant' | 'monitors' | 'species' | 'unit'> {
  runs: Both<Omit<ScoreFigures, 'variant' | 'monitors' | 'species' | 'unit'>>;
}

/** Emissions of the whole domain, Mt a-1. */
export interface ComparedTotal extends Pick<TotalFigures, 'period' | 'group'> {
  runs: Both<Pick<TotalFigures, 'prior' | 'updated'>>;
}

/** A setting that differs; files by their paths from the folder of their own case. */
export interface DifferentSetting {
  /** such as `inversion.lengthKm` */
  key: string;
  runs: Both<unknown>;
}

export interface RunComparison {
  /** the two run folders, absolute, and the names of their cases */
  runs: [ComparedRun, ComparedRun];
  scores: ComparedScore[];
  totals: ComparedTotal[];
  /** of the second run's factors to the first's */
  factors: FactorDifference[];
  settings: DifferentSetting[];
  /** what keeps figures from being compared, or makes them say less */
  notes: string[];
}

export interface ComparedRun {
  run: string;
  case: string;
}

/**
 * Holds two finished or half finished runs against each other: scores, totals, factors, and the settings that differ.
 *
 * @param first - run folder @param second - the other
 * @throws {ConfigError} `RUN_FILE_MISSING` if one is no run folder @throws {DataError} `JSON_UNREADABLE` if its `run.json` is damaged; as {@link readCf} where factors are
 *
 * @example
 * const { settings, scores } = compareRuns('runs/demo', 'runs/mine');
 */
export function compareRuns(first: string, second: string): RunComparison {
  expectText(first, 'compareRuns: first', 'the path of a run folder');
  expectText(second, 'compareRuns: second', 'the path of a run folder');
  const folders = [resolve(first), resolve(second)] as const;
  const files = [readRunFile(folders[0]), readRunFile(folders[1])] as const;
  const sides = (i: 0 | 1): ComparedRun => ({ run: folders[i], case: files[i].case.name });
  const scores = paired(scoresOf(folders[0]), scoresOf(folders[1]), ({ variant, monitors, species, unit }) => ({ variant, monitors, species, unit }));
  const totals = paired(totalsOf(folders[0]), totalsOf(folders[1]), ({ period, group }) => ({ period, group }));
  const { factors, notes } = compareFactors(folders[0], folders[1]);
  const unverified = folders.filter((_, i) => !scores.some(({ runs }) => runs[i]));
  return {
    runs: [sides(0), sides(1)],
    scores,
    totals,
    factors,
    settings: differentSettings(files[0], files[1]),
    notes: [...unverified.map((run) => `${run}: verify is not finished, so that there are no scores and totals`), ...otherPairs(scores), ...notes],
  };
}

/** Rows with the same name beside each other, in the order of the first list, then the second. */
function paired<T extends object, N extends object>(
  a: readonly T[],
  b: readonly T[],
  nameOf: (row: T) => N,
): (N & { runs: Both<Omit<T, keyof N>> })[] {
  const rows = new Map<string, N & { runs: Both<Omit<T, keyof N>> }>();
  [a, b].forEach((list, i) =>
    list.forEach((row) => {
      const name = nameOf(row);
      const key = JSON.stringify(name);
      const merged = rows.get(key) ?? { ...name, runs: [null, null] };
      merged.runs[i] = Object.fromEntries(Object.entries(row).filter(([field]) => !(field in name))) as Omit<T, keyof N>;
      rows.set(key, merged);
    }),
  );
  return [...rows.values()];
}

/** Errors at other monitors or hours are no measure of two inversions. */
function otherPairs(scores: readonly ComparedScore[]): string[] {
  const differing = scores.filter(({ runs: [a, b] }) => a && b && (a.pairs !== b.pairs || a.observed !== b.observed));
  if (differing.length === 0) return [];
  const named = [...new Set(differing.map(({ monitors }) => monitors))].join(' and ');
  return [`the scores at ${named} monitors are of other pairs in the two runs: stations, hours or the choice of what is withheld differ`];
}

function differentSettings(a: RunFile, b: RunFile): DifferentSetting[] {
  const [oldLeaves, newLeaves] = [leavesOf(a), leavesOf(b)];
  return [...new Set([...oldLeaves.keys(), ...newLeaves.keys()])].flatMap((key) => {
    const runs: Both<unknown> = [oldLeaves.get(key) ?? null, newLeaves.get(key) ?? null];
    return JSON.stringify(runs[0]) === JSON.stringify(runs[1]) ? [] : [{ key, runs }];
  });
}

/** What names a case and decides nothing. */
const WORDS = ['name', 'description', 'assumptions'];

/** Values by their keys; lists are values. */
function leavesOf({ case: settings, file }: RunFile): Map<string, unknown> {
  const folder = dirname(file);
  const leaves = new Map<string, unknown>();
  const walk = (value: unknown, key: string): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [name, child] of Object.entries(value)) walk(child, key === '' ? name : `${key}.${name}`);
    } else leaves.set(key, withoutFolder(value, folder));
  };
  walk(Object.fromEntries(Object.entries(settings).filter(([key]) => !WORDS.includes(key))), '');
  return leaves;
}

/** A file of a case that was copied as a whole is the same file. */
function withoutFolder(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((element) => withoutFolder(element, folder));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, withoutFolder(child, folder)]));
  return typeof value === 'string' && value.startsWith(`${folder}${sep}`) ? relative(folder, value) : value;
}
