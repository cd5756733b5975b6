import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { noTorch } from './stand-ins';

/** The interpreter itself: the one on PATH may be a script that needs PATH. */
export const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout?.trim();

export const gpuCheck = resolve(__dirname, '../gpu_check.py');

export interface Part {
  state: string;
  [key: string]: unknown;
}

export interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
  parts: Record<string, Part>;
  table: string;
}

/** How kernel_bench was called. */
export interface Call {
  mode: string;
  products: string[];
  files: string[];
  sanitized: string;
  keeps: string;
}

export interface Sandbox {
  /** of the test's folder, and in it */
  path: (...names: string[]) => string;
  program: (name: string, text: string) => string;
  /** Runs gpu_check.py where the only programs are the stand-ins in the folder. */
  check: (minutes?: string, torch?: string, words?: string[], more?: NodeJS.ProcessEnv) => Result;
  calls: () => Call[];
}

/** A folder for each test of a block, in which programs of Python stand for those of a machine. */
export function useSandbox(): Sandbox {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gpu-check-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const path = (...names: string[]): string => join(folder, ...names);
  return {
    path,
    program: (name, text) => {
      writeFileSync(path(name), `#!${python}\n${text}\n`);
      chmodSync(path(name), 0o755);
      return path(name);
    },
    check: (minutes = '9', torch = noTorch, words = ['--bench', path('bench')], more = {}) => {
      mkdirSync(path('modules'));
      writeFileSync(path('modules', 'torch.py'), `${torch}\n`);
      const env = { PATH: folder, PYTHONPATH: path('modules'), TMPDIR: folder, ...more };
      const { status, stdout, stderr } = spawnSync(python, [gpuCheck, '--out', path('out'), '--minutes', minutes, ...words], {
        encoding: 'utf8',
        env,
      });
      const read = (name: string): string => (existsSync(path('out', name)) ? readFileSync(path('out', name), 'utf8') : '');
      return {
        status,
        stdout,
        stderr,
        ...(JSON.parse(read('gpu-check.json') || '{"parts":{}}') as Pick<Result, 'parts'>),
        table: read('gpu-check.md'),
      };
    },
    calls: () =>
      readFileSync(path('calls'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Call),
  };
}

export const statesOf = ({ parts }: Result): Record<string, string> =>
  Object.fromEntries(Object.entries(parts).map(([name, { state }]) => [name, state]));

export function alive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  // A killed orphan may stay a zombie where nobody waits for it.
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'));
}
