import { ShapeError } from '../../base/errors';

/** Extents, outermost first; channels last. A scalar has the shape `[]`. */
export type Shape = readonly number[];

/** What has a shape. */
export interface Shaped {
  readonly shape: Shape;
}

/** Number of elements. */
export function size(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Number of elements over channels: how many rows of channels an array holds. */
export function pixels(shape: Shape): number {
  return size(shape.slice(0, -1));
}

/** The last extent. */
export function channels(shape: Shape): number {
  return shape[shape.length - 1];
}

/** Elements from one entry of each axis to the next, where nothing lies between them. */
export function stridesOf(shape: Shape): number[] {
  return shape.map((_, axis) => size(shape.slice(axis + 1)));
}

export function formatShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}

/** Checks that an op that takes any number of arrays has one. @throws {ShapeError} */
export function expectParts(op: string, parts: readonly Shaped[]): void {
  if (parts.length === 0) throw new ShapeError('SHAPE_MISMATCH', `${op}: expected at least one array but received none; leave the op out`);
}

/**
 * Checks one operand of an op.
 *
 * @param pattern - extents that are asked for; a string is a free extent and only names it
 * @throws {ShapeError} `conv2d: expected weight [K, K, 8, C_out] but received [3, 3, 4, 16]`
 */
export function expectShape(op: string, label: string, value: Shaped, pattern: readonly (number | string)[]): void {
  const fits = value.shape.length === pattern.length && pattern.every((want, i) => typeof want === 'string' || want === value.shape[i]);
  if (!fits) throw new ShapeError('SHAPE_MISMATCH', `${op}: expected ${label} ${formatShape(pattern)} but received ${formatShape(value.shape)}`);
}
