/** The engine: runs one stage unless it is up to date. */
import { InterruptedError } from '../../base/errors';
import type { StageRecord } from './record';
import { interruptionOf, type Stage, type StageContext } from './stage';
import { beginFolder, damagedBefore, finishFolder, lookAtFolder } from './stage-folder';

/**
 * Runs one stage unless it is up to date, and returns its record.
 * @throws {ConfigError} `STAGE_MISSING` if a stage before it has not been run
 * @throws {DataError} `INPUT_CHANGED` if an input is no longer what it was; `PRODUCT_DAMAGED` if what it reads of other stages is not, and they are not made again
 * @throws {InterruptedError} if the signal was raised; what was finished or checkpointed is kept
 */
export async function runStage(stage: Stage, context: StageContext): Promise<StageRecord> {
  const { variant, onEvent } = context;
  const { signal } = context;
  if (signal.aborted)
    throw new InterruptedError('INTERRUPTED', `${stage.name}: interrupted before it began: run the same command to go on`, { cause: signal.reason });
  const folder = await lookAtFolder(stage, context);
  if (folder.record) {
    onEvent({ kind: 'stage-skipped', stage: stage.name, variant });
    return folder.record;
  }
  stage.refuse?.(context);
  const damaged = await damagedBefore(stage, context);
  if (damaged) {
    if (await context.remake?.(damaged.dirs)) return runStage(stage, context);
    throw damaged.error;
  }
  onEvent({ kind: 'stage-start', stage: stage.name, variant });
  const begun = await beginFolder(stage, context, folder);
  const result = await stage.run(context).catch((cause: unknown) => {
    throw interruptionOf(context, cause) ?? cause;
  });
  const record = await finishFolder(stage, context, begun, result);
  onEvent({ kind: 'stage-done', stage: stage.name, variant, seconds: record.seconds });
  return record;
}
