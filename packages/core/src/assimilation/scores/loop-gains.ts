/**
 * Predicted against realised gain: by how much the mean absolute error falls at the monitors, in what the surrogate says of updated emissions and in
 * what the transport model makes of them.
 *
 *   gain = MAE(prior run) − MAE(updated emissions),     agreement: |predicted − realised| ≤ a · |realised|
 */
import type { CaseChannels } from '../../base/species';
import { Role } from '../../inversion/cost/cost';

/** One period's observations, and what is simulated of them; arrays of equal length, in the unit of the species. */
export interface ComparedObservations {
  observed: Float32Array;
  prior: Float32Array;
  predicted: Float32Array;
  /** where the transport model ran */
  realised?: Float32Array;
  species: Uint8Array;
  role: Uint8Array;
  cell: ArrayLike<number>;
}

/** Errors at one side's monitors, in all periods together. */
export interface Gain {
  species: string;
  unit: string;
  /** `used`: those that chose the step or the pass included; `withheld`: those that judge */
  stations: 'used' | 'withheld';
  /** of the case; absent: the whole domain */
  region?: string;
  n: number;
  priorMae: number;
  predictedMae: number;
  realisedMae: number | null;
}

interface NamedMask {
  name: string;
  /** `[H, W]`: above 0 where a cell belongs to it */
  mask: ArrayLike<number>;
}

/** Gains by species and side, on the whole domain and in each region that holds observations. */
export function gainsOf(
  periods: readonly ComparedObservations[],
  regions: readonly NamedMask[],
  { species: names, units }: Pick<CaseChannels, 'species' | 'units'>,
): Gain[] {
  return [undefined, ...regions].flatMap((region) =>
    (['used', 'withheld'] as const).flatMap((stations) =>
      names.flatMap((species, s) => {
        const gain = gainOf(periods, (period, i) => {
          const withheld = period.role[i] === Role.withheld;
          return period.species[i] === s && withheld === (stations === 'withheld') && (!region || region.mask[period.cell[i]] > 0);
        });
        return gain.n > 0 ? [{ species, unit: units[species], stations, ...(region ? { region: region.name } : {}), ...gain }] : [];
      }),
    ),
  );
}

function gainOf(
  periods: readonly ComparedObservations[],
  counts: (period: ComparedObservations, i: number) => boolean,
): Pick<Gain, 'n' | 'priorMae' | 'predictedMae' | 'realisedMae'> {
  let n = 0;
  const sums = { prior: 0, predicted: 0, realised: 0 };
  for (const period of periods) {
    for (let i = 0; i < period.observed.length; i++) {
      if (!counts(period, i) || !Number.isFinite(period.observed[i])) continue;
      n++;
      sums.prior += Math.abs(period.prior[i] - period.observed[i]);
      sums.predicted += Math.abs(period.predicted[i] - period.observed[i]);
      sums.realised += period.realised ? Math.abs(period.realised[i] - period.observed[i]) : 0;
    }
  }
  const realised = periods.every((period) => period.realised);
  return { n, priorMae: sums.prior / n, predictedMae: sums.predicted / n, realisedMae: realised ? sums.realised / n : null };
}

/** Mean over species of the MAE at used monitors relative to that of the prior run: 1 = no gain. */
export function usedError(gains: readonly Gain[], kind: 'predicted' | 'realised'): number {
  const ratios = usedWhole(gains).map((gain) => (kind === 'predicted' ? gain.predictedMae : gain.realisedMae!) / gain.priorMae);
  return ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
}

/** Whether predicted and realised gain agree for every species at the used monitors, to a part of the realised gain. */
export function gainsAgree(gains: readonly Gain[], agreement: number): boolean {
  return usedWhole(gains).every(({ priorMae, predictedMae, realisedMae }) => {
    return Math.abs(realisedMae! - predictedMae) <= agreement * Math.abs(priorMae - realisedMae!);
  });
}

function usedWhole(gains: readonly Gain[]): Gain[] {
  return gains.filter(({ stations, region }) => stations === 'used' && region === undefined);
}
