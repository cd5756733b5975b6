/** Several processes of one command (mpirun, srun): they begin together, one of them tells what came of it, and all end where one fails. */
import { ALONE, giveWay, joinRanks, launchedByMpi, type Ranks } from '@retroplume/core/base/process';
import { InterruptedError } from '@retroplume/core/base/errors';

let joined: Ranks = ALONE;

/** Joins the other processes of the launcher, if there are any. */
export function join(): Ranks {
  joined = joinRanks();
  return joined;
}

/** Parts from the others, at the end of what all have done. */
export function part(): void {
  joined.finalize();
  joined = ALONE;
}

/**
 * Ends the command after a failure: told by the first process that has it, and those of all ranks end with it. That it was interrupted all know.
 *
 * @param report - tells the failure and returns the exit code
 */
export async function endOnRanks(error: unknown, report: (error: unknown) => number): Promise<number> {
  const rank = launchedByMpi()?.rank ?? 0;
  if (error instanceof InterruptedError && joined.size > 1) {
    const exitCode = rank === 0 ? report(error) : error.exitCode;
    part();
    return exitCode;
  }
  await giveWay(rank);
  const exitCode = report(error);
  if (joined.size > 1) joined.abort(exitCode);
  return exitCode;
}
