/** How sure a change of error is: monitors near each other err together, so whole spatial blocks are drawn anew, not single pairs. */
import { maeChange, type BlockErrors, type MaeChange } from '../../inversion/scores/mae-change';
import type { ReportData } from './report-data';
import type { Side } from './statistics';
import { sideOf } from './statistics';

/** Sums of |simulated − observed| per block over the pairs in which all three are there; a station without a block is its own. */
function blockSums(data: ReportData, species: string, side: Side): Map<string, BlockErrors> {
  const sums = new Map<string, BlockErrors>();
  for (const { observed, prior, updated } of data.concentrations.filter((entry) => entry.species === species)) {
    for (let index = 0; index < observed.length; index++) {
      const station = data.stations[index % data.stations.length];
      const errors = [Math.abs(prior[index] - observed[index]), Math.abs(updated[index] - observed[index])];
      if (sideOf(station) !== side || !errors.every(Number.isFinite)) continue;
      const key = station.block === undefined ? `station ${station.id}` : `${station.block}`;
      const sum = sums.get(key) ?? [0, 0];
      sums.set(key, [sum[0] + errors[0], sum[1] + errors[1]]);
    }
  }
  return sums;
}

/** Relative change of the mean absolute error, all periods, with its 90 % interval where there are blocks enough. */
export function changeAtSide(data: ReportData, species: string, side: Side): MaeChange {
  return maeChange(blockSums(data, species, side));
}
