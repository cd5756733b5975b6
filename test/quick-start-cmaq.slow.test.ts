/**
 * docs/quick-start-cmaq.md, followed to the letter in an empty folder: its commands, its scripts, its edits of the case, and what it says is printed. What the
 * reader brings are files as CMAQ's and a run script of CCTM, for which the reference model stands in (programs/cctm-stand-in.cjs).
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCmaqFolder } from './testing/cmaq-folder';
import { MAIN } from './testing/small-run';

jest.setTimeout(400_000);

const root = join(__dirname, '..');
const page = readFileSync(join(root, 'docs/quick-start-cmaq.md'), 'utf8');

interface Block {
  kind: string;
  text: string;
  /** what stands before it on the page */
  before: string;
}
const blocks: Block[] = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((match) => ({
  kind: match[1],
  text: match[2],
  before: page.slice(0, match.index),
}));

let home: string;
let folder: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'quick-start-'));
  const clone = join(home, 'retroplume');
  mkdirSync(join(clone, 'node_modules/.bin'), { recursive: true });
  symlinkSync(join(root, 'examples'), join(clone, 'examples'));
  const command = join(clone, 'node_modules/.bin/retroplume');
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(command, 0o755);
  folder = join(home, 'project');
  await writeCmaqFolder(join(folder, 'inputs'));
  const script = join(folder, 'run_cctm.csh');
  writeFileSync(script, `#!/bin/sh\nexec '${process.execPath}' '${join(__dirname, 'programs/cctm-stand-in.cjs')}'\n`);
  chmodSync(script, 0o755);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** What a shell of the reader's remembers from block to block. */
let exported = '';

/** Runs a block as the reader's shell would; `init` and `check` say by their exit code that something is left to do. */
function runShell(text: string): { output: string; status: number | null } {
  const script = `HOME='${home}'\n${exported}${text}`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: '2' },
  });
  exported += text.split('\n').filter((line) => line.startsWith('export ')).map((line) => `${line}\n`).join(''); // prettier-ignore
  return { output: stdout + stderr, status };
}

/** Replaces the lines without a mark and with `-` by those without and with `+`; the old ones must stand in the case once. */
function edit(diff: string): void {
  const path = join(folder, 'case.yaml');
  const lines = diff.split('\n').slice(0, -1);
  const side = (mark: string): string =>
    lines.filter((line) => line.startsWith(' ') || line.startsWith(mark) || !/^[-+]/.test(line)).map((line) => (/^[-+ ]/.test(line) ? line.slice(1) : line)).join('\n'); // prettier-ignore
  const text = readFileSync(path, 'utf8');
  const parts = text.split(side('-'));
  expect({ diff, times: parts.length - 1 }).toEqual({ diff, times: 1 });
  writeFileSync(path, parts.join(side('+')));
}

/** Whether a line is printed but for its numbers, and for what … stands for. */
function isPrinted(line: string, output: string): boolean {
  const pattern = line.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/[-+]?\d+(\\\.\d+)?/g, '[-+]?[\\d.]+').replace(/…/g, '.*').replace(/\s+/g, '\\s+'); // prettier-ignore
  return new RegExp(pattern).test(output);
}

it('has four steps', () => {
  expect(page.match(/^## \d\. /gm)).toEqual(['## 1. ', '## 2. ', '## 3. ', '## 4. ']);
});

it('leads from the files to the report', () => {
  let output = '';
  for (const { kind, text, before } of blocks) {
    if (kind === 'bash' && text.startsWith('#!')) {
      const [, name] = /as `([^`]+)`:\s*$/.exec(before)!;
      writeFileSync(join(folder, name), text);
    } else if (kind === 'bash') {
      const { output: printed, status } = runShell(text);
      output = printed;
      // The case that init writes is not finished.
      expect({ text, output, status }).toEqual({ text, output, status: text.includes('retroplume init') ? 2 : 0 });
    } else if (kind === 'diff') edit(text);
    else {
      const lines = text.split('\n').filter((line) => line !== '');
      expect({ output, missing: lines.filter((line) => !isPrinted(line, output)) }).toEqual({ output, missing: [] });
    }
  }
  expect(readFileSync(join(folder, 'case.yaml'), 'utf8')).not.toMatch(/# OPEN:/);
  expect(existsSync(join(folder, 'runs/first/report/report.html'))).toBe(true);
});

it('shows what a run script is told that still takes the same emissions for every run', () => {
  const script = join(folder, 'run_cctm.csh');
  const own = readFileSync(script, 'utf8');
  writeFileSync(script, own.replace('exec', 'GR_EMIS_001=inputs/EMIS_$(echo "$START_DATE" | tr -d -).nc\nexport GR_EMIS_001\nexec'));
  rmSync(join(folder, 'work'), { recursive: true });
  const { output, status } = runShell('retroplume simulate case.yaml --out runs/same');
  expect(output).toMatch(/EMISSIONS_IGNORED/);
  expect(status).not.toBe(0);
});
