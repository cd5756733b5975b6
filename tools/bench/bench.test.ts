import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The benchmarks run against the compiled packages, as a user would: here once each, for life and not for speed. */
const root = join(__dirname, '..', '..');
const built =
  existsSync(join(root, 'packages', 'core', 'dist', 'nn', 'index.js')) && existsSync(join(root, 'packages', 'native', 'dist', 'kernels.js'));
const run = (script: string, ...args: string[]): string => execFileSync(process.execPath, [join(__dirname, script), ...args], { encoding: 'utf8' });

(built ? describe : describe.skip)(`benchmarks${built ? '' : ' (skipped: packages are not compiled: run npm run build)'}`, () => {
  test('kernels: prints a row a kernel of the cases that were named', () => {
    const table = run('kernels.mjs', '--rounds', '1', 'demo prelu', 'adam');
    expect(table.match(/^\| .* \| (preluForward|preluBackward|adam) \| [\d.]+ \(/gm)).toHaveLength(3);
  });

  test('training step: names the kernels of the network', () => {
    const table = run('training-step.mjs', '--batch', '1', '--steps', '2', '--rows', '8', '--cols', '8', '--channels', '3', '--rounds', '1');
    for (const kernel of ['lstmBackward', 'conv2dBackwardWeight', 'adam']) expect(table).toContain(`| ${kernel} |`);
  });
});
