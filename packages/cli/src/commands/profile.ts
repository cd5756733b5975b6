/** `--profile FILE`: where the time of a run went. */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '@retroplume/core/errors';
import { Profiler } from '@retroplume/core/graph';
import { writeErr } from '../terminal';

/**
 * A profiler, and what to do when the run is over, also when it failed or was interrupted: the table goes to stderr, the trace into the file.
 * @throws {ConfigError} at once if the file's folder cannot be written to: not after hours of training
 */
export function openProfile(file: string): { profiler: Profiler; finish: () => void } {
  const path = resolve(file);
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (cause) {
    throw new ConfigError('PROFILE_PATH', `--profile: cannot write ${path}: name a file in a folder that exists and may be written to`, { cause });
  }
  const profiler = new Profiler();
  return {
    profiler,
    finish() {
      if (profiler.rows().length === 0) {
        writeErr('profile: no program ran (the stages were up to date, or run none), so nothing was written\n');
        return;
      }
      writeErr(profiler.table());
      try {
        writeFileSync(path, JSON.stringify(profiler.chromeTrace()));
      } catch (cause) {
        throw new ConfigError('PROFILE_PATH', `--profile: ${path} could not be written (${(cause as Error).message}): name another file`, { cause });
      }
      writeErr(`trace of the first runs: ${path}\n`);
    },
  };
}
