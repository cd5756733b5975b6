/**
 * `loop`: further passes of training, inversion and transport model, until predicted and realised gain agree or the passes are used up.
 *
 * Pass 1 is the case's own stages. Pass k > 1, in `pass-k/` of the run folder, has four stages with records and checkpoints of their own:
 *
 * - `train` goes on from the weights of pass k − 1, on prior run, members and the transport model's runs of all passes before;
 * - `invert` starts from the control of the best pass b, anchored there: simulated = H·C_b + H·(S(f·E) − S(f_b·E)); prior term and bounds stay those of
 *   the prior inventory;
 * - `apply` and `verify` as in pass 1.
 *
 * The best pass has the lowest error of the transport model at the monitors that the inversion may look at. Withheld monitors choose nothing.
 */
import { copyFileSync, linkSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../data/checkpoint';
import { makeFolder } from '../data/make-folder';
import { type PeriodSource } from '../data/period-source';
import { openPrepared } from '../data/prepared-store';
import { ConfigError } from '../errors';
import { applyStage } from './apply-stage';
import { FACTORS_FILE } from './factors-file';
import { invertStage } from './invert-stage';
import { firstHours } from './learning';
import { gainsAgree, gainsOf, usedError, type ComparedObservations, type Gain } from './loop-gains';
import { passContext, readOutcome } from './loop-pass';
import { observePeriod, passRun, priorRun, throughOperator, type ObservedPeriod } from './observed-periods';
import { readRecord } from './record';
import { regionMask } from './regions';
import { passVariant, runStage, stageContext, stageDir, type LoopPass, type PassStage, type Stage, type StageContext } from './stage';
import { trainStage } from './train-stage';
import { verifyStage, type VerifySummary } from './verify-stage';

export interface PassSummary {
  pass: number;
  /** the pass whose run it was anchored on; none: the prior run */
  anchor: number | null;
  /** mean over species of the MAE at used monitors relative to that of the prior run: as predicted, and in the transport model's run (null: not run) */
  predictedError: number;
  realisedError: number | null;
  gains: Gain[];
}

export interface LoopSummary extends VerifySummary {
  /** `agreed`: ended early; `passes`: all were made */
  status: 'agreed' | 'passes';
  /** the best pass, whose results are those of the case; its figures stand beside */
  kept: number;
  passes: PassSummary[];
}

const SUMMARY = 'loop.json';

/** A period, what its monitors say, and H·C of the prior run. */
interface LoopPeriod extends ObservedPeriod {
  source: PeriodSource;
  prior: Float32Array;
}

export const loopStage: Stage = {
  name: 'loop',
  needs: ['train', 'invert', 'apply', 'verify'],
  settings: ({ case: { loop, regions } }) => ({ loop, regions }),
  inputs: () => [],
  async run(context) {
    const { loop } = context.case;
    if (loop.passes === 1)
      throw new ConfigError('LOOP_OFF', 'loop: loop.passes is 1, a single pass: set it to 2 or more, as with --set loop.passes=3');
    const periods = await loopPeriods(context);
    const passes = [judge(context, periods, { pass: 1, anchor: null })];
    let status: LoopSummary['status'] = 'passes';
    for (let number = 2; number <= loop.passes; number++) {
      const best = bestPass(passes);
      const pass = { number, anchor: best.pass };
      await runPassStages(context, pass, ['train', 'invert']);
      const predicted = judge(context, periods, { pass: number, anchor: best.pass }, false);
      const promised = 1 - predicted.predictedError / best.realisedError!;
      context.log(`pass ${number} promises to lower the error at used monitors by ${(100 * promised).toFixed(1)} %`);
      if (promised < loop.smallestGain && gainsAgree(passes[passes.length - 1].gains, loop.agreement)) {
        passes.push(predicted);
        status = 'agreed';
        break;
      }
      await runPassStages(context, pass, ['apply', 'verify']);
      passes.push(judge(context, periods, { pass: number, anchor: best.pass }));
      context.log(describe(passes));
    }
    const kept = bestPass(passes).pass;
    const variant = passVariant(kept);
    const verification = readRecord(stageDir(context.out, 'verify', variant))!.summary as VerifySummary;
    const summary: LoopSummary = { status, kept, passes, ...verification };
    const applied = readRecord(stageDir(context.out, 'apply', variant))!.products;
    takeOver(stageDir(context.out, 'invert', variant), context.dir, [FACTORS_FILE]);
    takeOver(stageDir(context.out, 'apply', variant), context.dir, applied);
    writeFileAtomic(join(context.dir, SUMMARY), JSON.stringify(summary, null, 2));
    return { products: [SUMMARY, FACTORS_FILE, ...applied], summary };
  },
};

async function runPassStages(context: StageContext, pass: LoopPass, names: readonly PassStage[]): Promise<void> {
  const stages = { train: trainStage, invert: invertStage, apply: applyStage, verify: verifyStage };
  for (const name of names) await runStage(stages[name], passContext(context, name, pass));
}

async function loopPeriods(context: StageContext): Promise<LoopPeriod[]> {
  const own = stageContext(context, 'invert', 'default');
  const first = firstHours(own);
  const periods: LoopPeriod[] = [];
  for (const [p, settings] of context.case.periods.entries()) {
    const source = openPrepared(context.dirOf('prepare'), settings.name);
    const observed = await observePeriod(own, settings, source.grid, first[p]);
    periods.push({ ...observed, source, prior: throughOperator(priorRun(source), observed) });
  }
  return periods;
}

/** @param ran - whether the transport model has run on the emissions of the pass */
function judge(
  context: StageContext,
  periods: readonly LoopPeriod[],
  { pass, anchor }: Pick<PassSummary, 'pass' | 'anchor'>,
  ran = true,
): PassSummary {
  const { predicted } = readOutcome(context, pass);
  let at = 0;
  const compared = periods.map(({ source, prior, ...observed }): ComparedObservations => {
    const { values, species, withheld, cell } = observed.operator.observed;
    const part = predicted.subarray(at, (at += values.length));
    const realised = ran ? throughOperator(passRun(context, pass, source), observed) : undefined;
    return { observed: values, prior, predicted: part, realised, species, role: withheld, cell };
  });
  const { grid } = periods[0].source;
  const regions = Object.entries(context.case.regions).map(([name, region]) => ({ name, mask: regionMask(region, grid) }));
  const gains = gainsOf(compared, regions);
  return { pass, anchor, predictedError: usedError(gains, 'predicted'), realisedError: ran ? usedError(gains, 'realised') : null, gains };
}

/** The pass with the lowest realised error at used monitors; the earlier one where two are equal. */
function bestPass(passes: readonly PassSummary[]): PassSummary {
  return passes.reduce((best, pass) => (pass.realisedError !== null && pass.realisedError < best.realisedError! ? pass : best));
}

function describe(passes: readonly PassSummary[]): string {
  const { pass, realisedError } = passes[passes.length - 1];
  const best = bestPass(passes);
  const text = `pass ${pass}: error at used monitors ${(100 * realisedError!).toFixed(1)} % of the prior run's`;
  return best.pass === pass ? text : `${text}; not kept: pass ${best.pass} has ${(100 * best.realisedError!).toFixed(1)} %`;
}

/** The same files in another folder, without taking room where the file system allows: products are never written in place. */
function takeOver(from: string, to: string, files: readonly string[]): void {
  for (const file of files) {
    const target = join(to, file);
    makeFolder(dirname(target));
    rmSync(target, { force: true });
    try {
      linkSync(join(from, file), target);
    } catch {
      copyFileSync(join(from, file), target);
    }
  }
}
