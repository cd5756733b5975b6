/** How much of the machine's memory this process may use: a job of a scheduler and a container have a part of it, and are killed when they take more. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';

/** Bytes. */
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
  const above = path === '/' ? [] : limitsUpwards(read, root, dirname(path), file);
  return bytes > 0 ? [bytes, ...above] : above;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // no such group, or not Linux
  }
}
