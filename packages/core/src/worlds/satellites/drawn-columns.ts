/**
 * What a satellite makes of the truth's air in each pixel of an overpass: kernel, a priori, column and its error, clouds.
 *
 * Scattering (NO2, HCHO, SO2). The box air mass factor of a layer at σ = pressure / ground pressure is m(σ) = g · (1 − d · σ⁴) with the geometric factor
 * g = 1 / cos(solar zenith) + 1 / cos(view): light that comes from above sees what lies high and little of what lies near the ground. d is 0.45 over bright and up to 0.85 over
 * dark ground, with rests of clouds. With the shape xa of the a priori, M = Σ m xa / Σ xa, and the kernel is m / M.
 *
 * Infrared (NH3). The kernel has its highest value, 0.7 to 1, at σ = 0.8, and little at the ground, whose air has nearly its temperature; the column holds of the a priori what
 * the kernel leaves.
 *
 * Noise, as the products state it: NO2 0.7e15 molecules cm-2 and 10 to 30 % of the column (van Geffen et al. 2022, doi:10.5194/amt-15-2037-2022); HCHO 6e15 (De Smedt et al. 2021,
 * doi:10.5194/acp-21-12561-2021); SO2 1e16; NH3 30 % and 1.5e15 (Shephard et al. 2020, doi:10.5194/acp-20-2277-2020). 15 % of its variance is shared by pixels within 54 km,
 * as retrievals of a place share their albedo, so that a mean of n of them has not 1/n of the variance.
 */
import type { Random } from '../../base/random';
import type { Grid } from '../../grid/grid';
import { cosSolarZenith } from '../solar';
import { cloudField, evenly, smoothField, type PixelPlaces } from './pixel-fields';
import { amountsBetween, type TruthProfiles } from './truth-profiles';

/** mol m-2 of 10¹⁵ molecules cm-2. */
const PETA = 1e19 / 6.02214076e23;
/** Of the variance of the noise, what pixels near each other share, and over which length. */
const [SHARED_PART, SHARED_KM] = [0.15, 54];
/** mol m-2 of air in a layer of one Pa. */
const AIR_PER_PASCAL = 1 / (28.9628e-3 * 9.81);
const DEGREE = Math.PI / 180;

/** Pa and part of the ground's pressure, at edges from the ground up: p = a + b · ground. */
export const HYBRID_EDGES = hybridEdges([1013, 990, 960, 915, 860, 790, 700, 600, 480, 340, 220, 100, 0]);
/** Of the ground's pressure: levels of the infrared sounder. */
export const SIGMA_LEVELS = [1, 0.96, 0.91, 0.84, 0.76, 0.66, 0.55, 0.43, 0.3, 0.18, 0.08];

function hybridEdges(hectopascals: readonly number[]): { a: Float32Array; b: Float32Array } {
  const [ground, top] = [hectopascals[0], 200];
  const b = hectopascals.map((pressure) => Math.max(0, (pressure - top) / (ground - top)));
  return { a: Float32Array.from(hectopascals, (pressure, i) => 100 * (pressure - b[i] * ground)), b: Float32Array.from(b) };
}

/** How an overpass sees a gas. */
export interface OverpassView {
  grid: Grid;
  places: PixelPlaces;
  profiles: TruthProfiles | undefined;
  /** ms since 1970 */
  time: number;
  /** part of the column by which the product is too high */
  bias: number;
  /** of the day, the same for all products */
  weather: Random;
  /** of the product and the day */
  product: Random;
}

/** By pixel; single precision, as the files hold them. */
export interface DrawnColumns {
  /** Whether the pixel lies on the grid and the truth has air there; columns and kernels of others are NaN. */
  isSeen: Uint8Array;
  /** Above 0 where it is cloudy. */
  cloud: Float64Array;
  /** mol m-2 */
  column: Float32Array;
  error: Float32Array;
  /** Pa */
  groundPressure: Float32Array;
}

export interface ScatteredColumns extends DrawnColumns {
  /** `[pixels, layers]`: m / M of all layers */
  kernel: Float32Array;
  /** M of all layers, and of the troposphere where the product has one */
  airMassFactor: Float32Array;
  troposphericFactor: Float32Array;
  /** the last layer of the troposphere, from 0 */
  tropopauseLayer: Int32Array;
}

export interface InfraredColumns extends DrawnColumns {
  /** `[pixels, levels]` */
  kernel: Float32Array;
  /** Pa, `[pixels, levels]` */
  pressure: Float32Array;
  /** ppmv, `[pixels, levels]` */
  apriori: Float32Array;
}

interface Noise {
  /** mol m-2 */
  floor: number;
  /** of the column, from … to */
  relative: readonly [number, number];
}

const NOISE = {
  NO2: { floor: 0.7 * PETA, relative: [0.1, 0.3] },
  HCHO: { floor: 6 * PETA, relative: [0, 0] },
  SO2: { floor: 10 * PETA, relative: [0, 0] },
  NH3: { floor: 1.5 * PETA, relative: [0.3, 0.3] },
} satisfies Record<string, Noise>;

export type ScatteredGas = Exclude<keyof typeof NOISE, 'NH3'>;

/** What all products share: places, clouds, grounds. */
function emptyColumns({ grid, places, profiles, weather }: OverpassView): DrawnColumns {
  const { pixels } = places;
  const count = pixels.scanlines * pixels.scanlinePixels;
  const isSeen = Uint8Array.from({ length: count }, (_, pixel) => (profiles && places.isInside(pixel) ? 1 : 0));
  const nothing = (): Float32Array => new Float32Array(count).fill(Number.NaN);
  const groundPressure = nothing();
  const ground = profiles ? places.at(profiles.pressures) : undefined; // the first edges are the grounds'
  const pressureChange = places.at(smoothField(grid, 300, weather.fork('pressure')));
  isSeen.forEach((flag, pixel) => {
    if (flag) groundPressure[pixel] = ground![pixel] * (1 + 0.002 * pressureChange[pixel]);
  });
  return { isSeen, cloud: places.at(cloudField(grid, weather.fork('clouds'))), column: nothing(), error: nothing(), groundPressure };
}

/** Draws the noise of pixel after pixel; the same numbers whether a pixel is seen or not. */
function noiseOf(
  { grid, places, product }: OverpassView,
  { floor, relative }: Noise,
): (pixel: number, column: number) => { error: number; noise: number } {
  const shared = places.at(smoothField(grid, SHARED_KM, product.fork('shared noise')));
  const doubt = places.at(smoothField(grid, 120, product.fork('relative noise')));
  const random = product.fork('noise');
  const single = shared.map(() => random.normal());
  return (pixel, column) => {
    const part = relative[0] + (relative[1] - relative[0]) * evenly(doubt[pixel]);
    const error = Math.fround(Math.hypot(floor, part * column));
    return { error, noise: error * (Math.sqrt(SHARED_PART) * shared[pixel] + Math.sqrt(1 - SHARED_PART) * single[pixel]) };
  };
}

/** Amounts of the truth in the layers of a pixel, mol m-2, and the part of each that the model reaches. */
function truthIn(
  profiles: TruthProfiles,
  shares: ReadonlyMap<number, number>,
  edges: Float64Array,
): { amounts: Float64Array; covered: Float64Array } {
  const sums = { amounts: new Float64Array(edges.length - 1), covered: new Float64Array(edges.length - 1) };
  for (const [cell, share] of shares) {
    const { amounts, covered } = amountsBetween(profiles, cell, edges);
    amounts.forEach((amount, l) => {
      sums.amounts[l] += share * amount;
      sums.covered[l] += share * covered[l];
    });
  }
  return sums;
}

const sum = (count: number, term: (i: number) => number): number => {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
};

/** Scale heights of the a priori, m; above it a little everywhere. */
const [APRIORI_HEIGHT, FREE_TROPOSPHERE] = [1200, 0.03];
/** Of the air in a layer by pressure, the amount of a gas that falls with height. */
const aprioriAt = (sigma: number): number => Math.exp((8000 * Math.log(sigma)) / APRIORI_HEIGHT) + FREE_TROPOSPHERE;

/** @param hasTropopause - whether the column ends there (NO2) */
export function scatteredColumns(view: OverpassView, gas: ScatteredGas, hasTropopause: boolean): ScatteredColumns {
  const { grid, places, profiles, time, bias, weather } = view;
  const { pixels } = places;
  const drawn = emptyColumns(view);
  const count = drawn.isSeen.length;
  const { a, b } = HYBRID_EDGES;
  const layers = a.length - 1;
  const albedo = places.at(smoothField(grid, 90, weather.fork('albedo')));
  const noise = noiseOf(view, NOISE[gas]);
  const kernel = new Float32Array(count * layers).fill(Number.NaN);
  const [airMassFactor, troposphericFactor] = [new Float32Array(count).fill(Number.NaN), new Float32Array(count).fill(Number.NaN)];
  const tropopauseLayer = Int32Array.from({ length: count }, (_, pixel) => (pixels.centreLatitudes[pixel] > 37 ? layers - 4 : layers - 3));
  for (let pixel = 0; pixel < count; pixel++) {
    if (!drawn.isSeen[pixel] || !profiles) continue;
    const ground = drawn.groundPressure[pixel];
    const edges = Float64Array.from(a, (constant, edge) => constant + b[edge] * ground);
    const middles = Array.from({ length: layers }, (_, l) => (edges[l] + edges[l + 1]) / (2 * ground));
    const sun = Math.max(0.15, cosSolarZenith(time, pixels.centreLongitudes[pixel], pixels.centreLatitudes[pixel]));
    const geometric = 1 / sun + 1 / Math.cos(Math.min(70, pixels.viewAngles[pixel % pixels.scanlinePixels]) * DEGREE);
    const restOfCloud = Math.max(0, Math.min(0.1, 0.1 + 0.1 * drawn.cloud[pixel]));
    const dimming = 0.45 + 0.3 * (1 - evenly(albedo[pixel])) + restOfCloud;
    const boxFactors = middles.map((sigma) => geometric * (1 - dimming * sigma ** 4));
    const apriori = middles.map((sigma, l) => aprioriAt(sigma) * (edges[l] - edges[l + 1]));
    const factorTo = (last: number): number => Math.fround(sum(last + 1, (l) => boxFactors[l] * apriori[l]) / sum(last + 1, (l) => apriori[l]));
    const last = hasTropopause ? tropopauseLayer[pixel] : layers - 1;
    airMassFactor[pixel] = factorTo(layers - 1);
    troposphericFactor[pixel] = factorTo(last);
    for (let l = 0; l < layers; l++) kernel[pixel * layers + l] = fewDigits(boxFactors[l] / airMassFactor[pixel]);
    // What the pixel would be without noise: the slant column of the truth over the air mass factor of the a priori.
    const { amounts } = truthIn(profiles, places.sharesOf(pixel, false), edges);
    const slant = sum(last + 1, (l) => kernel[pixel * layers + l] * airMassFactor[pixel] * amounts[l]);
    const column = slant / troposphericFactor[pixel];
    const { error, noise: drawnNoise } = noise(pixel, column);
    drawn.column[pixel] = (1 + bias) * column + drawnNoise;
    drawn.error[pixel] = error;
  }
  return { ...drawn, kernel, airMassFactor, troposphericFactor, tropopauseLayer };
}

/** What files with millions of kernels are packed by: steps of 1/1024. */
function fewDigits(value: number): number {
  return Math.round(1024 * value) / 1024;
}

export function infraredColumns(view: OverpassView): InfraredColumns {
  const { grid, places, profiles, bias, weather, product } = view;
  const drawn = emptyColumns(view);
  const count = drawn.isSeen.length;
  const levels = SIGMA_LEVELS.length;
  const noise = noiseOf(view, NOISE.NH3);
  const contrast = places.at(smoothField(grid, 150, weather.fork('thermal contrast')));
  const pollution = places.at(smoothField(grid, 250, product.fork('a priori')));
  const [kernel, pressure, apriori] = [0, 1, 2].map(() => new Float32Array(count * levels).fill(Number.NaN));
  for (let pixel = 0; pixel < count; pixel++) {
    if (!drawn.isSeen[pixel] || !profiles) continue;
    const first = pixel * levels;
    SIGMA_LEVELS.forEach((sigma, level) => {
      pressure[first + level] = sigma * drawn.groundPressure[pixel];
      kernel[first + level] = fewDigits((0.7 + 0.3 * evenly(contrast[pixel])) * Math.exp(-(((sigma - 0.8) / 0.22) ** 2)));
      // 1 to 8 ppb at the ground
      apriori[first + level] = 1e-3 * 8 ** evenly(pollution[pixel]) * aprioriAt(sigma);
    });
    // Each level stands for the air half-way to the next ones.
    const levelPressure = (level: number): number => pressure[first + Math.max(0, Math.min(levels - 1, level))];
    const edges = Float64Array.from({ length: levels + 1 }, (_, edge) => (levelPressure(edge - 1) + levelPressure(edge)) / 2);
    const { amounts, covered } = truthIn(profiles, places.sharesOf(pixel, true), edges);
    const column = sum(levels, (l) => {
      const supposed = 1e-6 * apriori[first + l] * AIR_PER_PASCAL * (edges[l] - edges[l + 1]);
      const trueAmount = amounts[l] + (1 - covered[l]) * supposed; // the a priori where the model does not reach
      return supposed + kernel[first + l] * (trueAmount - supposed);
    });
    const { error, noise: drawnNoise } = noise(pixel, column);
    drawn.column[pixel] = (1 + bias) * column + drawnNoise;
    drawn.error[pixel] = error;
  }
  return { ...drawn, kernel, pressure, apriori };
}
