/** The file that every run of a transport model leaves: the four surface concentrations, hourly means; and what is read of a run's files. */
import { IoapiWriter } from '../files/ioapi/ioapi-writer';
import { ofSpecies, type Species, SPECIES, SPECIES_FACTS } from '../base/species';
import type { Grid, TimeAxis } from '../grid/grid';
import { type Case } from '../case';
import { readConcentrations } from '../case/gridded/case-fields';
import { IoapiSeries, OUTPUT_OVERLAP } from '../files/ioapi/ioapi-series';

/** A variable of the file. */
export interface SurfaceVariable {
  name: string;
  units: string;
  description: string;
}

/** Name of each species in the file of the reference model, as the case's `concentrations.variables` says. */
export type OutputNames = Record<Species, string>;

export const DEFAULT_OUTPUT_NAMES: OutputNames = ofSpecies(({ variable }) => variable);

/** In the order of the species everywhere. */
export const OUTPUT_SPECIES: readonly { species: Species; units: string; description: string }[] = SPECIES.map((species) => {
  const { unit, longName } = SPECIES_FACTS[species];
  return { species, units: unit === 'ppb' ? 'ppbV' : unit, description: `${longName} at the surface, mean of the hour` };
});

/** The four species under their names in the file. */
export function speciesVariables(names: OutputNames): SurfaceVariable[] {
  return OUTPUT_SPECIES.map(({ species, units, description }) => ({ name: names[species], units, description }));
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
 * @returns `[T, H, W, 4]`; NO2, SO2, O3 in ppb, PM2.5 in µg m-3
 * @throws {GridError} {DataError} if a file lies on another grid, lacks a variable or an hour, or cannot be read
 */
export function readRunConcentrations(
  { concentrations: { variables } }: Case,
  files: string[],
  { grid, time }: { grid: Grid; time: TimeAxis },
  signal?: AbortSignal,
): Float32Array {
  const series = IoapiSeries.open(files, { grid, overlap: OUTPUT_OVERLAP });
  try {
    return readConcentrations(series, time, Object.fromEntries(SPECIES.map((name) => [name, variables[name]])), { signal });
  } finally {
    series.close();
  }
}
