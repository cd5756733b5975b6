/** `train`: the surrogate from prior run and members. */
import { takesInitialConcentrations } from '../../surrogate/model/surrogate-settings';
import { earlierPasses } from '../inversions/loop-pass';
import { trainedPeriods } from '../../case/case-runs';
import { preparedAsParts } from '../transport-runs/output-hashes';
import { testRuns } from '../../assimilation/surrogate/trained-surrogate';
import { precisionSetting, type Stage } from '../engine/stage';

export const trainStage: Stage = {
  name: 'train',
  onAllRanks: true,
  keepsLast: true,
  needs: ['prepare'],
  // What a later period adds, where only the prior run is made, leaves what was learned.
  reads: (settings) => ({ prepare: preparedAsParts(settings, trainedPeriods(settings)) }),
  settings: (context) => {
    const { surrogate, training } = context.settings;
    // Where y comes from afterwards does not change what is learned.
    const initialConcentrations = takesInitialConcentrations(surrogate) ? 'an input' : 'none';
    return {
      surrogate: { ...surrogate, initialConcentrations },
      training: { ...training, checkpointEvery: undefined },
      testRuns: testRuns(context),
      periods: trainedPeriods(context.caseSettings).map(({ name, spinUpHours }) => ({ name, spinUpHours })),
      ...precisionSetting(context),
      ...(context.pass ? { pass: context.pass.number, earlier: earlierPasses(context) } : {}),
    };
  },
  inputs: () => [],
  run: async (context) => (await import('../learning/train.js')).trainSurrogate(context),
};
