import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describeWhere } from '../../test/testing/describe-where';
import { python, statesOf, useSandbox } from './testing/sandbox';
import { bench, cmake, gpu, noTorch, sanitizer } from './testing/stand-ins';

describeWhere(Boolean(python), 'no Python, which gpu-check is written in', 'gpu-check', () => {
  const { path, program, check, calls } = useSandbox();

  test('a bench that is not there is wrong usage', () => {
    const { status, stderr } = check();
    expect(stderr).toMatch(/--bench: expected a built kernel_bench but received .*bench, which is no file/);
    expect(status).toBe(2);
  });

  test('a folder that cannot be made is wrong usage', () => {
    program('bench', bench());
    writeFileSync(path('out'), '');
    const { status, stderr } = check();
    expect(stderr).toMatch(/error: --out: expected a folder that can be made and written to but the system says .*File exists.*: give another one$/m);
    expect(stderr).not.toContain('Traceback');
    expect(status).toBe(2);
  });

  test('where nothing can be written it is wrong usage', () => {
    program('bench', bench());
    const { status, stderr } = check('9', noTorch, ['--bench', path('bench'), '--out', '/proc']);
    expect(stderr).toMatch(/error: --out: expected a folder .* written to but the system says .*: give another one$/m);
    expect(status).toBe(2);
  });

  test('where nvidia-smi finds no GPU it says so, with exit code 4', () => {
    program('nvidia-smi', 'import sys; sys.exit("No devices were found")');
    program('bench', bench());
    const { status, stderr, parts } = check();
    expect(stderr).toMatch(/DEVICE_CUDA_MISSING: nvidia-smi finds no GPU .*No devices/);
    expect([status, parts]).toEqual([4, {}]);
  });

  test('where there is no nvidia-smi kernel_bench tells whether there is a GPU', () => {
    program('bench', bench());
    program('compute-sanitizer', sanitizer());
    expect(check()).toMatchObject({ status: 0, parts: { device: { state: 'ok' } } });
  });

  test('with a toolkit but no device says what kernel_bench says, with exit code 4', () => {
    program('nvidia-smi', gpu);
    program('bench', 'import sys; sys.stderr.write("DEVICE_CUDA_MISSING: no driver\\n"); sys.exit(4)');
    const result = check();
    expect(result.stderr).toContain('gpu-check: DEVICE_CUDA_MISSING: no driver');
    expect(result.status).toBe(4);
    expect(Object.keys(result.parts)).toEqual(['device']);
  });

  test('does the parts in the order of their worth; without PyTorch all can agree', () => {
    program('nvidia-smi', gpu);
    program('bench', bench());
    program('compute-sanitizer', sanitizer());
    const result = check();
    expect(result.status).toBe(0);
    expect(statesOf(result)).toEqual({
      device: 'ok',
      agreement: 'ok',
      'times fields': 'ok',
      'times tf32': 'ok',
      'times bf16': 'ok',
      'times float32': 'ok',
      'pytorch eager': 'failed',
      'pytorch graph': 'failed',
      'sanitizer memcheck': 'ok',
      'sanitizer racecheck': 'ok',
      'sanitizer fields': 'ok',
      'sanitizer synccheck': 'ok',
      'pytorch compiled': 'failed',
    });
    expect(Object.keys(result.parts).at(-1)).toBe('pytorch compiled');
    expect(calls().map(({ mode, products, sanitized }) => [mode, products.join(), sanitized].join(' ').trim())).toEqual([
      'device tf32',
      'check float32,tf32,bf16',
      'fields float32',
      'time tf32',
      'time bf16',
      'time float32',
      'check float32,tf32 memcheck',
      'check tf32 racecheck',
      'fields float32 memcheck',
      'check bf16 synccheck',
    ]);
    expect(new Set(calls().map(({ keeps }) => keeps))).toEqual(new Set(['0']));
    expect(calls()[6].files.at(-1)).toBe('op-compact-conv3x3-2x184x232-32-32.txt');
    expect(result.table).toContain('| compact-train | tf32 | 2 (1–3) | – | – | – |');
    expect(result.table).toContain('| pytorch eager | failed |');
    expect(result.table).toContain("No module named 'torch'");
    expect(result.table).toContain('ERROR SUMMARY: 0 errors');
  });

  test('the longest program is timed last, and in tf32 alone; none is timed twice', () => {
    program('nvidia-smi', gpu);
    program('bench', bench());
    check();
    const timed = calls().flatMap(({ mode, files }) => (mode === 'time' ? [files] : []));
    expect(timed.map((files) => files.indexOf('authors-train-batch-8.txt') - files.length)).toEqual([-1, -1 - timed[1].length, -1 - timed[2].length]);
    const texts = timed[0].map((name) => readFileSync(join(__dirname, 'programs', name), 'utf8'));
    expect(new Set(texts).size).toBe(timed[0].length);
  });

  test('the record says what was measured with, and what kernels take', () => {
    program('nvidia-smi', `${gpu}\nimport sys\nif "mig.mode" in sys.argv[1]: print("Disabled, Default")`);
    program('bench', bench());
    program('c++', 'print("c++ 12.4")');
    writeFileSync(path('kernel-resources.txt'), 'sm_90 168 0 conv2d_kernel');
    check();
    const record = JSON.parse(readFileSync(path('out', 'gpu-check.json'), 'utf8')) as { machine: Record<string, unknown> };
    const state = ['NVIDIA Imagined, 570.0, 9.0, 81559 MiB', 'Disabled, Default'];
    expect(record.machine).toMatchObject({
      gpu: state,
      'gpu afterwards': state,
      compiler: ['c++ 12.4'],
      processor: expect.stringMatching(/, \d+ threads$/) as unknown,
    });
    expect(readFileSync(path('out', 'kernel-resources.txt'), 'utf8')).toBe('sm_90 168 0 conv2d_kernel');
  });

  test('json and table are there after each part', () => {
    program('nvidia-smi', gpu);
    const look = `if mode == "time" and not os.path.exists(here + "/seen"):
    open(here + "/seen", "w").write(open(here + "/out/gpu-check.json").read() + open(here + "/out/gpu-check.md").read())`;
    program('bench', bench(look));
    check();
    const seen = readFileSync(path('seen'), 'utf8');
    expect(seen).toContain('"agreement": {\n   "state": "ok"');
    expect(seen).toContain('| agreement | ok |');
    expect(seen).not.toContain('times tf32');
  });

  test('prints its table where only ASCII can be', () => {
    program('nvidia-smi', gpu);
    program('bench', bench());
    const { stdout, stderr } = check('9', noTorch, undefined, { PYTHONIOENCODING: 'ascii' });
    expect(stderr).not.toContain('Traceback');
    expect(stdout).toContain('| compact-train | tf32 | 2 (1?3) |');
  });

  test('finds compute-sanitizer in the toolkit that nvcc is of', () => {
    program('nvidia-smi', gpu);
    program('bench', bench());
    for (const each of ['bin', 'compute-sanitizer']) mkdirSync(path('toolkit', each), { recursive: true });
    program('toolkit/bin/nvcc', '');
    symlinkSync(path('toolkit/bin/nvcc'), path('nvcc'));
    program('toolkit/compute-sanitizer/compute-sanitizer', sanitizer());
    expect(check().parts['sanitizer memcheck']).toMatchObject({ state: 'ok' });
  });

  test("keeps a sanitizer's lines, their beginning in the table", () => {
    program('nvidia-smi', gpu);
    program('bench', bench());
    program('compute-sanitizer', sanitizer('Invalid __global__ read of size 4 bytes'));
    const result = check();
    expect(result.status).toBe(1);
    const { state, code, report } = result.parts['sanitizer memcheck'];
    expect({ state, code, length: (report as string).length }).toEqual({ state: 'failed', code: 9, length: 6000 });
    expect(report).toContain('=========     at conv2d_kernel+0x40');
    expect(result.table).toMatch(/\| sanitizer memcheck \| failed \| [\d.]+ \| Invalid __global__ read of size 4 bytes; ERROR SUMMARY: 1 error \|/);
  });

  describe('the build', () => {
    const configured = (): string[] => JSON.parse(readFileSync(path('cmake.log'), 'utf8').split('\n')[0]) as string[];
    const built = (): string => cmake(`shutil.copy(${JSON.stringify(path('made'))}, folder / "Release" / "kernel_bench")`);

    test.each([
      ['Ninja', ['ninja']],
      ['Unix Makefiles', []],
    ])('by %s', (generator, programs) => {
      for (const each of ['nvidia-smi', ...programs]) program(each, gpu);
      program('made', bench());
      program('cmake', built());
      expect(check('9', noTorch, []).parts['build']).toMatchObject({ state: 'ok', generator });
      expect(configured().slice(0, 2)).toEqual(['-G', generator]);
      expect(configured()[5]).toMatch(/\/retroplume-gpu-check-[0-9a-f]{8}$/);
    });

    test.each([
      ['of another generator', 'Unix Makefiles', join(__dirname, '../../packages/native'), /^gpu-check-[0-9a-f]{8}$/],
      ['of another checkout', 'Ninja', '/other/packages/native', /^gpu-check-[0-9a-f]{8}$/],
      ['that fits', 'Ninja', join(__dirname, '../../packages/native'), /^build$/],
    ])('in a folder with a cache %s', (_, generator, home, name) => {
      for (const each of ['nvidia-smi', 'ninja']) program(each, gpu);
      program('made', bench());
      program('cmake', built());
      mkdirSync(path('build'));
      writeFileSync(path('build', 'CMakeCache.txt'), `CMAKE_GENERATOR:INTERNAL=${generator}\nCMAKE_HOME_DIRECTORY:INTERNAL=${home}\n`);
      expect(check('9', noTorch, ['--build', path('build')]).parts['device']).toMatchObject({ state: 'ok' });
      expect(basename(configured()[5])).toMatch(name);
    });

    test('goes on where the compiler only warns, and records its notes', () => {
      program('nvidia-smi', gpu);
      program('made', bench());
      program('cmake', cmake(`shutil.copy(${JSON.stringify(path('made'))}, folder / "Release" / "kernel_bench")`));
      const result = check('9', noTorch, ['--build', path('build')]);
      expect(result.parts['build']).toMatchObject({ state: 'ok', architecture: 'sm_90', notes: 'conv2d_kernel spills 8 bytes\n' });
      expect(result.parts['device']).toMatchObject({ state: 'ok' });
    });

    test('that fails is exit code 4, with what the compiler said', () => {
      program('nvidia-smi', gpu);
      program('cmake', cmake('sys.exit("no toolkit")'));
      const result = check('9', noTorch, ['--build', path('build')]);
      expect(result.status).toBe(4);
      expect(result.stderr).toMatch(/GPU_CHECK_NOT_BUILT: .* exit code 1 no toolkit: install CMake/);
      expect(result.table).toContain('| build | failed |');
    });
  });
});
