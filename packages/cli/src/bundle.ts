/** `retroplume bundle` and `retroplume reproduce`: a run as one file, and that run again. */
import { resolve } from 'node:path';
import { bundleRun, reproduceBundle, type MovedInputs, type Reproduction } from '@retroplume/core';
import { InvalidArgumentError, type Command } from 'commander';
import type { CommonOptions } from './options';
import { watched } from './run-command';
import { writeOut } from './output/terminal';

export async function bundleCommand(
  out: string,
  file: string | undefined,
  options: CommonOptions & { inputs: boolean; largest: number },
): Promise<void> {
  const result = await bundleRun(out, { file, inputs: options.inputs, largest: options.largest * 1e6 });
  if (options.json) writeOut(`${JSON.stringify(result)}\n`);
  else {
    const { bundle, bytes, packed, hashed, inputs, inputsPacked, stages } = result;
    writeOut(
      `${bundle}: ${(bytes / 1e6).toFixed(1)} MB, ${stages.length} stages, ${packed} files packed, ${hashed} by their hash alone, ${inputs} inputs ${inputsPacked ? 'packed' : 'by their hashes alone (--inputs packs them)'}\n`,
    );
  }
}

/** FROM=TO, of an option that may be given again. */
export function movedInputs(text: string, before: MovedInputs[] = []): MovedInputs[] {
  const [from, to, ...more] = text.split('=');
  if (!from || !to || more.length > 0) throw new InvalidArgumentError('expected FROM=TO, two folders');
  return [...before, { from, to: resolve(to) }];
}

/** Of an option: a number of at least 0. */
export function notNegative(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('expected a number of at least 0');
  return value;
}

type ReproduceCommandOptions = CommonOptions & { inputs?: MovedInputs[]; tolerance: number; runCommand: boolean };

export async function reproduceCommand(file: string, options: ReproduceCommandOptions, command: Command): Promise<void> {
  const { inputs, tolerance, runCommand, out = file.replace(/(\.tar\.gz|\.tgz)?$/, '-reproduced') } = options;
  // As many threads as the run had, unless the user says otherwise: another number gives other last bits.
  const threads = command.getOptionValueSource('threads') === 'default' ? undefined : options.threads;
  const tell = (result: Reproduction): void => {
    if (options.json) writeOut(`${JSON.stringify(result)}\n`);
    else writeOut(tellReproduction(result));
  };
  await watched(options, (context) => reproduceBundle(file, { ...context, threads, out, inputs, tolerance, runCommand }), tell);
}

function tellReproduction({ notes, counts, differing }: Reproduction): string {
  const { bits, content, numbers, other } = counts;
  const lines = [
    `${bits + content + numbers + other} products: ${bits} the same to the bit, ${content} but for times and paths, ${numbers} with other numbers`,
    ...notes.map((note) => `  ${note}`),
    ...differing.slice(0, 10).map(({ path, difference = 0, where }) => `  ${path}: ${difference.toPrecision(2)} (${where})`),
  ];
  return `${lines.join('\n')}\n`;
}
