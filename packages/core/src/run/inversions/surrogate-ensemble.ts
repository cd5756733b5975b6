/**
 * An ensemble of surrogates: the same network, trained on the same runs from other random numbers, and an inversion with each. How far their results differ is what
 * training leaves to chance, and a lower bound of the surrogate's own error: what all of them have wrong, they do not show.
 *
 * Surrogate 1 is the case's own. Surrogate N > 1 has two stages with records and checkpoints of their own in `surrogate-N/` of the run folder, `train` and `invert`.
 */
import type { Case } from '../../case';
import { ALONE } from '../../base/process';
import { invertStage } from '../stages/invert-stage';
import { outcomeIn } from './loop-pass';
import { spreadOverRanks } from '../engine/on-ranks';
import { runStage } from '../engine/run-stage';
import { type StageContext, type StageName } from '../engine/stage';
import { surrogateContext } from '../stage-context';
import { trainStage } from '../stages/train-stage';

/** The surrogates that a case has beside its own, by number. */
export function otherSurrogates({ inversion: { uncertainty } }: Case): number[] {
  return uncertainty.method === 'none' ? [] : Array.from({ length: uncertainty.surrogates }, (_, i) => i + 2);
}

/**
 * The controls at which inversions with other surrogates end; trains and inverts what is not up to date, each surrogate on a rank by itself.
 *
 * @param count - other surrogates
 * @throws {RetroplumeError} of the stage that fails; what is finished stays
 */
export function controlsOfOthers(context: StageContext, count: number): Promise<Float64Array[]> {
  return spreadOverRanks(context, count, async (i) => {
    // Alone in what it makes, but not in the memory of its node.
    const ranks = { ...ALONE, localSize: context.ranks?.localSize ?? 1 };
    const memberContext = (stage: StageName): StageContext => surrogateContext({ ...context, ranks }, stage, i + 2);
    context.log(`surrogate ${i + 2} of ${count + 1}`);
    for (const stage of [trainStage, invertStage]) await runStage(stage, memberContext(stage.name));
    return outcomeIn(memberContext('invert').dir).control;
  });
}
