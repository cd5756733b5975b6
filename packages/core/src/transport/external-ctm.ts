/**
 * The user's own transport model, run by a command such as `sbatch --wait run_cmaq.sh {emissions} {output} {period}`.
 *
 * The command gets a folder of its own for its output and a log file beside it; afterwards the four surface concentrations of its
 * files are copied into the run's output, so that nothing downstream knows which model ran.
 */
import { spawn } from 'node:child_process';
import { withoutLauncher } from '@retroplume/native';
import { closeSync, existsSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { isCommandName, NAME_IN_BRACES, type CommandName } from '../data/case';
import { writeFailure, writeFileAtomic } from '../data/checkpoint';
import { instant } from '../data/ioapi-time';
import { makeFolder } from '../data/make-folder';
import { TransportError } from '../errors';
import type { Ctm, CtmRequest } from './ctm';
import { sectorTable } from './sector-table';
import { hasFiles, SurfaceCollection, tellsOfFiles, type CollectionSettings } from './surface-collection';

export interface ExternalCtmSettings extends CollectionSettings {
  /** shell command; filled in are `{emissions}` (files), `{sectors}` (a table of them, sector-table.ts), `{output}` (folder), `{period}`, `{run}`, `{start}`, `{hours}`, `{case}` */
  command: string;
  timeoutHours: number;
  caseFile: string;
}

/** How long a command that was told to end may take before it is killed, its children included. */
const GRACE_MS = 10_000;
const POLL_MS = 50;
/** 25 days: setTimeout takes what is longer for 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class ExternalCtm implements Ctm {
  private readonly collection: SurfaceCollection;

  constructor(private readonly settings: ExternalCtmSettings) {
    this.collection = new SurfaceCollection(settings);
  }

  isMade(output: string): boolean {
    return this.collection.isMade(output);
  }

  /**
   * Runs the command, unless it has ended well before and its files were not yet read, or in another way: then it reads them.
   *
   * @throws {TransportError} `CTM_COMMAND_FAILED` (exit code or signal), `CTM_TIMEOUT`, `CTM_OUTPUT` (missing or unfit); the log file is named
   * @throws {TransportError} `CTM_OUTPUT_GONE` if they are to be read in another way and are not there any more
   * @throws {DataError} `DISK_FULL`, `FILE_UNWRITABLE`, `WRITE_FAILED`; what a command has left is read again then
   */
  async run(request: CtmRequest): Promise<void> {
    const folder = request.output.replace(/\.nc$/, '');
    const log = `${folder}.log`;
    if (request.factors) {
      throw new TransportError(
        'CTM_FACTORS',
        `${request.run}: a command takes no factors: write scaled emission files and pass those as emissionFiles`,
      );
    }
    request.signal?.throwIfAborted();
    if (this.collection.isToRead(request.output)) {
      if (hasFiles(folder)) {
        request.onProgress?.(0, request.period.hours, `${request.run}: reads what the command has left in ${folder}`);
        return this.collect(folder, log, request);
      }
      if (existsSync(request.output)) {
        throw new TransportError(
          'CTM_OUTPUT_GONE',
          `${request.run}: ctm.output or concentrations.variables has changed, and what the command left in ${folder} is not there any more: change it back, bring the files back, or remove ${request.output} to have the run made again`,
        );
      }
    }
    this.collection.forget(request.output);
    rmSync(folder, { recursive: true, force: true }); // output of an earlier, broken attempt must not pass for this one's
    makeFolder(folder);
    request.onProgress?.(0, request.period.hours, `${request.run}: running the command, log in ${log}`);
    const table = `${folder}.sectors.tsv`;
    if (this.settings.command.includes('{sectors}')) writeFileAtomic(table, sectorTable(request));
    await this.execute(fillIn(this.settings, request, folder, table), log, request);
    this.collect(folder, log, request);
    request.onProgress?.(request.period.hours, request.period.hours, `${request.run}: done`);
  }

  private async execute(command: string, log: string, request: CtmRequest): Promise<void> {
    const output = openLog(log);
    try {
      const timeoutMs = this.settings.timeoutHours * 3600e3;
      const { code, signal, timedOut } = await runCommand(command, output, timeoutMs, request.signal);
      request.signal?.throwIfAborted();
      if (timedOut) {
        throw new TransportError(
          'CTM_TIMEOUT',
          `${request.run}: the command of ctm.command took longer than ${this.settings.timeoutHours} h: raise ctm.timeoutHours or see ${log}`,
        );
      }
      if (code !== 0) {
        const how = code === null ? `was ended by ${String(signal)}` : `ended with exit code ${code}`;
        throw new TransportError('CTM_COMMAND_FAILED', `${request.run}: the command of ctm.command ${how}${lastLine(log)}: see ${log}`);
      }
    } finally {
      closeSync(output);
    }
  }

  private collect(folder: string, log: string, request: CtmRequest): void {
    try {
      this.collection.collect(folder, request);
    } catch (error) {
      if (!tellsOfFiles(error)) throw error;
      throw new TransportError(
        'CTM_OUTPUT',
        `${request.run}: the command of ctm.command left no usable output: ${error.message}; its log is ${log}. With another ctm.output or concentrations.variables its files are read again, and it is not run again`,
        {
          cause: error,
        },
      );
    }
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fillIn({ command, caseFile }: ExternalCtmSettings, { run, period, emissionFiles }: CtmRequest, folder: string, table: string): string {
  const values: Record<CommandName, string> = {
    emissions: emissionFiles.map(quoted).join(' '),
    sectors: quoted(table),
    output: quoted(folder),
    period: quoted(period.name),
    run: quoted(run),
    start: quoted(instant(period.start)),
    hours: String(period.hours),
    case: quoted(caseFile),
  };
  return command.replace(NAME_IN_BRACES, (whole, name: string) => (isCommandName(name) ? values[name] : whole));
}

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  timedOut: boolean;
}

/** Runs a shell command in a process group of its own, so that a time-out or an abort ends its children too. */
function runCommand(command: string, output: number, timeoutMs: number, abort?: AbortSignal): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // The command may be an MPI program of its own.
    const env = withoutLauncher(process.env);
    const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: ['ignore', output, output], env });
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
        resolve({ code, signal, timedOut });
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
  for (const each of [shell, shell.stdin]) each.on('error', () => undefined);
  return () => shell.stdin.end('\n');
}

/** Calls once after a time, however long. @returns what takes that back */
function afterMs(ms: number, call: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    const part = Math.min(left, LONGEST_TIMER_MS);
    timer = setTimeout(() => (left > part ? wait(left - part) : call()), part);
  };
  wait(ms);
  return () => clearTimeout(timer);
}

/** Tells a process group to end, waits until it has, and kills what is left of it after a while. */
async function endGroup(pid: number | undefined): Promise<void> {
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

/** @throws {DataError} `DISK_FULL`, `WRITE_FAILED` */
function openLog(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (cause) {
    throw writeFailure(path, 0, cause);
  }
}

/** Of a log what may hold its last line: a model that writes for days leaves more than a text can be. */
const TAIL_BYTES = 8192;

function lastLine(log: string): string {
  const lines = tailOf(log).trimEnd().split('\n');
  const last = lines[lines.length - 1].trim();
  return last === '' ? '' : ` ("${last.slice(0, 200)}")`;
}

function tailOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(TAIL_BYTES, size));
    return tail.toString('utf8', 0, readSync(file, tail, 0, tail.length, size - tail.length));
  } finally {
    closeSync(file);
  }
}
