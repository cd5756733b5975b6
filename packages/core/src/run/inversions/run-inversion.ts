/** The work of `invert`: from the misfit at the monitors to factors on the emissions. */
import { joined } from '../../base/vectors';
import { setUpInversion, type InversionSetup } from '../../assimilation/inversion-setup';
import type { SurrogateForwardModel } from '../../assimilation/surrogate/surrogate-forward-model';
import type { ForwardModel } from '../../inversion/model/forward-model';
import { invertFromStarts } from '../../inversion/solve/multi-start';
import { withHelpOfRanks } from '../engine/on-ranks';
import type { Stage, StageContext } from '../engine/stage';
import { passGatesBefore, warnOfWithheld } from './inversion-gates';
import { checkpointFile, writeFound, writeResults } from './inversion-results';
import { anchorOf } from './loop-pass';

type StageResult = Awaited<ReturnType<Stage['run']>>;

export async function runInversion(context: StageContext): Promise<StageResult> {
  const setUp = (): Promise<InversionSetup> => setUpInversion(context, anchorOf(context));
  return (await withHelpOfRanks(context, setUp, (share) => invertCase(context, share))) ?? { products: [], summary: undefined };
}

/** @param share - what is inverted, from the model */
async function invertCase(context: StageContext, share: (model: ForwardModel) => ForwardModel): Promise<StageResult> {
  passGatesBefore(context);
  const { inversion } = context.settings;
  const setup = await setUpInversion(context, anchorOf(context));
  warnOfWithheld(context, setup.grid);
  try {
    const options = {
      onProgress: context.progress,
      onMessage: context.log,
      signal: context.signal,
      checkpoint: { path: checkpointFile(context), every: inversion.checkpointEvery },
    };
    const found = await invertFromStarts(share(setup.model), setup.problem, setup.settings, options, inversion.starts);
    const { result } = found;
    const written = writeFound(context, setup, result);
    const all = joined(Float32Array, [result.factors, ...(result.initialConcentrations ? [result.initialConcentrations.factors] : [])]);
    return writeResults(context, setup, found, written, await predictions(setup.surrogateModel, all, context.signal));
  } finally {
    setup.dispose();
  }
}

/** What the model simulates of all observations, in their order, with emissions and initial concentrations only: what a run of the transport model can confirm. */
async function predictions(model: SurrogateForwardModel, factors: Float32Array, signal: AbortSignal): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (let batch = 0; batch < model.batches; batch++) {
    signal.throwIfAborted();
    parts.push(await model.forward(factors, batch));
  }
  return joined(Float32Array, parts);
}
