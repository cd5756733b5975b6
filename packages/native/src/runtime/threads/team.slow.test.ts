/** The threads that kernels share their work among, through a kernel that needs them to wait for each other. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWhere } from '../../../../../test/testing/describe-where';
import { NativeProgram } from '../../kernels';
import { randomArray, relativeError } from '../../testing/oracles';

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

const taskset = '/usr/bin/taskset';

describeWhere(existsSync(taskset), `no ${taskset}`, 'two threads on one processor', () => {
  test('do not spend it on waiting for each other: processor time is that of one thread, and some for taking turns', () => {
    const script = `
      const { Program } = require(${JSON.stringify(join(__dirname, '../../../build/Release/retroplume.node'))});
      const fill = { op: 'fill', operands: { output: 0 }, params: { elements: 3e5, value: 1 } };
      const spent = (threads) => {
        const program = new Program({ arenaElements: 3e5, instructions: [fill], phases: {} }, { threads });
        for (let i = 0; i < 20; i++) program.runSync();
        const begin = process.cpuUsage();
        for (let i = 0; i < 500; i++) program.runSync();
        const { user, system } = process.cpuUsage(begin);
        return user + system;
      };
      const one = spent(1);
      console.log(Math.max(...Array.from({ length: 8 }, () => spent(2) / one)));`;
    const [processor] = /\d+/.exec(/Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1])!;
    // With threads that spin it was 30 to 75 in most runs.
    expect(Number(execFileSync(taskset, ['--cpu-list', processor, process.execPath, '-e', script], { encoding: 'utf8' }))).toBeLessThan(5);
  });
});

const prlimit = '/usr/bin/prlimit';

describeWhere(existsSync(prlimit), `no ${prlimit}`, 'where the system starts no more threads', () => {
  test.each(['windowMean(request, one, undefined, one)', 'program.runSync()'])('%s is an error, and no end of the process', (call) => {
    const script = `
      const { Program, windowMean } = require(${JSON.stringify(join(__dirname, '../../../build/Release/retroplume.node'))});
      const one = new Float32Array(1), threads = 1024;
      const crop = { cropRow: 0, cropCol: 0, cropRows: 1, cropCols: 1, stepsOffset: 0, factorsOffset: 0 };
      const request = { rows: 1, cols: 1, channels: 1, hour: 0, steps: Int32Array.of(0, 0), ...crop, threads };
      const fill = { op: 'fill', operands: { output: 0 }, params: { elements: 1e6, value: 1 } };
      const program = new Program({ arenaElements: 1e6, instructions: [fill], phases: {} }, { threads });
      const held = 1024 * Number(/VmSize:\\s+(\\d+)/.exec(require('node:fs').readFileSync('/proc/self/status', 'utf8'))[1]);
      // Room for the stacks of some dozen of them.
      require('node:child_process').execFileSync('${prlimit}', ['--pid', String(process.pid), '--as=' + (held + 2 ** 29)]);
      try {
        ${call};
      } catch (error) {
        console.log(error.code);
      }`;
    expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('NATIVE_FAILURE\n');
  });
});
