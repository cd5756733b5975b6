/** Half precision as fields.ts has it, number by number: what the kernels are held against. */

/** Of each half, the number it stands for. */
let table: Float32Array | undefined;

function decoded(half: number): number {
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** out = halves · scale */
export function fromHalf(halves: Uint16Array, out: Float32Array, scale = 1): void {
  table ??= Float32Array.from({ length: 65536 }, (_, half) => decoded(half));
  for (let i = 0; i < halves.length; i++) out[i] = scale * table[halves[i]];
}

// In the bits of single precision.
const LARGEST = 0x477fe000; // 65504
const SMALLEST_NORMAL = 0x38800000; // 2^-14
const INFINITE = 0x7f800000;
const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

function roundedToEven(value: number): number {
  const lower = Math.floor(value);
  const excess = value - lower;
  return excess > 0.5 || (excess === 0.5 && lower % 2 === 1) ? lower + 1 : lower;
}

/** out = values / scale */
export function toHalf(values: Float32Array, out: Uint16Array, scale = 1): void {
  for (let i = 0; i < values.length; i++) {
    single[0] = values[i] / scale;
    const sign = (bits[0] >>> 16) & 0x8000;
    const size = bits[0] & 0x7fffffff;
    let half: number;
    if (size < SMALLEST_NORMAL) half = roundedToEven(Math.abs(single[0]) * 2 ** 24);
    else if (size <= LARGEST)
      half = (size + 0xfff + ((size >> 13) & 1) - 0x38000000) >> 13; // ties to even; the exponent's bias is 15 for 127
    else half = size > INFINITE ? 0x7e00 : 0x7bff;
    out[i] = sign | half;
  }
}
