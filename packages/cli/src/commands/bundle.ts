/** `retroplume bundle` and `retroplume reproduce`: a run as one file, and that run again. */
import { bundleRun, type MovedInputs, type Reproduction, reproduceBundle } from '@retroplume/core/commands/bundle';
import type { Command } from 'commander';
import type { CommonOptions } from '../options';
import { watched } from './run';
import { writeOut } from '../terminal';

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
  const { bits, content, numbers, other: different } = counts;
  const lines = [
    `${bits + content + numbers + different} products: ${bits} the same to the bit, ${content} but for times and paths, ${numbers} with other numbers`,
    ...notes.map((note) => `  ${note}`),
    ...differing.slice(0, 10).map(({ path, difference = 0, where: place }) => `  ${path}: ${difference.toPrecision(2)} (${place})`),
  ];
  return `${lines.join('\n')}\n`;
}
