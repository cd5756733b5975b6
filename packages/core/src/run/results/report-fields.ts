/** What the report draws of a period: emissions and factors on the grid, monitors, and their series. */
import { join } from 'node:path';
import { GROUPS, SPECIES } from '../../base/species';
import type { PeriodSettings } from '../../case';
import { offsetAt } from '../../files/tables/local-time';
import type { PreparedPeriod } from '../../fields/prepared';
import { Role } from '../../inversion/cost/cost';
import type { ReportConcentrations, ReportEmissions, ReportStation } from '../../report';
import { readTruthFactors } from '../../worlds/truth-factors';
import { PRIOR } from '../../case/case-runs';
import { FACTORS_FILE, meanEmissions, ofGroup, readFactors } from '../../assimilation/factors/factors-file';
import type { StageContext } from '../engine/stage';
import { readConstrained, UNCERTAINTY_FILE } from '../../assimilation/posterior/uncertainty-file';
import type { PeriodSeries } from './verify';

export function landMaskOf({ geography, geographyNames }: PreparedPeriod): Float32Array | undefined {
  const channel = geographyNames.indexOf('LWMASK');
  return channel < 0 ? undefined : geography.filter((_, i) => i % geographyNames.length === channel);
}

/** @param options - own, paper: whose factors; constrained: whether the mask of what the monitors say nothing of is there */
export function emissionsOf(
  context: StageContext,
  period: PreparedPeriod,
  options: { own: StageContext; paper?: StageContext; constrained: boolean },
): ReportEmissions[] {
  const { own, paper } = options;
  const { emissions } = period.runs.get(PRIOR)!;
  const { grid, name, time } = period;
  const cells = grid.rows * grid.cols;
  const updatedBy = (variant: StageContext): Float64Array =>
    meanEmissions(emissions, time.count, readFactors(join(variant.dirOf('invert'), FACTORS_FILE), grid, name));
  const prior = meanEmissions(emissions, time.count);
  const updated = updatedBy(own);
  const paperUpdated = paper && updatedBy(paper);
  const truth = context.caseSettings.truth && readTruthFactors(context.caseSettings.truth.factors, grid, name);
  const constrained = options.constrained ? readConstrained(join(context.dirOf('uncertainty'), UNCERTAINTY_FILE), grid, name) : undefined;
  return GROUPS.map((group, g) => ({
    period: name,
    group,
    prior: ofGroup(prior, g),
    updated: ofGroup(updated, g),
    ...(paperUpdated ? { paper: ofGroup(paperUpdated, g) } : {}),
    ...(constrained ? { constrained: ofGroup(constrained, g) } : {}),
    ...(truth ? { truthFactor: truth.subarray(g * cells, (g + 1) * cells) } : {}),
  }));
}

export function stationsOf({ monitors, prior }: PeriodSeries): ReportStation[] {
  const known = new Map(monitors.observations.stations.map((station) => [station.id, station]));
  return prior.stations.map(({ id, role }) => {
    const { lon, lat, name } = known.get(id)!;
    return {
      id,
      lon,
      lat,
      ...(name === undefined ? {} : { name }),
      // `verify` scores watched monitors with the used ones; its operator does not tell them apart.
      role: role === Role.withheld ? 'withheld' : monitors.watched.has(id) ? 'watched' : 'used',
      block: monitors.block.get(id),
    };
  });
}

/** Series of a period in the common order of stations; a station that the period lacks is missing throughout. */
export function concentrationsOf(
  { period, own, paper }: { period: PeriodSettings; own: PeriodSeries; paper?: PeriodSeries },
  { order, timeZone }: { order: readonly string[]; timeZone: string },
): ReportConcentrations[] {
  const column = new Map(own.prior.stations.map(({ id }, j) => [id, j]));
  const width = own.prior.stations.length;
  const ordered = (values: Float32Array): Float32Array => {
    const out = new Float32Array((values.length / width) * order.length).fill(NaN);
    order.forEach((id, j) => {
      const from = column.get(id);
      if (from === undefined) return;
      for (let t = 0; t < values.length / width; t++) out[t * order.length + j] = values[t * width + from];
    });
    return out;
  };
  return SPECIES.filter((species) => own.prior.observed.has(species)).map((species) => ({
    period: period.name,
    species,
    start: own.prior.times[0],
    stepSeconds: own.monitors.observations.time.stepSeconds,
    utcOffsetHours: offsetAt(own.prior.times[0].getTime(), timeZone) / 3_600_000,
    observed: ordered(own.prior.observed.get(species)!),
    prior: ordered(own.prior.simulated.get(species)!),
    updated: ordered(own.updated.simulated.get(species)!),
    ...(paper ? { paper: ordered(paper.updated.simulated.get(species)!) } : {}),
  }));
}
