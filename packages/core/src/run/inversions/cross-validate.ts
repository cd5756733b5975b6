/**
 * The work of `crossvalidate`: which correlation length, spreads and errors of the inversion predict best at monitors that it does not see.
 *
 * For each candidate and fold an inversion with the other folds' monitors, stopped by cost or number of steps only, is held against the monitors of the fold as the surrogate predicts
 * them. Withheld monitors are never looked at: they judge what is chosen. Each finished inversion is kept in `inversions/`, so that one that was interrupted goes on after
 * the last of them, and that other lists of candidates do not begin anew.
 *
 * Ranks search together: of the folds of each candidate every rank makes its own, and all see the errors of all.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Species } from '../../base/species';
import { caseChannels, type InversionSettings } from '../../case';
import { writeFileAtomic } from '../../files/checkpoint';
import { readJson, canonicalJson, hashText } from '../../files/json';
import { makeFolder } from '../../files/disk';
import { openPrepared } from '../../fields/prepared-store';
import { regionMasks } from '../../case/gridded/regions';
import { DataError, InterruptedError } from '../../base/errors';
import { coordinateSearch } from '../../inversion/cross-validation/coordinate-search';
import {
  bestOf,
  candidateScore,
  foldError,
  simplestWithinStandardError,
  type FoldResult,
  type LeftOutError,
} from '../../inversion/cross-validation/fold-scores';
import { blockFolds, regionFolds, type Fold } from '../../inversion/cross-validation/folds';
import { Role } from '../../inversion/cost/cost';
import type { ForwardModel } from '../../inversion/model/forward-model';
import { invert, type InversionResult } from '../../inversion/solve/invert';
import { ALONE } from '../../base/process';
import {
  changesOf,
  ownCandidate,
  searchAxes,
  withCandidate,
  type Candidate,
  type CandidateResult,
  type CrossValidation,
} from '../../assimilation/cross-validation/candidates';
import { CROSS_VALIDATION_TABLE, crossValidationCsv, lCurves } from '../../assimilation/scores/cross-validation-table';
import { effortDoubt } from '../../assimilation/observed/setting-warnings';
import { passCertificateGate } from './run-inversion';
import { engineMemory } from '../../assimilation/surrogate/engine-choice';
import { inversionWith, loadInversion, type InversionResources, type InversionSetup } from '../../assimilation/inversion-setup';
import { foldInversion } from './cross-validation';
import { readMonitors } from '../../assimilation/observed/monitors';
import { onFirstRank, spreadOverRanks } from '../engine/on-ranks';
import type { Stage, StageContext } from '../engine/stage';

const SUMMARY = 'crossvalidation.json';
const INVERSIONS = 'inversions';

export async function crossValidate(context: StageContext): ReturnType<Stage['run']> {
  const { crossValidation: settings, inversion } = context.caseSettings;
  const doubt = effortDoubt(context.caseSettings);
  if (doubt !== undefined) context.log(`warning: ${doubt}`);
  passCertificateGate(context);
  makeFolder(join(context.dir, INVERSIONS));
  const folds = await foldsOf(context);
  const work = new Inversions(context, folds);
  const ownSettings = ownCandidate(inversion);
  const candidates: CandidateResult[] = [];
  try {
    await coordinateSearch(ownSettings, searchAxes(settings), settings.rounds, async (candidate, remaining) => {
      const changes = changesOf(candidate, ownSettings);
      const results = await work.ofCandidate(candidate, changes, remaining);
      const score = candidateScore(results);
      candidates.push({ candidate, changes, score, folds: results });
      return score.mean;
    });
  } finally {
    work.dispose();
  }
  const { by, choose, rounds, hoursPerDay, iterations } = settings;
  const summary: CrossValidation = {
    settings: { by, choose, rounds, hoursPerDay, iterations },
    folds: folds.map(({ name, leftOut }) => ({ name, stations: leftOut.size })),
    candidates,
    ...chosenBy(choose, candidates),
    lCurves: lCurves(candidates),
  };
  const { changes, score } = candidates[summary.picked];
  context.log(`cross-validation chooses ${nameOf(changes)}: ${percent(score.mean)} of the prior run's error`);
  if ((context.ranks?.rank ?? 0) > 0) return { products: [], summary: undefined };
  writeFileAtomic(join(context.dir, SUMMARY), JSON.stringify(summary, null, 2));
  writeFileAtomic(join(context.dir, CROSS_VALIDATION_TABLE), crossValidationCsv(summary, caseChannels(context.caseSettings).units));
  rmSync(engineMemory(context), { force: true });
  return { products: [SUMMARY, CROSS_VALIDATION_TABLE], summary };
}

function chosenBy(rule: CrossValidation['settings']['choose'], candidates: readonly CandidateResult[]): Pick<CrossValidation, 'best' | 'picked'> {
  const scores = candidates.map(({ score }) => score);
  const best = bestOf(scores);
  const changed = candidates.map(({ changes }) => changes.length);
  return { best, picked: rule === 'best' ? best : simplestWithinStandardError(scores, changed) };
}

/** The folds of the stations that are not withheld, in any period. */
async function foldsOf(context: StageContext): Promise<Fold[]> {
  const { periods, regions, crossValidation } = context.caseSettings;
  const { grid } = openPrepared(context.dirOf('prepare'), periods[0].name, caseChannels(context.caseSettings));
  const [blocks, cells] = [new Map<string, string>(), new Map<string, number>()];
  for (const period of periods) {
    const { observations, withheld, block } = await readMonitors(context, period, grid, false);
    for (const { id, lon, lat } of observations.stations) {
      const cell = grid.cellAt(lon, lat);
      if (!cell || withheld.has(id)) continue;
      blocks.set(id, block.get(id)!);
      cells.set(id, cell.row * grid.cols + cell.col);
    }
  }
  if (crossValidation.by === 'blocks') return blockFolds(blocks, crossValidation.folds, crossValidation.seed);
  return regionFolds(cells, new Map(regionMasks(regions, grid).map(({ name, mask }) => [name, mask])));
}

/** Of an inversion, for those who wait. */
interface About {
  name: string;
  /** inversions before it, and those that may still come, this one included */
  finished: number;
  remaining: number;
}

/** The inversions of all candidates and folds: each done once, on fields and an engine that are loaded when the first is needed. */
class Inversions {
  private resources?: InversionResources;
  /** of the candidates before */
  private finished = 0;

  constructor(
    private readonly context: StageContext,
    private readonly folds: readonly Fold[],
  ) {}

  /** @param remaining - candidates that may still come, this one included */
  async ofCandidate(candidate: Candidate, changes: string[], remaining: number): Promise<FoldResult[]> {
    const { context, folds } = this;
    const settings = withCandidate(foldInversion(context), candidate);
    await this.loadIfNeeded(folds.map((fold) => this.pathOf(settings, fold)));
    const results = await spreadOverRanks(context, folds.length, (k) => {
      const position = { name: `${nameOf(changes)}, fold ${folds[k].name}`, finished: this.finished + k, remaining: remaining * folds.length - k };
      return this.ofFold(settings, folds[k], position);
    });
    this.finished += folds.length;
    const errors = results.map((result) => percent(foldError(result))).join(', ');
    context.log(`${nameOf(changes)}: left-out monitors ${percent(candidateScore(results).mean)} of the prior run's error (folds ${errors})`);
    return results;
  }

  dispose(): void {
    this.resources?.engine.dispose();
  }

  /** Where the result of an inversion is kept. */
  private pathOf(settings: InversionSettings, { leftOut }: Fold): string {
    const key = hashText(canonicalJson({ settings, leftOut: [...leftOut].sort() })).slice(0, 16);
    return join(this.context.dir, INVERSIONS, `${key}.json`);
  }

  /** Before any rank makes one of these: the first chooses the engine, for all of them. */
  private async loadIfNeeded(paths: readonly string[]): Promise<void> {
    const { ranks = ALONE } = this.context;
    const missing = Float64Array.of(paths.some((path) => !existsSync(path)) ? 1 : 0);
    await ranks.sum(missing);
    if (missing[0] > 0) await onFirstRank(this.context, () => this.load());
  }

  private async load(): Promise<InversionResources> {
    return (this.resources ??= await loadInversion(this.context));
  }

  private async ofFold(settings: InversionSettings, fold: Fold, position: About): Promise<FoldResult> {
    const path = this.pathOf(settings, fold);
    // It is written whole and renamed: what is there is finished.
    if (!existsSync(path)) writeFileAtomic(path, JSON.stringify(await this.invert(settings, fold, position)));
    return readJson(path, { keys: { fold: 'string', errors: 'array', status: 'string' }, remedy: 'remove it, and run the stage again' });
  }

  private async invert(inversion: InversionSettings, fold: Fold, { name, finished, remaining }: About): Promise<FoldResult> {
    const { signal } = this.context;
    const { caseSettings, settings } = this.context;
    const context = { ...this.context, caseSettings: { ...caseSettings, inversion }, settings: { ...settings, inversion } };
    const { iterations } = inversion;
    const onProgress = (step: number, _: number, text: string): void =>
      context.progress(
        finished * iterations + step,
        (finished + remaining) * iterations,
        `${name}, step ${step} (inversions to come: ${remaining} at most): ${text}`,
      );
    let setup: InversionSetup | undefined;
    try {
      setup = await inversionWith(context, await this.load(), { leftOut: fold.leftOut });
      return resultOf(
        await invert(setup.model, setup.problem, setup.settings, { signal, onProgress }),
        setup.model,
        fold,
        caseChannels(caseSettings).species,
      );
    } catch (cause) {
      // Reading the monitors ends with the signal's own error.
      if (!(cause instanceof InterruptedError || cause === signal.reason)) throw cause;
      throw new InterruptedError(
        'CROSS_VALIDATION_INTERRUPTED',
        `crossvalidate: interrupted after ${finished} inversions, which are kept: run the same command to go on`,
        { cause },
      );
    } finally {
      setup?.dispose();
    }
  }
}

/** @throws {DataError} `FOLD_WITHOUT_VALUES` */
function resultOf(
  { history, keptIteration, iterations, status, emissionPrior }: InversionResult,
  model: ForwardModel,
  { name, leftOut }: Fold,
  species: readonly Species[],
): FoldResult {
  const keptStep = history.find(({ iteration }) => iteration === keptIteration)!;
  const counts = leftOutValues(model, species.length);
  const errors = species.flatMap((name, s): LeftOutError[] => {
    const [priorMae, updatedMae] = [history[0].watchedMae[s], keptStep.watchedMae[s]];
    return priorMae !== null && updatedMae !== null && priorMae > 0 ? [{ species: name, n: counts[s], priorMae, updatedMae }] : [];
  });
  if (errors.length === 0) {
    throw new DataError(
      'FOLD_WITHOUT_VALUES',
      `crossvalidate: the ${leftOut.size} stations of fold ${name} have no value in the periods that could judge anything: ask for fewer folds, look at the observations, or name their species in inversion.observed`,
    );
  }
  return {
    fold: name,
    errors,
    observationCost: keptStep.observation,
    priorCost: keptStep.prior,
    emissionPriorCost: emissionPrior,
    iterations,
    status,
  };
}

/** Numbers of left-out values of each species. */
function leftOutValues(model: ForwardModel, speciesCount: number): number[] {
  const counts = Array<number>(speciesCount).fill(0);
  for (let batch = 0; batch < model.batches; batch++) {
    const { values, withheld, species } = model.observations(batch);
    values.forEach((value, i) => withheld[i] === Role.watched && Number.isFinite(value) && counts[species[i]]++);
  }
  return counts;
}

function nameOf(changes: readonly string[]): string {
  return changes.join(', ') || "the case's own settings";
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}
