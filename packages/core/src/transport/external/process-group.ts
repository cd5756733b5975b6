/** Commands of the user in a process group of their own, which ends as a whole: on a time-out, on an abort, and when this process is gone. */
import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { withoutLauncher } from '@retroplume/native';
import { TransportError } from '../../base/errors';

/** How long a command that was told to end may take before it is killed, its children included. */
const GRACE_MS = 10_000;
const POLL_MS = 50;
/** 25 days: setTimeout takes what is longer for 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A shell that runs its argument when it gets a line, and nothing where that does not come. */
const WHEN_ASKED = 'read -r _ <&3 || exit 1; exec 3<&-; exec /bin/sh -c "$0"';

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  timedOut: boolean;
}

interface CommandRun {
  /** file that takes what it prints */
  output: number;
  timeoutMs: number;
  /** beside those of this process */
  variables: Record<string, string>;
  abort?: AbortSignal;
  /** is told the number of the process group before the command begins, which does not where this throws or this process is killed */
  onBegin: (group: number) => void;
}

/**
 * Runs a shell command in a process group of its own, so that a time-out or an abort ends its children too.
 * @throws {TransportError} `CTM_COMMAND_FAILED` if there is no shell, and what `onBegin` throws
 */
export function runCommand(command: string, { output, timeoutMs, variables, abort, onBegin }: CommandRun): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // The command may be an MPI program of its own.
    const env = { ...withoutLauncher(process.env), ...variables };
    const child = spawn('/bin/sh', ['-c', WHEN_ASKED, command], { detached: true, stdio: ['ignore', output, output, 'pipe'], env });
    const gate = child.stdio[3] as Writable | null;
    gate?.on('error', () => undefined); // it is gone already
    let timedOut = false;
    let ending: Promise<void> | undefined;
    const end = (): void => {
      ending ??= endGroup(child.pid);
    };
    const forget = afterMs(timeoutMs, () => {
      timedOut = true;
      end();
    });
    const unwatched = watched(child.pid);
    let failure: Error | undefined;
    try {
      if (child.pid !== undefined) onBegin(child.pid);
      gate?.end('\n');
    } catch (cause) {
      failure = cause as Error;
      end();
    }
    const settle = (): void => {
      forget();
      abort?.removeEventListener('abort', end);
    };
    abort?.addEventListener('abort', end);
    child.once('error', (error) => {
      settle();
      reject(
        new TransportError('CTM_COMMAND_FAILED', `ctm.command could not be started (${error.message}): check that /bin/sh is there`, {
          cause: error,
        }),
      );
    });
    child.once('close', (code, signal) => {
      settle();
      // The shell may be gone before what it has started: a script that cancels its job, say.
      void Promise.resolve(ending).then(() => {
        unwatched();
        if (failure === undefined) resolve({ code, signal, timedOut });
        else reject(failure);
      });
    });
  });
}

/**
 * Has a process group ended, as {@link endGroup} does, when this process is gone, however that ended: a second signal, kill -9, memory. The next run would start the
 * model a second time, and take what the first still writes for what the second has made. A shell of its own does it, whose input ends with this process.
 * @returns calls it off
 */
function watched(pid: number | undefined): () => void {
  if (pid === undefined) return () => undefined;
  const group = `-- -${pid}`;
  const end = `kill -s TERM ${group}; left=${GRACE_MS / 1000}; while [ $left -gt 0 ] && kill -s 0 ${group}; do sleep 1; left=$((left - 1)); done; kill -s KILL ${group}`;
  const shell = spawn('/bin/sh', ['-c', `read -r _ || { ${end}; }`], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  // Without it all is as it was.
  for (const stream of [shell, shell.stdin]) stream.on('error', () => undefined);
  return () => shell.stdin.end('\n');
}

/** Calls once after a time, however long. @returns what takes that back */
function afterMs(ms: number, call: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (remainingMs: number): void => {
    const part = Math.min(remainingMs, LONGEST_TIMER_MS);
    timer = setTimeout(() => (remainingMs > part ? wait(remainingMs - part) : call()), part);
  };
  wait(ms);
  return () => clearTimeout(timer);
}

/** Tells a process group to end, waits until it has, and kills what is left of it after a while. */
export async function endGroup(pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  const killAt = performance.now() + GRACE_MS;
  let alive = signalGroup(pid, 'SIGTERM');
  while (alive && performance.now() < killAt) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    alive = signalGroup(pid, 0);
  }
  if (alive) signalGroup(pid, 'SIGKILL');
}

/** @returns whether there was anything to signal */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
