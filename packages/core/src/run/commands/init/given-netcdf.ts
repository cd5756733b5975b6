/** netCDF files that somebody gives to `init`: I/O API, WRF's output, CF files on longitudes and latitudes; what they are for is told from their headers alone. */
import type { NetcdfFile } from '@retroplume/native';
import { ConfigError } from '../../../base/errors';
import { SPECIES_IN_FILES } from '../../../base/names-in-files';
import type { Species } from '../../../base/species';
import { IoapiFile } from '../../../files/ioapi/ioapi-file';
import type { IoapiVariable } from '../../../files/ioapi/ioapi-header';
import { openNetcdf, reading } from '../../../files/netcdf/netcdf-access';
import type { Grid } from '../../../grid/grid';
import { cfTimes, textOf } from '../../../weather/cf/cf-axes';
import { CF_NAMES } from '../../../weather/meteorology';
import { isTimeless, wrfTimes } from '../../../weather/wrf/wrf-time';
import { shortList } from '../inspect/inspection';
import { unitOf } from '../inspect/ioapi';
import type { Hours } from './shared-hours';

export type FieldRole = 'weather' | 'geography' | 'emissions' | 'points' | 'stacks' | 'concentrations';

/** A file of fields. */
export interface GivenField {
  role: FieldRole;
  path: string;
  form: 'ioapi' | 'wrf' | 'cf';
  /** of gridded I/O API files: the others are brought to the case's grid, or hold sources */
  grid?: Grid;
  /** of in-line point sources and their stack groups: how many there are */
  sources?: number;
  /** empty of what does not change in time */
  hours: Hours;
  variables: Pick<IoapiVariable, 'name' | 'units'>[];
}

/** MCIP's names, of which METCRO2D has at least two; WRF's, and ERA5's. */
const WEATHER = { ioapi: ['TEMP2', 'PBL', 'PRSFC', 'WSPD10', 'RGRND'], wrf: ['T2', 'U10', 'PBLH', 'PSFC'], cf: Object.values(CF_NAMES) };
const HOUR = 3600;
const NO_HOURS: Hours = { first: 0, end: 0 };

/**
 * @returns the file, or why it is not used
 * @throws {ConfigError} `INIT_FILE` for a file that is neither I/O API nor WRF's nor weather in CF @throws {DataError} what reading throws
 */
export function lookAtNetcdf(path: string): GivenField | string {
  const file = openNetcdf(path);
  try {
    return reading(path, () => {
      if (file.attributes().has('FTYPE')) return ofIoapi(path);
      if (file.dimensions.some(({ name }) => name === 'south_north')) return ofWrf(file);
      if (WEATHER.cf.some((name) => (file.variable(name)?.dimensions.length ?? 0) > 2)) return ofCf(file);
      throw unknownFile(file);
    });
  } finally {
    file.close();
  }
}

/** What it looks like, and what can be done with it. */
function unknownFile(file: NetcdfFile): ConfigError {
  const names = file.variables.map(({ name }) => name);
  const isInventory = file.variables.some(({ name, dimensions }) => dimensions.length > 1 && /\bkg.*\bm\s?\^?-?2.*s|\/m2\/s/i.test(textOf(file, name, 'units') ?? '')); // prettier-ignore
  const contents = names.length === 0 ? `variables in groups (${shortList(file.groups.map(({ name }) => name))})` : shortList(names);
  const remedy = isInventory
    ? 'if it is an inventory on longitudes and latitudes, bring it to the grid first with retroplume inventory (docs/emissions.md)'
    : 'leave it out, or name it in the case by hand (docs/case-file.md)';
  return new ConfigError(
    'INIT_FILE',
    `${file.path}: a netCDF file with ${contents}, which is neither of the I/O API (CMAQ, MCIP, SMOKE) nor WRF's output nor weather such as ERA5's: ${remedy}`,
  );
}

const countOf = (variables: readonly { name: string }[], names: readonly string[]): number =>
  names.filter((name) => variables.some((variable) => variable.name === name)).length;

function ofIoapi(path: string): GivenField | string {
  const file = IoapiFile.open(path);
  file.close();
  const { grid, variables, time } = file;
  const first = Math.round(time.start.getTime() / 3600e3);
  const hours = { first, end: first + time.count };
  const form = 'ioapi';
  // SMOKE's stack groups have a time, and do not change in it.
  if (countOf(variables, ['LATITUDE', 'LONGITUDE']) === 2 && grid.cols === 1)
    return { role: 'stacks', path, form, sources: grid.rows, hours: NO_HOURS, variables };
  if (time.stepSeconds === 0) {
    if (countOf(variables, ['HT', 'LWMASK']) > 0) return { role: 'geography', path, form, grid, hours: NO_HOURS, variables };
    return 'it does not change in time, and holds neither HT nor LWMASK';
  }
  const units = variables.map((variable) => unitOf(variable.units));
  const isMostly = (kind: string): boolean => 2 * units.filter((unit) => unit === kind).length >= variables.length;
  const role =
    countOf(variables, WEATHER.ioapi) >= 2
      ? 'weather'
      : isMostly('emission')
        ? 'emissions'
        : isMostly('concentration')
          ? 'concentrations'
          : undefined;
  const isOutput = Object.values(outputVariables({ variables })).some((name) => name !== undefined);
  if (role === 'concentrations' && !isOutput)
    return `in units of concentrations, and none of ${Object.keys(SPECIES_IN_FILES).join(', ')} (sensitivities go into certificate.sensitivities by hand)`;
  if (role === undefined) return 'neither METCRO2D nor emissions nor concentrations by its variables and units';
  if (time.stepSeconds !== HOUR) return notHourly(time.stepSeconds);
  if (role === 'emissions' && grid.cols === 1 && grid.rows > 1) return { role: 'points', path, form, sources: grid.rows, hours, variables };
  return { role, path, form, grid, hours, variables };
}

const notHourly = (seconds: number): string => `its steps are of ${seconds} s, and a case is made of hourly files`;

function ofWrf(file: NetcdfFile): GivenField | string {
  const { path } = file;
  const times = wrfTimes(file, path);
  const variables = file.variables.map(({ name }) => ({ name, units: textOf(file, name, 'units') ?? '' }));
  const isStatic = isTimeless(times);
  if (isStatic && countOf(variables, ['HGT', 'HGT_M']) > 0) return { role: 'geography', path, form: 'wrf', hours: NO_HOURS, variables };
  if (isStatic || countOf(variables, WEATHER.wrf) < 2) return `a file of WRF without ${WEATHER.wrf.join(', ')}`;
  return inTime({ role: 'weather', path, form: 'wrf', variables }, times);
}

function ofCf(file: NetcdfFile): GivenField | string {
  const { path } = file;
  const variables = file.variables.map(({ name }) => ({ name, units: textOf(file, name, 'units') ?? '' }));
  return inTime({ role: 'weather', path, form: 'cf', variables }, cfTimes(file, path));
}

/** @param times - ms since 1970, rising */
function inTime(field: Omit<GivenField, 'hours'>, times: readonly number[]): GivenField | string {
  const odd = times.slice(1).find((time, i) => time - times[i] !== HOUR * 1000);
  if (odd !== undefined) return notHourly((odd - times[times.indexOf(odd) - 1]) / 1000);
  if (times[0] % (HOUR * 1000) !== 0) return 'its times are no full hours, and a case is made of hourly files';
  const first = times[0] / (HOUR * 1000);
  return { ...field, hours: { first, end: first + times.length } };
}

/** The variable of each species in an output, undefined where none is known. */
export function outputVariables({ variables }: Pick<GivenField, 'variables'>): Record<Species, string | undefined> {
  const entries = Object.entries(SPECIES_IN_FILES).map(([species, { outputs }]): [Species, string | undefined] => [
    species,
    outputs.find((name) => variables.some((variable) => variable.name === name)),
  ]);
  return Object.fromEntries(entries);
}
