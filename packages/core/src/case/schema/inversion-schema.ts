/** The inversion. Defaults are those of variant h of the trial: log factors with a correlation length, a prior spread and the anchored prediction. */
import { z } from 'zod';
import { defaulting, forEach, perGroup, perSpecies, schemaFor } from './channel-kinds';
import { nuisanceSchema } from './nuisance-schema';
import { knownSpecies, priorSpreadOf, SPECIES_FACTS, surfaceOf, type CaseChannels, type Species } from '../../base/species';
import { choice, flag, real, seed, text, wholeNumber } from './kinds';

/** What the monitors say of the emissions: how the posterior is found, and what counts as constrained. */
const uncertaintySchema = schemaFor(({ groups }) =>
  z
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
      leastReduction: real(
        'A cell, or a total, counts as constrained where its standard deviation has fallen by this part of the prior one or more.',
        {
          min: 0,
          max: 1,
        },
      ).default(0.1),
      constrainedGroups: z
        .array(z.enum(groups))
        .default([])
        .meta({ description: 'Groups that count as constrained wherever they are emitted, whatever the monitors say.' }),
      surrogates: wholeNumber(
        'Other surrogates, trained from other random numbers, each with an inversion of its own: the variance between them is added to all variances. Each costs a training.',
        { min: 0, max: 50 },
      ).default(0),
      seed: seed('Seed of the first Lanczos vector and of the perturbations.').default(17),
    })
    .prefault({})
    .meta({ description: 'Uncertainty of the updated emissions (docs/uncertainty.md).' }),
);

type ObservationError = z.ZodPrefault<z.ZodObject<{ relative: z.ZodDefault<z.ZodNumber>; absolute: z.ZodDefault<z.ZodNumber> }, z.core.$strict>>;

function observationError(species: Species, unit: string): ObservationError {
  return z
    .strictObject({
      relative: real('Part of the level (errorLevel).', { min: 0, max: 2 }).default(0.1),
      absolute: defaulting(real('Floor, added in quadrature.', { min: 0, unit }), knownSpecies(species)?.errorFloor, species, SPECIES_FACTS),
    })
    .prefault({} as never)
    .meta({ description: `${species}.` });
}

const hourOfDay = real('Hour.', { min: 0, max: 24, unit: 'h' });
const hoursOfDay = z.tuple([hourOfDay, hourOfDay]).optional().meta({ description: 'First hour, and end of the last.', unit: 'h' });

type OfAllOrEach = z.ZodUnion<readonly [z.ZodNumber, ReturnType<typeof perSpecies>]>;

/** A number for all species, or one of each. */
function ofAllOrEach(species: readonly Species[], number: z.ZodNumber, unnamed: number): OfAllOrEach {
  return z.union([number, perSpecies(species, () => number, unnamed)]);
}

/** A length over which errors stay alike. */
export function errorLength({ species }: CaseChannels, subject: string, item: string, unit: string): OfAllOrEach {
  return ofAllOrEach(species, real('Length.', { min: 0, unit }), 0).meta({
    description: `${subject} over which errors stay alike, of all species or by species (those not named have 0); 0: each ${item} counts for itself.`,
    unit,
  });
}

export const inversionSchema = schemaFor((channels) =>
  z
    .strictObject({
      mode: choice('`paper` takes the defaults and the cost function of Huang et al. (2021).', ['default', 'paper']).default('default'),
      engine: choice(
        'What runs the frozen surrogate, forward and backward: the native program, ONNX Runtime with the exported models, or, `auto`, the one that is ' +
          'faster here, as both are timed at the beginning. Their results differ by rounding.',
        ['native', 'onnx', 'auto'],
      ).default('native'),
      iterations: wholeNumber('Largest number of steps.', { min: 1 }).default(40),
      optimiser: choice(
        '`lbfgs` takes all observations in every step, and so does `gauss-newton`, which solves for its steps with products of the Hessian (fewer steps, each as long as some ' +
          'dozens of gradients; default mode only); `adam` may draw a batch, `sgd` is that of the paper.',
        ['lbfgs', 'gauss-newton', 'adam', 'sgd'],
      ).default('lbfgs'),
      learningRate: real('Length of the first step of L-BFGS; step size of Adam and of gradient descent.', { greaterThan: 0, max: 1000 }).default(3),
      learningRateDecay: real(
        'Adam and gradient descent: step at the last iteration as a part of that at the first, falling exponentially; 1 keeps it constant.',
        {
          greaterThan: 0,
          max: 1,
        },
      ).default(0.1),
      space: choice(
        'Where a factor holds: in a cell, correlated with its neighbours over lengthKm; in a whole region of `regions` (outside all of them factors stay 1); ' +
          'or in a square block of blockKm.',
        ['cells', 'regions', 'blocks'],
      ).default('cells'),
      blockKm: real('Side of the blocks of `space: blocks`.', { greaterThan: 0, unit: 'km' }).default(270),
      lengthKm: real('Correlation length of the factors; 0 leaves every cell free.', { min: 0, unit: 'km' }).default(81),
      groups: z
        .array(choice('Emission group.', channels.groups))
        .min(1)
        .default([...channels.groups])
        .meta({
          description:
            'Groups whose emissions are inverted; those of the others stay as they are, and no uncertainty is given for them. Where no monitor sees a group, and what it does ' +
            'to those that are seen is not simulated well, its factors answer to errors of the model. Default mode only.',
        }),
      priorSpread: perGroup(
        channels.groups,
        (group) => real(`Standard deviation of the log factor on ${group}.`, { min: 0, max: 3 }),
        (_, group) => priorSpreadOf(group, channels.species),
      )
        .prefault({})
        .meta({
          description:
            'Standard deviation of the natural logarithm of the factor, per group; by default tight for what neither a monitor nor one of `columns` sees.',
        }),
      sectors: z
        .array(
          z.strictObject({
            sector: text('Name of one of `emissions.sectors`.'),
            priorSpread: forEach(channels.groups, (group) => real(`Standard deviation of the log factor on ${group}.`, { min: 0, max: 3 }).optional())
              .default({})
              .meta({ description: 'Of this sector, where it is not that of `priorSpread`.' }),
          }),
        )
        .default([])
        .meta({
          description:
            'Sectors that have factors of their own, which know nothing of each other a priori; all other emissions share theirs. Default mode only.',
        }),
      regionSpread: z
        .array(
          z.strictObject({
            region: text('Name of one of `regions`.'),
            group: choice('Emission group; without it all.', channels.groups).optional(),
            factor: real('Factor on priorSpread inside the region.', { min: 0, max: 20 }),
          }),
        )
        .default([])
        .meta({ description: 'Regions whose inventory is more, or less, certain than that of the rest.' }),
      initialConcentrations: z
        .strictObject({
          spread: real('Standard deviation of the log factor, the same for every species.', { greaterThan: 0, max: 3 }).default(0.2),
          lengthKm: real('Correlation length of the factors.', { min: 0, unit: 'km' }).default(162),
        })
        .prefault({})
        .meta({
          description:
            'Factors on the initial concentrations of every day, independent of each other, where surrogate.initialConcentrations is control.',
        }),
      observed: z.array(choice('A species.', channels.species)).min(1).optional().meta({
        description: 'Species whose observations the inversion takes, columns among them; those of the others are only scored. By default all.',
      }),
      observationError: forEach(channels.species, (name) => observationError(name, channels.units[name]))
        .prefault({})
        .meta({ description: 'Standard deviation of an observed value, and of what the keys below leave to it.' }),
      errorLevel: choice(
        'What relative errors are relative to: the observed value itself, the mean observed in its cell, or the transport model there and then, scaled to that mean.',
        ['observed', 'cell-mean', 'simulated'],
      ).default('simulated'),
      representativeness: choice(
        'What is added for the place of a monitor in its cell: nothing, or the spread of the monitors within a cell, pooled over the cells that hold several.',
        ['none', 'cell-spread'],
      ).default('none'),
      siteTypeError: z
        .record(text('Type of site, as in the column `observations.stations.type`.'), real('Factor.', { greaterThan: 0, max: 100 }))
        .default({})
        .meta({
          description:
            'Factor on the errors of monitors by the type of their site, such as `{ traffic: 3 }` for those beside a road, which see more than their cell; the part of the ' +
            'surrogate is added after it. Types that are not named have 1.',
        }),
      surrogateError: z
        .union([choice('', ['none', 'certificate']), real('', { min: 0, max: 3 })])
        .default('none')
        .meta({
          description:
            "Error of the surrogate's change from the prior run as a part of that change: a number for all species, or `certificate`, for each species what " +
            'certify found. It is added to the errors of the observations, times the mean misfit of the prior run in the cell (in a further pass of the closed loop, of the run that it starts from).',
        }),
      errorCorrelation: z
        .strictObject({
          hours: errorLength(channels, 'Time', 'value', 'h').default(0),
          km: errorLength(channels, 'Distance', 'cell', 'km').default(0),
          part: ofAllOrEach(channels.species, real('Part.', { greaterThan: 0, max: 1 }), 1)
            .default(1)
            .meta({
              description:
                'Part of the variance that is alike over `hours` and `km`, above 0 and at most 1, of all species or by species (those not named have 1); the rest is of each value alone, such as what the street of a monitor adds.',
            }),
          inSpace: choice(
            'How the correlation over `km` is taken: `inflated` raises the variance of each value, `exact` has it in the cost as it is, so that differences between neighbours count for more than their mean.',
            ['inflated', 'exact'],
          ).default('inflated'),
        })
        .prefault({})
        .meta({ description: 'Errors of neighbouring values that are alike: their variance is raised by how often they repeat each other.' }),
      errorScale: ofAllOrEach(channels.species, real('Factor.', { greaterThan: 0, max: 100 }), 1)
        .default(1)
        .meta({
          description:
            'Factor on the errors of observations, what the keys above add to them included, above 0, of all species or by species (those not named have 1).',
        }),
      loss: choice("Measure of the misfit; `student` is Student's t with 4 degrees of freedom, for monitors that are far off now and then.", [
        'l1',
        'l2',
        'huber',
        'student',
      ]).default('huber'),
      speciesWeights: choice(
        'Of the misfits of species that have different numbers of values: `equal` gives each species the same say, `none` each value that of its error.',
        ['equal', 'none'],
      ).default('equal'),
      lossDivisor: choice('Paper mode: whether the misfit is divided by the number of observations or, as equation 5 says, by that of all cells.', [
        'observations',
        'cells',
      ]).default('observations'),
      nuisance: nuisanceSchema(surfaceOf(channels)),
      totals: z
        .array(
          z.strictObject({
            group: choice('Emission group.', channels.groups),
            region: text('Name of one of `regions`; without it the whole domain.').optional(),
            period: text('Name of a period; without it all together.').optional(),
            factor: real('Updated total over the prior one as it is known; 1: the prior total is right.', { greaterThan: 0, max: 100 }).default(1),
            spread: real('Standard deviation of that.', { greaterThan: 0, max: 10 }),
          }),
        )
        .default([])
        .meta({ description: 'Totals that are known from elsewhere, as soft constraints. Default mode only.' }),
      saturation: z
        .strictObject({
          share: real('Part of the emitting cells of a group with a factor at its bound above which an alarm is given.', {
            greaterThan: 0,
            max: 1,
          }).default(0.2),
          onFailure: choice('Whether the run then goes on with a warning or ends with exit code 5.', ['warn', 'refuse']).default('warn'),
        })
        .prefault({})
        .meta({ description: 'Where many factors lie at their bound, the prior, the model or the errors of the observations are wrong.' }),
      starts: wholeNumber('Controls to start from: the prior, and random ones around it; the best result is kept.', { min: 1, max: 50 }).default(1),
      bound: real('Largest factor on the prior emissions; default mode also allows no less than its inverse, paper mode no less than 0.', {
        greaterThan: 1,
        max: 100,
      }).default(3),
      trustRegion: real(
        'Largest distance of the updated emissions from those that the surrogate was trained on: |log factor| in units of the root mean square of the ' +
          "members' log factors on that group in that cell. Without it the distance is reported, not limited. Default mode only.",
        { greaterThan: 0, max: 100 },
      ).optional(),
      factors: choice(
        'Which hours of a period share a factor, for each cell and group: all, those of a calendar month, a week (from the period on), a day (UTC) or an hour ' +
          'of the day, or none.',
        ['period', 'month', 'week', 'day', 'hour-of-day', 'hour'],
      ).default('period'),
      factorCorrelation: z
        .strictObject({
          hours: real('Time over which factors of one period stay alike: neighbouring slots correlate by exp(-step / hours); 0: not at all.', {
            min: 0,
            unit: 'h',
          }).default(24),
          lasting: real(
            'Part of the variance that is alike in all slots of a period, as an error of the inventory is that does not come and go; `hours` is of the rest. ' +
              'The time that it takes grows as the square of the number of slots.',
            { min: 0, max: 0.99 },
          ).default(0),
          periods: real("Correlation of a period's factors with those of the period before, with `factors: period`.", { min: 0, max: 0.99 }).default(
            0,
          ),
          domain: real(
            'Correlation that the log factors of all cells keep however far apart they are, each group for itself: the part of the variance that an error of the whole ' +
              'inventory has. 0: totals of a large domain are known a priori to few per cent.',
            { min: 0, max: 0.99 },
          ).default(0),
          far: z
            .strictObject({
              part: real('Part of the variance, of what `domain` leaves of it.', { greaterThan: 0, max: 0.99 }),
              km: real('Correlation length of this part, longer than `lengthKm`.', { greaterThan: 0, unit: 'km' }),
            })
            .optional()
            .meta({
              description:
                'A part of the errors of the inventory that is alike over larger areas than lengthKm: a province, whose statistics or emission factors are wrong as a whole. ' +
                'Absent: none, so that totals of areas of many correlation lengths are known a priori to few per cent.',
            }),
          groups: z
            .array(
              z.strictObject({
                groups: z
                  .tuple([choice('Emission group.', channels.groups), choice('Emission group.', channels.groups)])
                  .meta({ description: 'Two emission groups.' }),
                value: real('Correlation of the log factors.', { min: -0.99, max: 0.99 }),
              }),
            )
            .default([])
            .meta({ description: 'Groups whose log factors are correlated a priori, because they come from the same sources; others are not.' }),
        })
        .prefault({})
        .meta({ description: 'Correlations of the prior beside that in space.' }),
      batch: wholeNumber('Hours that a step draws at random; 0 takes all.', { min: 0 }).default(0),
      hoursPerDay: wholeNumber('Hours of each day, evenly spread, at which the surrogate is compared with hourly observations.', {
        min: 1,
        max: 24,
      }).default(8),
      hoursOfDay: forEach(surfaceOf(channels).species, () => hoursOfDay)
        .prefault({})
        .meta({
          description:
            'Hours of the local (solar) day of which hourly values are compared, by species, such as `{ O3: [9, 18] }` for ozone by day, when it is mixed; those not named ' +
            'are compared at all hours. A range may pass midnight. Scores take all hours.',
        }),
      dailyMeans: flag(
        'Whether hourly observations are compared as means of whole UTC days (of 18 hours at least): winds that bring a plume too late then count for less. ' +
          'The surrogate is run at `hoursPerDay` hours of each day. Scores keep the hours.',
      ).default(false),
      stopOnWithheld: flag('Whether a part of the used monitors is set aside to choose the step at which to stop.').default(true),
      patience: wholeNumber('Evaluations without a better value at these monitors after which it stops.', { min: 1 }).default(30),
      gradientReduction: real(
        'The inversion has converged when the norm of the gradient has fallen to this part of the first one; 0: never for that reason.',
        {
          min: 0,
          max: 0.99,
        },
      ).default(0),
      checkpointEvery: wholeNumber('Steps between two checkpoints; a step that ends more than a minute after the last has one, too.', {
        min: 1,
      }).default(10),
      seed: seed('Seed of the batches.').default(13),
      uncertainty: uncertaintySchema(channels),
    })
    .meta({ description: 'How the misfit against the monitors is carried back to the emissions.' }),
);

/** Those of the species whose observations an inversion takes. */
export function observedSpecies({ observed }: { observed?: readonly Species[] }, species: readonly Species[]): readonly Species[] {
  return observed ?? species;
}
