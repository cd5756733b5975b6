/**
 * One process at a time in a run folder: two would take each other's half-written products for their own. The lock is a file that says who holds it; one
 * whose process is gone (killed, or the machine restarted) is taken over. Of a job on another machine the scheduler is asked; where it can't tell, a user has
 * to say so.
 *
 * The tasks of a job array work side by side in one folder, each on a part of it: they hold locks of their own, in `locks/`, and exclude whoever wants the
 * whole folder, as he excludes them.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { writeFailure, makeFolder } from '../../files/disk';
import { ConfigError, RetroplumeError } from '../../base/errors';
import { processOf } from '../../base/process';
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
  const holding: Holder = {
    host: hostname(),
    pid: process.pid,
    started: processOf(process.pid)?.started ?? null,
    since: new Date().toISOString(),
    ...(job ? { job } : {}),
  };
  // Several tries: between two looks a holder may end, or another process may take over a lock that was left behind.
  for (let attempt = 0; attempt < 3; attempt++) {
    if (create(path, JSON.stringify(holding))) {
      removeLeft(path);
      return () => rmSync(path, { force: true });
    }
    const holder = read(path);
    if (holder && holder !== NOBODY && !isGone(holder)) throw locked(path, holder);
    if (holder) takeAway(path, holder);
  }
  throw locked(path, holderOf(path));
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
      const holder = holderOf(path);
      if (holder) throw locked(path, holder);
    }
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

/** What a file system without links says to one. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/**
 * Under another name first, to which the lock is a link: so it is never there without its text.
 * @returns false where the file is there @throws {DataError} `DISK_FULL`, `WRITE_FAILED`
 */
function create(path: string, text: string): boolean {
  makeFolder(dirname(path));
  const temporary = `${path}.${hostname()}-${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  try {
    if (!writeNew(temporary, text)) return false;
    linkSync(temporary, path);
    return true;
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (NO_LINKS.includes(code) && existsSync(temporary)) return writeNew(path, text);
    if (code !== 'EEXIST') throw cause instanceof RetroplumeError ? cause : writeFailure(path, text.length, cause);
    // A file server that answers twice says so of what it has done.
    return statSync(temporary).nlink > 1;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** @returns false where there is something of that name @throws {DataError} `DISK_FULL`, `WRITE_FAILED` */
function writeNew(path: string, text: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
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

/** What kills have left of the writing of a lock, as far as it may be removed. */
function removeLeft(path: string): void {
  const [folder, name] = [dirname(path), basename(path)];
  for (const entry of readdirSync(folder)) {
    if (!entry.startsWith(`${name}.`) || !entry.endsWith('.tmp')) continue;
    const leftover = join(folder, entry);
    try {
      if (isOld(lstatSync(leftover).mtimeMs)) rmSync(leftover, { force: true });
    } catch {
      // Of another user, or gone.
    }
  }
}

/** Of what is written in milliseconds: its writer is gone. @param modified - ms since 1970 */
function isOld(modified: number): boolean {
  return Date.now() - modified > 60_000;
}

function locked(path: string, holder: Holder | undefined): ConfigError {
  const job = holder?.job ? ` (job ${holder.job.id})` : '';
  const user = holder ? `process ${holder.pid} on ${holder.host}${job} since ${holder.since}` : 'another process';
  return new ConfigError(
    'RUN_LOCKED',
    `${path}: this run folder is in use by ${user}: wait for it or give another --out; if that process is certainly gone, remove the file`,
  );
}

/** What stands in the place of a lock. @throws {ConfigError} `RUN_LOCKED` if it is no file: a pipe would be waited for without end */
function contentOf(path: string): { text: string; modified: number } | undefined {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  let file: number;
  try {
    file = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ELOOP') throw noFile(path, 'a link');
    return undefined;
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw noFile(path, stats.isFIFO() ? 'a pipe' : stats.isDirectory() ? 'a folder' : 'a device');
    return { text: readFileSync(file, 'utf8'), modified: stats.mtimeMs };
  } finally {
    closeSync(file);
  }
}

function noFile(path: string, description: string): ConfigError {
  return new ConfigError(
    'RUN_LOCKED',
    `${path}: expected a file that says who is at work but received ${description}: remove it, or give another --out`,
  );
}

/** On a file system without links: a lock whose writer was killed before it had said who it is. */
const NOBODY = 'nobody';

/**
 * undefined where the file is gone again.
 * @throws {ConfigError} `RUN_LOCKED` if it says nothing, but may be about to, or something else
 */
function read(path: string): Holder | typeof NOBODY | undefined {
  const content = contentOf(path);
  if (content === undefined) return undefined;
  let holder: Partial<Holder> | null;
  try {
    holder = JSON.parse(content.text) as Partial<Holder> | null;
  } catch {
    if (isOld(content.modified)) return NOBODY;
    throw locked(path, undefined);
  }
  if (typeof holder?.pid !== 'number' || typeof holder.host !== 'string') throw locked(path, undefined);
  return holder as Holder;
}

/** {@link read} where it is held. */
function holderOf(path: string): Holder | undefined {
  const holder = read(path);
  return holder === NOBODY || holder === undefined || isGone(holder) ? undefined : holder;
}

function isGone({ host, pid, started, job }: Holder): boolean {
  if (host !== hostname()) return job !== undefined && isJobGone(job);
  try {
    process.kill(pid, 0);
  } catch (cause) {
    // Anything else: it is there, and of another user.
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return true;
  }
  const currentState = processOf(pid);
  return started !== null && currentState !== undefined && (currentState.started !== started || currentState.isEnding);
}

/**
 * By renaming, which only one of several processes can do. To ask a scheduler takes seconds, in which another one may have taken the lock over: what is moved then is
 * that one's, and goes back.
 * @param holder - who was found to be gone
 */
function takeAway(path: string, holder: Holder | typeof NOBODY): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (saysSame(aside, holder)) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function saysSame(path: string, holder: Holder | typeof NOBODY): boolean {
  try {
    return JSON.stringify(read(path)) === JSON.stringify(holder);
  } catch {
    return false; // one that is being written at this moment
  }
}
