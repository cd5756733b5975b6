/** `retroplume check`: what is wrong with a case, all at once, and what is right, in short. */
import { type CheckOptions, type CheckResult, checkCase, type Problem } from '@retroplume/core/commands/check';
import type { CommonOptions } from '../options';
import { interruptible } from '../process';
import { writeErr, writeOut } from '../terminal';

/** The key of the case stands before a problem of a file; problems of the case file name it themselves. */
export function problemLine({ code, place, key, message }: Problem): string {
  if (message.startsWith(place) || key === '') return `  ${code}: ${message}\n`;
  return `  ${code}: ${place}: ${message.startsWith(`${key}: `) ? '' : `${key}: `}${message}\n`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** What a command printed that has failed is most often what its user wants to see. */
function trialText({ trial }: CheckResult): string {
  return trial?.folder === undefined ? '' : section(`Last lines of ctm.command (what it left is in ${trial.folder}):`, trial.lastLines);
}

export function checkText(result: CheckResult): string {
  const { case: path, problems, warnings, right, notes, unread } = result;
  const count = problems.length === 0 ? 'no problem' : `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
  const skipped = unread.length === 0 ? '' : `Not looked at before the case file is mended: the files of ${unread.join(', ')}\n`;
  const warned = warnings.length === 0 ? '' : `, ${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}`;
  return `${path}: ${count}${warned}\n${problems.map(problemLine).join('')}${skipped}${trialText(result)}${section('Most likely wrong:', warnings)}${section('As it should be:', right)}${section('To know:', notes)}`;
}

export type CheckCommandOptions = Omit<CommonOptions, 'threads' | 'profile'> & { tryCtm?: boolean };

/** Prints what was found on stdout; the exit code is 0, or that of the gravest kind of problem. */
export async function checkCommand(path: string, options: CheckCommandOptions): Promise<void> {
  const { set, out, device, precision, tryCtm, quiet, json } = options;
  const checkOptions = { set, out, device, precision };
  tell(tryCtm === true ? await withTrial(path, checkOptions, quiet) : await checkCase(path, checkOptions), json);
}

async function withTrial(path: string, checkOptions: CheckOptions, quiet: boolean): Promise<CheckResult> {
  const { signal, release } = interruptible();
  try {
    return await checkCase(path, { ...checkOptions, tryCtm: true, signal, onLog: (line) => void (quiet || writeErr(`${line}\n`)) });
  } finally {
    release();
  }
}

function tell(result: CheckResult, json: boolean): void {
  if (json) writeOut(`${JSON.stringify(result)}\n`);
  else writeOut(checkText(result));
  process.exitCode = result.exitCode;
}
