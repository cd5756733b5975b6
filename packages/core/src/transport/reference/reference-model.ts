/**
 * Runs the reference transport model over a period: I/O API emissions and meteorology in, an ACONC-like I/O API file out, as CMAQ's would be.
 */
import { createTransportModel, type TransportBudget, type TransportModel, type TransportOptions } from '@retroplume/native';
import { REST } from '../../case';
import type { IoapiReader } from '../../files/ioapi/ioapi-file';
import type { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { firstStepOf } from '../../files/ioapi/period-steps';
import { openWeather, type WeatherOptions } from '../../weather/open-weather';
import { ConfigError, DataError, ShapeError, TransportError } from '../../base/errors';
import { type Grid, type TimeAxis, instant, timeAt } from '../../grid/grid';
import { LATLON } from '../../grid/projection';
import { groupNames, type EmissionGroups, type SectorFiles } from '../../inventory/reading/emission-reader';
import { InventoryReader } from '../../inventory/reading/inventory-reader';
import { checkReferenceChannels, referenceOptions, type ReferenceSettings } from './reference-options';
import { createSurfaceOutput, speciesVariables, type OutputNames } from '../surface-output';
import { changedWeather, changeInWords, type WeatherChange } from './weather-change';
import { LayersFile, type LayersOutput } from './layers-file';
import { readLandMask, readWeather } from './weather-reader';
import { WindError, type WindErrorSettings } from './wind-error';

export interface ReferenceRun {
  /** the grid of the run, which all files are on or hold as a window; by default that of the meteorology */
  grid?: Grid;
  /** I/O API, hourly; together they cover the period */
  emissionFiles: string[];
  /** where those are the files of several sectors: which are whose */
  sectors?: readonly SectorFiles[];
  meteorologyFiles: string[];
  /** how the meteorology is read, see openWeather */
  meteorology?: Omit<WeatherOptions, 'grid'>;
  /** with LWMASK; without it all cells are land */
  geographyFiles?: string[];
  /** path of the file to write */
  output: string;
  period: { start: Date; hours: number };
  /** what is emitted: some of the groups that the model knows */
  groups: EmissionGroups;
  /** `ctm.options` of the case */
  options?: ReferenceSettings;
  /** laid on the winds of the meteorology */
  windError?: WindErrorSettings;
  /** variable of the output for each species that is asked for, in their order */
  variables: OutputNames;
  /** a second file to write, with gases in the model's layers */
  layers?: LayersOutput;
  /** factors on the emission groups, `[rows, cols, groups]`, or one such field per hour */
  factors?: Float32Array;
  threads?: number;
  onProgress?: (completed: number, total: number, text: string) => void;
  signal?: AbortSignal;
}

const HOURS_AT_ONCE = 24;
const OPTIONS_KEY = 'ctm.options';
const MADE_BY = 'made by the reference transport model of Retroplume';

/**
 * Refuses options that no run on this grid would accept, before one is made.
 *
 * @param key - of the case, for messages
 * @throws {ConfigError} `CTM_OPTION`, `GRID_NOT_PROJECTED`
 */
export function checkReferenceOptions(grid: Grid, settings: ReferenceSettings, key: string): void {
  openModel(grid, referenceOptions(settings, key).options, key).dispose();
}

/**
 * Writes `output`, and the file with layers where there is to be one, under temporary names and renames both at the end; an error or an abort leaves nothing behind.
 *
 * @returns the mass budget of the run
 * @throws {DataError} for input files that do not fit (see openWeather, IoapiSeries, readMeteorology), `NEGATIVE`, `NOT_FINITE`
 * @throws {GridError} `GRID_MISMATCH`
 * @throws {ConfigError} `CTM_OPTION`, `CTM_GROUP`, `CTM_SPECIES`, `GRID_NOT_PROJECTED` for a lat-lon grid
 */
export async function runReferenceModel(run: ReferenceRun): Promise<TransportBudget> {
  const { options, weather } = referenceOptions(run.options ?? {}, OPTIONS_KEY);
  const channels = checkReferenceChannels(groupNames(run.groups), Object.keys(run.variables));
  const sectors = run.sectors ?? [{ name: REST, files: run.emissionFiles, groups: run.groups }];
  const period: TimeAxis = { start: run.period.start, stepSeconds: 3600, count: run.period.hours };
  const meteorology = openWeather(run.meteorologyFiles, { ...run.meteorology, grid: run.grid, during: period });
  try {
    const emissions = InventoryReader.open(sectors, meteorology.grid, period);
    try {
      return await simulate(run, { ...options, ...channels, threads: run.threads ?? 1 }, weather, meteorology, emissions);
    } finally {
      emissions.close();
    }
  } finally {
    meteorology.close();
  }
}

async function simulate(
  run: ReferenceRun,
  options: TransportOptions,
  change: WeatherChange,
  meteorology: IoapiReader,
  emissions: InventoryReader,
): Promise<TransportBudget> {
  const { grid } = meteorology;
  const period: TimeAxis = { start: run.period.start, stepSeconds: 3600, count: run.period.hours };
  const land = run.geographyFiles && readLandMask(run.geographyFiles, grid);
  firstStepOf(meteorology, period);
  const groups = Object.keys(run.groups).length;
  checkFactors(run.factors, { rows: grid.rows, cols: grid.cols, groups }, period.count);
  const windError = run.windError && new WindError(grid, run.windError);
  const model = openModel(grid, options, OPTIONS_KEY);
  const variables = speciesVariables(run.variables);
  const writer = createSurfaceOutput(run.output, grid, period, variables, MADE_BY);
  let layers: LayersFile | undefined;
  try {
    layers = run.layers && LayersFile.create(run.layers, grid, period, model.layers, MADE_BY);
    for (let hour = 0; hour < period.count; hour += HOURS_AT_ONCE) {
      const count = Math.min(HOURS_AT_ONCE, period.count - hour);
      const weather = readWeather(meteorology, { ...period, start: timeAt(period, hour), count }, windError);
      const emitted = scaled(emissions.read(hour, count), run.factors, hour, grid.rows * grid.cols * groups);
      for (let h = 0; h < count; h++) {
        run.signal?.throwIfAborted();
        const cells = emitted.length / count;
        const fields = { ...changedWeather(weather[h], change), emissions: emitted.subarray(h * cells, (h + 1) * cells), ...(land ? { land } : {}) };
        const moment = instant(timeAt(period, hour + h));
        if (hour + h === 0) await explained(async () => layers?.writeStart(model, fields), moment, change);
        const surface = await explained(() => model.advanceHour(fields), moment, change);
        writeHour(writer, Object.values(run.variables), hour + h, surface);
        await layers?.writeEnd(model, fields, hour + h);
        run.onProgress?.(hour + h + 1, period.count, 'reference model');
      }
    }
    layers?.close(); // first: a run is made when its surface file is there
    writer.close();
    return model.budget();
  } catch (error) {
    layers?.abort();
    writer.abort();
    throw error;
  } finally {
    model.dispose();
  }
}

function openModel(grid: Grid, options: TransportOptions, key: string): TransportModel {
  const { rows, cols, xcell, ycell, gdtyp, name } = grid.definition;
  if (gdtyp === LATLON) {
    throw new ConfigError(
      'GRID_NOT_PROJECTED',
      `grid ${name}: the reference model needs cells of one size in metres but received a lat-lon grid: use a projected grid, or a command of your own as ctm`,
    );
  }
  try {
    return createTransportModel({ rows, cols, cellSizeX: xcell, cellSizeY: ycell }, options);
  } catch (error) {
    if (codeOf(error) !== 'TRANSPORT_BAD_OPTIONS') throw error;
    throw new ConfigError('CTM_OPTION', `${key}: ${(error as Error).message}: see docs/dev/reference-model.md`, { cause: error });
  }
}

/** What the model refuses of an hour, in words of the case. */
async function explained<T>(call: () => Promise<T>, moment: string, change: WeatherChange): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = codeOf(error);
    if (code === 'TRANSPORT_BAD_EMISSIONS' || code === 'TRANSPORT_BAD_METEOROLOGY') {
      const reason = message.replace(/^transport model: /, '');
      const changed = code === 'TRANSPORT_BAD_METEOROLOGY' ? changeInWords(change) : undefined;
      throw new DataError(code, `${moment}: ${changed === undefined ? reason : blamed(reason, changed)}`, { cause: error });
    }
    throw new TransportError(code ?? 'TRANSPORT_FAILED', `${moment}: ${message}`, { cause: error });
  }
}

/** The files alone are not to be mended where settings of the case have changed what they hold. */
function blamed(message: string, changed: string): string {
  return message.replace(
    /: mend the meteorology file$/,
    `: the weather of the files is changed by ${changed}: mend these settings, or the meteorology file`,
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function writeHour(writer: IoapiWriter, names: readonly string[], hour: number, surface: Float32Array): void {
  names.forEach((name, channel) => {
    const field = Float32Array.from({ length: surface.length / names.length }, (_, cell) => surface[cell * names.length + channel]);
    writer.write(name, hour, field);
  });
}

function checkFactors(factors: Float32Array | undefined, shape: { rows: number; cols: number; groups: number }, hours: number): void {
  if (!factors) return;
  const { rows, cols, groups } = shape;
  const fieldSize = rows * cols * groups;
  if (factors.length !== fieldSize && factors.length !== hours * fieldSize) {
    throw new ShapeError(
      'FACTORS_SHAPE',
      `factors: expected [${rows}, ${cols}, ${groups}] or [${hours}, ${rows}, ${cols}, ${groups}] but received ${factors.length} values: pass one field, or one per hour`,
    );
  }
  const wrong = factors.find((factor) => !(factor >= 0 && factor < Infinity));
  if (wrong !== undefined)
    throw new DataError('FACTORS_INVALID', `factors: expected finite values of 0 or more but received ${wrong}: mend the factors`);
}

/** Multiplies hours `[count, rows, cols, groups]` from `hour` on by the factors, in place. @param fieldSize - rows x cols x groups */
function scaled(emissions: Float32Array, factors: Float32Array | undefined, hour: number, fieldSize: number): Float32Array {
  if (!factors) return emissions;
  const offset = factors.length === fieldSize ? 0 : hour * fieldSize;
  for (let i = 0; i < emissions.length; i++) emissions[i] *= factors[factors.length === fieldSize ? i % fieldSize : offset + i];
  return emissions;
}
