/**
 * A case whose prior run came from elsewhere (`priorConcentrations`) while `ctm` is the reference model, which did not make it. Runs of that model beside such
 * a prior would be told apart from it by the two models' difference, not by emissions: none is made.
 */
import type { Case } from './schema/case-schema';
import { ConfigError } from '../base/errors';

export function hasExternalPrior({ ctm, priorConcentrations }: Pick<Case, 'ctm' | 'priorConcentrations'>): boolean {
  return ctm.kind === 'reference' && priorConcentrations !== undefined;
}

/** Whether the reference model makes the runs of the case: then it reads the emissions, too, and needs gases in moles. */
export function runsReferenceModel(settings: Pick<Case, 'ctm' | 'priorConcentrations'>): boolean {
  return settings.ctm.kind === 'reference' && !hasExternalPrior(settings);
}

/** Before runs are made. @param runs - names of those that `simulate` would make @throws {ConfigError} `CTM_FOREIGN_PRIOR` */
export function assertOwnModel(settings: Case, runs: readonly string[]): void {
  if (!hasExternalPrior(settings) || runs.length === 0) return;
  throw new ConfigError(
    'CTM_FOREIGN_PRIOR',
    `ctm: the prior run came as priorConcentrations, but ctm is the reference model, which did not make it and would make ${runs.join(', ')}: ` +
      'name the command of your model in ctm, or bring runs of it as members.runs (simulate --design writes their emissions) with response.groups: []',
  );
}
