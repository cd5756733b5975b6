/**
 * The gridded files of a case, held against what the stages ask of them: they can be read, lie on the case's grid, cover the periods, and hold the
 * variables in units that can be converted.
 *
 * Fields are read by the functions that the stages use, three hours of each variable (the first, middle and last of the period): what only other
 * hours hold is found by `prepare`.
 */
import { GROUPS, SPECIES, type Case, type Group, type KeyPath, type PeriodSettings } from '../../data/case';
import { partsOfVariable, readConcentrationChanges, readConcentrations, readEmissions, readGeography } from '../../data/case-fields';
import { expandGlobs } from '../../data/glob';
import { EMISSION_OVERLAP, filesWithin, IoapiFile, IoapiSeries, OUTPUT_OVERLAP, type IoapiReader } from '../../data/ioapi';
import { timeAt } from '../../data/ioapi-time';
import { readMeteorology } from '../../data/meteorology';
import { openNetcdf } from '../../data/netcdf-access';
import { firstStepOf } from '../../data/period-steps';
import { openWeather } from '../../data/weather/open-weather';
import { GridError } from '../../errors';
import type { Grid, TimeAxis } from '../../grid/grid';
import { readTruthFactors } from '../../worlds/truth-factors';
import { modelScale, openFiles, type EmissionGroups } from '../../transport/emission-reader';
import { openSector } from '../../transport/point-sources';
import { groupsWithin, lackingVariables } from '../../transport/sector-groups';
import { NEEDED_BY, weatherChannels } from '../../transport/weather-reader';
import type { Sensitivity } from '../certify/certify-sensitivities';
import { timeOf } from '../simulate/case-runs';
import { runsReferenceModel } from '../simulate/foreign-prior';
import { givenPatterns, groupsIn, priorSectors, sectorFiles, sectorGroups, type Sector } from '../simulate/sector-files';
import type { Findings } from './findings';

/** A set of files of one kind in one period. */
interface Source {
  path: KeyPath;
  pattern: string | string[];
  what: string;
  /** of a run that was brought: what stands before the number of runs in the one line for all that hold the same */
  ofRuns?: string;
  /** the section that says what its files are to hold */
  asOf: 'meteorology' | 'emissions' | 'concentrations' | 'certificate';
  /** of representative days: which of the files that match are the period's, and the key that says so; by default those that hold hours of it */
  days?: { path: KeyPath; files: (period: string) => string[] };
  open: (files: string[], grid: Grid | undefined, period: PeriodSettings) => IoapiReader;
  /** reads hours of the period by the readers of the stages */
  fields: (reader: IoapiReader, hour: TimeAxis) => FieldCheck[];
  /** what is no fault, but worth knowing */
  note?: (reader: IoapiReader) => string | undefined;
}

/** One variable, or group of them, that must be readable. */
interface FieldCheck {
  path: KeyPath;
  read: () => Float32Array;
  /** of emissions: the key of a molar mass, without which nothing can be said where it has a fault itself */
  molarMass?: KeyPath;
  /** of emissions: that nothing is emitted of it is worth a note */
  group?: Group;
}

/** Of the groups that hold for all emission files but those of sectors with groups of their own. */
const GROUPS_KEY: KeyPath = ['emissions', 'groups'];

export interface GriddedCheck {
  /** read fields, too; else headers only */
  values: boolean;
}

/** Files of the case by section; sections that could not be read are left out. */
export async function checkGriddedInputs(
  findings: Findings,
  settings: Case,
  unread: ReadonlySet<string>,
  grid: Grid | undefined,
  { values }: GriddedCheck,
): Promise<void> {
  if (settings.geography && !unread.has('geography')) await checkGeography(findings, settings, grid);
  if (unread.has('periods')) return;
  await checkPeriods(findings, settings, unread, grid, values);
  // What is wrong with the files of one sector has been told; here it is what those of several have in common.
  if (unread.has('emissions') || findings.hasFaultWithin('emissions')) return;
  for (const { name } of settings.periods) await findings.attempt(['emissions', 'sectors'], () => priorSectors(settings, name));
}

async function checkPeriods(findings: Findings, settings: Case, unread: ReadonlySet<string>, grid: Grid | undefined, values: boolean): Promise<void> {
  for (const period of settings.periods) {
    const right: Right[] = [];
    for (const source of sourcesOf(settings, unread)) {
      const holds = await checkSource(findings, source, period, grid, values);
      if (holds !== undefined) right.push({ source, holds });
    }
    findings.right.push(...rightLines(right, period.name));
    if (settings.truth && grid && !unread.has('truth')) {
      const { factors } = settings.truth;
      await findings.attempt(['truth', 'factors'], () => readTruthFactors(factors, grid, period.name));
    }
  }
}

function sourcesOf(settings: Case, unread: ReadonlySet<string>): Source[] {
  const { emissions: inventory } = settings;
  // What the stages read as mass the reference model needs in moles.
  const inMoles = runsReferenceModel(settings);
  const emissions = (what: string, path: KeyPath, pattern: string | string[]): Source => ({
    ...{ what, path, pattern, asOf: 'emissions' },
    open: (files, grid) => IoapiSeries.open(files, { grid, overlap: EMISSION_OVERLAP }),
    fields: (reader, hour) => emissionChecks(inventory.groups, { variables: GROUPS_KEY }, reader, hour, inMoles),
  });
  const ofSector = (name: string, what: string, path: KeyPath, pattern: string | string[], dates?: Sector['dates']): Source => {
    const sector = inventory.sectors[name];
    if (!sector) return emissions(`emissions of ${what}`, path, pattern); // the rest
    const { stackGroups, partial } = sector;
    const filesIn = (period: string): ReturnType<typeof sectorFiles> => sectorFiles(settings, { files: pattern, dates }, period);
    const groups = sectorGroups(sector.groups) ?? inventory.groups;
    const keys: KeyPath = ['emissions', 'sectors', name];
    const keysOfGroups = sector.groups ? { variables: [...keys, 'groups'] } : { variables: keys, molarMasses: GROUPS_KEY };
    return {
      ...{ what: `emissions of ${what}`, path, pattern, asOf: 'emissions' },
      days: dates && { path: [...keys, 'dates'], files: (period) => filesIn(period).files },
      open: (files, grid, { name: period }) => {
        const { days } = filesIn(period);
        // Without the case's grid nothing can be said of where points are.
        if (!grid) return openFiles({ files, days });
        const stacks = stackGroups === undefined ? {} : { stackGroups: expandGlobs(stackGroups, period) };
        return openSector({ name, files, days, groups: groupsIn({ name, ...sector }, inventory.groups, files), ...stacks }, grid);
      },
      fields: (reader, hour) => emissionChecks(groupsWithin(groups, heldBy(reader)), keysOfGroups, reader, hour, inMoles),
      note: (reader) => (partial ? lackingNote(lackingVariables(groups, heldBy(reader)), groups) : undefined),
    };
  };
  const concentrations = (what: string, path: KeyPath, pattern: string): Source => ({
    ...{ what, path, pattern, asOf: 'concentrations' },
    open: (files, grid) => IoapiSeries.open(files, { grid, overlap: OUTPUT_OVERLAP }),
    fields: (reader, hour) => concentrationChecks(settings, reader, hour),
  });
  const outside = [
    ...(settings.members.runs ?? []).map((run, i) => ({ run, path: ['members', 'runs', i] })),
    ...settings.certificate.runs.map((run, i) => ({ run, path: ['certificate', 'runs', i] })),
  ];
  const nuisance = settings.inversion.nuisance.runs.flatMap(({ name, concentrations: pattern }, i) =>
    pattern === undefined ? [] : [concentrations(`nuisance run ${name}`, ['inversion', 'nuisance', 'runs', i, 'concentrations'], pattern)],
  );
  const sensitivities = settings.certificate.sensitivities.map(({ name, files: pattern, variables }, i): Source => {
    const path: KeyPath = ['certificate', 'sensitivities', i];
    return {
      ...{ what: `sensitivity ${name}`, path: [...path, 'files'], pattern, asOf: 'certificate' },
      open: (files, grid) => IoapiSeries.open(files, { grid }),
      fields: (reader, hour) => sensitivityChecks([...path, 'variables'], variables, reader, hour),
    };
  });
  const sources: Source[] = [
    {
      what: 'meteorology',
      path: ['meteorology', 'files'],
      pattern: settings.meteorology.files,
      asOf: 'meteorology',
      open: (files, grid, period) => openWeather(files, { ...settings.meteorology, grid, during: timeOf(period) }),
      fields: (reader, hour) => weatherChecks(settings, reader, hour),
    },
    ...(inventory.files === undefined ? [] : [emissions('prior emissions', ['emissions', 'files'], inventory.files)]),
    ...Object.entries(inventory.sectors).map(([name, { files, dates }]) =>
      ofSector(name, name, ['emissions', 'sectors', name, 'files'], files, dates),
    ),
    ...(settings.priorConcentrations === undefined ? [] : [concentrations('prior run', ['priorConcentrations'], settings.priorConcentrations)]),
    ...outside.flatMap(({ run, path }) => [
      ...givenPatterns(settings, run.emissions).map(({ sector, pattern }) => ({
        ...(sector === undefined
          ? emissions(`emissions of ${run.name}`, [...path, 'emissions'], pattern)
          : ofSector(sector, `${sector} of ${run.name}`, [...path, 'emissions'], pattern)),
        ofRuns: sector === undefined ? 'emissions of ' : `emissions of ${sector} of `,
      })),
      { ...concentrations(`run ${run.name}`, [...path, 'concentrations'], run.concentrations), ofRuns: '' },
    ]),
    ...nuisance,
    ...sensitivities,
  ];
  return sources.filter(({ path, asOf }) => !unread.has(String(path[0])) && !unread.has(asOf));
}

function weatherChecks(settings: Case, reader: IoapiReader, hour: TimeAxis): FieldCheck[] {
  const { variables } = settings.meteorology;
  const needed = runsReferenceModel(settings) ? weatherChannels(reader) : [];
  const others = needed.filter((name) => !variables.includes(name));
  const check = (name: string, path: KeyPath): FieldCheck => ({
    path,
    read: () => readMeteorology(reader, hour, [name], needed.includes(name) ? { neededBy: NEEDED_BY } : {}),
  });
  return [
    ...variables.map((name, i) => check(name, ['meteorology', 'variables', i])),
    ...others.map((name) => check(name, ['meteorology', 'files'])),
  ];
}

function heldBy(reader: IoapiReader): ReadonlySet<string> {
  return new Set(reader.variables.map(({ name }) => name));
}

function lackingNote(lacking: readonly string[], groups: EmissionGroups): string | undefined {
  const all = GROUPS.reduce((sum, group) => sum + groups[group].variables.length, 0);
  return lacking.length === 0 ? undefined : `${lacking.length} of the ${all} variables of the groups are not in its files and count as zero`;
}

/**
 * @param keys - of the groups, and where others say their molar masses, of those
 * @param inMoles - the reference model reads the files, too
 */
function emissionChecks(
  groups: EmissionGroups,
  { variables: path, molarMasses = path }: { variables: KeyPath; molarMasses?: KeyPath },
  reader: IoapiReader,
  hour: TimeAxis,
  inMoles: boolean,
): FieldCheck[] {
  return GROUPS.flatMap((group) => {
    const { variables, molarMass } = groups[group];
    return variables.map((name, i) => ({
      group,
      molarMass: [...molarMasses, group, 'molarMass'],
      path: [...path, group, 'variables', i],
      read: () => {
        const emissions = readEmissions(reader, hour, { [group]: { variables: [name], molarMass } });
        if (inMoles) modelScale(reader, group, name, { molarMass });
        return emissions;
      },
    }));
  });
}

function concentrationChecks(settings: Case, reader: IoapiReader, hour: TimeAxis): FieldCheck[] {
  return SPECIES.flatMap((species) =>
    partsOfVariable(settings.concentrations.variables[species]).map(([name]) => ({
      path: ['concentrations', 'variables', species],
      read: () => readConcentrations(reader, hour, { [species]: name }),
    })),
  );
}

function sensitivityChecks(path: KeyPath, variables: Sensitivity['variables'], reader: IoapiReader, hour: TimeAxis): FieldCheck[] {
  return SPECIES.flatMap((species) => {
    const name = variables[species];
    return name === undefined ? [] : [{ path: [...path, species], read: () => readConcentrationChanges(reader, hour, { [species]: name }) }];
  });
}

/** A source that is as it should be. */
interface Right {
  source: Source;
  /** of {@link checkSource} */
  holds: string;
}

/** A line for each, or for all runs that hold the same. */
function rightLines(right: readonly Right[], period: string): string[] {
  const lines = new Map<string, Right[]>();
  for (const each of right) {
    const { source, holds } = each;
    const line = `${source.ofRuns ?? source.what}: ${holds}`;
    lines.set(line, [...(lines.get(line) ?? []), each]);
  }
  return [...lines.values()].flatMap((alike) => {
    const [{ source, holds }] = alike;
    return alike.length > 1 && source.ofRuns !== undefined
      ? [`${source.ofRuns}${alike.length} runs, ${period}: ${holds} each`]
      : alike.map((each) => `${each.source.what}, ${period}: ${holds}`);
  });
}

/** @returns how many files and hours it holds, if it is as it should be */
async function checkSource(
  findings: Findings,
  source: Source,
  period: PeriodSettings,
  grid: Grid | undefined,
  values: boolean,
): Promise<string | undefined> {
  const { path, what, pattern, days } = source;
  const found = await findings.attempt(path, () => expandGlobs(pattern, period.name));
  const files = found && (await findings.attempt(days?.path ?? path, () => days?.files(period.name) ?? filesWithin(found, timeOf(period))));
  const series = files && (await openSeries(findings, source, files, grid, period));
  if (!series) return undefined;
  const before = findings.problems.length;
  try {
    const time = timeOf(period);
    const first = await findings.attempt(path, () => firstStepOf(series, time));
    const hours = first === undefined ? [{ ...series.time, count: 1 }] : sampledHours(time);
    if (values && series.time.stepSeconds === time.stepSeconds) await checkFields(findings, source, series, hours, period.name);
    const notes = [source.note?.(series), ...(series.notes ?? [])].filter((note) => note !== undefined);
    findings.notes.push(...notes.map((note) => `${what}, ${period.name}: ${note}`));
  } finally {
    series.close();
  }
  if (findings.problems.length > before) return undefined;
  const count = `${files.length} ${files.length === 1 ? 'file' : 'files'}`;
  return `${count}, ${series.time.count} hours${others(found.length - files.length, days !== undefined)}`;
}

/** How many files match the pattern, but are none of the period's. */
function others(count: number, standing: boolean): string {
  if (count === 0) return '';
  const one = count === 1;
  return ` (${count} more ${standing ? `${one ? 'stands' : 'stand'} for no date` : `${one ? 'holds' : 'hold'} no hour`} of the period)`;
}

/** The series; where it cannot be made, all of its files are looked at, so that each broken one is named. */
async function openSeries(
  findings: Findings,
  { path, open }: Source,
  files: string[],
  grid: Grid | undefined,
  period: PeriodSettings,
): Promise<IoapiReader | undefined> {
  const before = findings.problems.length;
  for (const file of files) await findings.attempt(path, () => openAlone(file));
  if (findings.problems.length > before) return undefined;
  return findings.attempt(path, () => openedOn(grid, () => open(files, grid, period)));
}

/** Where the case's grid is not known, that has been told: what is said of other grids for want of it (MCIP's dots beside its cells, WRF) is no fault. */
function openedOn<T>(grid: Grid | undefined, open: () => T): T | undefined {
  try {
    return open();
  } catch (error) {
    if (!grid && error instanceof GridError) return undefined;
    throw error;
  }
}

/** By itself, on whatever grid it is: an I/O API file as one, others (WRF's, CF) as netCDF. */
function openAlone(path: string): void {
  const file = openNetcdf(path);
  const isIoapi = file.attributes().has('FTYPE');
  file.close();
  if (isIoapi) IoapiFile.open(path).close();
}

/** The first, middle and last hour. */
function sampledHours(time: TimeAxis): TimeAxis[] {
  const steps = new Set([0, Math.floor(time.count / 2), time.count - 1]);
  return [...steps].map((step) => ({ ...time, start: timeAt(time, step), count: 1 }));
}

/** Each variable until its first problem; then what no cell emits. */
async function checkFields(findings: Findings, source: Source, reader: IoapiReader, hours: TimeAxis[], period: string): Promise<void> {
  const failed = new Set<number>();
  const emitted = new Map<Group, boolean>();
  for (const hour of hours) {
    for (const [i, { path, molarMass, read, group }] of source.fields(reader, hour).entries()) {
      if (failed.has(i) || (molarMass && findings.hasFault(molarMass))) continue;
      const values = await findings.attempt(path, read);
      if (values === undefined) failed.add(i);
      if (group !== undefined) emitted.set(group, emitted.get(group) === true || (values?.some((value) => value !== 0) ?? true));
    }
  }
  for (const [group, any] of emitted) {
    if (!any) findings.notes.push(`${source.what}, ${period}: ${group} is 0 in every cell of the hours that were looked at`);
  }
}

async function checkGeography(findings: Findings, settings: Case, grid: Grid | undefined): Promise<void> {
  const { geography } = settings;
  if (!geography) return;
  const path = ['geography', 'files'];
  const file = await findings.attempt(path, () => openedOn(grid, () => openWeather(expandGlobs(geography.files), { grid })));
  if (!file) return;
  const before = findings.problems.length;
  try {
    for (const [i, name] of geography.variables.entries()) await findings.attempt(['geography', 'variables', i], () => readGeography(file, [name]));
  } finally {
    file.close();
  }
  if (findings.problems.length === before) findings.right.push(`geography: ${geography.variables.join(', ')}`);
}
