import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

it('ONNX Runtime keeps no record of what it runs, and sends none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-telemetry-'));
  try {
    const [home, temporary] = ['home', 'temporary'].map((name) => join(folder, name));
    for (const path of [home, temporary]) mkdirSync(path);
    // Jest's own environment has what a user's has not.
    const { ORT_DISABLE_TELEMETRY: _own, XDG_CACHE_HOME: _cache, ...environment } = process.env;
    const program = ['-r', join(__dirname, '../../inversion/testing/run-typescript.cjs'), join(__dirname, '../testing/onnx-child.ts')];
    const { stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8', env: { ...environment, HOME: home, TMPDIR: temporary } });
    expect([stdout, stderr]).toEqual(['2,4\n', '']);
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(['home', 'temporary']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
