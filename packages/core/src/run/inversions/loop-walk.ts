/**
 * The passes of the closed loop one after the other, each with what it starts from, until predicted and realised gain agree or the passes are used up: made in
 * one go by the stage `loop`, or a part at a time (run-part.ts), as jobs do.
 *
 * The best pass has the lowest error of the transport model at the monitors that the inversion may look at. Withheld monitors choose nothing.
 */
import { type PeriodSource } from '../../fields/period-source';
import { openPrepared } from '../../fields/prepared-store';
import { caseChannels } from '../../case';
import { regionMasks } from '../../case/gridded/regions';
import { firstHours } from '../../assimilation/surrogate/trained-surrogate';
import { gainsAgree, gainsOf, usedError, type ComparedObservations, type Gain } from '../../assimilation/scores/loop-gains';
import { readOutcome, passRun } from './loop-pass';
import { observePeriod, priorRun, throughOperator, type ObservedPeriod } from '../../assimilation/observed/observed-periods';
import { stageContext } from '../stage-context';
import { type LoopPass, type PassStage, type RunContext } from '../engine/stage';

export interface PassSummary {
  pass: number;
  /** the pass whose run it was anchored on; none: the prior run */
  anchor: number | null;
  /** mean over species of the MAE at used monitors relative to that of the prior run: as predicted, and in the transport model's run (null: not run) */
  predictedError: number;
  realisedError: number | null;
  gains: Gain[];
}

/** A period, what its monitors say, and H·C of the prior run. */
interface LoopPeriod extends ObservedPeriod {
  source: PeriodSource;
  prior: Float32Array;
}

export interface Passes {
  /** the first is the case's own stages */
  passes: PassSummary[];
  /** `agreed`: ended early; `passes`: all were made */
  status: 'agreed' | 'passes';
}

/**
 * @param make - sees to it that stages of a pass are there; false stops behind them
 * @param log - is told what came of each pass
 * @returns undefined where `make` has stopped
 */
export async function walkPasses(
  context: RunContext,
  make: (pass: LoopPass, stages: readonly PassStage[]) => Promise<boolean>,
  log: (text: string) => void,
): Promise<Passes | undefined> {
  const { loop } = context.caseSettings;
  const periods = await loopPeriods(context);
  const passes = [judge(context, periods, { pass: 1, anchor: null })];
  for (let number = 2; number <= loop.passes; number++) {
    const best = bestPass(passes);
    const pass = { number, anchor: best.pass };
    if (!(await make(pass, ['train', 'invert']))) return undefined;
    const predicted = judge(context, periods, { pass: number, anchor: best.pass }, false);
    const promised = 1 - predicted.predictedError / best.realisedError!;
    log(`pass ${number} promises to lower the error at used monitors by ${(100 * promised).toFixed(1)} %`);
    if (promised < loop.smallestGain && gainsAgree(passes[passes.length - 1].gains, loop.agreement)) {
      return { passes: [...passes, predicted], status: 'agreed' };
    }
    if (!(await make(pass, ['apply', 'verify']))) return undefined;
    passes.push(judge(context, periods, { pass: number, anchor: best.pass }));
    log(describe(passes));
  }
  return { passes, status: 'passes' };
}

async function loopPeriods(context: RunContext): Promise<LoopPeriod[]> {
  const invertContext = stageContext(context, 'invert', 'default');
  const first = firstHours(invertContext);
  const periods: LoopPeriod[] = [];
  for (const [p, settings] of context.caseSettings.periods.entries()) {
    const source = openPrepared(invertContext.dirOf('prepare'), settings.name, caseChannels(context.caseSettings));
    const observed = await observePeriod(invertContext, settings, source.grid, first[p]);
    periods.push({ ...observed, source, prior: throughOperator(priorRun(source), observed) });
  }
  return periods;
}

/** @param ran - whether the transport model has run on the emissions of the pass */
function judge(context: RunContext, periods: readonly LoopPeriod[], { pass, anchor }: Pick<PassSummary, 'pass' | 'anchor'>, ran = true): PassSummary {
  const { predicted } = readOutcome(context, pass);
  let offset = 0;
  const compared = periods.map(({ source, prior, ...observed }): ComparedObservations => {
    const { values, species, withheld, cell } = observed.operator.observed;
    const part = predicted.subarray(offset, (offset += values.length));
    const realised = ran ? throughOperator(passRun(context, pass, source), observed) : undefined;
    return { observed: values, prior, predicted: part, realised, species, role: withheld, cell };
  });
  const { grid } = periods[0].source;
  const gains = gainsOf(compared, regionMasks(context.caseSettings.regions, grid), caseChannels(context.caseSettings));
  return { pass, anchor, predictedError: usedError(gains, 'predicted'), realisedError: ran ? usedError(gains, 'realised') : null, gains };
}

/** The pass with the lowest realised error at used monitors; the earlier one where two are equal. */
export function bestPass(passes: readonly PassSummary[]): PassSummary {
  return passes.reduce((best, pass) => (pass.realisedError !== null && pass.realisedError < best.realisedError! ? pass : best));
}

function describe(passes: readonly PassSummary[]): string {
  const { pass, realisedError } = passes[passes.length - 1];
  const best = bestPass(passes);
  const text = `pass ${pass}: error at used monitors ${(100 * realisedError!).toFixed(1)} % of the prior run's`;
  return best.pass === pass ? text : `${text}; not kept: pass ${best.pass} has ${(100 * best.realisedError!).toFixed(1)} %`;
}
