/** How arrays lie that may be parts of larger ones. */
import type { Spread } from '../../definition/graph';
import { size, type Shape } from '../../definition/shape';

/** True where an array with these strides is spread out no more than allowed; absent: not at all. */
export function fits(strides: readonly number[], shape: Shape, allowed: Spread | undefined): boolean {
  switch (allowed) {
    case 'box':
      return true;
    case 'pixels':
      return isEven(strides, shape.slice(0, -1), pixelStride(strides, shape)) && (shape.at(-1) === 1 || strides.at(-1) === 1);
    case 'images':
      return shape.length < 3 ? fits(strides, shape, 'pixels') : fits(strides.slice(1), shape.slice(1), 'pixels');
    case undefined:
      return isEven(strides, shape, 1);
  }
}

/** True where the elements of `shape` follow each other at the distance `step`; axes with one entry do not matter. */
function isEven(strides: readonly number[], shape: Shape, step: number): boolean {
  return shape.every((extent, axis) => extent === 1 || strides[axis] === step * size(shape.slice(axis + 1)));
}

/**
 * Where the pixels of an array `[N, …, C]` lie that may be spread out as `images`, as kernels are told. Samples that follow each other as their pixels do
 * need not be told.
 */
export function imageLayout(strides: readonly number[], shape: Shape): Record<string, number> {
  const [samples, ...image] = shape;
  if (image.length < 2) return { outputStride: pixelStride(strides, shape) };
  const outputStride = pixelStride(strides.slice(1), image);
  const follows = samples === 1 || strides[0] === outputStride * size(image.slice(0, -1));
  return { outputStride, ...(!follows && { outputImageStride: strides[0] }) };
}

/** Elements from one pixel to the next. */
export function pixelStride(strides: readonly number[], shape: Shape): number {
  const axis = shape.slice(0, -1).findLastIndex((extent) => extent > 1);
  return axis < 0 ? shape.at(-1)! : strides[axis];
}
