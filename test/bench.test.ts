/** `retroplume bench` as a user calls it: once for life, not for speed. The workloads themselves are tested small, in packages/core/src/bench. */
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type bench } from '@retroplume/core';
import { MAIN } from './testing/small-run';

const run = (...args: string[]): SpawnSyncReturns<string> => spawnSync(process.execPath, [MAIN, 'bench', ...args], { encoding: 'utf8' });

test('prints a row a kernel of the cases that are named', () => {
  const { status, stdout } = run('demo prelu', 'adam', '--rounds', '1', '--threads', '1', '--quiet');
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /, 1 thread, .*, no PyTorch, ONNX Runtime \d+\.\d+\.\d+, TensorFlow\.js \d+\.\d+\.\d+ \((tfjs-node|(wasm|cpu); no tfjs-node)\); commit /,
  );
  expect(stdout).toMatch(/^\| demo prelu .* preluForward \| [\d.]+ \(one turn\) \|/m);
  expect(stdout).toMatch(/^Peak: \d+ GFLOP\/s/m);
  expect(stdout.match(/^\| .* (preluForward|preluBackward|adam) \| [\d.]+ \(/gm)).toHaveLength(3);
});

test('gives seconds and the limits of the machine as JSON', () => {
  const { stdout } = run('maxpool2x2', '--workload', 'demo', '--rounds', '2', '--threads', '1', '--json', '--quiet');
  const { machine, peak, ops, workloads } = JSON.parse(stdout) as bench.BenchResult;
  expect(machine).toMatchObject({ threads: 1, onnxruntime: expect.stringMatching(/^\d+\.\d+\.\d+/) as string });
  expect(peak.gflops).toBe(peak.oneThread.gflops);
  expect(workloads).toEqual({});
  expect(Object.keys(ops)).toEqual(['demo maxpool2x2 8x48x48 24 maxpool2x2Forward', 'demo maxpool2x2 8x48x48 24 maxpool2x2Backward']);
  for (const op of Object.values(ops)) {
    expect(op.ours.turns).toBe(2);
    expect(op.ours.median).toBeCloseTo((op.ours.p10 + op.ours.p90) / 2, 12);
  }
  const [forward, backward] = Object.values(ops);
  expect(Object.keys(forward.peers)).toEqual(['onnxruntime', expect.stringMatching(/^tfjs-(tensorflow|wasm|cpu)$/)]);
  expect(backward.peers).toEqual({});
});

test('compares the engines that an inversion can run on, of the steps that are named', () => {
  const { status, stdout, stderr } = run('--workload', 'demo', '--steps', 'infer', '--rounds', '1');
  expect(status).toBe(0);
  expect(stderr).toMatch(/^ {2}demo infer: 1 round of retroplume, /m);
  const [, engines] = stdout.split('\nEngines\n');
  expect(engines.match(/^\| demo infer, batch 8 \| [\d.]+ \(.*?\) \| [\d.]+ \(.*?\) \| [\d.]+ \| – \|$/gm)).toHaveLength(1);
  expect(stdout).not.toMatch(/demo (train|invert)/);
});

test.each([
  [
    ['convolution'],
    /^retroplume: BENCH_UNKNOWN_OP: bench: expected an op \(lstm, conv2d, .*\), a kernel or a part of a case's name but received "convolution"\n$/,
  ],
  [
    ['--workload', 'paper'],
    /^retroplume: BENCH_UNKNOWN_WORKLOAD: bench: expected one of the workloads compact, authors, demo, default but received "paper"\n$/,
  ],
  [
    ['--workload', 'demo', '--steps', 'infer,guess'],
    /^retroplume: BENCH_UNKNOWN_STEP: bench: expected some of the steps train, invert, infer but received "guess"\n$/,
  ],
  [
    ['adam', '--python', '/nowhere/python'],
    /^retroplume: BENCH_PYTHON: --python \/nowhere\/python: expected an interpreter with PyTorch and NumPy but .*ENOENT"\n$/,
  ],
  [[''], /^retroplume: BENCH_UNKNOWN_OP: .* but received ""\n$/],
  [['adam', '--workload', 'compact'], /^retroplume: BENCH_UNKNOWN_OP: bench: expected an op that has sizes of compact but received "adam": /],
  [
    ['lstm', '--steps', 'train'],
    /^retroplume: BENCH_WORKLOADS_ONLY: bench: expected steps with whole workloads only but received the op "lstm" too: /,
  ],
  [['lstm', '--memory'], /^retroplume: BENCH_WORKLOADS_ONLY: bench: expected memory with whole workloads only /],
  [['lstm', '--programs', 'nowhere'], /^retroplume: BENCH_PROGRAMS_ALL: bench: expected --programs by itself but received the op "lstm" too: /],
  [['conv2d', '--no-compile'], /^retroplume: BENCH_COMPILE: bench: --no-compile does nothing without PyTorch: leave it out, or /],
  [['adam', '--python', ''], /^retroplume: CLI_USAGE: .*expected a path but received an empty text/],
  [['--rounds', '0'], /^retroplume: CLI_USAGE: .*expected a whole number of at least 1/],
])('wrong usage ends with code 2 and one sentence: %j', (args, message) => {
  const { status, stderr } = run(...args, '--quiet');
  expect(stderr).toMatch(message);
  expect(status).toBe(2);
});

test('Ctrl-C ends it with code 130 and one sentence, and leaves no folder behind', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'retroplume-bench-interrupted-'));
  const args = [MAIN, 'bench', 'conv2d', '--workload', 'demo', '--rounds', '100000'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TMPDIR: temporary } });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => {
    if (stderr === '') child.kill('SIGINT');
    stderr += text.toString();
  });
  expect(await once(child, 'exit')).toEqual([130, null]);
  expect(stderr).toMatch(/^retroplume: INTERRUPTED: bench: interrupted: nothing is left behind\n$/m);
  expect(readdirSync(temporary).filter((name) => name.startsWith('retroplume'))).toEqual([]); // ONNX Runtime leaves files of its own
  rmSync(temporary, { recursive: true });
});

test.each([[], ['--json']])('what had been measured when it was interrupted is printed: %j', async (...format) => {
  const args = [MAIN, 'bench', 'conv2d', '--workload', 'demo', '--rounds', '3', ...format];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
    if ((stderr.match(/^ {2}demo conv/gm) ?? []).length === 2 && !stderr.includes('stopping')) child.kill('SIGINT');
  });
  expect(await once(child, 'close')).toEqual([130, null]);
  expect(stderr).toMatch(/^retroplume: INTERRUPTED: bench: interrupted: what had been measured until then is told\n$/m);
  const [first, second] = [...stderr.matchAll(/^ {2}(demo conv.*)$/gm)].map(([, name]) => name);
  if (format.length === 0) {
    expect(stdout).toContain(`| ${first} conv2dForward |`);
    expect(stdout).not.toContain(second);
  } else {
    const { error, soFar } = JSON.parse(stdout) as { error: { code: string }; soFar: { interrupted: boolean; ops: Record<string, unknown> } };
    expect([error.code, soFar.interrupted]).toEqual(['INTERRUPTED', true]);
    expect(Object.keys(soFar.ops).every((name) => name.startsWith(first))).toBe(true);
  }
});

test('a peer that cannot start, and Ctrl-C while it does, leave no folder behind', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'retroplume-bench-start-'));
  // Ctrl-C reaches the peer too, which ends of it.
  const interrupted = join(temporary, 'interrupted');
  writeFileSync(interrupted, '#!/bin/sh\nkill -INT $PPID\nsleep 1\nexit 1\n', { mode: 0o755 });
  for (const [python, status, code] of [
    ['/nowhere/python', 2, 'BENCH_PYTHON'],
    [interrupted, 130, 'INTERRUPTED'],
  ] as const) {
    const ended = spawnSync(process.execPath, [MAIN, 'bench', 'adam', '--python', python], {
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: temporary },
    });
    expect(ended.stderr).toMatch(new RegExp(`^retroplume: ${code}: `, 'm'));
    expect(ended.status).toBe(status);
    expect(readdirSync(temporary)).toEqual(['interrupted']);
  }
  rmSync(temporary, { recursive: true });
});

// By default it takes 1000 x 1200 cells (docs/inversion.md); here it is shown that the script still runs, on tiles.
test('tools/bench/large-domain.mjs inverts in tiles', () => {
  const script = join(__dirname, '..', 'tools/bench/large-domain.mjs');
  const size = ['--rows', '32', '--cols', '96', '--tile-cells', '64', '--iterations', '1', '--threads', '1'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...size], { encoding: 'utf8' });
  expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringMatching(/the surrogate runs on \d+ tiles of/) as string });
  expect(stdout).toMatch(/^32 x 96 cells: cost \S+ → \S+; \d+ s; peak resident memory \d+\.\d\d GB$/m);
});
