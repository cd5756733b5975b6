/** Given files by what they are to the case: prior run, members, periods, parts of the inventory. */
import { stretchesOf, periodHours, sharedHours, overlap, type Hours } from './shared-hours';
import { namePeriods, partsByName, runOfName, type NamedPeriod } from './file-names';
import type { GivenField, GivenFiles } from './given-files';

/** Runs of a member: files of its emissions and of what the transport model gave for them. */
export interface GivenMember {
  name: string;
  emissions: GivenField[];
  concentrations: GivenField[];
}

export interface SortedFiles {
  weather: GivenField[];
  geography: GivenField[];
  /** the prior inventory, one list for each part of it */
  emissions: { stem: string; files: GivenField[] }[];
  /** the prior run */
  concentrations: GivenField[];
  members: GivenMember[];
  periods: NamedPeriod[];
  /** stretches of hours that are too short for a period */
  short: Hours[];
}

/** @returns the files, sorted; what is of another run goes to `given.unused` */
export function sortFiles(given: GivenFiles): SortedFiles {
  const of = (role: GivenField['role']): GivenField[] => given.fields.filter((field) => field.role === role);
  const weather = of('weather');
  const prior = priorOf(of('emissions'), given);
  const priorRun = priorOf(of('concentrations'), given);
  const hoursOf = (files: readonly GivenField[]): Hours[] => stretchesOf(files.map(({ hours }) => hours));
  const kinds = [prior, weather, priorRun].filter(({ length }) => length > 0);
  const shared = kinds.length === 0 ? [] : kinds.map(hoursOf).reduce(sharedHours);
  const { periods: hours, short } = periodHours(shared);
  const periods = namePeriods(hours, kinds);
  const inPeriods = (files: readonly GivenField[]): GivenField[] =>
    files.filter((file) => hours.length === 0 || hours.some((each) => overlap(each, file.hours) > 1)); // prettier-ignore
  const members = membersOf(of('emissions'), of('concentrations'), given, inPeriods);
  const parts = partsByName(inPeriods(prior), periods);
  return {
    weather: inPeriods(weather),
    geography: of('geography'),
    emissions: parts,
    concentrations: onePart(inPeriods(priorRun), periods, given),
    members,
    periods,
    short,
  };
}

/** Without those of members and of runs that the case does not read; where some are marked as the prior run, these. */
function priorOf(files: readonly GivenField[], given: GivenFiles): GivenField[] {
  const runs = files.map((file) => ({ file, ...runOfName(file.path) })).filter(({ member }) => member === undefined);
  const [plain, others] = [runs.filter(({ other }) => other === undefined), runs.filter(({ other }) => other !== undefined)];
  given.unused.push(...others.map(({ file, other }) => ({ path: file.path, why: `of another run than the prior one (${other}), by its name` })));
  const marked = plain.filter(({ isPrior }) => isPrior);
  if (marked.length === 0 || marked.length === plain.length) return plain.map(({ file }) => file);
  given.unused.push(...plain.filter(({ isPrior }) => !isPrior).map(({ file }) => ({ path: file.path, why: 'others are named as the prior run' })));
  return marked.map(({ file }) => file);
}

/** Of several outputs of one run beside each other the one that holds most of the species. */
function onePart(files: readonly GivenField[], periods: readonly NamedPeriod[], given: GivenFiles): GivenField[] {
  const parts = partsByName(files, periods);
  const count = (part: { files: GivenField[] }): number => Object.values(outputVariables(part.files[0])).filter((name) => name !== undefined).length;
  const [best, ...rest] = [...parts].sort((a, b) => count(b) - count(a));
  given.unused.push(...rest.flatMap((part) => part.files.map(({ path }) => ({ path, why: 'a second output of the prior run for the same hours' }))));
  return best?.files ?? [];
}

function membersOf(
  emissions: readonly GivenField[],
  concentrations: readonly GivenField[],
  given: GivenFiles,
  inPeriods: (files: readonly GivenField[]) => GivenField[],
): GivenMember[] {
  const own = (files: readonly GivenField[], name: string): GivenField[] => inPeriods(files.filter(({ path }) => runOfName(path).member === name));
  const names = new Set([...emissions, ...concentrations].flatMap(({ path }) => runOfName(path).member ?? []));
  const all = [...names].sort().map((name) => ({ name, emissions: own(emissions, name), concentrations: own(concentrations, name) }));
  const isWhole = (member: GivenMember): boolean => member.emissions.length > 0 && member.concentrations.length > 0;
  for (const { emissions, concentrations } of all.filter((member) => !isWhole(member))) {
    const why = `of a member whose ${emissions.length === 0 ? 'emissions' : 'concentrations'} are not among the files`;
    given.unused.push(...[...emissions, ...concentrations].map(({ path }) => ({ path, why })));
  }
  return all.filter(isWhole);
}

/** Names of the four species in outputs of CMAQ and of its post-processing, the best first. */
const OUTPUT = {
  NO2: ['NO2'],
  SO2: ['SO2'],
  O3: ['O3', 'OZONE'],
  'PM2.5': ['PM25_TOT', 'PM25', 'PM2.5', 'PM2_5', 'ATOTIJ', 'PM25_AVG', 'PMIJ', 'PM25AT'],
};

/** The variable of each species in an output, undefined where none is known. */
export function outputVariables({ variables }: Pick<GivenField, 'variables'>): Record<keyof typeof OUTPUT, string | undefined> {
  const found = Object.entries(OUTPUT).map(([species, names]) => [species, names.find((name) => variables.some((each) => each.name === name))]);
  return Object.fromEntries(found) as Record<keyof typeof OUTPUT, string | undefined>;
}
