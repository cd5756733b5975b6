/** The threads that kernels share their work among, through a kernel that needs them to wait for each other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeProgram } from '../kernels';
import { randomArray, relativeError } from '../testing/oracles';

// A weight gradient meets at a barrier between its sums and their addition: a thread that passes too early adds what is not there yet.
const [batch, height, width, inChannels, outChannels, kernel] = [1, 12, 9, 5, 6, 3];
const offsets = { input: 0, gradOutput: 640, gradWeight: 1360 };
const params = { batch, height, width, inChannels, outChannels, kernel };

function gradientProgram(threads: number): { program: NativeProgram; result: () => Float64Array } {
  const instructions = [{ op: 'conv2dBackwardWeight', operands: offsets, params }];
  const program = new NativeProgram({ arenaElements: 1700, instructions, phases: {} }, { threads });
  program.write(offsets.input, randomArray(height * width * inChannels, 1));
  program.write(offsets.gradOutput, randomArray(height * width * outChannels, 2));
  const length = kernel * kernel * inChannels * outChannels;
  const result = (): Float64Array => {
    program.fill(offsets.gradWeight, length, Number.NaN);
    program.runSync();
    return Float64Array.from(program.read(offsets.gradWeight, length));
  };
  return { program, result };
}

test('any number of threads, more than there are processors too, gives the same result again and again, by turns and after they have slept', async () => {
  const programs = [1, 2, 3, 5, 8].map(gradientProgram);
  const first = programs.map(({ result }) => result());
  for (const each of first) expect(relativeError(each, first[0])).toBeLessThan(1e-5); // float sums of a hundred terms in other orders
  for (let round = 0; round < 60; round++) {
    programs.forEach(({ result }, i) => expect(result()).toEqual(first[i]));
    if (round % 20 === 10) await sleep(8); // longer than threads spin
  }
  programs.forEach(({ program }) => program.dispose());
});
