/** The certificate: which runs of the transport model the surrogate's response is held against, and what is asked of it before an inversion. */
import { z } from 'zod';
import { forEach, schemaFor } from './channel-kinds';
import { outsideRuns } from './experiment-schema';
import { judgedPairs, surfaceOf } from '../../base/species';
import { choice, files, maskOfFile, real, seed, text, wholeNumber } from './kinds';

const pairSchema = schemaFor(({ groups, species }) =>
  z.strictObject({
    group: choice('Emission group that is changed.', groups),
    species: choice('Species whose response is judged.', species),
    minSlope: real("Least slope of the surrogate's change on the transport model's.", { min: 0, max: 1 }).default(0.6),
    maxSlope: real('Largest slope.', { min: 1 }).default(1.5),
    minR: real('Least correlation of the two changes over cells and hours.', { min: -1, max: 1 }).default(0.7),
    minSignAgreement: real('Least part of the cells and hours with a clear change in which both changes have the same sign.', {
      min: 0,
      max: 1,
    }).default(0.9),
  }),
);

const sensitivitySchema = schemaFor(({ groups, species }) =>
  z
    .strictObject({
      name: text('Name of the sensitivity.'),
      group: choice('Emission group whose emissions the sensitivity is to: all species of the group together.', groups),
      files: files('I/O API files with the sensitivities at the surface, hourly means over the period (ASENS of CMAQ-DDM-3D).'),
      variables: forEach(species, (name) => text(`Variable with the sensitivity of ${name}, such as O3_ENX.`).optional())
        .refine((variables) => Object.values(variables).some((name) => name !== undefined), {
          error: `expected at least one of ${species.join(', ')}`,
        })
        .meta({ description: 'Species that the files hold; semi-normalised, so in a unit of concentration.' }),
      scale: real('What the values are multiplied by to give the change for + 100 % of the emissions: 1 for CMAQ-DDM-3D, 100 for changes by + 1 %.', {
        greaterThan: 0,
      }).default(1),
      region: text('One of `regions`: the sensitivity is to the emissions there; without it and `mask` to those of the whole domain.').optional(),
      mask: maskOfFile('Variable with the part of the emissions of each cell, 0 to 1, that the sensitivity is to.')
        .optional()
        .meta({ description: 'Instead of a region: a field of parts of cells.' }),
    })
    .refine(({ region, mask }) => region === undefined || mask === undefined, { error: 'expected a region or a mask, not both' }),
);

const LIMITS = { minSlope: 0.6, maxSlope: 1.5, minR: 0.7, minSignAgreement: 0.9 };

export const certificateSchema = schemaFor((channels) =>
  z
    .strictObject({
      onFailure: choice(
        '`refuse`: without a passed certificate of a surrogate that could be judged, invert ends with exit code 5; `warn`: it goes on, and the report says so.',
        ['refuse', 'warn'],
      ).default('refuse'),
      factors: z
        .array(real('Factor.', { greaterThan: 0, max: 3 }))
        .default([])
        .meta({
          description:
            'Factors on all emissions of one group for which certify runs the transport model, for each group of `pairs`; runs of `response` count too. Without either the group is judged by its part of members.',
        }),
      patches: z
        .strictObject({
          count: wholeNumber('Patches per group, drawn where the group is emitted and apart from each other; 0 leaves them out.', {
            min: 0,
            max: 100,
          }).default(0),
          cells: wholeNumber('Side of a patch.', { min: 1, max: 50, unit: 'cells' }).default(3),
          factor: real('Factor on the emissions of the group in all patches, in one run of the transport model per group.', {
            greaterThan: 0,
            max: 10,
          }).default(1.5),
          seed: seed('Seed of the choice of patches.').default(17),
        })
        .prefault({})
        .meta({ description: 'Patches of cells with changed emissions: the response by distance from the source.' }),
      pairs: z
        .array(pairSchema(channels))
        .default(judgedPairs(channels).map(([group, species]) => ({ group, species, ...LIMITS })))
        .meta({ description: 'Pairs that are judged, in every period, and what is asked of them.' }),
      runs: outsideRuns
        .default([])
        .meta({ description: 'Further runs, made outside Retroplume: one that changes a single group counts for its pairs.' }),
      sensitivities: z
        .array(sensitivitySchema(surfaceOf(channels)))
        .default([])
        .meta({
          description:
            "First-order sensitivities of the transport model as files, such as those of CMAQ-DDM-3D, held against the surrogate's own derivative. One over the whole " +
            'domain is judged by the limits of its pairs.',
        }),
    })
    .meta({ description: "What is asked of the surrogate's response to emissions before an inversion." }),
);
