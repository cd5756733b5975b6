/** Every stage, and in which order a case runs them in which variants. */
import { asksForCrossValidation, type Case } from '../case';
import { ConfigError } from '../base/errors';
import { applyStage } from './stages/apply-stage';
import { certifyStage } from './stages/certify-stage';
import { crossvalidateStage } from './stages/crossvalidate-stage';
import { ensembleStage } from './stages/ensemble-stage';
import { evaluateStage } from './stages/evaluate-stage';
import { exportStage } from './stages/export-stage';
import { invertStage } from './stages/invert-stage';
import { loopStage } from './stages/loop-stage';
import { prepareStage } from './stages/prepare-stage';
import { previewStage } from './stages/preview-stage';
import { reportStage } from './stages/report-stage';
import { simulateStage } from './stages/simulate-stage';
import { trainStage } from './stages/train-stage';
import { uncertaintyStage } from './stages/uncertainty-stage';
import { verifyStage } from './stages/verify-stage';
import { checkAsideOurs } from './engine/stage-folder';
import { checkOurs } from './engine/record';
import { stageContext } from './stage-context';
import { refuseReplacedRuns } from './transport-runs/replaced-runs';
import { STAGES, type RunContext, type Stage, type StageName, type Variant } from './engine/stage';
import { neededRecord } from './engine/stage-keys';

/** Every stage by its name, as the case's own variant has it: see {@link stageOf}. */
export const STAGE_OF: Record<StageName, Stage> = {
  simulate: simulateStage,
  prepare: prepareStage,
  train: trainStage,
  evaluate: evaluateStage,
  certify: certifyStage,
  export: exportStage,
  preview: previewStage,
  crossvalidate: crossvalidateStage,
  invert: invertStage,
  uncertainty: uncertaintyStage,
  apply: applyStage,
  verify: verifyStage,
  loop: loopStage,
  report: reportStage,
};

/** A stage of a variant. */
export function stageOf(stage: StageName, variant: Variant): Stage {
  return variant === 'ensemble' && stage === 'invert' ? ensembleStage : STAGE_OF[stage];
}

/** Stages that the update from members alone runs beside the case's own. */
export const ENSEMBLE_STAGES: readonly StageName[] = ['invert', 'apply', 'verify'];

/** Stages that the paper's mode runs beside the case's own. */
export const PAPER_STAGES: readonly StageName[] = ['train', 'evaluate', 'certify', 'export', 'invert', 'apply', 'verify'];

/** The stages of a whole run of a case, in order. */
export function stagesOf(settings: Case): StageName[] {
  const isWanted: Partial<Record<StageName, boolean>> = {
    preview: false,
    crossvalidate: asksForCrossValidation(settings),
    uncertainty: settings.inversion.uncertainty.method !== 'none',
    loop: settings.loop.passes > 1,
  };
  return STAGES.filter((stage) => isWanted[stage] ?? true);
}

export type Plan = readonly { stage: StageName; variant: Variant }[];

/**
 * A stage whose needs are neither there nor planned before it, or whose folder is not ours, would fail after those before it, hours later.
 * @throws {ConfigError} `STAGE_MISSING`, `FOLDER_NOT_OURS`
 */
export function checkPlan(run: RunContext, plan: Plan): void {
  const planned = new Set<string>();
  for (const { stage, variant } of plan) {
    const context = stageContext(run, stage, variant);
    checkOurs(context.dir);
    const { keepsLast, needs } = stageOf(stage, variant);
    if (keepsLast) checkAsideOurs(context.dir);
    for (const need of needs) {
      if (!planned.has(context.dirOf(need))) neededRecord(context, need);
    }
    planned.add(context.dir);
  }
}

/** Refuses a plan before anything of it is done. @throws {ConfigError} as {@link checkPlan}; `RUNS_REPLACED`, `RUNS_OTHER_EMISSIONS` */
export async function refusePlan(run: RunContext, plan: Plan): Promise<void> {
  checkPlan(run, plan);
  if (run.changedRuns !== 'replace' && plan.some(({ stage }) => stage === 'simulate')) await refuseReplacedRuns(run);
}

/** The paper's mode and the update from members run after the case's own stages and before the report that shows them. */
export function planOf(settings: Case, wanted: readonly StageName[]): Plan {
  if (!Array.isArray(wanted) || wanted.some((name: StageName) => !STAGES.includes(name)))
    throw new ConfigError(
      'STAGE_UNKNOWN',
      `stages: expected "all" or a list of ${STAGES.join(', ')} but received ${JSON.stringify(wanted)}: mend the call`,
    );
  const ownStages = STAGES.filter((stage) => wanted.includes(stage)).map((stage) => ({ stage, variant: 'default' as const }));
  const stagesIn = (variant: Variant, stages: readonly StageName[]): Plan =>
    stages.filter((stage) => wanted.includes(stage)).map((stage) => ({ stage, variant }));
  return [
    ...ownStages.filter(({ stage }) => stage !== 'report'),
    ...(settings.paperMode.run ? stagesIn('paper', PAPER_STAGES) : []),
    ...(settings.ensembleMode.run ? stagesIn('ensemble', ENSEMBLE_STAGES) : []),
    ...ownStages.filter(({ stage }) => stage === 'report'),
  ];
}

/** Stages of a case before these that are not made with them. */
export function stagesBefore(settings: Case, wanted: readonly StageName[]): StageName[] {
  const missing = new Set<StageName>();
  const add = (stage: StageName): void => {
    const { needs, takes } = STAGE_OF[stage];
    for (const earlier of [...needs, ...(takes?.(settings) ?? [])]) {
      if (!wanted.includes(earlier)) missing.add(earlier);
      add(earlier);
    }
  };
  wanted.forEach(add);
  return [...missing];
}
