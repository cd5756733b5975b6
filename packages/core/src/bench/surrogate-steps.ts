/** What a run computes on a GPU with the defaults of a case, as programs: a step of the training, and an adjoint of the frozen surrogate. */
import { surrogateSchema, trainingSchema } from '../data/case/learning-schema';
import { adamUpdate, foldBatchNorm, gradients, Graph, planProgram, type ProgramLayout } from '../graph';
import type { ChannelScale } from '../surrogate/normalisation';
import { buildSurrogate, sourcesOf, type SurrogateSizes } from '../surrogate/model';
import { trainingLoss } from '../surrogate/training-loss';

export const SURROGATE_STEPS = ['train', 'adjoint'] as const;
export type SurrogateStep = (typeof SURROGATE_STEPS)[number];

/** Of the real case (docs/real-case.md): what it trains with, and an hour of its domain. */
const CHANNELS = { emissions: 5, meteorology: 14, geography: 2, species: 4 };
const SIZES: Record<SurrogateStep, { batch: number; rows: number; cols: number }> = {
  train: { batch: 4, rows: 64, cols: 64 },
  adjoint: { batch: 1, rows: 182, cols: 232 },
};
/** An odd part of a tile of each kind. */
const TINY = { rows: 12, cols: 9 };

/** The layout of a step's program, whose phase is `step`; `tiny` on a few cells, with as many samples. */
export function surrogateLayout(step: SurrogateStep, room: number, tiny: boolean): ProgramLayout {
  const settings = surrogateSchema.parse({});
  const channels = (count: number): ChannelScale => ({ offset: Array<number>(count).fill(0), scale: Array<number>(count).fill(1) });
  const normalisation = {
    emissions: channels(CHANNELS.emissions),
    tracers: channels(CHANNELS.emissions * settings.tracers.length),
    concentrations: channels(CHANNELS.species),
    meteorology: channels(CHANNELS.meteorology),
    geography: channels(CHANNELS.geography),
  };
  const steps = settings.window.reduce((sum, { count }) => sum + count, 0);
  const sizes: SurrogateSizes = { ...SIZES[step], ...(tiny ? TINY : {}), steps, ...CHANNELS };
  const g = new Graph(room);
  if (step === 'adjoint') {
    const built = buildSurrogate(g, settings, sizes, normalisation, 'frozen');
    const sources = Object.fromEntries(sourcesOf(built, settings).map((value) => [value.name!, value]));
    const { graph, values } = foldBatchNorm<string>({ ...sources, concentrations: built.concentrations });
    const wanted = Object.keys(sources).map((name) => values[name]);
    const seed = graph.input('gradConcentrations', [...values.concentrations.shape]);
    const grads = gradients(graph, values.concentrations, wanted, { seed });
    const outputs = { concentrations: values.concentrations, ...Object.fromEntries(grads.map((grad, i) => [`gradient ${i}`, grad])) };
    return planProgram(graph, { outputs, phases: { step: [values.concentrations, ...grads] } });
  }
  const training = trainingSchema.parse({});
  const pairs = sizes.batch / 2;
  const { total } = trainingLoss(g, { surrogate: settings, training, sizes, normalisation, pairs, kinds: ['l1', 'l2'] }, 'train');
  const parameters = g.modelValues().filter(({ kind }) => kind === 'parameter');
  const grads = gradients(g, total, parameters);
  const rates = { learningRate: g.scalar('learningRate'), step: g.scalar('step'), l2: training.l2, clipNorm: training.clipNorm };
  const update = adamUpdate(g, new Map(parameters.map((parameter, i) => [parameter, grads[i]])), rates);
  return planProgram(g, { outputs: { total }, phases: { step: [total, update] } });
}
