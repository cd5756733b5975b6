/** Observations of a twin experiment: the truth run at the monitors, with noise, in the long layout that the case names. */
import { GROUPS, type Case, type Species } from '../../data/case';
import { writeFileAtomic } from '../../data/checkpoint';
import { readStations } from '../../data/stations';
import { PREPARED_SPECIES } from '../../data/prepared';
import { ConfigError } from '../../errors';
import type { Grid } from '../../grid/grid';
import { Random } from '../../random';

/**
 * Writes hourly observations of every station inside the grid: value · (1 + noise), with a smallest deviation per species, never negative.
 *
 * @param truth - concentrations of the truth run, `[hours, H, W, 4]`
 */
export async function writeTwinObservations(
  path: string,
  settings: Case,
  period: { name: string; start: Date },
  grid: Grid,
  truth: Float32Array,
): Promise<void> {
  const { twin, columns, stations: stationSettings } = settings.observations;
  if (!twin || !columns)
    throw new ConfigError('TWIN_OBSERVATIONS', 'observations: a twin experiment needs observations.twin and observations.columns: add both');
  const { stations } = await readStations(stationSettings);
  const random = new Random(twin.seed).fork(`observations ${period.name}`);
  const species = PREPARED_SPECIES.filter((name) => columns.species[name]);
  const lines = [[columns.station, columns.time, ...species.map((name) => columns.species[name]!.column)].join(',')];
  const cells = grid.rows * grid.cols;
  const hours = truth.length / (cells * PREPARED_SPECIES.length);
  for (let hour = 0; hour < hours; hour++) {
    const time = new Date(period.start.getTime() + hour * 3_600_000).toISOString().slice(0, 16);
    for (const { id, lon, lat } of stations) {
      const at = grid.cellAt(lon, lat);
      if (!at) continue;
      const base = (hour * cells + at.row * grid.cols + at.col) * PREPARED_SPECIES.length;
      const values = species.map((name) => noisy(truth[base + PREPARED_SPECIES.indexOf(name)], name, twin, random));
      lines.push([id, time, ...values.map((value) => value.toFixed(4))].join(','));
    }
  }
  writeFileAtomic(path, `${lines.join('\n')}\n`);
}

function noisy(value: number, species: Species, twin: { noise: number; floor: Record<Species, number> }, random: Random): number {
  const deviation = Math.max(twin.floor[species], twin.noise * value);
  return Math.max(0, value + deviation * random.normal());
}

/** Factors `[5, H, W]` with the group last: `[H, W, 5]`. */
export function groupLast(factors: Float32Array): Float32Array {
  const cells = factors.length / GROUPS.length;
  return Float32Array.from({ length: factors.length }, (_, i) => factors[(i % GROUPS.length) * cells + Math.floor(i / GROUPS.length)]);
}
