/** What an inversion has beside the emissions: biases of monitors, and runs of the transport model with something else changed. */
import { z } from 'zod';
import { referenceOptionsSchema } from './domain-schema';
import { perSpecies, schemaFor } from './channel-kinds';
import { WIND_ERROR } from './experiment-schema';
import type { CaseChannels } from '../../base/species';
import { fileName, files, real, seed, wholeNumber } from './kinds';

function biases({ species, units }: CaseChannels, description: string): z.ZodPrefault<ReturnType<typeof perSpecies>> {
  return perSpecies(species, (name) => real(`Standard deviation of the bias of ${name}; 0: none.`, { min: 0, unit: units[name] }), 0)
    .prefault({})
    .meta({ description });
}

export const nuisanceSchema = schemaFor((channels) =>
  z
    .strictObject({
      stationBias: biases(channels, 'A bias of the monitors of each cell, the same at all times, that the emissions need not explain.'),
      sharedBias: biases(
        channels,
        'A bias that all monitors share, the same at all times: monitors stand where people live, so that they see more NO2 and less ozone than the cells around them.',
      ),
      runs: z
        .array(
          z.strictObject({
            name: fileName(
              'Name of the term.',
              /^\w[\w.-]*$/,
              'expected letters, digits, dots and dashes, a letter or digit first: it names a folder',
            ),
            options: referenceOptionsSchema.optional().meta({
              description: 'Reference model: settings that replace those of `ctm.options`; simulate makes the run with the prior emissions.',
            }),
            windErrors: z
              .strictObject({
                draws: wholeNumber('Number of runs, each with an error of its own.', { min: 2, max: 99 }),
                ...WIND_ERROR,
                seed: seed('Seed of the errors.').default(1),
              })
              .optional()
              .meta({
                description:
                  'Reference model: not one run but several, each with a smooth random error on the winds that it reads, for winds that may be wrong in any way. ' +
                  'Each has a part of its own with standard deviation `spread` over the root of their number: with a spread of 1 all together vary as the runs do.',
              }),
            concentrations: files('Concentrations of a run that was made outside Retroplume, with the prior emissions.').optional(),
            layers: files('Its output with layers, where the case has `columns`.').optional(),
            spread: real("Standard deviation of the part of the run's change that is added to what is simulated.", { greaterThan: 0, max: 10 }),
            varies: z
              .strictObject({
                hours: real('Time over which the part stays alike; absent: it is the same at all times.', { min: 1, unit: 'h' }).optional(),
                km: real('Distance over which the part stays alike; absent: it is the same everywhere.', { min: 1, unit: 'km' }).optional(),
              })
              .optional()
              .meta({
                description: 'Makes the part a field, for what is wrong now and here and not then and there, such as winds; absent: one number.',
              }),
          }),
        )
        .default([])
        .meta({
          description:
            'Runs of the transport model with something else changed than the emissions that are inverted: inflow at the borders, biogenic emissions. ' +
            'The change of what they simulate is added to the surrogate times a number that is inverted with the emissions.',
        }),
    })
    .prefault({})
    .meta({ description: 'What the monitors see beside the emissions: numbers with a spread of their own. Default mode only.' }),
);

export type NuisanceRun = z.infer<ReturnType<typeof nuisanceSchema>>['runs'][number];

/** A run of the transport model behind a term: the term's own, or one of its draws. */
export interface NuisanceChange {
  /** the term's, with the number of the draw where there are several */
  name: string;
  options?: NuisanceRun['options'];
  /** of a run of several: which it is */
  windError?: Omit<NonNullable<NuisanceRun['windErrors']>, 'draws'> & { draw: number };
  /** files of a run that was made outside */
  concentrations?: string;
  layers?: string;
}

/** The runs behind a term. */
export function nuisanceChanges({ name, options, windErrors, concentrations, layers }: NuisanceRun): NuisanceChange[] {
  if (!windErrors) return [{ name, options, concentrations, layers }];
  const { draws, ...error } = windErrors;
  return Array.from({ length: draws }, (_, i) => ({
    name: `${name}-${String(i + 1).padStart(2, '0')}`,
    options,
    windError: { ...error, draw: i + 1 },
  }));
}
