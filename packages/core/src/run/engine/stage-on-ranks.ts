/**
 * A stage of a run that several ranks make. The first of them decides whether the stage has to run and keeps its folder and its record; the others take part in what
 * all make together (`Stage.onAllRanks`), and wait, asleep, while the first makes the rest alone.
 */
import { InterruptedError } from '../../base/errors';
import { ALONE, type Ranks } from '../../base/ranks';
import type { StageRecord } from './record';
import { runStage } from './run-stage';
import type { Stage, StageContext } from './stage';

/** What the first rank tells the others. */
type Message = { kind: 'join' } | { kind: 'done'; record: StageRecord } | { kind: 'interrupted'; code: string; text: string };

async function tell(ranks: Ranks, message: Message): Promise<void> {
  await ranks.broadcast(new TextEncoder().encode(JSON.stringify(message)));
}

async function hear(ranks: Ranks): Promise<Message> {
  return JSON.parse(new TextDecoder().decode(await ranks.broadcast())) as Message;
}

/**
 * Runs one stage unless it is up to date, and returns its record on every rank. A failure of one rank is that rank's: the caller has to end the others.
 *
 * @throws {InterruptedError} on every rank, if one was asked to stop that all heed: the first, or in a stage on all ranks any
 * @throws {RetroplumeError} as `runStage` does
 */
export async function runStageOnRanks(stage: Stage, context: StageContext): Promise<StageRecord> {
  const { ranks = ALONE } = context;
  if (ranks.size === 1) return runStage(stage, context);
  return ranks.rank === 0 ? lead(stage, context, ranks) : follow(stage, context, ranks);
}

async function lead(stage: Stage, context: StageContext, ranks: Ranks): Promise<StageRecord> {
  let joined = false;
  const run: Stage['run'] = async (own) => {
    if (!stage.onAllRanks) return stage.run(own.as(own.stage, { ranks: undefined }));
    joined = true;
    await tell(ranks, { kind: 'join' });
    return stage.run(own);
  };
  try {
    const record = await runStage({ ...stage, run }, context);
    await tell(ranks, { kind: 'done', record });
    return record;
  } catch (cause) {
    // Where the others have joined, they have been stopped as well.
    if (cause instanceof InterruptedError && !joined) await tell(ranks, { kind: 'interrupted', code: cause.code, text: cause.message });
    throw cause;
  }
}

async function follow(stage: Stage, context: StageContext, ranks: Ranks): Promise<StageRecord> {
  for (;;) {
    const message = await hear(ranks);
    if (message.kind === 'done') return message.record;
    if (message.kind === 'interrupted') throw new InterruptedError(message.code, message.text);
    await stage.run(context);
  }
}
