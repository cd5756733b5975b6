/** How sure a change of error is: monitors near each other err together, so whole spatial blocks are drawn anew, not single pairs. */
import { blockIntervals, type Interval } from '../block-bootstrap';
import type { ReportData } from './report-data';
import type { Side } from './statistics';
import { sideOf } from './statistics';

/** Of updated MAE / prior MAE − 1. */
export interface ChangeInterval extends Interval {
  /** how many blocks were drawn from */
  blocks: number;
}

/** Sums of |simulated − observed| per block over the pairs in which all three are there; a station without a block is its own. */
function blockSums(data: ReportData, species: string, side: Side): [prior: number, updated: number][] {
  const sums = new Map<string, [number, number]>();
  for (const { observed, prior, updated } of data.concentrations.filter((each) => each.species === species)) {
    for (let index = 0; index < observed.length; index++) {
      const station = data.stations[index % data.stations.length];
      const errors = [Math.abs(prior[index] - observed[index]), Math.abs(updated[index] - observed[index])];
      if (sideOf(station) !== side || !errors.every(Number.isFinite)) continue;
      const key = station.block === undefined ? `station ${station.id}` : `block ${station.block}`;
      const sum = sums.get(key) ?? [0, 0];
      sums.set(key, [sum[0] + errors[0], sum[1] + errors[1]]);
    }
  }
  return [...sums.values()];
}

/** 90 % interval of the relative change of the mean absolute error, all periods; undefined with fewer than five blocks. Reproducible: one fixed seed. */
export function changeInterval(data: ReportData, species: string, side: Side): ChangeInterval | undefined {
  const sums = blockSums(data, species, side);
  const intervals = blockIntervals(sums, ([prior, updated]) => [updated / prior - 1]);
  return intervals && { ...intervals[0], blocks: sums.length };
}
