/** How a failure is told: one sentence with its code on stderr, the stack only when asked for, and the exit code that belongs to it. */
import { inspect } from 'node:util';
import { errorFigures, type ErrorFigures } from '@retroplume/core/base/errors';
import { CommanderError } from 'commander';
import { writeErr, writeOut } from './output/terminal';

/** A wrong command line: commander's sentence, without its prefix, and where help is. */
function usage(error: CommanderError): ErrorFigures {
  const [first, hint] = error.message.replace(/^error: /, '').split('\n');
  const meant = hint !== undefined ? ` ${hint.replace(/^\(Did you mean (.*)\?\)$/, '(did you mean $1?)')}` : '';
  return { code: 'CLI_USAGE', message: `${first}${meant}: see retroplume --help`, exitCode: 2 };
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
