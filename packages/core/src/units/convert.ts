/**
 * Conversion between units, where needed through molar mass and the state of the gas:
 *
 *   mass = amount · M            amount per volume = x · p / (R · T)      (ideal gas)
 *
 * @see Seinfeld & Pandis (2016), Atmospheric Chemistry and Physics, 3rd ed., eq. 1.6–1.7
 */
import { expectArgument, expectText, UnitError } from '../base/errors';
import { GAS_CONSTANT } from './constants';
import { parseUnit, type Dimension, type Unit } from './parse-unit';

export interface ConversionContext {
  /** g mol-1 */
  molarMass?: number;
  /** K */
  temperature?: number;
  /** Pa */
  pressure?: number;
  /** What is converted (`emis.nc: NO2`), for messages. */
  subject?: string;
}

/**
 * Converts a value, or every value of an array in place.
 *
 * @example
 * convert(100, 'ug m-3', 'ppb', { molarMass: MOLAR_MASS.O3, temperature: 273.15, pressure: 101325 }); // 46.7
 * @throws {UnitError} `UNIT_UNKNOWN`, `UNIT_MISMATCH`, `UNIT_MOLAR_MASS`, `UNIT_GAS_STATE`; {@link ConfigError} `CALL_INVALID` for an array of whole numbers
 */
export function convert(value: number, from: string, to: string, context?: ConversionContext): number;
export function convert<T extends Float32Array | Float64Array>(values: T, from: string, to: string, context?: ConversionContext): T;
export function convert<T extends Float32Array | Float64Array>(
  value: number | T,
  from: string,
  to: string,
  context: ConversionContext = {},
): number | T {
  expectText(from, 'convert: from', 'a unit');
  expectText(to, 'convert: to', 'a unit');
  const { scale, offset } = conversion(from, to, context);
  if (typeof value === 'number') return scale * value + offset;
  // Whole numbers would be cut to whole numbers.
  const right = !ArrayBuffer.isView(value) || value instanceof Float32Array || value instanceof Float64Array;
  expectArgument(right, 'convert: values', 'a Float32Array or a Float64Array', value);
  for (let i = 0; i < value.length; i++) value[i] = scale * value[i] + offset;
  return value;
}

/** The conversion as `to = scale · from + offset`. */
export function conversion(from: string, to: string, context: ConversionContext = {}): { scale: number; offset: number } {
  const [source, target] = [parseUnit(from, context.subject), parseUnit(to)];
  const bridge = bridgeFactor(source, target, { from, to, context });
  return { scale: (source.scale / target.scale) * bridge, offset: (source.offset - target.offset) / target.scale };
}

interface Request {
  from: string;
  to: string;
  context: ConversionContext;
}

/** What turns SI of one dimension into SI of the other: 1, M, 1/M, p/RT, … */
function bridgeFactor(source: Unit, target: Unit, request: Request): number {
  const difference = target.dimension.map((power, i) => power - source.dimension[i]) as unknown as Dimension;
  const [mass, amount, length, time, temperature, fraction] = difference;
  if (difference.every((power) => power === 0)) return 1;
  const restEqual = time === 0 && temperature === 0;
  if (restEqual && length === 0 && fraction === 0 && mass === -amount) return molarMass(request) ** mass;
  // A mole fraction against an amount or a mass per volume, or the other way round.
  if (restEqual && Math.abs(fraction) === 1 && length === 3 * fraction && mass + amount === -fraction) {
    return gasDensity(request) ** -fraction * molarMass(request, mass !== 0) ** mass;
  }
  throw new UnitError('UNIT_MISMATCH', `${inWords(request)}: one cannot become the other: set the unit that the values are really in`);
}

/** kg mol-1 */
function molarMass(request: Request, needed = true): number {
  const { molarMass: grams } = request.context;
  if (!needed) return 1;
  if (grams !== undefined && grams > 0) return grams / 1000;
  throw new UnitError('UNIT_MOLAR_MASS', `${inWords(request)}: that needs a molar mass: set molarMass (g mol-1)`);
}

/** mol m-3 */
function gasDensity(request: Request): number {
  const { temperature = 0, pressure = 0 } = request.context;
  if (temperature > 0 && pressure > 0) return pressure / (GAS_CONSTANT * temperature);
  throw new UnitError('UNIT_GAS_STATE', `${inWords(request)}: that needs the gas's temperature (K) and pressure (Pa): set gasReference`);
}

function inWords({ from, to, context }: Request): string {
  return `${context.subject ? `${context.subject}: ` : ''}it is in "${from}" but "${to}" was asked for`;
}
