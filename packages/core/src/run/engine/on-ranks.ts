/**
 * Stages of a run that several ranks make. The first rank decides whether a stage has to run and keeps its folder and its record. In a stage on all ranks
 * (`Stage.onAllRanks`) the others take part: in independent pieces of work, of which each takes its own, and in what the first makes with their help. They wait, asleep,
 * while the first makes the rest alone. All call the same in the same order, and an interruption of one is told to all of them here, so that all end alike.
 */
import { deserialize, serialize } from 'node:v8';
import { InterruptedError } from '../../base/errors';
import { ALONE, type Ranks } from '../../base/process';
import type { ForwardModel } from '../../inversion/model/forward-model';
import { endHelp, helpInvert, SharedModel } from '../../inversion/model/shared-model';
import type { StageRecord } from './record';
import { runStage } from './run-stage';
import { interruptionOf, type Stage, type StageContext } from './stage';

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
  const run: Stage['run'] = async (stageRun) => {
    if (!stage.onAllRanks) return stage.run(stageRun.contextOf(stageRun.stage, { ranks: undefined }));
    joined = true;
    await tell(ranks, { kind: 'join' });
    return stage.run(stageRun);
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

/** Of an interruption, what crosses to other ranks. */
type Told = { code: string; text: string } | undefined;

type Made<T> = { value?: T; interrupted?: Told };

async function unlessInterrupted<T>(context: StageContext, make: () => Promise<T>): Promise<Made<T>> {
  try {
    return { value: await make() };
  } catch (cause) {
    const interruption = interruptionOf(context, cause);
    if (!interruption) throw cause;
    return { interrupted: { code: interruption.code, text: interruption.message } };
  }
}

function heed(interruption: Told): void {
  if (interruption) throw new InterruptedError(interruption.code, interruption.text);
}

/**
 * Makes `count` pieces that do not depend on each other: rank r of n makes r, r + n, …, and all meet after every n, so that an interruption waits for one piece at
 * most. A piece is the same bits whoever makes it.
 *
 * @returns all pieces in their order, on all ranks
 * @throws {InterruptedError} on all ranks, if one was interrupted
 */
export async function spreadOverRanks<T>(context: StageContext, count: number, make: (piece: number) => Promise<T>): Promise<T[]> {
  const { ranks = ALONE } = context;
  const pieces: T[] = [];
  for (let begin = 0; begin < count; begin += ranks.size) {
    if (ranks.size === 1) {
      pieces.push(await make(begin));
      continue;
    }
    const piece = begin + ranks.rank;
    const outcome = piece < count ? await unlessInterrupted(context, () => make(piece)) : {};
    const outcomes = (await ranks.gather(serialize(outcome))).map((bytes) => deserialize(bytes) as Made<T>);
    outcomes.forEach(({ interrupted }) => heed(interrupted));
    pieces.push(...outcomes.slice(0, count - begin).map(({ value }) => value as T));
  }
  return pieces;
}

/**
 * What the first rank makes while the others wait, asleep.
 *
 * @returns undefined on the others
 * @throws {InterruptedError} on all ranks, if the first was interrupted
 */
export async function onFirstRank<T>(context: StageContext, make: () => Promise<T>): Promise<T | undefined> {
  const { ranks = ALONE } = context;
  if (ranks.size === 1) return make();
  const outcome: Made<T> = ranks.rank === 0 ? await unlessInterrupted(context, make) : {};
  heed(deserialize(await ranks.broadcast(serialize(outcome.interrupted))) as Told);
  return outcome.value;
}

/**
 * What the first rank makes with the help of the others: they make their share of every pass over the observations (inversion/model/shared-model.ts).
 *
 * @param setUp - the model of a rank, made when it is first asked for help
 * @param lead - what the first does; it gets what makes of a model one whose passes all ranks share
 * @returns undefined on the others
 * @throws {InterruptedError} on all ranks, if the first was interrupted
 */
export async function withHelpOfRanks<T>(
  context: StageContext,
  setUp: Parameters<typeof helpInvert>[1],
  lead: (share: (model: ForwardModel) => ForwardModel) => Promise<T>,
): Promise<T | undefined> {
  const { ranks = ALONE } = context;
  if (ranks.size === 1) return lead((model) => model);
  if (ranks.rank > 0) {
    await helpInvert(ranks, setUp);
    return undefined;
  }
  try {
    const result = await lead((model) => new SharedModel(model, ranks));
    await endHelp(ranks);
    return result;
  } catch (cause) {
    const interruption = interruptionOf(context, cause);
    if (interruption) await endHelp(ranks, interruption);
    throw interruption ?? cause; // any other failure ends them all
  }
}
