import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** compile.sh with a compiler that says what nvcc would. */
function compile(
  spilled: number,
  env: Record<string, string> = {},
): { status: number | null; stderr: string; object: boolean; report: string; notes?: string } {
  const folder = mkdtempSync(join(tmpdir(), 'compile-'));
  const object = join(folder, 'x.o');
  const says = [
    "ptxas info    : Compiling entry function '_Z1kPf' for 'sm_80'",
    'ptxas info    : Function properties for _Z1kPf',
    `    0 bytes stack frame, ${spilled} bytes spill stores, ${spilled} bytes spill loads`,
    'ptxas info    : Used 22 registers, used 1 barriers, 128 bytes smem, 384 bytes cmem[0]',
  ];
  const compiler = join(folder, 'nvcc');
  writeFileSync(compiler, `#!/bin/sh\ncat <<'END' >&2\n${says.join('\n')}\nEND\ntouch "$2" "$5/x.ptx"\n`, { mode: 0o755 });
  try {
    const { status, stderr } = spawnSync('sh', [join(__dirname, 'compile.sh'), compiler, '-o', object], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    const notes = existsSync(`${object}.notes`) ? { notes: readFileSync(`${object}.notes`, 'utf8') } : {};
    return { status, stderr, object: existsSync(object), report: readFileSync(`${object}.resources`, 'utf8'), ...notes };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a kernel that spills registers fails the build, with its name; what every kernel takes is written down', () => {
  expect(compile(0)).toEqual({ status: 0, stderr: '', object: true, report: 'sm_80 22 128 _Z1kPf\n' });
  const { status, stderr, object } = compile(8);
  expect({ status, object }).toEqual({ status: 1, object: false });
  expect(stderr).toContain('_Z1kPf spills 8 bytes of registers for sm_80');
});

test('for a toolkit that we do not have it is a note', () => {
  const { status, object, notes, report } = compile(8, { RETROPLUME_COMPILE_NOTES: '1' });
  expect({ status, object, report }).toEqual({ status: 0, object: true, report: 'sm_80 22 128 _Z1kPf\n' });
  expect(notes).toMatch(/^_Z1kPf spills 8 bytes of registers for sm_80/);
});
