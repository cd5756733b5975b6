/** The whole case file: sections in the order in which a reader meets them. */
import { z } from 'zod';
import { PRECISIONS } from '../../base/device';
import { certificateSchema } from './certificate-schema';
import { crossValidationSchema } from './cross-validation-schema';
import {
  concentrationsSchema,
  ctmSchema,
  emissionsSchema,
  geographySchema,
  gridSchema,
  meteorologySchema,
  periodSchema,
  regionsSchema,
} from './domain-schema';
import { membersSchema, observationsSchema, responseSchema, scoresSchema, truthSchema, withheldSchema } from './experiment-schema';
import { choice, device, files, flag, folderName, wholeNumber } from './kinds';
import { inversionSchema } from './inversion-schema';
import { jobsSchema } from './jobs-schema';
import { surrogateSchema, trainingSchema } from './learning-schema';
import { loopSchema } from './loop-schema';

export const caseSchema = z.strictObject({
  name: folderName('Name of the case, which names the run folder, too: letters, digits, spaces, `_`, `.` and `-`.'),
  description: z.string().default('').meta({ description: 'What the case is, in a sentence or two; shown in the report.' }),
  assumptions: z.array(z.string()).default([]).meta({ description: 'What was assumed in making the inputs; listed in the report.' }),
  device: device(
    'Where the network computes: `auto` (the first GPU if there is one that this build can use, else the CPU), `cpu`, `cuda` (the first GPU) or `cuda:N`.',
  ).prefault('auto'),
  precision: choice(
    'How a GPU multiplies matrices: exactly, or faster with factors rounded to 10 bits of mantissa (tf32) or 7 (bf16); sums are float32.',
    PRECISIONS,
  ).default('float32'),
  tileCells: wholeNumber(
    'Largest side of the overlapping tiles in which the trained surrogate is run over the domain, forward and backward, so that memory follows from the ' +
      'tile; the result is that of the whole domain to rounding. 0 takes the whole domain if the program fits in 3 GiB, else tiles of 0.5 GiB.',
    { min: 0, unit: 'cells' },
  ).default(0),
  grid: gridSchema,
  periods: z
    .array(periodSchema)
    .min(1)
    .meta({ description: 'Spans of time that are modelled. No hour is compared in two of them; a spin-up may lie in another period.' }),
  meteorology: meteorologySchema,
  geography: geographySchema.optional(),
  emissions: emissionsSchema,
  concentrations: concentrationsSchema.prefault({}),
  ctm: ctmSchema.prefault({ kind: 'reference' }),
  members: membersSchema.prefault({}),
  response: responseSchema.prefault({}),
  priorConcentrations: files("The transport model's output for the prior emissions, where it was run outside Retroplume.").optional(),
  updatedConcentrations: files(
    "The transport model's output for the updated emissions that `apply` has written, where it was run outside Retroplume, as the prior run was: `verify` reads it instead of running `ctm`.",
  ).optional(),
  truth: truthSchema.optional(),
  observations: observationsSchema,
  withheld: withheldSchema.prefault({}),
  scores: scoresSchema.prefault({}),
  surrogate: surrogateSchema.prefault({}),
  training: trainingSchema.prefault({}),
  certificate: certificateSchema.prefault({}),
  inversion: inversionSchema.prefault({}),
  crossValidation: crossValidationSchema.prefault({}),
  loop: loopSchema.prefault({}),
  paperMode: z
    .strictObject({
      run: flag("Whether the paper's mode is run beside the default.").default(false),
      surrogate: surrogateSchema.prefault({}),
      training: trainingSchema.prefault({}),
      inversion: inversionSchema.prefault({}),
    })
    .prefault({})
    .meta({ description: "The paper's mode beside the default: keys of surrogate, training and inversion that differ from the paper's values." }),
  regions: regionsSchema.default({}),
  jobs: jobsSchema.prefault({}),
});

/** A case is read once: functions that zod would compile for its many objects cost more than they save. */
export function parseCase(values: unknown): z.ZodSafeParseResult<z.output<typeof caseSchema>> {
  return caseSchema.safeParse(values, { jitless: true });
}

/** A checked case; `file` is the absolute path of the case file, and all paths in it are absolute. */
export type Case = z.output<typeof caseSchema> & { file: string };
export type PeriodSettings = Case['periods'][number];
export type SurrogateSettings = Case['surrogate'];
export type TrainingSettings = Case['training'];
export type CertificateSettings = Case['certificate'];
export type InversionSettings = Case['inversion'];
export type JobsSettings = Case['jobs'];
export type LoopSettings = Case['loop'];
export type CtmSettings = Case['ctm'];
