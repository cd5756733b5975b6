/**
 * The user's own transport model, run by a command such as `sbatch --wait run_cmaq.sh {emissions} {output} {period}`.
 *
 * Each attempt of the command gets a folder of its own for its output (attempts.ts) and a log file beside it; when it has ended well the folder becomes the run's, and
 * the surface concentrations of its files are copied into the run's output, so that nothing downstream knows which model ran.
 */
import { closeSync, existsSync, rmSync } from 'node:fs';
import { isCommandName, NAME_IN_BRACES, type CommandName } from '../../case';
import { writeFileAtomic } from '../../files/checkpoint';
import { instant } from '../../grid/grid';
import { fullDiskError } from '../../files/disk';
import { TransportError } from '../../base/errors';
import type { Ctm, CtmRequest } from '../ctm';
import { Attempt, endAttempts } from './attempts';
import { lastLine, logOf, openLog, tailOf } from './command-log';
import { runCommand } from './process-group';
import { sectorTable } from './sector-table';
import { hasFiles } from './collection-note';
import { SurfaceCollection, tellsOfFiles, type CollectionSettings } from './surface-collection';

export interface ExternalCtmSettings extends CollectionSettings {
  /** shell command; filled in are `{emissions}` (files), `{sectors}` (a table of them, sector-table.ts), `{output}` (folder), `{period}`, `{run}`, `{start}`, `{hours}`, `{case}` */
  command: string;
  timeoutHours: number;
  caseFile: string;
}

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
   * @throws {DataError} `DISK_FULL`, `DISK_QUOTA`, of the command as well; `FILE_UNWRITABLE`, `WRITE_FAILED`: what it has left is read again then
   */
  async run(request: CtmRequest): Promise<void> {
    const folder = request.output.replace(/\.nc$/, '');
    const log = logOf(request.output);
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
        const reason = this.collection.lacksLayers(request.output)
          ? 'the file with its layers is not there'
          : `ctm.output${this.settings.layers ? ', ctm.layers, concentrations.layers' : ''} or concentrations.variables has changed`;
        throw new TransportError(
          'CTM_OUTPUT_GONE',
          `${request.run}: ${reason}, and what the command left in ${folder} is not there any more: change it back, bring the files back, or remove ${request.output} to have the run made again`,
        );
      }
    }
    this.collection.forget(request.output);
    rmSync(folder, { recursive: true, force: true }); // output of an earlier run must not pass for this one's
    await endAttempts(request.output, (text) => request.log?.(`${request.run}, ${request.period.name}: ${text}`));
    request.signal?.throwIfAborted();
    const attempt = Attempt.begin(request.output);
    request.onProgress?.(0, request.period.hours, `${request.run}: running the command, log in ${log}`);
    const table = `${folder}.sectors.tsv`;
    if (this.settings.command.includes('{sectors}')) writeFileAtomic(table, sectorTable(request));
    await this.execute(fillIn(this.settings, request, attempt.folder, table), attempt, log, request);
    attempt.takeOver(folder);
    this.collect(folder, log, request);
    request.onProgress?.(request.period.hours, request.period.hours, `${request.run}: done`);
  }

  private async execute(command: string, attempt: Attempt, log: string, request: CtmRequest): Promise<void> {
    const output = openLog(log);
    try {
      const timeoutMs = this.settings.timeoutHours * 3600e3;
      const { code, signal, timedOut } = await runCommand(command, {
        output,
        timeoutMs,
        abort: request.signal,
        variables: attempt.variables,
        onBegin: (group) => attempt.mark(group),
      });
      request.signal?.throwIfAborted();
      if (timedOut) {
        throw new TransportError(
          'CTM_TIMEOUT',
          `${request.run}: the command of ctm.command took longer than ${this.settings.timeoutHours} h: raise ctm.timeoutHours or see ${log}`,
        );
      }
      if (code !== 0) {
        const ending = code === null ? `was ended by ${String(signal)}` : `ended with exit code ${code}`;
        const full = fullDiskError(`${request.run}: the command of ctm.command ${ending}`, { folder: attempt.folder, lastWords: tailOf(log), log });
        if (full) throw full;
        throw new TransportError('CTM_COMMAND_FAILED', `${request.run}: the command of ctm.command ${ending}${lastLine(log)}: see ${log}`);
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
      const full = fullDiskError(`${request.run}: the command of ctm.command left no usable output`, { folder, lastWords: tailOf(log), log });
      if (full) throw full;
      throw new TransportError(
        'CTM_OUTPUT',
        `${request.run}: the command of ctm.command left no usable output: ${error.message}; its log is ${log}. With another ctm.output${this.settings.layers ? ', ctm.layers' : ''} or concentrations.variables its files are read again, and it is not run again`,
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
