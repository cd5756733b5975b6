/** The strided copy that all ops in copies.ts come down to. */
import type { Value, Emitter } from '../../definition/graph';
import type { Shape } from '../../definition/shape';

/** Where an array lies in the arena. */
interface Located {
  readonly at: number;
  readonly strides: readonly number[];
}

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
