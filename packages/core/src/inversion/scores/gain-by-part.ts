/**
 * How much of an inversion's gain factors on initial concentrations took: the observation term and the errors with both parts of the control as they are
 * kept, with each of them alone, and with none. Only what the emissions gain alone can come back in a run of the transport model.
 */
import { evaluate, type Evaluation, type EvaluationContext } from '../cost/evaluation';
import type { JointControl } from '../control/joint-control';

/** Parts of the control, in its order. */
const [EMISSIONS, CONCENTRATIONS] = [0, 1];

/** How well one control fits. */
export type PartFit = Pick<Evaluation, 'observation' | 'usedMae' | 'watchedMae'>;

export interface GainByPart {
  prior: PartFit;
  /** the kept emissions with the initial concentrations of the prior run */
  emissions: PartFit;
  /** the other way round */
  initialConcentrations: PartFit;
  both: PartFit;
  /** part of the fall of the observation term that is lost without the initial concentrations' factors; null where it did not fall */
  shareOfInitialConcentrations: number | null;
}

/** Four passes over all observations; see {@link evaluate} for what is thrown. */
export async function gainByPart(context: EvaluationContext, control: JointControl, values: Float64Array, iteration: number): Promise<GainByPart> {
  const batches = Array.from({ length: context.model.batches }, (_, i) => i);
  const fit = async (at: Float64Array): Promise<PartFit> => {
    const { observation, usedMae, watchedMae } = await evaluate(context, at, batches, iteration, false);
    return { observation, usedMae, watchedMae };
  };
  const prior = await fit(control.initial());
  const emissions = await fit(control.withPrior(values, CONCENTRATIONS));
  const initialConcentrations = await fit(control.withPrior(values, EMISSIONS));
  const both = await fit(values);
  const fall = prior.observation - both.observation;
  const share = fall > 0 ? (emissions.observation - both.observation) / fall : null;
  return { prior, emissions, initialConcentrations, both, shareOfInitialConcentrations: share };
}
