import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhere } from '../../test/testing/describe-where';

/** The interpreter itself: the one on PATH may be a script that needs PATH. */
const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout?.trim();

describeWhere(Boolean(python), 'no Python, which gpu-check is written in', 'gpu-check', () => {
  test('without a GPU says so, with exit code 4', () => {
    const out = mkdtempSync(join(tmpdir(), 'gpu-check-'));
    try {
      const { status, stderr } = spawnSync(python, [join(__dirname, 'gpu_check.py'), '--out', out], { encoding: 'utf8', env: { PATH: out } });
      expect(stderr).toMatch(/DEVICE_CUDA_MISSING: .*nvidia-smi/);
      expect(status).toBe(4);
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});
