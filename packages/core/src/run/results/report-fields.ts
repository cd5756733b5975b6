/** What the report draws of a period: emissions and factors on the grid, monitors, and their series. */
import { join } from 'node:path';
import type { Group, Species } from '../../base/species';
import type { InversionSettings, PeriodSettings } from '../../case';
import { offsetAt } from '../../files/tables/local-time';
import type { PreparedPeriod } from '../../fields/prepared';
import { Role } from '../../inversion/cost/cost';
import type { ReportColumnField, ReportConcentrations, ReportEmissions, ReportStation } from '../../report';
import type { ComparedColumns } from '../../assimilation/scores/column-scores';
import { readTruthFactors } from '../../worlds/truth-factors';
import { PRIOR } from '../../case/case-runs';
import { spreadFactors } from '../../assimilation/prior/prior-covariance';
import { movementOfGroups } from '../../inversion/uncertainty/movement';
import { FACTORS_FILE, meanEmissions, ofGroup, readFactors, type PeriodFactors } from '../../assimilation/factors/factors-file';
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
  options: { mainContext: StageContext; paper?: StageContext; constrained: boolean },
): ReportEmissions[] {
  const { mainContext, paper } = options;
  const { emissions } = period.runs.get(PRIOR)!;
  const { grid, groups, name, time } = period;
  const cells = grid.rows * grid.cols;
  const factorsOf = (variant: StageContext): PeriodFactors => readFactors(join(variant.dirOf('invert'), FACTORS_FILE), period, name);
  const prior = meanEmissions(emissions, time.count);
  const factors = factorsOf(mainContext);
  const updated = meanEmissions(emissions, time.count, factors);
  const paperUpdated = paper && meanEmissions(emissions, time.count, factorsOf(paper));
  const moved = movementOf(mainContext, period, factors, prior);
  const truth = context.caseSettings.truth && readTruthFactors(context.caseSettings.truth.factors, grid, name, groups);
  const constrained = options.constrained ? readConstrained(join(context.dirOf('uncertainty'), UNCERTAINTY_FILE), period, name) : undefined;
  return groups.map((group, g) => ({
    period: name,
    group,
    prior: ofGroup(prior, g, groups.length),
    updated: ofGroup(updated, g, groups.length),
    ...(paperUpdated ? { paper: ofGroup(paperUpdated, g, groups.length) } : {}),
    ...(Number.isFinite(moved[g]) ? { movement: moved[g] } : {}),
    ...(constrained ? { constrained: ofGroup(constrained, g, groups.length) } : {}),
    ...(truth ? { truthFactor: truth.subarray(g * cells, (g + 1) * cells) } : {}),
  }));
}

/** Of each group, in spreads of the prior; nothing in the paper's mode, whose cost has no prior. Where sectors have factors of their own, it is that of their sum. */
function movementOf(
  { settings: { inversion }, caseSettings: { regions } }: StageContext,
  { grid, groups }: Pick<PreparedPeriod, 'grid' | 'groups'>,
  { data }: PeriodFactors,
  emissions: Float64Array,
): number[] {
  if (inversion.mode === 'paper') return [];
  const spreads = groups.map((group) => (inversion.groups.includes(group) ? spreadOf(inversion, group) : 0));
  const spread = spreadFactors(inversion.regionSpread, regions, { grid, groups }).map((factor, i) => factor * spreads[i % groups.length]);
  return movementOfGroups({ factors: data, spread, emissions, groups: groups.length });
}

/** The largest of a group, of whatever sector. */
function spreadOf({ priorSpread, sectors }: InversionSettings, group: Group): number {
  return Math.max(priorSpread[group], ...sectors.map((sector) => sector.priorSpread[group] ?? 0));
}

export function stationsOf({ monitors, prior }: PeriodSeries): ReportStation[] {
  const stationsById = new Map(monitors.observations.stations.map((station) => [station.id, station]));
  return prior.stations.map(({ id, role }) => {
    const { lon, lat, name } = stationsById.get(id)!;
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
  { period, main, paper }: { period: PeriodSettings; main: PeriodSeries; paper?: PeriodSeries },
  { order, timeZone, species }: { order: readonly string[]; timeZone: string; species: readonly Species[] },
): ReportConcentrations[] {
  const column = new Map(main.prior.stations.map(({ id }, j) => [id, j]));
  const width = main.prior.stations.length;
  const ordered = (values: Float32Array): Float32Array => {
    const out = new Float32Array((values.length / width) * order.length).fill(NaN);
    order.forEach((id, j) => {
      const source = column.get(id);
      if (source === undefined) return;
      for (let t = 0; t < values.length / width; t++) out[t * order.length + j] = values[t * width + source];
    });
    return out;
  };
  const observed = species.filter((name) => main.prior.observed.has(name));
  return observed.map((name) => ({
    period: period.name,
    species: name,
    start: main.prior.times[0],
    stepSeconds: main.monitors.observations.time.stepSeconds,
    utcOffsetHours: offsetAt(main.prior.times[0].getTime(), timeZone) / 3_600_000,
    observed: ordered(main.prior.observed.get(name)!),
    prior: ordered(main.prior.simulated.get(name)!),
    updated: ordered(main.updated.simulated.get(name)!),
    ...(paper ? { paper: ordered(paper.updated.simulated.get(name)!) } : {}),
  }));
}

/** Means of the columns of a period over their hours, cell by cell. @param cells - of the grid */
export function columnFieldOf(
  { species, period, product, counts, hour, cell, observed, prior, updated }: ComparedColumns,
  cells: number,
): ReportColumnField {
  const valuesOfCell = new Float64Array(cells);
  Array.from(cell, (index) => valuesOfCell[index]++);
  const mean = (values: Float32Array): Float64Array => {
    const sums = new Float64Array(cells);
    values.forEach((value, i) => (sums[cell[i]] += value));
    return sums.map((sum, index) => sum / valuesOfCell[index]); // NaN where there is none
  };
  return {
    species,
    period,
    product,
    counts,
    values: observed.length,
    hours: new Set(Array.from(hour)).size,
    observed: mean(observed),
    prior: mean(prior),
    updated: mean(updated),
  };
}
