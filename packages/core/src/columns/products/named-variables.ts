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

/** What is wrong with the variables that a case names: the key, and a sentence with a remedy. */
export interface VariableProblem {
  key: keyof ColumnVariables;
  /** name of a quality condition */
  condition?: string;
  text: string;
}

export function variableProblems(variables: ColumnVariables): VariableProblem[] {
  const needs = (key: keyof ColumnVariables, needed: keyof ColumnVariables, reason: string): VariableProblem[] =>
    variables[key] !== undefined && variables[needed] === undefined
      ? [{ key: needed, text: `expected the variable that belongs to ${key}: ${reason}` }]
      : [];
  return [
    ...oneOf(variables, ['averagingKernel', 'scatteringWeights']),
    ...needs('scatteringWeights', 'airMassFactor', 'the kernel is the scattering weights divided by it'),
    ...oneOf(variables, ['pressureEdges', 'pressures', 'hybridA']),
    ...needs('hybridA', 'hybridB', 'pressures are hybridA + hybridB · surfacePressure'),
    ...needs('hybridA', 'surfacePressure', 'pressures are hybridA + hybridB · surfacePressure'),
    ...oneOf(variables, ['latitudeBounds', 'latitude']),
    ...needs('latitudeBounds', 'longitudeBounds', 'corners are at latitudes and longitudes'),
    ...needs('latitude', 'longitude', 'pixels are at latitudes and longitudes'),
    ...needs('latitude', 'pixelSize', 'how wide the pixels are, in km, that have no corners in the files'),
    ...Object.entries(variables.quality ?? {}).flatMap(([condition, text]): VariableProblem[] =>
      conditionTests(text)
        ? []
        : [{ key: 'quality', condition, text: `expected a condition such as "> 0.75", "= 0, 2" or ">= 1 and <= 3" but received "${text}"` }],
    ),
  ];
}

function oneOf(variables: ColumnVariables, keys: (keyof ColumnVariables)[]): VariableProblem[] {
  const present = keys.filter((key) => variables[key] !== undefined);
  if (present.length === 1) return [];
  const received = present.length === 0 ? 'none' : present.join(' and ');
  return [{ key: present[1] ?? keys[0], text: `expected one of ${keys.join(', ')} but received ${received}: name what the files have` }];
}

/**
 * @param name - the column's name in the case, for messages: `NH3_column`
 * @throws {ConfigError} `COLUMN_VARIABLES` where one is missing or two mean the same
 *
 * @example
 * const product = namedProduct('NH3_column', 'NH3', { column: 'nh3', error: 'nh3_error', averagingKernel: 'ak', pressures: 'p', … });
 * ColumnFile.open(path, product);
 */
export function namedProduct(name: string, species: string, variables: ColumnVariables): ColumnProduct {
  const section = `columns.${name}.variables`;
  const [problem] = variableProblems(variables);
  if (problem) throw new ConfigError('COLUMN_VARIABLES', `${section}.${problem.key}: ${problem.text}`);
  const { averagingKernel, scatteringWeights, airMassFactor, tropopausePressure, apriori, surfacePressure } = variables;
  return {
    name,
    species: species as ColumnGas,
    isNamed: true,
    column: variables.column,
    error: variables.error,
    footprint: footprintOf(variables),
    ...(surfacePressure === undefined ? {} : { surfacePressure }),
    sensitivity:
      averagingKernel === undefined ? { kind: 'scattering weights', variable: scatteringWeights! } : { kind: 'kernel', variable: averagingKernel },
    ...(airMassFactor === undefined ? {} : { airMassFactor }),
    ...(apriori === undefined ? {} : { apriori }),
    ...(tropopausePressure === undefined ? {} : { tropopause: { kind: 'pressure', variable: tropopausePressure } }),
    layers: layersOf(variables),
    time: { variable: variables.time },
    rules: qualityRules(variables.quality ?? {}),
    guide: section,
  };
}

function layersOf({ pressureEdges, pressures, hybridA, hybridB }: ColumnVariables): LayerVariables {
  if (pressureEdges !== undefined) return { kind: 'edges', variable: pressureEdges };
  return pressures === undefined ? { kind: 'variables', a: hybridA!, b: hybridB! } : { kind: 'middles', variable: pressures };
}

function footprintOf({ latitudeBounds, longitudeBounds, latitude, longitude, pixelSize }: ColumnVariables): PixelCorners | PixelCentre {
  if (latitudeBounds !== undefined) return { kind: 'corners', latitude: latitudeBounds, longitude: longitudeBounds! };
  return { kind: 'centre', latitude: latitude!, longitude: longitude!, diameter: 1000 * pixelSize! };
}

const COMPARISONS: Record<string, (value: number, bound: number, step: number) => boolean> = {
  '>': (value, bound, step) => value > bound + step,
  '>=': (value, bound, step) => value >= bound - step,
  '<': (value, bound, step) => value < bound - step,
  '<=': (value, bound, step) => value <= bound + step,
};
/** Of a bound: what single precision and packing change of a value that is equal to it. */
const SAME = 1e-6;

/** @param conditions - by variable, such as `> 0.75`, as {@link variableProblems} lets pass */
export function qualityRules(conditions: Readonly<Record<string, string>>): QualityRule[] {
  return Object.entries(conditions).map(([variable, condition]) => {
    const tests = conditionTests(condition)!;
    return { variable, text: `${variable.split('/').at(-1)} ${condition.trim()}`, passes: (value) => tests.every((test) => test(value)) };
  });
}

type Test = (value: number) => boolean;

/** @returns undefined for what is no condition */
function conditionTests(condition: string): Test[] | undefined {
  const tests = condition.split(/\s+and\s+/).map((part) => conditionTest(part.trim()));
  return tests.every((test) => test !== undefined) ? tests : undefined;
}

function conditionTest(text: string): Test | undefined {
  const [, sign, rest] = /^(>=|<=|>|<|=)\s*(.+)$/.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const bounds = rest.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (bounds.some(Number.isNaN) || (sign !== '=' && bounds.length > 1)) return undefined;
  const step = (bound: number): number => SAME * Math.max(1, Math.abs(bound));
  if (sign === '=') return (value) => bounds.some((bound) => Math.abs(value - bound) <= step(bound));
  return (value) => COMPARISONS[sign](value, bounds[0], step(bounds[0]));
}
