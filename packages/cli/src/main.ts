#!/usr/bin/env node
/** The `retroplume` command: parses, calls core, prints. */
import './process'; // before all that takes time to load: it listens for warnings
import { reportFailure, endOnRanks } from './failure';
import { buildProgram } from './program';
import { writeErr } from './terminal';

/** As `WRITE_FAILED` of a file has it. */
const UNWRITABLE = 3;

// A log without room, or that nobody reads any more, must not end a run of hours.
process.stderr.on('error', () => undefined);

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that closes the pipe (`retroplume … | head`) has seen enough; that is no failure.
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  writeErr(`retroplume: WRITE_FAILED: stdout: cannot be written (${error.message}): send it where there is room\n`);
  process.exit(UNWRITABLE);
});

buildProgram()
  .parseAsync(process.argv)
  .catch(async (error: unknown) => {
    process.exitCode = await endOnRanks(error, (cause) => reportFailure(cause, process.argv));
  });
