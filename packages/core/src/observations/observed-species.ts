/** The species that are asked of files of observations: any, of which Retroplume need not know one. */
import { expectArgument } from '../base/errors';
import { knownSpecies, SPECIES } from '../base/species';
import type { QualityRules } from './quality-rules';

/** A species that is asked for. What is left out is that of base/species.ts, where the species is known. */
export interface SpeciesRequest {
  name: string;
  /** of the values that are returned; needed of a species that is not known */
  unit?: 'ppb' | 'ug m-3';
  /** g mol-1; needed of a gas that is measured as mass and not known */
  molarMass?: number;
  /** least value that is a monitor's noise, in `unit`; 0 where nobody knows one */
  negativeFloor?: number;
  /** above it a value is no measurement, in `unit`; none where nobody knows one */
  mostObserved?: number;
  /** where most values lie below, the unit is wrong; none where nobody knows one */
  leastObserved?: number;
}

/** With what its values are held against. */
export interface ObservedSpecies {
  name: string;
  /** of all values that are handed out */
  unit: 'ppb' | 'ug m-3';
  /** g mol-1; absent for particles, and where nobody knows it */
  molarMass?: number;
  /** least value that is a monitor's noise */
  negativeFloor: number;
  /** above it a value is no measurement; Infinity where nobody knows a limit */
  mostObserved: number;
  /** where most values lie below, the unit is wrong; absent where nobody knows */
  leastObserved?: number;
}

/** What of a case's `observations` says the species. */
interface SpeciesOfCase {
  species?: readonly SpeciesRequest[];
  layout: string;
  columns?: { species: Readonly<Record<string, object | undefined>> };
  quality?: Pick<QualityRules, 'negativeFloor'>;
}

/**
 * Those that a case asks for, in its order: `species`, or the columns of the long layout, or the species of a case by default.
 *
 * @throws {ConfigError} `CALL_INVALID` for a list that is none, and a species without a unit
 */
export function observedSpecies({ species, layout, columns, quality }: SpeciesOfCase): ObservedSpecies[] {
  const requests = species ?? byDefault(layout === 'long' ? columns : undefined);
  const listName = 'readObservations: spec.species';
  expectArgument(Array.isArray(requests) && (species === undefined || species.length > 0), listName, 'one species or more', species);
  for (const request of requests) expectArgument(typeof request?.name === 'string' && request.name !== '', listName, 'objects with a name', request);
  const names = requests.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  expectArgument(twice === undefined, listName, 'each species once', twice);
  return requests.map((request) => {
    const { name } = request;
    const facts = knownSpecies(name);
    const { unit = facts?.unit, molarMass = facts?.molarMass, leastObserved = facts?.leastObserved } = request;
    const { mostObserved = facts?.mostObserved ?? Infinity, negativeFloor = facts?.negativeFloor ?? 0 } = request;
    expectArgument(unit === 'ppb' || unit === 'ug m-3', `${listName}: unit of ${name}`, 'ppb or ug m-3', unit);
    expectArgument(molarMass === undefined || molarMass > 0, `${listName}: molarMass of ${name}`, 'a number above 0, g mol-1', molarMass);
    const floor = quality?.negativeFloor?.[name] ?? negativeFloor;
    return { name, unit: unit as ObservedSpecies['unit'], molarMass, negativeFloor: floor, mostObserved, leastObserved };
  });
}

function byDefault(columns: SpeciesOfCase['columns']): SpeciesRequest[] {
  const names = columns ? Object.keys(columns.species).filter((name) => columns.species[name]) : SPECIES;
  return names.map((name) => ({ name }));
}
