/** Contestants take turns, so that what else happens on the machine meets all of them alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import { timingOf, type Timing } from './quantiles';

/** Something that runs once and says how long that took. */
export type Contestant = () => Promise<number>;

/** A peer's time, and how many times ours it is. */
export interface PeerTiming extends Timing {
  readonly ratio: number;
}

/** Ours beside the peers, in seconds. */
export interface Comparison {
  readonly ours: Timing;
  readonly peers: Readonly<Record<string, PeerTiming>>;
  /** Median of the fastest peer over ours: above 1 ours is faster. Absent without peers. */
  readonly ratio?: number;
  /** The fastest peer. */
  readonly best?: string;
}

/** Before each turn: threads of the one before that still spin would slow the next, and give up after a few milliseconds. */
export const settle = (): Promise<void> => sleep(5);

/** A contestant that takes so many times as long as ours runs in the first round only: more of them would say no more. */
const HOPELESS = 20;

/** True while another round of a contestant is worth its time. */
export const worthAnother = (coreSeconds: readonly number[], peerSeconds: readonly number[]): boolean =>
  peerSeconds.length === 0 || peerSeconds[0] < HOPELESS * coreSeconds[0];

/** Runs every contestant once a round, `ours` first. @returns seconds of each @throws the signal's reason once it is raised, between two turns */
export async function takeTurns(
  contestants: Readonly<Record<string, Contestant>> & { readonly ours: Contestant },
  rounds: number,
  signal?: AbortSignal,
): Promise<Record<string, number[]>> {
  const seconds: Record<string, number[]> = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(contestants)) {
      if (name !== 'ours' && !worthAnother(seconds.ours, seconds[name])) continue;
      signal?.throwIfAborted();
      await settle();
      seconds[name].push(await run());
    }
  }
  return seconds;
}

/** @param seconds - of the rounds, by contestant */
export function compare(coreSeconds: readonly number[], peers: Readonly<Record<string, readonly number[]>>): Comparison {
  const ourTiming = timingOf(coreSeconds);
  const timed = Object.entries(peers).map(([name, seconds]): [string, PeerTiming] => {
    const timing = timingOf(seconds);
    return [name, { ...timing, ratio: timing.median / ourTiming.median }];
  });
  const best = timed.reduce<[string, PeerTiming] | undefined>(
    (fastest, candidate) => (!fastest || candidate[1].median < fastest[1].median ? candidate : fastest),
    undefined,
  );
  return { ours: ourTiming, peers: Object.fromEntries(timed), ...(best && { ratio: best[1].ratio, best: best[0] }) };
}

/** Wall seconds of a call. */
export async function wallSeconds(call: () => unknown): Promise<number> {
  const start = performance.now();
  await call();
  return (performance.now() - start) / 1e3;
}
