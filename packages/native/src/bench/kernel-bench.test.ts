/** `kernel_bench` as a user calls it: wrong words and spoiled files. That it checks and times rightly, ctest tests. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhere } from '../../../../test/testing/describe-where';

const program = join(__dirname, '../../build/Release/kernel_bench');
const TINY = join(__dirname, '../../../../tools/gpu-check/programs/tiny-compact-infer.txt');
const run = (...args: string[]): SpawnSyncReturns<string> => spawnSync(program, args, { encoding: 'utf8' });

describeWhere(existsSync(program), 'kernel_bench is not built', 'kernel_bench', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'kernel-bench-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['--gflops', 'x'],
    ['--gflops', '0'],
    ['--gbytes', '3000GB'],
    ['--threads', '0'],
    ['--threads', '100000'],
    ['--rounds', '0'],
    ['--rounds', ''],
  ])('refuses %s "%s"', (option, value) => {
    const { status, stdout, stderr } = run('roofline', TINY, option, value);
    expect(stderr).toMatch(new RegExp(`^kernel_bench: ${option}: expected a number from \\S+ to \\S+ but received "${value}"\\nusage: `));
    expect([status, stdout]).toEqual([2, '']);
  });

  it.each(['--rounds', '--threads'])('refuses a part of %s', (option) => {
    const { status, stderr } = run('roofline', TINY, option, '2.7');
    expect(stderr).toMatch(new RegExp(`^kernel_bench: ${option}: expected a whole number but received "2\\.7"\nusage: `));
    expect(status).toBe(2);
  });

  it('--help is no wrong usage', () => {
    const { status, stdout, stderr } = run('--help');
    expect(stdout).toMatch(/^usage: kernel_bench check\|device/);
    expect([status, stderr]).toEqual([0, '']);
    expect(run().status).toBe(2);
  });

  it('names the file that is none, or of which a part is missing', () => {
    const cut = join(folder, 'cut.txt');
    const text = readFileSync(TINY, 'utf8').trimEnd().split('\n');
    writeFileSync(cut, `${text.slice(0, -3).join('\n')}\n`);
    for (const mode of ['roofline', 'check', 'time']) {
      const ofCut = run(mode, cut);
      expect(ofCut.stderr).toMatch(/^PHASE_INVALID: .*\/cut\.txt: program: expected phase "\S+" within /);
      expect(ofCut.status).toBe(1);
      const ofFolder = run(mode, folder);
      expect(ofFolder.stderr).toBe(
        `TEXT_PROGRAM_INVALID: ${folder}: expected a program, as retroplume bench --programs writes it, but received no instruction\n`,
      );
      expect([ofFolder.status, ofFolder.stdout]).toEqual([1, '']);
    }
  });

  it('times a step and each of its kernels, in seconds', () => {
    const { status, stdout } = run('time', TINY, '--rounds', '2', '--threads', '1');
    expect(status).toBe(0);
    const { step, kernels } = JSON.parse(stdout) as { step: Record<'median' | 'p10' | 'p90', number>; kernels: unknown[] };
    expect(step.median / ((step.p10 + step.p90) / 2)).toBeCloseTo(1, 4);
    expect(kernels.length).toBeGreaterThan(10);
  });
});
