/**
 * How sure a change of error is: monitors near each other err together, so whole spatial blocks are drawn anew, not single pairs.
 * @see Künsch (1989), Ann. Stat. 17, 1217–1241, doi:10.1214/aos/1176347265: the bootstrap for dependent data
 */
import { Random } from '../random';
import { quantile } from './colour-scale';
import type { ReportData } from './report-data';
import type { Side } from './statistics';
import { sideOf } from './statistics';

export interface ChangeInterval {
  /** 5th and 95th percentile of updated MAE / prior MAE − 1 */
  low: number;
  high: number;
  /** how many blocks were drawn from */
  blocks: number;
}

const DRAWS = 1000;
/** Fewer blocks say nothing about the spread between them. */
const FEWEST_BLOCKS = 5;

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
  if (sums.length < FEWEST_BLOCKS) return undefined;
  const random = new Random(1);
  const changes = Array.from({ length: DRAWS }, () => {
    let [prior, updated] = [0, 0];
    for (let draw = 0; draw < sums.length; draw++) {
      const [blockPrior, blockUpdated] = sums[random.integer(sums.length)];
      prior += blockPrior;
      updated += blockUpdated;
    }
    return updated / prior - 1;
  });
  return { low: quantile(changes, 0.05), high: quantile(changes, 0.95), blocks: sums.length };
}
