/** The gridded files that a case asks for, how they are opened, and what must be readable in each, by the functions that the stages use. */
import type { CaseChannels } from '../../../base/species';
import { caseChannels, surfaceChannels, type Case, type KeyPath, type PeriodSettings } from '../../../case';
import { partsOfVariable, readConcentrationChanges, readConcentrations, readEmissions } from '../../../case/gridded/case-fields';
import { expandGlobs } from '../../../files/glob';
import type { IoapiReader } from '../../../files/ioapi/ioapi-file';
import { EMISSION_OVERLAP, IoapiSeries, OUTPUT_OVERLAP } from '../../../files/ioapi/ioapi-series';
import { readMeteorology, windSaid } from '../../../weather/meteorology';
import { openWeather } from '../../../weather/open-weather';
import { windDoubt } from '../../../weather/wind-comparison';
import type { Grid, TimeAxis } from '../../../grid/grid';
import { groupNames, modelScale, openFiles, type EmissionGroups } from '../../../inventory/reading/emission-reader';
import { openSector } from '../../../inventory/reading/point-sources';
import { groupsWithin, lackingVariables } from '../../../inventory/reading/sector-groups';
import { NEEDED_BY, weatherChannels } from '../../../transport/reference/weather-reader';
import type { Sensitivity } from '../../../assimilation/judgement/certify-sensitivities';
import { timeOf, runsReferenceModel } from '../../../case/case-runs';
import { givenPatterns, groupsIn, sectorFiles, sectorGroups, type Sector } from '../../../inventory/reading/sector-files';

/** A set of files of one kind in one period. */
export interface GridSource {
  path: KeyPath;
  pattern: string | string[];
  label: string;
  /** of a run that was brought: what stands before the number of runs in the one line for all that hold the same */
  ofRuns?: string;
  /** whether it is a part of the prior's inventory */
  isPrior?: boolean;
  /** the section that says what its files are to hold */
  asOf: 'meteorology' | 'emissions' | 'concentrations' | 'certificate';
  /** of representative days: which of the files that match are the period's, and the key that says so; by default those that hold hours of it */
  days?: { path: KeyPath; files: (period: string) => string[] };
  open: (files: string[], grid: Grid | undefined, period: PeriodSettings) => IoapiReader;
  /** reads hours of the period by the readers of the stages */
  fields: (reader: IoapiReader, hour: TimeAxis) => FieldCheck[];
  /** what is no fault, but worth knowing */
  note?: (reader: IoapiReader, time: TimeAxis) => string | undefined;
  /** what else is to be said of files that are as they should be */
  description?: (reader: IoapiReader) => string | undefined;
}

/** One variable, or group of them, that must be readable. */
interface FieldCheck {
  path: KeyPath;
  read: () => Float32Array;
  /** of emissions: the key of a molar mass, without which nothing can be said where it has a fault itself */
  molarMass?: KeyPath;
  /** the group or species that it is a part of, or the channel of the meteorology, whose mean may be worth a note */
  quantity: string;
}

/** Of the groups that hold for all emission files but those of sectors with groups of their own. */
const GROUPS_KEY: KeyPath = ['emissions', 'groups'];

/**
 * The files that a case asks for, without those of sections that could not be read.
 * @param unread - names of such sections
 */
export function gridSources(settings: Case, unread: ReadonlySet<string>): GridSource[] {
  const sources = [
    weatherSource(settings),
    ...priorSources(settings),
    ...runSources(settings),
    ...nuisanceSources(settings),
    ...settings.certificate.sensitivities.map((sensitivity, i) => sensitivitySource(sensitivity, i, surfaceChannels(settings))),
  ];
  return sources.filter(({ path, asOf }) => !unread.has(String(path[0])) && !unread.has(asOf));
}

function weatherSource(settings: Case): GridSource {
  return {
    label: 'meteorology',
    path: ['meteorology', 'files'],
    pattern: settings.meteorology.files,
    asOf: 'meteorology',
    open: (files, grid, period) => openWeather(files, { ...settings.meteorology, grid, during: timeOf(period) }),
    fields: (reader, hour) => weatherChecks(settings, reader, hour),
    note: (reader, time) => (usesWind(settings) ? windDoubt(reader, time) : undefined),
    description: (reader) => (usesWind(settings) ? windSaid(reader) : undefined),
  };
}

function usesWind(settings: Case): boolean {
  return runsReferenceModel(settings) || ['u', 'v'].some((name) => settings.meteorology.variables.includes(name));
}

/** The inventory, in one piece or in sectors, and the run on it where it was brought. */
function priorSources(settings: Case): GridSource[] {
  const { emissions, priorConcentrations } = settings;
  const inventory = [
    ...(emissions.files === undefined
      ? []
      : [emissionSource(settings, { label: 'prior emissions', path: ['emissions', 'files'], pattern: emissions.files })]),
    ...Object.entries(emissions.sectors).map(([name, { files: pattern, dates }]) =>
      sectorSource(settings, name, { label: `emissions of ${name}`, path: ['emissions', 'sectors', name, 'files'], pattern }, dates),
    ),
  ];
  return [
    ...inventory.map((source) => ({ ...source, isPrior: true })),
    ...(priorConcentrations === undefined
      ? []
      : [concentrationSource(settings, { label: 'prior run', path: ['priorConcentrations'], pattern: priorConcentrations })]),
  ];
}

/** Runs that were made outside, of members and of the certificate. */
function runSources(settings: Case): GridSource[] {
  const runs = [
    ...(settings.members.runs ?? []).map((run, i) => ({ run, path: ['members', 'runs', i] })),
    ...settings.certificate.runs.map((run, i) => ({ run, path: ['certificate', 'runs', i] })),
  ];
  return runs.flatMap(({ run: { name, emissions, concentrations }, path }) => [
    ...givenPatterns(settings, emissions).map(({ sector, pattern }): GridSource => {
      const ofRuns = sector === undefined ? 'emissions of ' : `emissions of ${sector} of `;
      const files = { label: `${ofRuns}${name}`, path: [...path, 'emissions'], pattern };
      return { ...(sector === undefined ? emissionSource(settings, files) : sectorSource(settings, sector, files)), ofRuns };
    }),
    { ...concentrationSource(settings, { label: `run ${name}`, path: [...path, 'concentrations'], pattern: concentrations }), ofRuns: '' },
  ]);
}

function nuisanceSources(settings: Case): GridSource[] {
  return settings.inversion.nuisance.runs.flatMap(({ name, concentrations: pattern }, i) => {
    const path = ['inversion', 'nuisance', 'runs', i, 'concentrations'];
    return pattern === undefined ? [] : [concentrationSource(settings, { label: `nuisance run ${name}`, path, pattern })];
  });
}

function sensitivitySource({ name, files: pattern, variables }: Sensitivity, i: number, channels: CaseChannels): GridSource {
  const path: KeyPath = ['certificate', 'sensitivities', i];
  return {
    label: `sensitivity ${name}`,
    path: [...path, 'files'],
    pattern,
    asOf: 'certificate',
    open: (files, grid) => IoapiSeries.open(files, { grid }),
    fields: (reader, hour) => sensitivityChecks([...path, 'variables'], variables, channels, reader, hour),
  };
}

type Files = Pick<GridSource, 'label' | 'path' | 'pattern'>;

function emissionSource(settings: Case, files: Files): GridSource {
  return {
    ...files,
    asOf: 'emissions',
    open: (paths, grid) => IoapiSeries.open(paths, { grid, overlap: EMISSION_OVERLAP }),
    fields: (reader, hour) => emissionChecks(settings, settings.emissions.groups, { variables: GROUPS_KEY }, reader, hour),
  };
}

/** Files of a sector, or of the rest, which no sector has. */
function sectorSource(settings: Case, name: string, files: Files, dates?: Sector['dates']): GridSource {
  const { emissions: inventory } = settings;
  const sector = inventory.sectors[name];
  if (!sector) return emissionSource(settings, files); // the rest
  const { stackGroups, partial } = sector;
  const filesIn = (period: string): ReturnType<typeof sectorFiles> => sectorFiles(settings, { files: files.pattern, dates }, period);
  const groups = sectorGroups(sector.groups, caseChannels(settings).groups) ?? inventory.groups;
  const keys: KeyPath = ['emissions', 'sectors', name];
  const keysOfGroups = sector.groups ? { variables: [...keys, 'groups'] } : { variables: keys, molarMasses: GROUPS_KEY };
  return {
    ...files,
    asOf: 'emissions',
    days: dates && { path: [...keys, 'dates'], files: (period) => filesIn(period).files },
    open: (paths, grid, { name: period }) => {
      const { days } = filesIn(period);
      // Without the case's grid nothing can be said of where points are.
      if (!grid) return openFiles({ files: paths, days });
      const stacks = stackGroups === undefined ? {} : { stackGroups: expandGlobs(stackGroups, period) };
      return openSector({ name, files: paths, days, groups: groupsIn({ name, ...sector }, inventory.groups, paths), ...stacks }, grid);
    },
    fields: (reader, hour) => emissionChecks(settings, groupsWithin(groups, heldBy(reader)), keysOfGroups, reader, hour),
    note: (reader) => (partial ? lackingNote(lackingVariables(groups, heldBy(reader)), groups) : undefined),
  };
}

function concentrationSource(settings: Case, files: Files): GridSource {
  return {
    ...files,
    asOf: 'concentrations',
    open: (paths, grid) => IoapiSeries.open(paths, { grid, overlap: OUTPUT_OVERLAP }),
    fields: (reader, hour) => concentrationChecks(settings, reader, hour),
  };
}

function weatherChecks(settings: Case, reader: IoapiReader, hour: TimeAxis): FieldCheck[] {
  const { variables } = settings.meteorology;
  const needed = runsReferenceModel(settings) ? weatherChannels(reader) : [];
  const further = needed.filter((name) => !variables.includes(name));
  const check = (name: string, path: KeyPath): FieldCheck => ({
    quantity: name,
    path,
    read: () => readMeteorology(reader, hour, [name], needed.includes(name) ? { neededBy: NEEDED_BY } : {}),
  });
  return [
    ...variables.map((name, i) => check(name, ['meteorology', 'variables', i])),
    ...further.map((name) => check(name, ['meteorology', 'files'])),
  ];
}

function heldBy(reader: IoapiReader): ReadonlySet<string> {
  return new Set(reader.variables.map(({ name }) => name));
}

function lackingNote(lacking: readonly string[], groups: EmissionGroups): string | undefined {
  const total = Object.values(groups).reduce((sum, { variables }) => sum + variables.length, 0);
  return lacking.length === 0 ? undefined : `${lacking.length} of the ${total} variables of the groups are not in its files and count as zero`;
}

/** @param keys - of the groups, and where others say their molar masses, of those */
function emissionChecks(
  settings: Case,
  groups: EmissionGroups,
  { variables: path, molarMasses = path }: { variables: KeyPath; molarMasses?: KeyPath },
  reader: IoapiReader,
  hour: TimeAxis,
): FieldCheck[] {
  // What the stages read as mass the reference model needs in moles.
  const inMoles = runsReferenceModel(settings);
  return groupNames(groups).flatMap((group) => {
    const { variables, molarMass } = groups[group];
    return variables.map((name, i) => ({
      quantity: group,
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
  const channels = surfaceChannels(settings);
  return channels.species.flatMap((species) =>
    partsOfVariable(settings.concentrations.variables[species]).map(([name]) => ({
      quantity: species,
      path: ['concentrations', 'variables', species],
      read: () => readConcentrations(reader, hour, { [species]: name }, channels.units),
    })),
  );
}

function sensitivityChecks(
  path: KeyPath,
  variables: Sensitivity['variables'],
  { species: names, units }: CaseChannels,
  reader: IoapiReader,
  hour: TimeAxis,
): FieldCheck[] {
  return names.flatMap((species) => {
    const name = variables[species];
    return name === undefined
      ? []
      : [{ quantity: species, path: [...path, species], read: () => readConcentrationChanges(reader, hour, { [species]: name }, units) }];
  });
}
