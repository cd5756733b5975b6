#!/usr/bin/env node
/** The `retroplume` command: parses, calls core, prints. */
import './launcher';
import './interrupt'; // before all that takes time to load: it listens for warnings
import { reportFailure } from './failure';
import { buildProgram } from './program';
import { endOnRanks } from './ranks';

// A reader that closes the pipe (`retroplume … | head`) has seen enough; that is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    throw error;
  });
}

buildProgram()
  .parseAsync(process.argv)
  .catch(async (error: unknown) => {
    process.exitCode = await endOnRanks(error, (cause) => reportFailure(cause, process.argv));
  });
