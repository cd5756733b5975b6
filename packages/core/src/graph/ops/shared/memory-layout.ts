/** How arrays lie that may be parts of larger ones. */
import type { Emitter, Spread, Value } from '../../definition/graph';
import { type Shape, size } from '../../definition/shape';

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

/** Where an array lies in the arena. */
interface Located {
  readonly at: number;
  readonly strides: readonly number[];
}

/** Of a value of the program; {@link copyBox}, which all ops in copies.ts come down to, copies between such places. */
export function located(emitter: Emitter, value: Value): Located {
  return { at: emitter.at(value), strides: emitter.strides(value) };
}

/** The part of an array that begins at `begin`. */
export function boxAt({ at, strides }: Located, begin: readonly number[]): Located {
  return { at: strides.reduce((sum, stride, axis) => sum + stride * begin[axis], at), strides };
}

/** Copies `extents` elements of each axis; axes that both arrays hold whole are one loop. What already lies there is left alone. */
export function copyBox(emitter: Emitter, from: Located, to: Located, extents: Shape, accumulate = 0): void {
  if (from.at === to.at) return;
  let loops = extents.map((extent, axis) => ({ extent, is: from.strides[axis], os: to.strides[axis] })).filter((loop) => loop.extent > 1);
  loops = loops.reduceRight<typeof loops>((kept, loop) => {
    const next = kept[0];
    const joined = next && loop.is === next.is * next.extent && loop.os === next.os * next.extent;
    return joined ? [{ ...next, extent: loop.extent * next.extent }, ...kept.slice(1)] : [loop, ...kept];
  }, []);
  const params: Record<string, number> = { accumulate };
  loops.forEach(({ extent, is, os }, i) => Object.assign(params, { [`d${i}`]: extent, [`is${i}`]: is, [`os${i}`]: os }));
  if (loops.length === 0) Object.assign(params, { d0: 1, is0: 1, os0: 1 });
  emitter.emit('stridedCopy', { input: from.at, output: to.at }, params);
}

/** Arrays in a contiguous region begin at multiples of this many elements: 64 bytes of float32. */
export const ALIGNMENT = 16;
export const alignUp = (elements: number): number => Math.ceil(elements / ALIGNMENT) * ALIGNMENT;
