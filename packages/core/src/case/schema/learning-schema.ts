/**
 * The surrogate, the tracers of the emissions that it sees (`surrogate/tracers/tracers.ts`) with the weather that they need, and its training. Defaults are what the trials of docs/dev/tried.md came to: tracers, a network linear in the emissions, a multi-rate window
 * without initial concentrations, a loss on differences. Those of the paper's mode stand in paper-defaults.ts.
 */
import { z } from 'zod';
import { forEach, schemaFor } from './channel-kinds';
import { choice, flag, real, seed, wholeNumber } from './kinds';
import { knownGroup, knownSpecies, type Group, type TracerKind } from '../../base/species';

const tracerSchema = (groups: readonly Group[]) =>
  z.strictObject({
    lifetime: real('Lifetime against a first-order loss.', { greaterThan: 0, unit: 'h' }),
    aloft: flag('Whether it is emitted above a mixed layer of less than 300 m, as from stacks.').optional(),
    washed: flag('Whether rain washes it out.').optional(),
    precursor: real(
      'Lifetime of the emitted tracer, neither aloft nor washed and before it in the list, that it is made of; default: it is emitted.',
      {
        greaterThan: 0,
        unit: 'h',
      },
    ).optional(),
    by: choice('What makes it of its precursor: sunlight, or clouds and haze.', ['light', 'cloud']).optional(),
    groups: z.array(choice('An emission group.', groups)).min(1).meta({ description: 'Emission groups that have it; default: all.' }).optional(),
  });

/** One kind of tracer. */
export type TracerSettings = z.infer<ReturnType<typeof tracerSchema>>;

/** Kinds of tracer that a group has, as places in the list. */
export function tracersOf(tracers: readonly TracerSettings[], group: string): number[] {
  return tracers.flatMap(({ groups }, place) => (groups?.some((name) => name === group) === false ? [] : [place]));
}

/** Of all groups together. @param names - as long as there are groups */
export function tracerCount(tracers: readonly TracerSettings[], names: { readonly length: number }): number {
  return tracers.reduce((sum, { groups }) => sum + (groups ? new Set(groups).size : names.length), 0);
}

/** Whether a product may name it by its lifetime. */
export function isPrecursor(tracer: TracerSettings, lifetime: number): boolean {
  return tracer.lifetime === lifetime && tracer.precursor === undefined && !tracer.washed && !tracer.aloft;
}

/** Of which {@link GroupFacts.tracers} names those that a group has by default: all ten for every group fit no better and take twice the memory (docs/dev/tried.md). */
const KINDS: Readonly<Record<TracerKind, TracerSettings>> = {
  '3 h': { lifetime: 3 },
  '12 h': { lifetime: 12 },
  '48 h': { lifetime: 48 },
  '200 h': { lifetime: 200 },
  stacks: { lifetime: 12, aloft: true },
  washed: { lifetime: 48, washed: true },
  light: { lifetime: 48, precursor: 12, by: 'light' },
  'light, aged': { lifetime: 200, precursor: 48, by: 'light', washed: true },
  cloud: { lifetime: 48, precursor: 12, by: 'cloud', washed: true },
  'cloud, aged': { lifetime: 200, precursor: 48, by: 'cloud', washed: true },
};

/** Of a group that the table does not know: as it says nothing of what becomes of it, those of what lives short and long. */
const UNKNOWN_KINDS: readonly TracerKind[] = ['3 h', '12 h', '48 h', '200 h', 'washed'];

function defaultTracers(groups: readonly Group[]): TracerSettings[] {
  return Object.entries(KINDS).flatMap(([kind, tracer]) => {
    const groupsOfKind = groups.filter((group) => (knownGroup(group)?.tracers ?? UNKNOWN_KINDS).includes(kind as TracerKind));
    if (groupsOfKind.length === 0) return [];
    return [groupsOfKind.length === groups.length ? { ...tracer } : { ...tracer, groups: groupsOfKind }];
  });
}

const tracersSchema = (groups: readonly Group[]) =>
  z.array(tracerSchema(groups)).max(16).default(defaultTracers(groups)).meta({
    description:
      'Tracers that are inputs beside the emissions: groups, carried by the weather of the whole period, as each of these. They need u, v and PBL or inversePbl among meteorology.variables; `washed` RN, `light` RGRND, `cloud` TEMP2, Q2 and RN. None: []',
  });

/** What tracers need of the meteorology and is not among its channels, the first of it. */
export function missingWeather(tracers: readonly TracerSettings[], names: readonly string[]): string | undefined {
  if (tracers.length === 0) return undefined;
  const height = names.includes('PBL') || names.includes('inversePbl') ? [] : ['PBL or inversePbl'];
  return [...['u', 'v'].filter((name) => !names.includes(name)), ...height, ...rateChannels(tracers).filter((name) => !names.includes(name))][0];
}

/** Channels of the meteorology that products and washing out follow from. */
export function rateChannels(tracers: readonly TracerSettings[]): string[] {
  const namesIf = (test: (tracer: TracerSettings) => boolean | undefined, names: string[]): string[] => (tracers.some(test) ? names : []);
  return [
    ...namesIf(({ by }) => by === 'light', ['RGRND']),
    ...namesIf(({ by }) => by === 'cloud', ['TEMP2', 'Q2']),
    ...namesIf(({ by, washed }) => by === 'cloud' || washed, ['RN']),
  ];
}

export const surrogateSchema = schemaFor(({ groups }) =>
  z
    .strictObject({
      mode: choice('`paper` takes the defaults of Huang et al. (2021) for surrogate and training.', ['default', 'paper']).default('default'),
      window: z
        .array(
          z.strictObject({
            count: wholeNumber('Number of steps.', { min: 1, max: 200 }),
            hours: wholeNumber('Length of a step; the fields are averaged over it.', { min: 1, max: 240, unit: 'h' }),
          }),
        )
        .min(1)
        .default([
          { count: 1, hours: 12 },
          { count: 1, hours: 6 },
          { count: 6, hours: 1 },
        ])
        .meta({ description: 'What the surrogate sees of the past, oldest first; the last step ends with the hour that is predicted.' }),
      tracers: tracersSchema(groups),
      priorConcentrations: flag(
        "Whether the surrogate sees, beside the weather and in the same steps, the concentrations of the transport model's prior run: what the air holds already decides how it answers to a change of emissions. They stay as they are whatever is inverted, and every run of the surrogate needs them.",
      ).default(true),
      initialConcentrations: choice(
        'Concentrations at the beginning of the window, y[t−k], as an input, and where they come from when the surrogate is run and inverted: `none`, no such ' +
          'input; `prior`, the prior run, held fixed (the paper); `rollout`, its own output one window earlier, and the gradient goes back through that chain; ' +
          '`control`, the prior run times factors that are inverted together with those of the emissions. In training they are those of the run at hand.',
        ['none', 'prior', 'rollout', 'control'],
      ).default('none'),
      network: choice(
        'Network that is trained; the `response-unet` is linear in the emissions but for what the weather and they make of its gates.',
        ['lstm-unet', 'response-unet', 'resnet'],
      ).default('response-unet'),
      hidden: wholeNumber('Hidden units of the LSTM.', { min: 1, max: 1024 }).default(16),
      allStates: flag('Whether the hidden states of all steps go on to the U-Net, or only the last.').default(true),
      cellWidth: wholeNumber('Units that each cell makes of its hidden states and tracers; without tracers the hidden states go on as they are.', {
        min: 1,
        max: 1024,
      }).default(96),
      widths: z
        .array(wholeNumber('Channels.', { min: 1, max: 2048 }))
        .length(3)
        .default([24, 48, 96])
        .meta({ description: 'Channels of the two levels and the middle of the U-Net; the first is the width of the resnet.' }),
      encoderConvs: wholeNumber('Convolutions per level on the way down and in the middle.', { min: 1, max: 8 }).default(2),
      decoderConvs: wholeNumber('Convolutions per level on the way up.', { min: 1, max: 8 }).default(1),
      residualBlocks: wholeNumber('Residual blocks of the resnet.', { min: 1, max: 100 }).default(8),
      batchNorm: flag('Batch normalisation after each convolution.').default(false),
      dropout: real('Probability with which an activation is dropped in training.', { min: 0, max: 0.9 }).default(0),
      headWidth: wholeNumber('Hidden units of the head.', { min: 1, max: 2048 }).default(32),
      headActivation: choice('Activation of the output; the response-unet has none.', ['softplus', 'relu', 'none']).default('softplus'),
      branchLayers: wholeNumber('Convolutions of the branches of geography and earlier concentrations.', { min: 1, max: 8 }).default(2),
      branchWidth: wholeNumber('Channels of these branches.', { min: 1, max: 256 }).default(8),
    })
    .meta({ description: 'The neural network that stands in for the transport model.' }),
);

export const trainingSchema = schemaFor(({ species }) =>
  z
    .strictObject({
      iterations: wholeNumber('Largest number of steps.', { min: 1 }).default(3000),
      maxMinutes: real('Training ends after this time even if steps are left.', { greaterThan: 0, unit: 'min' }).optional(),
      batch: wholeNumber('Samples per step.', { min: 1, max: 1024 }).default(4),
      microBatches: wholeNumber(
        'Equal parts of a batch that are computed one after the other, and their gradients added up in that order; of several processes (mpirun) each takes some, and ' +
          'any number of them that divides this one gives the same bits. Batch norm and dropout see each for itself.',
        { min: 1, max: 1024 },
      ).default(1),
      optimiser: choice(
        'What steps the matrices of weights: Muon, which makes all directions of a step equally long, or Adam, which steps all else in either case. Both have one `learningRate`.',
        ['muon', 'adam'],
      ).default('muon'),
      learningRate: real('Step of the optimiser.', { greaterThan: 0, max: 1 }).default(2e-3),
      learningRateDecay: real('Step at the end as a part of that at the start, along a cosine; 1 keeps it constant.', {
        greaterThan: 0,
        max: 1,
      }).default(0.1),
      l2: real('L2 penalty on the weights, added to the gradient.', { min: 0, max: 1 }).default(0),
      clipNorm: real('Norm of the gradient above which it is scaled down; 0 never.', { min: 0 }).default(1),
      differenceWeight: real('Weight of the loss on the difference between two runs at the same hour; 0 turns it off.', { min: 0, max: 100 }).default(
        1,
      ),
      differenceLoss: choice('Of the difference between two runs: absolute values, squares, or the mean of both losses.', [
        'l1',
        'l2',
        'both',
      ]).default('both'),
      speciesWeights: forEach(species, (name) => real(`Weight of ${name} in the loss.`, { min: 0 }).default(knownSpecies(name)?.lossWeight ?? 1))
        .prefault({})
        .meta({
          description:
            "Weights of the species, whose errors are counted in units of the species' standard deviation. PM2.5 answers to most groups, the others to one or two.",
        }),
      rolloutWindows: wholeNumber(
        'Windows that a sample holds, each with the output of the one before as its initialConcentrations, trained through; 1 takes those of the run.',
        { min: 1, max: 4 },
      ).default(1),
      crop: wholeNumber('Side of the square that a sample covers; 0 takes the whole domain.', { min: 0, unit: 'cells' }).default(0),
      noise: real('Relative standard deviation of the noise on the emissions of a sample.', { min: 0, max: 1 }).default(0),
      rotation: flag('Whether samples are turned by random multiples of 90°, winds with them.').default(false),
      rescaling: real(
        'Largest relative change by which emissions and concentrations of a sample are multiplied together; wrong for non-linear chemistry.',
        { min: 0, max: 1 },
      ).default(0),
      synchronisedBatchNorm: flag(
        'Of several processes (mpirun) on one batch: whether batch norm takes its statistics over all samples, as one process would, or over those of each process ' +
          'alone, which spares exchanges within the network.',
      ).default(true),
      earlyStoppingIterations: wholeNumber('Steps without a better test loss after which training ends; 0 never.', { min: 0 }).default(0),
      evaluateEvery: wholeNumber('Steps between two looks at the test loss.', { min: 1 }).default(100),
      testFraction: real('Part of the days at the end of each period that are not trained on; only where no member is kept for it (testMembers).', {
        min: 0,
        max: 0.9,
      }).default(0.25),
      testMembers: wholeNumber(
        'Members that are not trained on, for the test loss and the evaluation; with one or more, all days are trained on, as all are inverted. ' +
          'They are the last of the random ones, or of the runs that the case brings. Default: 1 of six members or more, else 0.',
        { min: 0 },
      ).optional(),
      checkpointEvery: wholeNumber('Steps between two checkpoints.', { min: 1 }).default(200),
      seed: seed('Seed of weights, batches and dropout.').default(11),
    })
    .meta({ description: 'How the network is trained.' }),
);
