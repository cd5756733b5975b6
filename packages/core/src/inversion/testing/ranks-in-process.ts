/** Ranks within one process, which MPI has no part in: each call ends when all have made it. */
import { ALONE, type Ranks } from '../../base/process';

interface Round {
  contributions: unknown[];
  count: number;
  waiting: ((contributions: unknown[]) => void)[];
}

export function ranksInProcess(size: number): Ranks[] {
  let round: Round = { contributions: [], count: 0, waiting: [] };
  const meet = <T>(rank: number, value: T): Promise<T[]> => {
    const { contributions, waiting } = round;
    contributions[rank] = value;
    const met = new Promise<unknown[]>((resolve) => waiting.push(resolve));
    if (++round.count === size) {
      round = { contributions: [], count: 0, waiting: [] };
      waiting.forEach((resolve) => resolve(contributions));
    }
    return met as Promise<T[]>;
  };
  return Array.from({ length: size }, (_, rank) => ({
    ...ALONE,
    rank,
    size,
    async sum(data, ...arrays) {
      const lists = (await meet(rank, [data.slice(), ...arrays])).flat();
      data.forEach((_value, i) => (data[i] = lists.reduce((total, array) => total + array[i], 0)));
    },
    gather: (bytes) => meet(rank, bytes),
    broadcast: async (bytes = new Uint8Array()) => (await meet(rank, bytes))[0],
    barrier: async () => void (await meet(rank, null)),
  }));
}
