/** Several inversions from different controls: does the cost have more than one minimum, and which is the best of those that are found? */
import { Random } from '../../base/random';
import type { InversionProblem, InversionSettings } from './inversion-problem';
import { completeSettings, controlFor } from './inversion-settings';
import type { ForwardModel } from '../model/forward-model';
import { relativeMae } from './inversion-state';
import { invert, type InversionOptions, type InversionResult } from './invert';

/** How one start ended. */
export interface StartOutcome {
  start: number;
  status: InversionResult['status'];
  iterations: number;
  /** J at the control that it began from */
  from: number;
  /** at the control that is kept: J, and the error at watched monitors, mean over species of the MAE relative to that at the first start */
  total: number;
  watched: number | null;
}

/** Standard deviation of a random start, in units of the prior's: near enough to be plausible, far enough to be elsewhere. */
const START_SPREAD = 0.5;

/**
 * Inverts from the problem's own start and from `starts` − 1 random ones, and keeps the result with the lowest cost (with watched monitors and
 * `stopOnWithheld`, that with the lowest error there). Each start has a checkpoint of its own.
 *
 * @throws as {@link invert} does
 */
export async function invertFromStarts(
  model: ForwardModel,
  problem: InversionProblem,
  settings: InversionSettings,
  options: InversionOptions,
  starts: number,
): Promise<{ result: InversionResult; starts: StartOutcome[] }> {
  const first = problem.start ?? controlFor(model, problem, completeSettings(settings)).initial();
  const outcomes: StartOutcome[] = [];
  let firstMae: readonly (number | null)[] = [];
  let best: { result: InversionResult; value: number } | undefined;
  for (let start = 0; start < starts; start++) {
    const startControl = start === 0 ? problem.start : near(first, settings.seed, start);
    const checkpoint = options.checkpoint && { ...options.checkpoint, path: checkpointOf(options.checkpoint.path, start) };
    const result = await invert(model, { ...problem, start: startControl }, settings, { ...options, checkpoint });
    const keptPoint = result.history.find(({ iteration }) => iteration === result.keptIteration) ?? result.history[result.history.length - 1];
    if (start === 0) firstMae = result.history[0].watchedMae;
    // Relative to the first start's error, not to their own: a bad start would make a bad end look good.
    const watched = relativeMae(keptPoint.watchedMae, firstMae);
    outcomes.push({ start, status: result.status, iterations: result.iterations, from: result.history[0].total, total: keptPoint.total, watched });
    const value = settings.stopOnWithheld && watched !== null ? watched : keptPoint.total;
    if (!best || value < best.value) best = { result, value };
  }
  return { result: best!.result, starts: outcomes };
}

/** A random control about another one, the same for each seed and number. */
function near(control: Float64Array, seed: number, start: number): Float64Array {
  const random = new Random(seed).fork(`start ${start}`);
  return control.map((v) => v + START_SPREAD * random.normal());
}

/** File of the checkpoint of a start. */
export function checkpointOf(path: string, start: number): string {
  return start === 0 ? path : `${path}.start-${start + 1}`;
}
