/**
 * Attempts of a command at one run. Each writes into a folder of its own, which becomes the run's when the command has ended well: what a command still writes whose
 * caller was killed is never taken for that of the next one. Beside the folder a marker says which process group makes it, and where. One that still lives on this
 * machine is ended before the next begins; of one on another machine nobody knows, and its folder is left to it.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { writeFailure, makeFolder } from '../../files/disk';
import { writeFileAtomic } from '../../files/checkpoint';
import { readJson } from '../../files/json';
import { RetroplumeError } from '../../base/errors';
import { processOf } from '../../base/process';
import { endGroup } from './process-group';

/** What the marker holds. */
interface AtWork {
  host: string;
  /** number of the process group, which is that of its first process */
  group: number;
  /** of that process, as {@link processOf} has it; null where the system does not tell */
  started: string | null;
  since: string;
}

const ENDING = '.attempts';

/** Variable of the environment by which a process of an attempt is known when the first of its group has ended. */
const VARIABLE = 'RETROPLUME_ATTEMPT';

/** Beside ACONC_winter.nc the folder ACONC_winter.attempts, with those that have not ended well. */
function attemptsOf(output: string): string {
  return output.replace(/\.nc$/, ENDING);
}

export class Attempt {
  private constructor(
    private readonly parent: string,
    /** which the command fills */
    readonly folder: string,
  ) {}

  /** @param output - file of the run @throws {DataError} `DISK_FULL`, `WRITE_FAILED` */
  static begin(output: string): Attempt {
    const attemptFolder = attemptsOf(output);
    makeFolder(attemptFolder);
    try {
      return new Attempt(attemptFolder, mkdtempSync(join(attemptFolder, '/')));
    } catch (cause) {
      throw writeFailure(attemptFolder, 0, cause);
    }
  }

  /** For the environment of the command. */
  get variables(): Record<string, string> {
    return { [VARIABLE]: this.folder };
  }

  /** Notes who makes it. @throws {DataError} `DISK_FULL`, `WRITE_FAILED` */
  mark(group: number): void {
    const atWork: AtWork = { host: hostname(), group, started: processOf(group)?.started ?? null, since: new Date().toISOString() };
    writeFileAtomic(markerOf(this.folder), JSON.stringify(atWork));
  }

  /** The command has ended well: its files are those of the run. @param folder - which is not there @throws {DataError} `WRITE_FAILED` */
  takeOver(folder: string): void {
    try {
      renameSync(this.folder, folder);
    } catch (cause) {
      throw writeFailure(folder, 0, cause);
    }
    remove(this.parent);
  }
}

function markerOf(folder: string): string {
  return `${folder}.json`;
}

/** Ends the attempts at a run that still live on this machine, tells of them, and removes what dead ones have left. @param output - file of the run */
export async function endAttempts(output: string, log: (text: string) => void): Promise<void> {
  await endAttemptsIn(attemptsOf(output), log);
}

/** {@link endAttempts} of all runs whose files lie in a folder, or in one within that: before it is emptied. */
export async function endAttemptsBelow(dir: string, log: (text: string) => void): Promise<void> {
  for (const folder of [dir, ...foldersIn(dir)])
    for (const subfolder of foldersIn(folder)) if (subfolder.endsWith(ENDING)) await endAttemptsIn(subfolder, log);
}

async function endAttemptsIn(parent: string, log: (text: string) => void): Promise<void> {
  for (const folder of foldersIn(parent)) {
    const atWork = readMarker(folder);
    if (atWork && atWork.host !== hostname()) {
      log(
        `an earlier attempt of ctm.command on ${atWork.host} (since ${atWork.since}) may still be at work: what it writes into ${folder} is not read`,
      );
      continue;
    }
    if (atWork && isAlive(atWork, folder)) {
      log(`an earlier attempt of ctm.command (process group ${atWork.group}, since ${atWork.since}) is still at work: it is ended first`);
      await endGroup(atWork.group);
    }
    remove(folder);
    remove(markerOf(folder));
  }
}

function foldersIn(path: string): string[] {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [join(path, entry.name)] : []));
}

function readMarker(folder: string): AtWork | undefined {
  const path = markerOf(folder);
  if (!existsSync(path)) return undefined;
  try {
    return readJson<AtWork>(path, { keys: { host: 'string', group: 'number', since: 'string' }, remedy: 'remove it' });
  } catch (cause) {
    if (cause instanceof RetroplumeError) return undefined;
    throw cause;
  }
}

/** Whether certainly a process of it lives: another one may have its number now. */
function isAlive({ group, started }: AtWork, folder: string): boolean {
  const first = processOf(group);
  if (first && first.started !== started) return false;
  return membersOf(group).some((pid) => first !== undefined || isOf(pid, folder));
}

/** Processes of a group that run, as far as the system tells. */
function membersOf(group: number): number[] {
  if (!existsSync('/proc')) return [];
  const processIds = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processIds.map(Number).filter((pid) => {
    const state = processOf(pid);
    return state?.group === group && !state.isEnding;
  });
}

function isOf(pid: number, folder: string): boolean {
  try {
    const prefix = `${VARIABLE}=`;
    const value = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .find((variable) => variable.startsWith(prefix));
    // The run folder may have been moved.
    return value !== undefined && basename(value.slice(prefix.length)) === basename(folder);
  } catch {
    return false; // of another user, or gone
  }
}

/** What is still written into may not be empty in time: it goes with the next attempt. */
function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // So it stays.
  }
}
