/** What a training on the processor has in memory beside its fields and their tracers, told before it begins. */
import { tracerCount, type SurrogateSettings, type TrainingSettings } from '../../case';
import { windowLengths } from '../model/batch';
import { takesInitialConcentrations } from '../model/surrogate-settings';
import type { SurrogateSizes } from '../model/model';
import type { ChannelScale } from '../model/normalisation';
import { Window } from '../model/window';
import { cropSize, drawsPairs } from './sampler';
import { TEST_BATCHES } from './train';
import { TrainingProgram } from './training-program';

/** The batch of a step, and that of the next. */
const TRAINED_BATCHES = 2;

/** Of the domain and its inputs; channels of the weather with those of the prior run's concentrations where the surrogate sees them. */
type TrainedDomain = Omit<SurrogateSizes, 'batch' | 'steps'> & { groups: number; species: number };

/** Numbers decide nothing about memory. */
const scaleOf = (channels: number): ChannelScale => ({ offset: Array<number>(channels).fill(0), scale: Array<number>(channels).fill(1) });

/**
 * Bytes of the programs' arenas and of the batches that are drawn, of one process.
 *
 * @param runs - that are trained on
 * @throws {ConfigError} `CASE_CROP`
 */
export function trainingBytes(surrogate: SurrogateSettings, training: TrainingSettings, domain: TrainedDomain, runs: readonly string[]): number {
  const { batch, microBatches, crop, rolloutWindows } = training;
  const part = Math.ceil(batch / microBatches);
  const tracers = tracerCount(surrogate.tracers, { length: domain.groups });
  const sizes = { ...domain, ...cropSize(domain.rows, domain.cols, crop), batch: part, steps: new Window(surrogate.window).steps.length };
  const normalisation = {
    emissions: scaleOf(domain.groups),
    meteorology: scaleOf(domain.meteorology),
    geography: scaleOf(domain.geography),
    concentrations: scaleOf(domain.species),
    ...(tracers > 0 && { tracers: scaleOf(tracers) }),
  };
  const pairs = drawsPairs(runs, batch) ? Math.floor(part / 2) : 0;
  const programs = TrainingProgram.bytes({ surrogate, training, sizes, normalisation, pairs });
  const lengths = windowLengths({ ...sizes, batch, tracers, previous: takesInitialConcentrations(surrogate) });
  const window = 4 * Object.values(lengths).reduce((sum, length) => sum + length, 0);
  return programs + (TEST_BATCHES + TRAINED_BATCHES) * rolloutWindows * window;
}
