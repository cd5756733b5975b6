/**
 * Meteorological channels for the surrogate, from MCIP's files or from others that a reader gives MCIP's names (weather/).
 *
 *   u, v            m s-1, along the grid: as the reader has them (WRF, CF files), else from WSPD10 and WDIR10 where it is known how that was turned
 *                   (weather/mcip-wind.ts), else METDOT's wind of the lowest layers (UWIND, VWIND or UWINDC, VWINDC)
 *   inversePbl      m-1, 1 / PBL, with PBL of 10 m at least
 *   RN              cm per step, RN + RC (non-convective and convective) where both are there
 *   hourSin, hourCos  sine and cosine of the local solar hour in the middle of the step, from the cell's longitude
 *
 * TEMP2, PBL, RGRND, Q2 and other known ones are brought to the unit in CHANNELS; any other variable of the file keeps its own.
 * Steps are MCIP's: the instant at the beginning of the hour stands for the hour.
 */
import { DataError } from '../base/errors';
import { type Grid, type TimeAxis, timeAt } from '../grid/grid';
import { convert } from '../units/units';
import type { IoapiReader } from '../files/ioapi/ioapi-file';
import { assertValues } from '../files/netcdf/value-ranges';
import { forEachSlab, putChannel, type LongRead } from '../files/ioapi/period-steps';
import { windDirection } from './mcip/mcip-wind';
import { windToGrid, type WindDirection } from '../grid/wind';

/** What a case may say of its meteorology: forms of files, and names in CF files. */

export const WEATHER_FORMATS = ['auto', 'mcip', 'wrf', 'cf'] as const;
export type WeatherFormat = (typeof WEATHER_FORMATS)[number];

/** Names of ERA5's variables for the fields that are read; `dewPoint` is only used to make Q2. */
export const CF_NAMES = {
  u: 'u10',
  v: 'v10',
  TEMP2: 't2m',
  dewPoint: 'd2m',
  PBL: 'blh',
  RGRND: 'ssrd',
  RN: 'tp',
  PRSFC: 'sp',
  USTAR: 'zust',
  Q2: 'q2',
};
export type CfNames = typeof CF_NAMES;

/** A channel whose unit is fixed, and what its values can be in that unit; an end that is not given is open. */
export interface Channel {
  units: string;
  description: string;
  /** of CF, where it has one for it */
  standardName?: string;
  lowest?: number;
  greatest?: number;
}

/** Beyond any tornado or jet. */
const WIND = { units: 'm s-1', lowest: -150, greatest: 150 } satisfies Partial<Channel>;

/**
 * Unit, description and range of the channels whose unit is fixed. Ranges hold every place and hour on earth with room to spare; where nothing is the least, packed files
 * give values just below it.
 */
export const CHANNELS: Readonly<Record<string, Channel>> = {
  u: { ...WIND, standardName: 'x_wind', description: 'wind along the grid x axis at 10 m' },
  v: { ...WIND, standardName: 'y_wind', description: 'wind along the grid y axis at 10 m' },
  TEMP2: { units: 'K', standardName: 'air_temperature', description: 'temperature at 2 m', lowest: 150, greatest: 350 },
  PBL: { units: 'm', standardName: 'atmosphere_boundary_layer_thickness', description: 'boundary-layer height', lowest: 0, greatest: 1e4 },
  inversePbl: { units: 'm-1', description: 'inverse of the boundary-layer height' },
  RGRND: {
    units: 'W m-2',
    standardName: 'surface_downwelling_shortwave_flux_in_air',
    description: 'solar radiation reaching the ground',
    lowest: -1,
    greatest: 1600,
  },
  Q2: { units: 'kg kg-1', standardName: 'humidity_mixing_ratio', description: 'water-vapour mixing ratio at 2 m', lowest: -1e-6, greatest: 0.1 },
  RN: { units: 'cm', standardName: 'lwe_thickness_of_precipitation_amount', description: 'precipitation per step', lowest: -1e-3, greatest: 100 },
  RC: {
    units: 'cm',
    standardName: 'lwe_thickness_of_convective_precipitation_amount',
    description: 'convective precipitation per step',
    lowest: -1e-3,
    greatest: 100,
  },
  PRSFC: { units: 'Pa', standardName: 'surface_air_pressure', description: 'surface pressure', lowest: 2e4, greatest: 1.2e5 },
  WSPD10: { units: 'm s-1', standardName: 'wind_speed', description: 'wind speed at 10 m', lowest: 0, greatest: 150 },
  WDIR10: {
    units: 'degrees',
    standardName: 'wind_from_direction',
    description: 'direction from which the wind at 10 m comes, clockwise from true north',
    lowest: -360,
    greatest: 360,
  },
  UWIND: { ...WIND, standardName: 'x_wind', description: 'wind along the grid x axis in the lowest layers' },
  VWIND: { ...WIND, standardName: 'y_wind', description: 'wind along the grid y axis in the lowest layers' },
  UWINDC: { ...WIND, standardName: 'x_wind', description: 'wind along the grid x axis in the lowest layers' },
  VWINDC: { ...WIND, standardName: 'y_wind', description: 'wind along the grid y axis in the lowest layers' },
  USTAR: { units: 'm s-1', description: 'friction velocity', lowest: 0, greatest: 20 },
  hourSin: { units: '1', description: 'sine of the local solar hour' },
  hourCos: { units: '1', description: 'cosine of the local solar hour' },
};

const LOWEST_PBL = 10;

/** A day of one file, each variable read once. */
class Slab {
  private readonly fields = new Map<string, Float32Array>();

  constructor(
    readonly reader: IoapiReader,
    private readonly fileStep: number,
    readonly count: number,
    readonly start: Date,
    readonly turn: Float64Array | undefined,
    readonly longitudes: Float64Array,
  ) {}

  get grid(): Grid {
    return this.reader.grid;
  }

  get stepSeconds(): number {
    return this.reader.time.stepSeconds;
  }

  has(variable: string): boolean {
    return this.reader.variables.some(({ name }) => name === variable);
  }

  /** `[count, rows, cols]` of the lowest layer, in the unit of CHANNELS. */
  variable(name: string): Float32Array {
    const field = this.fields.get(name);
    if (field) return field;
    const { reader, count, start, grid, stepSeconds } = this;
    const fields = reader.read(name, this.fileStep, count, 0);
    const units = reader.variables.find((variable) => variable.name === name)?.units ?? '';
    const channel: Channel | undefined = CHANNELS[name];
    if (channel) convert(fields, units, channel.units, { subject: `${reader.path}: ${name}` });
    assertValues(fields, { path: reader.path, variable: name, grid, start, stepSeconds, layers: 1 }, channel);
    this.fields.set(name, fields);
    return fields;
  }

  derived(name: string, make: () => Record<string, Float32Array>): Float32Array {
    if (!this.fields.has(name)) for (const [key, fields] of Object.entries(make())) this.fields.set(key, fields);
    return this.fields.get(name) as Float32Array;
  }
}

/** Pairs of variables that hold the wind, the best first. */
const WINDS = [['u', 'v'], ['WSPD10', 'WDIR10'], ['UWIND', 'VWIND'], ['UWINDC', 'VWINDC']] as const; // prettier-ignore

const directionOf = (reader: IoapiReader): WindDirection => reader.direction ?? windDirection([reader.attributes], reader.grid);

/**
 * Those that a file holds, speed and direction only where it is known how to turn them; where it holds none, those that its like should, for the message:
 * speed and direction of MCIP's.
 */
function windOf(reader: IoapiReader): readonly [string, string] {
  const holds = (variable: string): boolean => reader.variables.some(({ name }) => name === variable);
  const windPairs = WINDS.filter((pair) => pair.every(holds));
  const windPair = windPairs.length === 1 ? windPairs[0] : windPairs.find(([first]) => first !== 'WSPD10' || directionOf(reader).turn !== undefined);
  return windPair ?? windPairs[0] ?? WINDS[reader.sought ? 0 : 1];
}

/**
 * Which wind the channels u and v are made of, and how it is turned; undefined where the files have it along the grid and nothing else, or none.
 *
 * @throws {DataError} `WIND_DIRECTION`
 */
export function windSaid(reader: IoapiReader): string | undefined {
  const pair = windOf(reader);
  const isHeld = ['WSPD10', 'WDIR10'].every((variable) => reader.variables.some(({ name }) => name === variable));
  if (!isHeld) return undefined;
  if (pair[0] === 'WSPD10') {
    requireDirection(reader);
    return directionOf(reader).description;
  }
  const isPassedOver = pair[0] !== 'u';
  return isPassedOver ? `the wind is ${pair.join(', ')} of METDOT3D's lowest layers: ${directionOf(reader).description}` : undefined;
}

function wind(slab: Slab): Record<string, Float32Array> {
  const [first, second] = windOf(slab.reader);
  if (first !== 'WSPD10') return { u: slab.variable(first), v: slab.variable(second) };
  return { ...windToGrid(slab.variable('WSPD10'), slab.variable('WDIR10'), slab.turn!) };
}

function solarHour(slab: Slab): Record<string, Float32Array> {
  const cells = slab.longitudes.length;
  const [hourSin, hourCos] = [new Float32Array(slab.count * cells), new Float32Array(slab.count * cells)];
  for (let step = 0; step < slab.count; step++) {
    const middle = slab.start.getTime() / 3600e3 + ((step + 0.5) * slab.stepSeconds) / 3600;
    for (let cell = 0; cell < cells; cell++) {
      const angle = (2 * Math.PI * (middle + slab.longitudes[cell] / 15)) / 24;
      hourSin[step * cells + cell] = Math.sin(angle);
      hourCos[step * cells + cell] = Math.cos(angle);
    }
  }
  return { hourSin, hourCos };
}

const DERIVED: Record<string, (slab: Slab) => Float32Array> = {
  u: (slab) => slab.derived('u', () => wind(slab)),
  v: (slab) => slab.derived('v', () => wind(slab)),
  inversePbl: (slab) => slab.variable('PBL').map((height) => 1 / Math.max(height, LOWEST_PBL)),
  RN: (slab) => {
    const rain = slab.variable('RN');
    if (!slab.has('RC')) return rain;
    const convective = slab.variable('RC');
    return rain.map((amount, i) => amount + convective[i]);
  },
  hourSin: (slab) => slab.derived('hourSin', () => solarHour(slab)),
  hourCos: (slab) => slab.derived('hourCos', () => solarHour(slab)),
};

const NEEDS: Record<string, string[]> = { inversePbl: ['PBL'], hourSin: [], hourCos: [] };

interface MeteorologyRead extends LongRead {
  /** who needs all channels, whatever meteorology.variables says */
  neededBy?: string;
}

/**
 * Reads the channels of a period.
 *
 * @param channels - names of CHANNELS, or of any variable of the file
 * @returns `[T, H, W, channels]`
 * @throws {DataError} `VARIABLE_MISSING` (names file and variable, before anything is read), `WIND_DIRECTION` for MCIP's that nobody can turn, `PERIOD_NOT_COVERED`, `NOT_FINITE`, `NEGATIVE`, `VALUE_RANGE`
 * @throws {UnitError} if a variable's unit is of another kind
 */
export function readMeteorology(reader: IoapiReader, period: TimeAxis, channels: string[], options: MeteorologyRead = {}): Float32Array {
  for (const channel of channels) requireVariables(reader, channel, options.neededBy);
  const { rows, cols } = reader.grid;
  const cells = rows * cols;
  const result = new Float32Array(period.count * cells * channels.length);
  const turn = channels.some(isWind) && windOf(reader)[0] === 'WSPD10' ? directionOf(reader).turn : undefined;
  const longitudes = Float64Array.from({ length: cells }, (_, cell) => reader.grid.centre(Math.floor(cell / cols), cell % cols).lon);
  forEachSlab(reader, period, options, (fileStep, step, count) => {
    const slab = new Slab(reader, fileStep, count, timeAt(period, step), turn, longitudes);
    channels.forEach((name, channel) => {
      const fields = DERIVED[name] ? DERIVED[name](slab) : slab.variable(name);
      putChannel(result, channels.length, channel, step * cells, fields);
    });
  });
  return result;
}

const isWind = (channel: string): boolean => channel === 'u' || channel === 'v';

function requireVariables(reader: IoapiReader, channel: string, neededBy?: string): void {
  const names = reader.variables.map(({ name }) => name);
  const needs = isWind(channel) ? windOf(reader) : (NEEDS[channel] ?? [channel]);
  const missing = needs.find((name) => !names.includes(name));
  if (missing === undefined && isWind(channel) && needs.includes('WDIR10')) requireDirection(reader);
  if (missing === undefined) return;
  const { name, remedy } = reader.sought?.(missing) ?? { name: missing };
  const needing = [...(name === channel ? [] : [`the channel ${channel}`]), ...(neededBy === undefined ? [] : [neededBy])];
  const reason = needing.length === 0 ? '' : `, which ${needing.join(' of ')} needs`;
  const leave = neededBy === undefined ? [`leave ${channel} out of meteorology.variables`] : [];
  const remedies = [...(remedy === undefined ? [] : [remedy]), ...leave].join(', ');
  throw new DataError(
    'VARIABLE_MISSING',
    `${reader.path}: there is no variable ${name}${reason}: ${remedies === '' ? '' : `${remedies} or `}give files that hold it`,
  );
}

/** @throws {DataError} `WIND_DIRECTION` */
function requireDirection(reader: IoapiReader): void {
  const { turn, description, remedy } = directionOf(reader);
  if (turn !== undefined) return;
  throw new DataError('WIND_DIRECTION', `${reader.path}: ${description}: ${remedy!}`);
}
