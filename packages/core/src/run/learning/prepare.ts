/** The work of `prepare`: meteorology, geography and all runs of the transport model into the prepared store, every contract of the inputs checked. */
import { existsSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { caseChannels, type Case, type PeriodSettings } from '../../case';
import { readGeography } from '../../case/gridded/case-fields';
import { gridOf } from '../../case/gridded/regions';
import { readMeteorology, windSaid } from '../../weather/meteorology';
import { openWeather } from '../../weather/open-weather';
import { windDoubt } from '../../weather/wind-comparison';
import { concentrationDoubts, weatherDoubts } from '../../files/netcdf/value-ranges';
import {
  preparedMeteorologyPath,
  preparedRunPath,
  readPreparedRun,
  writePreparedMeteorology,
  writePreparedRun,
  type PreparedRun,
} from '../../fields/prepared';
import { labelOf } from '../../files/tables/table-store';
import type { Grid } from '../../grid/grid';
import { geographyFiles, membersOfPeriod, meteorologyFiles, preparedRuns, PRIOR, timeOf } from '../../case/case-runs';
import { commandIgnored, expectEmissionsUsed, remedyOfBrought } from '../../inventory/reading/emissions-used';
import { readInventory } from '../../inventory/reading/read-inventory';
import { runFields } from '../../transport/run-fields';
import { prepareColumns } from './prepare-columns';
import { filesOf, runFiles } from '../../inventory/reading/sector-files';
import type { Stage, StageContext } from '../engine/stage';
import { hourlySums, inventoryDoubts, totalsDoubts, zeroHoursDoubt } from '../../assimilation/judgement/emission-doubts';
import { followingDoubts, meanOverHours, speciesMeans, type RunMeans } from '../../assimilation/judgement/response-doubts';

function using<T>(opened: { close(): void }, read: () => T): T {
  try {
    return read();
  } finally {
    opened.close();
  }
}

/** Writes what is not there: a stage that was begun anew has kept what is still right. @returns all files of the period */
function preparePeriod(context: StageContext, period: PeriodSettings, note: (text: string) => void): string[] {
  const { caseSettings, dir } = context;
  const grid = gridOf(caseSettings);
  note('meteorology');
  const meteorology = preparedMeteorologyPath(dir, period.name);
  if (!existsSync(meteorology)) prepareMeteorology(context, period, grid);
  const newRuns = new Map<string, RunSums>();
  const runs = preparedRuns(caseSettings, period).map((run) => {
    note(run);
    const path = preparedRunPath(dir, period.name, run);
    if (!existsSync(path)) newRuns.set(run, prepareRun(context, period, run, grid));
    return path;
  });
  tellConcentrationDoubts(context, period, newRuns);
  tellDoubts(context, period, grid, newRuns);
  return [meteorology, ...runs];
}

/** What is kept of a run to be compared with others: sums of its emissions by hour and group, and means over the period. */
interface RunSums extends RunMeans {
  hourly: Float64Array;
}

function sumsOf({ emissions, concentrations }: PreparedRun, hours: number, groups: number): RunSums {
  return {
    hourly: hourlySums(emissions, hours, groups),
    emissions: meanOverHours(emissions, hours),
    concentrations: meanOverHours(concentrations, hours),
  };
}

/** Of the prior run; of others, where it is not the same with all of them. */
function tellConcentrationDoubts({ caseSettings, log }: StageContext, period: PeriodSettings, newRuns: ReadonlyMap<string, RunSums>): void {
  const { species } = caseChannels(caseSettings);
  const doubts = new Map([...newRuns].map(([run, { concentrations }]) => [run, concentrationDoubts(speciesMeans(concentrations, species))]));
  const toTell = doubts.get(PRIOR)?.length ? [PRIOR] : [...doubts.keys()];
  for (const run of toTell) for (const doubt of doubts.get(run)!) log(`warning: ${period.name}: ${run}: ${doubt}`);
}

/** @param newRuns - the runs that were not there */
function tellDoubts({ caseSettings, dir, log }: StageContext, period: PeriodSettings, grid: Grid, newRuns: ReadonlyMap<string, RunSums>): void {
  const compared = externalRuns(caseSettings, period).filter((name) => newRuns.has(PRIOR) || newRuns.has(name));
  if (compared.length === 0) return;
  const time = timeOf(period);
  const channels = caseChannels(caseSettings);
  const ofRun = (name: string): RunSums =>
    newRuns.get(name) ?? sumsOf(readPreparedRun(dir, name, { name: period.name, grid, time, ...channels }), time.count, channels.groups.length);
  const prior = ofRun(PRIOR);
  const runs = new Map(compared.map((name) => [name, ofRun(name)]));
  // What is made here is a scaled copy of the prior's emissions.
  const brought = caseSettings.members.runs ? [...runs] : [];
  const totals = brought.flatMap(([name, { hourly }]) => totalsDoubts(['the prior', name], [prior.hourly, hourly], channels.groups));
  for (const doubt of [...totals, ...followingDoubts(prior, runs, channels)]) log(`warning: ${period.name}: ${doubt}`);
}

/** Members that the user's own transport model has run, here or elsewhere. */
function externalRuns(settings: Case, period: PeriodSettings): string[] {
  return settings.ctm.kind === 'command' || settings.members.runs ? membersOfPeriod(settings, period) : [];
}

function prepareMeteorology({ caseSettings, dir, signal, log }: StageContext, period: PeriodSettings, grid: Grid): void {
  const time = timeOf(period);
  const { variables } = caseSettings.meteorology;
  const weather = openWeather(meteorologyFiles(caseSettings, period.name), { ...caseSettings.meteorology, grid, during: time });
  const meteorology = using(weather, () => {
    const values = readMeteorology(weather, time, variables, { signal });
    if (!variables.includes('u') && !variables.includes('v')) return values;
    const [description, doubt] = [windSaid(weather), windDoubt(weather, time)];
    if (description !== undefined) log(`${period.name}: ${description}`);
    if (doubt !== undefined) log(`warning: ${period.name}: ${doubt}`);
    return values;
  });
  for (const doubt of weatherDoubts(weatherMeans(meteorology, variables))) log(`warning: ${period.name}: ${doubt}`);
  writePreparedMeteorology(dir, {
    name: period.name,
    grid,
    time,
    meteorologyNames: variables,
    meteorology,
    geographyNames: caseSettings.geography?.variables ?? [],
    geography: geographyOf(caseSettings, grid),
  });
}

/** @param values - `[T, H, W, variables]` */
function weatherMeans(values: Float32Array, variables: readonly string[]): { speed?: number; pbl?: number } {
  const cells = values.length / variables.length;
  const mean = (valueAt: (index: number) => number): number => {
    let sum = 0;
    for (let index = 0; index < values.length; index += variables.length) sum += valueAt(index);
    return sum / cells;
  };
  const [u, v, pbl] = ['u', 'v', 'PBL'].map((name) => variables.indexOf(name));
  return {
    ...(u >= 0 && v >= 0 ? { speed: mean((index) => Math.hypot(values[index + u], values[index + v])) } : {}),
    ...(pbl >= 0 ? { pbl: mean((index) => values[index + pbl]) } : {}),
  };
}

/** @throws {TransportError} `EMISSIONS_IGNORED`; {@link DataError} `EMISSIONS_NONE` */
function prepareRun(context: StageContext, period: PeriodSettings, run: string, grid: Grid): RunSums {
  const { caseSettings, dir, signal, log } = context;
  const time = timeOf(period);
  const files = runFiles(context, run, period.name);
  // Those of members that are made here are copies with the same hours.
  const isBrought = caseSettings.members.runs?.some(({ name }) => name === run);
  if (externalRuns(caseSettings, period).includes(run)) {
    const remedy = isBrought ? remedyOfBrought('members.runs', run) : commandIgnored(files.concentrations[0]);
    const ofRuns = { changedRun: files, prior: runFiles(context, PRIOR, period.name) };
    expectEmissionsUsed(caseSettings, { name: run, period: period.name, grid, time }, ofRuns, remedy, signal);
  }
  const emissions = readInventory(files.emissions, grid, time, { signal }, run === PRIOR ? log : undefined);
  const concentrations = runFields(context, files, { name: period.name, grid, time })();
  const channels = caseChannels(caseSettings);
  const sums = sumsOf({ emissions, concentrations }, time.count, channels.groups.length);
  const label = labelOf(filesOf(files.emissions));
  if (run === PRIOR) for (const doubt of inventoryDoubts(label, sums.hourly, grid, channels.groups)) log(`warning: ${period.name}: ${doubt}`);
  const doubt = zeroHoursDoubt(label, sums.hourly, time);
  if (doubt !== undefined && (run === PRIOR || isBrought)) log(`warning: ${doubt}`);
  writePreparedRun(dir, { period: period.name, run, grid, time, channels, emissions, concentrations });
  return sums;
}

function geographyOf(settings: Case, grid: Grid): Float32Array {
  const { geography } = settings;
  if (!geography) return new Float32Array(0);
  const opened = openWeather(geographyFiles(settings), { grid });
  return using(opened, () => readGeography(opened, geography.variables));
}

export function prepare(context: StageContext): ReturnType<Stage['run']> {
  const { periods, columns } = context.caseSettings;
  const runs = periods.reduce((sum, period) => sum + preparedRuns(context.caseSettings, period).length, 0);
  const total = runs + periods.length * (1 + Object.keys(columns).length);
  let finished = 0;
  const note = (period: string, text: string): void => context.progress(finished++, total, `${period}: ${text}`);
  const columnPaths = prepareColumns(context, note);
  const products = periods.flatMap((period) => [
    ...preparePeriod(context, period, (text) => note(period.name, text)),
    ...columnPaths.get(period.name)!,
  ]);
  return Promise.resolve({
    products: products.map((path) => relative(context.dir, path)),
    summary: { files: products.map((path) => basename(path)) },
  });
}
