/** Edges of a retrieval's layers, from hybrid coefficients: p = a + b · surface pressure. */
import type { NetcdfFile } from '@retroplume/native';

import { DataError } from '../../base/errors';
import { plain } from '../../files/netcdf/netcdf-cf';
import type { ColumnProduct, HybridAttributes, HybridVariables } from './product';

/** From the ground up, one more than layers. */
export interface EdgeCoefficients {
  /** Pa */
  a: Float64Array;
  b: Float64Array;
  /** Whether profiles of the file begin at the top. */
  fromTop: boolean;
}

/** Pa: where the coefficients are tried. */
const STANDARD = 101325;
/** Pa: less than it is the top of the atmosphere. TM5's and GEOS' uppermost edges are 0 and 1. */
const TOP = 2;

/**
 * @returns undefined for layers that are not hybrid
 * @param scale - Pa of one unit of the surface pressure, in which coefficients among its attributes are
 * @throws {DataError} `COLUMN_LAYERS` where there are not as many as the kernel has layers, or their pressures do not fall from the ground to the top
 */
export function edgeCoefficients(file: NetcdfFile, product: ColumnProduct, layers: number, scale: number): EdgeCoefficients | undefined {
  const { layers: names, surfacePressure, sensitivity } = product;
  if (surfacePressure === undefined || (names.kind !== 'variables' && names.kind !== 'attributes')) return undefined;
  const [a, b] =
    names.kind === 'variables'
      ? fromVariables(file, names, layers)
      : fromAttributes(file, names, { surfacePressure, sensitivity: sensitivity.variable }, layers, scale);
  const pressures = a.map((constant, i) => constant + b[i] * STANDARD);
  const fromTop = pressures[0] < pressures[layers];
  const edges = fromTop ? { a: a.slice().reverse(), b: b.slice().reverse(), fromTop } : { a, b, fromTop };
  const rising = fromTop ? pressures.slice().reverse() : pressures;
  if (rising.every((pressure, i) => Number.isFinite(pressure) && (i === 0 || pressure < rising[i - 1]))) return edges;
  throw new DataError(
    'COLUMN_LAYERS',
    `${file.path}: the pressures of its ${layers} layers (${names.a}, ${names.b}) do not fall from the ground to the top: take the file as the agency wrote it`,
  );
}

type Coefficients = [a: Float64Array, b: Float64Array];

function fromAttributes(
  file: NetcdfFile,
  { a, b }: HybridAttributes,
  { surfacePressure, sensitivity }: { surfacePressure: string; sensitivity: string },
  layers: number,
  scale: number,
): Coefficients {
  const attributes = file.attributes(surfacePressure);
  const [coefficientsA, coefficientsB] = [a, b].map((name) => {
    const values = attributes.get(name);
    return values === undefined || typeof values === 'string' || Array.isArray(values)
      ? new Float64Array(0)
      : Float64Array.from(values as Iterable<number | bigint>, Number);
  });
  checkCount(file, sensitivity, layers, `${surfacePressure}:${a}`, coefficientsA.length, layers + 1);
  checkCount(file, sensitivity, layers, `${surfacePressure}:${b}`, coefficientsB.length, layers + 1);
  return [coefficientsA.map((value) => value * scale), coefficientsB];
}

/** NO2 has two edges a layer; HCHO and SO2 have one value a layer, which the values themselves tell to be an edge or a middle. Others have one more than layers. */
function fromVariables(file: NetcdfFile, { a, b, otherwise }: HybridVariables, layers: number): Coefficients {
  if (otherwise && !(file.variable(a) && file.variable(b))) {
    checkCount(file, 'the kernel', layers, a, otherwise.a.length, layers + 1);
    return [Float64Array.from(otherwise.a), Float64Array.from(otherwise.b)];
  }
  const scale = pascals(file, a);
  const first = Float64Array.from(file.read(a) as Iterable<number | bigint>, (value) => scale * Number(value));
  const second = Float64Array.from(file.read(b) as Iterable<number | bigint>, Number);
  if (first.length === layers + 1 && second.length === layers + 1) return [first, second];
  const perLayer = file.shape(a).length === 2 ? 2 : 1;
  checkCount(file, 'the kernel', layers, a, first.length, perLayer * layers);
  checkCount(file, 'the kernel', layers, b, second.length, perLayer * layers);
  if (perLayer === 1) return edgesOfLayers(first, second);
  // The lower edge of each layer, and the last one's upper.
  const edges = (values: Float64Array): Float64Array => Float64Array.from([...values.filter((_, i) => i % 2 === 0), values[2 * layers - 1]]);
  return [edges(first), edges(second)];
}

/** Of one unit of a variable that may tell none, as TM5's coefficients in some versions. */
function pascals(file: NetcdfFile, variable: string): number {
  const { units } = plain(file.attributes(variable));
  return typeof units === 'string' && /^(hpa|mbar|mb|millibar)$/i.test(units.trim()) ? 100 : 1;
}

/**
 * From one value a layer. The manuals call these coefficients those of TM5's layers and do not say of which height, and programs that read them differ: upper edges,
 * where the last is the top of the atmosphere (0 Pa); lower edges, where the first is the ground (a 0, b 1); middles else, which lie half-way between edges in a and b.
 */
function edgesOfLayers(a: Float64Array, b: Float64Array): Coefficients {
  const pressure = (i: number): number => a[i] + b[i] * STANDARD;
  const last = a.length - 1;
  const isReversed = pressure(0) < pressure(last);
  if (isReversed) {
    const [edgesA, edgesB] = edgesOfLayers(a.slice().reverse(), b.slice().reverse());
    return [edgesA.reverse(), edgesB.reverse()];
  }
  if (pressure(last) < TOP) return [Float64Array.of(0, ...a), Float64Array.of(1, ...b)];
  if (a[0] === 0 && b[0] === 1) return [Float64Array.of(...a, 0), Float64Array.of(...b, 0)];
  return [edgesOfMiddles(a, 0), edgesOfMiddles(b, 1)];
}

function edgesOfMiddles(middles: Float64Array, ground: number): Float64Array {
  const edges = new Float64Array(middles.length + 1);
  edges[0] = ground;
  middles.forEach((middle, i) => (edges[i + 1] = Math.max(0, 2 * middle - edges[i]))); // single precision may leave less than 0 at the top
  return edges;
}

function checkCount(file: NetcdfFile, sensitivity: string, layers: number, name: string, received: number, expected: number): void {
  if (received === expected) return;
  throw new DataError(
    'COLUMN_LAYERS',
    `${file.path}: expected ${expected} values of ${name} for the ${layers} layers of ${sensitivity} but received ${received}: take the file as the agency wrote it`,
  );
}
