/** `prepare`: meteorology, geography and all runs of the transport model into the prepared store, every contract of the inputs checked. */
import { existsSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { GROUPS, memberNames, type Case, type PeriodSettings } from '../../data/case';
import { readEmissions, readGeography } from '../../data/case-fields';
import { gridOf } from '../../data/case-grid';
import { readMeteorology } from '../../data/meteorology';
import { openWeather } from '../../data/weather/open-weather';
import { preparedMeteorologyPath, preparedRunPath, readPreparedRun, writePreparedMeteorology, writePreparedRun } from '../../data/prepared';
import type { LongRead } from '../../data/period-steps';
import { labelOf } from '../../data/table-store';
import type { Grid, TimeAxis } from '../../grid/grid';
import { geographyFiles, meteorologyFiles, PRIOR, timeOf, weatherSettings } from '../simulate/case-runs';
import type { SectorFiles } from '../../transport/emission-reader';
import { openSector } from '../../transport/point-sources';
import { readRunConcentrations } from '../simulate/run-concentrations';
import { partName } from '../simulate/run-keys';
import { broughtFiles, filesOf, inventorySettings, priorEmissionInputs, runFiles, sectorSettings } from '../simulate/sector-files';
import type { StageMark } from '../engine/record';
import { runsAsParts, simulatedHash, simulatedValues } from '../simulate/simulated-values';
import type { PartContent, Stage, StageContext } from '../engine/stage';
import { VERSIONS } from '../engine/versions';
import { hourlySums, totalsDoubts, zeroHoursDoubt } from './emission-doubts';

function using<T>(opened: { close(): void }, read: () => T): T {
  try {
    return read();
  } finally {
    opened.close();
  }
}

/** Emissions of all sectors, `[T, H, W, 5]` kg m-2 s-1. @param log - told what is no fault of the files, but worth knowing */
export function readInventory(
  sectors: readonly SectorFiles[],
  grid: Grid,
  time: TimeAxis,
  options: LongRead,
  log?: (text: string) => void,
): Float32Array {
  const [sum, ...others] = sectors.map((sector) => {
    const reader = openSector(sector, grid);
    return using(reader, () => {
      const emissions = readEmissions(reader, time, Object.fromEntries(GROUPS.map((group) => [group, sector.groups[group]])), options);
      reader.notes?.forEach((note) => log?.(note));
      return emissions;
    });
  });
  for (const other of others) for (let i = 0; i < sum.length; i++) sum[i] += other[i];
  return sum;
}

function runsOf(settings: Case): string[] {
  return [PRIOR, ...memberNames(settings)];
}

/** Writes what is not there: a stage that was begun anew has kept what is still right. @returns all files of the period */
function preparePeriod(context: StageContext, period: PeriodSettings, note: (text: string) => void): string[] {
  const { case: settings, dir } = context;
  const grid = gridOf(settings);
  note('meteorology');
  const meteorology = preparedMeteorologyPath(dir, period.name);
  if (!existsSync(meteorology)) prepareMeteorology(context, period, grid);
  const made = new Map<string, Float64Array>();
  const runs = runsOf(settings).map((run) => {
    note(run);
    const path = preparedRunPath(dir, period.name, run);
    if (!existsSync(path)) made.set(run, prepareRun(context, period, run, grid));
    return path;
  });
  tellTotals(context, period, grid, made);
  return [meteorology, ...runs];
}

/** Of runs that the case brings: those that are made here are scaled copies. @param made - sums by hour of the runs that were not there */
function tellTotals({ case: settings, dir, log }: StageContext, period: PeriodSettings, grid: Grid, made: Map<string, Float64Array>): void {
  const time = timeOf(period);
  const sumsOf = (run: string): Float64Array => {
    const sums = made.get(run) ?? hourlySums(readPreparedRun(dir, run, { name: period.name, grid, time }).emissions, time.count);
    made.set(run, sums);
    return sums;
  };
  const compared = (settings.members.runs ?? []).filter(({ name }) => made.has(PRIOR) || made.has(name));
  for (const { name } of compared)
    totalsDoubts(['the prior', name], [sumsOf(PRIOR), sumsOf(name)]).forEach((doubt) => log(`warning: ${period.name}: ${doubt}`));
}

function prepareMeteorology({ case: settings, dir, signal }: StageContext, period: PeriodSettings, grid: Grid): void {
  const time = timeOf(period);
  const weather = openWeather(meteorologyFiles(settings, period.name), { ...settings.meteorology, grid });
  const meteorology = using(weather, () => readMeteorology(weather, time, settings.meteorology.variables, { signal }));
  writePreparedMeteorology(dir, {
    ...{ name: period.name, grid, time },
    ...{ meteorologyNames: settings.meteorology.variables, meteorology },
    ...{ geographyNames: settings.geography?.variables ?? [], geography: geographyOf(settings, grid) },
  });
}

/** @returns the sums of its emissions by hour and group */
function prepareRun(context: StageContext, period: PeriodSettings, run: string, grid: Grid): Float64Array {
  const { case: settings, dir, signal, log } = context;
  const time = timeOf(period);
  const files = runFiles(context, run, period.name);
  const emissions = readInventory(files.emissions, grid, time, { signal }, run === PRIOR ? log : undefined);
  const sums = hourlySums(emissions, time.count);
  const doubt = zeroHoursDoubt(labelOf(filesOf(files.emissions)), sums, time);
  // Those of members that are made here are copies with the same hours.
  const isBrought = settings.members.runs?.some(({ name }) => name === run);
  if (doubt !== undefined && (run === PRIOR || isBrought)) log(`warning: ${doubt}`);
  const concentrations = readRunConcentrations(settings, files.concentrations, { grid, time }, signal);
  writePreparedRun(dir, { period: period.name, run, grid, time, emissions, concentrations });
  return sums;
}

function geographyOf(settings: Case, grid: Grid): Float32Array {
  const { geography } = settings;
  if (!geography) return new Float32Array(0);
  const opened = openWeather(geographyFiles(settings), { grid });
  return using(opened, () => readGeography(opened, geography.variables));
}

/** What decides each file: a run that is mended, or another member, makes the others none anew. */
function preparedParts(context: StageContext, simulated: Pick<StageMark, 'parts'>): PartContent[] {
  const { case: settings } = context;
  const values = simulatedValues(context, runsOf(settings));
  const { definition } = gridOf(settings);
  const { meteorology, geography, concentrations } = settings;
  const emissions = inventorySettings(settings);
  return settings.periods.flatMap(({ name, start, hours }) => {
    const shared = { grid: definition, period: { name, start, hours }, version: VERSIONS.retroplume };
    const weather: PartContent = {
      name,
      settings: { ...shared, meteorology: meteorology.variables, weather: weatherSettings(settings), geography: geography?.variables },
      inputs: [...geographyFiles(settings), ...meteorologyFiles(settings, name)],
      entries: [preparedMeteorologyPath('', name)],
    };
    const runs = runsOf(settings).map((run): PartContent => ({
      name: partName(run, name),
      settings: { ...shared, emissions, concentrations, made: simulated.parts?.[partName(run, name)]?.key, values: values[partName(run, name)] },
      inputs: [...(run === PRIOR ? priorEmissionInputs(settings, name) : []), ...broughtFiles(settings, run, name)],
      entries: [preparedRunPath('', name, run)],
    }));
    return [weather, ...runs];
  });
}

function settingsOf(settings: Case): object {
  return {
    grid: settings.grid.name,
    periods: settings.periods,
    meteorology: settings.meteorology.variables,
    weather: weatherSettings(settings),
    geography: settings.geography?.variables,
    emissions: settings.emissions.groups,
    ...sectorSettings(settings),
    concentrations: settings.concentrations,
    members: memberNames(settings),
  };
}

export const prepareStage: Stage = {
  name: 'prepare',
  needs: ['simulate'],
  reads: (settings) => ({ simulate: runsAsParts(settings, runsOf(settings)) }),
  settings: (context) => ({ ...settingsOf(context.case), simulated: simulatedHash(context, runsOf(context.case)) }),
  inputs: ({ case: settings }) => [
    settings.grid.griddesc,
    ...geographyFiles(settings),
    ...settings.periods.flatMap(({ name }) => [
      ...meteorologyFiles(settings, name),
      ...priorEmissionInputs(settings, name),
      ...runsOf(settings).flatMap((run) => broughtFiles(settings, run, name)),
    ]),
  ],
  parts: (context, before) => preparedParts(context, before('simulate')),
  run(context) {
    const { periods } = context.case;
    const total = periods.length * (2 + memberNames(context.case).length);
    let done = 0;
    const products = periods.flatMap((period) =>
      preparePeriod(context, period, (text) => context.progress(done++, total, `${period.name}: ${text}`)),
    );
    return Promise.resolve({
      products: products.map((path) => relative(context.dir, path)),
      summary: { files: products.map((path) => basename(path)) },
    });
  },
};
