/** What the monitors say of the emissions: how the posterior is found, and what counts as constrained. */
import { z } from 'zod';
import { GROUPS } from '../../base/species';
import { choice, real, seed, wholeNumber } from './kinds';

export const uncertaintySchema = z
  .strictObject({
    method: choice(
      '`lanczos` takes the largest eigenpairs of the Hessian at the result, `rto` an ensemble of inversions with perturbed observations and prior; `none` leaves the ' +
        'stage out. Default mode only.',
      ['none', 'lanczos', 'rto'],
    ).default('none'),
    rank: wholeNumber('lanczos: products with the Hessian at most; it ends earlier where no variance can change by more than 2 %.', {
      min: 1,
      max: 2000,
    }).default(100),
    members: wholeNumber('rto: inversions of the ensemble; a standard deviation is known to a part 1/√(2(members − 1)) of itself.', {
      min: 2,
      max: 1000,
    }).default(20),
    leastReduction: real('A cell, or a total, counts as constrained where its standard deviation has fallen by this part of the prior one or more.', {
      min: 0,
      max: 1,
    }).default(0.1),
    constrainedGroups: z
      .array(z.enum(GROUPS))
      .default([])
      .meta({ description: 'Groups that count as constrained wherever they are emitted, whatever the monitors say.' }),
    surrogates: wholeNumber(
      'Other surrogates, trained from other random numbers, each with an inversion of its own: the variance between them is added to all variances. Each costs a training.',
      { min: 0, max: 50 },
    ).default(0),
    seed: seed('Seed of the first Lanczos vector and of the perturbations.').default(17),
  })
  .prefault({})
  .meta({ description: 'Uncertainty of the updated emissions (docs/uncertainty.md).' });
