/** The context of a stage of one variant: its folders, and its settings, decided here once. */
import type { InversionSettings } from '../case';
import type { VariantSettings } from '../assimilation/workspace';
import { expectUnchanged, summaryIn } from './engine/record';
import { stageDir, passVariant, type LoopPass, type RunContext, type StageContext, type StageName, type Variant } from './engine/stage';
import { withPick } from './inversions/cross-validation';

/**
 * @param part - which pass of the loop or which surrogate of an ensemble the variant is
 * @returns whose `settings` are found when they are first asked for: what cross-validation chooses may not be there yet when a run is planned. A copy by spread
 *   has none, as that of another variant would have others
 */
export function stageContext(
  run: RunContext,
  stage: StageName,
  variant: Variant,
  part: Pick<StageContext, 'pass' | 'ensembleMember'> = {},
): StageContext {
  const context: Omit<StageContext, 'settings'> = {
    ...run,
    ...part,
    stage,
    variant,
    dir: stageDir(run.out, stage, variant),
    dirOf: (neighbour) => stageDir(run.out, neighbour, variant),
    summaryOf: (neighbour) => summaryIn(stageDir(run.out, neighbour, variant)),
    expectUnchanged,
    contextOf: (neighbour, changes) => stageContext({ ...run, ...changes }, neighbour, variant, part),
    progress: (finished, total, text) => run.onEvent({ kind: 'progress', stage, variant, done: finished, total, text }),
    log: (text) => run.onEvent({ kind: 'log', stage, variant, text }),
  };
  let settings: VariantSettings | undefined;
  return Object.defineProperty(context as StageContext, 'settings', { get: () => (settings ??= variantSettings(context)) });
}

/** A stage of a pass of the loop. */
export function passContext(run: RunContext, stage: StageName, pass: LoopPass): StageContext {
  return stageContext(run, stage, passVariant(pass.number), { pass });
}

/** A stage of surrogate `member`, from 2 on. */
export function surrogateContext(run: RunContext, stage: StageName, member: number): StageContext {
  return stageContext(run, stage, `surrogate-${member}`, { ensembleMember: member });
}

/** With what cross-validation chose, where the case takes it. */
function variantSettings(context: Omit<StageContext, 'settings'>): VariantSettings {
  const { caseSettings, variant, pass, ensembleMember } = context;
  const { surrogate, training, inversion } = variant === 'paper' ? caseSettings.paperMode : caseSettings;
  const chosen = (): InversionSettings => (variant === 'paper' ? inversion : withPick(context));
  // The exported models are those of the first training.
  if (ensembleMember !== undefined) {
    return { surrogate, training: { ...training, seed: training.seed + ensembleMember - 1 }, inversion: { ...chosen(), engine: 'native' } };
  }
  if (!pass) return { surrogate, training, inversion: chosen() };
  const { iterations, learningRate } = caseSettings.loop;
  return {
    surrogate,
    training: { ...training, iterations, learningRate, seed: training.seed + pass.number },
    inversion: { ...chosen(), engine: 'native' },
  };
}
