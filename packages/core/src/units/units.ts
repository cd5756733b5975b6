/**
 * Units as files spell them: SI in CF's manner (`ug m-3`, `kg m-2 s-1`), CMAQ's and MCIP's (`moles/s`, `mols/s`, `micrograms/m**3`, `WATTS/M**2`,
 * `KG/KG`, `KG/(M*S)`, `ppmV`), SMOKE's (`none`, `degrees K`), combine's (`C`, `deg`) and what spreadsheets hold (`µg/m³`, `ug.m-3`). Names are looked up as they stand and then in lower case, so that `Mg` is a
 * megagram, `mg` a milligram and MCIP's `M` a metre.
 *
 * Conversion between units, where needed through molar mass and the state of the gas:
 *
 *   mass = amount · M            amount per volume = x · p / (R · T)      (ideal gas)
 *
 * @see Seinfeld & Pandis (2016), Atmospheric Chemistry and Physics, 3rd ed., eq. 1.6–1.7
 */
import { UnitError, expectArgument, expectText } from '../base/errors';

/** Molar gas constant, J mol-1 K-1 (exact since the SI of 2019; CODATA 2018). */
export const GAS_CONSTANT = 8.314462618;

/** s: a year of inventories has 365 days, of what is read (t a-1) and of what is shown (Mt a-1), so that an annual total is found again. */
export const SECONDS_PER_YEAR = 365 * 86400;

/** K: the state to which China's monitors refer gases until August 2018 (GB 3095-2012: 273 K, 101.325 kPa). */
export const STANDARD_TEMPERATURE = 273.15;
/** K: from September 2018 (amendment to GB 3095-2012): 298 K; particles then at ambient conditions. */
export const AMBIENT_REFERENCE_TEMPERATURE = 298.15;
/** Pa. */
export const STANDARD_PRESSURE = 101325;

/** g mol-1, from the IUPAC standard atomic weights of 2021 (H 1.008, C 12.011, N 14.007, O 15.999, S 32.06). */
export const MOLAR_MASS: Readonly<Record<string, number>> = {
  NO: 30.006,
  NO2: 46.005,
  HONO: 47.013,
  HNO3: 63.012,
  N: 14.007,
  NH3: 17.031,
  SO2: 64.058,
  S: 32.06,
  SULF: 98.072,
  O3: 47.997,
  CO: 28.01,
  CO2: 44.009,
  CH4: 16.043,
  C: 12.011,
  FORM: 30.026,
  ISOP: 68.119,
  AIR: 28.9647,
};

/** Powers of kg, mol, m, s, K, mole fraction. A mole fraction is kept apart from other ratios: ppb is not 1e-9 kg/kg. */
export type Dimension = readonly [mass: number, amount: number, length: number, time: number, temperature: number, fraction: number];

/** value in SI = scale · value + offset */
export interface Unit {
  dimension: Dimension;
  scale: number;
  offset: number;
}

type Entry = [scale: number, dimension: Dimension];

const NONE: Dimension = [0, 0, 0, 0, 0, 0];
const MASS: Dimension = [1, 0, 0, 0, 0, 0];
const AMOUNT: Dimension = [0, 1, 0, 0, 0, 0];
const LENGTH: Dimension = [0, 0, 1, 0, 0, 0];
const TIME: Dimension = [0, 0, 0, 1, 0, 0];
const TEMPERATURE: Dimension = [0, 0, 0, 0, 1, 0];
const FRACTION: Dimension = [0, 0, 0, 0, 0, 1];
const PRESSURE: Dimension = [1, 0, -1, -2, 0, 0];
const POWER: Dimension = [1, 0, 2, -3, 0, 0];
const ENERGY: Dimension = [1, 0, 2, -2, 0, 0];

const DAY = 86400;
const DEGREE = Math.PI / 180;

const PREFIXES: [string, number][] = [
  ['', 1], ['p', 1e-12], ['n', 1e-9], ['u', 1e-6], ['m', 1e-3], ['c', 1e-2], ['h', 1e2], ['k', 1e3], ['M', 1e6], ['G', 1e9], ['T', 1e12],
]; // prettier-ignore

const PREFIXED: [string, Entry][] = [
  ['g', [1e-3, MASS]],
  ['t', [1e3, MASS]],
  ['mol', [1, AMOUNT]],
  ['m', [1, LENGTH]],
  ['s', [1, TIME]],
  ['Pa', [1, PRESSURE]],
  ['W', [1, POWER]],
  ['J', [1, ENERGY]],
];

/** In lower case. */
const NAMES: Record<string, Entry> = {
  gram: [1e-3, MASS], grams: [1e-3, MASS], kilogram: [1, MASS], kilograms: [1, MASS],
  microgram: [1e-9, MASS], micrograms: [1e-9, MASS], microg: [1e-9, MASS],
  tonne: [1e3, MASS], tonnes: [1e3, MASS],
  ton: [907.18474, MASS], tons: [907.18474, MASS], // short tons, as SMOKE's reports
  mole: [1, AMOUNT], moles: [1, AMOUNT], mols: [1, AMOUNT],
  meter: [1, LENGTH], meters: [1, LENGTH], metre: [1, LENGTH], metres: [1, LENGTH],
  l: [1e-3, [0, 0, 3, 0, 0, 0]],
  ha: [1e4, [0, 0, 2, 0, 0, 0]],
  sec: [1, TIME], second: [1, TIME], seconds: [1, TIME], min: [60, TIME], minute: [60, TIME], minutes: [60, TIME],
  h: [3600, TIME], hr: [3600, TIME], hour: [3600, TIME], hours: [3600, TIME], d: [DAY, TIME], day: [DAY, TIME], days: [DAY, TIME],
  a: [SECONDS_PER_YEAR, TIME], yr: [SECONDS_PER_YEAR, TIME], year: [SECONDS_PER_YEAR, TIME], years: [SECONDS_PER_YEAR, TIME],
  k: [1, TEMPERATURE], kelvin: [1, TEMPERATURE],
  pa: [1, PRESSURE], pascal: [1, PRESSURE], pascals: [1, PRESSURE], mb: [100, PRESSURE], mbar: [100, PRESSURE], atm: [101325, PRESSURE],
  w: [1, POWER], watt: [1, POWER], watts: [1, POWER], joule: [1, ENERGY], joules: [1, ENERGY],
  ppm: [1e-6, FRACTION], ppmv: [1e-6, FRACTION], ppb: [1e-9, FRACTION], ppbv: [1e-9, FRACTION], ppt: [1e-12, FRACTION], pptv: [1e-12, FRACTION],
  '1': [1, NONE], none: [1, NONE], fraction: [1, NONE], decimal: [1, NONE], area: [1, NONE], category: [1, NONE],
  '%': [1e-2, NONE], percent: [1e-2, NONE],
  deg: [DEGREE, NONE], degree: [DEGREE, NONE], degrees: [DEGREE, NONE], degrees_north: [DEGREE, NONE], degrees_east: [DEGREE, NONE], rad: [1, NONE], radians: [1, NONE],
}; // prettier-ignore

const EXACT = new Map<string, Entry>(
  PREFIXED.flatMap(([name, [scale, dimension]]) => PREFIXES.map(([prefix, factor]): [string, Entry] => [prefix + name, [factor * scale, dimension]])),
);

/** `C`, `degC`, `deg C`, `degrees_Celsius`, `°C`: the only unit with an offset, and so never a part of another. */
const CELSIUS = /^(?:(?:deg(?:ree)?s?|°)[ _]*)?(?:c|celsius|centigrade)$/i;

/** `deg K`, `degrees_Kelvin`, `°K`: kelvins, which the grammar below would take for an angle times kelvins. */
const DEGREES_KELVIN = /(?<![a-z])(?:deg(?:ree)?s?|°)[ _]*k(?:elvin)?(?![a-z])/gi;

/** `nmol/mol`, `umol mol-1`, `moles/mole`: the grammar below would lose what the ratio is of. */
const MOLE_FRACTION = /^([a-z]?mol)(?:es?|s)?(?: ?\/ ?mol(?:es?|s)?| mol(?:es?|s)?(?:\*\*|\^)?-1)$/i;

/** @param subject - what is in that unit (`emis.nc: NO2`), for messages @throws {UnitError} `UNIT_UNKNOWN`, naming the part that isn't known */
export function parseUnit(text: string, subject?: string): Unit {
  const spelling = plain(text);
  if (CELSIUS.test(spelling)) return { dimension: TEMPERATURE, scale: 1, offset: 273.15 };
  const [, moles] = MOLE_FRACTION.exec(spelling) ?? [];
  const fraction = moles === undefined ? undefined : (EXACT.get(moles) ?? EXACT.get(moles.toLowerCase()));
  if (fraction) return { dimension: FRACTION, scale: fraction[0], offset: 0 };
  const unit = { dimension: [...NONE] as number[], scale: 1, offset: 0 };
  multiplyAll(unit, spelling, 1, subject ? `${subject}: unit "${text}"` : `unit "${text}"`);
  return unit as unknown as Unit;
}

/** Superscripts become digits, `µ` becomes u, degrees of kelvin K, and dots between parts (`kg.m-2.s-1`, `kg·m⁻²·s⁻¹`) spaces. */
function plain(text: string): string {
  const ascii = text
    .normalize('NFKC')
    .replace(/μ/g, 'u')
    .replace(/\u2212/g, '-');
  return ascii
    .replace(/\s*[·⋅]\s*|\.(?=[a-z(])/gi, ' ')
    .replace(DEGREES_KELVIN, 'K')
    .trim();
}

/** One "*" between parts is a space; a part may be a product in brackets. */
function multiplyAll(unit: { dimension: number[]; scale: number }, text: string, power: number, spelling: string): void {
  let sign = 1;
  // "/" turns the sign of the part after it; "kg/m2/s" and "kg/m2 s" mean what they look like: the latter is m-2 s.
  for (const part of text.replace(/(?<!\*)\*(?!\*)/g, ' ').match(/\/|\([^()]*\)(?:(?:\*\*|\^)?[+-]?\d+)?|[^\s/]+/g) ?? []) {
    if (part === '/') {
      sign = -1;
      continue;
    }
    const bracket = /^\((.*)\)(?:\*\*|\^)?([+-]?\d+)?$/.exec(part);
    if (bracket) multiplyAll(unit, bracket[1], sign * power * Number(bracket[2] ?? 1), spelling);
    else multiply(unit, part, sign * power, spelling);
    sign = 1;
  }
}

function multiply(unit: { dimension: number[]; scale: number }, part: string, sign: number, spelling: string): void {
  const match = /^(1|%|[A-Za-z_]+)(?:(?:\*\*|\^)?([+-]?\d+))?$/.exec(part);
  const entry = match && (EXACT.get(match[1]) ?? NAMES[match[1].toLowerCase()] ?? EXACT.get(match[1].toLowerCase()));
  if (!entry)
    throw new UnitError('UNIT_UNKNOWN', `${spelling}: "${part}" is not known: write it as in "ug m-3", "ppb", "moles/s", "g/s", "kg m-2 s-1"`);
  if (match[1] === 'mt' || match[1] === 'MT') {
    throw new UnitError('UNIT_UNKNOWN', `${spelling}: "${part}" may be a metric ton or a million of them: write t or Mt`);
  }
  const power = sign * Number(match[2] ?? 1);
  if (match[1].toLowerCase() === 'nm' && Math.abs(power) === 3) {
    throw new UnitError(
      'UNIT_UNKNOWN',
      `${spelling}: "${part}" is a normal cubic metre, whose temperature and pressure it does not tell: write m3, and for observations of a gas set those in observations.gasReference`,
    );
  }
  unit.scale *= entry[0] ** power;
  entry[1].forEach((exponent, i) => (unit.dimension[i] += exponent * power));
}

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
export function convert(value: number, fromUnit: string, toUnit: string, context?: ConversionContext): number;
export function convert<T extends Float32Array | Float64Array>(values: T, fromUnit: string, toUnit: string, context?: ConversionContext): T;
export function convert<T extends Float32Array | Float64Array>(
  value: number | T,
  fromUnit: string,
  toUnit: string,
  context: ConversionContext = {},
): number | T {
  expectText(fromUnit, 'convert: from', 'a unit');
  expectText(toUnit, 'convert: to', 'a unit');
  const { scale, offset } = conversion(fromUnit, toUnit, context);
  if (typeof value === 'number') return scale * value + offset;
  // Whole numbers would be cut to whole numbers.
  const right = !ArrayBuffer.isView(value) || value instanceof Float32Array || value instanceof Float64Array;
  expectArgument(right, 'convert: values', 'a Float32Array or a Float64Array', value);
  for (let i = 0; i < value.length; i++) value[i] = scale * value[i] + offset;
  return value;
}

/** The conversion as `to = scale · from + offset`. */
export function conversion(fromUnit: string, toUnit: string, context: ConversionContext = {}): { scale: number; offset: number } {
  const [source, target] = [parseUnit(fromUnit, context.subject), parseUnit(toUnit)];
  const bridge = bridgeFactor(source, target, { fromUnit, toUnit, context });
  return { scale: (source.scale / target.scale) * bridge, offset: (source.offset - target.offset) / target.scale };
}

interface Request {
  fromUnit: string;
  toUnit: string;
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

function inWords({ fromUnit, toUnit, context }: Request): string {
  return `${context.subject ? `${context.subject}: ` : ''}it is in "${fromUnit}" but "${toUnit}" was asked for`;
}
