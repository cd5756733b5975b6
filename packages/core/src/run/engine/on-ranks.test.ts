import { DataError, InterruptedError } from '../../base/errors';
import { ranksInProcess } from '../../inversion/testing/ranks-in-process';
import { ALONE, type Ranks } from '../../base/process';
import { onFirstRank, spreadOverRanks } from './on-ranks';
import type { StageContext } from './stage';

const contextOf = (ranks: Ranks | undefined, signal = new AbortController().signal): StageContext =>
  ({ stage: 'uncertainty', ranks, signal }) as Partial<StageContext> as StageContext;

/** What ranks make that all call the same. */
const onAll = <T>(size: number, call: (ranks: Ranks) => Promise<T>): Promise<PromiseSettledResult<T>[]> =>
  Promise.allSettled(ranksInProcess(size).map(call));

const all = <T>(size: number, value: T): unknown[] => Array.from({ length: size }, () => ({ status: 'fulfilled', value }));
const interrupted = (size: number, error: InterruptedError): unknown[] => Array.from({ length: size }, () => ({ status: 'rejected', reason: error }));

describe('pieces that are spread over ranks', () => {
  it('are made once each, every n-th by the same rank, and are on all ranks in their order', async () => {
    const made: string[] = [];
    const make =
      (rank: number) =>
      (piece: number): Promise<Float64Array> => {
        made.push(`${piece} by ${rank}`);
        return Promise.resolve(Float64Array.of(piece / 3));
      };
    const pieces = Array.from({ length: 5 }, (_, piece) => Float64Array.of(piece / 3));
    expect(await onAll(3, (ranks) => spreadOverRanks(contextOf(ranks), 5, make(ranks.rank)))).toEqual(all(3, pieces));
    expect(made.sort()).toEqual(['0 by 0', '1 by 1', '2 by 2', '3 by 0', '4 by 1']);
    expect(await spreadOverRanks(contextOf(undefined), 5, make(0))).toEqual(pieces);
    expect(await spreadOverRanks(contextOf(ALONE), 0, make(0))).toEqual([]);
  });

  it('end on all ranks where one is interrupted, when each has finished what it was at', async () => {
    const controller = new AbortController();
    const made: number[] = [];
    const make = (piece: number): Promise<number> => {
      if (piece === 4) controller.abort();
      if (piece === 4) return Promise.reject(controller.signal.reason as Error);
      made.push(piece);
      return Promise.resolve(piece);
    };
    const ended = await onAll(3, (ranks) => spreadOverRanks(contextOf(ranks, ranks.rank === 1 ? controller.signal : undefined), 9, make));
    const text = 'uncertainty: interrupted: what was finished is kept: run the same command to go on';
    expect(ended).toEqual(interrupted(3, new InterruptedError('INTERRUPTED', text)));
    expect(made.sort()).toEqual([0, 1, 2, 3, 5]);
  });

  it('leave a failure to the rank that has it', async () => {
    const [first, second] = ranksInProcess(2).map((ranks) =>
      spreadOverRanks(contextOf(ranks), 2, (piece) => (piece === 1 ? Promise.reject(new DataError('DATA', 'spoiled')) : Promise.resolve(piece))),
    );
    await expect(second).rejects.toThrow(DataError);
    expect(await Promise.race([first, new Promise((resolve) => setTimeout(() => resolve('waits'), 20))])).toBe('waits');
  });
});

describe('what the first rank makes alone', () => {
  it('the others do not', async () => {
    const [first, ...others] = await onAll(3, (ranks) => onFirstRank(contextOf(ranks), () => Promise.resolve(ranks.rank)));
    expect([first, others]).toEqual([{ status: 'fulfilled', value: 0 }, all(2, undefined)]);
    expect(await onFirstRank(contextOf(undefined), () => Promise.resolve('made'))).toBe('made');
  });

  it('interrupts all with it', async () => {
    const error = new InterruptedError('STOPPED', 'stopped');
    expect(await onAll(2, (ranks) => onFirstRank(contextOf(ranks), () => Promise.reject(error)))).toEqual(interrupted(2, error));
  });
});
