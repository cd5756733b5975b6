/** `loop`: further passes of training, inversion and transport model. */
import { ConfigError } from '../../base/errors';
import { type Stage } from '../engine/stage';
import { updatedHash } from '../transport-runs/output-hashes';

export const loopStage: Stage = {
  name: 'loop',
  needs: ['train', 'invert', 'apply', 'verify'],
  opens: ({ dirOf }) => [dirOf('prepare'), dirOf('simulate')],
  settings: ({ caseSettings: { loop, regions }, dirOf }) => ({ loop, regions, updated: updatedHash([dirOf('verify')]) }),
  inputs: () => [],
  refuse(context) {
    if (context.caseSettings.loop.passes === 1)
      throw new ConfigError('LOOP_OFF', 'loop: loop.passes is 1, a single pass: set it to 2 or more, as with --set loop.passes=3');
  },
  run: async (context) => (await import('../inversions/loop.js')).runLoop(context),
};
