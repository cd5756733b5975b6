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
  const nested = typeof value === 'object' && value !== null && (!Array.isArray(value) || value.some((element) => typeof element === 'object'));
  if (nested) for (const [key, child] of Object.entries(value)) leavesOf(child, path === '' ? key : `${path}.${key}`, leaves);
  else leaves.set(path, JSON.stringify(value));
  return leaves;
}

/** @param begin - what is before it is left out */
function shown(text: string | undefined, begin: number): string {
  if (text === undefined) return 'none';
  const rest = begin > 0 ? `…${text.slice(begin)}` : text;
  return rest.length > MOST_CHARACTERS ? `${rest.slice(0, MOST_CHARACTERS - 1)}…` : rest;
}

/** Two values, long ones from shortly before they differ: of command lines that may be their ends. */
function change(old: string | undefined, latest: string | undefined): string {
  const [a, b] = [old ?? '', latest ?? ''];
  let common = 0;
  while (common < a.length && a[common] === b[common]) common++;
  const begin = Math.max(a.length, b.length) > MOST_CHARACTERS ? Math.max(0, common - MOST_BEFORE) : 0;
  return `${shown(old, begin)} → ${shown(latest, begin)}`;
}

function changedSettings(oldSettings: unknown, newSettings: unknown): string[] {
  // As a record holds them: a date is text, and what is undefined is not there.
  const plain = JSON.parse(JSON.stringify(newSettings ?? null)) as unknown;
  const [old, latest] = [leavesOf(oldSettings), leavesOf(plain)];
  return [...new Set([...old.keys(), ...latest.keys()])]
    .filter((path) => old.get(path) !== latest.get(path))
    .map((path) => `${path} ${change(old.get(path), latest.get(path))}`);
}

function changedInputs(oldInputs: StageRecord['inputs'], newInputs: StageRecord['inputs']): string[] {
  // Files that were moved, and are what they were, are no change.
  if (oldInputs.length === newInputs.length && oldInputs.every(({ sha256 }, i) => sha256 === newInputs[i].sha256)) return [];
  const old = new Map(oldInputs.map((file) => [file.path, file.sha256]));
  const latest = new Map(newInputs.map((file) => [file.path, file.sha256]));
  return [
    ...[...latest].filter(([path, sha256]) => old.has(path) && old.get(path) !== sha256).map(([path]) => `the contents of ${path}`),
    ...[...latest.keys()].filter((path) => !old.has(path)).map((path) => `an input more, ${path}`),
    ...[...old.keys()].filter((path) => !latest.has(path)).map((path) => `an input less, ${path}`),
  ];
}

/** What differs, `KEY OLD → NEW` for settings; nothing where only a stage before it does, or where nobody has noted it. */
export function differences(lastMark: Partial<StageMark>, mark: StageMark): string[] {
  const version = lastMark.versions?.['retroplume'];
  const currentVersion = mark.versions['retroplume'];
  return [
    ...(lastMark.settings === undefined ? [] : changedSettings(lastMark.settings, mark.settings)),
    ...(lastMark.inputs === undefined ? [] : changedInputs(lastMark.inputs, mark.inputs)),
    ...(version === undefined || version === currentVersion ? [] : [`Retroplume ${version} → ${currentVersion}`]),
  ];
}

/** The first few, and how many more there are. */
export function fewOf(texts: readonly string[]): string {
  const unnamed = texts.length - MOST_NAMED;
  return `${texts.slice(0, MOST_NAMED).join(', ')}${unnamed > 0 ? ` and ${unnamed} more` : ''}`;
}

/** The differences in words, where it is known that there are some. */
export function whatChanged(lastMark: Partial<StageMark>, mark: StageMark): string {
  const changed = differences(lastMark, mark);
  if (changed.length > 0) return fewOf(changed);
  return lastMark.settings === undefined ? 'nothing tells what' : 'what a stage before it left';
}

/** One sentence; undefined where the folder holds nothing yet, or what was made, finished or not, with what the stage has now. */
export function explainRerun(dir: string, mark: StageMark): string | undefined {
  const lastMark = lastMade(dir);
  if (lastMark === undefined || lastMark.key === mark.key) return undefined;
  return `changed since its last run: ${whatChanged(lastMark, mark)}: ${keepsSome(dir, mark) ? 'made anew, but for what is still right' : 'made anew'}`;
}
