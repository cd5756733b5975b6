/** Which variables of the groups the files of a sector hold: those of one kind of source have few of the species of the whole inventory. */
import { type IoapiReader, headOf } from '../../files/ioapi/ioapi-file';
import { DataError } from '../../base/errors';
import { groupNames, type EmissionGroups, type SectorFiles } from './emission-reader';

function variablesOf(groups: EmissionGroups): string[] {
  return groupNames(groups).flatMap((name) => groups[name].variables);
}

/** Variables of the groups that are not in a list. */
export function lackingVariables(groups: EmissionGroups, available: ReadonlySet<string>): string[] {
  return variablesOf(groups).filter((name) => !available.has(name));
}

/** The groups without the variables that are not in a list. */
export function groupsWithin(groups: EmissionGroups, available: ReadonlySet<string>): EmissionGroups {
  const variablesByGroup = groupNames(groups).map((name) => [
    name,
    { ...groups[name], variables: groups[name].variables.filter((variable) => available.has(variable)) },
  ]);
  return Object.fromEntries(variablesByGroup) as EmissionGroups;
}

/**
 * The groups of a partial sector, without the variables that none of its files holds.
 *
 * @throws {DataError} `FILES_DIFFER` if some of the files hold a variable and others do not: what it is in those nobody can know; `VARIABLE_MISSING` if they
 *   hold none at all: they are others than those that were meant
 */
export function groupsOfPartial(name: string, groups: EmissionGroups, files: readonly string[]): EmissionGroups {
  const heads = files.map(headOf);
  if (heads.some((head) => head === undefined)) return groups; // whoever reads the file says what is wrong with it
  const variables = heads.map((head) => new Set(head!.variables));
  const present = groupsWithin(groups, new Set(variables.flatMap((fileVariables) => [...fileVariables])));
  for (const variable of variablesOf(present)) assertInAll(name, variable, files, variables);
  if (variablesOf(present).length > 0) return present;
  throw new DataError(
    'VARIABLE_MISSING',
    `${files[0]}: sector ${name}: it holds no variable of the groups: give its emission files, or groups of its own`,
  );
}

function assertInAll(sector: string, variable: string, files: readonly string[], available: readonly ReadonlySet<string>[]): void {
  const lacking = available.findIndex((variables) => !variables.has(variable));
  if (lacking < 0) return;
  const holder = files[available.findIndex((variables) => variables.has(variable))];
  throw new DataError(
    'FILES_DIFFER',
    `${files[lacking]}: sector ${sector}: expected the variable ${variable} as in ${holder} but received none of that name: give files that all hold it, or none that does`,
  );
}

/** @throws {DataError} `VARIABLE_MISSING`, naming the sector and all that it lacks */
export function assertHolds(
  { path, variables }: Pick<IoapiReader, 'path' | 'variables'>,
  { name, groups }: Pick<SectorFiles, 'name' | 'groups'>,
): void {
  const lacking = lackingVariables(groups, new Set(variables.map((variable) => variable.name)));
  if (lacking.length === 0) return;
  const shown = lacking.length > SHOWN ? `${lacking.slice(0, SHOWN).join(', ')} …` : lacking.join(', ');
  throw new DataError(
    'VARIABLE_MISSING',
    `${path}: sector ${name}: expected the ${variablesOf(groups).length} variables of its groups but ${lacking.length} of them ${lacking.length === 1 ? 'is' : 'are'} not there (${shown}): set emissions.sectors.${name}.partial: true if it does not emit them, name its own groups, or give files that hold them`,
  );
}

const SHOWN = 8;
