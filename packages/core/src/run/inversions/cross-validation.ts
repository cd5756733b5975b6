/** What cross-validation chose, for the stages after it. */
import { withCandidate, type CrossValidation } from '../../assimilation/cross-validation/candidates';
import { asksForCrossValidation, type InversionSettings } from '../../case';
import { ConfigError } from '../../base/errors';
import { summaryIn } from '../engine/record';
import { stageDir, STAGES, type StageContext } from '../engine/stage';

/** The settings of the case's inversion; with what was chosen where the case takes it and the stage comes after the choice. */
export function withPick(context: Pick<StageContext, 'stage' | 'variant' | 'caseSettings' | 'out'>): InversionSettings {
  const { inversion } = context.caseSettings;
  const validation = applied(context);
  return validation ? withCandidate(inversion, validation.candidates[validation.picked].candidate) : inversion;
}

/** What was chosen, where the inversion takes it. */
export function pickInWords(context: StageContext): string | undefined {
  const validation = applied(context);
  return (
    validation && (validation.candidates[validation.picked].changes.join(', ') || "the case's own settings, which nothing that was tried betters")
  );
}

/** A preview before the choice is one of the case's own settings, later one of what the inversion will take. @throws {ConfigError} `CROSS_VALIDATION_MISSING` */
function applied(context: Parameters<typeof withPick>[0]): CrossValidation | undefined {
  const previews = context.stage === 'preview';
  const later = previews || STAGES.indexOf(context.stage) > STAGES.indexOf('crossvalidate');
  if (!later || context.variant === 'paper' || !context.caseSettings.crossValidation.apply) return undefined;
  const dir = stageDir(context.out, 'crossvalidate', 'default');
  const validation = summaryIn<CrossValidation>(dir);
  if (validation !== undefined || previews) return validation;
  throw new ConfigError(
    'CROSS_VALIDATION_MISSING',
    `${context.stage}: crossValidation.apply takes what cross-validation chose, and that is not in ${dir}: run "retroplume crossvalidate" (or "retroplume run") first`,
  );
}

/** What cross-validation found, where the case asks for it and it has been run. */
export function crossValidationOf({ caseSettings, out }: StageContext): CrossValidation | undefined {
  return asksForCrossValidation(caseSettings) ? summaryIn(stageDir(out, 'crossvalidate', 'default')) : undefined;
}

/** The inversion's settings without monitors that choose the step, and with the effort of cross-validation. */
export function foldInversion({ caseSettings: { inversion, crossValidation } }: Pick<StageContext, 'caseSettings'>): InversionSettings {
  const { hoursPerDay, iterations } = crossValidation;
  return { ...inversion, stopOnWithheld: false, starts: 1, hoursPerDay, iterations };
}

/** Distances are those of the case's own inversion in the paper's mode, too, which has no length: so that rows of both can be compared. */
export function ownInversion(context: StageContext): InversionSettings {
  return withPick(context.variant === 'paper' ? { ...context, variant: 'default' } : context);
}
