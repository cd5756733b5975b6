/** Why a stage that has been made is made anew: which settings, input files and version of Retroplume are others than those of its last run. */
import { keepsSome, lastMade, type StageMark, type StageRecord } from './record';

/** Of a value that is shown. */
const MOST_CHARACTERS = 40;
/** Of a long value before what differs. */
const MOST_BEFORE = 15;
/** Of a list in a sentence: more would hide the first. */
const MOST_NAMED = 4;

type Leaves = Map<string, string>;

/** Every value of settings by its path, as text; a list of plain values is one of them. */
function leavesOf(value: unknown, path = '', leaves: Leaves = new Map()): Leaves {
  const nested = typeof value === 'object' && value !== null && (!Array.isArray(value) || value.some((each) => typeof each === 'object'));
  if (nested) for (const [key, each] of Object.entries(value)) leavesOf(each, path === '' ? key : `${path}.${key}`, leaves);
  else leaves.set(path, JSON.stringify(value));
  return leaves;
}

/** @param from - what is before it is left out */
function shown(text: string | undefined, from: number): string {
  if (text === undefined) return 'none';
  const rest = from > 0 ? `…${text.slice(from)}` : text;
  return rest.length > MOST_CHARACTERS ? `${rest.slice(0, MOST_CHARACTERS - 1)}…` : rest;
}

/** Two values, long ones from shortly before they differ: of command lines that may be their ends. */
function change(old: string | undefined, own: string | undefined): string {
  const [a, b] = [old ?? '', own ?? ''];
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const from = Math.max(a.length, b.length) > MOST_CHARACTERS ? Math.max(0, same - MOST_BEFORE) : 0;
  return `${shown(old, from)} → ${shown(own, from)}`;
}

function changedSettings(before: unknown, now: unknown): string[] {
  // As a record holds them: a date is text, and what is undefined is not there.
  const plain = JSON.parse(JSON.stringify(now ?? null)) as unknown;
  const [old, own] = [leavesOf(before), leavesOf(plain)];
  return [...new Set([...old.keys(), ...own.keys()])]
    .filter((path) => old.get(path) !== own.get(path))
    .map((path) => `${path} ${change(old.get(path), own.get(path))}`);
}

function changedInputs(before: StageRecord['inputs'], now: StageRecord['inputs']): string[] {
  // Files that were moved, and are what they were, are no change.
  if (before.length === now.length && before.every(({ sha256 }, i) => sha256 === now[i].sha256)) return [];
  const old = new Map(before.map((file) => [file.path, file.sha256]));
  const own = new Map(now.map((file) => [file.path, file.sha256]));
  return [
    ...[...own].filter(([path, sha256]) => old.has(path) && old.get(path) !== sha256).map(([path]) => `the contents of ${path}`),
    ...[...own.keys()].filter((path) => !old.has(path)).map((path) => `an input more, ${path}`),
    ...[...old.keys()].filter((path) => !own.has(path)).map((path) => `an input less, ${path}`),
  ];
}

/** What differs, `KEY OLD → NEW` for settings; nothing where only a stage before it does, or where nobody has noted it. */
export function differences(before: Partial<StageMark>, now: StageMark): string[] {
  const version = before.versions?.['retroplume'];
  const own = now.versions['retroplume'];
  return [
    ...(before.settings === undefined ? [] : changedSettings(before.settings, now.settings)),
    ...(before.inputs === undefined ? [] : changedInputs(before.inputs, now.inputs)),
    ...(version === undefined || version === own ? [] : [`Retroplume ${version} → ${own}`]),
  ];
}

/** The first few, and how many more there are. */
export function fewOf(texts: readonly string[]): string {
  const more = texts.length - MOST_NAMED;
  return `${texts.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The differences in words, where it is known that there are some. */
export function whatChanged(before: Partial<StageMark>, now: StageMark): string {
  const changed = differences(before, now);
  if (changed.length > 0) return fewOf(changed);
  return before.settings === undefined ? 'nothing tells what' : 'what a stage before it left';
}

/** One sentence; undefined where the folder holds nothing yet, or what was made, finished or not, with what the stage has now. */
export function explainRerun(dir: string, now: StageMark): string | undefined {
  const before = lastMade(dir);
  if (before === undefined || before.key === now.key) return undefined;
  return `changed since its last run: ${whatChanged(before, now)}: ${keepsSome(dir, now) ? 'made anew, but for what is still right' : 'made anew'}`;
}
