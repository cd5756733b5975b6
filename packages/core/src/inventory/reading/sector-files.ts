/** The emission files of the runs of a case, by sector, and where the updated ones are. */
import { existsSync } from 'node:fs';
import type { Group } from '../../base/species';
import { chosenLabels, REST, streamLabels, type Case } from '../../case';
import { ConfigError } from '../../base/errors';
import { expandGlobs, linkedTo } from '../../files/glob';
import { readMergeDates, representativeDays } from './representative-days';
import { groupNames, type EmissionGroups, type SectorFiles } from './emission-reader';
import type { Grid } from '../../grid/grid';
import { writeScaledEmissions } from '../scaling/scaled-emissions';
import { pointsOf } from './point-sources';
import { groupsOfPartial } from './sector-groups';
import { hourlyFiles, layersBeside, layersNeeded, PRIOR, simulatedFile, timeOf } from '../../case/case-runs';
import { basename, dirname, join } from 'node:path';

/** Emission files, by sector, and what one run has left in one period. */
export interface RunFiles {
  emissions: SectorFiles[];
  /** of its surface concentrations */
  concentrations: string[];
  /** of its layers; none where the case has no columns */
  layers: string[];
}

/** A sector of the case. */
export type Sector = Case['emissions']['sectors'][string];

/** The prior's files of a period by sector; those of `emissions.files` are the sector {@link REST}. @throws {ConfigError} `SECTOR_FILES` */
export function priorSectors(settings: Case, period: string): SectorFiles[] {
  const { files, groups, sectors } = settings.emissions;
  const labels = streamLabels(settings.emissions);
  const groupSets = [
    ...(files === undefined ? [] : [{ name: REST, label: labels.get(REST), files: hourlyFiles(settings, files, period), groups }]),
    ...Object.entries(sectors).map(([name, sector]) => {
      const sectorFileList = sectorFiles(settings, sector, period);
      return {
        name,
        label: labels.get(name),
        ...sectorFileList,
        groups: groupsIn({ name, ...sector }, groups, sectorFileList.files),
        ...(sector.stackGroups === undefined ? {} : { stackGroups: expandGlobs(sector.stackGroups, period) }),
      };
    }),
  ];
  const holder = new Map<string, string>();
  for (const { name, files: paths } of groupSets) {
    for (const path of paths) {
      const file = linkedTo(path);
      const otherSector = holder.get(file);
      if (otherSector !== undefined) {
        throw new ConfigError(
          'SECTOR_FILES',
          `${path}: the file is in the sectors ${otherSector} and ${name}, and would count twice: give each sector files of its own`,
        );
      }
      holder.set(file, name);
    }
  }
  return groupSets;
}

/** Files of a sector in a period; those of representative days with the days that they stand for. */
export function sectorFiles(
  settings: Pick<Case, 'periods'>,
  { files: patterns, dates }: Pick<Sector, 'files' | 'dates'>,
  period: string,
): Pick<SectorFiles, 'files' | 'days'> {
  if (dates === undefined) return { files: hourlyFiles(settings, patterns, period) };
  const table = readMergeDates(expandGlobs(dates.files, period), dates.column);
  const days = representativeDays(expandGlobs(patterns, period), table, timeOf(settings.periods.find(({ name }) => name === period)!));
  return { files: [...new Set(days.map(({ path }) => path))], days };
}

/** The sector in other files, which bear the dates of their hours. */
export function inFiles({ days: _representative, ...sector }: SectorFiles, files: string[]): SectorFiles {
  return { ...sector, files };
}

/** Groups of a sector that names its own: of those that it does not name it emits nothing. @param groupsOfCase - their names */
export function sectorGroups(groups: Sector['groups'], groupsOfCase: readonly Group[]): EmissionGroups | undefined {
  return groups && Object.fromEntries(groupsOfCase.map((group) => [group, groups[group] ?? { variables: [] }]));
}

/** What makes up the groups in the files of a sector. @param shared - `emissions.groups` @throws {DataError} `VARIABLE_MISSING` */
export function groupsIn(
  { name, groups: ownGroups, partial }: { name: string } & Pick<Sector, 'groups' | 'partial'>,
  shared: EmissionGroups,
  files: readonly string[],
): EmissionGroups {
  const groups = sectorGroups(ownGroups, groupNames(shared)) ?? shared;
  return partial ? groupsOfPartial(name, groups, files) : groups;
}

/** A part of the settings of stages that read emissions; a case without sectors has the keys that it had. */
export function sectorSettings({ emissions, ctm }: Case): object {
  const sectors = Object.entries(emissions.sectors).map(([name, { groups, stackGroups, partial, dates }]) => ({
    name,
    groups,
    ...(dates ? { dates: dates.column } : {}),
    ...(partial ? { partial } : {}),
    ...(stackGroups === undefined ? {} : { points: true }),
  }));
  // A transport model may have rules for streams of these labels.
  const labels = ctm.kind === 'command' ? chosenLabels(emissions) : undefined;
  return { ...(sectors.length > 0 ? { sectors, rest: emissions.files !== undefined } : {}), ...(labels ? { labels } : {}) };
}

/** What of the case says how its emission files are read: a part of the settings of parts that depend on them. */
export function inventorySettings(settings: Case): object {
  return { groups: settings.emissions.groups, ...sectorSettings(settings) };
}

/** All that decides the prior's emissions: for the hashes of stages. */
export function priorEmissionInputs(settings: Case, period: string): string[] {
  const tables = Object.values(settings.emissions.sectors).flatMap(({ dates }) => (dates ? expandGlobs(dates.files, period) : []));
  return [...priorSectors(settings, period).flatMap(({ files, stackGroups }) => [...files, ...(stackGroups ?? [])]), ...tables];
}

export function filesOf(sectors: readonly SectorFiles[]): string[] {
  return sectors.flatMap(({ files }) => files);
}

/** What a run of the transport model is given. */
export function emissionInput(sectors: readonly SectorFiles[]): { emissionFiles: string[]; sectors: readonly SectorFiles[] } {
  return { emissionFiles: filesOf(sectors), sectors };
}

/** Names of the sectors that the case's files lie in; undefined where they lie in one piece. */
export function sectorNames({ emissions: { files, sectors } }: Case): string[] | undefined {
  const names = [...(files === undefined ? [] : [REST]), ...Object.keys(sectors)];
  return names.length > 1 ? names : undefined;
}

/** Emission file of a run in `dir`. @param sector - where the case's files lie in sectors */
export function simulatedEmissions(dir: string, run: string, period: string, sector?: string): string {
  return simulatedFile(dir, run, 'EMIS', sector === undefined ? period : `${period}_${sector}`);
}

/** The emission files of a run in `dir`, one a sector: of the same sectors as the prior's. */
export function simulatedSectors(settings: Case, dir: string, run: string, period: string): SectorFiles[] {
  const inSectors = sectorNames(settings) !== undefined;
  return priorSectors(settings, period).map((sector) => inFiles(sector, [simulatedEmissions(dir, run, period, inSectors ? sector.name : undefined)]));
}

/** What stands for a sector's name in the pattern of the emissions of a run that the case brings. */
const SECTOR = '{sector}';

/** Emission files of a run that the case brings, and where in the case's pattern they are: in the prior's sectors, or the whole inventory in files of one kind. */
export function givenPatterns(settings: Case, pattern: string): { sector?: string; pattern: string }[] {
  const names = sectorNames(settings);
  if (!pattern.includes(SECTOR) || !names) return [{ pattern }];
  return names.map((sector) => ({ sector, pattern: pattern.replaceAll(SECTOR, sector) }));
}

export function givenSectors(settings: Case, emissions: string, period: string): SectorFiles[] {
  const prior = priorSectors(settings, period);
  return givenPatterns(settings, emissions).map(({ sector, pattern }) => {
    const like = prior.find(({ name }) => name === sector) ?? { name: REST, files: [], groups: settings.emissions.groups };
    return inFiles(like, hourlyFiles(settings, pattern, period));
  });
}

/** Writes those that are not there: the prior's with the factors of the run on them. @param factors - `[H, W, groups]`, or spans of time; none: as they are */
export function writeSectors(
  settings: Case,
  period: string,
  sectors: readonly SectorFiles[],
  grid: Grid,
  factors: () => Parameters<typeof writeScaledEmissions>[2],
): void {
  const prior = priorSectors(settings, period);
  sectors.forEach((sector) => {
    const [path] = sector.files;
    const { files, days } = prior.find(({ name }) => name === sector.name)!;
    if (!existsSync(path)) writeScaledEmissions(files, path, factors(), sector.groups, { grid, days, points: pointsOf(sector, grid) });
  });
}

/** Files from outside the run folder of a run that the surrogate learns from, beside the prior's emissions. */
export function broughtFiles(settings: Case, run: string, period: string): string[] {
  const memberRun = settings.members.runs?.find(({ name }) => name === run);
  if (memberRun) {
    return [
      ...filesOf(givenSectors(settings, memberRun.emissions, period)),
      ...outputFiles(settings, broughtOutput(settings, memberRun, period), period),
    ];
  }
  if (run !== PRIOR || !settings.priorConcentrations) return [];
  return outputFiles(
    settings,
    broughtOutput(settings, { concentrations: settings.priorConcentrations, layers: settings.priorLayers }, period),
    period,
  );
}

/** All files that a run's output is read from, with the meteorology of its layers: for hashes. */
export function outputFiles(settings: Case, { concentrations, layers }: Pick<RunFiles, 'concentrations' | 'layers'>, period: string): string[] {
  return [...concentrations, ...layers, ...(layers.length > 0 ? layersMeteorology(settings, period) : [])];
}

/** What a run that the case brings has left in a period. */
export function broughtOutput(
  settings: Case,
  { concentrations, layers }: { concentrations: string; layers?: string },
  period: string,
): Pick<RunFiles, 'concentrations' | 'layers'> {
  return {
    concentrations: hourlyFiles(settings, concentrations, period),
    layers: layersNeeded(settings) && layers !== undefined ? hourlyFiles(settings, layers, period) : [],
  };
}

/** What a run that is made here leaves. @param output - its surface concentrations */
export function madeOutput(settings: Partial<Pick<Case, 'columns'>>, output: string): Pick<RunFiles, 'concentrations' | 'layers'> {
  return { concentrations: [output], layers: layersNeeded(settings) ? [layersBeside(output)] : [] };
}

/** Meteorology that tells the pressures of brought layers, in a period. */
export function layersMeteorology(settings: Case, period: string): string[] {
  const { layers } = settings.concentrations;
  return layersNeeded(settings) && layers ? hourlyFiles(settings, layers.meteorology, period) : [];
}

/** Files of a run that the surrogate learns from. */
export function runFiles(context: { caseSettings: Case; dirOf: (stage: 'simulate') => string }, run: string, period: string): RunFiles {
  const { caseSettings } = context;
  const simulate = context.dirOf('simulate');
  const memberRun = caseSettings.members.runs?.find(({ name }) => name === run);
  if (memberRun) {
    return { emissions: givenSectors(caseSettings, memberRun.emissions, period), ...broughtOutput(caseSettings, memberRun, period) };
  }
  const { priorConcentrations, priorLayers } = caseSettings;
  const output =
    run === PRIOR && priorConcentrations
      ? broughtOutput(caseSettings, { concentrations: priorConcentrations, layers: priorLayers }, period)
      : madeOutput(caseSettings, simulatedFile(simulate, run, 'ACONC', period));
  return { emissions: run === PRIOR ? priorSectors(caseSettings, period) : simulatedSectors(caseSettings, simulate, run, period), ...output };
}

/** What becomes a file of its own: one of the prior, or of a representative day one for each day that it stands for. */
export interface PriorFile {
  path: string;
  /** the day that it stands for; absent: those that it bears */
  date?: Date;
}

export function priorFiles({ files, days }: Pick<SectorFiles, 'files' | 'days'>): readonly PriorFile[] {
  return days ?? files.map((path) => ({ path }));
}

/** The updated emission files of a period by sector, in the order of the prior's; all bear the dates of their hours. */
export function appliedSectors(dir: string, settings: Case, period: string): SectorFiles[] {
  const nameOf = updatedNames(settings);
  return priorSectors(settings, period).map((sector) =>
    inFiles(
      sector,
      priorFiles(sector).map((file) => join(dir, nameOf(file))),
    ),
  );
}

/**
 * How the updated files are called: as the prior's, with `.updated` before the extension, after it the date where a representative day stands for one
 * (`NAME.updated-20160118.EXT`), and folders before it where names alone are not unique.
 */
export function updatedNames(settings: Case): (file: PriorFile) => string {
  const names = namesApart([...new Set(settings.periods.flatMap(({ name }) => filesOf(priorSectors(settings, name))))]);
  return ({ path, date }) => {
    const day = date === undefined ? '' : `-${date.toISOString().slice(0, 10).replaceAll('-', '')}`;
    return names.get(path)!.replace(/(\.[^.]*)?$/, (extension) => `.updated${day}${extension}`);
  };
}

/** Names with as many folders before them as tell all apart; numbers where none do, since a/b-c and a-b/c are both a-b-c. */
function namesApart(paths: readonly string[]): Map<string, string> {
  const folded = (path: string, folders: number): string =>
    folders === 0 ? basename(path) : `${folded(dirname(path), folders - 1)}-${basename(path)}`;
  const deepest = paths.reduce((depth, path) => Math.max(depth, path.split('/').length), 0);
  for (let folders = 0; folders < deepest; folders++) {
    const names = paths.map((path) => folded(path, folders));
    if (new Set(names).size === paths.length) return new Map(paths.map((path, i) => [path, names[i]]));
  }
  return new Map(paths.map((path, i) => [path, `${i + 1}-${basename(path)}`]));
}
