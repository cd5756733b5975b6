/** Inputs of a surrogate that are drawn at random about their means: for comparing and timing what runs it. */
import type { Field } from '../../graph';
import { size } from '../../graph/definition/shape';
import { Random } from '../../base/random';
import type { SurrogateInputs } from '../../surrogate/model/frozen-program';
import { takesInitialConcentrations } from '../../surrogate/model/initial-concentrations';
import type { ChannelScale } from '../../surrogate/model/normalisation';
import type { Surrogate } from '../../surrogate/model/surrogate';

const SEED = 1;

/** @param sizes - `batch` hours on `rows` x `cols` cells */
export function drawInputs(surrogate: Surrogate, sizes: { batch: number; rows: number; cols: number }): Record<keyof SurrogateInputs, Field> {
  const { batch, rows, cols } = sizes;
  const { normalisation, settings } = surrogate.description;
  const random = new Random(SEED);
  const draw = (name: string, { offset, scale }: ChannelScale, lead: readonly number[], noise: (own: Random) => number): Field => {
    const own = random.fork(name);
    const shape = [...lead, rows, cols, scale.length];
    return { shape, data: Float32Array.from({ length: size(shape) }, (_, i) => offset[i % scale.length] + scale[i % scale.length] * noise(own)) };
  };
  const about = (own: Random): number => own.normal();
  const positive = (own: Random): number => own.uniform();
  const steps = [batch, surrogate.window.steps.length];
  const none = { offset: [], scale: [] };
  return {
    emissions: draw('emissions', normalisation.emissions, steps, positive),
    tracers: draw('tracers', normalisation.tracers ?? none, [batch], positive),
    meteorology: draw('meteorology', normalisation.meteorology, steps, about),
    geography: draw('geography', normalisation.geography, [batch], about),
    previous: draw('previous', takesInitialConcentrations(settings) ? normalisation.concentrations : none, [batch], positive),
  };
}

/** The numbers alone. */
export function dataOf({ emissions, tracers, meteorology, geography, previous }: Record<keyof SurrogateInputs, Field>): SurrogateInputs {
  return { emissions: emissions.data, tracers: tracers.data, meteorology: meteorology.data, geography: geography.data, previous: previous.data };
}
