/** `retroplume init FILE…`: a case file from the files that are there, and what `check` says of it. */
import { relative } from 'node:path';
import { type CtmChoice, type InitResult, initCase } from '@retroplume/core/commands/init';
import type { CommonOptions } from '../options';
import { writeOut } from '../terminal';
import { checkText } from './check';

export type InitCommandOptions = Pick<CommonOptions, 'json' | 'out'> & { ctm?: CtmChoice };

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function text({ case: path, open, unused, check }: InitResult): string {
  return `${path}: written\n${section('Left to you (# OPEN: in the case):', open)}${section('Not used:', unused)}${checkText(check)}${nextStep(path, open.length, check.problems.length)}`;
}

/** Whoever writes a first case knows no other command yet. */
export function nextStep(path: string, open: number, problems: number): string {
  const shown = relative(process.cwd(), path);
  if (open + problems === 0) return `Next: retroplume run ${shown}\n`;
  const todo = [...(open > 0 ? [`look at the places marked OPEN in ${shown}`] : []), ...(problems > 0 ? ['mend what is listed as a problem'] : [])];
  return `Next: ${todo.join(' and ')}, then: retroplume check ${shown}\n`;
}

/** Prints what was written, what is open and what `check` found, whose exit code it has. */
export async function initCommand(paths: string[], { ctm, out, json }: InitCommandOptions): Promise<void> {
  const result = await initCase(paths, { ctm, out });
  writeOut(json ? `${JSON.stringify(result)}\n` : text(result));
  process.exitCode = result.check.exitCode;
}
