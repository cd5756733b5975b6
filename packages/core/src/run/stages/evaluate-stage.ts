/** `evaluate`: errors of the surrogate's concentrations, and its free-running response. */
import { responseRun } from '../../case/case-runs';
import { comparedHourStep, initialConcentrationsOf, refuseOtherSurrogate } from '../../assimilation/surrogate/trained-surrogate';
import { runsAsParts, simulatedHash } from '../transport-runs/output-hashes';
import type { Stage } from '../engine/stage';

export const evaluateStage: Stage = {
  name: 'evaluate',
  needs: ['train', 'simulate'],
  reads: (settings) => ({ simulate: runsAsParts(settings, settings.response.groups.map(responseRun)) }),
  opens: ({ dirOf }) => [dirOf('prepare')],
  settings: (context) => ({
    response: context.caseSettings.response,
    simulated: simulatedHash(context, context.caseSettings.response.groups.map(responseRun)),
    hourStep: comparedHourStep(context.settings.surrogate),
    ...initialConcentrationsOf(context),
  }),
  inputs: () => [],
  refuse: refuseOtherSurrogate,
  run: async (context) => (await import('../learning/evaluate.js')).evaluateSurrogate(context),
};
