/** The whole case file: sections in the order in which a reader meets them. */
import { z } from 'zod';
import { PRECISIONS } from '../../base/device';
import { COLUMN_NAME, DEFAULT_CHANNELS, surfaceOf, type CaseChannels } from '../../base/species';
import { CHANNEL_NAME, caseChannels, schemaFor } from './channel-kinds';
import { columnsSchema } from './columns-schema';
import { certificateSchema } from './certificate-schema';
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
import { choice, device, files, flag, folderName, wholeNumber, real, seed } from './kinds';
import { inversionSchema, errorLength } from './inversion-schema';
import { surrogateSchema, trainingSchema } from './learning-schema';

export const SCHEDULERS = ['slurm', 'pbs'] as const;

/** One line of a script. */
function line(description: string): z.ZodString {
  return z
    .string()
    .regex(/^[^\n\r]+$/, { error: 'expected one line, not empty' })
    .meta({ description });
}

const lines = (description: string): z.ZodDefault<z.ZodArray<z.ZodString>> => z.array(line('One line.')).default([]).meta({ description });

/** What each job of a kind asks for. */
const resources = {
  hours: real('Time limit of a job; one that meets it goes back into the queue and goes on from its checkpoint.', {
    min: 0.01,
    max: 8760,
    unit: 'h',
  }).default(4),
  cpus: wholeNumber('Processors of a job (of each of its ranks), and its threads.', { min: 1, max: 1024 }).default(4),
  memory: z
    .string()
    .regex(/^[1-9]\d*[MGT]$/, { error: 'expected a size such as 64G' })
    .optional()
    .meta({ description: "Memory of a job on each node, such as `64G`; left out, the cluster's default." }),
  partition: line('Partition (PBS: queue), where it is another one than `jobs.partition`.').optional(),
  options: lines('Further options of the scheduler, such as `--constraint=icelake`, for these jobs beside `jobs.options`.'),
};

/** How a run is given to a scheduler (`retroplume run --submit`); nothing of it decides a result but the number of threads. */
const jobsSchema = z
  .strictObject({
    scheduler: choice('Which scheduler, where `--submit` does not say.', SCHEDULERS).default('slurm'),
    account: line('Account that is charged.').optional(),
    partition: line("Partition (PBS: queue) of all jobs; left out, the cluster's default.").optional(),
    options: lines('Further options of the scheduler for all jobs, such as `--qos=long`; each becomes a line `#SBATCH …` or `#PBS …`.'),
    setup: lines('Lines of shell at the head of every job, such as `module load node netcdf-c`.'),
    model: z
      .strictObject(resources)
      .prefault({})
      .meta({ description: 'Jobs without the network: runs of the transport model, the preparation, verification and report.' }),
    network: z
      .strictObject({
        ...resources,
        gpus: wholeNumber('GPUs of a job (of each of its ranks); with 0 the network computes on the CPU.', { min: 0, max: 16 }).default(0),
        nodes: wholeNumber('Nodes of a training.', { min: 1, max: 10000 }).default(1),
        tasks: wholeNumber('Ranks of a training over all of its nodes.', { min: 1, max: 100000 }).default(1),
      })
      .prefault({})
      .meta({ description: 'Jobs with the network: training, certificate, inversion, uncertainty and loop.' }),
    launcher: line(
      'Command that starts the ranks of a training, where there are several; left out, `srun --mpi=pmix` with Open MPI, `srun --mpi=pmi2` with others (PBS: `mpirun`).',
    ).optional(),
    beside: wholeNumber('Tasks of a job array that run at the same time; 0 leaves that to the scheduler.', { min: 0, max: 1000 }).default(0),
    warnSeconds: wholeNumber('How long before its time limit a job is told to stop at its next checkpoint.', {
      min: 10,
      max: 65535,
      unit: 's',
    }).default(120),
    restarts: wholeNumber('How often a job goes back into the queue at its time limit before it counts as failed.', { min: 0, max: 1000 }).default(
      10,
    ),
  })
  .meta({ description: 'Jobs of a scheduler (`retroplume run --submit`, docs/clusters.md).' });

/** The closed loop: the transport model's run on the updated emissions becomes a training run and the anchor of another inversion. */
const loopSchema = z
  .strictObject({
    passes: wholeNumber(
      'Largest number of passes of inversion, transport model and comparison; 1 is a single pass, without a loop. Each further pass first trains the surrogate ' +
        'on the runs of the passes before, then inverts from the best of them.',
      { min: 1, max: 50 },
    ).default(1),
    iterations: wholeNumber('Steps by which the surrogate is trained on in a further pass.', { min: 1 }).default(600),
    learningRate: real('Step of the optimiser at the start of a further training; it falls as that of `training` does.', {
      greaterThan: 0,
      max: 1,
    }).default(5e-4),
    agreement: real(
      'The loop may end early once the predicted gain differs from the realised one by at most this part of it, for every species at the monitors that the inversion may look at.',
      { greaterThan: 0 },
    ).default(0.25),
    smallestGain: real(
      'It does end then if the next inversion promises to lower the error at those monitors (mean over species of the MAE relative to that of the prior run) by ' +
        'less than this part of it: the transport model is not run again for so little.',
      { min: 0, max: 1 },
    ).default(0.02),
  })
  .meta({ description: 'The closed loop of inversion and transport model.' });

function values<T extends z.ZodType>(value: T, description: string): z.ZodOptional<z.ZodArray<T>> {
  return z.array(value).min(1).optional().meta({ description });
}

/** Cross-validation: settings of the inversion chosen by monitors that are left out of it in turn. */
const crossValidationSchema = schemaFor((channels) =>
  z
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
              km: real('Correlation length.', { greaterThan: 0, unit: 'km' }),
            }),
            'Values of `inversion.factorCorrelation.far`.',
          ),
          spreadScale: values(
            real('Factor.', { greaterThan: 0, max: 20 }),
            'Factors on all of `inversion.priorSpread` and of `inversion.sectors[].priorSpread`.',
          ),
          errorScale: values(real('Factor.', { greaterThan: 0, max: 100 }), 'Factors on `inversion.errorScale`.'),
          errorCorrelation: values(
            z.strictObject({
              hours: errorLength(channels, 'Time', 'value', 'h'),
              km: errorLength(channels, 'Distance', 'cell', 'km'),
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
    .meta({ description: 'Settings of the inversion chosen by monitors that are left out of it in turn; see docs/uncertainty.md#cross-validation.' }),
);

/** The schema of a case file with these groups and species. */
export const caseSchema = schemaFor((channels) =>
  z.strictObject({
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
    emissions: emissionsSchema(channels),
    concentrations: concentrationsSchema(surfaceOf(channels)).prefault({}),
    columns: columnsSchema,
    ctm: ctmSchema.prefault({ kind: 'reference' }),
    members: membersSchema(channels).prefault({}),
    response: responseSchema(channels).prefault({}),
    priorConcentrations: files("The transport model's output for the prior emissions, where it was run outside Retroplume.").optional(),
    updatedConcentrations: files(
      "The transport model's output for the updated emissions that `apply` has written, where it was run outside Retroplume, as the prior run was: `verify` reads it instead of running `ctm`.",
    ).optional(),
    priorLayers: files("The prior run's output with layers, where `priorConcentrations` names the run and the case has `columns`.").optional(),
    updatedLayers: files('As `priorLayers`, of the run of `updatedConcentrations`.').optional(),
    truth: truthSchema(channels).optional(),
    observations: observationsSchema(surfaceOf(channels)),
    withheld: withheldSchema.prefault({}),
    scores: scoresSchema.prefault({}),
    surrogate: surrogateSchema(channels).prefault({}),
    training: trainingSchema(channels).prefault({}),
    certificate: certificateSchema(channels).prefault({}),
    inversion: inversionSchema(channels).prefault({}),
    crossValidation: crossValidationSchema(channels).prefault({}),
    loop: loopSchema.prefault({}),
    paperMode: z
      .strictObject({
        run: flag("Whether the paper's mode is run beside the default.").default(false),
        surrogate: surrogateSchema(channels).prefault({}),
        training: trainingSchema(channels).prefault({}),
        inversion: inversionSchema(channels).prefault({}),
      })
      .prefault({})
      .meta({ description: "The paper's mode beside the default: keys of surrogate, training and inversion that differ from the paper's values." }),
    ensembleMode: z
      .strictObject({
        run: flag('Whether that is done, at one more run of the transport model a period.').default(false),
      })
      .prefault({})
      .meta({
        description:
          'An update that needs no network, beside the default: the members weighed at each cell by how well they fit the monitors near it. It says what the network adds. It takes three members or more, and `inversion.lengthKm` as the distance in which a monitor counts.',
      }),
    regions: regionsSchema.default({}),
    jobs: jobsSchema.prefault({}),
  }),
);

type Section = Record<string, unknown>;

const sectionOf = (values: unknown, key: string): Section => {
  const section = typeof values === 'object' && values !== null ? (values as Section)[key] : undefined;
  return typeof section === 'object' && section !== null ? (section as Section) : {};
};

/** The groups and species that the values of a file name, as far as they can be read: what is wrong with them the schema says. */
export function channelsNamed(values: unknown): CaseChannels {
  const groups = sectionOf(sectionOf(values, 'emissions'), 'groups');
  const named = concentrationsSchema(DEFAULT_CHANNELS).shape.species.safeParse(sectionOf(values, 'concentrations')['species']);
  const readable = Object.fromEntries(Object.entries(groups).filter(([name]) => CHANNEL_NAME.safeParse(name).success));
  return caseChannels({
    emissions: { groups: Object.keys(readable).length > 0 ? readable : Object.fromEntries(DEFAULT_CHANNELS.groups.map((group) => [group, {}])) },
    concentrations: { species: named.success ? named.data : undefined },
    columns: Object.fromEntries(Object.entries(sectionOf(values, 'columns')).filter(([name]) => COLUMN_NAME.test(name))),
  });
}

/** A case is read once: functions that zod would compile for its many objects cost more than they save. */
export function parseCase(values: unknown): z.ZodSafeParseResult<z.output<ReturnType<typeof caseSchema>>> {
  return caseSchema(channelsNamed(values)).safeParse(values, { jitless: true });
}

/** A checked case; `file` is the absolute path of the case file, and all paths in it are absolute. */
export type Case = z.output<ReturnType<typeof caseSchema>> & { file: string };
export type PeriodSettings = Case['periods'][number];
export type SurrogateSettings = Case['surrogate'];
export type TrainingSettings = Case['training'];
export type CertificateSettings = Case['certificate'];
export type InversionSettings = Case['inversion'];
export type JobsSettings = Case['jobs'];
export type LoopSettings = Case['loop'];
export type CtmSettings = Case['ctm'];
