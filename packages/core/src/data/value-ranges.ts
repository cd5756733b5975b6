/**
 * What gridded values can be, so that a wrong unit, a missing-value code or a damaged number is refused where it is read and not learnt from.
 *
 * Concentrations: a transport model's cell of a kilometre beside a volcano, a fire or a smelter may hold far more than any monitor reads, so that the most is ten to
 * twenty times what is taken from a monitor (observation-quality.ts). It stays below an ordinary value in a unit a thousand times too large. Advection and
 * filters leave values just below zero; those smaller than a thousandth of a ppb or µg m-3 move no result and are taken as they are.
 */
import type { ValueRange } from './period-steps';

/** Most of a cell's hourly mean; ppb, PM µg m-3. */
const MOST: Readonly<Record<string, number>> = { NO2: 1e4, SO2: 3e4, O3: 6e3, 'PM2.5': 1e5 };
const LEAST = -1e-3;

/**
 * What a concentration, or a part of one, can be.
 *
 * @param units - of the file
 * @param scale - what brings the file's unit to ppb or µg m-3
 */
export function concentrationRange(species: string, units: string, scale: number): ValueRange {
  return { least: LEAST / scale, most: (MOST[species] ?? Infinity) / scale, units };
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
  return { least: 0, most: LARGEST_FLUX / scale.reduce((a, b) => Math.min(a, b)), units };
}

/** Static fields with a meaning of their own: the unit that they are brought to, and what they can be in it; the Dead Sea and Everest, a part or class of land. */
export const GEOGRAPHY: Readonly<Record<string, ValueRange & { units: string }>> = {
  HT: { units: 'm', least: -500, most: 9000 },
  LWMASK: { units: '1', least: 0, most: 1 },
};
