/**
 * The layers of a pixel, from the ground up: their pressures, the kernel or the scattering weights on them, and the a priori where the column holds it.
 *
 * A kernel of logarithms. An optimal estimation of ln q, q the mole fractions on levels of pressure p, tells ln q̂ = ln qa + A (ln q − ln qa), and the column
 * Σ w q̂ with the weights of the trapezoidal rule, w_m = (p_(m−1) − p_(m+1)) / (2 g M), half an interval at both ends. About the a priori, where q = qa,
 *
 *   ∂(Σ w q̂)/∂q_n = Σ_m w_m (qa_m / qa_n) A_mn = w_n a_n
 *
 * so that with x_n = w_n q_n, the amounts in layers between the middles of the levels, the column is Σ a_n x_n + Σ (1 − a_n) xa_n: a kernel like others. It is
 * exact at the a priori and to first order about it. Levels that a file leaves out below the ground make its lowest layer in parts, which changes nothing.
 *
 * Which index of A comes first, readers of one product have told differently. The covariances of the retrieval tell it: with S that of all errors and N that of the
 * noise, S = (Kᵀ Sε⁻¹ K + Sa⁻¹)⁻¹, A = S Kᵀ Sε⁻¹ K and N = G Sε Gᵀ with G = S Kᵀ Sε⁻¹, so that N = A S. Where a file holds both, and N = Aᵀ S instead, it is turned.
 *
 * @see Rodgers (2000), Inverse Methods for Atmospheric Sounding, sections 2.4, 3.2 and 10.3.2
 * @see Cao et al. (2020), doi:10.1088/1748-9326/abb5cc, who make CrIS's kernels linear in the same way, the ratio of the mole fractions held below 3
 */
import type { CfData } from '../../files/netcdf/netcdf-cf';
import type { ColumnFile } from './column-file';

/** Arrays of rows for pixels. */
export interface LayerArrays {
  layers: number;
  /** Pa, `[pixels, layers + 1]`, falling */
  edges: Float64Array;
  /** `[pixels, layers]` */
  sensitivity: Float64Array;
  /** mol m-2, `[pixels, layers]` */
  aprioris?: Float64Array;
}

/** Fills row `i` with the layers of a pixel. @returns why it has none */
export type LayerFiller = (pixel: number, i: number) => string | undefined;

export const NO_LAYERS = { values: 'a value is missing', order: 'its pressures do not fall from the ground' } as const;

/** kg mol-1 and m s-2, as in the model's layers. */
const [AIR_MOLAR_MASS, GRAVITY] = [28.9628e-3, 9.81];
/** mol m-2 of air in a layer of one Pa. */
const AIR_PER_PASCAL = 1 / (AIR_MOLAR_MASS * GRAVITY);

/** @param read - a variable of the slab that the pixels are numbered in */
export function layerFiller(file: ColumnFile, read: (path: string) => CfData, out: LayerArrays): LayerFiller {
  const { sensitivity } = file.product;
  if (sensitivity.kind === 'logarithmic kernel') return logarithmicFiller(file, read, out);
  const [fillEdges, fillSensitivity, fillApriori] = [edgeFiller(file, read, out), sensitivityFiller(file, read, out), aprioriFiller(file, read, out)];
  return (pixel, i) => {
    if (!fillSensitivity(pixel, i) || !fillApriori(pixel, i)) return NO_LAYERS.values;
    const fromTop = fillEdges(pixel, i);
    if (fromTop === undefined) return NO_LAYERS.values;
    const { layers } = out;
    const edges = out.edges.subarray(i * (layers + 1), (i + 1) * (layers + 1));
    if (fromTop) {
      edges.reverse();
      for (const profile of [out.sensitivity, out.aprioris]) profile?.subarray(i * layers, (i + 1) * layers).reverse();
    }
    for (let k = 0; k < layers; k++) if (!(edges[k] > edges[k + 1])) return NO_LAYERS.order;
    return undefined;
  };
}

/** @returns whether the pixel's values are there */
function sensitivityFiller(
  file: ColumnFile,
  read: (path: string) => CfData,
  { layers, sensitivity: out }: LayerArrays,
): (pixel: number, i: number) => boolean {
  const { sensitivity, column } = file.product;
  const values = read(sensitivity.variable);
  if (sensitivity.kind !== 'column by layer') return (pixel, i) => copyFinite(values, pixel * layers, out, i * layers, layers);
  const [columns, norms] = [read(column), read(sensitivity.norm)];
  return (pixel, i) => {
    for (let k = 0; k < layers; k++) {
      const kernel = columns[pixel] / (norms[pixel] * values[pixel * layers + k]);
      if (!Number.isFinite(kernel)) return false;
      out[i * layers + k] = kernel;
    }
    return true;
  };
}

function aprioriFiller(file: ColumnFile, read: (path: string) => CfData, { layers, aprioris }: LayerArrays): (pixel: number, i: number) => boolean {
  const { apriori } = file.product;
  if (apriori === undefined || !aprioris) return () => true;
  const values = read(apriori);
  const step = file.isShared(apriori) ? 0 : layers;
  return (pixel, i) => copyFinite(values, pixel * step, aprioris, i * layers, layers);
}

function copyFinite(values: CfData, start: number, out: Float64Array, begin: number, count: number): boolean {
  for (let k = 0; k < count; k++) {
    const value = values[start + k];
    if (!Number.isFinite(value)) return false;
    out[begin + k] = value;
  }
  return true;
}

/** In the order of the file. @returns whether it begins at the top; undefined where a value is missing */
function edgeFiller(file: ColumnFile, read: (path: string) => CfData, out: LayerArrays): (pixel: number, i: number) => boolean | undefined {
  const { layers: names, surfacePressure } = file.product;
  const { layers, edges } = out;
  const surface = surfacePressure === undefined ? undefined : read(surfacePressure);
  if (file.edges && surface) {
    const { a, b, fromTop } = file.edges; // from the ground up
    return (pixel, i) => {
      for (let k = 0; k <= layers; k++) edges[i * (layers + 1) + (fromTop ? layers - k : k)] = a[k] + b[k] * surface[pixel];
      return Number.isFinite(surface[pixel]) ? fromTop : undefined;
    };
  }
  const values = 'variable' in names ? read(names.variable) : new Float64Array();
  const width = 'variable' in names ? file.width(names.variable) : 0;
  const step = 'variable' in names && file.isShared(names.variable) ? 0 : width;
  if (names.kind === 'heights') {
    const pressures = Float64Array.from(values, (height) => standardPressure(1000 * height));
    return (_, i) => (copyFinite(pressures, 0, edges, i * (layers + 1), width) ? pressures[0] < pressures[layers] : undefined);
  }
  return (pixel, i) => {
    const [first, begin] = [pixel * step, i * (layers + 1)];
    const last = first + width - 1;
    for (let k = first; k <= last; k++) if (!Number.isFinite(values[k])) return undefined;
    const fromTop = values[first] < values[last];
    if (names.kind === 'middles') {
      const middles = Float64Array.from({ length: layers }, (_, k) => values[fromTop ? last - k : first + k]);
      edgesBetween(middles, surface?.[pixel], edges.subarray(begin, begin + layers + 1));
      if (fromTop) edges.subarray(begin, begin + layers + 1).reverse();
    } else if (width === layers + 1) {
      for (let k = 0; k <= layers; k++) edges[begin + k] = values[first + k];
    } else {
      // The two edges of each layer, in either order: the file's outer one of each, and the last one's inner.
      for (let k = 0; k < layers; k++) edges[begin + k] = (fromTop ? Math.min : Math.max)(values[first + 2 * k], values[first + 2 * k + 1]);
      edges[begin + layers] = (fromTop ? Math.max : Math.min)(values[last - 1], values[last]);
    }
    return fromTop;
  };
}

/** Edges half-way between middles, from the ground up; the outermost as far from them as the other edge of their layer, where the ground is not told. */
function edgesBetween(middles: Float64Array, ground: number | undefined, edges: Float64Array): void {
  const last = middles.length - 1;
  for (let k = 1; k <= last; k++) edges[k] = (middles[k - 1] + middles[k]) / 2;
  edges[0] = ground ?? (last > 0 ? 2 * middles[0] - edges[1] : Number.NaN);
  edges[last + 1] = last > 0 ? Math.max(0, 2 * middles[last] - edges[last]) : 0;
}

/**
 * Pa at a height above a ground at 1013.25 hPa, of the standard atmosphere. The model's pressures are stretched onto the ground of a pixel, so that only the ratio to
 * the ground's pressure counts: at 1 km it is 0.887, and 0.881 in air colder by 15 K.
 *
 * @param height - m
 * @see U.S. Standard Atmosphere (1976), eq. 33
 */
export function standardPressure(height: number): number {
  const TROPOPAUSE = 11000;
  const pressure = 101325 * (1 - (0.0065 * Math.min(height, TROPOPAUSE)) / 288.15) ** 5.255876;
  return height > TROPOPAUSE ? pressure * Math.exp((-9.80665 * 0.0289644 * (height - TROPOPAUSE)) / (8.31432 * 216.65)) : pressure;
}

function logarithmicFiller(file: ColumnFile, read: (path: string) => CfData, out: LayerArrays): LayerFiller {
  const { sensitivity, layers: names } = file.product;
  if (sensitivity.kind !== 'logarithmic kernel' || names.kind !== 'middles') throw new Error('a kernel of logarithms is on levels of pressure');
  const [kernels, mixing, pressures] = [sensitivity.variable, sensitivity.apriori, names.variable].map(read);
  const { layers } = out;
  const step = file.isShared(names.variable) ? 0 : layers;
  const isTurned = isTransposed(file);
  return (pixel, i) => {
    const levels = Array.from({ length: layers }, (_, k) => k).filter((k) => pressures[pixel * step + k] > 0 && mixing[pixel * layers + k] > 0);
    levels.sort((j, k) => pressures[pixel * step + k] - pressures[pixel * step + j]);
    if (levels.length < 2) return NO_LAYERS.values;
    const profile = linearProfile(
      levels.map((k) => pressures[pixel * step + k]),
      levels.map((k) => 1e-6 * mixing[pixel * layers + k]),
      (retrieved, actual) => {
        const [first, second] = isTurned ? [actual, retrieved] : [retrieved, actual];
        return kernels[(pixel * layers + levels[first]) * layers + levels[second]];
      },
    );
    if (!profile.kernel.every(Number.isFinite)) return NO_LAYERS.values;
    const { edges } = profile;
    for (let k = 0; k < levels.length; k++) if (!(edges[k] > edges[k + 1])) return NO_LAYERS.order;
    // As many layers as other pixels have: the lowest one in parts.
    const parts = layers - levels.length + 1;
    const [firstEdge, first] = [i * (layers + 1), i * layers];
    for (let k = 0; k < layers; k++) {
      const layer = Math.max(0, k - parts + 1);
      const share = layer === 0 ? 1 / parts : 1;
      out.sensitivity[first + k] = profile.kernel[layer];
      if (out.aprioris) out.aprioris[first + k] = share * profile.apriori[layer];
      out.edges[firstEdge + k] = layer === 0 ? edges[0] + (k / parts) * (edges[1] - edges[0]) : edges[layer];
    }
    out.edges[firstEdge + layers] = edges[levels.length];
    return undefined;
  };
}

/** The kernel of partial columns from one of logarithms. @param pressures - Pa, falling @param apriori - mole fractions @param kernel - of a retrieved and a true level */
export function linearProfile(
  pressures: readonly number[],
  apriori: readonly number[],
  kernel: (retrieved: number, actual: number) => number,
): { edges: Float64Array; kernel: Float64Array; apriori: Float64Array } {
  const levels = pressures.length;
  const edges = Float64Array.from({ length: levels + 1 }, (_, k) => {
    if (k === 0 || k === levels) return pressures[Math.min(k, levels - 1)];
    return (pressures[k - 1] + pressures[k]) / 2;
  });
  const amounts = Float64Array.from({ length: levels }, (_, k) => AIR_PER_PASCAL * (edges[k] - edges[k + 1]) * apriori[k]);
  const linear = amounts.map(
    (amount, actual) => amounts.reduce((sum, retrievedAmount, retrieved) => sum + retrievedAmount * kernel(retrieved, actual), 0) / amount,
  );
  return { edges, kernel: linear, apriori: amounts };
}

/** Pixels that are looked at for the order of a kernel's indices. */
const SAMPLE = 50;
/** Part of the noise by which N and Aᵀ S may differ, and part of the misfit of A S. */
const [MISFIT, BETTER] = [0.05, 0.1];

/** Whether the file has the true level before the retrieved one, as its covariances say. Without them it has not. */
function isTransposed(file: ColumnFile): boolean {
  const { sensitivity } = file.product;
  if (sensitivity.kind !== 'logarithmic kernel' || !sensitivity.covariances) return false;
  const { variable, covariances } = sensitivity;
  if (!file.has(covariances.total) || !file.has(covariances.noise)) return false;
  const count = Math.min(SAMPLE, file.scanlines);
  const [kernels, totals, noises] = [variable, covariances.total, covariances.noise].map((path) => file.readScanlines(path, 0, count));
  const { layers } = file;
  let [direct, turned, size] = [0, 0, 0];
  for (let begin = 0; begin < kernels.length; begin += layers * layers) {
    const levels = Array.from({ length: layers }, (_, k) => k).filter((k) =>
      [kernels, totals, noises].every((values) => Number.isFinite(values[begin + k * layers + k])),
    );
    for (const j of levels) {
      for (const k of levels) {
        const noise = noises[begin + j * layers + k];
        const product = (kernelOf: (level: number) => number): number =>
          levels.reduce((sum, level) => sum + kernelOf(level) * totals[begin + level * layers + k], 0);
        direct += (product((level) => kernels[begin + j * layers + level]) - noise) ** 2;
        turned += (product((level) => kernels[begin + level * layers + j]) - noise) ** 2;
        size += noise ** 2;
      }
    }
  }
  return turned < MISFIT ** 2 * size && turned < BETTER ** 2 * direct;
}
