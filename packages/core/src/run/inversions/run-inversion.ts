/** The work of `invert`: from the misfit at the monitors to factors on the emissions, and what it leaves in its folder. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { joined } from '../../base/vectors';
import type { SurrogateForwardModel } from '../../assimilation/surrogate/surrogate-forward-model';
import type { ForwardModel } from '../../inversion/model/forward-model';
import { withHelpOfRanks } from '../engine/on-ranks';
import { GROUPS } from '../../base/species';
import { FACTORS_FILE, writeFactors, type PeriodFactors } from '../../assimilation/factors/factors-file';
import { expandSlots, isPlain, timeSlots, type FactorBasis } from '../../assimilation/factors/time-slots';
import { writeTrust, type TrustSummary } from '../../assimilation/factors/trust-region';
import type { StationCounts } from '../../assimilation/inverse-problem';
import { setUpInversion, type InversionSetup } from '../../assimilation/inversion-setup';
import type { FoundNuisance } from '../../assimilation/observed/nuisance';
import { unfinishedDoubt } from '../../assimilation/observed/setting-warnings';
import { engineMemory, type EngineChoice } from '../../assimilation/surrogate/engine-choice';
import { removeCheckpoint, writeFileAtomic } from '../../files/checkpoint';
import type { PeriodSource } from '../../fields/period-source';
import type { GainByPart } from '../../inversion/cost/evaluation';
import type { InversionResult } from '../../inversion/solve/invert';
import { invertFromStarts, checkpointOf, type StartOutcome } from '../../inversion/solve/multi-start';
import type { Stage, StageContext } from '../engine/stage';
import { pickInWords } from './cross-validation';
import { passGatesBefore, warnOfWithheld, passSaturationGate } from './inversion-gates';
import { anchorOf, writeOutcome } from './loop-pass';

export interface InvertSummary {
  engine: EngineChoice;
  status: string;
  iterations: number;
  keptIteration: number;
  atBound: Record<string, number>;
  history: InversionResult['history'];
  trust: TrustSummary;
  /** where y was a part of the control: what it took of the gain */
  initialConcentrations?: GainByPart;
  /** with several starts: how each ended */
  starts?: StartOutcome[];
  /** what was inverted beside the emissions, with its spread a priori */
  nuisance?: FoundNuisance[];
  stations: StationCounts[];
  /** what of the settings cross-validation chose, where the case takes it */
  crossValidated?: string;
}

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

/** The file from which an interrupted inversion goes on. */
export function checkpointFile({ dir }: Pick<StageContext, 'dir'>): string {
  return join(dir, 'checkpoint.safetensors');
}

/**
 * Factors and their distance from the training, before what the surrogate predicts with them is known.
 * @throws {GateError} `INVERSION_SATURATED`
 */
export function writeFound(
  context: StageContext,
  { periods, grid, spread }: Pick<InversionSetup, 'periods' | 'grid' | 'spread'>,
  result: InversionResult,
): ReturnType<typeof writeTrust> {
  const { inversion } = context.settings;
  passSaturationGate(context, result.atBound);
  const factors = splitSlots(result.factors, periods, inversion.factors);
  const sectors = (result.sectors ?? []).map(({ name, factors: own }) => ({
    sector: name,
    factors: splitSlots(own, periods, inversion.factors),
  }));
  writeFactors(join(context.dir, FACTORS_FILE), grid, factors, sectors);
  const unfinished = inversion.mode === 'paper' ? undefined : unfinishedDoubt(result);
  if (unfinished !== undefined) context.log(unfinished);
  return writeTrust(context, periods, factors, spread);
}

/** @param found - what {@link writeFound} wrote @param predicted - what the surrogate simulates of all observations with these factors */
export function writeResults(
  context: StageContext,
  setup: InversionSetup,
  { result, starts }: { result: InversionResult; starts: StartOutcome[] },
  { products, trust }: ReturnType<typeof writeTrust>,
  predicted: Float32Array,
): StageResult {
  const { status, iterations, keptIteration, atBound, history } = result;
  const gain = result.initialConcentrations?.gain;
  if (gain) context.log(gainInWords(gain));
  const crossValidated = pickInWords(context);
  const summary: InvertSummary = {
    engine: setup.engine,
    status,
    iterations,
    keptIteration,
    atBound,
    history,
    trust,
    stations: setup.stations,
    ...(crossValidated === undefined ? {} : { crossValidated }),
    ...(gain ? { initialConcentrations: gain } : {}),
    ...(starts.length > 1 ? { starts } : {}),
    ...(result.nuisance ? { nuisance: setup.nuisance.map((each, k) => ({ ...each, value: result.nuisance![k] })) } : {}),
  };
  writeFileAtomic(join(context.dir, 'inversion.json'), JSON.stringify(summary, null, 2));
  const outcome = writeOutcome(context.dir, { control: result.control, predicted });
  starts.forEach(({ start }) => removeCheckpoint(checkpointOf(checkpointFile(context), start)));
  rmSync(engineMemory(context), { force: true });
  return { products: [FACTORS_FILE, 'inversion.json', outcome, ...products], summary };
}

function gainInWords({ shareOfInitialConcentrations: share }: GainByPart): string {
  if (share === null) return 'the misfit did not fall: there is no gain of which initial concentrations could have taken a part';
  return `initial concentrations took ${(100 * share).toFixed(0)} % of the fall of the misfit: the transport model's run will not show that part`;
}

/** Factors of each period; of slots that are neither one nor hours as factors of hours, which every reader of the file knows. */
function splitSlots(all: Float32Array, periods: readonly PeriodSource[], basis: FactorBasis): PeriodFactors[] {
  let at = 0;
  return periods.map(({ name, grid, time }) => {
    const slots = timeSlots(time, basis);
    const length = slots.count * grid.rows * grid.cols * GROUPS.length;
    const data = all.slice(at, at + length);
    at += length;
    return isPlain(slots) ? { period: name, slots: slots.count, data } : { period: name, slots: time.count, data: expandSlots(data, slots) };
  });
}
