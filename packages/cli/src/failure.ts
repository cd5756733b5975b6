/**
 * How a failure is told: one sentence with its code on stderr, the stack only when asked for, and the exit code that belongs to it. Several processes of one
 * command (mpirun, srun) begin together, one of them tells what came of it, and all end where one fails.
 */
import { inspect } from 'node:util';
import { type ErrorFigures, InterruptedError, errorFigures } from '@retroplume/core/errors';
import { CommanderError } from 'commander';
import { writeErr, writeOut } from './terminal';
import { ALONE, type Ranks, giveWay, joinRanks, launchedByMpi } from '@retroplume/core/machine';

/** A wrong command line: commander's sentence, without its prefix, and where help is. */
function usage(error: CommanderError): ErrorFigures {
  const [first, hint] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = hint !== undefined ? ` ${hint.replace(/^\(Did you mean (.*)\?\)$/, '(did you mean $1?)')}` : '';
  return { code: 'CLI_USAGE', message: `${first}${suggestion}: see retroplume --help`, exitCode: 2 };
}

/**
 * Prints the failure: the sentence on stderr; with `--json` also `{"error": {code, message}}` on stdout, so that stdout holds one object whatever happens;
 * `soFar` of an error, what there was before it, stands beside it.
 * @returns the exit code
 */
export function reportFailure(error: unknown, args: readonly string[]): number {
  // Help and version end commander by an error too, with exit code 0.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  // No command at all: commander has printed the help.
  if (error instanceof CommanderError && error.code === 'commander.help') return 2;
  const { code, message, exitCode } = error instanceof CommanderError ? usage(error) : errorFigures(error);
  writeErr(`retroplume: ${code}: ${message}\n`);
  if (args.includes('--verbose')) writeErr(`${inspect(error)}\n`);
  const soFar = error instanceof Error && 'soFar' in error ? error.soFar : undefined;
  if (args.includes('--json')) writeOut(`${JSON.stringify({ error: { code, message }, soFar })}\n`);
  return exitCode;
}

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
