/** Opens meteorology or geography in whatever form it is: MCIP's I/O API files, WRF's output, CF files. */
import type { NetcdfFile } from '@retroplume/native';

import { ConfigError, DataError, GridError } from '../base/errors';
import type { Grid, TimeAxis } from '../grid/grid';
import { type IoapiReader, headOf } from '../files/ioapi/ioapi-file';
import { WEATHER_OVERLAP } from '../files/ioapi/ioapi-series';
import { openNetcdf, readingFiles } from '../files/netcdf/netcdf-access';
import { projectionOfCf } from './cf/cf-axes';
import { CfReader } from './cf/cf-reader';
import { McipReader } from './mcip/mcip-reader';
import type { CfNames, WeatherFormat } from './meteorology';
import { WrfReader } from './wrf/wrf-reader';

export interface WeatherOptions {
  /** of the case; without it MCIP's files are read on their own grid */
  grid?: Grid;
  /** default auto: by what the first file holds */
  format?: WeatherFormat;
  /** lowest layers whose mean is taken, of MCIP's files with layers; default 1 */
  layers?: number;
  /** CEN_LON of the WRF run, for WDIR10 of MCIP up to V4.3 */
  cenLon?: number;
  /** variables of CF files, where they are not ERA5's */
  names?: Partial<CfNames>;
  /** hours that are asked for: files of WRF and CF may hold other periods beside them, apart in time; by default all times must follow each other */
  during?: TimeAxis;
}

/**
 * @param paths - files that together cover the time
 * @returns a reader with MCIP's names and units, on the case's grid
 * @throws {DataError} `FORMAT_UNKNOWN`, `FILES_NONE`; what McipReader, WrfReader and CfReader throw
 * @throws {GridError} `GRID_MISMATCH`
 * @throws {ConfigError} `NAMES_UNUSED`, `LAYERS_UNUSED`, `CEN_LON_UNUSED` for settings that the form of the files has no use for
 */
export function openWeather(paths: string[], options: WeatherOptions = {}): IoapiReader {
  const { grid, format = 'auto', layers, names, cenLon, during } = options;
  const detected = format === 'auto' ? formatOf(paths) : format;
  if (detected !== 'cf' && names !== undefined && Object.keys(names).length > 0) {
    throw new ConfigError(
      'NAMES_UNUSED',
      `meteorology.names: names are those of CF files, but ${paths[0]} is one of ${detected.toUpperCase()}: leave them out`,
    );
  }
  // Hour 24 of a day's file is a forecast of the next file's hour 0.
  if (detected === 'mcip') return McipReader.open(paths, { grid, layers, cenLon, overlap: WEATHER_OVERLAP });
  if (!grid) throw new GridError('GRID_MISSING', `${paths[0]}: ${detected.toUpperCase()} files are read on a given grid: pass it`);
  if (layers !== undefined && layers > 1) {
    throw new ConfigError(
      'LAYERS_UNUSED',
      `meteorology.layers: layers are averaged in MCIP's files only, not in ${detected.toUpperCase()}: leave it out`,
    );
  }
  if (cenLon !== undefined) {
    throw new ConfigError(
      'CEN_LON_UNUSED',
      `meteorology.cenLon: it is for WDIR10 of MCIP's files, and ${paths[0]} is one of ${detected.toUpperCase()}: leave it out`,
    );
  }
  return detected === 'wrf' ? WrfReader.open(paths, grid, during) : CfReader.open(paths, grid, names, during);
}

/** By what the first file holds: FTYPE, WRF's dimensions, or coordinates of longitude and latitude. */
function formatOf(paths: string[]): Exclude<WeatherFormat, 'auto'> {
  if (paths.length === 0) throw new DataError('FILES_NONE', 'no file of the meteorology was given: check the pattern in the case');
  if (headOf(paths[0])) return 'mcip';
  const file = openNetcdf(paths[0]);
  try {
    return readingFiles(() => formatOfFile(file));
  } finally {
    file.close();
  }
}

/** What hides coordinates from whoever looks for them. */
function whyNot(file: NetcdfFile): string {
  const projection = projectionOfCf(file);
  if (projection !== undefined) return ` but on a projection (${projection}), of which CF files are not read`;
  return file.groups.length > 0 ? `; variables in groups (${file.groups.map(({ name }) => name).join(', ')}) are not read` : '';
}

function formatOfFile(file: NetcdfFile): Exclude<WeatherFormat, 'auto'> {
  if (file.attributes().has('FTYPE')) return 'mcip';
  if (file.dimensions.some(({ name }) => name === 'south_north')) return 'wrf';
  const coordinates = file.variables.filter(({ name, dimensions }) => dimensions.length === 1 && dimensions[0] === name).map(({ name }) => name);
  if (coordinates.some((name) => /^lat/i.test(name)) && coordinates.some((name) => /^lon/i.test(name))) return 'cf';
  throw new DataError(
    'FORMAT_UNKNOWN',
    `${file.path}: it is neither an I/O API file (no FTYPE), nor WRF's (no dimension south_north), nor on longitudes and latitudes${whyNot(file)}: check the path in the case, or set meteorology.format`,
  );
}
