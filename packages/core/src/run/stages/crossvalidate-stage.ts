/** `crossvalidate`: which settings of the inversion predict best at monitors that it does not see. */
import { asksForCrossValidation } from '../../case';
import { ConfigError } from '../../base/errors';
import { refuseOtherSurrogate } from '../../assimilation/surrogate/trained-surrogate';
import { foldInversion } from '../inversions/cross-validation';
import { inversionInputs, inversionKey } from './invert-stage';
import type { Stage, StageContext } from '../engine/stage';

/** What decides the result of the single inversions. */
function expensiveSettings(context: StageContext): object {
  const { by, folds, seed } = context.caseSettings.crossValidation;
  return {
    ...inversionKey(context, foldInversion(context)),
    by,
    folds,
    seed,
    ...(by === 'regions' ? { regions: context.caseSettings.regions } : {}),
  };
}

export const crossvalidateStage: Stage = {
  name: 'crossvalidate',
  onAllRanks: true,
  keepsLast: true,
  needs: ['train', 'prepare', 'simulate', 'certify', 'export'],
  settings: (context) => {
    const { try: values, rounds, choose } = context.caseSettings.crossValidation;
    return { ...expensiveSettings(context), try: values, rounds, choose };
  },
  expensiveSettings,
  inputs: inversionInputs,
  refuse(context) {
    if (!asksForCrossValidation(context.caseSettings)) {
      throw new ConfigError(
        'CROSS_VALIDATION_OFF',
        'crossvalidate: the case asks for none: set crossValidation.folds to 2 or more (or by: regions) and crossValidation.try, as with --set crossValidation.folds=5 --set crossValidation.try.lengthKm=[54,81,162]',
      );
    }
    refuseOtherSurrogate(context);
  },
  run: async (context) => (await import('../inversions/cross-validate.js')).crossValidate(context),
};
