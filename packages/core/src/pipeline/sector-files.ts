/** The emission files of the runs of a case, by sector. */
import { existsSync } from 'node:fs';
import { GROUPS, REST, type Case } from '../data/case';
import { ConfigError } from '../errors';
import { expandGlobs } from '../data/glob';
import type { EmissionGroups, SectorFiles } from '../transport/emission-reader';
import type { Grid } from '../grid/grid';
import { writeScaledEmissions } from '../transport/members';
import { pointsOf } from '../transport/point-sources';
import { groupsOfPartial } from '../transport/sector-groups';
import { hourlyFiles, PRIOR, simulatedFile } from './case-runs';
import type { StageContext } from './stage';

/** Emission files, by sector, and concentration files of one run in one period. */
export interface RunFiles {
  emissions: SectorFiles[];
  concentrations: string[];
}

export function priorEmissionFiles(settings: Case, period: string): string[] {
  return filesOf(priorSectors(settings, period));
}

/** The prior's files of a period by sector; those of `emissions.files` are the sector {@link REST}. @throws {ConfigError} `SECTOR_FILES` */
export function priorSectors(settings: Case, period: string): SectorFiles[] {
  const { files, groups, sectors } = settings.emissions;
  const filesIn = (patterns: string | string[]): string[] => hourlyFiles(settings, patterns, period);
  const all = [
    ...(files === undefined ? [] : [{ name: REST, files: filesIn(files), groups }]),
    ...Object.entries(sectors).map(([name, { files: pattern, stackGroups, ...of }]) => {
      const found = filesIn(pattern);
      return {
        name,
        files: found,
        groups: groupsIn({ name, ...of }, groups, found),
        ...(stackGroups === undefined ? {} : { stackGroups: expandGlobs(stackGroups, period) }),
      };
    }),
  ];
  const holder = new Map<string, string>();
  for (const { name, files: own } of all) {
    for (const path of own) {
      const other = holder.get(path);
      if (other !== undefined) {
        throw new ConfigError(
          'SECTOR_FILES',
          `${path}: the file is in the sectors ${other} and ${name}, and would count twice: give each sector files of its own`,
        );
      }
      holder.set(path, name);
    }
  }
  return all;
}

/** Groups of a sector that names its own: of those that it does not name it emits nothing. */
export function sectorGroups(own: Case['emissions']['sectors'][string]['groups']): EmissionGroups | undefined {
  return own && (Object.fromEntries(GROUPS.map((group) => [group, own[group] ?? { variables: [] }])) as unknown as EmissionGroups);
}

/** What makes up the groups in the files of a sector. @param shared - `emissions.groups` @throws {DataError} `VARIABLE_MISSING` */
export function groupsIn(
  { name, groups: own, partial }: { name: string } & Pick<Case['emissions']['sectors'][string], 'groups' | 'partial'>,
  shared: EmissionGroups,
  files: readonly string[],
): EmissionGroups {
  const groups = sectorGroups(own) ?? shared;
  return partial ? groupsOfPartial(name, groups, files) : groups;
}

/** A part of the settings of stages that read emissions; a case without sectors has the keys that it had. */
export function sectorSettings({ emissions }: Case): object {
  const sectors = Object.entries(emissions.sectors).map(([name, { groups, stackGroups, partial }]) => ({
    name,
    groups,
    ...(partial ? { partial } : {}),
    ...(stackGroups === undefined ? {} : { points: true }),
  }));
  return sectors.length > 0 ? { sectors, rest: emissions.files !== undefined } : {};
}

/** All that decides the prior's emissions: for the hashes of stages. */
export function priorEmissionInputs(settings: Case, period: string): string[] {
  return priorSectors(settings, period).flatMap(({ files, stackGroups }) => [...files, ...(stackGroups ?? [])]);
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
  return priorSectors(settings, period).map((sector) => ({
    ...sector,
    files: [simulatedEmissions(dir, run, period, inSectors ? sector.name : undefined)],
  }));
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
  return givenPatterns(settings, emissions).map(({ sector, pattern }) => ({
    ...(prior.find(({ name }) => name === sector) ?? { name: REST, groups: settings.emissions.groups }),
    files: hourlyFiles(settings, pattern, period),
  }));
}

/** Writes those that are not there: the prior's with the factors of the run on them. @param factors - `[H, W, 5]` */
export function writeSectors(
  settings: Case,
  period: string,
  sectors: readonly SectorFiles[],
  grid: Grid,
  factors: () => Parameters<typeof writeScaledEmissions>[2],
): void {
  const prior = priorSectors(settings, period);
  sectors.forEach((sector, s) => {
    const [path] = sector.files;
    if (!existsSync(path)) writeScaledEmissions(prior[s].files, path, factors(), sector.groups, { grid, points: pointsOf(sector, grid) });
  });
}

/** Files of a run that the surrogate learns from. */
export function runFiles(context: StageContext, run: string, period: string): RunFiles {
  const { case: settings } = context;
  const simulate = context.dirOf('simulate');
  const given = settings.members.runs?.find(({ name }) => name === run);
  if (given) {
    return { emissions: givenSectors(settings, given.emissions, period), concentrations: hourlyFiles(settings, given.concentrations, period) };
  }
  const concentrations =
    run === PRIOR && settings.priorConcentrations
      ? hourlyFiles(settings, settings.priorConcentrations, period)
      : [simulatedFile(simulate, run, 'ACONC', period)];
  return { emissions: run === PRIOR ? priorSectors(settings, period) : simulatedSectors(settings, simulate, run, period), concentrations };
}
