/** What a run needs beside its inputs and memory: room on the disk, the transport model's command, the device. */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { caseChannels, surfaceChannels, type Case } from '../../../case';
import { bytesBelow, folderToBe } from '../../../files/disk';
import { chooseDevice, type Device, type DeviceChoice, type Precision } from '../../../base/device';
import { ConfigError, DataError, RetroplumeError } from '../../../base/errors';
import type { Grid } from '../../../grid/grid';
import { checkReferenceOptions } from '../../../transport/reference/reference-model';
import { checkReferenceChannels } from '../../../transport/reference/reference-options';
import { gigabytes } from '../../../base/process';
import { priorFiles, sectorFiles } from '../../../inventory/reading/sector-files';
import {
  assertOwnModel,
  hasExternalPrior,
  layersNeeded,
  layerVariables,
  preparedRuns,
  runsOfPeriod,
  runsReferenceModel,
  simulatedRuns,
} from '../../../case/case-runs';
import { countRuns, hoursOfRun, otherDesignsInWords, runsInWords } from '../../transport-runs/run-counts';
import type { Findings } from './findings';

/** Bytes of a number in the prepared store and in I/O API files. */
const FLOAT = 4;

/** The program that a shell command starts; undefined where only the shell could tell. */
export function programOf(command: string): string | undefined {
  const words = command.trim().split(/\s+/);
  const first = words.find((word) => !/^\w+=[^\s]*$/.test(word));
  return first === undefined || /[$`'"{}()<>|&;*?~!\\]/.test(first) ? undefined : first;
}

const BUILT_IN = new Set([
  'cd',
  'exec',
  'eval',
  'export',
  'set',
  'test',
  '[',
  ':',
  '.',
  'if',
  'for',
  'while',
  'case',
  'time',
  'ulimit',
  'umask',
  'trap',
]);

/** Sections of the case that say which runs there are; here and below, nothing is to be told where one could not be understood. */
const WHICH_RUNS = ['periods', 'members', 'response', 'truth', 'inversion', 'priorConcentrations', 'ctm', 'loop'];
export const RUNS_REST_ON: readonly string[] = [...WHICH_RUNS, 'certificate', 'paperMode', 'ensembleMode', 'updatedConcentrations'];
export const DISK_RESTS_ON: readonly string[] = [...WHICH_RUNS, 'emissions', 'meteorology'];

/** Who makes the runs of the case, and how many there are. @param simulate - the folder of that stage, which may tell how long a run takes */
export async function checkRuns(findings: Findings, settings: Case, simulate?: string): Promise<void> {
  const runs = simulatedRuns(settings);
  if (!(await findings.attempt(['ctm'], () => (assertOwnModel(settings, runs), true)))) return;
  if (hasExternalPrior(settings) && settings.updatedConcentrations === undefined) {
    findings.notes.push(
      'the run will stop at verify (UPDATED_MISSING): the prior run came as priorConcentrations, and ctm is the reference model, which did not make it: ' +
        'name the command of your model in ctm, or run it then with the updated emissions and name its output as updatedConcentrations',
    );
  }
  const counts = countRuns(settings);
  const took = simulate === undefined ? undefined : hoursOfRun(simulate, counts.simulate);
  const pastHours = took === undefined ? '' : `, of which each took ${Number(took.toPrecision(2))} h in simulate`;
  findings.notes.push(`the transport model will be run ${runsInWords(counts)}${pastHours}`);
  const otherDesigns = otherDesignsInWords(settings);
  if (otherDesigns !== undefined) findings.notes.push(otherDesigns);
}

export async function checkCtm(findings: Findings, settings: Case, grid: Grid | undefined): Promise<void> {
  const { ctm, truth, inversion } = settings;
  if (ctm.kind === 'reference') {
    const { groups, species } = surfaceChannels(settings); // columns are made of its layers
    if (runsReferenceModel(settings)) await findings.attempt(['ctm'], () => checkReferenceChannels(groups, species));
    if (!grid) return;
    await findings.attempt(['ctm', 'options'], () => checkReferenceOptions(grid, ctm.options, 'ctm.options'));
    if (truth?.options) await findings.attempt(['truth', 'options'], () => checkReferenceOptions(grid, truth.options ?? {}, 'truth.options'));
    for (const [i, { options }] of inversion.nuisance.runs.entries()) {
      const path = ['inversion', 'nuisance', 'runs', i, 'options'] as const;
      if (options) await findings.attempt(path, () => checkReferenceOptions(grid, options, path.join('.')));
    }
    return;
  }
  const program = programOf(ctm.command);
  if (program === undefined || BUILT_IN.has(program)) {
    findings.notes.push('ctm.command begins with something that only the shell understands: whether it exists was not looked at');
  } else if (await findings.attempt(['ctm', 'command'], () => requireProgram(program))) findings.right.push(`ctm.command: ${program} is there`);
}

function requireProgram(program: string): true {
  const places = program.includes('/') ? [program] : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program));
  const path = places.find((place) => existsSync(place));
  const explanation = program.includes('/') ? `no such file, seen from ${process.cwd()}` : 'no folder of PATH holds it';
  if (path === undefined)
    throw new ConfigError('CTM_COMMAND', `ctm.command: the program ${program} is not there (${explanation}): mend the command or its path`);
  try {
    accessSync(path, constants.X_OK);
  } catch (cause) {
    throw new ConfigError('CTM_COMMAND', `ctm.command: ${path} may not be executed: run chmod +x on it`, { cause });
  }
  return true;
}

/** @returns what programs would run on, where it is there */
export async function checkDevice(
  findings: Findings,
  settings: Case,
  options: { device?: DeviceChoice; precision?: Precision },
): Promise<Device | undefined> {
  const device = await findings.attempt(['device'], () =>
    chooseDevice({ device: options.device ?? settings.device, precision: options.precision ?? settings.precision }),
  );
  if (device) findings.right.push(`device: ${device.name}`);
  return device;
}

/**
 * Bytes that a run writes: the prepared store, the runs of the transport model with their emission files, the updated inventory. What the user's own
 * model writes beside surface concentrations is not known.
 */
function bytesWanted(settings: Case, grid: Pick<Grid, 'rows' | 'cols'>): number {
  const fields = surfaceChannels(settings).species.length + layerFields(settings);
  const written = settings.periods.reduce((sum, period) => {
    const { name, hours } = period;
    const field = hours * grid.rows * grid.cols * FLOAT;
    const { files, sectors } = settings.emissions;
    const parts = [...(files === undefined ? [] : [{ files }]), ...Object.values(sectors)];
    const inventory = parts.reduce((bytes, part) => bytes + sizeOf(() => priorFiles(sectorFiles(settings, part, name)).map(({ path }) => path)), 0);
    const simulate = runsOfPeriod(settings, period).length * (field * fields + inventory);
    const updated = settings.loop.passes * (field * fields + inventory);
    return sum + simulate + updated;
  }, 0);
  return preparedBytes(settings, grid) + written;
}

/** Of the reference model by default. */
const LAYERS = 3;
/** PRES, DENS, ZF and ZH. */
const AIR_VARIABLES = 4;

/** What the reference model leaves of its layers where the case has columns, in fields of the grid. */
function layerFields(settings: Case): number {
  if (!layersNeeded(settings) || !runsReferenceModel(settings)) return 0;
  return LAYERS * (Object.keys(layerVariables(settings)).length + AIR_VARIABLES);
}

/** The prepared store. */
function preparedBytes(settings: Case, grid: Pick<Grid, 'rows' | 'cols'>): number {
  const { groups, species } = caseChannels(settings);
  const fields = settings.periods.reduce((sum, period) => {
    const channels = settings.meteorology.variables.length + (groups.length + species.length) * preparedRuns(settings, period).length;
    return sum + period.hours * channels;
  }, 0);
  return fields * grid.rows * grid.cols * FLOAT;
}

/** Of the files that match; 0 where none does, or a link leads nowhere, which is told elsewhere. */
function sizeOf(files: () => string[]): number {
  try {
    return files().reduce((sum, path) => sum + (existsSync(path) ? statSync(path).size : 0), 0);
  } catch (error) {
    if (error instanceof RetroplumeError) return 0;
    throw error;
  }
}

/** Bytes. */
export function freeIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** @param out - run folder, which need not exist yet; what it holds already is not wanted again */
export async function checkDisk(findings: Findings, settings: Case, grid: Grid, out: string): Promise<void> {
  const folder = await findings.attempt([], () => folderToBe(out));
  if (folder === undefined) return;
  const wanted = Math.max(0, bytesWanted(settings, grid) - bytesBelow(out));
  await findings.attempt([], () => {
    const free = freeIn(folder);
    const text = `the run needs about ${gigabytes(wanted)} and ${gigabytes(free)} are free in ${folder}`;
    if (free < wanted) throw new DataError('DISK_FULL', `${out}: ${text}: make room or choose another folder with --out`);
    findings.right.push(`disk: ${text}`);
  });
}
