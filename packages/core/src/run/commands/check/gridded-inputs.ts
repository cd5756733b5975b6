/**
 * The gridded files of a case, held against what the stages ask of them: they can be read, lie on the case's grid, cover the periods, and hold the
 * variables in units that can be converted.
 *
 * Fields are read by the functions that the stages use, three hours of each variable (the first, middle and last of the period): what only other
 * hours hold is found by `prepare`.
 */
import { caseChannels, type Case, type PeriodSettings } from '../../../case';
import { readGeography } from '../../../case/gridded/case-fields';
import { expandGlobs } from '../../../files/glob';
import { IoapiFile, type IoapiReader, filesWithin } from '../../../files/ioapi/ioapi-file';
import { openNetcdf } from '../../../files/netcdf/netcdf-access';
import { firstStepOf } from '../../../files/ioapi/period-steps';
import { concentrationDoubts, fluxDoubts, weatherDoubts } from '../../../files/netcdf/value-ranges';
import { openWeather } from '../../../weather/open-weather';
import { GridError } from '../../../base/errors';
import { type Grid, type TimeAxis, timeAt } from '../../../grid/grid';
import { readTruthFactors } from '../../../worlds/truth-factors';
import { timeOf } from '../../../case/case-runs';
import { priorSectors } from '../../../inventory/reading/sector-files';
import type { Findings } from './findings';
import { gridSources, type GridSource } from './grid-sources';

interface GriddedCheck {
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
    const inventory = new Means();
    for (const source of gridSources(settings, unread)) {
      const means = source.isPrior ? inventory : new Means();
      const holds = await checkSource(findings, source, period, grid, values ? means : undefined);
      if (holds !== undefined) right.push({ source, holds });
      else means.isWhole = false;
      if (!source.isPrior) findings.notes.push(...doubtsOf(source, means).map((doubt) => `${source.label}, ${period.name}: ${doubt}`));
    }
    findings.right.push(...rightLines(right, period.name));
    if (grid && inventory.isWhole) {
      findings.notes.push(
        ...fluxDoubts(inventory.means(), grid.cellAreaM2 * grid.rows * grid.cols).map((doubt) => `prior emissions, ${period.name}: ${doubt}`),
      );
    }
    if (settings.truth && grid && !unread.has('truth')) {
      const { factors } = settings.truth;
      await findings.attempt(['truth', 'factors'], () => readTruthFactors(factors, grid, period.name, caseChannels(settings).groups));
    }
  }
}

/** Means of cells and of the hours that were looked at, by group, species or channel; the parts of a group, and of an inventory, are added up. */
class Means {
  private readonly sums = new Map<string, number>();
  /** all of it was read */
  isWhole = true;

  add(name: string, values: Float32Array, hours: number): void {
    this.sums.set(name, (this.sums.get(name) ?? 0) + values.reduce((sum, value) => sum + value, 0) / values.length / hours);
  }

  mean(name: string): number | undefined {
    return this.sums.get(name);
  }

  means(): ReadonlyMap<string, number> {
    return this.sums;
  }
}

/** What the means of other sources than the inventory let doubt. */
function doubtsOf({ asOf }: GridSource, means: Means): string[] {
  if (!means.isWhole) return [];
  if (asOf === 'concentrations') return concentrationDoubts(means.means());
  return asOf === 'meteorology' ? weatherDoubts({ speed: means.mean(SPEED), pbl: means.mean('PBL') }) : [];
}

/** A source that is as it should be. */
interface Right {
  source: GridSource;
  /** of {@link checkSource} */
  holds: string;
}

/** A line for each, or for all runs that hold the same. */
function rightLines(right: readonly Right[], period: string): string[] {
  const lines = new Map<string, Right[]>();
  for (const entry of right) {
    const { source, holds } = entry;
    const line = `${source.ofRuns ?? source.label}: ${holds}`;
    lines.set(line, [...(lines.get(line) ?? []), entry]);
  }
  return [...lines.values()].flatMap((alike) => {
    const [{ source, holds }] = alike;
    return alike.length > 1 && source.ofRuns !== undefined
      ? [`${source.ofRuns}${alike.length} runs, ${period}: ${holds} each`]
      : alike.map((entry) => `${entry.source.label}, ${period}: ${holds}`);
  });
}

/** @returns how many files and hours it holds, if it is as it should be */
async function checkSource(
  findings: Findings,
  source: GridSource,
  period: PeriodSettings,
  grid: Grid | undefined,
  means: Means | undefined,
): Promise<string | undefined> {
  const { path, label, pattern, days } = source;
  const matches = await findings.attempt(path, () => expandGlobs(pattern, period.name));
  const files = matches && (await findings.attempt(days?.path ?? path, () => days?.files(period.name) ?? filesWithin(matches, timeOf(period))));
  const series = files && (await openSeries(findings, source, files, grid, period));
  if (!series) return undefined;
  const problemsBefore = findings.problems.length;
  let description: string | undefined;
  try {
    const time = timeOf(period);
    const first = await findings.attempt(path, () => firstStepOf(series, time));
    const hours = first === undefined ? [{ ...series.time, count: 1 }] : sampledHours(time);
    if (means && series.time.stepSeconds === time.stepSeconds) await checkFields(findings, source, series, hours, period.name, means);
    const isRight = findings.problems.length === problemsBefore;
    if (isRight) description = await findings.attempt(path, () => source.description?.(series));
    const notes = [isRight && means ? source.note?.(series, time) : undefined, ...(series.notes ?? [])].filter((note) => note !== undefined);
    findings.notes.push(...notes.map((note) => `${label}, ${period.name}: ${note}`));
  } finally {
    series.close();
  }
  if (findings.problems.length > problemsBefore) return undefined;
  const count = `${files.length} ${files.length === 1 ? 'file' : 'files'}`;
  return `${count}, ${series.time.count} hours${unusedText(matches.length - files.length, days !== undefined)}${description === undefined ? '' : `; ${description}`}`;
}

/** How many files match the pattern, but are none of the period's. */
function unusedText(count: number, standing: boolean): string {
  if (count === 0) return '';
  const isSingle = count === 1;
  return ` (${count} more ${standing ? `${isSingle ? 'stands' : 'stand'} for no date` : `${isSingle ? 'holds' : 'hold'} no hour`} of the period)`;
}

/** The series; where it cannot be made, all of its files are looked at, so that each broken one is named. */
async function openSeries(
  findings: Findings,
  { path, open }: GridSource,
  files: string[],
  grid: Grid | undefined,
  period: PeriodSettings,
): Promise<IoapiReader | undefined> {
  const problemsBefore = findings.problems.length;
  for (const file of files) await findings.attempt(path, () => openAlone(file));
  if (findings.problems.length > problemsBefore) return undefined;
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

/** Of u and v, beside them. */
const SPEED = 'speed';

/** Each variable until its first problem; then what no cell emits. */
async function checkFields(
  findings: Findings,
  source: GridSource,
  reader: IoapiReader,
  hours: TimeAxis[],
  period: string,
  means: Means,
): Promise<void> {
  const failed = new Set<number>();
  const emitted = new Map<string, boolean>();
  for (const hour of hours) {
    const winds = new Map<string, Float32Array>();
    for (const [i, { path, molarMass, read, quantity }] of source.fields(reader, hour).entries()) {
      if (failed.has(i) || (molarMass && findings.hasFault(molarMass))) continue;
      const values = await findings.attempt(path, read);
      if (values === undefined) failed.add(i);
      else means.add(quantity, values, hours.length);
      if (values && (quantity === 'u' || quantity === 'v')) winds.set(quantity, values);
      emitted.set(quantity, emitted.get(quantity) === true || (values?.some((value) => value !== 0) ?? true));
    }
    const [u, v] = [winds.get('u'), winds.get('v')];
    if (u && v) means.add(SPEED, u.map((east, cell) => Math.hypot(east, v[cell])), hours.length); // prettier-ignore
  }
  if (source.asOf !== 'emissions') return;
  for (const [group, isEmitted] of emitted) {
    if (!isEmitted) findings.notes.push(`${source.label}, ${period}: ${group} is 0 in every cell of the hours that were looked at`);
  }
}

async function checkGeography(findings: Findings, settings: Case, grid: Grid | undefined): Promise<void> {
  const { geography } = settings;
  if (!geography) return;
  const path = ['geography', 'files'];
  const file = await findings.attempt(path, () => openedOn(grid, () => openWeather(expandGlobs(geography.files), { grid })));
  if (!file) return;
  const problemsBefore = findings.problems.length;
  try {
    for (const [i, name] of geography.variables.entries()) await findings.attempt(['geography', 'variables', i], () => readGeography(file, [name]));
    findings.notes.push(...(file.notes ?? []).map((note) => `geography: ${note}`));
  } finally {
    file.close();
  }
  if (findings.problems.length === problemsBefore) findings.right.push(`geography: ${geography.variables.join(', ')}`);
}
