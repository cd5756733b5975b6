/**
 * A stage's folder around its run: whether it is up to date, what of it is kept, and the record at the end. What a stage that takes hours had finished with other settings lies
 * beside its folder until the stage is finished with those of now. A `--set` that was forgotten, or a training that fails, costs nothing so: with the former settings it
 * is there again.
 */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { codeName } from '../../base/code-version';
import type { DataError } from '../../base/errors';
import { endAttemptsBelow } from '../../transport/external/attempts';
import { explainRerun, fewOf } from './explain-rerun';
import {
  beginStage,
  changedProduct,
  checkOurs,
  damagedProducts,
  finishStage,
  isUpToDate,
  keeps,
  keepsFolder,
  keepsSome,
  markInputChanged,
  missingParts,
  productSums,
  readRecord,
  removeOurs,
  unmadeParts,
  type StageMark,
  type StageRecord,
} from './record';
import { changedExternal, describeExternal, otherContents } from './recorded-files';
import { PASS_STAGES, passVariant, stageDir, type Stage, type StageContext } from './stage';
import { keyOf } from './stage-keys';

/** What lies in a stage's folder before it is run. */
interface Found {
  mark: StageMark;
  /** where it is up to date */
  record?: StageRecord;
  changedFiles: { path: string; trouble: string }[];
}

/** Looks whether a stage is up to date; what it had finished with its settings of now, beside its folder, is put back. @throws {ConfigError} `STAGE_MISSING` */
export async function lookAtFolder(stage: Stage, context: StageContext): Promise<Found> {
  const { dir } = context;
  const mark = await keyOf(stage, context);
  if (stage.keepsLast && restorePreviousResult(dir, mark.key)) context.log('has its former settings again: taken back as it was finished with them');
  const changedFiles = await changedExternal(dir);
  if (!isUpToDate(dir, mark.key, mark.parts) || changedFiles.length > 0) return { mark, changedFiles };
  if (stage.keepsLast) dropPreviousResult(dir);
  return { mark, changedFiles, record: readRecord(dir) };
}

/** What a stage is about to read and is not what was recorded: the folders, and the error that says so; undefined where all is whole. */
export async function damagedBefore(stage: Stage, context: StageContext): Promise<{ dirs: string[]; error: DataError } | undefined> {
  const changed = await otherContents(context, foldersRead(stage, context));
  if (changed.length === 0) return undefined;
  return { dirs: [...new Set(changed.map(({ dir }) => dir))], error: changedProduct(changed[0].path) };
}

/** Folders of other stages of which a stage reads files. */
function foldersRead(stage: Stage, context: StageContext): string[] {
  const { caseSettings, out, pass, dirOf } = context;
  const earlierPasses = Array.from({ length: (pass?.number ?? 1) - 1 }, (_, i) => passVariant(i + 1));
  return [
    ...[...stage.needs, ...(stage.takes?.(caseSettings) ?? [])].map(dirOf),
    ...(stage.opens?.(context) ?? []),
    ...earlierPasses.flatMap((variant) => PASS_STAGES.map((name) => stageDir(out, name, variant))),
  ];
}

/** A stage at work. */
interface Begun {
  mark: Omit<StageMark, 'trusted'>;
  /** names of the parts that it is to make */
  missing: string[];
  startedAt: Date;
  code: string;
  /** of `performance.now()` */
  start: number;
}

/** Makes a stage's folder ready for its run, and tells what of it is kept and why it is run again. */
export async function beginFolder(stage: Stage, context: StageContext, { mark, changedFiles }: Found): Promise<Begun> {
  const { dir } = context;
  await makeReady(stage, context, mark, changedFiles);
  const aside = stage.keepsLast && keepPreviousResult(dir, mark);
  if (aside) context.log(`what it had finished is kept in ${aside} until then: with its former settings it is there again`);
  const begun = beginStage(dir, mark);
  if (mark.trusted) tellTrusted(context, begun);
  return { mark: begun, missing: missingParts(dir, begun), startedAt: new Date(), code: codeName(), start: performance.now() };
}

/** Writes the record of a stage that has run, unless an input is another one now. @throws {DataError} `INPUT_CHANGED` */
export async function finishFolder(
  stage: Stage,
  context: StageContext,
  { mark, missing, startedAt, code, start }: Begun,
  { products, summary, externalFiles = [], leaves = [] }: Awaited<ReturnType<Stage['run']>>,
): Promise<StageRecord> {
  const { dir, inputs, device, hardware, precision, threads, ranks } = context;
  try {
    if (stage.readsAgain) await inputs.expectUnchanged();
    else for (const { path } of mark.inputs) await inputs.describe(path);
  } catch (cause) {
    if (inputs.changed.size > 0) markInputChanged(dir, mark, missing, inputs.changed);
    throw cause;
  }
  const seconds = (performance.now() - start) / 1000;
  const record: StageRecord = {
    stage: stage.name,
    ...mark,
    code,
    device,
    hardware,
    precision,
    threads,
    ...(stage.onAllRanks && ranks && ranks.size > 1 ? { ranks: ranks.size } : {}),
    startedAt: startedAt.toISOString(),
    seconds,
    products,
    ...(await productSums(dir, [...products, ...leaves])),
    ...(externalFiles.length > 0 ? { externalFiles: await describeExternal(dir, externalFiles) } : {}),
    summary,
  };
  finishStage(dir, record);
  if (stage.keepsLast) dropPreviousResult(dir);
  return record;
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
  const reason = explainRerun(dir, mark);
  if (reason !== undefined) return log(reason);
  const record = readRecord(dir);
  const products = record ? damagedProducts(dir, record).map(({ product, trouble }) => ({ path: join(dir, product), trouble })) : [];
  const damaged = [...products, ...changedFiles];
  const unmade = record ? unmadeParts(record, mark) : [];
  if (unmade.length > 0) log(`has not made ${fewOf(unmade)}: ${stage} is run again`);
  if (damaged.length === 0) return;
  const [{ path, trouble }, ...further] = damaged;
  log(`${path} ${trouble}${further.length > 0 ? `, and ${further.length} more are damaged` : ''}: ${stage} is run again`);
}

function asideOf(dir: string): string {
  return `${dir}.last`;
}

/** @throws {ConfigError} `FOLDER_NOT_OURS` */
export function checkAsideOurs(dir: string): void {
  checkOurs(asideOf(dir));
}

/** Whether what a stage would make lies beside its folder. */
export function hasPreviousResult(dir: string, key: string): boolean {
  return isUpToDate(asideOf(dir), key);
}

/** Moves a finished stage out of the way of one with another key, in place of what lay there. What is damaged or unfinished stays, and so does what may still be used. @returns where it lies */
export function keepPreviousResult(dir: string, mark: Pick<StageMark, 'key' | 'expensiveKey'>): string | undefined {
  const record = readRecord(dir);
  if (!record || !isUpToDate(dir, record.key) || keepsFolder(dir, mark)) return undefined;
  dropPreviousResult(dir);
  renameSync(dir, asideOf(dir));
  return asideOf(dir);
}

/** Puts a stage back that was finished with this key, in place of what has been begun since. @returns whether there was one */
export function restorePreviousResult(dir: string, key: string): boolean {
  if (isUpToDate(dir, key) || !hasPreviousResult(dir, key)) return false;
  removeOurs(dir);
  renameSync(asideOf(dir), dir);
  return true;
}

export function dropPreviousResult(dir: string): void {
  removeOurs(asideOf(dir));
}
