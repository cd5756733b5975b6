/** The engine: runs one stage unless it is up to date. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InterruptedError } from '../../base/errors';
import { endAttemptsBelow } from '../../transport/external/attempts';
import { describeExternal, changedExternal } from './external-files';
import { dropPreviousResult, keepPreviousResult, restorePreviousResult } from './previous-result';
import { otherContents } from './product-contents';
import {
  beginStage,
  changedProduct,
  damagedProducts,
  finishStage,
  markInputChanged,
  isUpToDate,
  keeps,
  keepsSome,
  missingParts,
  productSums,
  readRecord,
  unmadeParts,
  type StageMark,
  type StageRecord,
} from './record';
import { keyOf } from './stage-keys';
import { fewOf, explainRerun } from './explain-rerun';

import { PASS_STAGES, interruptionOf, passVariant, stageDir, type Stage, type StageContext } from './stage';

/**
 * Runs one stage unless it is up to date, and returns its record.
 * @throws {ConfigError} `STAGE_MISSING` if a stage before it has not been run
 * @throws {DataError} `INPUT_CHANGED` if an input is no longer what it was; `PRODUCT_DAMAGED` if what it reads of other stages is not, and they are not made again
 * @throws {InterruptedError} if the signal was raised; what was finished or checkpointed is kept
 */
export async function runStage(stage: Stage, context: StageContext): Promise<StageRecord> {
  const { variant, dir, onEvent } = context;
  if (context.signal.aborted) throw new InterruptedError('INTERRUPTED', `${stage.name}: interrupted before it began: run the same command to go on`);
  const mark = await keyOf(stage, context);
  if (stage.keepsLast && restorePreviousResult(dir, mark.key)) context.log('has its former settings again: taken back as it was finished with them');
  const changed = await changedExternal(dir);
  if (isUpToDate(dir, mark.key, mark.parts) && changed.length === 0) {
    if (stage.keepsLast) dropPreviousResult(dir);
    onEvent({ kind: 'stage-skipped', stage: stage.name, variant });
    return readRecord(dir) as StageRecord;
  }
  stage.refuse?.(context);
  if (!(await isWholeBefore(stage, context))) return runStage(stage, context);
  onEvent({ kind: 'stage-start', stage: stage.name, variant });
  await makeReady(stage, context, mark, changed);
  const aside = stage.keepsLast && keepPreviousResult(dir, mark);
  if (aside) context.log(`what it had finished is kept in ${aside} until then: with its former settings it is there again`);
  const begun = beginStage(dir, mark);
  if (mark.trusted) tellTrusted(context, begun);
  const missing = missingParts(dir, begun);
  const startedAt = new Date();
  const start = performance.now();
  const {
    products,
    summary,
    externalFiles = [],
    leaves = [],
  } = await stage.run(context).catch((cause: unknown) => {
    throw interruptionOf(context, cause) ?? cause;
  });
  try {
    if (stage.readsAgain) await context.inputs.expectUnchanged();
    else for (const { path } of mark.inputs) await context.inputs.describe(path);
  } catch (cause) {
    if (context.inputs.changed.size > 0) markInputChanged(dir, begun, missing, context.inputs.changed);
    throw cause;
  }
  const seconds = (performance.now() - start) / 1000;
  const record: StageRecord = {
    stage: stage.name,
    ...begun,
    device: context.device,
    hardware: context.hardware,
    precision: context.precision,
    threads: context.threads,
    ...(stage.onAllRanks && context.ranks && context.ranks.size > 1 ? { ranks: context.ranks.size } : {}),
    startedAt: startedAt.toISOString(),
    seconds,
    products,
    ...(await productSums(dir, [...products, ...leaves])),
    ...(externalFiles.length > 0 ? { externalFiles: await describeExternal(dir, externalFiles) } : {}),
    summary,
  };
  finishStage(dir, record);
  if (stage.keepsLast) dropPreviousResult(dir);
  onEvent({ kind: 'stage-done', stage: stage.name, variant, seconds });
  return record;
}

/** Whether what a stage is about to read is whole; false where it was not, and has been made again. @throws {DataError} `PRODUCT_DAMAGED` */
async function isWholeBefore(stage: Stage, context: StageContext): Promise<boolean> {
  const others = await otherContents(context, foldersRead(stage, context));
  if (others.length === 0) return true;
  if (await context.remake?.([...new Set(others.map(({ dir }) => dir))])) return false;
  throw changedProduct(others[0].path);
}

/** Folders of other stages of which a stage reads files. */
function foldersRead(stage: Stage, context: StageContext): string[] {
  const { caseSettings, out, pass, dirOf } = context;
  const before = Array.from({ length: (pass?.number ?? 1) - 1 }, (_, i) => passVariant(i + 1));
  return [
    ...[...stage.needs, ...(stage.takes?.(caseSettings) ?? [])].map(dirOf),
    ...(stage.opens?.(context) ?? []),
    ...before.flatMap((variant) => PASS_STAGES.map((name) => stageDir(out, name, variant))),
  ];
}

/** Before a stage's folder is made ready: tells why it is run again, also of what is kept there and damaged, and ends what still writes into it. */
export async function makeReady(
  stage: Pick<Stage, 'damaged'>,
  context: StageContext,
  mark: StageMark,
  changedFiles: readonly { path: string; trouble: string }[] = [],
): Promise<void> {
  const { dir, log } = context;
  if (keepsSome(dir, mark)) await otherContents(context, [dir]);
  tellRerun(context, mark, changedFiles);
  const record = readRecord(dir);
  const isKept = keeps(dir, mark);
  const damaged = record ? damagedProducts(dir, record).filter(({ product }) => isKept(product)) : [];
  if (record && record.key !== mark.key) for (const { product, trouble } of damaged) log(`${join(dir, product)} ${trouble}: it is made again`);
  stage.damaged?.(
    context,
    damaged.map(({ product }) => product).filter((product) => existsSync(join(dir, product))),
  );
  await endAttemptsBelow(dir, log);
}

function tellTrusted({ log }: StageContext, { parts = {} }: Pick<StageMark, 'parts'>): void {
  const names = Object.keys(parts).filter((name) => parts[name].madeWith !== undefined);
  if (names.length > 0) log(`kept on your word, though made with other settings or inputs: ${fewOf(names)}`);
}

/** Why a stage is run again that has been run before; before its folder is made ready, which removes what tells. */
function tellRerun({ dir, stage, log }: StageContext, mark: StageMark, changedFiles: readonly { path: string; trouble: string }[] = []): void {
  const why = explainRerun(dir, mark);
  if (why !== undefined) return log(why);
  const record = readRecord(dir);
  const products = record ? damagedProducts(dir, record).map(({ product, trouble }) => ({ path: join(dir, product), trouble })) : [];
  const damaged = [...products, ...changedFiles];
  const unmade = record ? unmadeParts(record, mark) : [];
  if (unmade.length > 0) log(`has not made ${fewOf(unmade)}: ${stage} is run again`);
  if (damaged.length === 0) return;
  const [{ path, trouble }, ...more] = damaged;
  log(`${path} ${trouble}${more.length > 0 ? `, and ${more.length} more are damaged` : ''}: ${stage} is run again`);
}
