/** The work of `uncertainty`: what the monitors say of the emissions at the result of `invert`, and what they can't. docs/uncertainty.md has the formulae. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Group } from '../../base/species';
import { writeFileAtomic } from '../../files/checkpoint';
import type { LogFactorMap } from '../../inversion/control/control';
import type { EvaluationContext } from '../../inversion/cost/evaluation';
import { arrayHash } from '../../inversion/solve/inversion-state';
import type { ForwardModel } from '../../inversion/model/forward-model';
import { GaussNewtonHessian } from '../../inversion/cost/hessian';
import { coverage, type Coverage } from '../../inversion/uncertainty/coverage';
import type { AreaFigures, Correlation } from '../../inversion/uncertainty/figures';
import { aboveMinimum, innovationStatistics, TELLING_EXCESS, type InnovationStatistics } from '../../inversion/uncertainty/innovations';
import { lowRank } from '../../inversion/uncertainty/low-rank';
import { LowRankPosterior, type Posterior } from '../../inversion/uncertainty/posterior';
import { ProductJournal } from '../../inversion/uncertainty/product-journal';
import { EnsemblePosterior } from '../../inversion/uncertainty/randomised';
import { WithSurrogateSpread } from '../../inversion/uncertainty/surrogate-spread';
import { Random } from '../../base/random';
import { readTruthFactors } from '../../worlds/truth-factors';
import { ensembleMembers } from './ensemble-members';
import { setUpInversion, type InversionSetup } from '../../assimilation/inversion-setup';
import type { InvertSummary } from './run-inversion';
import {
  areasOf,
  besideInWords,
  linearisation,
  posteriorFigures,
  roundingOf,
  sumsByPart,
  type MapFigures,
  type SectorAreas,
  type SumsByPart,
} from '../../assimilation/posterior/posterior-figures';
import { anchorOf, readOutcome } from './loop-pass';
import type { PreviewSummary } from './preview';
import { previewStage } from '../stages/preview-stage';
import { readRecord, summaryIn } from '../engine/record';
import { isStageUpToDate } from '../engine/stage-keys';
import { onFirstRank, withHelpOfRanks } from '../engine/on-ranks';
import { type Stage, type StageContext } from '../engine/stage';
import { UNCERTAINTY_FILE, writeUncertainty, type PeriodUncertainty } from '../../assimilation/posterior/uncertainty-file';
import { controlsOfOthers } from './surrogate-ensemble';

/** How the estimate of one cell answers to the truth: sums over the row of the averaging kernel of its log factor. */
interface KernelRow {
  period: string;
  region?: string;
  group: Group;
  row: number;
  col: number;
  /** ∂ of the cell's own true log factor: 1 where the monitors tell it alone */
  itself: number;
  /** over all cells of each group, in their order: how it answers to a change of the whole group */
  groups: number[];
}

export interface UncertaintySummary {
  method: 'lanczos' | 'rto';
  /** with those of products that were there from an earlier run of the stage */
  seconds: number;
  /** lanczos */
  products?: number;
  rankError?: number;
  eigenvalues?: number[];
  /** degrees of freedom for signal on the emissions: found with these eigenvalues, and estimated for all (±√(2·dofs)) */
  dofs?: number;
  dofsEstimate?: number;
  /** the same on what is inverted beside the emissions, where something is */
  dofsBeside?: Omit<SumsByPart, 'emissions'>;
  dofsEstimateBeside?: Omit<SumsByPart, 'emissions'>;
  kernelRows?: KernelRow[];
  /** rto */
  members?: number;
  /** where the spread of several surrogates is a part of all standard deviations: how many */
  surrogates?: number;
  observations: number;
  leastReduction: number;
  areas: AreaFigures[];
  /** where sectors have factors of their own: of each; `areas` are then of their sum */
  sectors?: SectorAreas[];
  correlations: Correlation[];
  innovations: InnovationStatistics[];
  /** by what part the cost at the kept step exceeds the lowest that was seen; `innovations` hold at the minimum */
  aboveMinimum?: number;
  /** twin experiments with factors per period */
  coverage?: Coverage[];
  /** where `preview` was run before, with the same settings */
  preview?: PreviewSummary;
}

/** Draws of the prior behind its spread in the observed values. */
const PRIOR_DRAWS = 4;

const SUMMARY = 'uncertainty.json';
/** lanczos: what each pass over the observations brought; kept after the stage for one with a higher rank */
const PRODUCTS_FOLDER = 'products';

export async function findUncertainty(context: StageContext): ReturnType<Stage['run']> {
  const { uncertainty: settings } = context.settings.inversion;
  const begin = performance.now();
  // Before this surrogate takes its memory.
  const otherControls = await controlsOfOthers(context, settings.surrogates);
  let setup: InversionSetup | undefined;
  const setUp = async (): Promise<InversionSetup> => (setup ??= await setUpInversion(context, anchorOf(context)));
  try {
    await onFirstRank(context, async () => {
      for (const file of [UNCERTAINTY_FILE, SUMMARY]) rmSync(join(context.dir, file), { force: true }); // of other settings
      await setUp(); // chooses the engine, for all ranks
    });
    const control = readOutcome(context, 1).control;
    const members = settings.method === 'rto' ? await ensembleMembers(context, setUp, control) : [];
    const helperModel = async (): Promise<{ model: ForwardModel; dispose: () => void }> => ({ model: (await setUp()).model, dispose: () => {} });
    const summary = await withHelpOfRanks(context, helperModel, async (share) => {
      const { model, ...rest } = await setUp();
      return summarise(context, { ...rest, model: share(model) }, { begin, endControl: control, otherControls, members });
    });
    return { products: [UNCERTAINTY_FILE, SUMMARY], summary };
  } finally {
    setup?.dispose();
  }
}

/** What the figures are made of. */
interface Inverted {
  begin: number;
  /** control at the end of the inversion */
  endControl: Float64Array;
  /** those of inversions with other surrogates */
  otherControls: Float64Array[];
  /** those of the members of the ensemble, for `rto` */
  members: Float64Array[];
}

/** Writes what the stage leaves. */
async function summarise(
  context: StageContext,
  setup: InversionSetup,
  { begin, endControl, otherControls, members }: Inverted,
): Promise<UncertaintySummary> {
  const { uncertainty: uncertainty } = context.settings.inversion;
  const { control, evaluation } = linearisation(setup, context.signal);
  const spread = uncertainty.method === 'lanczos' ? await byLanczos(context, setup, evaluation, endControl) : byEnsemble(members);
  const slots = setup.slots.map(({ count }) => count);
  const posterior =
    otherControls.length > 0
      ? new WithSurrogateSpread(spread.posterior, control.shape, [endControl, ...otherControls], setup.problem.lengthCells)
      : spread.posterior;
  const [whole, ...sectors] = posteriorFigures(context, setup, control, { control: endControl, ...spread, posterior });
  const rows =
    spread.posterior instanceof LowRankPosterior && slots.every((count) => count === 1)
      ? kernelRows(context, setup, spread.posterior, whole.map)
      : [];
  writeUncertainty(
    join(context.dir, UNCERTAINTY_FILE),
    { grid: setup.grid, groups: setup.problem.groups },
    [whole, ...sectors].flatMap((figures) => periodsOf(setup, slots, endControl, figures, figures === whole ? rows : [])),
  );
  const random = new Random(uncertainty.seed).fork('prior');
  const [rowsOfKm, colsOfKm] = setup.grid.lengthInCells(1);
  const innovations = await innovationStatistics(evaluation, endControl, {
    draws: PRIOR_DRAWS,
    random,
    dofsBySpecies: spread.dofsBySpecies,
    grid: { cols: setup.grid.cols, kmPerCell: [1 / rowsOfKm, 1 / colsOfKm] },
  });
  const preview = await previewOf(context);
  const summary: UncertaintySummary = {
    method: uncertainty.method as UncertaintySummary['method'],
    seconds: (performance.now() - begin) / 1000 + (spread.restoredSeconds ?? 0),
    ...spread.figures,
    ...(otherControls.length > 0 ? { surrogates: 1 + otherControls.length } : {}),
    ...(rows.length > 0 ? { kernelRows: rows.map(({ figures }) => figures) } : {}),
    observations: innovations.reduce((sum, { values }) => sum + values, 0),
    leastReduction: uncertainty.leastReduction,
    areas: whole.areas,
    correlations: whole.correlations,
    ...(sectors.length > 0 ? { sectors: sectors.map(({ map, areas }) => ({ sector: map.sector!, areas })) } : {}),
    innovations,
    aboveMinimum: tellAboveMinimum(context),
    ...coverageOf(context, setup, endControl, whole),
    ...(preview ? { preview } : {}),
  };
  const loose = summary.areas.filter(({ region, total }) => region === undefined && !total.constrained);
  if (loose.length > 0)
    context.log(`totals that the monitors do not constrain: ${loose.map(({ period, group }) => `${group} in ${period}`).join(', ')}`);
  writeFileAtomic(join(context.dir, SUMMARY), JSON.stringify(summary, null, 2));
  return summary;
}

/** @returns undefined where the kept step was not evaluated */
function tellAboveMinimum({ dirOf, log }: StageContext): number | undefined {
  const { history, keptIteration } = summaryIn<InvertSummary>(dirOf('invert'))!;
  const excess = aboveMinimum(history, keptIteration);
  if (excess !== undefined && excess > TELLING_EXCESS)
    log(
      `the cost at the kept step is ${(100 * excess).toFixed(0)} % above the lowest: chi², the errors that the innovations show and how far they stay alike hold at the minimum only (inversion.stopOnWithheld: false)`,
    );
  return excess;
}

/** What a preview expected of this inversion; nothing where it was made before other settings or inputs. */
async function previewOf(context: StageContext): Promise<PreviewSummary | undefined> {
  const dir = context.dirOf('preview');
  const record = readRecord(dir);
  if (!record) return undefined;
  // With other products of matrices it is right all the same.
  const { device, precision } = record;
  const fresh = await isStageUpToDate(previewStage, context.contextOf('preview', { device, precision }));
  if (!fresh) context.log('the preview was made before other settings or inputs: the report leaves it out');
  return fresh ? (record.summary as PreviewSummary) : undefined;
}

interface Found {
  posterior: Posterior;
  dofs?: Float64Array;
  dofsEstimate?: Float64Array;
  dofsBySpecies?: Float64Array;
  /** of what was there from an earlier run */
  restoredSeconds?: number;
  figures: Pick<
    UncertaintySummary,
    'products' | 'rankError' | 'eigenvalues' | 'dofs' | 'dofsEstimate' | 'dofsBeside' | 'dofsEstimateBeside' | 'members'
  >;
}

async function byLanczos(
  context: StageContext,
  { model, problem }: InversionSetup,
  evaluation: EvaluationContext,
  control: Float64Array,
): Promise<Found> {
  const { rank, seed } = context.settings.inversion.uncertainty;
  const hessian = new GaussNewtonHessian(evaluation, control);
  const species = problem.species.length;
  const { blocks, products, restoredSeconds } = await lowRank(hessian, model, evaluation.control, {
    rank,
    species,
    random: new Random(seed),
    rounding: roundingOf(context),
    onProduct: (finished, total) => context.progress(finished, total, 'products with the Hessian'),
    journal: new ProductJournal(join(context.dir, PRODUCTS_FOLDER), arrayHash(control), context.log),
  });
  const posterior = new LowRankPosterior(evaluation.control, control, blocks, species);
  const { eigenvalues, rankError } = posterior;
  const [dofs, estimates] = [posterior.dofs(), posterior.dofsEstimate()];
  const { emissions: emissionDofs, ...dofsBeside } = sumsByPart(evaluation.control, model, dofs);
  const { emissions: estimated, ...dofsEstimateBeside } = sumsByPart(evaluation.control, model, estimates);
  const figures = {
    products,
    rankError,
    eigenvalues,
    dofs: emissionDofs,
    dofsEstimate: estimated,
    ...(Object.keys(dofsBeside).length > 0 ? { dofsBeside, dofsEstimateBeside } : {}),
  };
  const coarse = rankError > 0.5 ? ': a higher inversion.uncertainty.rank would find smaller standard deviations of cells' : '';
  context.log(
    `${emissionDofs.toFixed(0)} degrees of freedom for signal on the emissions from ${products} products, of some ${estimated.toFixed(0)}${besideInWords(dofsEstimateBeside)}; ` +
      `no variance is more than ${rankError.toFixed(2)} of the prior's too large${coarse}`,
  );
  return { posterior, dofs, dofsEstimate: estimates, dofsBySpecies: posterior.dofsBySpecies(), restoredSeconds, figures };
}

function byEnsemble(members: readonly Float64Array[]): Found {
  return { posterior: new EnsemblePosterior(members), figures: { members: members.length } };
}

interface Kernel {
  figures: KernelRow;
  slot: number;
  row: Float32Array;
}

/** Of the cell with the largest prior emission of each group in each region and in the whole domain. */
function kernelRows(context: StageContext, { grid, problem, periods }: InversionSetup, posterior: LowRankPosterior, map: LogFactorMap): Kernel[] {
  const cells = grid.rows * grid.cols;
  const { groups } = problem;
  const areas = areasOf(context, grid);
  const chosen = periods.flatMap(({ name: period }, slot) =>
    areas.flatMap(({ mask, ...region }) =>
      groups.flatMap((group, g) => {
        const emission = (cell: number): number => mask[cell] * problem.priorEmissions[(slot * cells + cell) * groups.length + g];
        let largest = 0;
        for (let cell = 1; cell < cells; cell++) if (emission(cell) > emission(largest)) largest = cell;
        return emission(largest) > 0 ? [{ period, ...region, group, slot, cell: largest, index: (slot * cells + largest) * groups.length + g }] : [];
      }),
    ),
  );
  return posterior
    .averagingKernelRows(
      map,
      chosen.map(({ index }) => index),
    )
    .map(({ first, row }, r) => {
      const { slot, cell, index, ...place } = chosen[r];
      const ofSlot = row.subarray(slot * cells * groups.length - first, (slot + 1) * cells * groups.length - first);
      const sums = groups.map((_, g) => ofSlot.reduce((sum, value, i) => sum + (i % groups.length === g ? value : 0), 0));
      return {
        slot,
        row: ofSlot,
        figures: { ...place, row: Math.floor(cell / grid.cols), col: cell % grid.cols, itself: row[index - first], groups: sums },
      };
    });
}

function periodsOf(
  { periods, grid, problem }: InversionSetup,
  slots: readonly number[],
  control: Float64Array,
  { map, cells: { sigma, reduction, constrained } }: MapFigures,
  rows: readonly Kernel[],
): PeriodUncertainty[] {
  const z = map.logFactors(control);
  const [low, high] = [-1, 1].map((k) => Float32Array.from(map.factorsOf(z.map((value, i) => value + k * sigma[i]))));
  const perSlot = grid.rows * grid.cols * problem.groups.length;
  let first = 0;
  return periods.map(({ name: period }, p) => {
    const range = [first * perSlot, (first + slots[p]) * perSlot] as const;
    const periodRows = rows.filter(({ slot }) => slot >= first && slot < first + slots[p]);
    first += slots[p];
    const kernel = new Float32Array(periodRows.length * perSlot);
    periodRows.forEach(({ row }, r) => kernel.set(row, r * perSlot));
    return {
      sector: map.sector,
      period,
      slots: slots[p],
      low: low.slice(...range),
      high: high.slice(...range),
      constrained: constrained.slice(...range),
      sigma: Float32Array.from(sigma.subarray(...range)),
      reduction: Float32Array.from(reduction.subarray(...range)),
      ...(periodRows.length > 0 ? { averagingKernel: kernel } : {}),
    };
  });
}

/** Against the truth of a twin, whose factors hold for a whole period. */
function coverageOf(
  { caseSettings: { truth, periods } }: StageContext,
  { grid, problem, slots }: InversionSetup,
  control: Float64Array,
  { map, cells }: MapFigures,
): { coverage?: Coverage[] } {
  if (!truth || slots.some(({ count }) => count > 1)) return {};
  const perPeriod = grid.rows * grid.cols;
  const { groups } = problem;
  const factors = new Float64Array(problem.priorEmissions.length);
  periods.forEach(({ name }, p) => {
    const ofPeriod = readTruthFactors(truth.factors, grid, name, groups); // [groups, H, W]
    ofPeriod.forEach((factor, i) => (factors[(p * perPeriod + (i % perPeriod)) * groups.length + Math.floor(i / perPeriod)] = factor));
  });
  return { coverage: coverage(map, map.logFactors(control), cells, factors, problem.priorEmissions, groups) };
}
