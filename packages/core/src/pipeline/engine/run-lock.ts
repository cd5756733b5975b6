/**
 * One process at a time in a run folder: two would take each other's half-written products for their own. The lock is a file that says who holds it; one
 * whose process is gone (killed, or the machine restarted) is taken over. Of a job on another machine the scheduler is asked; where it can't tell, a user has
 * to say so.
 *
 * The tasks of a job array work side by side in one folder, each on a part of it: they hold locks of their own, in `locks/`, and exclude whoever wants the
 * whole folder, as he excludes them.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { writeFailure } from '../../data/checkpoint';
import { makeFolder } from '../../data/make-folder';
import { ConfigError } from '../../errors';
import { currentJob, isJobGone, type Job } from './current-job';

export const LOCK_FILE = 'running.json';
const PART_LOCKS = 'locks';

interface Holder {
  host: string;
  pid: number;
  /** ticks from the start of the machine to that of the process: a number given out anew is another process; null where the system does not tell */
  started: string | null;
  since: string;
  /** of a scheduler, where the process runs in one */
  job?: Job;
}

/**
 * Takes the lock of a run folder, which is made if need be.
 *
 * @returns gives it back
 * @throws {ConfigError} `RUN_LOCKED` if another process, or another run of this one, holds it or the lock of a part
 * @throws {DataError} `DISK_FULL`, `WRITE_FAILED`
 */
export function lockRun(out: string): () => void {
  const release = lockFile(join(out, LOCK_FILE));
  // Looked for after the lock is taken, as who locks a part looks for this one after his: of two at the same moment one at least sees the other.
  return unlessHeld(partLocks(out), release);
}

/** What a folder of somebody else's, or of a system that is mounted to be read, says. */
const MAY_NOT_WRITE = ['EACCES', 'EPERM', 'EROFS'];

/** {@link lockRun} for who only reads: a folder in which he may not write he cannot lock, and sees only whether a run holds it. @throws as {@link lockRun} */
export function lockToRead(out: string): () => void {
  try {
    return lockRun(out);
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (!MAY_NOT_WRITE.includes(code ?? '')) throw error;
    return unlessHeld([join(out, LOCK_FILE), ...partLocks(out)], () => undefined);
  }
}

/**
 * Takes the lock of a part of a run folder.
 *
 * @param part - such as `simulate-member03`
 * @returns gives it back @throws as {@link lockRun}, if another process holds this part or the whole folder
 */
export function lockPart(out: string, part: string): () => void {
  const release = lockFile(join(out, PART_LOCKS, `${part}.json`));
  return unlessHeld([join(out, LOCK_FILE)], release);
}

/** Takes the lock that a file is. @throws as {@link lockRun} */
export function lockFile(path: string): () => void {
  const job = currentJob();
  const own: Holder = {
    host: hostname(),
    pid: process.pid,
    started: processOf(process.pid)?.started ?? null,
    since: new Date().toISOString(),
    ...(job ? { job } : {}),
  };
  // Several tries: between two looks a holder may end, or another process may take over a lock that was left behind.
  for (let attempt = 0; attempt < 3; attempt++) {
    if (create(path, JSON.stringify(own))) return () => rmSync(path, { force: true });
    const holder = read(path);
    if (holder && !isGone(holder)) throw locked(path, holder);
    if (holder) takeAway(path, holder);
  }
  throw locked(path, read(path));
}

function partLocks(out: string): string[] {
  const folder = join(out, PART_LOCKS);
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.json'))
        .map((name) => join(folder, name))
    : [];
}

/** @returns `release`, which is called where one of the locks is held */
function unlessHeld(paths: readonly string[], release: () => void): () => void {
  try {
    for (const path of paths) {
      const holder = read(path);
      if (holder && !isGone(holder)) throw locked(path, holder);
    }
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

/** @returns false where the file is there @throws {DataError} `DISK_FULL`, `WRITE_FAILED` */
function create(path: string, text: string): boolean {
  let file: number;
  makeFolder(dirname(path));
  try {
    file = openSync(path, 'wx');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST' && existsSync(path)) return false;
    throw writeFailure(path, text.length, cause);
  }
  try {
    writeSync(file, text);
    return true;
  } catch (cause) {
    rmSync(path, { force: true });
    throw writeFailure(path, text.length, cause);
  } finally {
    closeSync(file);
  }
}

function locked(path: string, holder: Holder | undefined): ConfigError {
  const job = holder?.job ? ` (job ${holder.job.id})` : '';
  const who = holder ? `process ${holder.pid} on ${holder.host}${job} since ${holder.since}` : 'another process';
  return new ConfigError(
    'RUN_LOCKED',
    `${path}: this run folder is in use by ${who}: wait for it or give another --out; if that process is certainly gone, remove the file`,
  );
}

/** undefined where the file is gone again. A file that says nothing is one that is being written at this moment, or was when the machine went down. */
function read(path: string): Holder | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  let holder: Partial<Holder> | null = null;
  try {
    holder = JSON.parse(text) as Partial<Holder> | null;
  } catch {
    // As one that names nobody.
  }
  if (typeof holder?.pid !== 'number' || typeof holder.host !== 'string') throw locked(path, undefined);
  return holder as Holder;
}

function isGone({ host, pid, started, job }: Holder): boolean {
  if (host !== hostname()) return job !== undefined && isJobGone(job);
  try {
    process.kill(pid, 0);
  } catch (cause) {
    // Anything else: it is there, and of another user.
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return true;
  }
  const now = processOf(pid);
  return started !== null && now !== undefined && (now.started !== started || now.isEnding);
}

/**
 * By renaming, which only one of several processes can do. To ask a scheduler takes seconds, in which another one may have taken the lock over: what is moved then is
 * that one's, and goes back.
 * @param gone - who was found to be gone
 */
function takeAway(path: string, gone: Holder): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (saysOf(aside) === JSON.stringify(gone)) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

/** As one text; undefined of a lock that is being written at this moment. */
function saysOf(path: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** PF_EXITING of Linux: no line of the program runs any more, though it may take a while to go, and longer until its parent has asked after it. */
const EXITING = 0x4;

/** Fields 9 and 22 of /proc/PID/stat (Linux); undefined where the system does not tell. */
function processOf(pid: number): { started: string; isEnding: boolean } | undefined {
  try {
    // The second field, the command in parentheses, may hold blanks.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return { started: fields[19], isEnding: (Number(fields[6]) & EXITING) !== 0 };
  } catch {
    return undefined;
  }
}
