/** Rotation of square samples by quarter turns, the winds turned with them: in the plain way, what windows are held against. */

/** Channels of a sample that form a horizontal vector (u east, v north). */
interface VectorChannels {
  u: number;
  v: number;
}

/**
 * Rotates planes `[count, n, n, channels]` counter-clockwise by `turns` quarter turns, in place.
 * A cell at (row r, column c), rows running south to north, moves to (c, n−1−r); a vector (u, v) becomes (−v, u).
 */
export function rotatePlanes(
  data: Float32Array,
  offset: number,
  count: number,
  n: number,
  channels: number,
  turns: number,
  vector?: VectorChannels,
): void {
  const size = n * n * channels;
  const copy = new Float32Array(size);
  for (let turn = 0; turn < ((turns % 4) + 4) % 4; turn++) {
    for (let plane = 0; plane < count; plane++) {
      const base = offset + plane * size;
      copy.set(data.subarray(base, base + size));
      for (let r = 0; r < n; r++) {
        for (let c = 0; c < n; c++) {
          const source = (r * n + c) * channels;
          const target = base + (c * n + (n - 1 - r)) * channels;
          for (let k = 0; k < channels; k++) data[target + k] = copy[source + k];
          if (vector) {
            data[target + vector.u] = -copy[source + vector.v];
            data[target + vector.v] = copy[source + vector.u];
          }
        }
      }
    }
  }
}
