import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describeWhere } from '../../test/testing/describe-where';
import { bench, cmake, gpu, noTorch, sanitizer, torchOf, virtualTorch } from './testing/stand-ins';

/** The interpreter itself: the one on PATH may be a script that needs PATH. */
const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout?.trim();

interface Part {
  state: string;
  [key: string]: unknown;
}

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
  parts: Record<string, Part>;
  table: string;
}

/** How kernel_bench was called. */
interface Call {
  mode: string;
  products: string[];
  files: string[];
  sanitized: string;
  keeps: string;
}

function alive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  // A killed orphan may stay a zombie where nobody waits for it.
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'));
}

describeWhere(Boolean(python), 'no Python, which gpu-check is written in', 'gpu-check', () => {
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gpu-check-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function program(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, `#!${python}\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** Runs gpu_check.py where the only programs are the stand-ins in `folder`. */
  function check(minutes = '9', torch = noTorch, words = ['--bench', join(folder, 'bench')], more: NodeJS.ProcessEnv = {}): Result {
    mkdirSync(join(folder, 'modules'));
    writeFileSync(join(folder, 'modules', 'torch.py'), `${torch}\n`);
    const env = { PATH: folder, PYTHONPATH: join(folder, 'modules'), TMPDIR: folder, ...more };
    const out = join(folder, 'out');
    const all = [join(__dirname, 'gpu_check.py'), '--out', out, '--minutes', minutes, ...words];
    const { status, stdout, stderr } = spawnSync(python, all, { encoding: 'utf8', env });
    const read = (name: string): string => (existsSync(join(out, name)) ? readFileSync(join(out, name), 'utf8') : '');
    return {
      status,
      stdout,
      stderr,
      ...(JSON.parse(read('gpu-check.json') || '{"parts":{}}') as Pick<Result, 'parts'>),
      table: read('gpu-check.md'),
    };
  }

  const calls = (): Call[] =>
    readFileSync(join(folder, 'calls'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Call);
  const states = ({ parts }: Result): Record<string, string> => Object.fromEntries(Object.entries(parts).map(([name, { state }]) => [name, state]));

  test('a bench that is not there is wrong usage', () => {
    const { status, stderr } = check();
    expect(stderr).toMatch(/--bench: expected a built kernel_bench but received .*bench, which is no file/);
    expect(status).toBe(2);
  });

  test('a folder that cannot be made is wrong usage', () => {
    program('bench', bench());
    writeFileSync(join(folder, 'out'), '');
    const { status, stderr } = check();
    expect(stderr).toMatch(/error: --out: expected a folder that can be made and written to but the system says .*File exists.*: give another one$/m);
    expect(stderr).not.toContain('Traceback');
    expect(status).toBe(2);
  });

  test('where nothing can be written it is wrong usage', () => {
    program('bench', bench());
    const { status, stderr } = check('9', noTorch, ['--bench', join(folder, 'bench'), '--out', '/proc']);
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
    expect(states(result)).toEqual({
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
      'check float32 memcheck',
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
    writeFileSync(join(folder, 'kernel-resources.txt'), 'sm_90 168 0 conv2d_kernel');
    check();
    const record = JSON.parse(readFileSync(join(folder, 'out', 'gpu-check.json'), 'utf8')) as { machine: Record<string, unknown> };
    const state = ['NVIDIA Imagined, 570.0, 9.0, 81559 MiB', 'Disabled, Default'];
    expect(record.machine).toMatchObject({
      gpu: state,
      'gpu afterwards': state,
      compiler: ['c++ 12.4'],
      processor: expect.stringMatching(/, \d+ threads$/) as unknown,
    });
    expect(readFileSync(join(folder, 'out', 'kernel-resources.txt'), 'utf8')).toBe('sm_90 168 0 conv2d_kernel');
  });

  test('json and table are there after each part', () => {
    program('nvidia-smi', gpu);
    const look = `if mode == "time" and not os.path.exists(here + "/seen"):
    open(here + "/seen", "w").write(open(here + "/out/gpu-check.json").read() + open(here + "/out/gpu-check.md").read())`;
    program('bench', bench(look));
    check();
    const seen = readFileSync(join(folder, 'seen'), 'utf8');
    expect(seen).toContain('"agreement": {\n   "state": "ok"');
    expect(seen).toContain('| agreement | ok |');
    expect(seen).not.toContain('times tf32');
  });

  test('what a bench that hangs had printed is kept, and no child of it survives', () => {
    program('nvidia-smi', gpu);
    const hang = `if mode == "check" and file == files[2]:
    sys.stdout.write('{"program": "cut off')
    sys.stdout.flush()
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    open(here + "/pids", "a").write(f"{os.getpid()} {child.pid} ")
    time.sleep(300)`;
    program('bench', bench(hang));
    const result = check('0.2');
    expect(result.status).toBe(1);
    expect(result.parts['agreement']).toMatchObject({ state: 'late', timed_out: true, failed: [] });
    expect(result.parts['agreement'].programs).toHaveLength(6);
    expect(result.table).toMatch(
      /\| agreement \| late \| [\d.]+ \| the time was over; \d+ of \d+ programs not finished, the first tiny-authors-train.txt \|/,
    );
    expect(result.parts['times tf32']).toMatchObject({ state: 'ok' });
    const pids = readFileSync(join(folder, 'pids'), 'utf8').trim().split(' ').map(Number);
    expect(pids.length).toBeGreaterThanOrEqual(2);
    expect(pids.filter(alive)).toEqual([]);
  });

  test('ended from outside it ends what it runs', async () => {
    program('nvidia-smi', gpu);
    program('bench', 'import os, time\nprint(os.getpid(), file=open(os.path.dirname(__file__) + "/pid", "w"), flush=True)\ntime.sleep(300)');
    const words = [join(__dirname, 'gpu_check.py'), '--out', join(folder, 'out'), '--bench', join(folder, 'bench')];
    const checking = spawn(python, words, { env: { PATH: folder, TMPDIR: folder }, stdio: 'ignore' });
    const pid = (): string => (existsSync(join(folder, 'pid')) ? readFileSync(join(folder, 'pid'), 'utf8') : '');
    while (!pid().endsWith('\n')) await new Promise((resolve) => setTimeout(resolve, 50));
    checking.kill('SIGTERM');
    expect(await once(checking, 'exit')).toEqual([143, null]);
    expect(alive(Number(pid()))).toBe(false);
  });

  test('what it runs ends even where it is killed', async () => {
    program('nvidia-smi', gpu);
    program('bench', 'import os, time\nprint(os.getpid(), file=open(os.path.dirname(__file__) + "/pid", "w"), flush=True)\ntime.sleep(300)');
    const words = [join(__dirname, 'gpu_check.py'), '--out', join(folder, 'out'), '--bench', join(folder, 'bench')];
    const checking = spawn(python, words, { env: { PATH: folder, TMPDIR: folder }, stdio: 'ignore' });
    const pid = (): string => (existsSync(join(folder, 'pid')) ? readFileSync(join(folder, 'pid'), 'utf8') : '');
    while (!pid().endsWith('\n')) await new Promise((resolve) => setTimeout(resolve, 50));
    checking.kill('SIGKILL');
    await once(checking, 'exit');
    for (let i = 0; i < 100 && alive(Number(pid())); ++i) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(alive(Number(pid()))).toBe(false);
  });

  test('a record that cannot be written any more ends nothing: it is printed', () => {
    program('nvidia-smi', gpu);
    const spoil = `if mode == "check" and not os.path.isfile(here + "/out"):
    os.rename(here + "/out", here + "/before")
    open(here + "/out", "w").close()`;
    program('bench', bench(spoil));
    const { status, stderr, stdout } = check();
    expect(stderr).toContain('gpu-check: the record could not be written: NotADirectoryError');
    expect(Object.keys((JSON.parse(stdout) as Result).parts).at(-1)).toBe('pytorch compiled');
    expect(status).toBe(1); // there is no sanitizer
  });

  test('a fault of ours costs one part', () => {
    program('nvidia-smi', gpu);
    program('bench', bench(`if mode == "check":\n    print('{"ok": false}')`));
    const { parts } = check();
    expect(parts['agreement']).toMatchObject({
      state: 'failed',
      error: "KeyError: 'program'",
      traceback: expect.stringContaining('bench.py') as unknown,
    });
    expect(parts['times tf32']).toMatchObject({ state: 'ok' });
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
    for (const each of ['bin', 'compute-sanitizer']) mkdirSync(join(folder, 'toolkit', each), { recursive: true });
    program('toolkit/bin/nvcc', '');
    symlinkSync(join(folder, 'toolkit/bin/nvcc'), join(folder, 'nvcc'));
    program('toolkit/compute-sanitizer/compute-sanitizer', sanitizer());
    expect(check().parts['sanitizer memcheck']).toMatchObject({ state: 'ok' });
  });

  test('a program whose kernel fails is named, and those behind it still run', () => {
    program('nvidia-smi', gpu);
    const fail = `if mode == "check" and not sanitized and product == "tf32" and file in ("tiny-authors-infer.txt", "op-compact-prelu-2x184x232-32.txt"):
    print(json.dumps({"program": file, "products": product, "ok": False, "failed": "lstmForward (lstm): an illegal memory access"}))
    sys.exit(3)`;
    program('bench', bench(fail));
    program('compute-sanitizer', sanitizer());
    const result = check();
    expect(result.status).toBe(1);
    expect(result.parts['agreement']).toMatchObject({
      state: 'failed',
      starts: 3,
      failed: ['tiny-authors-infer.txt', 'op-compact-prelu-2x184x232-32.txt'].map((name) => ({
        program: name,
        products: 'tf32',
        error: 'lstmForward (lstm): an illegal memory access',
      })),
      missing: ['tiny-authors-infer.txt', 'op-compact-prelu-2x184x232-32.txt'],
    });
    expect((result.parts['agreement'].programs as { program: string }[]).at(-1)!.program).toBe('surrogate-train.txt');
    expect(result.table).toContain('tiny-authors-infer.txt tf32: lstmForward (lstm): an illegal memory access');
  });

  test('a crash is laid to the program that it came in; a message that is no JSON is kept', () => {
    program('nvidia-smi', gpu);
    const crash = `if mode == "time" and product == "bf16" and file == "compact-infer.txt":
    os.kill(os.getpid(), 11)
if mode == "time" and product == "float32" and file == "compact-infer.txt":
    print('{"program":"compact-infer.txt","ok":false,"failed":"no "quotes""}')
    sys.exit(3)`;
    program('bench', bench(crash));
    const { parts } = check();
    expect(parts['times bf16']).toMatchObject({ state: 'failed', starts: 2, failed: [{ program: 'compact-infer.txt', error: 'signal 11' }] });
    expect(parts['times float32']).toMatchObject({
      state: 'failed',
      starts: 2,
      failed: [{ program: 'compact-infer.txt', error: 'exit code 3' }],
      unreadable: [expect.stringContaining('no "quotes"')],
    });
  });

  test('what differs fails, and so does a device that fails every program, start after start', () => {
    program('nvidia-smi', gpu);
    const differ = `if mode == "device" and file == files[0]:
    print(json.dumps({"program": file, "products": product, "ok": False, "failed": "the second run"}))
    continue
if mode == "check":
    sys.exit("every time")`;
    program('bench', bench(differ));
    const { status, parts } = check();
    expect(status).toBe(1);
    expect(parts['device']).toMatchObject({ state: 'failed', starts: 1, missing: [], failed: [{ error: 'the second run' }] });
    expect(parts['agreement']).toMatchObject({ state: 'failed', starts: 52, of: 52 });
    expect((parts['agreement'].failed as unknown[])[7]).toEqual({
      program: 'tiny-surrogate-train.txt',
      error: 'exit code 1 every time',
    });
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

  test('PyTorch that is late is a result: what it measured stands in the table', () => {
    program('nvidia-smi', gpu);
    program('bench', bench());
    program('compute-sanitizer', sanitizer());
    const timing = '"median": 4e-3, "p10": 3e-3, "p90": 5e-3';
    const slow = `import sys, time
if "eager" not in sys.argv:
    ${noTorch}
print('{"name": "compact-train", "products": "tf32", "variant": "eager", ${timing}}', flush=True)
time.sleep(300)`;
    const result = check('0.5', slow);
    expect(states(result)).toMatchObject({ 'pytorch eager': 'late', 'pytorch compiled': 'failed' });
    expect(result.table).toContain('| compact-train | tf32 | 2 (1–3) | 4 (3–5) | eager | 2.00 |');
    expect(result.status).toBe(0);
  });

  describe('PyTorch', () => {
    const ofGraph = (torch: string): Part => {
      program('nvidia-smi', gpu);
      program('bench', bench());
      return check('9', torch).parts['pytorch graph'];
    };

    test('that loses its context is started again behind the job that it lost it in', () => {
      const lost = 'tell("b", error="CUDA error: an illegal memory access"); sys.exit(3)';
      const part = ofGraph(torchOf('times("a")', lost, 'times("c")'));
      expect(part).toMatchObject({ state: 'ok', starts: 2, about: { torch: '2.99' }, left_out: [] });
      expect((part['times'] as { name: string }[]).map(({ name }) => name)).toEqual(['a', 'c']);
      expect(part['cannot']).toMatchObject([{ name: 'b', error: 'CUDA error: an illegal memory access' }]);
    });

    test('that crashes is, too, and the job is named', () => {
      const part = ofGraph(torchOf('times("a")', 'os.kill(os.getpid(), 11)', 'times("c")'));
      expect(part).toMatchObject({
        state: 'ok',
        starts: 2,
        times: [{ name: 'a' }, { name: 'c' }],
        cannot: [{ name: 'b tf32 graph', error: 'signal 11' }],
      });
    });

    test('that does not begin a second time has failed', () => {
      const part = ofGraph(
        `import sys\nif "0" != sys.argv[-1]: sys.exit("no CUDA")\n${torchOf('times("a")', 'tell("b", error="CUDA error"); sys.exit(3)', 'pass')}`,
      );
      expect(part).toMatchObject({
        state: 'failed',
        starts: 2,
        error: 'no CUDA',
        times: [{ name: 'a' }],
        cannot: [{ name: 'b' }],
        left_out: ['c tf32 graph'],
      });
    });

    test('beside it the table has kernels that both timed in a graph', () => {
      program('nvidia-smi', gpu);
      const ours = `if mode == "time" and file == "op-compact-conv1x1-2x182x232-64-4.txt":
    each = [{"op": op, "seconds": {"median": 2e-6, "p10": 2e-6, "p90": 2e-6}} for op in ("conv2dForward", "conv2dBackwardInput")]
    print(json.dumps({"program": file, "products": product, "step": {"median": 2e-3, "p10": 1e-3, "p90": 3e-3}, "kernels": each}), flush=True)
    continue`;
      program('bench', bench(ours));
      const name = (op: string): string => `"op-compact-conv1x1-2x182x232-64-4 ${op}"`;
      const times = 'median=5e-6, p10=5e-6, p90=5e-6';
      const { table } = check(
        '9',
        torchOf(`tell(${name('conv2dForward')}, how="graph", ${times})`, `tell(${name('conv2dBackwardInput')}, how="events", ${times})`, 'pass'),
      );
      expect(table).toContain('| op-compact-conv1x1-2x182x232-64-4 conv2dForward | tf32 | 2 | 5 | 2.50 |');
      expect(table).not.toContain('conv2dBackwardInput');
    });

    test('that is late tells what it left out', () => {
      program('nvidia-smi', gpu);
      program('bench', bench());
      const part = check('0.1', torchOf('times("a")', 'import time; time.sleep(300)', 'pass')).parts['pytorch eager'];
      expect(part).toMatchObject({ state: 'late', times: [{ name: 'a' }], left_out: ['b tf32 graph', 'c tf32 graph'] });
    });
  });

  describe('the time of a kernel of PyTorch', () => {
    const timesOf = (torch: string): Record<string, unknown> => {
      mkdirSync(join(folder, 'modules'));
      writeFileSync(join(folder, 'modules', 'torch.py'), torch);
      const script = `import json, sys, torch\nsys.dont_write_bytecode = True\nsys.path.insert(0, ${JSON.stringify(__dirname)})
from torch_timing import measure, measure_graph
print(json.dumps({"graph": measure_graph(torch.launch, 0.01, 50), "events": measure(torch.launch, 0.01, True), "default": torch.cuda.current is torch.cuda.default}))`;
      const { stdout, stderr } = spawnSync(python, ['-c', script], { encoding: 'utf8', env: { PYTHONPATH: join(folder, 'modules') } });
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    const about = (seconds: number): unknown => expect.closeTo(1e6 * seconds, 2) as unknown;
    const micro = (timing: unknown): number => 1e6 * (timing as { median: number }).median;

    test('is that of many in one graph: the start of the first alone is the host’s', () => {
      const { graph, events } = timesOf(virtualTorch());
      expect(graph).toMatchObject({ how: 'graph', runs: 40 });
      expect(micro(graph)).toEqual(about(5e-6 + 10e-6 / 40));
      expect(events).toMatchObject({ how: 'events' });
      expect(micro(events)).toEqual(about(25e-6));
    });

    test('is told as one from event to event where it cannot be captured', () => {
      const { graph, default: back } = timesOf(virtualTorch('raise RuntimeError("operation not permitted")'));
      expect(graph).toMatchObject({ how: 'events', why: 'RuntimeError: operation not permitted' });
      expect(micro(graph)).toEqual(about(25e-6));
      expect(back).toBe(true);
    });
  });

  describe('the build', () => {
    const configured = (): string[] => JSON.parse(readFileSync(join(folder, 'cmake.log'), 'utf8').split('\n')[0]) as string[];
    const built = (): string => cmake(`shutil.copy(${JSON.stringify(join(folder, 'made'))}, folder / "Release" / "kernel_bench")`);

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
      mkdirSync(join(folder, 'build'));
      writeFileSync(join(folder, 'build', 'CMakeCache.txt'), `CMAKE_GENERATOR:INTERNAL=${generator}\nCMAKE_HOME_DIRECTORY:INTERNAL=${home}\n`);
      expect(check('9', noTorch, ['--build', join(folder, 'build')]).parts['device']).toMatchObject({ state: 'ok' });
      expect(basename(configured()[5])).toMatch(name);
    });

    test('goes on where the compiler only warns, and records its notes', () => {
      program('nvidia-smi', gpu);
      program('made', bench());
      program('cmake', cmake(`shutil.copy(${JSON.stringify(join(folder, 'made'))}, folder / "Release" / "kernel_bench")`));
      const result = check('9', noTorch, ['--build', join(folder, 'build')]);
      expect(result.parts['build']).toMatchObject({ state: 'ok', architecture: 'sm_90', notes: 'conv2d_kernel spills 8 bytes\n' });
      expect(result.parts['device']).toMatchObject({ state: 'ok' });
    });

    test('that fails is exit code 4, with what the compiler said', () => {
      program('nvidia-smi', gpu);
      program('cmake', cmake('sys.exit("no toolkit")'));
      const result = check('9', noTorch, ['--build', join(folder, 'build')]);
      expect(result.status).toBe(4);
      expect(result.stderr).toMatch(/GPU_CHECK_NOT_BUILT: .* exit code 1 no toolkit: install CMake/);
      expect(result.table).toContain('| build | failed |');
    });
  });
});
