/** The variables of a file that are read of a product: what each is for, how many values a pixel has of it, and which unit it needs. */
import type { ColumnProduct } from './product';

export interface ReadVariable {
  path: string;
  use: 'column' | 'sensitivity' | 'layers' | 'footprint' | 'time';
  /** Numbers of values that a pixel may have of it; undefined where another check knows. */
  perPixel?: (layers: number) => number[];
  /** Whether all pixels may share it. */
  mayBeShared?: boolean;
  unit?: 'column' | 'error' | 'pressure';
  /** Whether it is read slab by slab: pixels have values of their own. */
  bySlab: boolean;
}

const ONE = (): number[] => [1];
/** cmaqsatproc repeats what it counts for each layer. */
const ONE_OR_LAYERS = (count: number): number[] => [1, count];

type Listed = Omit<ReadVariable, 'path' | 'bySlab'> & { path: string | undefined; bySlab?: false };

/** All but those of quality: an error should name what makes the file another one first. */
export function variablesOf(product: ColumnProduct): ReadVariable[] {
  const { sensitivity, tropopause, layers, time, footprint } = product;
  const byLayer = (count: number): number[] => [count];
  const list: Listed[] = [
    { path: product.column, use: 'column', perPixel: ONE, unit: 'column' },
    { path: sensitivity.variable, use: 'sensitivity', perPixel: sensitivity.kind === 'logarithmic kernel' ? (count) => [count * count] : byLayer },
    ...(sensitivity.kind === 'logarithmic kernel' ? [{ path: sensitivity.apriori, use: 'sensitivity' as const, perPixel: byLayer }] : []),
    ...(sensitivity.kind === 'column by layer' ? [{ path: sensitivity.norm, use: 'sensitivity' as const, perPixel: ONE }] : []),
    ...('airMassFactor' in sensitivity ? [{ path: sensitivity.airMassFactor, use: 'sensitivity' as const, perPixel: ONE }] : []),
    { path: product.error, use: 'column', perPixel: ONE, unit: 'error' },
    { path: product.airMassFactor, use: 'column', perPixel: ONE },
    { path: product.apriori, use: 'layers', perPixel: byLayer, unit: 'column', mayBeShared: true },
    { path: tropopause?.variable, use: 'column', perPixel: ONE, unit: tropopause?.kind === 'pressure' ? 'pressure' : undefined },
    ...footprintVariables(footprint),
    { path: product.count, use: 'column', perPixel: ONE_OR_LAYERS },
    { path: product.surfacePressure, use: 'column', perPixel: ONE, unit: 'pressure' },
    ...timeVariables(time),
    ...layerVariables(layers),
  ];
  return list.flatMap(({ path, bySlab = true, ...rest }) => (path === undefined ? [] : [{ path, bySlab, ...rest }]));
}

/** A pixel passes by one value of a variable. */
export const RULE_VARIABLE = { use: 'column', perPixel: ONE_OR_LAYERS, bySlab: true } as const;

function footprintVariables(footprint: ColumnProduct['footprint']): Listed[] {
  if (footprint.kind === 'cells') return [footprint.rows, footprint.columns].map((path) => ({ path, use: 'footprint', bySlab: false }));
  const perPixel = footprint.kind === 'corners' ? (): number[] => [4] : ONE;
  const scan = footprint.kind === 'centre' ? footprint.scan?.variable : undefined;
  return [
    ...[footprint.latitude, footprint.longitude].map((path): Listed => ({ path, use: 'footprint', perPixel })),
    { path: scan, use: 'footprint', perPixel: ONE },
  ];
}

function timeVariables(time: ColumnProduct['time']): Listed[] {
  if ('pattern' in time) return [];
  return [
    { path: time.variable, use: 'time', ...(time.delta === undefined ? { perPixel: ONE } : { bySlab: false as const }) },
    { path: time.delta, use: 'time', perPixel: ONE },
  ];
}

function layerVariables(layers: ColumnProduct['layers']): Listed[] {
  switch (layers.kind) {
    case 'attributes':
      return [];
    case 'variables':
      return layers.otherwise ? [] : [layers.a, layers.b].map((path) => ({ path, use: 'layers', bySlab: false }));
    case 'heights':
      return [{ path: layers.variable, use: 'layers', perPixel: (count) => [count + 1], mayBeShared: true, bySlab: false }];
    case 'edges':
      return [{ path: layers.variable, use: 'layers', perPixel: (count) => [count + 1, 2 * count], mayBeShared: true, unit: 'pressure' }];
    case 'middles':
      return [{ path: layers.variable, use: 'layers', perPixel: (count) => [count], mayBeShared: true, unit: 'pressure' }];
  }
}
