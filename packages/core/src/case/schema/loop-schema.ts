/** The closed loop: the transport model's run on the updated emissions becomes a training run and the anchor of another inversion. */
import { z } from 'zod';
import { real, wholeNumber } from './kinds';

export const loopSchema = z
  .strictObject({
    passes: wholeNumber(
      'Largest number of passes of inversion, transport model and comparison; 1 is a single pass, without a loop. Each further pass first trains the surrogate ' +
        'on the runs of the passes before, then inverts from the best of them.',
      { min: 1, max: 50 },
    ).default(1),
    iterations: wholeNumber('Steps by which the surrogate is trained on in a further pass.', { min: 1 }).default(600),
    learningRate: real('Step of the optimiser at the start of a further training; it falls as that of `training` does.', {
      above: 0,
      max: 1,
    }).default(5e-4),
    agreement: real(
      'The loop may end early once the predicted gain differs from the realised one by at most this part of it, for every species at the monitors that the inversion may look at.',
      { above: 0 },
    ).default(0.25),
    smallestGain: real(
      'It does end then if the next inversion promises to lower the error at those monitors (mean over species of the MAE relative to that of the prior run) by ' +
        'less than this part of it: the transport model is not run again for so little.',
      { min: 0, max: 1 },
    ).default(0.02),
  })
  .meta({ description: 'The closed loop of inversion and transport model.' });
