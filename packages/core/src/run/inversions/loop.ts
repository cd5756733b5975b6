/**
 * The work of `loop`: further passes of training, inversion and transport model, until predicted and realised gain agree or the passes are used up.
 *
 * Pass 1 is the case's own stages. Pass k > 1, in `pass-k/` of the run folder, has four stages with records and checkpoints of their own:
 *
 * - `train` goes on from the weights of pass k − 1, on prior run, members and the transport model's runs of all passes before;
 * - `invert` starts from the control of the best pass b, anchored there: simulated = H·C_b + H·(S(f·E) − S(f_b·E)); prior term and bounds stay those of
 *   the prior inventory;
 * - `apply` and `verify` as in pass 1.
 */
import { copyFileSync, linkSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../files/checkpoint';
import { makeFolder } from '../../files/disk';
import { applyStage } from '../stages/apply-stage';
import { FACTORS_FILE } from '../../assimilation/factors/factors-file';
import { invertStage } from '../stages/invert-stage';
import { passContext } from '../stage-context';
import { bestPass, walkPasses, type Passes } from './loop-walk';
import { readRecord, summaryIn } from '../engine/record';
import { runStage } from '../engine/run-stage';
import { passVariant, stageDir, type LoopPass, type PassStage, type Stage, type StageContext } from '../engine/stage';
import { trainStage } from '../stages/train-stage';
import { updatedValues } from '../transport-runs/output-hashes';
import type { VerifySummary } from '../results/verify';
import { verifyStage } from '../stages/verify-stage';

export interface LoopSummary extends VerifySummary, Passes {
  /** the best pass, whose results are those of the case; its figures stand beside */
  kept: number;
}

const SUMMARY = 'loop.json';

export async function runLoop(context: StageContext): ReturnType<Stage['run']> {
  const { status, passes } = (await walkPasses(context, (pass, names) => runPassStages(context, pass, names), context.log))!;
  const best = bestPass(passes).pass;
  const variant = passVariant(best);
  const { values: _ofKept, ...verification } = summaryIn<VerifySummary>(stageDir(context.out, 'verify', variant))!;
  const summary: LoopSummary = { status, kept: best, passes, ...verification };
  const applied = readRecord(stageDir(context.out, 'apply', variant))!.products;
  takeOver(stageDir(context.out, 'invert', variant), context.dir, [FACTORS_FILE]);
  takeOver(stageDir(context.out, 'apply', variant), context.dir, applied);
  writeFileAtomic(join(context.dir, SUMMARY), JSON.stringify(summary, null, 2));
  return {
    products: [SUMMARY, FACTORS_FILE, ...applied],
    summary: { ...summary, values: valuesOf(context, passes) },
    externalFiles: verifiedFiles(context, passes),
  };
}

/** What `verify` left in the passes after the first, which `run` looks at itself. */
function verifiedFiles({ out }: StageContext, passes: LoopSummary['passes']): string[] {
  const dirs = passes.flatMap(({ pass }) => (pass > 1 ? [stageDir(out, 'verify', passVariant(pass))] : []));
  return dirs.flatMap((dir) => (readRecord(dir)?.products ?? []).map((product) => join(dir, product)));
}

/** What the transport model gave in the passes: each had a part in which one is kept. */
function valuesOf({ out }: StageContext, passes: LoopSummary['passes']): LoopSummary['values'] {
  return updatedValues(passes.map(({ pass }) => stageDir(out, 'verify', passVariant(pass))));
}

async function runPassStages(context: StageContext, pass: LoopPass, names: readonly PassStage[]): Promise<boolean> {
  const stages = { train: trainStage, invert: invertStage, apply: applyStage, verify: verifyStage };
  for (const name of names) await runStage(stages[name], passContext(context, name, pass));
  return true;
}

/** The same files in another folder, without taking room where the file system allows: products are never written in place. */
function takeOver(source: string, destination: string, files: readonly string[]): void {
  for (const file of files) {
    const target = join(destination, file);
    makeFolder(dirname(target));
    rmSync(target, { force: true });
    try {
      linkSync(join(source, file), target);
    } catch {
      copyFileSync(join(source, file), target);
    }
  }
}
