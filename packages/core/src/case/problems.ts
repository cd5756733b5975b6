/** What is wrong with a case: what the schema finds as sentences (where, what was expected, what was received, what to do), and rules that are broken. */
import type { z } from 'zod';
import { caseJsonSchema, pathsOfKey, schemaAt, type JsonSchema } from './schema/json-schema';
import { columnGas, knownSpecies, surfaceOf } from '../base/species';
import { joinPath, type CaseSource, type KeyPath } from './source';
import { channelsNamed, type Case } from './schema/case-schema';

type Issue = z.core.$ZodIssue;

function valueAt(values: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? (node as Record<PropertyKey, unknown>)[key] : undefined),
    values,
  );
}

function shown(value: unknown): string {
  if (typeof value === 'number') return String(value); // JSON has no NaN and no Infinity
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const TYPES: Record<string, string> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of keys',
  record: 'a group of keys',
  tuple: 'a list of two',
};

/** Whether it is a species that the case does not have, where those that it has stand. */
function isLeftOut(key: string, knownKeys: readonly string[], source: CaseSource): boolean {
  const channels = channelsNamed(source.values);
  return knownSpecies(key) !== undefined && [channels, surfaceOf(channels)].some(({ species }) => knownKeys.join() === species.join());
}

function unknownKey(key: string, path: KeyPath, source: CaseSource, root: JsonSchema): string {
  const full = joinPath([...path, key]);
  const knownKeys = Object.keys(schemaAt(path, source.values, root)?.properties ?? {});
  const near = nearestKey(key, knownKeys);
  const elsewhere = pathsOfKey(key, root);
  let remedy = `known here: ${knownKeys.join(', ')}`;
  if (isLeftOut(key, knownKeys, source)) {
    const section = columnGas(key) === undefined ? 'concentrations.species' : 'columns';
    remedy = `${section} does not name this species: add it there, or remove it here`;
  } else if (near !== undefined) remedy = `did you mean ${near}?`;
  else if (elsewhere.length > 0) remedy = `did you mean ${elsewhere.join(' or ')}?`;
  return `${source.whereIs([...path, key])}: unknown key ${full}: ${remedy}`;
}

/** What a schema takes, in words. */
function words({ enum: values, type, anyOf = [] }: JsonSchema): string {
  if (anyOf.length > 0) return anyOf.map(words).join(' or ');
  return values ? `one of ${values.join(', ')}` : (TYPES[type === 'integer' ? 'int' : (type ?? '')] ?? 'text, a number, or true or false');
}

function expected(issue: Issue, schema?: JsonSchema): string {
  const type = schema?.type;
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[type === 'integer' ? 'int' : issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(', ')}`;
    case 'invalid_union':
      return issue.discriminator === undefined ? words(schema ?? {}) : 'one of reference, command';
    case 'too_small': {
      const bound = `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
      if (issue.origin === 'string') return 'text that is not empty';
      return issue.origin === 'array' ? `${bound} entries` : `${bound}`;
    }
    case 'too_big':
      return `${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${issue.origin === 'array' ? ' entries' : ''}`;
    case 'invalid_key':
      return `a name that is ${(issue.issues[0]?.message ?? '').replace(/^expected /, '')}`;
    default:
      return issue.message.replace(/^expected /, '');
  }
}

function pathOf(issue: Issue): KeyPath {
  return issue.code === 'invalid_union' && issue.discriminator !== undefined
    ? [...issue.path.filter((key) => key !== issue.discriminator), issue.discriminator]
    : issue.path;
}

function wrongValue(issue: Issue, source: CaseSource, root: JsonSchema): string {
  const path = pathOf(issue);
  const value = valueAt(source.values, path);
  const schema = schemaAt(path, source.values, root);
  const unit = schema?.unit !== undefined ? ` (in ${schema.unit})` : '';
  const place = `${source.whereIs(path)}: ${joinPath(path)}`;
  if (value === undefined && issue.code !== 'custom') {
    const remedy = schema?.description !== undefined ? `: add it (${schema.description.replace(/\.$/, '')})` : ': add it';
    return `${place} is missing${remedy}`;
  }
  if (issue.code === 'invalid_key') return `${place}: expected ${expected(issue, schema)}`;
  return `${place}: expected ${expected(issue, schema)}${unit} but received ${shown(value)}${asOneKey(path, value)}${inQuotes(issue, value)}${asWhole(issue, path, value)}`;
}

/** Names of figures alone, such as those of months in file names. */
function inQuotes(issue: Issue, value: unknown): string {
  return issue.code === 'invalid_type' && issue.expected === 'string' && typeof value === 'number'
    ? ': write it between quotes, or YAML takes it for a number'
    : '';
}

/** Entries that `--set` counts in a list that the file does not have: those of its default cannot be set one by one. */
function asWhole(issue: Issue, path: KeyPath, value: unknown): string {
  const counted = typeof value === 'object' && value !== null && Object.keys(value).every((key) => /^\d+$/.test(key));
  return issue.code === 'invalid_type' && issue.expected === 'array' && counted
    ? `: the file has no such list of which an entry could be set: write it whole, as ${joinPath(path)}: [...]`
    : '';
}

/** Settings of the reference model are a flat list, whose names look as if they were not. */
function asOneKey(path: KeyPath, value: unknown): string {
  const [section, name] = path.slice(-2);
  const [first] = section === 'options' && typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  return first === undefined ? '' : `: names with a dot are one key, as ${String(name)}.${first}`;
}

/** A sentence, the key that it is about, and whether that key was not known. */
interface SchemaProblem {
  sentence: string;
  path: KeyPath;
  unknown: boolean;
}

/** One for each key that the issue is about. @param root - of the file, where that is no case */
export function describeProblem(issue: Issue, source: CaseSource, root = caseJsonSchema(channelsNamed(source.values))): SchemaProblem[] {
  if (issue.code !== 'unrecognized_keys') return [{ sentence: wrongValue(issue, source, root), path: pathOf(issue), unknown: false }];
  return issue.keys.map((key) => ({ sentence: unknownKey(key, issue.path, source, root), path: [...issue.path, key], unknown: true }));
}

/** One sentence per problem; `unknown` says whether a key was not known. @param root - of the file, where that is no case */
export function describeProblems(issues: readonly Issue[], source: CaseSource, root?: JsonSchema): { sentences: string[]; unknown: boolean } {
  const problems = issues.flatMap((issue) => describeProblem(issue, source, root));
  return { sentences: problems.map(({ sentence }) => sentence), unknown: problems.some(({ unknown }) => unknown) };
}

/** A rule of the case file that is broken. */
export interface Breach {
  path: KeyPath;
  /** the rest of the sentence, from what is wrong to what to do */
  text: string;
  /** another section that decides it: where that cannot be read, nothing can be said */
  restsOn?: string;
}

export function checkRegion({ regions }: Case, name: string, path: KeyPath): Breach[] {
  if (Object.hasOwn(regions, name)) return [];
  const knownRegions = Object.keys(regions);
  const near = nearestKey(name, knownRegions);
  const remedy =
    near !== undefined ? `did you mean ${near}?` : knownRegions.length > 0 ? `known are ${knownRegions.join(', ')}` : 'add it to regions';
  return [{ path, text: `there is no region ${name}: ${remedy}` }];
}

/** The first entry of a list that stands in it before. */
export function repeated<T>(list: readonly T[]): T | undefined {
  return list.find((entry, i) => list.indexOf(entry) !== i);
}

/** Damerau–Levenshtein distance (optimal string alignment): insertions, deletions, substitutions and swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  let previous: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], previous[j - 2] + 1);
    }
    previous = last;
    last = row;
  }
  return last[b.length];
}

/** The known name nearest to `name`, case ignored; undefined when none is near enough to be meant. */
export function nearestKey(name: string, knownNames: readonly string[]): string | undefined {
  const distances = knownNames.map((k) => editDistance(name.toLowerCase(), k.toLowerCase()));
  const smallest = Math.min(Infinity, ...distances);
  const allowed = Math.max(1, Math.round(name.length * 0.4));
  return smallest <= allowed ? knownNames[distances.indexOf(smallest)] : undefined;
}
