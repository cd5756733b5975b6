/** `invert`: from the misfit at the monitors to factors on the emissions. */
import type { FoundNuisance } from '../../assimilation/observed/nuisance';
import { anchorOf } from '../inversions/loop-pass';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { GROUPS } from '../../base/species';
import { type InversionSettings } from '../../case';
import { removeCheckpoint, writeFileAtomic } from '../../files/checkpoint';
import type { PeriodSource } from '../../fields/period-source';
import { placeColumns } from '../../observations/stations';
import type { GainByPart } from '../../inversion/scores/gain-by-part';
import type { ForwardModel } from '../../inversion/model/forward-model';
import type { InversionResult } from '../../inversion/solve/invert';
import { checkpointOf, invertFromStarts, type StartOutcome } from '../../inversion/solve/multi-start';
import { joined } from '../../base/vectors';
import { pickInWords } from '../inversions/cross-validation';
import { unfinishedDoubt, withheldDoubt } from '../../assimilation/observed/setting-warnings';
import { passCertificateGate, passSaturationGate } from '../inversions/inversion-gates';
import type { EngineChoice } from '../../assimilation/surrogate/engine-choice';
import { FACTORS_FILE, writeFactors, type PeriodFactors } from '../../assimilation/factors/factors-file';
import { engineMemory, setUpInversion, type InversionSetup, type StationCounts } from '../../assimilation/inversion-setup';
import { initialConcentrationsOf, refuseOtherSurrogate } from '../../assimilation/surrogate/trained-surrogate';
import { earlierPasses, writeOutcome } from '../inversions/loop-pass';
import { TRUTH } from '../../case/case-runs';
import { simulatedHash } from '../transport-runs/simulated-values';
import { certificateHash } from '../transport-runs/certified-values';
import { nuisanceFiles } from '../../assimilation/observed/nuisance';
import { seesRegions } from '../../assimilation/prior/prior-covariance';
import { observationFiles } from '../../assimilation/observed/monitors';
import { withHelpOfRanks } from '../engine/on-ranks';
import { precisionSetting, type Stage, type StageContext } from '../engine/stage';
import type { SurrogateForwardModel } from '../../assimilation/surrogate/surrogate-forward-model';
import { expandSlots, isPlain, timeSlots, type FactorBasis } from '../../assimilation/factors/time-slots';
import { writeTrust, type TrustSummary } from '../../assimilation/factors/trust-region';

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

/** What decides the result of an inversion beside its inputs: a part of the settings of stages that invert. */
export function inversionKey(context: StageContext, inversion: InversionSettings): object {
  const { observations, withheld, certificate, regions, tileCells, ctm } = context.caseSettings;
  const { space, blockKm, saturation } = inversion;
  return {
    inversion: {
      ...inversion,
      uncertainty: undefined,
      checkpointEvery: undefined,
      blockKm: space === 'blocks' ? blockKm : undefined,
      // An alarm that only warns changes nothing that is kept; one that refuses decides whether anything is.
      saturation: saturation.onFailure === 'refuse' ? saturation : undefined,
    },
    ...(seesRegions(inversion) ? { regions } : {}),
    ...(tileCells > 0 ? { tileCells } : {}),
    observations: { ...observations, files: undefined, stations: placeColumns(observations.stations) },
    // Of a type that no error depends on nothing does.
    ...(Object.keys(inversion.siteTypeError).length > 0 ? { siteType: observations.stations.type } : {}),
    // The reference model gives the same truth again; made by a command it may be another one with the same key.
    ...(observations.twin && ctm.kind === 'command' ? { simulated: simulatedHash(context, [TRUTH]) } : {}),
    withheld,
    onFailure: certificate.onFailure,
    ...(inversion.surrogateError === 'certificate' ? { certified: certificateHash(context.dirOf('certify'), ({ pairs }) => pairs) } : {}),
    ...initialConcentrationsOf(context),
    ...precisionSetting(context),
  };
}

/** The files of an inversion from outside the run folder. */
export function inversionInputs(context: StageContext): string[] {
  return [...observationFiles(context.caseSettings), ...nuisanceFiles(context)];
}

export const invertStage: Stage = {
  name: 'invert',
  onAllRanks: true,
  keepsLast: true,
  needs: ['train', 'prepare', 'simulate', 'certify', 'export'],
  takes: ({ crossValidation }) => (crossValidation.apply ? ['crossvalidate'] : []),
  settings: (context) => ({
    ...inversionKey(context, context.settings.inversion),
    ...(context.pass ? { pass: context.pass, earlier: earlierPasses(context) } : {}),
  }),
  inputs: inversionInputs,
  refuse: refuseOtherSurrogate,
  async run(context) {
    const setUp = (): Promise<InversionSetup> => setUpInversion(context, anchorOf(context));
    return (await withHelpOfRanks(context, setUp, (share) => runInversion(context, share))) ?? { products: [], summary: undefined };
  },
};

type StageResult = Awaited<ReturnType<Stage['run']>>;

/** @param share - what is inverted, from the model */
async function runInversion(context: StageContext, share: (model: ForwardModel) => ForwardModel): Promise<StageResult> {
  passCertificateGate(context);
  const { inversion } = context.settings;
  const crossValidated = pickInWords(context);
  if (crossValidated !== undefined) context.log(`taken from cross-validation: ${crossValidated}`);
  const setup = await setUpInversion(context, anchorOf(context));
  const { model, surrogateModel, periods, grid, spread, stations } = setup;
  const doubt = withheldDoubt(context.caseSettings.withheld, inversion, grid);
  if (doubt !== undefined) context.log(`warning: ${doubt}`);
  const checkpoint = join(context.dir, 'checkpoint.safetensors');
  try {
    const options = {
      onProgress: context.progress,
      onMessage: context.log,
      signal: context.signal,
      checkpoint: { path: checkpoint, every: inversion.checkpointEvery },
    };
    const { result, starts } = await invertFromStarts(share(model), setup.problem, setup.settings, options, inversion.starts);
    passSaturationGate(context, result.atBound);
    const factors = splitSlots(result.factors, periods, inversion.factors);
    const sectors = (result.sectors ?? []).map(({ name, factors: own }) => ({
      sector: name,
      factors: splitSlots(own, periods, inversion.factors),
    }));
    writeFactors(join(context.dir, FACTORS_FILE), grid, factors, sectors);
    const { status, iterations, keptIteration, atBound, history } = result;
    const unfinished = inversion.mode === 'paper' ? undefined : unfinishedDoubt(result);
    if (unfinished !== undefined) context.log(unfinished);
    const { products, trust } = writeTrust(context, periods, factors, spread);
    const gain = result.initialConcentrations?.gain;
    if (gain) context.log(gainInWords(gain));
    const summary: InvertSummary = {
      engine: setup.engine,
      status,
      iterations,
      keptIteration,
      atBound,
      history,
      trust,
      stations,
      ...(crossValidated === undefined ? {} : { crossValidated }),
      ...(gain ? { initialConcentrations: gain } : {}),
      ...(starts.length > 1 ? { starts } : {}),
      ...(result.nuisance ? { nuisance: setup.nuisance.map((each, k) => ({ ...each, value: result.nuisance![k] })) } : {}),
    };
    writeFileAtomic(join(context.dir, 'inversion.json'), JSON.stringify(summary, null, 2));
    const all = joined(Float32Array, [result.factors, ...(result.initialConcentrations ? [result.initialConcentrations.factors] : [])]);
    const outcome = writeOutcome(context.dir, { control: result.control, predicted: await predictions(surrogateModel, all, context.signal) });
    starts.forEach(({ start }) => removeCheckpoint(checkpointOf(checkpoint, start)));
    rmSync(engineMemory(context), { force: true });
    return { products: [FACTORS_FILE, 'inversion.json', outcome, ...products], summary };
  } finally {
    setup.dispose();
  }
}

function gainInWords({ shareOfInitialConcentrations: share }: GainByPart): string {
  if (share === null) return 'the misfit did not fall: there is no gain of which initial concentrations could have taken a part';
  return `initial concentrations took ${(100 * share).toFixed(0)} % of the fall of the misfit: the transport model's run will not show that part`;
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
