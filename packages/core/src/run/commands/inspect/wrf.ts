/** WRF output for `inspect`. */
import type { NetcdfFile } from '@retroplume/native';

import { DataError } from '../../../base/errors';
import { placeNames } from '../../../weather/wrf/wrf-grid';
import { isTimeless, wrfTimes } from '../../../weather/wrf/wrf-time';
import { refusedAsInput, type Oddity, type TimeSummary, type Described } from './inspection';
import { numbersOf, type Ranges } from './ranges';
import { stepBetween } from './time-steps';

const PROJECTIONS: Record<number, string> = { 1: 'Lambert conformal', 2: 'polar stereographic', 3: 'Mercator', 6: 'lat-lon' };
/** Rain since the start of the run. */
const ACCUMULATED = ['RAINC', 'RAINNC', 'RAINSH', 'SNOWNC'];

export function describeWrf(file: NetcdfFile, ranges: Ranges[]): Described {
  const attributes = file.attributes();
  const number = (name: string): number => numbersOf(attributes.get(name))[0] ?? Number.NaN;
  const projection = PROJECTIONS[number('MAP_PROJ')] ?? `MAP_PROJ ${number('MAP_PROJ')}`;
  const odd: Oddity[] = [];
  const accumulated = ranges.map(({ name }) => name).filter((name) => ACCUMULATED.includes(name));
  if (accumulated.length > 0)
    odd.push({
      code: 'ACCUMULATED',
      text: `${accumulated.join(', ')} ${accumulated.length === 1 ? 'is' : 'are'} summed since the run began, not per hour`,
    });
  for (const { name, missing, values } of ranges)
    if (missing > 0) odd.push({ code: 'MISSING', text: `${name}: ${missing} of ${values} values are missing` });
  const unlessRefused = <T>(call: () => T): T | undefined => {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      odd.push(refusedAsInput(error, file.path));
      return undefined;
    }
  };
  const span = (name: string): string => {
    const range = ranges.find((entry) => entry.name === name);
    return range?.min === undefined || range.max === undefined ? '' : `${range.min.toFixed(3)} to ${range.max.toFixed(3)}`;
  };
  unlessRefused(() => placeNames(file, file.path));
  const times = unlessRefused(() => wrfTimes(file, file.path));
  const time = times && !isTimeless(times) ? summaryOf(times, odd) : undefined;
  return {
    kind: 'WRF file',
    facts: {
      ...(times && isTimeless(times) ? { time: 'independent of time (Times of the year 0, as in geo_em)' } : {}),
      grid: `${projection}, TRUELAT1 ${number('TRUELAT1')}, TRUELAT2 ${number('TRUELAT2')}, STAND_LON ${number('STAND_LON')}${attributes.has('CEN_LON') ? `, CEN_LON ${number('CEN_LON')}` : ''}, cells of ${number('DX')} x ${number('DY')} m`,
      longitudes: span('XLONG') || span('XLONG_M'),
      latitudes: span('XLAT') || span('XLAT_M'),
    },
    ...(time ? { time } : {}),
    odd,
  };
}

function summaryOf(times: readonly number[], odd: Oddity[]): TimeSummary {
  const timeText = (time: number): string => new Date(time).toISOString().replace('.000Z', 'Z');
  return { first: timeText(times[0]), last: timeText(times[times.length - 1]), steps: times.length, ...stepBetween(times, odd) };
}
