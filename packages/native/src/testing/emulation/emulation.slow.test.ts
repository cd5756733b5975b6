import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The cases are in emulation_test.cc, which runs without Node too (ctest). */
test('the emulation passes right kernels and names what is wrong with others', () => {
  const program = join(__dirname, '../../../build/Release/emulation_test');
  const { status, stdout } = spawnSync(program, { encoding: 'utf8' });
  const lines = stdout.trim().split('\n');
  expect(lines.filter((line) => !line.startsWith('ok  '))).toEqual([]);
  expect(lines).toHaveLength(11);
  expect(status).toBe(0);
});
