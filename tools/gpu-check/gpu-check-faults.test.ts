import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { describeWhere } from '../../test/testing/describe-where';
import { alive, gpuCheck, python, useSandbox, type Result } from './testing/sandbox';
import { bench, gpu, sanitizer } from './testing/stand-ins';

describeWhere(Boolean(python), 'no Python, which gpu-check is written in', 'gpu-check where something goes wrong', () => {
  const { path, program, check } = useSandbox();

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
    const pids = readFileSync(path('pids'), 'utf8').trim().split(' ').map(Number);
    expect(pids.length).toBeGreaterThanOrEqual(2);
    expect(pids.filter(alive)).toEqual([]);
  });

  /** A check that waits for its bench, and what the system knows that by. */
  async function atWork(): Promise<{ checking: ChildProcess; bench: number }> {
    program('nvidia-smi', gpu);
    program('bench', 'import os, time\nprint(os.getpid(), file=open(os.path.dirname(__file__) + "/pid", "w"), flush=True)\ntime.sleep(300)');
    const words = [gpuCheck, '--out', path('out'), '--bench', path('bench')];
    const checking = spawn(python, words, { env: { PATH: path(), TMPDIR: path() }, stdio: 'ignore' });
    const pid = (): string => (existsSync(path('pid')) ? readFileSync(path('pid'), 'utf8') : '');
    while (!pid().endsWith('\n')) await new Promise((resolve) => setTimeout(resolve, 50));
    return { checking, bench: Number(pid()) };
  }

  test('ended from outside it ends what it runs', async () => {
    const { checking, bench } = await atWork();
    checking.kill('SIGTERM');
    expect(await once(checking, 'exit')).toEqual([143, null]);
    expect(alive(bench)).toBe(false);
  });

  test('what it runs ends even where it is killed', async () => {
    const { checking, bench } = await atWork();
    checking.kill('SIGKILL');
    await once(checking, 'exit');
    for (let i = 0; i < 100 && alive(bench); ++i) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(alive(bench)).toBe(false);
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
});
