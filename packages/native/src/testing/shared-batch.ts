/** Instructions of a batch that ranks share, and numbers for them: the same for a rank's part and for the whole. */
import { NativeProgram, type Instruction, type ProgramOptions } from '../kernels';

export const SHARED = { samples: 12, pixels: 50, channels: 5, ranks: 3 };

/** What a rank holds: samples in two stretches, as with pairs. */
interface Part {
  rank: number;
  ranks: number;
}

const { samples, pixels, channels } = SHARED;
const perSample = pixels * channels;

/** The samples of a rank, by their place in the whole batch. */
export function samplesOf({ rank, ranks }: Part): number[] {
  const ownSamples = samples / 2 / ranks;
  return [0, samples / 2].flatMap((begin) => Array.from({ length: ownSamples }, (_, i) => begin + rank * ownSamples + i));
}

/** A smooth function of an element's place in the whole batch. */
function field(part: Part, mean: number, frequencies: readonly number[]): Float64Array {
  const wave = (e: number): number => frequencies.reduce((sum, frequency) => sum + Math.sin(frequency * (e + 1)), mean);
  return Float64Array.from(samplesOf(part).flatMap((sample) => Array.from({ length: perSample }, (_, e) => wave(sample * perSample + e))));
}

/** Results by name, of a rank's samples and parameters. */
export function runShared(part: Part, options: ProgramOptions): Record<string, number[]> {
  const { rank, ranks } = part;
  const elements = (samples / ranks) * perSample;
  const block = elements / 2;
  const shared: Record<string, number> = ranks > 1 ? { synchronised: 1 } : {};
  const place: Record<string, number> = ranks > 1 ? { first: rank * block, block, stride: ranks * block } : {};
  const big = Math.ceil(elements / 16) * 16;
  const slotOf = (i: number): number => i * big; // one slot of the arena for every array, however small
  const norm = { pixels: elements / channels, channels, epsilon: 1e-5, momentum: 0.1, ...shared };
  const fused = { ...norm, probability: 0.3, seed: 9, ...place };
  const [input, gradOutput, scale, shift, slope, step] = [0, 1, 2, 3, 4, 5].map(slotOf);
  const slots: Record<string, number> = {};
  let next = 6;
  const slot = (name: string): number => (slots[name] ??= slotOf(next++));
  const outputs = (prefix: string, ...names: string[]): Record<string, number> =>
    Object.fromEntries(names.map((name) => [name, slot(`${prefix}${name}`)]));
  const forward = ['output', 'savedMean', 'savedInvStd', 'runningMean', 'runningVariance'];
  const saved = ['savedMean', 'savedInvStd'];
  const instructions: Instruction[] = [
    { op: 'batchNormTrainForward', operands: { input, scale, shift, ...outputs('norm ', ...forward) }, params: norm },
    {
      op: 'batchNormTrainBackward',
      operands: { input, scale, gradOutput, ...outputs('norm ', ...saved, 'gradInput', 'gradScale', 'gradShift') },
      params: norm,
    },
    { op: 'batchNormPreluForward', operands: { input, scale, shift, slope, step, ...outputs('fused ', ...forward) }, params: fused },
    {
      op: 'batchNormPreluBackward',
      operands: { input, scale, shift, slope, step, gradOutput, ...outputs('fused ', ...saved, 'gradInput', 'gradScale', 'gradShift', 'gradSlope') },
      params: fused,
    },
    { op: 'dropoutForward', operands: { input, step, ...outputs('dropout ', 'output') }, params: { elements, probability: 0.3, seed: 4, ...place } },
  ];
  const ofParameters = Object.keys(slots).filter((name) => /grad(Scale|Shift|Slope)$/.test(name));
  if (ranks > 1)
    for (const name of ofParameters) instructions.push({ op: 'allReduce', operands: { data: slots[name] }, params: { elements: channels } });
  const program = new NativeProgram({ arenaElements: slotOf(next), instructions, phases: {} }, options);
  program.write(input, field(part, 20, [0.37]));
  // A part of it follows the input, so that no sum of products is small beside its terms.
  program.write(gradOutput, field(part, 0.2, [0.37, 0.11]));
  for (const [offset, value] of [
    [scale, 1.3],
    [shift, -0.2],
    [slope, 0.25],
  ]) {
    program.write(
      offset,
      Float64Array.from({ length: channels }, (_, c) => value + c / 10),
    );
  }
  program.write(step, Float64Array.of(3));
  program.runSync();
  const whole = (name: string): boolean => / (output|gradInput)$/.test(name);
  const results = Object.fromEntries(
    Object.entries(slots).map(([name, offset]) => [name, [...program.read(offset, whole(name) ? elements : channels)]]),
  );
  program.dispose();
  return results;
}
