/** Observations of a twin experiment: the truth run at the monitors, with noise, in the long layout that the case names. */
import type { Species } from '../base/species';
import { surfaceChannels, type Case } from '../case';
import { writeFileAtomic } from '../files/checkpoint';
import { gasStateAt, type GasState } from '../observations/model-units';
import { readStations } from '../observations/stations';
import { ConfigError } from '../base/errors';
import type { Grid } from '../grid/grid';
import { Random } from '../base/random';
import { quotedField } from '../base/whole-files';
import { conversion } from '../units/units';

/**
 * Writes hourly observations of every station inside the grid: value · (1 + noise), with a smallest deviation per species, never negative. Times bear a Z,
 * so that the case's time zone says nothing of them; values are in the unit of their column, to 10⁻⁴ of the species' own.
 *
 * @param truth - concentrations of the truth run, `[hours, H, W, species]`
 */
export async function writeTwinObservations(
  path: string,
  settings: Case,
  period: { name: string; start: Date },
  grid: Grid,
  truth: Float32Array,
): Promise<void> {
  const { stations: stationSettings } = settings.observations;
  const { twin, columns } = twinSettings(settings);
  const { stations } = await readStations(stationSettings);
  const random = new Random(twin.seed).fork(`observations ${period.name}`);
  const { species: channels } = surfaceChannels(settings);
  const species = channels.filter((name) => columns.species[name]);
  const inUnit = species.map((name) => toColumnUnit(settings, name));
  const lines = [[columns.station, columns.time, ...species.map((name) => columns.species[name]!.column)].map(quotedField).join(',')];
  const cells = grid.rows * grid.cols;
  const hours = truth.length / (cells * channels.length);
  for (let hour = 0; hour < hours; hour++) {
    const date = new Date(period.start.getTime() + hour * 3_600_000);
    const time = `${date.toISOString().slice(0, 16)}Z`;
    for (const { id, lon, lat } of stations) {
      const cell = grid.cellAt(lon, lat);
      if (!cell) continue;
      const base = (hour * cells + cell.row * grid.cols + cell.col) * channels.length;
      const values = species.map((name) => noisy(truth[base + channels.indexOf(name)], name, twin, random));
      lines.push([quotedField(id), time, ...values.map((value, i) => inUnit[i](value, date))].join(','));
    }
  }
  writeFileAtomic(path, `${lines.join('\n')}\n`);
}

/** @throws {ConfigError} `TWIN_OBSERVATIONS` */
export function twinSettings({ observations: { twin, columns } }: Case): Required<Pick<Case['observations'], 'twin' | 'columns'>> {
  if (twin && columns) return { twin, columns };
  throw new ConfigError('TWIN_OBSERVATIONS', 'observations: a twin experiment needs observations.twin and observations.columns: add both');
}

/** Text of a value in ppb or µg m-3, in the unit of its column: what {@link ObservationReader} makes of the unit, the other way round. @throws {UnitError} if it is no concentration */
export function toColumnUnit(settings: Case, species: Species): (value: number, time: Date) => string {
  const { columns, gasReference } = settings.observations;
  const { units, molarMass } = surfaceChannels(settings);
  const stateAt = gasStateAt(gasReference);
  const subject = `observations.columns.species.${species}`;
  const { unit } = columns!.species[species]!;
  const conversions = new Map<GasState, ReturnType<typeof conversion>>(); // units are parsed once, and not for every value
  const conversionOf = (state: GasState): ReturnType<typeof conversion> => {
    const converted = conversion(unit, units[species], { molarMass: molarMass[species], ...state, subject });
    conversions.set(state, converted);
    return converted;
  };
  return (value, time) => {
    const state = stateAt(time.getTime());
    const { scale, offset } = conversions.get(state) ?? conversionOf(state);
    const rounded = value.toFixed(4);
    return scale === 1 && offset === 0 ? rounded : String((Number(rounded) - offset) / scale);
  };
}

/** What beside `observations.twin` decides the file. */
export function twinFileSettings({ observations: { twin, columns, gasReference } }: Case): object | undefined {
  return twin && columns && { columns, gasReference };
}

function noisy(value: number, species: Species, twin: { noise: number; floor: Record<Species, number> }, random: Random): number {
  const deviation = Math.max(twin.floor[species], twin.noise * value);
  return Math.max(0, value + deviation * random.normal());
}

/** Factors `[groups, H, W]` with the group last: `[H, W, groups]`. @param groups - how many there are */
export function groupLast(factors: Float32Array, groups: number): Float32Array {
  const cells = factors.length / groups;
  return Float32Array.from({ length: factors.length }, (_, i) => factors[(i % groups) * cells + Math.floor(i / groups)]);
}
