/** kill -9 at random moments, checkpoints being written among them, must change nothing in the result. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../base/random';
import { invert } from './invert';
import { plumeTwin, twinProblem, twinSettings } from '../testing/plume-twin';

const child = (checkpoint: string, output: string, batch: number): ReturnType<typeof spawn> =>
  spawn(
    process.execPath,
    ['-r', join(__dirname, '../testing/run-typescript.cjs'), join(__dirname, '../testing/inversion-child.ts'), checkpoint, output, String(batch)],
    {
      stdio: 'inherit',
    },
  );

const exit = (process: ReturnType<typeof spawn>): Promise<void> => new Promise((resolve) => process.once('exit', () => resolve()));

/** When a file was last written; 0 while there is none, which is so for an instant whenever a checkpoint takes the place of another. */
function writtenAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

describe('an inversion killed with SIGKILL', () => {
  it.each([0, 2])('ends bit for bit as one that was not (batch %i)', async (batch) => {
    const folder = mkdtempSync(join(tmpdir(), 'retroplume-killed-'));
    const [checkpoint, output] = [join(folder, 'checkpoint'), join(folder, 'result.json')];
    const random = new Random(20 + batch);
    let kills = 0;
    while (!existsSync(output)) {
      const running = child(checkpoint, output, batch);
      const ended = exit(running);
      if (kills < 3) {
        // The first steps are over when a checkpoint is there; then somewhere in the next tenth of a second.
        const before = writtenAt(checkpoint);
        while (running.exitCode === null && writtenAt(checkpoint) === before) await sleep(2);
        await sleep(100 * random.uniform());
        if (running.exitCode === null && running.kill('SIGKILL')) kills++;
      }
      await ended;
    }
    expect(kills).toBe(3);
    const { model, prior } = plumeTwin(2);
    const expected = await invert(model, twinProblem(prior, 2.5), { ...twinSettings, iterations: 60, batch });
    const { status, keptIteration, factors, control, history } = expected;
    expect(JSON.parse(readFileSync(output, 'utf8'))).toEqual(
      JSON.parse(JSON.stringify({ status, keptIteration, factors: [...factors], control: [...control], history })),
    );
    rmSync(folder, { recursive: true });
  });
});
