import { runJobs, type CtmJob } from './ctm-jobs';
import type { StageContext } from '../engine/stage';

const INTERRUPTED = new Error('interrupted');

/** What the jobs are asked to do of a stage's context. */
function contextOf(signal: AbortSignal): StageContext {
  return { caseSettings: { ctm: { kind: 'reference' } }, threads: 1, signal, progress: () => undefined } as unknown as StageContext;
}

function jobs(run: (job: number) => void): CtmJob[] {
  return [0, 1, 2].map((job) => ({ label: `job ${job}`, hours: 1, run: () => Promise.resolve(run(job)) }));
}

describe('an interruption', () => {
  it('before the first run, or between two, is told and not taken for the end', async () => {
    const done: number[] = [];
    await expect(
      runJobs(
        contextOf(AbortSignal.abort(INTERRUPTED)),
        jobs((job) => done.push(job)),
      ),
    ).rejects.toBe(INTERRUPTED);
    expect(done).toEqual([]);
    const controller = new AbortController();
    const stopping = jobs((job) => (job === 1 ? controller.abort(INTERRUPTED) : done.push(job)));
    await expect(runJobs(contextOf(controller.signal), stopping)).rejects.toBe(INTERRUPTED);
    expect(done).toEqual([0]);
  });

  it('during the last run, which ends well, leaves nothing undone', async () => {
    const controller = new AbortController();
    await runJobs(
      contextOf(controller.signal),
      jobs((job) => void (job === 2 && controller.abort(INTERRUPTED))),
    );
  });
});
