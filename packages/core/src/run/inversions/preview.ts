/**
 * The work of `preview`: before an inversion, what the monitors can be expected to tell, and what it will cost. At the prior, from a few products with the Hessian of
 * least squares: they estimate the degrees of freedom (low-rank.ts), and bound the reductions of uncertainty from below, for only the largest eigenvalues are found.
 */
import { join } from 'node:path';
import { anchorOf } from './loop-pass';
import { writeFileAtomic } from '../../files/checkpoint';
import { evaluate } from '../../inversion/cost/evaluation';
import { GaussNewtonHessian } from '../../inversion/cost/hessian';
import type { AreaFigures } from '../../inversion/uncertainty/figures';
import { lowRank } from '../../inversion/uncertainty/low-rank';
import { LowRankPosterior } from '../../inversion/uncertainty/posterior';
import { Random } from '../../base/random';
import { setUpInversion, type InversionSetup } from '../../assimilation/inversion-setup';
import {
  besideInWords,
  linearisation,
  posteriorFigures,
  roundingOf,
  sumsByPart,
  type SectorAreas,
  type SumsByPart,
} from '../../assimilation/posterior/posterior-figures';
import { withHelpOfRanks } from '../engine/on-ranks';
import type { Stage, StageContext } from '../engine/stage';

const PREVIEW_FILE = 'preview.json';

/** Enough for the largest few directions of each period. */
const PRODUCTS = 20;

type ExpectedFigures = Pick<AreaFigures, 'period' | 'region' | 'group' | 'dofsEstimate' | 'reduction'> & { totalReduction: number };

export interface PreviewSummary {
  products: number;
  /** on the emissions, all periods and groups; ±√(2·dofs) or so */
  dofsEstimate: number;
  /** the same on what is inverted beside the emissions, where something is */
  dofsEstimateBeside?: Omit<SumsByPart, 'emissions'>;
  areas: ExpectedFigures[];
  /** where sectors have factors of their own: of each */
  sectors?: SectorAreas<ExpectedFigures>[];
  /** measured: a gradient, a product; expected from it: the inversion with all its steps, and its uncertainty */
  seconds: { gradient: number; product: number; inversion: number; uncertainty: number };
}

export async function runPreview(context: StageContext): ReturnType<Stage['run']> {
  const setUp = (): Promise<InversionSetup> => setUpInversion(context, anchorOf(context));
  const summary = await withHelpOfRanks(context, setUp, async (share) => {
    const setup = await setUp();
    try {
      return await preview(context, { ...setup, model: share(setup.model) });
    } finally {
      setup.dispose();
    }
  });
  return { products: [PREVIEW_FILE], summary };
}

async function preview(context: StageContext, setup: InversionSetup): Promise<PreviewSummary> {
  const { model, problem } = setup;
  const { inversion } = context.settings;
  const { control, evaluation } = linearisation(setup, context.signal);
  const prior = control.initial();
  const batches = Array.from({ length: model.batches }, (_, i) => i);
  await evaluate(evaluation, prior, batches, 0, true); // the first one makes what the others find made
  const gradient = await timed(() => evaluate(evaluation, prior, batches, 0, true));
  const hessian = new GaussNewtonHessian(evaluation, prior, 'quadratic');
  const { result, seconds } = await timed(() =>
    lowRank(hessian, model, control, {
      rank: PRODUCTS,
      species: problem.species.length,
      random: new Random(inversion.uncertainty.seed),
      rounding: roundingOf(context),
      onProduct: (finished, total) => context.progress(finished, total, 'products with the Hessian at the prior'),
    }),
  );
  const posterior = new LowRankPosterior(control, prior, result.blocks, problem.species.length);
  const dofsEstimate = posterior.dofsEstimate();
  const [whole, ...sectors] = posteriorFigures(context, setup, control, { control: prior, posterior, dofsEstimate });
  const { emissions, ...otherParts } = sumsByPart(control, model, dofsEstimate);
  const product = seconds / result.products;
  const { method, rank, members } = inversion.uncertainty;
  const steps = inversion.iterations * gradient.seconds;
  const summary: PreviewSummary = {
    products: result.products,
    dofsEstimate: emissions,
    ...(Object.keys(otherParts).length > 0 ? { dofsEstimateBeside: otherParts } : {}),
    areas: whole.areas.map(expectedOf),
    ...(sectors.length > 0 ? { sectors: sectors.map(({ map, areas }) => ({ sector: map.sector!, areas: areas.map(expectedOf) })) } : {}),
    seconds: { gradient: gradient.seconds, product, inversion: steps, uncertainty: method === 'rto' ? members * steps : rank * product },
  };
  context.log(inWords(summary));
  writeFileAtomic(join(context.dir, PREVIEW_FILE), JSON.stringify(summary, null, 2));
  return summary;
}

function expectedOf({ total, dofs: _dofs, constrained: _constrained, ...figures }: AreaFigures): ExpectedFigures {
  return { ...figures, totalReduction: total.reduction };
}

function inWords({ dofsEstimate, dofsEstimateBeside = {}, areas, seconds }: PreviewSummary): string {
  const whole = areas.filter(({ region }) => region === undefined);
  const groups = [...new Set(whole.map(({ group }) => group))].map((group) => {
    const sum = whole.reduce((total, area) => total + (area.group === group ? (area.dofsEstimate ?? 0) : 0), 0);
    return `${group} ${Math.max(0, sum).toFixed(0)}`;
  });
  return (
    `expected: some ${dofsEstimate.toFixed(0)} degrees of freedom for signal on the emissions (${groups.join(', ')})${besideInWords(dofsEstimateBeside)}; some ${seconds.inversion.toFixed(0)} s for the inversion ` +
    `and ${seconds.uncertainty.toFixed(0)} s for its uncertainty`
  );
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const begin = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - begin) / 1000 };
}
