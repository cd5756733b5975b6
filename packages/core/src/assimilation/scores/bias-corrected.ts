/** Both runs with what is the same everywhere taken out of their misfit: whether an update has the pattern right, or only the level. */
import { Role } from '../../inversion/cost/cost';
import type { StationSeries } from '../../inversion/observations/observation-operator';
import type { BiasCorrected } from '../../inversion/scores/score-rows';
import { quantile } from '../../base/vectors';
import type { Monitors } from '../observed/monitors';

/**
 * Each run plus the median of its misfit (observed − simulated) over all values of the monitors in the cost: one number for each species, the same at all
 * stations and times. The median lowers the mean absolute error most. Withheld and watched monitors have no say in it.
 *
 * @returns by species, `[T, S]`, nothing below zero; of a species without a value in the cost the runs as they are. Empty without a monitor in the cost
 */
export function biasCorrectedSeries(
  prior: StationSeries,
  updated: StationSeries,
  { watched }: Pick<Monitors, 'watched'>,
): Map<string, Record<BiasCorrected, Float32Array>> {
  const inCost = prior.stations.map(({ id, role }) => role !== Role.withheld && !watched.has(id));
  if (!inCost.includes(true)) return new Map();
  const corrected = (species: string, { observed, simulated }: StationSeries): Float32Array => {
    const run = simulated.get(species)!;
    const misfits = observed.get(species)!.map((value, i) => (inCost[i % inCost.length] ? value - run[i] : NaN));
    const bias = quantile(misfits, 0.5);
    return Number.isFinite(bias) ? run.map((value) => Math.max(0, value + bias)) : run;
  };
  return new Map(
    [...prior.observed.keys()].map((species) => [
      species,
      { priorBiasCorrected: corrected(species, prior), updatedBiasCorrected: corrected(species, updated) },
    ]),
  );
}
