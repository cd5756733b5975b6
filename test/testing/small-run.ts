/** What runs of small twins through the command line share. */
import { join } from 'node:path';
import { SMALL_LEARNING } from '../../packages/core/src/run/testing/small-settings';

export { SMALL_NETWORK, winterOnly } from '../../packages/core/src/run/testing/small-settings';

/** The command line, as set-up builds it, in one file (write-command.mjs). */
export const MAIN = join(__dirname, '../../build/command.js');

/** A small surrogate, and an inversion that makes all of its steps. */
export const SMALL_RUN = [
  ...SMALL_LEARNING,
  'inversion.stopOnWithheld=false', // twenty steps of training teach nothing that watched monitors would confirm
];

/** Every stage of it in seconds, without the paper's mode; a test's own settings stand behind and replace these. */
export const SHORT_STAGES = [
  'training.iterations=20',
  'training.evaluateEvery=10',
  'certificate.onFailure=warn', // twenty steps of training teach no response
  'certificate.factors=[]',
  'certificate.patches={count: 2, cells: 2}',
  'inversion.iterations=3',
  'inversion.hoursPerDay=4',
  'paperMode.run=false',
];
