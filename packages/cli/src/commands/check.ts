/** `retroplume check`: what is wrong with a case, all at once, and what is right, in short. */
import { type CheckResult, checkCase } from '@retroplume/core/run/commands/check/check-case';
import type { Problem } from '@retroplume/core/run/commands/check/findings';
import type { CommonOptions } from '../options';
import { writeOut } from '../terminal';

/** The key of the case stands before a problem of a file; problems of the case file name it themselves. */
export function problemLine({ code, place, key, message }: Problem): string {
  if (message.startsWith(place) || key === '') return `  ${code}: ${message}\n`;
  return `  ${code}: ${place}: ${message.startsWith(`${key}: `) ? '' : `${key}: `}${message}\n`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function text({ case: path, problems, warnings, right, notes, unread }: CheckResult): string {
  const count = problems.length === 0 ? 'no problem' : `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
  const skipped = unread.length === 0 ? '' : `Not looked at before the case file is mended: the files of ${unread.join(', ')}\n`;
  const warned = warnings.length === 0 ? '' : `, ${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}`;
  return `${path}: ${count}${warned}\n${problems.map(problemLine).join('')}${skipped}${section('Most likely wrong:', warnings)}${section('As it should be:', right)}${section('To know:', notes)}`;
}

export type CheckCommandOptions = Omit<CommonOptions, 'threads' | 'profile'>;

/** Prints what was found on stdout; the exit code is 0, or that of the gravest kind of problem. */
export async function checkCommand(path: string, options: CheckCommandOptions): Promise<void> {
  const { set, out, device, precision, json } = options;
  const result = await checkCase(path, { set, out, device, precision });
  if (json) writeOut(`${JSON.stringify(result)}\n`);
  else writeOut(text(result));
  process.exitCode = result.exitCode;
}
