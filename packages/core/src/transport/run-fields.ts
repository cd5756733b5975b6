/** All fields of a run of a case, in the order of its species: concentrations at the surface and, where the case has columns, those. */
import { caseChannels, columnEntries, surfaceChannels, type Case } from '../case';
import { layersNeeded, layerVariables } from '../case/case-runs';
import { readColumns } from '../columns/column-store';
import { forEachColumnField, type GasColumns } from '../columns/run-columns';
import { RunLayers } from '../columns/run-layers';
import type { Hours } from '../fields/period-source';
import { putChannel } from '../files/ioapi/period-steps';
import { timeAt, type Grid, type TimeAxis } from '../grid/grid';
import { layersMeteorology, type RunFiles } from '../inventory/reading/sector-files';
import { readRunConcentrations } from './surface-output';

/** What a run has left in a period. */
export type RunOutput = Pick<RunFiles, 'concentrations' | 'layers'>;

interface ReadingContext {
  caseSettings: Case;
  dirOf: (stage: 'prepare') => string;
  signal?: AbortSignal;
}

interface ReadPeriod {
  name: string;
  grid: Grid;
  time: TimeAxis;
}

/** The layers of a run in some hours; close them. @throws what {@link RunLayers.open} throws */
export function openLayers(settings: Case, files: readonly string[], period: ReadPeriod): RunLayers {
  const reading = { grid: period.grid, meteorology: layersMeteorology(settings, period.name), variables: layerVariables(settings) };
  return RunLayers.open(files, reading, period.time);
}

/**
 * Reads the fields of a run, all hours or some at a time. Columns need the prepared store of the period.
 *
 * @returns of hours (default: all) `[hours, H, W, species]`: gases in ppb, particles in µg m-3, columns in µmol m-2, NaN in hours of which the prior has no layers
 * @throws {DataError} as {@link readRunConcentrations} and {@link forEachColumnField}, `PREPARED_MISSING`
 *
 * @example
 * const fields = runFields(context, { concentrations: ['ACONC.nc'], layers: ['LAYERS.nc'] }, period)();
 */
export function runFields(
  { caseSettings, dirOf, signal }: ReadingContext,
  { concentrations, layers }: RunOutput,
  period: ReadPeriod,
): (hours?: Hours) => Float32Array {
  const { grid, time } = period;
  let stored: GasColumns[] | undefined;
  return (hours = { first: 0, count: time.count }) => {
    const span = { ...time, start: timeAt(time, hours.first), count: hours.count };
    const surface = readRunConcentrations(caseSettings, concentrations, { grid, time: span }, signal);
    if (!layersNeeded(caseSettings)) return surface;
    stored ??= columnEntries(caseSettings).map(({ name, gas }) => ({ gas, columns: readColumns(dirOf('prepare'), period.name, name) }));
    using opened = openLayers(caseSettings, layers, { ...period, time: span });
    return withColumns(caseSettings, surface, grid, (putField) => forEachColumnField(opened, time, hours, stored!, putField, signal));
  };
}

/** Widens `[hours, H, W, surface species]` by the columns, which are the last species. */
function withColumns(
  settings: Case,
  surface: Float32Array,
  { rows, cols }: Grid,
  fill: (putField: Parameters<typeof forEachColumnField>[4]) => void,
): Float32Array {
  const [width, surfaceWidth] = [caseChannels(settings).species.length, surfaceChannels(settings).species.length];
  const cells = rows * cols;
  const fields = new Float32Array((surface.length / surfaceWidth) * width).fill(Number.NaN);
  for (let place = 0; place * surfaceWidth < surface.length; place++) {
    for (let s = 0; s < surfaceWidth; s++) fields[place * width + s] = surface[place * surfaceWidth + s];
  }
  fill((field, step, index) => putChannel(fields, width, surfaceWidth + index, step * cells, Float32Array.from(field)));
  return fields;
}
