/** The inversion. Defaults are those of variant h of the trial: log factors with a correlation length, a prior spread and the anchored prediction. */
import { z } from 'zod';
import { perGroup } from './experiment-schema';
import { choice, flag, real, seed, whole } from './fields';
import { uncertaintySchema } from './uncertainty-schema';

function observationError(
  relative: number,
  absolute: number,
  unit: string,
): z.ZodPrefault<z.ZodObject<{ relative: z.ZodDefault<z.ZodNumber>; absolute: z.ZodDefault<z.ZodNumber> }, z.core.$strict>> {
  return z
    .strictObject({
      relative: real('Part of the observed value.', { min: 0, max: 2 }).default(relative),
      absolute: real('Floor, added in quadrature.', { min: 0, unit }).default(absolute),
    })
    .prefault({});
}

export const inversionSchema = z
  .strictObject({
    mode: choice('`paper` takes the defaults and the cost function of Huang et al. (2021).', ['default', 'paper']).default('default'),
    engine: choice(
      'What runs the frozen surrogate, forward and backward: the native program, ONNX Runtime with the exported models, or, `auto`, the one that is ' +
        'faster here, as both are timed at the beginning. Their results differ by rounding.',
      ['native', 'onnx', 'auto'],
    ).default('native'),
    iterations: whole('Largest number of steps.', { min: 1 }).default(40),
    optimiser: choice(
      '`lbfgs` takes all observations in every step, and so does `gauss-newton`, which solves for its steps with products of the Hessian (fewer steps, each as long as some ' +
        'dozens of gradients; default mode only); `adam` may draw a batch, `sgd` is that of the paper.',
      ['lbfgs', 'gauss-newton', 'adam', 'sgd'],
    ).default('lbfgs'),
    learningRate: real('Length of the first step of L-BFGS; step size of Adam and of gradient descent.', { above: 0, max: 1000 }).default(3),
    learningRateDecay: real(
      'Adam and gradient descent: step at the last iteration as a part of that at the first, falling exponentially; 1 keeps it constant.',
      {
        above: 0,
        max: 1,
      },
    ).default(0.1),
    lengthKm: real('Correlation length of the factors; 0 leaves every cell free.', { min: 0, unit: 'km' }).default(81),
    priorSpread: perGroup((group) => real(`Standard deviation of the log factor on ${group}.`, { min: 0, max: 3 }), {
      NOx: 0.5,
      NH3: 0.12,
      SO2: 0.5,
      VOC: 0.12,
      'PM2.5': 0.5,
    })
      .prefault({})
      .meta({ description: 'Standard deviation of the natural logarithm of the factor, per group; tight for what no monitor sees.' }),
    initialConcentrations: z
      .strictObject({
        spread: real('Standard deviation of the log factor, the same for every species.', { above: 0, max: 3 }).default(0.2),
        lengthKm: real('Correlation length of the factors.', { min: 0, unit: 'km' }).default(162),
      })
      .prefault({})
      .meta({
        description:
          'Factors on the initial concentrations of every day, independent of each other, where surrogate.initialConcentrations is control.',
      }),
    observationError: z
      .strictObject({
        NO2: observationError(0.1, 0.5, 'ppb').meta({ description: 'NO2.' }),
        SO2: observationError(0.1, 0.3, 'ppb').meta({ description: 'SO2.' }),
        O3: observationError(0.1, 2, 'ppb').meta({ description: 'O3.' }),
        'PM2.5': observationError(0.1, 2, 'ug m-3').meta({ description: 'PM2.5.' }),
      })
      .prefault({})
      .meta({ description: 'Standard deviation of observation and model together.' }),
    loss: choice('Measure of the misfit.', ['l1', 'l2', 'huber']).default('huber'),
    lossDivisor: choice('Paper mode: whether the misfit is divided by the number of observations or, as equation 5 says, by that of all cells.', [
      'observations',
      'cells',
    ]).default('observations'),
    bound: real('Largest factor on the prior emissions; default mode also allows no less than its inverse, paper mode no less than 0.', {
      above: 1,
      max: 100,
    }).default(3),
    trustRegion: real(
      'Largest distance of the updated emissions from those that the surrogate was trained on: |log factor| in units of the root mean square of the ' +
        "members' log factors on that group in that cell. Without it the distance is reported, not limited. Default mode only.",
      { above: 0, max: 100 },
    ).optional(),
    factors: choice('One factor per period or one per hour, for each cell and group.', ['period', 'hour']).default('period'),
    batch: whole('Hours that a step draws at random; 0 takes all.', { min: 0 }).default(0),
    hoursPerDay: whole('Hours of each day, evenly spread, at which the surrogate is compared with hourly observations.', { min: 1, max: 24 }).default(
      8,
    ),
    stopOnWithheld: flag('Whether a part of the used monitors is set aside to choose the step at which to stop.').default(true),
    patience: whole('Evaluations without a better value at these monitors after which it stops.', { min: 1 }).default(30),
    checkpointEvery: whole('Steps between two checkpoints.', { min: 1 }).default(10),
    seed: seed('Seed of the batches.').default(13),
    uncertainty: uncertaintySchema,
  })
  .meta({ description: 'How the misfit against the monitors is carried back to the emissions.' });
