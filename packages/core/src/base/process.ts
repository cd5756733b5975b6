/** The process: its versions, the memory that it may use, other processes of this machine, and the ranks of one run. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { totalmem } from 'node:os';

export { ALONE, giveWay, joinRanks, launchedByMpi, type Launched, type Ranks } from '@retroplume/native';

interface ProcessState {
  /** ticks from the start of the machine to that of the process: a number given out anew is another process */
  started: string;
  /** of the group that it is in, the number */
  group: number;
  /** no line of the program runs any more, though it may take a while to go, and longer until its parent has asked after it */
  isEnding: boolean;
}

/** PF_EXITING of Linux. */
const EXITING = 0x4;

/** Fields 5, 9 and 22 of /proc/PID/stat (Linux); undefined where there is no such process, or the system does not tell. */
export function processOf(pid: number): ProcessState | undefined {
  try {
    // The second field, the command in parentheses, may hold blanks.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return { started: fields[19], group: Number(fields[2]), isEnding: (Number(fields[6]) & EXITING) !== 0 };
  } catch {
    return undefined;
  }
}

/** Versions that a record names. */
export const VERSIONS: Record<string, string> = { retroplume: '0.1.0', node: process.version, platform: `${process.platform} ${process.arch}` };

/** How much of the machine's memory this process may use, bytes: a job of a scheduler and a container have a part of it, and are killed when they take more. */
export function usableMemory(): number {
  return Math.min(totalmem(), cgroupLimit(textOf));
}

/** An amount of memory or of disk for a reader, `1.2 GB`. */
export function gigabytes(bytes: number): string {
  const amount = bytes / 1e9;
  return `${amount < 99.5 ? amount.toPrecision(2) : amount.toFixed(0)} GB`;
}

/**
 * The least limit of the control groups that the process is in, Infinity without one: Slurm sets it for the job and leaves the tasks within it unlimited.
 *
 * @param read - a file's text, undefined where there is none
 * @see cgroups(7); memory.max of the Linux kernel's cgroup v2, memory.limit_in_bytes of v1
 */
export function cgroupLimit(read: (path: string) => string | undefined): number {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'));
  const limits = groups.flatMap(([number, controllers = '', path = '/']) => {
    if (number === '0' && controllers === '') return limitsUpwards(read, '/sys/fs/cgroup', path, 'memory.max');
    return controllers.split(',').includes('memory') ? limitsUpwards(read, '/sys/fs/cgroup/memory', path, 'memory.limit_in_bytes') : [];
  });
  return Math.min(Infinity, ...limits);
}

/** Limits of a group and of those that it lies in; a container may see no more than its own, as the root. */
function limitsUpwards(read: (path: string) => string | undefined, root: string, path: string, file: string): number[] {
  const bytes = Number(read(join(root, path, file))); // "max" is NaN
  const outerLimits = path === '/' ? [] : limitsUpwards(read, root, dirname(path), file);
  return bytes > 0 ? [bytes, ...outerLimits] : outerLimits;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // no such group, or not Linux
  }
}
