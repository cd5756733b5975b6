/** Where a case's values come from: the YAML file, with line numbers, and `key=value` overrides of the command line. */
import { existsSync } from 'node:fs';
import { isCollection, isNode, LineCounter, parse, parseDocument, visit, type Alias, type Document, type YAMLError } from 'yaml';
import { ConfigError } from '../base/errors';
import { readRegular, requireUtf8 } from '../base/whole-files';

export type KeyPath = readonly PropertyKey[];

/** The raw values of a case and a way to say where each stands. */
export interface CaseSource {
  values: Record<string, unknown>;
  /** `case.yaml:12` or `--set a.b=1` */
  whereIs(path: KeyPath): string;
}

/** `inversion.priorSpread["PM2.5"]` stays readable as `inversion.priorSpread.PM2.5`: a name with a dot needs no quotes on the command line either. */
export function joinPath(path: KeyPath): string {
  return path.map(String).join('.');
}

/** Splits `inversion.priorSpread.PM2.5`. Names with a dot stay whole: that one, and what follows `options`, as `background.O3` of the reference model. */
export function splitPath(text: string): (string | number)[] {
  const parts = text.match(/PM2\.5|(?<=(?:^|\.)options\.).+|[^.]+/g) ?? [];
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function readDocument(path: string, lines: LineCounter): Document {
  if (!existsSync(path))
    throw new ConfigError('CASE_FILE_MISSING', `${path}: there is no such file: check the path, or start from a copy of examples/`);
  let bytes: Buffer;
  try {
    bytes = readRegular(path);
  } catch (cause) {
    throw new ConfigError('CASE_FILE_MISSING', `${path}: cannot be read (${(cause as Error).message}): give the path of a YAML file`, { cause });
  }
  requireUtf8(path, bytes);
  const document = parseDocument(bytes.toString('utf8'), { lineCounter: lines, prettyErrors: false });
  // The value under an unknown tag would be taken for text; other warnings (indentation) change no value.
  const [error] = [...document.errors, ...document.warnings.filter(({ code }) => code === 'TAG_RESOLVE_FAILED')];
  if (error) refuseSyntax(`${path}:${lines.linePos(error.pos[0]).line}`, error);
  return document;
}

/** @throws {ConfigError} `CASE_SYNTAX` */
function refuseSyntax(place: string, error: YAMLError): never {
  if (error.code === 'MULTIPLE_DOCS')
    throw new ConfigError('CASE_SYNTAX', `${place}: expected one YAML document but a second begins here, with ---: keep one`, { cause: error });
  if (error.code === 'TAG_RESOLVE_FAILED')
    throw new ConfigError(
      'CASE_SYNTAX',
      `${place}: expected a plain value but received one with a tag (${error.message}): remove the tag; text that begins with ! needs quotes`,
      { cause: error },
    );
  throw new ConfigError('CASE_SYNTAX', `${place}: not valid YAML (${error.message.split('\n')[0]}): mend this line`, { cause: error });
}

/** An alias inside what its anchor names: a value without end. */
function endlessAlias(document: Document): Alias | undefined {
  let endless: Alias | undefined;
  visit(document, {
    Alias: (_key, alias, ancestors) => {
      const target = alias.resolve(document);
      if (target === undefined || !ancestors.includes(target)) return undefined;
      endless = alias;
      return visit.BREAK;
    },
  });
  return endless;
}

/** The file's values: an alias without its anchor (`files: *.nc` without quotes is one) is found only here. @throws {ConfigError} `CASE_SYNTAX` */
function valuesOf(path: string, document: Document, lines: LineCounter): unknown {
  const endless = endlessAlias(document);
  if (endless) {
    const place = `${path}:${lines.linePos(endless.range![0]).line}`;
    throw new ConfigError(
      'CASE_SYNTAX',
      `${place}: *${endless.source} stands inside what it names, a value without end: write the value out in its place; text that begins with * needs quotes`,
    );
  }
  try {
    return document.toJS() as unknown;
  } catch (cause) {
    let line = 1;
    visit(document, {
      Alias: (_key, alias) => {
        if (alias.resolve(document)) return undefined;
        line = lines.linePos(alias.range![0]).line;
        return visit.BREAK;
      },
    });
    throw new ConfigError(
      'CASE_SYNTAX',
      `${path}:${line}: not valid YAML (${(cause as Error).message}): mend this line; text that begins with * needs quotes`,
      { cause },
    );
  }
}

/** The line of the node at `path`, or of its nearest ancestor that exists. */
function lineOf(document: Document, lines: LineCounter, path: KeyPath): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (!isCollection(parent)) continue;
    const key = path[length - 1];
    const item = parent.items.find((pair, i) => i === key || String((pair as { key?: unknown }).key) === String(key)) as
      { key?: unknown } | undefined;
    const node = isNode(item?.key) ? item.key : item;
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

/** Sets one value of a tree, making objects on the way; what is on the way is copied, as a YAML alias is the same object as its anchor. @returns the paths of the objects @throws {ConfigError} `CASE_OVERRIDE` for an entry that a list does not have */
function setIn(values: Record<string, unknown>, path: readonly (string | number)[], value: unknown, override: string): KeyPath[] {
  const objects: KeyPath[] = [];
  let node = values as Record<string | number, unknown>;
  for (const [i, key] of path.entries()) {
    const isLast = i === path.length - 1;
    if (key === '__proto__') throw new ConfigError('CASE_OVERRIDE', `--set ${override}: no key of a case is called __proto__: give one that is`);
    if (Array.isArray(node) && !hasPlace(node, key, isLast)) {
      const [list, entries] = [joinPath(path.slice(0, i)), `${node.length} ${node.length === 1 ? 'entry' : 'entries'}, counted from 0`];
      throw new ConfigError('CASE_OVERRIDE', `--set ${override}: there is no ${list}.${key}: ${list} has ${entries}`);
    }
    if (isLast) node[key] = value;
    else {
      // What every object inherits is no key of the case.
      if (!Object.hasOwn(node, key) || typeof node[key] !== 'object' || node[key] === null) {
        node[key] = {};
        objects.push(path.slice(0, i + 1));
      } else node[key] = Array.isArray(node[key]) ? [...(node[key] as unknown[])] : { ...node[key] };
      node = node[key] as Record<string | number, unknown>;
    }
  }
  return objects;
}

/** A whole entry may be put behind the last one. */
function hasPlace(list: readonly unknown[], key: string | number, isLast: boolean): boolean {
  return typeof key === 'number' && (key < list.length || (isLast && key === list.length));
}

/**
 * Reads the file and lays the overrides over it.
 *
 * @param part - key under which the values stand, where they are not the whole file
 * @throws {ConfigError} if the file is missing or not YAML, or an override not key=value @throws {DataError} `FILE_ENCODING`
 */
export function readSource(path: string, overrides: readonly string[], part?: string): CaseSource {
  const lines = new LineCounter();
  const document = readDocument(path, lines);
  const whole = valuesOf(path, document, lines);
  const values = part === undefined ? whole : (whole as Record<string, unknown>)[part];
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new ConfigError(
      'CASE_SYNTAX',
      `${path}: expected keys and values but received ${values === null ? 'an empty file' : 'something else'}: start from a copy of examples/`,
    );
  }
  const set = new Map<string, string>();
  /** objects that are there for an override alone: what else lacks in them is not its fault */
  const overrideOfObject = new Map<string, string>();
  for (const override of overrides) {
    const [, key, value] = /^([^=\s]+)=(.*)$/s.exec(override) ?? [];
    if (key === undefined) throw new ConfigError('CASE_OVERRIDE', `--set ${override}: expected key=value, such as inversion.iterations=50`);
    let parsed: unknown;
    try {
      parsed = parse(value);
      if (endlessAlias(parseDocument(value))) throw new Error('an alias stands inside what it names');
    } catch (cause) {
      throw new ConfigError('CASE_OVERRIDE', `--set ${override}: the value is not valid YAML: put text with special characters in quotes`, { cause });
    }
    const keyPath = splitPath(key);
    for (const object of setIn(values as Record<string, unknown>, keyPath, parsed, override))
      overrideOfObject.set(joinPath(object), `--set ${override}`);
    set.set(joinPath(keyPath), `--set ${override}`);
  }
  const whereIs = (keyPath: KeyPath): string => {
    for (let length = keyPath.length; length > 0; length--) {
      const override = set.get(joinPath(keyPath.slice(0, length)));
      if (override !== undefined) return override;
    }
    return overrideOfObject.get(joinPath(keyPath)) ?? `${path}:${lineOf(document, lines, part === undefined ? keyPath : [part, ...keyPath])}`;
  };
  return { values: values as Record<string, unknown>, whereIs };
}
