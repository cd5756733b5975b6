/** The file that every run of a transport model leaves: surface concentrations, hourly means; and what is read of a run's files. */
import { IoapiWriter } from '../files/ioapi/ioapi-writer';
import { knownSpecies, speciesOfTable, type Species, type SpeciesUnit } from '../base/species';
import type { Grid, TimeAxis } from '../grid/grid';
import { surfaceChannels, type Case } from '../case';
import { readConcentrations } from '../case/gridded/case-fields';
import { IoapiSeries, OUTPUT_OVERLAP } from '../files/ioapi/ioapi-series';

/** A variable of the file. */
export interface SurfaceVariable {
  name: string;
  units: string;
  description: string;
}

/** Name of each species in the file of the reference model, as the case's `concentrations.variables` says. */
export type OutputNames = Readonly<Record<Species, string>>;

/** A species in the file. @param name - of its variable @param unit - of its concentrations */
export function surfaceVariable(species: Species, name: string, unit: SpeciesUnit): SurfaceVariable {
  const description = `${knownSpecies(species)?.longName ?? species} at the surface, mean of the hour`;
  return { name, units: unit === 'ppb' ? 'ppbV' : unit, description };
}

/** Species that are known by their names, in the order in which they are named. */
export function speciesVariables(names: OutputNames): SurfaceVariable[] {
  return Object.entries(names).map(([species, name]) => surfaceVariable(species, name, speciesOfTable(species).unit));
}

/** Opens `path` for writing; it appears under its name only when closed. */
export function createSurfaceOutput(path: string, grid: Grid, time: TimeAxis, variables: readonly SurfaceVariable[], history: string): IoapiWriter {
  return IoapiWriter.create(path, {
    grid,
    time,
    layers: 1,
    variables: [...variables],
    attributes: { FILEDESC: 'Surface concentrations, hourly means (ACONC)', HISTORY: history },
  });
}

/**
 * Surface concentrations of a run's files in a period.
 *
 * @returns `[T, H, W, species]`, the species of the case at the surface in their order: gases in ppb, particles in µg m-3
 * @throws {GridError} {DataError} if a file lies on another grid, lacks a variable or an hour, or cannot be read
 */
export function readRunConcentrations(
  settings: Pick<Case, 'concentrations' | 'emissions'>,
  files: string[],
  { grid, time }: { grid: Grid; time: TimeAxis },
  signal?: AbortSignal,
): Float32Array {
  const { species, units } = surfaceChannels(settings);
  const variables = Object.fromEntries(species.map((name) => [name, settings.concentrations.variables[name]]));
  const series = IoapiSeries.open(files, { grid, overlap: OUTPUT_OVERLAP });
  try {
    return readConcentrations(series, time, variables, units, { signal });
  } finally {
    series.close();
  }
}
