/** A product whose variables the case names: any netCDF file of columns with what a comparison needs. */
import { ConfigError } from '../../base/errors';
import type { ColumnGas, ColumnProduct, LayerVariables, PixelCentre, PixelCorners, QualityRule } from './product';

/** Paths of variables in the files, groups with slashes. */
export interface ColumnVariables {
  /** mol m-2 or molecules cm-2 */
  column: string;
  /** its standard deviation, in the same unit or in % */
  error: string;
  /** One of both: the column's kernel, or box air mass factors. */
  averagingKernel?: string;
  scatteringWeights?: string;
  /** needed with scattering weights */
  airMassFactor?: string;
  /** Pa or hPa: edges of the layers, or their middles, or the ground's with the coefficients of hybrid layers */
  pressureEdges?: string;
  pressures?: string;
  surfacePressure?: string;
  hybridA?: string;
  hybridB?: string;
  /** degrees: four corners of each pixel, or its middle and how wide it is */
  latitudeBounds?: string;
  longitudeBounds?: string;
  latitude?: string;
  longitude?: string;
  /** km */
  pixelSize?: number;
  /** with CF's units */
  time: string;
  /** Pa or hPa */
  tropopausePressure?: string;
  /** mol m-2 or molecules cm-2 of each layer, of a column that holds it (optimal estimation) */
  apriori?: string;
  /** by variable: `> 0.75`, `< 0.2`, `= 0`, `= 0, 2`, `>= 1 and <= 3` */
  quality?: Readonly<Record<string, string>>;
}

/**
 * @param label - the column's name in the case, for names and messages: `NH3_column`
 * @throws {ConfigError} `COLUMN_VARIABLES` where one is missing or two mean the same
 *
 * @example
 * const product = namedProduct('NH3_column', 'NH3', { column: 'nh3', error: 'nh3_error', averagingKernel: 'ak', pressures: 'p', … });
 * ColumnFile.open(path, product);
 */
export function namedProduct(label: string, species: ColumnGas, variables: ColumnVariables): ColumnProduct {
  const key = `columns.${label}.variables`;
  const { averagingKernel, scatteringWeights, airMassFactor } = variables;
  const sensitivity = either(key, { averagingKernel, scatteringWeights });
  if (scatteringWeights !== undefined && airMassFactor === undefined) throw missing(key, 'airMassFactor', 'the scattering weights are divided by it');
  const { tropopausePressure, apriori, surfacePressure } = variables;
  return {
    name: label,
    species,
    isNamed: true,
    column: variables.column,
    error: variables.error,
    footprint: footprintOf(key, variables),
    ...(surfacePressure === undefined ? {} : { surfacePressure }),
    sensitivity: { kind: averagingKernel === undefined ? 'scattering weights' : 'kernel', variable: sensitivity },
    ...(airMassFactor === undefined ? {} : { airMassFactor }),
    ...(apriori === undefined ? {} : { apriori }),
    ...(tropopausePressure === undefined ? {} : { tropopause: { kind: 'pressure', variable: tropopausePressure } }),
    layers: layersOf(key, variables),
    time: { variable: variables.time },
    rules: Object.entries(variables.quality ?? {}).map(([variable, condition]) => qualityRule(`${key}.quality.${variable}`, variable, condition)),
    guide: key,
  };
}

function layersOf(key: string, { pressureEdges, pressures, surfacePressure, hybridA, hybridB }: ColumnVariables): LayerVariables {
  either(key, { pressureEdges, pressures, hybridA });
  if (pressureEdges !== undefined) return { kind: 'edges', variable: pressureEdges };
  if (pressures !== undefined) return { kind: 'middles', variable: pressures };
  if (hybridB === undefined) throw missing(key, 'hybridB', 'pressures are hybridA + hybridB · surfacePressure');
  if (surfacePressure === undefined) throw missing(key, 'surfacePressure', 'pressures are hybridA + hybridB · surfacePressure');
  return { kind: 'variables', a: hybridA!, b: hybridB };
}

function footprintOf(key: string, { latitudeBounds, longitudeBounds, latitude, longitude, pixelSize }: ColumnVariables): PixelCorners | PixelCentre {
  either(key, { latitudeBounds, latitude });
  if (latitudeBounds !== undefined) {
    if (longitudeBounds === undefined) throw missing(key, 'longitudeBounds', 'corners are at latitudes and longitudes');
    return { kind: 'corners', latitude: latitudeBounds, longitude: longitudeBounds };
  }
  if (longitude === undefined) throw missing(key, 'longitude', 'pixels are at latitudes and longitudes');
  if (pixelSize === undefined) throw missing(key, 'pixelSize', 'pixels that have no corners are squares of the area of a circle that wide, in km');
  return { kind: 'centre', latitude: latitude!, longitude, diameter: 1000 * pixelSize };
}

/** The one of some settings that is there. */
function either(key: string, settings: Record<string, string | undefined>): string {
  const present = Object.entries(settings).filter(([, value]) => value !== undefined);
  if (present.length === 1) return present[0][1]!;
  const received = present.length === 0 ? 'none' : present.map(([name]) => name).join(' and ');
  throw new ConfigError('COLUMN_VARIABLES', `${key}: expected one of ${Object.keys(settings).join(', ')} but received ${received}: name the one that the files have`);
}

function missing(key: string, name: string, why: string): ConfigError {
  return new ConfigError('COLUMN_VARIABLES', `${key}: expected ${name}, for ${why}, but it is missing: name its variable in the files`);
}

const COMPARISONS: Record<string, (value: number, bound: number, step: number) => boolean> = {
  '>': (value, bound, step) => value > bound + step,
  '>=': (value, bound, step) => value >= bound - step,
  '<': (value, bound, step) => value < bound - step,
  '<=': (value, bound, step) => value <= bound + step,
};
/** Of a bound: what single precision and packing change of a value that is equal to it. */
const SAME = 1e-6;

/** @throws {ConfigError} `COLUMN_VARIABLES` for a condition that is none */
export function qualityRule(key: string, variable: string, condition: string): QualityRule {
  const tests = condition.split(/\s+and\s+/).map((part) => conditionTest(part.trim()));
  if (tests.some((test) => test === undefined)) {
    throw new ConfigError('COLUMN_VARIABLES', `${key}: expected a condition such as "> 0.75", "< 0.2", "= 0, 2" or ">= 1 and <= 3" but received "${condition}": write one of these`);
  }
  return { variable, text: `${variable.split('/').at(-1)} ${condition.trim()}`, passes: (value) => tests.every((test) => test!(value)) };
}

function conditionTest(text: string): ((value: number) => boolean) | undefined {
  const [, sign, rest] = /^(>=|<=|>|<|=)\s*(.+)$/.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const bounds = rest.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (bounds.some(Number.isNaN) || (sign !== '=' && bounds.length > 1)) return undefined;
  const step = (bound: number): number => SAME * Math.max(1, Math.abs(bound));
  if (sign === '=') return (value) => bounds.some((bound) => Math.abs(value - bound) <= step(bound));
  return (value) => COMPARISONS[sign](value, bounds[0], step(bounds[0]));
}
