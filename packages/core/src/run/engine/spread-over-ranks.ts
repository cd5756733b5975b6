/**
 * What the ranks of a stage that runs on all of them (`Stage.onAllRanks`) make: independent pieces of work, of which each takes its own, what the first makes with the
 * help of the others, and what it makes alone. All call the same in the same order, and an interruption of one is told to all of them here, so that all end alike.
 */
import { deserialize, serialize } from 'node:v8';
import { InterruptedError } from '../../base/errors';
import type { ForwardModel } from '../../inversion/model/forward-model';
import { endHelp, helpInvert, SharedModel } from '../../inversion/model/shared-model';
import { ALONE } from '../../base/ranks';
import { interruptionOf, type StageContext } from './stage';

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

function heed(told: Told): void {
  if (told) throw new InterruptedError(told.code, told.text);
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
    const own = begin + ranks.rank;
    const made = own < count ? await unlessInterrupted(context, () => make(own)) : {};
    const all = (await ranks.gather(serialize(made))).map((bytes) => deserialize(bytes) as Made<T>);
    all.forEach(({ interrupted }) => heed(interrupted));
    pieces.push(...all.slice(0, count - begin).map(({ value }) => value as T));
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
  const made: Made<T> = ranks.rank === 0 ? await unlessInterrupted(context, make) : {};
  heed(deserialize(await ranks.broadcast(serialize(made.interrupted))) as Told);
  return made.value;
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
    const made = await lead((model) => new SharedModel(model, ranks));
    await endHelp(ranks);
    return made;
  } catch (cause) {
    const interruption = interruptionOf(context, cause);
    if (interruption) await endHelp(ranks, interruption);
    throw interruption ?? cause; // any other failure ends them all
  }
}
