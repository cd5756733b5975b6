/** `design.json`: the ensemble design as a file that says to people and scripts which runs there are and what becomes of them. */
import { dirname, join, relative } from 'node:path';
import type { Species } from '../../base/species';
import { caseChannels, memberDesigns, type Case, type MemberDesign } from '../../case';
import type { Grid, GridDefinition } from '../../grid/grid';
import type { EmissionGroups } from '../../inventory/reading/emission-reader';
import { memberStream, designedRegions, stretchCount } from '../../transport/members';
import { membersOfPeriod, simulatedFile } from '../../case/case-runs';
import { filesOf, priorSectors, sectorGroups, sectorNames, simulatedEmissions } from '../../inventory/reading/sector-files';
import { VERSIONS } from '../../base/process';

export const MANIFEST = 'design.json';

/** Of an inventory in one piece, or by the name of each sector. */
type BySector<T> = T | Record<string, T>;

function bySector<T>(settings: Case, valueOf: (sector?: string) => T): BySector<T> {
  const names = sectorNames(settings);
  return names ? Object.fromEntries(names.map((name) => [name, valueOf(name)])) : valueOf();
}

/** A member and its files; paths are relative to the manifest. */
interface DesignedMember {
  name: string;
  kind: MemberDesign['kind'];
  group?: string;
  region?: string;
  factor?: number;
  /** of random factors: the seed, and by period and stretch the labels of the streams of random numbers */
  seed?: number;
  runs: { period: string; emissions: BySector<string>; concentrations: string; streams?: string[] }[];
}

interface DesignManifest {
  about: string;
  case: string;
  retroplume: string;
  grid: GridDefinition;
  periods: { name: string; start: string; hours: number; spinUpHours: number }[];
  /** how the groups are made up; a factor on a group multiplies these variables, all layers alike; of a sector that has groups of its own, its own */
  groups: Case['emissions']['groups'];
  sectorGroups?: Record<string, EmissionGroups>;
  /** of random factors: standard deviation of the natural logarithm, correlation length, hours after which they are others (none: never in a period) */
  random: Pick<Case['members'], 'seed' | 'spread' | 'lengthKm' | 'stretchHours'>;
  regions: Case['regions'];
  /** emission files of the prior run, which is not a member; of sectors with representative days also which file is taken for which date */
  prior: { period: string; emissions: BySector<string[]>; days?: Record<string, Record<string, string>> }[];
  members: DesignedMember[];
  expected: { concentrations: string; variables: Record<Species, { variable: string; unit: string }> };
  /** keys of the case file, to be pasted there; paths are relative to the case file */
  caseKeys: { members: { runs: { name: string; emissions: string; concentrations: string }[] } };
}

const EXPECTED =
  'For every run a gridded I/O API file at the path "concentrations": hourly means at the surface (the lowest layer is read), on this grid, for every hour ' +
  'of the period, spin-up included, under the same meteorology as the prior run. Other files and names will do if caseKeys is changed to match.';

const ABOUT =
  'The ensemble design of a Retroplume case: emission files of members, to be run by the transport model. Put the concentrations where "concentrations" ' +
  'says, then the keys in caseKeys into the case file, with the prior run as priorConcentrations.';

function memberOf(settings: Case, design: MemberDesign): DesignedMember {
  const { periods, members } = settings;
  const { name, kind } = design;
  const random = design.kind === 'random' || design.kind === 'group';
  return {
    name,
    kind,
    ...('group' in design ? { group: design.group ?? 'all' } : { group: 'all' }),
    ...('region' in design ? { region: design.region } : {}),
    ...('factor' in design ? { factor: design.factor } : {}),
    ...(random ? { seed: members.seed } : {}),
    runs: periods
      .filter((period) => membersOfPeriod(settings, period).includes(name))
      .map(({ name: period, hours }) => ({
        period,
        emissions: bySector(settings, (sector) => simulatedEmissions('', name, period, sector)),
        concentrations: simulatedFile('', name, 'ACONC', period),
        ...(random
          ? { streams: Array.from({ length: stretchCount(settings, { hours }) }, (_, stretch) => memberStream({ ...design, period, stretch })) }
          : {}),
      })),
  };
}

/** The manifest of a design whose files lie in `dir`. */
export function designManifest(settings: Case, grid: Grid, dir: string): DesignManifest {
  const { seed, spread, lengthKm, stretchHours } = settings.members;
  const { variables } = settings.concentrations;
  const { groups, species, units } = caseChannels(settings);
  const fromCase = relative(dirname(settings.file), dir);
  const ownGroups = Object.fromEntries(
    Object.entries(settings.emissions.sectors).flatMap(([name, sector]) => {
      const variables = sectorGroups(sector.groups, groups);
      return variables ? [[name, variables]] : [];
    }),
  );
  return {
    about: ABOUT,
    case: settings.name,
    retroplume: VERSIONS.retroplume,
    grid: grid.definition,
    periods: settings.periods.map(({ name, start, hours, spinUpHours }) => ({ name, start: start.toISOString(), hours, spinUpHours })),
    groups: settings.emissions.groups,
    ...(Object.keys(ownGroups).length > 0 ? { sectorGroups: ownGroups } : {}),
    random: { seed, spread, lengthKm, stretchHours },
    regions: designedRegions(settings),
    prior: settings.periods.map(({ name }) => {
      const sectors = priorSectors(settings, name);
      const days = sectors.flatMap((sector) =>
        sector.days ? [[sector.name, Object.fromEntries(sector.days.map(({ date, path }) => [date.toISOString().slice(0, 10), path]))] as const] : [],
      );
      return {
        period: name,
        ...(days.length > 0 ? { days: Object.fromEntries(days) } : {}),
        emissions: bySector(settings, (sector) => filesOf(sectors.filter((entry) => sector === undefined || entry.name === sector))),
      };
    }),
    members: memberDesigns(settings).map((design) => memberOf(settings, design)),
    expected: {
      concentrations: EXPECTED,
      variables: Object.fromEntries(
        species.map((name) => [name, { variable: variables[name], unit: units[name] }]),
      ) as DesignManifest['expected']['variables'],
    },
    caseKeys: {
      members: {
        runs: memberDesigns(settings).map(({ name }) => ({
          name,
          emissions: join(fromCase, simulatedEmissions('', name, '{period}', sectorNames(settings) ? '{sector}' : undefined)),
          concentrations: join(fromCase, simulatedFile('', name, 'ACONC', '{period}')),
        })),
      },
    },
  };
}

export function manifestText(manifest: DesignManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
