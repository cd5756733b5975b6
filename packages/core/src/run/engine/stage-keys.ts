/** The keys of a stage: by which it, and each part of it, is known to be up to date. */
import { dirname, join } from 'node:path';
import { ConfigError } from '../../base/errors';
import { gigabytes, VERSIONS } from '../../base/process';
import { changedExternal } from './recorded-files';
import type { InputFile } from './input-hashes';
import { canonicalJson, hashText } from '../../files/json';
import { contentsOf, isUpToDate, partKey, readRecord, type StageMark, type StagePart, type StageRecord } from './record';
import { type Keys, type PartContent, type Stage, type StageContext, type StageName } from './stage';

/** @param asker - who needs it: default the context's stage @throws {ConfigError} `STAGE_MISSING` */
export function neededRecord(context: StageContext, need: StageName, asker: string = context.stage): StageRecord {
  const record = readRecord(context.dirOf(need));
  if (record) return record;
  const ofPass = context.pass !== undefined && context.dirOf(need) !== join(context.out, need);
  throw new ConfigError(
    'STAGE_MISSING',
    `${asker}: the products of ${need} are not in ${context.dirOf(need)}: run "retroplume ${ofPass ? 'loop' : need}" (or "retroplume run") first`,
  );
}

/**
 * What a stage's record would say now of what decides its result.
 *
 * @param keysOf - of the stages before it; default: of their records
 * @throws {ConfigError} `STAGE_MISSING`
 */
export async function keyOf(
  stage: Stage,
  context: StageContext,
  keysOf: (need: StageName) => Keys = (need) => neededRecord(context, need),
): Promise<StageMark> {
  const settings = stage.settings(context);
  const inputs = await describeAll(context, stage.inputs(context));
  const read = stage.reads?.(context.caseSettings) ?? {};
  const earlierKeys = stage.needs.map((need) => ofWhatIsRead(read[need], keysOf(need)));
  const content = { stage: stage.name, version: VERSIONS.retroplume };
  const keyWith = (part: unknown, keys: string[], files: readonly InputFile[]): string =>
    hashText(fromFolderOf(context.caseSettings.file, canonicalJson({ ...content, inputs: contentsOf(files), before: keys, settings: part })));
  const key = keyWith(
    settings,
    earlierKeys.map(({ key }) => key),
    inputs,
  );
  // What only decides how another stage's products are looked at changes nothing that is expensive here.
  const expensiveKeys = earlierKeys.map((record) => record.expensiveKey ?? record.key);
  const cheapFiles = new Set(stage.cheapInputs?.(context));
  const expensiveFiles = inputs.filter(({ path }) => !cheapFiles.has(path));
  const parts = stage.parts && (await partsOf(context, stage.parts(context, keysOf)));
  context.inputs.keep();
  return {
    key,
    ...(stage.expensiveSettings ? { expensiveKey: keyWith(stage.expensiveSettings(context), expensiveKeys, expensiveFiles) } : {}),
    ...(parts ? { parts } : {}),
    ...(context.changedRuns === 'keep' ? { trusted: true } : {}),
    settings,
    inputs,
    versions: VERSIONS,
  };
}

/** Of JSON text with paths below the folder of a case file, as they are from there: a case that is moved with its files is what it was. */
function fromFolderOf(file: string, json: string): string {
  const beginning = JSON.stringify(join(dirname(file), '/')).slice(0, -1);
  return json.replaceAll(beginning, '"./');
}

/** Parts that a stage does not read may come, go and change: what took hours to learn stays. */
function ofWhatIsRead(read: readonly string[] | undefined, keys: Keys): Keys {
  const { parts } = keys;
  return read && parts ? { key: hashText(canonicalJson(read.map((name) => [name, parts[name]?.key ?? null]))) } : keys;
}

/** Bytes of inputs that take long enough to read that a user should know. */
const WORTH_TELLING = 5e9;

async function describeAll({ inputs, log }: StageContext, paths: readonly string[]): Promise<InputFile[]> {
  const bytes = inputs.bytesToRead(paths);
  if (bytes > WORTH_TELLING) log(`reads ${gigabytes(bytes)} of inputs, to know whether they have changed`);
  const files = [];
  for (const path of paths) files.push(await inputs.describe(path));
  return files;
}

/** Parts with their keys, by their names. */
export async function partsOf(context: StageContext, contents: readonly PartContent[]): Promise<Record<string, StagePart>> {
  const parts: Record<string, StagePart> = {};
  // Parts of a period share their list of files, of which there may be thousands.
  const described = new Map<readonly string[], InputFile[]>();
  for (const { name, settings, essence, inputs, ...place } of contents) {
    const files = described.get(inputs) ?? (await describeAll(context, inputs));
    described.set(inputs, files);
    const key = partKey(settings, files);
    parts[name] = { key, ...(essence === undefined ? {} : { essence: hashText(canonicalJson(essence)) }), ...place };
  }
  return parts;
}

/** Whether a stage has been run with these settings and inputs. @throws {ConfigError} `STAGE_MISSING` if one before it has not */
export async function isStageUpToDate(stage: Stage, context: StageContext): Promise<boolean> {
  const { key, parts } = await keyOf(stage, context);
  return isUpToDate(context.dir, key, parts) && (await changedExternal(context.dir)).length === 0;
}

/**
 * For a stage that judges by what another one left, in a run of its own too: that must be of what is judged.
 * @throws {ConfigError} `STAGE_STALE`
 */
export async function expectUpToDate(stage: Stage, { stage: judge, contextOf }: StageContext): Promise<void> {
  const { name } = stage;
  const judged = contextOf(name);
  if (await isStageUpToDate(stage, judged)) return;
  throw new ConfigError(
    'STAGE_STALE',
    `${judge}: expected in ${judged.dir} what ${name} would leave now but received what it left with another version, settings or products before it, or what is damaged: run "retroplume ${name}" (or "retroplume run") first`,
  );
}
