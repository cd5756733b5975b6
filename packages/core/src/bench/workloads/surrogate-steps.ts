/** What a run computes on a GPU with the defaults of a case, as programs: a step of the training, and an adjoint of the frozen surrogate. */
import { tracerCount } from '../../case';
import { surrogateSchema, trainingSchema } from '../../case/schema/learning-schema';
import { Graph, planProgram, type ProgramLayout } from '../../graph';
import { frozenGraph } from '../../surrogate/model/frozen-program';
import type { ChannelScale } from '../../surrogate/model/normalisation';
import type { SurrogateSizes } from '../../surrogate/model/model';
import { trainingStep } from '../../surrogate/training/training-program';
import { WORKLOADS } from './workloads';

export const SURROGATE_STEPS = ['train', 'adjoint'] as const;
type SurrogateStep = (typeof SURROGATE_STEPS)[number];

const { rows, cols, channels, emissions, geography, network } = WORKLOADS.default;
/** Channels of the real case (docs/cases/china.md). */
const CHANNELS = { emissions, meteorology: channels - emissions, geography, species: network.species };
/** Samples and cells: a batch of its training, and an hour of its domain. */
const SIZES: Record<SurrogateStep, { batch: number; rows: number; cols: number }> = {
  train: { batch: 4, rows: 64, cols: 64 },
  adjoint: { batch: 1, rows, cols },
};
/** An odd part of a tile of each kind. */
const TINY = { rows: 12, cols: 9 };

/**
 * The layout of a step's program for a device that rounds factors of products, whose phase is `step`.
 *
 * @param room - packed numbers that the training may keep beyond what it keeps anywhere (`roomIn`)
 * @param tiny - on a few cells, with as many samples
 */
export function surrogateLayout(step: SurrogateStep, room: number, tiny: boolean): ProgramLayout {
  const settings = surrogateSchema().parse({});
  const unscaled = (count: number): ChannelScale => ({ offset: Array<number>(count).fill(0), scale: Array<number>(count).fill(1) });
  const normalisation = {
    emissions: unscaled(CHANNELS.emissions),
    tracers: unscaled(tracerCount(settings.tracers, { length: CHANNELS.emissions })),
    concentrations: unscaled(CHANNELS.species),
    meteorology: unscaled(CHANNELS.meteorology),
    geography: unscaled(CHANNELS.geography),
  };
  const steps = settings.window.reduce((sum, { count }) => sum + count, 0);
  const sizes: SurrogateSizes = { ...SIZES[step], ...(tiny ? TINY : {}), steps, ...CHANNELS };
  if (step === 'adjoint') {
    const { graph, outputs, phases } = frozenGraph(settings, sizes, normalisation, { adjoint: true });
    return planProgram(graph, { outputs, phases: { step: Object.values(phases).flat() }, packTraces: true });
  }
  const g = new Graph(room);
  const pairs = sizes.batch / 2;
  const { losses, update } = trainingStep(g, {
    surrogate: settings,
    training: trainingSchema().parse({}),
    sizes,
    normalisation,
    pairs,
    kinds: ['l1', 'l2'],
  });
  return planProgram(g, { outputs: { total: losses.total }, phases: { step: [losses.total, update] }, packTraces: true });
}
