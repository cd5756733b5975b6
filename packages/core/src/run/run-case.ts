/** A run of a case, whole or in part. */
import { expectOptions } from '../base/errors';
import { caseOf, type Case } from '../case';
import { stagesOf } from './all-stages';
import { checkInputs } from './commands/check/check-case';
import { runFolder } from './engine/run-folder';
import { RUN_OPTIONS, runListed, type RunOptions, type RunResult } from './run';

/**
 * Runs stages of a case in order; one that is up to date is skipped, one that was interrupted goes on from its checkpoint.
 *
 * @param source - path of the case file, or a loaded case
 * @throws {DeviceError} `DEVICE_CUDA_MISSING` @throws {ConfigError} `PRECISION_NEEDS_CUDA`, `THREADS_INVALID`, `CALL_INVALID`, `STAGE_UNKNOWN`, `STAGE_MISSING`,
 *   `FOLDER_NOT_OURS`, `RUNS_REPLACED`: nothing has been touched
 * @throws {ConfigError} `RUN_LOCKED` if another process works in the run folder
 * @throws {RetroplumeError} of the stage that fails; the products of the stages before it stay
 *
 * @example
 * const { withheld } = await runStages('case.yaml', { out: 'runs/mine', threads: 2 });
 * console.log(withheld?.NO2?.updatedMae);
 */
export async function runStages(source: string | Case, options: RunOptions = {}): Promise<RunResult> {
  const settings = caseOf(source);
  expectOptions(options, 'runStages', RUN_OPTIONS);
  const { stages = 'all' } = options;
  const placed = { ...options, out: runFolder(settings, options.out) };
  if (stages !== 'all') return runListed(settings, stages, placed);
  return runListed(settings, stagesOf(settings), placed, ({ signal }) => checkInputs(settings, signal));
}
