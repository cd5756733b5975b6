/** WRF output for `inspect`. */
import type { NetcdfFile } from '@retroplume/native';

import type { Oddity, TimeSummary } from './inspection';
import type { Described } from './netcdf';
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
  const span = (name: string): string => {
    const found = ranges.find((each) => each.name === name);
    return found?.min === undefined || found.max === undefined ? '' : `${found.min.toFixed(3)} to ${found.max.toFixed(3)}`;
  };
  const time = timeOf(file, odd);
  return {
    kind: 'WRF file',
    facts: {
      grid: `${projection}, TRUELAT1 ${number('TRUELAT1')}, TRUELAT2 ${number('TRUELAT2')}, STAND_LON ${number('STAND_LON')}, cells of ${number('DX')} x ${number('DY')} m`,
      longitudes: span('XLONG') || span('XLONG_M'),
      latitudes: span('XLAT') || span('XLAT_M'),
    },
    ...(time ? { time } : {}),
    odd,
  };
}

/** `Times`: text of 19 characters a step. */
function timeOf(file: NetcdfFile, odd: Oddity[]): TimeSummary | undefined {
  const variable = file.variable('Times');
  if (variable?.type !== 'char' || variable.dimensions.length !== 2) return undefined;
  const [steps, width] = file.shape('Times');
  if (steps === 0) return undefined;
  const text = Buffer.from(file.read<Uint8Array>('Times')).toString('latin1');
  const times = Array.from({ length: steps }, (_, step) => `${text.slice(step * width, (step + 1) * width).replace('_', 'T')}Z`);
  return { first: times[0], last: times[steps - 1], steps, ...stepBetween(times.map(Date.parse), odd) };
}
