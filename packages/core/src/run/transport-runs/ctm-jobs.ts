/** Runs of the transport model side by side: those of `simulate`, and those by which `certify` judges the surrogate. */
import type { StageContext } from '../engine/stage';

export interface CtmJob {
  /** shown while it runs */
  label: string;
  /** hours of the period: its share of the work */
  hours: number;
  run: (threads: number, signal: AbortSignal, onHours: (hours: number) => void) => Promise<void>;
}

/**
 * As many runs side by side as there are threads, each on one: less waiting than one run on all. An external command runs alone. The first failure
 * ends the others.
 * @throws the reason of the context's signal, where that has left any undone
 */
export async function runJobs(context: StageContext, jobs: readonly CtmJob[]): Promise<void> {
  const workers = context.caseSettings.ctm.kind === 'reference' ? Math.min(context.threads, jobs.length) : 1;
  const threads = Math.max(1, Math.floor(context.threads / Math.max(1, workers)));
  const finishedHours = jobs.map(() => 0);
  const total = jobs.reduce((sum, { hours }) => sum + hours, 0);
  // By hand: `AbortSignal.any` is younger than Node 20.
  const end = new AbortController();
  const { signal } = end;
  const interrupt = (): void => end.abort(context.signal.reason);
  if (context.signal.aborted) interrupt();
  context.signal.addEventListener('abort', interrupt, { once: true });
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < jobs.length && !signal.aborted) {
      const j = next++;
      await jobs[j].run(threads, signal, (hours) => {
        finishedHours[j] = hours;
        context.progress(
          finishedHours.reduce((a, b) => a + b, 0),
          total,
          jobs[j].label,
        );
      });
    }
  };
  const guarded = async (): Promise<void> => {
    try {
      await worker();
    } catch (error) {
      end.abort(error);
      throw error;
    }
  };
  try {
    await Promise.all(Array.from({ length: workers }, guarded));
  } finally {
    context.signal.removeEventListener('abort', interrupt);
  }
  if (next < jobs.length) signal.throwIfAborted();
}
