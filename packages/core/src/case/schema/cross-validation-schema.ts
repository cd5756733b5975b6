/** Cross-validation: settings of the inversion chosen by monitors that are left out of it in turn. */
import { z } from 'zod';
import { choice, flag, real, seed, wholeNumber } from './kinds';
import { errorLength } from './inversion-schema';

function values<T extends z.ZodType>(value: T, description: string): z.ZodOptional<z.ZodArray<T>> {
  return z.array(value).min(1).optional().meta({ description });
}

export const crossValidationSchema = z
  .strictObject({
    by: choice(
      'What is left out in turn: folds of whole blocks (those of `withheld.blockCells`), or each of `regions`. `regions` asks for cross-validation by itself.',
      ['blocks', 'regions'],
    ).default('blocks'),
    folds: wholeNumber('Number of folds of blocks, 2 or more; 0: no cross-validation.', { min: 0, max: 50 }).default(0),
    try: z
      .strictObject({
        lengthKm: values(real('Value.', { min: 0, unit: 'km' }), 'Values of `inversion.lengthKm`.'),
        factorCorrelationFar: values(
          z.strictObject({
            part: real('Part of the variance; 0: no such part.', { min: 0, max: 0.99 }),
            km: real('Correlation length.', { above: 0, unit: 'km' }),
          }),
          'Values of `inversion.factorCorrelation.far`.',
        ),
        spreadScale: values(
          real('Factor.', { above: 0, max: 20 }),
          'Factors on all of `inversion.priorSpread` and of `inversion.sectors[].priorSpread`.',
        ),
        errorScale: values(real('Factor.', { above: 0, max: 100 }), 'Factors on `inversion.errorScale`.'),
        errorCorrelation: values(
          z.strictObject({
            hours: errorLength('Time', 'value', 'h'),
            km: errorLength('Distance', 'cell', 'km'),
          }),
          'Values of `inversion.errorCorrelation`.',
        ),
        factorCorrelationPeriods: values(real('Value.', { min: 0, max: 0.99 }), 'Values of `inversion.factorCorrelation.periods`.'),
      })
      .prefault({})
      .meta({
        description: "What is tried, one key after the other in this order, beside the case's own value; a key without a list keeps its value.",
      }),
    rounds: wholeNumber('Largest number of rounds through the keys; one that kept nothing new is the last.', { min: 1, max: 10 }).default(1),
    choose: choice(
      "`best` takes the lowest error; `one-standard-error`, of those within one standard error of it, the one that changes the fewest of the case's keys.",
      ['best', 'one-standard-error'],
    ).default('best'),
    apply: flag('Whether invert, and what follows on it, takes the chosen values in place of those of `inversion`.').default(false),
    hoursPerDay: wholeNumber('`inversion.hoursPerDay` of these inversions: fewer make them faster.', { min: 1, max: 24 }).default(2),
    iterations: wholeNumber('`inversion.iterations` of these inversions.', { min: 1 }).default(12),
    seed: seed('Seed by which blocks are dealt out to folds.').default(17),
  })
  .meta({ description: 'Settings of the inversion chosen by monitors that are left out of it in turn; see docs/cross-validation.md.' });
