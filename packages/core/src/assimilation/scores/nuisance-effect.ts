/** What an inversion found beside the emissions, as it adds to a run of the transport model at the stations. */
import type { FoundNuisance } from '../observed/nuisance';
import { nuisanceChanges, type PeriodSettings } from '../../case';
import type { PreparedPeriod } from '../../fields/prepared';
import type { ObservationOperator, StationSeries } from '../../inversion/observations/observation-operator';
import type { VaryingNumber } from '../../inversion/model/nuisance-model';
import { changedFields, nameOfPart, sharedBiasName, valuesOfPart, varyingParts } from '../observed/nuisance';
import type { RunFields } from '../observed/observed-periods';
import type { Workspace } from '../workspace';
import { PRIOR } from '../../case/case-runs';

/** Hours of a run that are in memory at once. */
const HOURS_AT_ONCE = 24;

/** A run whose change is added, and the part of it. */
interface FoundPart {
  changed: RunFields;
  /** of the period */
  field: VaryingNumber;
  /** of its nodes */
  values: readonly number[];
}

/**
 * The updated run with what was found: of each of `nuisance.runs` its change on the prior emissions times its part there and then, and the biases that all monitors
 * share. Those of the monitors of one cell are not in it, since withheld monitors have none.
 *
 * @param updated - series of the updated run at the stations of the operator
 * @returns by species, `[T, S]`, nothing below zero; undefined where the inversion has nothing of the kind, or not what the case asks for
 */
export function nuisanceEffect(
  context: Workspace,
  settings: PeriodSettings,
  prepared: PreparedPeriod,
  operator: ObservationOperator,
  updated: StationSeries,
): Map<string, Float32Array> | undefined {
  const { nuisance = [] } = context.summaryOf<{ nuisance?: FoundNuisance[] }>('invert')!;
  const parts = foundParts(context, settings, prepared, nuisance);
  const shared = new Map(prepared.species.map((species) => [species, nuisance.find(({ name }) => name === sharedBiasName(species))?.value]));
  if (!parts || (parts.length === 0 && [...shared.values()].every((value) => value === undefined))) return undefined;
  const cells = [...new Set(updated.stations.map(({ cell }) => cell))];
  const added = operator.atStations(addedBy(parts, cells, prepared)).simulated;
  return new Map(
    [...updated.simulated].map(([species, series]) => {
      const [change, bias] = [added.get(species)!, shared.get(species) ?? 0];
      return [species, series.map((value, i) => Math.max(0, value + change[i] + bias))];
    }),
  );
}

/** Undefined, and said, where the inversion was made with other runs than the case has by now. */
function foundParts(
  context: Workspace,
  { name: period }: PeriodSettings,
  prepared: PreparedPeriod,
  nuisance: FoundNuisance[],
): FoundPart[] | undefined {
  const { periods } = context.caseSettings;
  const p = periods.findIndex(({ name }) => name === period);
  const hours = periods.map((settings) => settings.hours);
  const parts: FoundPart[] = [];
  for (const run of context.settings.inversion.nuisance.runs) {
    const { fields, starts, count } = varyingParts(run, hours, prepared.grid);
    for (const change of nuisanceChanges(run)) {
      const name = nameOfPart(run, change);
      const values = valuesOfPart(name, nuisance);
      if (values.length !== count) {
        context.log(
          `the inversion has ${values.length} numbers of ${name}, the case ${count}: without scores of what was found beside the emissions ("retroplume run" inverts anew)`,
        );
        return undefined;
      }
      parts.push({ changed: changedFields(context, change, prepared), field: fields[p], values: values.slice(starts[p]) });
    }
  }
  return parts;
}

/** Σ part · (changed − prior run) in some cells, `[hours, H, W, S]`; 0 in the others. */
function addedBy(parts: readonly FoundPart[], cells: readonly number[], { grid, time, species, runs }: PreparedPeriod): Float32Array {
  const prior = runs.get(PRIOR)!.concentrations;
  const [channels, perHour] = [species.length, grid.rows * grid.cols * species.length];
  const added = new Float32Array(time.count * perHour);
  for (const { changed, field, values } of parts) {
    const [index, weight] = [new Int32Array(field.perPlace), new Float64Array(field.perPlace)];
    let fields: Float32Array = new Float32Array(0);
    let [first, end] = [0, 0];
    for (let hour = 0; hour < time.count; hour++) {
      if (hour === end) {
        [first, end] = [hour, Math.min(time.count, hour + HOURS_AT_ONCE)];
        fields = changed({ first, count: end - first });
      }
      for (const cell of cells) {
        field.see([hour + 0.5, Math.floor(cell / grid.cols), cell % grid.cols], index, weight, 0);
        const part = index.reduce((sum, node, k) => sum + weight[k] * values[node], 0);
        const position = hour * perHour + cell * channels;
        for (let i = position; i < position + channels; i++) added[i] += part * (fields[i - first * perHour] - prior[i]);
      }
    }
  }
  return added;
}
