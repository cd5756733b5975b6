/** CF files, and netCDF files that follow nothing, for `inspect`. */
import type { NetcdfFile } from '@retroplume/native';

import { RetroplumeError } from '../../../base/errors';
import { parseUnit } from '../../../units/units';
import { CRS, gridFromCf } from '../../../files/netcdf/cf-grid';
import { cfCalendar, cfDecoder } from '../../../files/netcdf/cf-time';
import { instant } from '../../../grid/grid';
import { plain, readUnpacked } from '../../../files/netcdf/netcdf-cf';
import { projectionOfCf, PROJECTED_AXIS } from '../../../weather/cf/cf-axes';
import { summariseGrid, type GridSummary, type Oddity, type TimeSummary, type Described } from './inspection';
import { textOf, type Ranges } from './ranges';
import { stepBetween } from './time-steps';

export function describeCf(file: NetcdfFile, ranges: Ranges[]): Described {
  const odd: Oddity[] = [];
  const convention = textOf(file.attributes().get('Conventions'));
  const time = timeOf(file, odd);
  const facts: Record<string, string> = {};
  for (const axis of ['lon', 'lat'] as const) {
    const coordinates = coordinate(file, axis);
    if (coordinates) facts[axis === 'lon' ? 'longitudes' : 'latitudes'] = axisText(coordinates.values, axis, odd);
  }
  const { grids, ...projected } = projectionOf(file, odd);
  Object.assign(facts, projected.facts);
  for (const { name, units, missing, values } of ranges) {
    if (file.attributes(name).has('grid_mapping_name')) continue; // it holds attributes only
    const axis = file.variable(name)?.dimensions.length === 1;
    if (units === '' && !axis) odd.push({ code: 'UNIT_MISSING', text: `${name}: there is no unit` });
    else if (!axis && !/ since /i.test(units) && !isKnown(units))
      odd.push({ code: 'UNIT_UNKNOWN', text: `${name}: the unit "${units}" is not known` });
    if (missing > 0) odd.push({ code: 'MISSING', text: `${name}: ${missing} of ${values} values are missing` });
  }
  const bounds = ranges.filter(({ name }) => /_bnds$|_bounds$/.test(name)).map(({ name }) => name);
  return {
    kind: convention === '' ? 'netCDF file without a convention' : `${convention} file`,
    facts,
    grids,
    ...(time ? { time } : {}),
    odd: odd.filter(({ code, text }) => code !== 'UNIT_MISSING' || !bounds.some((name) => text.startsWith(`${name}:`))),
  };
}

/** The grid of a file of ours; of others on a projection how it is called and where its axes reach. */
function projectionOf(file: NetcdfFile, odd: Oddity[]): { grids: GridSummary[]; facts: Record<string, string> } {
  const crs = file.variable(CRS) && plain(file.attributes(CRS));
  if (crs?.ioapi_name !== undefined) return { grids: [summariseGrid(gridFromCf(crs, file.path).definition)], facts: {} };
  const projection = projectionOfCf(file);
  if (projection === undefined) return { grids: [], facts: {} };
  odd.push({
    code: 'PROJECTED',
    text: 'it lies on a projection: as meteorology or inventory it is refused; bring it to longitudes and latitudes first (cdo remapbil)',
  });
  const axes = file.variables.flatMap(({ name, dimensions, type }): [string, string][] => {
    const standard = textOf(file.attributes(name).get('standard_name'));
    if (dimensions.length !== 1 || type === 'char' || !PROJECTED_AXIS.test(standard)) return [];
    const units = textOf(file.attributes(name).get('units'));
    return [[name, `${axisText(Float64Array.from(readUnpacked(file, name)), name, odd)}${units === '' ? '' : ` (${units})`}`]];
  });
  return { grids: [], facts: { projection, ...Object.fromEntries(axes) } };
}

function isKnown(units: string): boolean {
  try {
    parseUnit(units);
    return true;
  } catch (error) {
    if (error instanceof RetroplumeError) return false;
    throw error;
  }
}

function coordinate(file: NetcdfFile, axis: 'lon' | 'lat'): { values: Float64Array } | undefined {
  const units = axis === 'lon' ? /^degrees?_?e(ast)?$/i : /^degrees?_?n(orth)?$/i;
  const variable = file.variables.find(
    ({ name, dimensions, type }) => dimensions.length === 1 && type !== 'char' && units.test(textOf(file.attributes(name).get('units'))),
  );
  if (!variable) return undefined;
  return { values: Float64Array.from(readUnpacked(file, variable.name)) };
}

/** @param axis - lat and lon are those of the earth */
function axisText(values: Float64Array, axis: string, odd: Oddity[]): string {
  const [first, last] = [values[0], values[values.length - 1]];
  if (axis === 'lat' && first > last)
    odd.push({ code: 'NORTH_FIRST', text: 'latitudes go from north to south; rows of a grid here go from south to north' });
  if (axis === 'lon' && values.some((value) => value > 180)) odd.push({ code: 'LONGITUDE_360', text: 'longitudes go beyond 180 °E, up to 360' });
  const steps = values.slice(1).map((value, i) => value - values[i]);
  const even = steps.every((step) => Math.abs(step - steps[0]) < 1e-3 * Math.abs(steps[0]));
  if (!even)
    odd.push({
      code: 'UNEVEN_AXIS',
      text: `the ${axis === 'lon' ? 'longitudes' : axis === 'lat' ? 'latitudes' : `points of ${axis}`} are not evenly spaced`,
    });
  return `${values.length} from ${round(first)} to ${round(last)}${even && steps.length > 0 ? `, every ${round(Math.abs(steps[0]))}` : ''}`;
}

const round = (value: number): number => Number(value.toPrecision(7));

function timeOf(file: NetcdfFile, odd: Oddity[]): TimeSummary | undefined {
  const axis = file.variables.find(
    ({ name, dimensions, type }) => dimensions.length === 1 && type !== 'char' && / since /i.test(textOf(file.attributes(name).get('units'))),
  );
  if (!axis) return undefined;
  const [length] = file.shape(axis.name);
  if (length === 0) return undefined;
  const units = textOf(file.attributes(axis.name).get('units'));
  const calendar = textOf(file.attributes(axis.name).get('calendar')).toLowerCase();
  const decode = decoderOf(units, calendar);
  if (!decode) {
    odd.push({ code: 'TIME_UNKNOWN', text: `${axis.name}: the time "${units}"${calendar === '' ? '' : ` (${calendar})`} is not understood` });
    return undefined;
  }
  const times = Float64Array.from(readUnpacked(file, axis.name), (value) => Math.round(decode(value)));
  const dateOf = (i: number): Date => new Date(times[i]);
  const rises = times.every((time, i) => i === 0 || Math.round((time - times[i - 1]) / 1000) > 0);
  if (!rises) odd.push({ code: 'TIME_ORDER', text: `${axis.name} does not rise` });
  // The 29 February that a calendar leaves out is not absent.
  const toldOf = cfCalendar(calendar === '' ? undefined : calendar) === 'leapless' ? [] : odd;
  return {
    first: instant(dateOf(0)),
    last: instant(dateOf(length - 1)),
    steps: length,
    ...stepBetween([...times], toldOf),
  };
}

/** As inputs are read; undefined where they would be refused. */
function decoderOf(units: string, calendar: string): ((value: number) => number) | undefined {
  const kind = cfCalendar(calendar === '' ? undefined : calendar);
  if (kind === undefined) return undefined;
  try {
    return cfDecoder(units, kind, 'time');
  } catch (error) {
    if (error instanceof RetroplumeError) return undefined;
    throw error;
  }
}
