// A disk that fills at random moments.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { differences, productsOf, startRun } from './small-case.mjs';

const SIZE_MB = 64;

/** Takes all space that is left. @returns the file that does */
function fill(disk) {
  const path = join(disk, 'filler');
  const file = openSync(path, 'w');
  // In ever smaller pieces, to the last page.
  for (let bytes = 1 << 22; bytes >= 1 << 12;) {
    try {
      if (writeSync(file, Buffer.alloc(bytes)) < bytes) bytes >>= 1;
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
      bytes >>= 1;
    }
  }
  closeSync(file);
  return path;
}

/** The disk fills at a moment of a stage. @returns what was wrong, or undefined, and how the run ended */
async function fillOnce(disk, run, { whole, targets, random }) {
  const env = { TMPDIR: join(disk, 'tmp') };
  mkdirSync(env.TMPDIR, { recursive: true });
  const target = random.pick(targets);
  let filler;
  let before;
  const { ended } = startRun(run, { env }, async (stage) => {
    if (stage !== target.stage || filler) return;
    await sleep(random.next() * target.ms);
    filler = fill(disk);
    before = productsOf(run.out);
  });
  const { status, stderr } = await ended;
  const told = stderr.trim().split('\n').at(-1);
  if (!filler) return { wrong: `the run ended before ${target.stage}: ${told}` };
  const lost = differences(before, productsOf(run.out));
  rmSync(filler);
  // What it had yet to write may have been written before the disk was full.
  const noticed = status !== 0;
  if (noticed && (status !== 3 || !/DISK_FULL: /.test(told))) return { wrong: `in ${target.stage}: exit ${status}: ${told}` };
  if (lost.length > 0) return { wrong: `in ${target.stage}: earlier products have changed: ${lost.join(', ')}` };
  const again = await startRun(run, { env }).ended;
  if (again.status !== 0) return { wrong: `in ${target.stage}: the run did not go on: ${again.stderr.trim().split('\n').at(-1)}` };
  const other = differences(whole.products, productsOf(run.out));
  return { noticed, told: `in ${target.stage}: ${told}`, wrong: other.length > 0 ? `in ${target.stage}: DIFFERENT: ${other.join(', ')}` : undefined };
}

/** @returns number of runs that went wrong */
export async function fillDisks({ count, targets, random, place, whole, say, folder }) {
  let [done, failures] = [0, 0];
  while (done < count) {
    const disk = join(folder, `disk${done}`);
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'none', disk], { encoding: 'utf8' });
    if (mounted.status !== 0) throw new Error(`no small disk could be mounted (${mounted.stderr.trim()}): run this as root`);
    try {
      const { wrong, noticed, told } = await fillOnce(disk, place('', disk), { whole, targets, random });
      failures += wrong ? 1 : 0;
      done += wrong || noticed ? 1 : 0;
      say(wrong ?? (noticed ? `${told}; went on to the same bits` : `nothing was left to write ${told}`));
    } finally {
      spawnSync('umount', ['-l', disk]);
      rmSync(disk, { recursive: true, force: true });
    }
  }
  say(failures === 0 ? `${count} full disks: said so, lost nothing, went on to the same bits` : `${failures} of ${count} went wrong`);
  return failures;
}
