/** `train`: the surrogate from prior run and members. */
import { takesInitialConcentrations } from '../../surrogate/model/surrogate-settings';
import { earlierPasses } from '../inversions/loop-pass';
import { testRuns } from '../../assimilation/surrogate/trained-surrogate';
import { precisionSetting, type Stage } from '../engine/stage';

export const trainStage: Stage = {
  name: 'train',
  onAllRanks: true,
  keepsLast: true,
  needs: ['prepare'],
  settings: (context) => {
    const { surrogate, training } = context.settings;
    // Where y comes from afterwards does not change what is learned.
    const initialConcentrations = takesInitialConcentrations(surrogate) ? 'an input' : 'none';
    return {
      surrogate: { ...surrogate, initialConcentrations },
      training: { ...training, checkpointEvery: undefined },
      testRuns: testRuns(context),
      ...precisionSetting(context),
      ...(context.pass ? { pass: context.pass.number, earlier: earlierPasses(context) } : {}),
    };
  },
  inputs: () => [],
  run: async (context) => (await import('../learning/train.js')).trainSurrogate(context),
};
