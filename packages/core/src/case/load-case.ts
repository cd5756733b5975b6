/** Reads a case file: YAML, checked strictly, with the paper's defaults where its mode is asked for and absolute paths. */
import { dirname, resolve } from 'node:path';
import { expectArgument, ConfigError } from '../base/errors';
import { knownGroup, knownSpecies, type CaseChannels } from '../base/species';
import { drawMasks } from './gridded/regions';
import { mapPaths } from './schema/json-schema';
import { channelsNamed, parseCase, type Case } from './schema/case-schema';
import { checkCase } from './checks/checks';
import { paperDefaultsOf } from './paper-defaults';
import { describeProblems } from './problems';
import { readCaseSource } from './case-source';
import { joinPath } from './source';

export type Tree = Record<string, unknown>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `over` laid over `under`, key by key; what is not a group of keys replaces. */
function overlay(base: Tree, overrides: Tree): Tree {
  const out = { ...base };
  for (const [key, value] of Object.entries(overrides)) {
    const baseValue = out[key];
    out[key] = isTree(baseValue) && isTree(value) ? overlay(baseValue, value) : value;
  }
  return out;
}

function withDefaults(defaults: object, overrides: unknown): unknown {
  if (overrides === undefined || overrides === null) return { ...defaults };
  return isTree(overrides) ? overlay(defaults as Tree, overrides) : overrides;
}

/** What the table does not hold of a group or a species, and the case says once: it is so in the paper's mode too. */
function factsOfCase(inversion: unknown, { groups, species }: CaseChannels): Tree {
  const factsIn = (key: string, names: readonly string[]): Tree => {
    const section = isTree(inversion) ? inversion[key] : undefined;
    return isTree(section) ? Object.fromEntries(names.filter((name) => name in section).map((name) => [name, section[name]])) : {};
  };
  return {
    priorSpread: factsIn(
      'priorSpread',
      groups.filter((name) => knownGroup(name) === undefined),
    ),
    observationError: factsIn(
      'observationError',
      species.filter((name) => knownSpecies(name) === undefined),
    ),
  };
}

/**
 * Puts the paper's values under what the file says: in `surrogate` (with `training`) and `inversion` where their mode is `paper`, and in
 * the three sections of `paperMode`, which inherit nothing from the case's own.
 */
export function applyPaperDefaults(values: Tree): Tree {
  const out = { ...values };
  const channels = channelsNamed(values);
  const paperDefaults = paperDefaultsOf(channels.species);
  const isPaper = (section: unknown): boolean => isTree(section) && section['mode'] === 'paper';
  if (isPaper(values['surrogate'])) {
    out['surrogate'] = withDefaults(paperDefaults.surrogate, values['surrogate']);
    out['training'] = withDefaults(paperDefaults.training, values['training']);
  }
  if (isPaper(values['inversion'])) out['inversion'] = withDefaults(paperDefaults.inversion, values['inversion']);
  const paperMode = values['paperMode'] ?? {};
  if (isTree(paperMode)) {
    out['paperMode'] = {
      ...paperMode,
      surrogate: withDefaults(paperDefaults.surrogate, paperMode['surrogate']),
      training: withDefaults(paperDefaults.training, paperMode['training']),
      inversion: withDefaults({ ...paperDefaults.inversion, ...factsOfCase(values['inversion'], channels) }, paperMode['inversion']),
    };
  }
  return out;
}

/**
 * Reads and checks a case file.
 *
 * @param path - the YAML file; paths in it are relative to its folder and come back absolute, with `{period}` kept. Or a run folder: the case as its last
 *   command read it, with all defaults in it
 * @param overrides - `key=value`, such as `inversion.priorSpread.NOx=0.4` or `periods.0.hours=48`; values are YAML
 * @throws {ConfigError} `CASE_FILE_MISSING`, `RUN_FILE_MISSING`, `CASE_SYNTAX`, `CASE_OVERRIDE`, `CALL_INVALID`; `CASE_UNKNOWN_KEY` or `CASE_INVALID` with every problem found,
 *   one sentence a line
 * @throws {DataError} {GridError} as `readMask`, if a region is a mask; then GRIDDESC is read, too
 * @example const demo = loadCase('examples/demo/case.yaml', ['inversion.iterations=50']);
 */
export function loadCase(path: string, overrides: readonly string[] = []): Case {
  expectArgument(typeof path === 'string', 'path', 'the path of a case file', path);
  expectArgument(Array.isArray(overrides), 'overrides', "a list, such as ['inversion.iterations=50'],", overrides);
  const source = readCaseSource(path, overrides);
  const { file } = source;
  const parsed = parseCase(applyPaperDefaults(source.values));
  if (!parsed.success) {
    const { sentences, unknown } = describeProblems(parsed.error.issues, source);
    throw new ConfigError(unknown ? 'CASE_UNKNOWN_KEY' : 'CASE_INVALID', sentences.join('\n'));
  }
  const result: Case = { ...parsed.data, file };
  const breaches = checkCase(result);
  if (breaches.length > 0) {
    throw new ConfigError(
      'CASE_INVALID',
      breaches.map((breach) => `${source.whereIs(breach.path)}: ${joinPath(breach.path)}: ${breach.text}`).join('\n'),
    );
  }
  mapPaths(result, (path) => resolve(dirname(file), path));
  drawMasks(result);
  return result;
}

/** The case that a function is given, loaded or as the path of its file. @throws as {@link loadCase} */
export function caseOf(source: string | Case): Case {
  if (typeof source === 'string') return loadCase(source);
  expectArgument(typeof source === 'object' && source !== null && 'file' in source, 'case', 'what loadCase gave, or the path of a case file', source);
  return source;
}

/**
 * A case that was loaded once and kept as JSON, with defaults and absolute paths in it.
 *
 * @param file - what {@link Case.file} is to be, and an error names
 * @throws {ConfigError} `CASE_INVALID` if another version wrote it that had other keys
 */
export function restoreCase(values: unknown, file: string): Case {
  const parsed = parseCase(values);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new ConfigError(
      'CASE_INVALID',
      `${file}: its case does not fit this version of Retroplume (${joinPath(path)}: ${message}): use the version that wrote it`,
    );
  }
  return { ...parsed.data, file };
}
