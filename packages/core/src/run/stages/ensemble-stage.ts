/** `invert` in the variant `ensemble`: an update from the members, without the network. */
import { refuseOtherPeriods } from '../../assimilation/surrogate/trained-surrogate';
import type { Stage } from '../engine/stage';
import { inversionInputs, inversionKey } from './invert-stage';

export const ensembleStage: Stage = {
  name: 'invert',
  needs: ['simulate', 'prepare'],
  takes: ({ crossValidation }) => (crossValidation.apply ? ['crossvalidate'] : []),
  settings: (context) => inversionKey(context, context.settings.inversion),
  inputs: inversionInputs,
  refuse: refuseOtherPeriods,
  run: async (context) => (await import('../inversions/run-ensemble.js')).runEnsemble(context),
};
