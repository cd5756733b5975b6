/**
 * The work of `invert`: from the misfit at the monitors to factors on the emissions, and what it leaves in its folder. Gates stand before and after it: no gradient is
 * followed that failed its certificate, no result passed on that is nothing but bounds, unless the case says so.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { caseChannels } from '../../case';
import { joined } from '../../base/vectors';
import type { SurrogateForwardModel } from '../../assimilation/surrogate/surrogate-forward-model';
import type { ForwardModel } from '../../inversion/model/forward-model';
import { withHelpOfRanks } from '../engine/on-ranks';
import { FACTORS_FILE, writeFactors, type PeriodFactors } from '../../assimilation/factors/factors-file';
import { expandSlots, isPlain, timeSlots, type FactorBasis } from '../../assimilation/factors/time-slots';
import { writeTrust, type TrustSummary } from '../../assimilation/factors/trust-region';
import type { StationCounts } from '../../assimilation/inverse-problem';
import { setUpInversion, type InversionSetup } from '../../assimilation/inversion-setup';
import type { FoundNuisance } from '../../assimilation/observed/nuisance';
import { engineMemory, type EngineChoice } from '../../assimilation/surrogate/engine-choice';
import { removeCheckpoint, writeFileAtomic } from '../../files/checkpoint';
import type { PeriodSource } from '../../fields/period-source';
import type { GainByPart } from '../../inversion/cost/evaluation';
import type { InversionResult } from '../../inversion/solve/invert';
import { invertFromStarts, checkpointOf, type StartOutcome } from '../../inversion/solve/multi-start';
import { anchorOf, writeOutcome } from './loop-pass';
import { GateError } from '../../base/errors';
import type { Certificate } from '../../surrogate/judgement/certificate';
import { unfinishedDoubt, withheldDoubt } from '../../assimilation/observed/setting-warnings';
import type { Grid } from '../../grid/grid';
import { pickInWords } from './cross-validation';
import { CERTIFICATE_FILE } from '../transport-runs/output-hashes';
import { summaryIn } from '../engine/record';
import type { Stage, StageContext } from '../engine/stage';

/** So many are told in one sentence; the certificate holds all. */
const MOST_REASONS = 3;

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
    const outcome = await invertFromStarts(share(setup.model), setup.problem, setup.settings, options, inversion.starts);
    const { result } = outcome;
    const written = writeFound(context, setup, result);
    const factors = joined(Float32Array, [result.factors, ...(result.initialConcentrations ? [result.initialConcentrations.factors] : [])]);
    return writeResults(context, setup, outcome, written, await predictions(setup.surrogateModel, factors, context.signal));
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
function checkpointFile({ dir }: Pick<StageContext, 'dir'>): string {
  return join(dir, 'checkpoint.safetensors');
}

/**
 * Factors and their distance from the training, before what the surrogate predicts with them is known.
 * @throws {GateError} `INVERSION_SATURATED`
 */
function writeFound(
  context: StageContext,
  { periods, grid, spread }: Pick<InversionSetup, 'periods' | 'grid' | 'spread'>,
  result: InversionResult,
): ReturnType<typeof writeTrust> {
  const { inversion } = context.settings;
  passSaturationGate(context, result.atBound);
  const factors = splitSlots(result.factors, periods, inversion.factors);
  const sectors = (result.sectors ?? []).map(({ name, factors: sectorFactors }) => ({
    sector: name,
    factors: splitSlots(sectorFactors, periods, inversion.factors),
  }));
  writeFactors(join(context.dir, FACTORS_FILE), { grid, groups: caseChannels(context.caseSettings).groups }, factors, sectors);
  const unfinished = inversion.mode === 'paper' ? undefined : unfinishedDoubt(result);
  if (unfinished !== undefined) context.log(unfinished);
  return writeTrust(context, periods, factors, spread);
}

/** @param predicted - what the surrogate simulates of all observations with these factors */
function writeResults(
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
    ...(result.nuisance ? { nuisance: setup.nuisance.map((series, k) => ({ ...series, value: result.nuisance![k] })) } : {}),
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
export function splitSlots(allFactors: Float32Array, periods: readonly PeriodSource[], basis: FactorBasis): PeriodFactors[] {
  let offset = 0;
  return periods.map(({ name, grid, groups, time }) => {
    const slots = timeSlots(time, basis);
    const length = slots.count * grid.rows * grid.cols * groups.length;
    const data = allFactors.slice(offset, offset + length);
    offset += length;
    return isPlain(slots) ? { period: name, slots: slots.count, data } : { period: name, slots: time.count, data: expandSlots(data, slots) };
  });
}

/**
 * Lets a certified surrogate pass, and tells of one that is not. The paper's mode beside the default is a comparison, so it is only warned of.
 * @throws {GateError} `CERTIFICATE_FAILED` if the certificate failed and `certificate.onFailure` is `refuse`
 */
export function passCertificateGate(context: StageContext): void {
  const { verdict, reasons } = summaryIn<Certificate>(context.dirOf('certify'))!;
  if (verdict === 'passed') return;
  const summary = [...reasons.slice(0, MOST_REASONS), ...(reasons.length > MOST_REASONS ? [`and ${reasons.length - MOST_REASONS} more`] : [])].join(
    '; ',
  );
  const { onFailure } = context.caseSettings.certificate;
  if (verdict === 'failed' && onFailure === 'refuse' && context.variant === 'default') {
    throw new GateError(
      'CERTIFICATE_FAILED',
      `${context.stage}: the surrogate's response to emissions is not that of the transport model (${summary}), see ${join(context.dirOf('certify'), CERTIFICATE_FILE)}: ` +
        'train it on more members or for longer, or go on all the same with --set certificate.onFailure=warn',
    );
  }
  context.log(`warning: the surrogate is inverted though its certificate ${verdict === 'failed' ? 'failed' : 'says "not certified"'} (${summary})`);
}

/** What must hold before an inversion of the case, and what its user should know by then. @throws as {@link passCertificateGate} */
function passGatesBefore(context: StageContext): void {
  passCertificateGate(context);
  const crossValidated = pickInWords(context);
  if (crossValidated !== undefined) context.log(`taken from cross-validation: ${crossValidated}`);
}

/** Tells where withheld monitors say less than they seem to. */
function warnOfWithheld({ caseSettings: { withheld }, settings: { inversion }, log }: StageContext, grid: Grid): void {
  const doubt = withheldDoubt(withheld, inversion, grid);
  if (doubt !== undefined) log(`warning: ${doubt}`);
}

/**
 * Lets a result pass whose factors are not mostly at their bounds, and tells of one whose are.
 * @throws {GateError} `INVERSION_SATURATED` if a group's share exceeds `inversion.saturation.share` and `onFailure` is `refuse`
 */
function passSaturationGate(context: StageContext, atBound: Record<string, number>): void {
  const { saturation, bound } = context.settings.inversion;
  const groups = Object.entries(atBound).filter(([, share]) => share > saturation.share);
  if (groups.length === 0) return;
  const shares = groups.map(([group, share]) => `${(100 * share).toFixed(0)} % of ${group}`).join(', ');
  const sentence =
    `the factors of many emitting cells lie at their bound (${shares}; bound ${bound}, alarm above ${(100 * saturation.share).toFixed(0)} %), ` +
    "so the misfit is not the emissions' alone";
  if (saturation.onFailure === 'refuse' && context.variant === 'default') {
    throw new GateError(
      'INVERSION_SATURATED',
      `invert: ${sentence}: look for errors of the observations or of the model, raise inversion.observationError, or go on all the same with --set inversion.saturation.onFailure=warn`,
    );
  }
  context.log(`warning: ${sentence}`);
}
