/** The file that every run of a transport model leaves: the four surface concentrations, hourly means. */
import { IoapiWriter } from '../files/ioapi/ioapi-writer';
import type { Species } from '../base/species';
import type { Grid, TimeAxis } from '../grid/grid';

/** A variable of the file. */
export interface SurfaceVariable {
  name: string;
  units: string;
  description: string;
}

/** Name of each species in the file of the reference model, as the case's `concentrations.variables` says. */
export type OutputNames = Record<Species, string>;

export const DEFAULT_OUTPUT_NAMES: OutputNames = { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' };

/** In the order of the species everywhere. */
export const OUTPUT_SPECIES: readonly { species: Species; units: string; description: string }[] = [
  { species: 'NO2', units: 'ppbV', description: 'nitrogen dioxide at the surface, mean of the hour' },
  { species: 'SO2', units: 'ppbV', description: 'sulfur dioxide at the surface, mean of the hour' },
  { species: 'O3', units: 'ppbV', description: 'ozone at the surface, mean of the hour' },
  { species: 'PM2.5', units: 'ug m-3', description: 'fine particles at the surface, mean of the hour' },
];

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
