/**
 * A case file with all that is wrong with it, and as much of the case as can be read all the same, so that its files can be looked at in the same go.
 *
 * What the schema refuses is taken out and its default stands in; a section that is still refused is replaced by {@link STAND_IN_SECTIONS} and named in
 * `unread`: nothing may be concluded from it.
 */
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../base/errors';
import { parseCase, type Case } from './schema/case-schema';
import { checkCase } from './checks/checks';
import { idleKeysOf } from './checks/idle-keys';
import { mapPaths } from './schema/json-schema';
import { applyPaperDefaults, type Tree } from './load-case';
import { describeProblem } from './problems';
import { joinPath, readSource, type KeyPath } from './source';

export interface CaseProblem {
  code: string;
  /** `case.yaml:12`, or `--set key=value` */
  place: string;
  key: string;
  /** one sentence, which names place and key */
  message: string;
}

export interface ExaminedCase {
  problems: CaseProblem[];
  case: Case;
  /** top-level keys that could not be read at all */
  unread: ReadonlySet<string>;
  /** keys that do nothing beside the others, a sentence each; none where there are problems, which may be their cause */
  idle: string[];
  /** where a key stands, as `case.yaml:12` */
  whereIs: (path: KeyPath) => string;
}

/** What stands in for sections that cannot be read; its period is long, so that no rule about hours is broken by it. */
const GROUP = { variables: ['-'] };
const STAND_IN_SECTIONS: Tree = {
  name: 'case',
  grid: { griddesc: '-', name: '-' },
  periods: [{ name: 'period', start: '2000-01-01T00:00:00Z', hours: 20000 }],
  meteorology: { files: '-' },
  emissions: { files: '-', groups: { NOx: GROUP, NH3: GROUP, SO2: GROUP, VOC: GROUP, 'PM2.5': GROUP } },
  observations: { stations: { file: '-' }, files: '-', columns: { species: { NO2: { column: '-', unit: 'ppb' } } } },
};

/**
 * @throws {ConfigError} `CASE_FILE_MISSING`, `CASE_SYNTAX`, `CASE_OVERRIDE`: nothing can be said of such a case
 */
export function examineCase(path: string, overrides: readonly string[] = []): ExaminedCase {
  const file = resolve(path);
  const source = readSource(path, overrides);
  const first = parseCase(applyPaperDefaults(source.values));
  const problems: CaseProblem[] = [];
  const removed: KeyPath[] = [];
  for (const issue of first.success ? [] : first.error.issues) {
    for (const { sentence, path: at, unknown } of describeProblem(issue, source)) {
      removed.push(at);
      problems.push({ code: unknown ? 'CASE_UNKNOWN_KEY' : 'CASE_INVALID', place: source.whereIs(at), key: joinPath(at), message: sentence });
    }
  }
  const { parsed, unread } = first.success ? { parsed: first.data, unread: new Set<string>() } : parseWithout(source.values, removed);
  const result: Case = { ...parsed, file };
  for (const { path: at, text, restsOn } of checkCase(result)) {
    if ([at[0], restsOn].some((section) => unread.has(String(section))) || removed.some((path) => overlaps(path, at))) continue;
    const place = source.whereIs(at);
    const key = joinPath(at);
    problems.push({ code: 'CASE_INVALID', place, key, message: `${place}: ${key}: ${text}` });
  }
  const idle = problems.length === 0 ? idleKeysOf(source, result) : [];
  mapPaths(result, (path) => resolve(dirname(file), path));
  return { problems, case: result, unread, idle, whereIs: (at) => source.whereIs(at) };
}

/** One path lies on the way to the other. */
function overlaps(a: KeyPath, b: KeyPath): boolean {
  return a.slice(0, b.length).every((key, i) => String(key) === String(b[i]));
}

function parseWithout(values: Tree, removed: readonly KeyPath[]): { parsed: Omit<Case, 'file'>; unread: Set<string> } {
  const tree = structuredClone(values);
  // From the back, so that the places of list entries before stay what they are.
  for (const path of [...removed].sort((a, b) => joinPath(b).localeCompare(joinPath(a), 'en', { numeric: true }))) remove(tree, path);
  const unread = new Set<string>();
  for (;;) {
    const parsed = parseCase(applyPaperDefaults(tree));
    if (parsed.success) return { parsed: parsed.data, unread };
    const before = unread.size;
    for (const { path } of parsed.error.issues) {
      const section = String(path[0] ?? '');
      if (unread.has(section) || section === '') continue;
      unread.add(section);
      if (section in STAND_IN_SECTIONS) tree[section] = structuredClone(STAND_IN_SECTIONS[section]);
      else delete tree[section];
    }
    if (unread.size === before) throw new ConfigError('CASE_INVALID', parsed.error.message);
  }
}

function remove(tree: Tree, path: KeyPath): void {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? (at as Tree)[String(key)] : undefined), tree);
  const key = path[path.length - 1];
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (typeof parent === 'object' && parent !== null) delete (parent as Tree)[String(key)];
}
