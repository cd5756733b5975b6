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
    expect(stdout).toMatch(
      /^usage: kernel_bench check\|device\|time\|roofline FILE\.\.\. \| fields NAME\.\.\. .*\n {7}device and fields need --device cuda; /,
    );
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

  it('counts of each program what tools/gpu-check/limits.txt has, which torch_limits.py compares with', () => {
    const folder = join(__dirname, '../../../../tools/gpu-check');
    // The arena's memory has scratch memory of this processor's kernels.
    const tables = (text: string): string => text.replace(/: memory \S+ GB$/gm, '');
    const limits = readFileSync(join(folder, 'limits.txt'), 'utf8');
    const programs = [...limits.matchAll(/^(\S+\.txt): memory/gm)].map(([, name]) => name);
    const { stdout } = spawnSync(program, ['roofline', ...programs, '--products', 'tf32'], { encoding: 'utf8', cwd: join(folder, 'programs') });
    expect(programs).toHaveLength(9);
    expect(tables(stdout)).toBe(tables(limits));
  });

  /** Gigabytes of a kernel in the table of `roofline`. */
  function gigabytes(file: string, kernel: string, ...options: string[]): number {
    const { status, stdout } = run('roofline', file, ...options);
    expect(status).toBe(0);
    return Number(new RegExp(`^\\| ${kernel} \\| \\d+ \\| \\S+ \\| (\\S+) `, 'm').exec(stdout)?.[1]);
  }

  // Of a million rows: sectors of 32 bytes are 8 floats.
  it.each([
    ['rows of 8 floats out of 80, to others side by side', 'd0=1000000 is0=80 os0=8 d1=8 is1=1 os1=1', 0.032 + 0.032],
    ['added to them', 'accumulate=1 d0=1000000 is0=80 os0=8 d1=8 is1=1 os1=1', 0.032 + 2 * 0.032],
    ['one float of each 80, a sector', 'd0=1000000 is0=80 os0=1', 0.032 + 0.004],
    ['every fourth float: all of their sectors', 'd0=1000000 is0=4 os0=1', 0.016 + 0.004],
    ['one float everywhere', 'd0=1000000 is0=0 os0=8 d1=8 is1=0 os1=1', 0.032],
  ])('counts of a copy what memory moves: %s', (_, sizes, expected) => {
    const copy = join(folder, 'copy.txt');
    writeFileSync(copy, `arena 90000000\nphase step 0 1\nrun stridedCopy @input=0 @output=80000000 ${sizes}\n`);
    expect(gigabytes(copy, 'stridedCopy')).toBeCloseTo(expected, 3);
  });

  it('times a step and each of its kernels, in seconds', () => {
    const { status, stdout } = run('time', TINY, '--rounds', '2', '--threads', '1');
    expect(status).toBe(0);
    const { step, kernels } = JSON.parse(stdout) as { step: Record<'median' | 'p10' | 'p90', number>; kernels: unknown[] };
    expect(step.median / ((step.p10 + step.p90) / 2)).toBeCloseTo(1, 4);
    expect(kernels.length).toBeGreaterThan(10);
  });
});

/** The CUDA kernels as they are shipped, on a runtime of the host's (testing/ptx). */
const interpreted = join(__dirname, '../../build/Release/kernel_bench_ptx');

describeWhere(existsSync(interpreted), 'kernel_bench_ptx is not built', 'kernel_bench on a device', () => {
  it('goes on behind an instruction that cannot be launched, and names each', () => {
    // The cells of a 3 x 3 convolution in tf32 find no room; all else does.
    const env = { ...process.env, RETROPLUME_PTX_SHARED: '40000' };
    const words = ['check', TINY, '--device', 'cuda', '--products', 'tf32,float32'];
    const { status, stdout } = spawnSync(interpreted, words, { encoding: 'utf8', env });
    const lines = stdout.trim().split('\n');
    const [tf32, float32] = lines.map((line) => JSON.parse(line) as { ok: boolean; failed: string; worst: Record<string, number> });
    const failed = tf32.failed.split('; ');
    expect(failed.length).toBeGreaterThan(1);
    for (const each of failed) expect(each).toMatch(/^conv2dForward \(unet\..*\): .*: invalid configuration argument$/);
    expect(tf32.worst['upconv2x2Forward']).toBeLessThan(2e-3); // behind the first
    expect([float32.ok, float32.failed, status]).toEqual([true, '', 1]);
  });
});
