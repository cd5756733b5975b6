/** `prepare`: meteorology, geography and all runs of the transport model into the prepared store, every contract of the inputs checked. */
import { GROUPS, memberNames, type Case, type PeriodSettings } from '../data/case';
import { readEmissions, readGeography } from '../data/case-fields';
import { readMeteorology } from '../data/meteorology';
import { openWeather } from '../data/weather/open-weather';
import { writePreparedMeteorology, writePreparedRun } from '../data/prepared';
import type { LongRead } from '../data/period-steps';
import type { Grid, TimeAxis } from '../grid/grid';
import { readGriddesc } from '../grid/griddesc';
import { basename, relative } from 'node:path';
import { geographyFiles, meteorologyFiles, PRIOR, timeOf, weatherSettings } from './case-runs';
import type { SectorFiles } from '../transport/emission-reader';
import { openSector } from '../transport/point-sources';
import { readRunConcentrations } from './run-concentrations';
import { priorEmissionInputs, runFiles, sectorSettings } from './sector-files';
import type { Stage, StageContext } from './stage';

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

function preparePeriod(context: StageContext, period: PeriodSettings, note: (text: string) => void): string[] {
  const { case: settings, dir } = context;
  const grid = readGriddesc(settings.grid.griddesc, settings.grid.name);
  const time = timeOf(period);
  const options = { signal: context.signal };
  note('meteorology');
  const weather = openWeather(meteorologyFiles(settings, period.name), { ...settings.meteorology, grid });
  const meteorology = using(weather, () => readMeteorology(weather, time, settings.meteorology.variables, options));
  const geographyNames = settings.geography?.variables ?? [];
  const geography = geographyOf(settings, grid);
  const written = [
    writePreparedMeteorology(dir, {
      name: period.name,
      grid,
      time,
      meteorologyNames: settings.meteorology.variables,
      meteorology,
      geographyNames,
      geography,
    }),
  ];
  for (const run of [PRIOR, ...memberNames(settings)]) {
    note(run);
    const files = runFiles(context, run, period.name);
    // Those of members are copies with the same hours.
    const emissions = readInventory(files.emissions, grid, time, options, run === PRIOR ? context.log : undefined);
    const concentrations = readRunConcentrations(settings, files.concentrations, { grid, time }, context.signal);
    written.push(writePreparedRun(dir, { period: period.name, run, grid, time, emissions, concentrations }));
  }
  return written;
}

function geographyOf(settings: Case, grid: Grid): Float32Array {
  const { geography } = settings;
  if (!geography) return new Float32Array(0);
  const opened = openWeather(geographyFiles(settings), { grid });
  return using(opened, () => readGeography(opened, geography.variables));
}

export const prepareStage: Stage = {
  name: 'prepare',
  needs: ['simulate'],
  settings: ({ case: settings }) => ({
    grid: settings.grid.name,
    periods: settings.periods,
    meteorology: settings.meteorology.variables,
    weather: weatherSettings(settings),
    geography: settings.geography?.variables,
    emissions: settings.emissions.groups,
    ...sectorSettings(settings),
    concentrations: settings.concentrations,
    members: memberNames(settings),
  }),
  inputs: ({ case: settings }) => [
    settings.grid.griddesc,
    ...geographyFiles(settings),
    ...settings.periods.flatMap(({ name }) => [...meteorologyFiles(settings, name), ...priorEmissionInputs(settings, name)]),
  ],
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
