/** `init`: a case file made of the files that somebody has, with what is left to them marked. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError, expectArgument, expectOptions, type OptionNames } from '../../../base/errors';
import { writeFileAtomic } from '../../../files/checkpoint';
import { checkCase, type CheckResult } from '../check/check-case';
import { caseText, type CtmChoice } from './case-text';
import { lookAt, unusedInWords } from './given-files';
import { sortFiles } from './sorted-files';

export type { CtmChoice } from './case-text';

export interface InitOptions {
  /** who runs the transport model: `files`, its output is there; `command`, a command of yours; `builtin`, the reference model. Default: `files` if there is output, else `builtin` */
  ctm?: CtmChoice;
  /** the case file to write; default `case.yaml` */
  out?: string;
}

const OPTIONS: OptionNames<InitOptions> = { ctm: true, out: true };

export interface InitResult {
  /** the case file, absolute */
  case: string;
  /** what is left to the user, marked `# OPEN:` in the case */
  open: string[];
  /** files that were looked at and are not used, each with why */
  unused: string[];
  /** of the new case */
  check: CheckResult;
}

/**
 * Writes a commented case file from the headers of the files, and checks it.
 *
 * @param paths - files, and folders that are looked into, one level
 * @throws {ConfigError} `INIT_EXISTS` if there is such a case already, `INIT_FILE`, `INIT_TABLE`
 * @throws {DataError} `FILE_MISSING`, `INIT_NONE`, what reading the headers throws @throws {GridError} `GRID_MISMATCH` for files on two grids
 *
 * @example
 * const { open, check } = await initCase(['inputs', 'obs.csv'], { ctm: 'builtin', out: 'case.yaml' });
 */
export async function initCase(paths: readonly string[], options: InitOptions = {}): Promise<InitResult> {
  expectArgument(Array.isArray(paths) && paths.length > 0, 'paths', 'a list of files and folders', paths);
  expectOptions(options, 'initCase', OPTIONS);
  const path = resolve(options.out ?? 'case.yaml');
  refuseExisting(path);
  const inputs = await lookAt(paths);
  const sorted = await sortFiles(inputs);
  const ctm = options.ctm ?? (sorted.concentrations.length > 0 ? 'files' : 'builtin');
  const draft = caseText({ inputs, sorted, ctm, path });
  refuseExisting(path);
  writeFileAtomic(path, draft.text);
  return { case: path, open: draft.open, unused: unusedInWords(inputs.unused, dirname(path)), check: await checkCase(path) };
}

function refuseExisting(path: string): void {
  if (existsSync(path))
    throw new ConfigError('INIT_EXISTS', `${path}: is there already, and init overwrites nothing: give another name with --out, or move it away`);
  if (!existsSync(dirname(path)))
    throw new ConfigError('INIT_EXISTS', `${dirname(path)}: there is no such folder for the case: make it, or give another --out`);
}
