/** What an inversion found beside the emissions, as it adds to a run of the transport model at the stations. */
import { nuisanceChanges, type PeriodSettings } from '../../data/case';
import { PREPARED_SPECIES, type PreparedPeriod } from '../../data/prepared';
import type { ObservationOperator, StationSeries } from '../../inversion/observation-operator';
import type { InvertSummary } from '../invert/invert-stage';
import { changedFields, nameOfPart, sharedBiasName, varyingParts } from '../invert/nuisance';
import { variantSettings } from '../learn/learning';
import { readRecord } from '../engine/record';
import type { StageContext } from '../engine/stage';
import { PRIOR } from '../simulate/case-runs';

/** Hours of a run that are in memory at once. */
const HOURS_AT_ONCE = 24;

/**
 * The updated run with what was found: of each of `nuisance.runs` its change on the prior emissions times its part there and then, and the biases that all monitors
 * share. Those of the monitors of one cell are not in it, since withheld monitors have none.
 *
 * @param updated - series of the updated run at the stations of the operator
 * @returns by species, `[T, S]`, nothing below zero; undefined where the inversion has nothing of the kind
 */
export function foundBeside(
  context: StageContext,
  settings: PeriodSettings,
  prepared: PreparedPeriod,
  operator: ObservationOperator,
  updated: StationSeries,
): Map<string, Float32Array> | undefined {
  const { runs } = variantSettings(context).inversion.nuisance;
  const { nuisance } = readRecord(context.dirOf('invert'))!.summary as InvertSummary;
  const shared = PREPARED_SPECIES.map((species) => nuisance?.find(({ name }) => name === sharedBiasName(species))?.value);
  if (!nuisance || (runs.length === 0 && shared.every((value) => value === undefined))) return undefined;
  const { periods } = context.case;
  const p = periods.findIndex(({ name }) => name === settings.name);
  const { grid, time } = prepared;
  const hours = periods.map((period) => period.hours);
  const cells = [...new Set(updated.stations.map(({ cell }) => cell))];
  const perHour = grid.rows * grid.cols * PREPARED_SPECIES.length;
  const found = new Float32Array(time.count * perHour);
  for (const run of runs) {
    const { fields, starts } = varyingParts(run, hours, grid);
    const field = fields[p];
    const [index, weight] = [new Int32Array(field.perPlace), new Float64Array(field.perPlace)];
    for (const change of nuisanceChanges(run)) {
      const name = nameOfPart(run, change);
      const values = nuisance.filter((each) => each.name === name || each.name.startsWith(`${name} at `)).map(({ value }) => value);
      const changed = changedFields(context, change, prepared);
      for (let first = 0; first < time.count; first += HOURS_AT_ONCE) {
        const count = Math.min(HOURS_AT_ONCE, time.count - first);
        const fieldsOfRun = changed({ first, count });
        for (let h = 0; h < count; h++) {
          for (const cell of cells) {
            field.see([first + h + 0.5, Math.floor(cell / grid.cols), cell % grid.cols], index, weight, 0);
            const part = index.reduce((sum, node, k) => sum + weight[k] * values[starts[p] + node], 0);
            for (let s = 0; s < PREPARED_SPECIES.length; s++) {
              const at = h * perHour + cell * PREPARED_SPECIES.length + s;
              const of = first * perHour + at;
              found[of] += part * (fieldsOfRun[at] - prepared.runs.get(PRIOR)!.concentrations[of]);
            }
          }
        }
      }
    }
  }
  const { simulated: added } = operator.atStations(found);
  return new Map(
    [...updated.simulated].map(([species, series]) => {
      const bias = shared[PREPARED_SPECIES.findIndex((name) => name === species)] ?? 0;
      const change = added.get(species)!;
      return [species, series.map((value, i) => Math.max(0, value + change[i] + bias))];
    }),
  );
}
