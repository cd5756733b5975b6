/** Twin experiments: the error of prior and updated inventory against the known truth, in the whole domain and near the monitors that were used. */
import type { Group } from '../../base/species';
import type { PreparedPeriod } from '../../fields/prepared';
import { Role } from '../../inversion/cost/cost';
import { inventoryError } from '../../inversion/scores/inventory-error';
import type { StationSeries } from '../../inversion/observations/observation-operator';
import { joined } from '../../base/vectors';
import { readTruthFactors } from '../../worlds/truth-factors';
import { nearStations } from './audit';
import { ofGroup } from '../factors/factors-file';
import type { EmissionUpdate } from './emission-update';

export type InventoryErrors = Record<Group, { priorError: number; updatedError: number }>;

/** What the errors of one period are made of. */
export interface InventoryPart extends Pick<EmissionUpdate, 'prior' | 'updated'> {
  /** factors truth / prior, `[groups, H, W]` */
  truth: Float32Array;
  /** 1 in cells near a monitor that was used, `[H, W]` */
  near: Uint8Array;
}

/** Truth and cells near used monitors of a period. */
export function truthNearMonitors(
  truthFile: string,
  { grid, groups, name }: Pick<PreparedPeriod, 'grid' | 'groups' | 'name'>,
  { prior }: { prior: StationSeries },
  nearKm: number,
): Pick<InventoryPart, 'truth' | 'near'> {
  const used = prior.stations.filter(({ role }) => role !== Role.withheld);
  return { truth: readTruthFactors(truthFile, grid, name, groups), near: nearStations(grid, used, nearKm) };
}

export interface InventorySummary {
  /** error against the known truth, all periods together */
  inventory: InventoryErrors;
  /** the same of the cells within the inversion's correlation length of a monitor that was used */
  inventoryNearMonitors: InventoryErrors;
}

export function inventorySummary(parts: readonly InventoryPart[], groups: readonly Group[]): InventorySummary {
  return { inventory: errorsOf(parts, groups, () => 1), inventoryNearMonitors: errorsOf(parts, groups, ({ near }, cell) => near[cell]) };
}

/** Σ w·|factor − truth| / Σ w·truth over the cells of all periods, w the prior emissions in the cells that count. */
function errorsOf(parts: readonly InventoryPart[], groups: readonly Group[], counts: (part: InventoryPart, cell: number) => number): InventoryErrors {
  const errors = groups.map((group, g) => {
    const join = (values: (part: InventoryPart) => Float64Array): Float64Array => joined(Float64Array, parts.map(values));
    const weight = join((part) => ofGroup(part.prior, g, groups.length).map((emission, cell) => emission * counts(part, cell)));
    const truth = join((part) => Float64Array.from(part.truth.subarray(g * part.near.length, (g + 1) * part.near.length)));
    const factors = join(({ prior, updated }) => {
      const [priorValues, updatedValues] = [ofGroup(prior, g, groups.length), ofGroup(updated, g, groups.length)];
      return priorValues.map((emission, cell) => (emission > 0 ? updatedValues[cell] / emission : 1));
    });
    return [group, { priorError: inventoryError(weight, truth), updatedError: inventoryError(weight, truth, factors) }];
  });
  return Object.fromEntries(errors) as InventoryErrors;
}
