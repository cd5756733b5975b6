// Lets one set-up at a time work on a clone; a second one waits. A lock whose owner is gone (kill -9, power cut) is taken over, but not while
// what the owner started (npm, the compiler) still runs: the lock holds `HOST PID CHILD…`.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { onChild, say, stateFolder } from './step.mjs';

const path = join(stateFolder, 'lock');
const mine = `${hostname()} ${process.pid}`;

function tryLock() {
  try {
    writeFileSync(path, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

function readOwner() {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // released between two looks
  }
}

function isAlive(pid) {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

function isGone(owner) {
  const [host, ...pids] = owner.split(' ');
  if (host !== hostname()) return false; // another node on a shared file system: cannot be looked up from here
  return !pids.some(isAlive);
}

/** Removes the lock of an owner that is gone; if somebody took it over meanwhile, theirs is put back. */
function breakLock(owner) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== owner) linkSync(aside, path);
  } catch {
    // Somebody else was faster.
  }
  rmSync(aside, { force: true });
}

/** Runs `work` while holding the lock. */
export async function withLock(work) {
  mkdirSync(stateFolder, { recursive: true });
  let told = false;
  while (!tryLock()) {
    const owner = readOwner();
    if (owner === undefined) continue;
    if (isGone(owner)) {
      breakLock(owner);
      continue;
    }
    if (!told)
      say(`another set-up is at work (${owner.split(' ').slice(0, 2).join(', process ')}), waiting for it; if there is none, delete ${path}`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const release = () => {
    if (readOwner()?.startsWith(mine)) rmSync(path, { force: true });
  };
  process.on('exit', release);
  onChild((pids) => writeFileSync(path, [mine, ...pids].join(' ')));
  try {
    await work();
  } finally {
    onChild(() => {}); // what is started afterwards is not of this lock, which it may want itself
    release();
    process.off('exit', release);
  }
}
