/** Which runs of the transport model a case has, members of the ensemble among them, and where their files are. What is written here, `simulate` runs. */
import { basename, dirname, join } from 'node:path';
import { knownSpecies, type Group, type Species } from '../base/species';
import type { Case, PeriodSettings } from './schema/case-schema';
import { columnEntries, type ColumnEntry } from './schema/columns-schema';
import { nuisanceChanges, type NuisanceChange } from './schema/nuisance-schema';
import { expandGlobs } from '../files/glob';
import { filesWithin } from '../files/ioapi/ioapi-file';
import { type TimeAxis, timeAt } from '../grid/grid';
import { ConfigError } from '../base/errors';

export const PRIOR = 'prior';
export const TRUTH = 'truth';

/** The run in which all emissions of one group are changed. */
export function responseRun(group: Group): string {
  return `response-${group}`;
}

/** The run behind a nuisance term, with the prior emissions and something else changed. */
export function nuisanceRun({ name }: Pick<NuisanceChange, 'name'>): string {
  return `nuisance-${name}`;
}

/** What `simulate` changes for nuisance terms, by run. */
export function simulatedChanges({ inversion }: Case): Map<string, NuisanceChange> {
  const changes = inversion.nuisance.runs.flatMap(nuisanceChanges).filter(({ concentrations }) => concentrations === undefined);
  return new Map(changes.map((change) => [nuisanceRun(change), change]));
}

/** The runs that `simulate` makes, each in the periods that have it; the others come as files. */
export function simulatedRuns(settings: Case): string[] {
  const wanted = new Set(settings.periods.flatMap((period) => runsOfPeriod(settings, period)));
  return simulatedAnywhere(settings).filter((run) => wanted.has(run));
}

/** Those of them that `simulate` makes in one period. */
export function runsOfPeriod(settings: Case, period: PeriodSettings): string[] {
  const members = new Set(membersOfPeriod(settings, period));
  const leftOut = new Set([
    ...memberNames(settings).filter((name) => !members.has(name)),
    ...(period.members === true ? [] : settings.response.groups.map(responseRun)),
  ]);
  return simulatedAnywhere(settings).filter((run) => !leftOut.has(run));
}

function simulatedAnywhere(settings: Case): string[] {
  return [
    ...(settings.priorConcentrations ? [] : [PRIOR]),
    ...memberDesigns(settings).map(({ name }) => name),
    ...settings.response.groups.map(responseRun),
    ...(settings.truth ? [TRUTH] : []),
    ...simulatedChanges(settings).keys(),
  ];
}

/** Periods whose members the surrogate is trained on. */
export function trainedPeriods<T extends Pick<PeriodSettings, 'members'>>({ periods }: { periods: readonly T[] }): T[] {
  return periods.filter(({ members }) => members === true);
}

/** Periods with members by which the surrogate is judged. */
export function judgedPeriods<T extends Pick<PeriodSettings, 'members'>>({ periods }: { periods: readonly T[] }): T[] {
  return periods.filter(({ members }) => members !== false);
}

/** Runs of a period that are prepared: the prior run, and its members. */
export function preparedRuns(settings: Parameters<typeof membersOfPeriod>[0], period: Pick<PeriodSettings, 'members'>): string[] {
  return [PRIOR, ...membersOfPeriod(settings, period)];
}

/** Names of the members that there are in a period: all, none or, where they only judge, those that training keeps for the test. */
export function membersOfPeriod(
  settings: Pick<Case, 'members'> & { training: { testMembers?: number } },
  { members }: Pick<PeriodSettings, 'members'>,
): string[] {
  if (members === 'judge') return testMembers(settings);
  return members ? memberNames(settings) : [];
}

export function inPeriod(pattern: string, period: string): string {
  return pattern.replaceAll('{period}', period);
}

export function timeOf({ start, hours }: PeriodSettings): TimeAxis {
  return { start: new Date(start), stepSeconds: 3600, count: hours };
}

/** From the beginning of a period to its end. */
export function spanOf(period: PeriodSettings): { start: Date; end: Date } {
  const time = timeOf(period);
  return { start: time.start, end: timeAt(time, time.count) };
}

/** Hourly files of a period; I/O API files that hold no hour of it are left out, so that files of other periods may lie in the same folder. */
export function hourlyFiles({ periods }: Pick<Case, 'periods'>, patterns: string | string[], period: string): string[] {
  const paths = expandGlobs(patterns, period);
  const settings = periods.find(({ name }) => name === period);
  return settings ? filesWithin(paths, timeOf(settings)) : paths;
}

export function meteorologyFiles(settings: Case, period: string): string[] {
  return hourlyFiles(settings, settings.meteorology.files, period);
}

/** How the meteorology is read, for records; nothing where that is by the defaults. */
export function weatherSettings({ meteorology: { format, layers, names, cenLon } }: Case): object | undefined {
  const byDefault = format === 'auto' && layers === 1 && Object.keys(names).length === 0 && cenLon === undefined;
  return byDefault ? undefined : { format, layers, names, ...(cenLon === undefined ? {} : { cenLon }) };
}

export function geographyFiles(settings: Case): string[] {
  return settings.geography ? expandGlobs(settings.geography.files) : [];
}

/** File that `simulate` writes. */
export function simulatedFile(dir: string, run: string, kind: 'EMIS' | 'ACONC' | 'LAYERS', period: string): string {
  return join(dir, run, `${kind}_${period}.nc`);
}

/** Whether the runs of a case have to leave their layers beside their surface concentrations: it has columns, which are compared with all of them. */
export function layersNeeded(settings: Partial<Pick<Case, 'columns'>>): boolean {
  return columnEntries(settings).length > 0;
}

/** Variables of the gases that the columns of a case need, in files with layers: of the user's runs, and of those that are made. */
export function layerVariables(settings: Pick<Case, 'columns' | 'concentrations'>): Readonly<Record<Species, string>> {
  const variables: Readonly<Record<Species, string>> = settings.concentrations.layers?.variables ?? {};
  return Object.fromEntries(columnEntries(settings).map(({ gas }) => [gas, variables[gas] ?? knownSpecies(gas)!.variable]));
}

/** Beside a run's surface concentrations, ACONC_winter.nc, the file with its layers: LAYERS_winter.nc. */
export function layersBeside(output: string): string {
  return join(dirname(output), basename(output).replace(/^(?:(.*_)?ACONC)?/, '$1LAYERS'));
}

/** What a run leaves in a period. @param output - its surface concentrations */
export function filesOfRun(settings: Partial<Pick<Case, 'columns'>>, output: string): string[] {
  return layersNeeded(settings) ? [output, layersBeside(output)] : [output];
}

/** Whether a file of a run's folder is what the transport model has made of it in a period: {@link simulatedFile}. */
export function isMadeFile(name: string): boolean {
  return /^(ACONC|LAYERS)_.*\.nc$/.test(name);
}

/** Observations of a twin, written by `simulate`. */
export function twinObservationsFile(dir: string, period: string): string {
  return join(dir, `observations_${period}.csv`);
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

type Days = Pick<PeriodSettings, 'name' | 'start' | 'hours' | 'spinUpHours'>;

/** The days (UTC) of a period that hours after its spin-up lie in, ms since 1970. */
export function comparedDays({ start, hours, spinUpHours }: Omit<Days, 'name'>): number[] {
  const begin = new Date(start).getTime();
  const [first, last] = [begin + spinUpHours * HOUR_MS, begin + hours * HOUR_MS - 1].map((time) => Math.floor(time / DAY_MS));
  return Array.from({ length: last - first + 1 }, (_, day) => (first + day) * DAY_MS);
}

/** Of a twin's columns, written by `simulate`: a file for each of {@link comparedDays}, in their order. @param dir - of `simulate` */
export function twinColumnFiles(dir: string, column: string, period: Days): string[] {
  return comparedDays(period).map((day) => {
    const date = new Date(day).toISOString().slice(0, 10).replaceAll('-', '');
    return join(dir, 'columns', column, `${date}_${period.name}.nc`);
  });
}

/** Files of a column of the case, those of other periods among them. @param dir - of `simulate`, which writes those of a twin */
export function columnFiles({ name, files, twin }: Pick<ColumnEntry, 'name' | 'files' | 'twin'>, period: PeriodSettings, dir: string): string[] {
  return twin ? twinColumnFiles(dir, name, period) : expandGlobs(files ?? [], period.name);
}

/**
 * Whether a case's prior run came from elsewhere (`priorConcentrations`) while `ctm` is the reference model, which did not make it. Runs of that model beside such
 * a prior would be told apart from it by the two models' difference, not by emissions: none is made.
 */
export function hasExternalPrior({ ctm, priorConcentrations }: Pick<Case, 'ctm' | 'priorConcentrations'>): boolean {
  return ctm.kind === 'reference' && priorConcentrations !== undefined;
}

/** Whether the reference model makes the runs of the case: then it reads the emissions, too, and needs gases in moles. */
export function runsReferenceModel(settings: Pick<Case, 'ctm' | 'priorConcentrations'>): boolean {
  return settings.ctm.kind === 'reference' && !hasExternalPrior(settings);
}

/** Before runs are made. @param runs - names of those that `simulate` would make @throws {ConfigError} `CTM_FOREIGN_PRIOR` */
export function assertOwnModel(settings: Case, runs: readonly string[]): void {
  if (!hasExternalPrior(settings) || runs.length === 0) return;
  throw new ConfigError(
    'CTM_FOREIGN_PRIOR',
    `ctm: the prior run came as priorConcentrations, but ctm is the reference model, which did not make it and would make ${runs.join(', ')}: ` +
      'name the command of your model in ctm, or bring runs of it as members.runs (simulate --design writes their emissions) with response.groups: []',
  );
}

/** A run of the transport model with changed emissions, from which the surrogate learns how concentrations respond. */
export type MemberDesign =
  /** smooth random factors on all groups; `index` names the random numbers */
  | { name: string; kind: 'random'; index: number }
  /** smooth random factors on one group alone */
  | { name: string; kind: 'group'; group: Group; index: number }
  /** one factor on one group over the whole domain */
  | { name: string; kind: 'scaling'; group: Group; factor: number }
  /** one factor inside a region, on one group or on all */
  | { name: string; kind: 'region'; region: string; group?: Group; factor: number };

function memberName(index: number): string {
  return `member${String(index + 1).padStart(2, '0')}`;
}

/** A name of a region as part of a folder's name, whatever a person called it. */
function asFileName(region: string): string {
  return region.replace(/[^\p{L}\p{N}_-]+/gu, '_');
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** The members that `simulate` makes, in order; none where the case brings its own runs. */
export function memberDesigns({ members }: Pick<Case, 'members'>): MemberDesign[] {
  if (members.runs) return [];
  const { count, perGroup, scalings, regionFactors } = members;
  const groups = Object.keys(members.spread); // it names each group of the case
  return [
    ...numbers(count).map((index): MemberDesign => ({ name: memberName(index), kind: 'random', index })),
    ...groups.flatMap((group) =>
      numbers(perGroup).map((index): MemberDesign => ({ name: `${memberName(index)}-${group}`, kind: 'group', group, index })),
    ),
    ...groups.flatMap((group) => scalings.map((factor): MemberDesign => ({ name: `scaling-${group}-x${factor}`, kind: 'scaling', group, factor }))),
    ...regionFactors.map(({ region, group, factor }): MemberDesign => {
      const name = `region-${asFileName(region)}-${group ?? 'all'}-x${factor}`;
      return { name, kind: 'region', region, group, factor };
    }),
  ];
}

/** Members from which one is spared for the test. */
const ENOUGH_TO_SPARE_ONE = 6;

/** Names of the members that are not trained on, `training.testMembers`: each shows all weather that the surrogate will be used in, and emissions that it has not seen. */
export function testMembers(settings: Pick<Case, 'members'> & { training: { testMembers?: number } }): string[] {
  const candidates = testCandidates(settings);
  const count = settings.training.testMembers ?? (candidates.length >= ENOUGH_TO_SPARE_ONE ? 1 : 0);
  return candidates.slice(Math.max(0, candidates.length - count));
}

/** Members that may be kept for the test: random ones, or else all. */
export function testCandidates(settings: Pick<Case, 'members'>): string[] {
  const random = memberDesigns(settings).flatMap(({ name, kind }) => (kind === 'random' ? [name] : []));
  return random.length > 0 ? random : memberNames(settings);
}

/** Names of the members: those of the case's own runs, or of those that are to be made. */
export function memberNames(settings: Pick<Case, 'members'>): string[] {
  return (settings.members.runs ?? memberDesigns(settings)).map(({ name }) => name);
}
