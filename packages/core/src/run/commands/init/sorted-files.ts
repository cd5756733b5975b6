/** Given files by what they are to the case: prior run, members, periods, parts of the inventory. */
import { stretchesOf, periodHours, sharedHours, overlap, type Hours } from './shared-hours';
import { byStem, namePeriods, partsByName, runOfName, type NamedPeriod } from './file-names';
import type { GivenFiles } from './given-files';
import { outputVariables, type GivenField } from './given-netcdf';
import { withStacks, type InventoryPart } from './inventory-parts';
import { datesFor } from './merge-dates';

/** A run that is brought: files of its emissions and of what the transport model gave for them. */
export interface GivenRun {
  name: string;
  emissions: GivenField[];
  concentrations: GivenField[];
}

export interface SortedFiles {
  weather: GivenField[];
  geography: GivenField[];
  /** the prior inventory */
  emissions: InventoryPart[];
  /** the prior run */
  concentrations: GivenField[];
  members: GivenRun[];
  /** runs with one group changed */
  responses: GivenRun[];
  periods: NamedPeriod[];
  /** stretches of hours that are too short for a period */
  short: Hours[];
}

/** @returns the files, sorted; what is of another run goes to `inputs.unused` @throws {DataError} `MERGE_DATES` for a table of merge dates that cannot be read */
export async function sortFiles(inputs: GivenFiles): Promise<SortedFiles> {
  const withRole = (...roles: GivenField['role'][]): GivenField[] => inputs.fields.filter((field) => roles.includes(field.role));
  const weather = ofOneForm(withRole('weather'), inputs);
  const { daily, representative } = await splitDays(priorOf(withRole('emissions', 'points'), inputs), inputs.mergeDates);
  const priorRun = priorOf(withRole('concentrations'), inputs);
  const kinds = [daily, weather, priorRun].filter(({ length }) => length > 0);
  const shared = kinds.length === 0 ? [] : kinds.map(hoursOf).reduce(sharedHours);
  const { periods: hours, short } = periodHours(shared);
  const periods = namePeriods(hours, kinds);
  const inPeriods = (files: readonly GivenField[]): GivenField[] =>
    files.filter((file) => hours.length === 0 || hours.some((stretch) => overlap(stretch, file.hours) > 1)); // prettier-ignore
  const members = runsOf('member', inputs, inPeriods);
  const responses = runsOf('response', inputs, inPeriods);
  const gridded = partsByName(inPeriods(daily.filter(({ role }) => role === 'emissions')), periods);
  const points = partsByName(inPeriods(daily.filter(({ role }) => role === 'points')), periods);
  return {
    weather: inPeriods(weather),
    geography: geographyOf(withRole('geography'), weather),
    emissions: withStacks([...gridded, ...points, ...representative], inputs),
    concentrations: onePart(inPeriods(priorRun), periods, inputs),
    members,
    responses,
    periods,
    short,
  };
}

/** Rain of WRF's first hour would need the hour before. */
function hoursOf(files: readonly GivenField[]): Hours[] {
  const stretches = stretchesOf(files.map(({ hours }) => hours));
  return files.some(({ form }) => form === 'wrf') ? stretches.map(({ first, end }) => ({ first: first + 1, end })) : stretches;
}

/** Files of all dates, and sectors of which some days stand for the others. */
async function splitDays(files: readonly GivenField[], tables: readonly string[]): Promise<{ daily: GivenField[]; representative: InventoryPart[] }> {
  if (tables.length === 0) return { daily: [...files], representative: [] };
  const parts = await Promise.all(byStem(files).map(async (part) => ({ ...part, dates: await datesFor(part.files, tables) })));
  return {
    daily: parts.filter(({ dates }) => dates === undefined).flatMap((part) => part.files),
    representative: parts.filter(({ dates }) => dates !== undefined),
  };
}

/** Weather is read in one form: MCIP's files before WRF's output, which they are made of, and that before others. */
function ofOneForm(files: readonly GivenField[], inputs: GivenFiles): GivenField[] {
  const form = (['ioapi', 'wrf', 'cf'] as const).find((candidate) => files.some((file) => file.form === candidate));
  const unusedForms = files.filter((file) => file.form !== form);
  inputs.unused.push(...unusedForms.map(({ path }) => ({ path, reason: `a case takes its weather of one kind of files, and ${form === 'ioapi' ? "MCIP's" : "WRF's"} are there` }))); // prettier-ignore
  return files.filter((file) => file.form === form);
}

/** GRIDCRO2D, else geo_em, else the weather of WRF, which holds terrain and coast, too. */
function geographyOf(files: readonly GivenField[], weather: readonly GivenField[]): GivenField[] {
  const form = (['ioapi', 'wrf'] as const).find((candidate) => files.some((file) => file.form === candidate));
  if (form !== undefined) return files.filter((file) => file.form === form);
  return weather.filter(({ form: fileForm, variables }) => fileForm === 'wrf' && variables.some(({ name }) => name === 'HGT')).slice(0, 1);
}

/** Without those of members and of runs that the case does not read; where some are marked as the prior run, these. */
function priorOf(files: readonly GivenField[], inputs: GivenFiles): GivenField[] {
  const runs = files
    .map((file) => ({ file, ...runOfName(file.path) }))
    .filter(({ member, response }) => member === undefined && response === undefined);
  const [plain, foreign] = [runs.filter(({ otherRun }) => otherRun === undefined), runs.filter(({ otherRun }) => otherRun !== undefined)];
  inputs.unused.push(
    ...foreign.map(({ file, otherRun }) => ({ path: file.path, reason: `of another run than the prior one (${otherRun}), by its name` })),
  );
  const marked = plain.filter(({ isPrior }) => isPrior);
  if (marked.length === 0 || marked.length === plain.length) return plain.map(({ file }) => file);
  inputs.unused.push(
    ...plain.filter(({ isPrior }) => !isPrior).map(({ file }) => ({ path: file.path, reason: 'others are named as the prior run' })),
  );
  return marked.map(({ file }) => file);
}

/** Of several outputs of one run beside each other the one that holds most of the species. */
function onePart(files: readonly GivenField[], periods: readonly NamedPeriod[], inputs: GivenFiles): GivenField[] {
  const parts = partsByName(files, periods);
  const count = (part: { files: GivenField[] }): number => Object.values(outputVariables(part.files[0])).filter((name) => name !== undefined).length;
  const [best, ...rest] = [...parts].sort((a, b) => count(b) - count(a));
  inputs.unused.push(
    ...rest.flatMap((part) => part.files.map(({ path }) => ({ path, reason: 'a second output of the prior run for the same hours' }))),
  );
  return best?.files ?? [];
}

/** Runs that are brought, by the names of their files or folders. */
function runsOf(kind: 'member' | 'response', inputs: GivenFiles, inPeriods: (files: readonly GivenField[]) => GivenField[]): GivenRun[] {
  const ofKind = inputs.fields.filter(({ path, role }) => runOfName(path)[kind] !== undefined && (role === 'emissions' || role === 'points' || role === 'concentrations')); // prettier-ignore
  const names = new Set(ofKind.map(({ path }) => runOfName(path)[kind]!));
  const runs = [...names].sort().map((name) => {
    const runFiles = inPeriods(ofKind.filter(({ path }) => runOfName(path)[kind] === name));
    const isOutput = ({ role }: GivenField): boolean => role === 'concentrations';
    return { name, emissions: runFiles.filter((file) => !isOutput(file)), concentrations: runFiles.filter(isOutput) };
  });
  const isWhole = ({ emissions, concentrations }: GivenRun): boolean => emissions.length > 0 && concentrations.length > 0;
  for (const { emissions, concentrations } of runs.filter((run) => !isWhole(run))) {
    const reason = `of a run (${kind}) whose ${emissions.length === 0 ? 'emissions' : 'concentrations'} are not among the files`;
    inputs.unused.push(...[...emissions, ...concentrations].map(({ path }) => ({ path, reason })));
  }
  return runs.filter(isWhole);
}
