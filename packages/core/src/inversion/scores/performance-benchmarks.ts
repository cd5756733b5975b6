/**
 * How good is good enough: published goals (close to the best that models achieve) and criteria (what is acceptable, reached by most) for scores.
 *
 * - Emery et al. (2017), doi:10.1080/10962247.2016.1265027: hourly or MDA8 O3, and 24-hour PM2.5, by NMB, NME and r;
 * - Boylan & Russell (2006), doi:10.1016/j.atmosenv.2005.09.087: 24-hour PM2.5 by MFB and MFE. Both limits rise towards 200 % where concentrations are
 *   low, with C the mean of the observed and the simulated mean in µg m-3:
 *
 *     goal      |MFB| ≤ 30 + 170 e^(−C / 0.5),     MFE ≤ 50 + 150 e^(−C / 0.75)
 *     criteria  |MFB| ≤ 60 + 140 e^(−C / 0.5),     MFE ≤ 75 + 125 e^(−C / 0.75)
 *
 * Neither gives any for NO2 and SO2. O3 above a cut-off is judged by bias and error, since a sample cut at one end has a lower correlation. The numbers of Emery et al.
 * stand with what else is known of the species (`base/species.ts`).
 */
import { expectObject, expectText } from '../../base/errors';
import { knownSpecies, type Averaging, type ScoreLimits } from '../../base/species';
import type { Scores } from './scores';

export type Rating = 'goal' | 'criteria' | 'neither';

/** Ratings of the measures that a benchmark is written in; one that is not a number has none. */
export interface Ratings {
  emery?: { nmb?: Rating; nme?: Rating; r?: Rating };
  boylanRussell?: { mfb?: Rating; mfe?: Rating };
}

/**
 * How scores stand against the published benchmarks; empty where there is none for this species and averaging.
 *
 * @param score - O3 in any unit, PM2.5 in µg m-3
 */
export function rateScores(species: string, averaging: Averaging, score: Scores): Ratings {
  expectText(species, 'rateScores: species', 'the name of a species');
  expectObject(score, 'rateScores: score', 'what scores gave');
  const benchmarks = knownSpecies(species)?.benchmarks;
  const measures = benchmarks?.judged[averaging];
  if (benchmarks === undefined || measures === undefined || score.n === 0) return {};
  const emery = Object.fromEntries(measures.map((measure) => [measure, judge(measure === 'r', score[measure], benchmarks.emery[measure])]));
  return { emery, ...(benchmarks.boylanRussell ? { boylanRussell: boylanRussell(score) } : {}) };
}

/** Emery et al. write their limits as "less than" and "greater than". */
function judge(higherIsBetter: boolean, value: number, { goal, criteria }: ScoreLimits): Rating | undefined {
  if (!Number.isFinite(value)) return undefined;
  const meets = (limit: number): boolean => (higherIsBetter ? value > limit : Math.abs(value) < limit);
  return meets(goal) ? 'goal' : meets(criteria) ? 'criteria' : 'neither';
}

function boylanRussell({ mfb, mfe, meanObserved, meanSimulated }: Scores): NonNullable<Ratings['boylanRussell']> {
  const concentration = Math.max(0, (meanObserved + meanSimulated) / 2); // the noise of monitors in clean air goes below zero
  const [bias, error] = [Math.exp(-concentration / 0.5), Math.exp(-concentration / 0.75)];
  const ratingOf = (value: number, goal: number, criteria: number): Rating => (value <= goal ? 'goal' : value <= criteria ? 'criteria' : 'neither');
  return { mfb: ratingOf(Math.abs(mfb), 30 + 170 * bias, 60 + 140 * bias), mfe: ratingOf(mfe, 50 + 150 * error, 75 + 125 * error) };
}
