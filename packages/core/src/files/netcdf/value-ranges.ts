/**
 * What gridded values can be, so that a wrong unit, a missing-value code or a damaged number is refused where it is read and not learnt from.
 *
 * Concentrations: a transport model's cell of a kilometre beside a volcano, a fire or a smelter may hold far more than any monitor reads, so that the most is ten to
 * twenty times what is taken from a monitor (observation-quality.ts). It stays below an ordinary value in a unit a thousand times too large. Advection and
 * filters leave values just below zero; those smaller than a thousandth of a ppb or µg m-3 move no result and are taken as they are.
 */
import { knownGroup, knownSpecies } from '../../base/species';
import { DataError } from '../../base/errors';
import { instant, type Grid, type TimeAxis, timeAt } from '../../grid/grid';

const LEAST = -1e-3;

/**
 * What a concentration, or a part of one, can be.
 *
 * @param units - of the file
 * @param scale - what brings the file's unit to ppb or µg m-3
 */
export function concentrationRange(species: string, units: string, scale: number): ValueRange {
  return { lowest: LEAST / scale, greatest: (knownSpecies(species)?.mostOfCell ?? Infinity) / scale, units };
}

/**
 * kg m-2 s-1 of a variable, all year's fires, smelters and volcanoes below: 100 kt of SO2 in a day out of one square kilometre are 0.0012, a forest that burns down in
 * an hour gives 3e-5 of particles.
 */
const LARGEST_FLUX = 1e-2;

/**
 * What a variable of an emission file can be in a cell and layer.
 *
 * @param units - of the file
 * @param scale - what brings the file's unit to kg m-2 s-1, of each row; the largest cell decides
 */
export function emissionRange(units: string, scale: Float64Array): ValueRange {
  return { lowest: 0, greatest: LARGEST_FLUX / scale.reduce((a, b) => Math.min(a, b)), units };
}

/** Static fields with a meaning of their own: the unit that they are brought to, and what they can be in it; the Dead Sea and Everest, a part or class of land. */
export const GEOGRAPHY: Readonly<Record<string, ValueRange & { units: string }>> = {
  HT: { units: 'm', lowest: -500, greatest: 9000 },
  LWMASK: { units: '1', lowest: 0, greatest: 1 },
};

/** Part of the earth's mean below which no region with people, ships or plants lies: a gram for a kilogram is a thousandth, a microgram for a gram a millionth. */
const LEAST_PART = 1e-4;
const YEAR_SECONDS = 365 * 86400;

/**
 * What is no fault by itself of the emissions of a whole grid, but looks like one: a sentence each. Groups that emit nothing are not told here, nor those of
 * which nothing is known.
 *
 * @param fluxes - mean of cells and hours by group, kg m-2 s-1
 * @param area - of the grid, m2
 */
export function fluxDoubts(fluxes: ReadonlyMap<string, number>, area: number): string[] {
  return [...fluxes].flatMap(([group, flux]) => {
    const facts = knownGroup(group);
    if (!facts) return [];
    const { meanFlux, mostOfSide } = facts;
    const mean = `${group}: a mean of ${brief(flux)} kg m-2 s-1`;
    if (flux > 0 && flux < LEAST_PART * meanFlux) {
      return [`${mean} is less than a ten-thousandth of the earth's (${brief(meanFlux)}): is a unit wrong in the files?`];
    }
    if (flux * Math.sqrt(area) <= mostOfSide) return [];
    const total = `${brief((flux * area * YEAR_SECONDS) / 1e9)} Tg a year on ${brief(area / 1e6)} km2`;
    return [`${mean} (${total}) is more than ten times what any region of that size emits: is a unit wrong in the files?`];
  });
}

/** As {@link fluxDoubts}. @param means - of cells and hours by species, ppb or µg m-3 */
export function concentrationDoubts(means: ReadonlyMap<string, number>): string[] {
  return [...means].flatMap(([species, mean]) => {
    const facts = knownSpecies(species);
    if (!facts || (mean >= facts.cleanest && mean <= facts.dirtiest)) return [];
    const { unit, cleanest, dirtiest } = facts;
    const subject = mean < cleanest ? `less than the cleanest air holds (${cleanest})` : `more than any region holds (${dirtiest})`;
    return [`${species}: a mean of ${brief(mean)} ${unit} is ${subject}: is a unit wrong in the files?`];
  });
}

/** m s-1 at 10 m, mean of cells and hours: calm regions have 1, and no hour of a whole region less than 0.1; hurricanes are smaller than grids. */
const [CALMEST, STORMIEST] = [0.1, 40];
/** m, mean of cells and hours: boundary layers of a polar night have 50. */
const SHALLOWEST = 20;

/** As {@link fluxDoubts}. @param speed - m s-1; @param pbl - m; means of cells and hours, undefined where it is not read */
export function weatherDoubts({ speed, pbl }: { speed?: number; pbl?: number }): string[] {
  const wind = speed === undefined || (speed >= CALMEST && speed <= STORMIEST) ? [] : [`the wind is ${brief(speed)} m s-1 on average, where regions have 1 to 20: is it missing in the files, or its unit wrong?`]; // prettier-ignore
  const layer = pbl === undefined || pbl >= SHALLOWEST ? [] : [`PBL is ${brief(pbl)} m on average, where regions have 50 to 3000: is it missing in the files, or its unit wrong?`]; // prettier-ignore
  return [...wind, ...layer];
}

function brief(value: number): string {
  return String(Number(value.toPrecision(2)));
}

/** What a variable can be, in the unit that its fields are in; an end that is not given is open. */
export interface ValueRange {
  lowest?: number;
  greatest?: number;
  /** for the message */
  units?: string;
}

/**
 * Refuses what is not a number, or is outside a range.
 *
 * @param fields - `[steps, layers, rows, cols]`
 * @throws {DataError} `NOT_FINITE`, `NEGATIVE` below a least value of 0, `VALUE_RANGE`, naming variable, time and cell
 */
export function assertValues(
  fields: Float32Array,
  position: { path: string; variable: string; grid: Grid; start: Date; stepSeconds: number; layers: number },
  { lowest = -Infinity, greatest: greatest = Infinity, units = '' }: ValueRange = {},
): void {
  const index = fields.findIndex((value) => !(value >= lowest && value <= greatest && value < Infinity));
  if (index < 0) return;
  const { path, variable, grid, start, stepSeconds, layers } = position;
  const cells = grid.rows * grid.cols;
  const cell = index % cells;
  const time = new Date(start.getTime() + 1000 * stepSeconds * Math.floor(index / (cells * layers)));
  const place = `row ${Math.floor(cell / grid.cols)}, column ${cell % grid.cols}${stepSeconds > 0 ? `, ${instant(time)}` : ''}`;
  const value = fields[index];
  if (!Number.isFinite(value))
    throw new DataError('NOT_FINITE', `${path}: ${variable} is missing or not a number at ${place}: fill the gap in the file`);
  if (lowest === 0 && value < 0)
    throw new DataError('NEGATIVE', `${path}: ${variable} is ${value} at ${place}: values below 0 make no sense; mend the file`);
  throw new DataError(
    'VALUE_RANGE',
    `${path}: ${variable}: expected ${short(lowest)} to ${short(greatest)}${units && units !== '1' ? ` ${units}` : ''} but received ${short(value)} at ${place}: mend the file, or the unit that it gives`,
  );
}

/** Without the digits that a 32-bit float does not have. */
function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/**
 * Hours of `[T, cells, channels]` in which a channel is 0 in every cell. No transport model gives that once it is under way, but a file that was filled with zeros
 * before a run that did not end holds such hours, and they would pass for clean air.
 */
export function zeroHours(values: Float32Array, hours: number, channel: number, channels: number): number[] {
  const perHour = values.length / hours;
  const isZero = (hour: number): boolean => {
    for (let i = hour * perHour + channel; i < (hour + 1) * perHour; i += channels) if (values[i] !== 0) return false;
    return true;
  };
  return Array.from({ length: hours }, (_, hour) => hour).filter(isZero);
}

/**
 * The first hour may be zero: a model may start from nothing. So may all of them, which is `CONCENTRATIONS_CONSTANT`.
 *
 * @param zero - as {@link zeroHours} has them
 * @throws {DataError} `CONCENTRATIONS_ZERO`
 */
export function refuseZeroHours(
  zero: readonly number[],
  { path, species, variables, time }: { path: string; species: string; variables: readonly string[]; time: TimeAxis },
): void {
  const later = zero.filter((hour) => hour > 0);
  if (later.length === 0 || zero.length === time.count) return;
  throw new DataError(
    'CONCENTRATIONS_ZERO',
    `${path}: ${species} (${variables.join(', ')}) is 0 in every cell in ${later.length} of the ${time.count} hours, first at ${instant(timeAt(time, later[0]))}: give a file that holds these hours, or run the transport model again for them`,
  );
}
