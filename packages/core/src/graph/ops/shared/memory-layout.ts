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
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Of a value of the program; {@link copyBox}, which all ops in copies.ts come down to, copies between such places. */
export function located(emitter: Emitter, value: Value): Located {
  return { offset: emitter.at(value), strides: emitter.strides(value) };
}

/** The part of an array that begins at `begin`. */
export function boxAt({ offset, strides }: Located, begin: readonly number[]): Located {
  return { offset: strides.reduce((sum, stride, axis) => sum + stride * begin[axis], offset), strides };
}

/** Copies `extents` elements of each axis; axes that both arrays hold whole are one loop. What already lies there is left alone. */
export function copyBox(emitter: Emitter, source: Located, target: Located, extents: Shape, accumulate = 0): void {
  if (source.offset === target.offset) return;
  let loops = extents.map((extent, axis) => ({ extent, inStride: source.strides[axis], os: target.strides[axis] })).filter((loop) => loop.extent > 1);
  loops = loops.reduceRight<typeof loops>((joinedLoops, loop) => {
    const next = joinedLoops[0];
    const joined = next && loop.inStride === next.inStride * next.extent && loop.os === next.os * next.extent;
    return joined ? [{ ...next, extent: loop.extent * next.extent }, ...joinedLoops.slice(1)] : [loop, ...joinedLoops];
  }, []);
  const params: Record<string, number> = { accumulate };
  loops.forEach(({ extent, inStride, os }, i) => Object.assign(params, { [`d${i}`]: extent, [`is${i}`]: inStride, [`os${i}`]: os }));
  if (loops.length === 0) Object.assign(params, { d0: 1, is0: 1, os0: 1 });
  emitter.emit('stridedCopy', { input: source.offset, output: target.offset }, params);
}

/** Arrays in a contiguous region begin at multiples of this many elements: 64 bytes of float32. */
export const ALIGNMENT = 16;
export const alignUp = (elements: number): number => Math.ceil(elements / ALIGNMENT) * ALIGNMENT;
