/**
 * Columns of a twin experiment: what satellites would have seen of the truth run, a file a day and product, in the structure of TROPOMI's L2 (NO2, HCHO, SO2) and CrIS' (NH3).
 *
 * Each overpass is at 13:30 local time over the whole grid, as far as the swath reaches. Pixels are squares of 7 km, where TROPOMI's are 5.5 x 3.5 km at the nadir: fewer, so
 * that a file of the demo has two megabytes. Those of NH3 are circles of 14 km. Clouds of a day, the same for all products, hide a third to a half of the grid.
 */
import { columnEntries, type Case, type ColumnEntry, type PeriodSettings } from '../../case';
import { comparedDays, twinColumnFiles } from '../../case/case-runs';
import { Random } from '../../base/random';
import type { Grid } from '../../grid/grid';
import { infraredColumns, scatteredColumns, type OverpassView, type ScatteredGas } from './drawn-columns';
import { overpassOver } from './overpass';
import { PixelPlaces } from './pixel-fields';
import { writeCris, writeTropomi } from './satellite-files';
import { truthProfilesAt } from './truth-profiles';

/** m */
const PIXEL_SIZE = { scattered: 7e3, infrared: 14e3 };
const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000];

/** Files of the truth run. */
export interface TruthLayers {
  /** with the gases in layers, instants */
  layers: readonly string[];
  /** with PRES, DENS, ZF and ZH of these layers; of the reference model the same */
  meteorology: readonly string[];
  /** variable of each gas */
  variables: Readonly<Record<string, string>>;
}

/** The columns of the case that `simulate` draws. */
export function twinColumns(settings: Pick<Case, 'columns'>): ColumnEntry[] {
  return columnEntries(settings).filter(({ twin }) => twin !== undefined);
}

/** What decides the files of a twin's columns; nothing without any. */
export function twinColumnSettings(settings: Pick<Case, 'columns'>): object | undefined {
  const entries = twinColumns(settings);
  return entries.length === 0 ? undefined : entries.map(({ name, gas, twin }) => ({ name, gas, twin }));
}

/**
 * Writes the columns of a period after its spin-up. A day whose overpass is before or after it has a file without a pixel that passes.
 *
 * @param dir - of `simulate`
 * @returns paths of the files
 * @throws {DataError} `LAYERS_DIFFER`, and what `IoapiFile.open` and `NetcdfOutput.create` throw
 */
export function writeTwinColumns(dir: string, settings: Case, period: PeriodSettings, grid: Grid, truth: TruthLayers): string[] {
  const random = new Random(settings.observations.twin!.seed).fork('satellites'); // the case has it where it has twins of columns
  const days = comparedDays(period);
  return twinColumns(settings).flatMap((entry) =>
    twinColumnFiles(dir, entry.name, period).map((path, index) => {
      writeDay(path, entry, days[index], { period, grid, truth, random });
      return path;
    }),
  );
}

interface Drawing {
  period: PeriodSettings;
  grid: Grid;
  truth: TruthLayers;
  random: Random;
}

function writeDay(path: string, { name, gas, twin }: ColumnEntry, day: number, { period, grid, truth, random }: Drawing): void {
  const date = new Date(day).toISOString().slice(0, 10);
  const weather = random.fork(`${period.name} ${date}`);
  const pixels = overpassOver(grid, day, gas === 'NH3' ? PIXEL_SIZE.infrared : PIXEL_SIZE.scattered, weather.fork('orbit'));
  const time = pixels.times[Math.floor(pixels.scanlines / 2)];
  const start = new Date(period.start).getTime();
  const isWithin = time >= start && time <= start + period.hours * HOUR_MS;
  const view: OverpassView = {
    grid,
    places: new PixelPlaces(grid, pixels),
    profiles: isWithin ? truthProfilesAt(truth.layers, truth.meteorology, { grid, variable: truth.variables[gas], time }) : undefined,
    time,
    bias: twin!.bias,
    weather,
    product: random.fork(`${name} ${period.name} ${date}`),
  };
  if (gas === 'NH3') writeCris(path, pixels, infraredColumns(view));
  else writeTropomi(path, gas as ScatteredGas, pixels, scatteredColumns(view, gas as ScatteredGas, gas === 'NO2'), 1 + day / DAY_MS);
}
