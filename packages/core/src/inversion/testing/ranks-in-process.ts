/** Ranks within one process, which MPI has no part in: each call ends when all have made it. */
import { ALONE, type Ranks } from '../../base/process';

interface Round {
  given: unknown[];
  count: number;
  waiting: ((all: unknown[]) => void)[];
}

export function ranksInProcess(size: number): Ranks[] {
  let round: Round = { given: [], count: 0, waiting: [] };
  const meet = <T>(rank: number, value: T): Promise<T[]> => {
    const { given, waiting } = round;
    given[rank] = value;
    const met = new Promise<unknown[]>((resolve) => waiting.push(resolve));
    if (++round.count === size) {
      round = { given: [], count: 0, waiting: [] };
      waiting.forEach((resolve) => resolve(given));
    }
    return met as Promise<T[]>;
  };
  return Array.from({ length: size }, (_, rank) => ({
    ...ALONE,
    rank,
    size,
    async sum(data, ...more) {
      const all = (await meet(rank, [data.slice(), ...more])).flat();
      data.forEach((_value, i) => (data[i] = all.reduce((total, each) => total + each[i], 0)));
    },
    gather: (bytes) => meet(rank, bytes),
    broadcast: async (bytes = new Uint8Array()) => (await meet(rank, bytes))[0],
    barrier: async () => void (await meet(rank, null)),
  }));
}
