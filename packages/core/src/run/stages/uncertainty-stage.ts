/** `uncertainty`: what the monitors say of the emissions at the result of `invert`, and what they can't. */
import { ConfigError } from '../../base/errors';
import { invertStage } from './invert-stage';
import { refuseOtherSurrogate } from '../../assimilation/surrogate/trained-surrogate';
import { readRecord } from '../engine/record';
import { precisionSetting, type Stage } from '../engine/stage';

export const uncertaintyStage: Stage = {
  name: 'uncertainty',
  onAllRanks: true,
  keepsLast: true,
  needs: [...invertStage.needs, 'invert'],
  settings: (context) => ({
    uncertainty: context.settings.inversion.uncertainty,
    regions: context.caseSettings.regions,
    preview: readRecord(context.dirOf('preview'))?.key,
    ...precisionSetting(context),
  }),
  // Products and members that are there serve a higher rank, more members, other regions or another mask as well.
  expensiveSettings: (context) => ({ seed: context.settings.inversion.uncertainty.seed, ...precisionSetting(context) }),
  readsAgain: true,
  inputs: ({ caseSettings: { truth } }) => (truth ? [truth.factors] : []),
  refuse(context) {
    if (context.settings.inversion.uncertainty.method === 'none')
      throw new ConfigError('UNCERTAINTY_NONE', 'uncertainty: inversion.uncertainty.method is none: set it to lanczos or rto');
    refuseOtherSurrogate(context);
  },
  run: async (context) => (await import('../inversions/uncertainty.js')).findUncertainty(context),
};
