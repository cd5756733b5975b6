/** `evaluate`: errors of the surrogate's concentrations, and its free-running response. */
import { judgedPeriods, responseRun } from '../../case/case-runs';
import { comparedHourStep, initialConcentrationsOf, refuseOtherSurrogate } from '../../assimilation/surrogate/trained-surrogate';
import { preparedAsParts, runsAsParts, simulatedHash } from '../transport-runs/output-hashes';
import type { Stage } from '../engine/stage';
import type { Case } from '../../case';

/** Of the periods in which the surrogate is judged what its judgement depends on beside what was prepared. */
export function judgedIn(settings: Case): object[] {
  return judgedPeriods(settings).map(({ name, spinUpHours, members }) => ({ name, spinUpHours, members }));
}

export const evaluateStage: Stage = {
  name: 'evaluate',
  needs: ['train', 'simulate', 'prepare'],
  reads: (settings) => ({
    simulate: runsAsParts(settings, settings.response.groups.map(responseRun)),
    prepare: preparedAsParts(settings, judgedPeriods(settings)),
  }),
  settings: (context) => ({
    response: context.caseSettings.response,
    periods: judgedIn(context.caseSettings),
    simulated: simulatedHash(context, context.caseSettings.response.groups.map(responseRun)),
    hourStep: comparedHourStep(context.settings.surrogate),
    ...initialConcentrationsOf(context),
  }),
  inputs: () => [],
  refuse: refuseOtherSurrogate,
  run: async (context) => (await import('../learning/evaluate.js')).evaluateSurrogate(context),
};
