/** A few spoiled inputs of every kind; `node tools/fuzz.mjs` reads ten thousand. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

interface Summary {
  count: number;
  seeds: number;
  outcomes: Record<string, number>;
  faults: { name: string; result: string }[];
}

// Each input is read in a child process; on a busy machine that takes its time.
jest.setTimeout(180_000);

test('150 spoiled files end with a result or a code, none with a crash', () => {
  // Only files that are made here: the same inputs on every machine.
  const args = [join(__dirname, '../tools/fuzz.mjs'), '--count', '150', '--seed', '11', '--real', 'none', '--json'];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const { count, seeds, outcomes, faults } = JSON.parse(stdout) as Summary;
  expect(faults).toEqual([]);
  expect(status).toBe(0);
  expect([count, seeds]).toEqual([150, 12]);
  // Not everything is refused, and not everything is let through.
  expect(outcomes.ok).toBeGreaterThan(15);
  expect(Object.keys(outcomes).length).toBeGreaterThan(6);
});
