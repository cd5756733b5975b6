/** The noise of windows, number by number: what the kernels are held against. */

/** Four words of Philox 4x32-7 (Salmon et al. 2011, doi:10.1145/2063384.2063405). */
export function philox(counter: readonly number[], key: number): number[] {
  const mask = 0xffffffffn;
  let c = counter.map(BigInt);
  let [k0, k1] = [BigInt(key) & mask, BigInt(key) >> 32n];
  for (let round = 0; round < 7; round++) {
    const [a, b] = [c[0] * 0xd2511f53n, c[2] * 0xcd9e8d57n];
    c = [(b >> 32n) ^ c[1] ^ k0, b & mask, (a >> 32n) ^ c[3] ^ k1, a & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return c.map(Number);
}

/** The standard normal number of an element of a row of a window, see ops/random/normal.h. */
export function normalOf(element: number, row: number, key: number): number {
  const place = element % 64;
  const j = Math.floor(place / 16);
  const words = philox([Math.floor(element / 64) * 16 + (place % 16), row, 0, 0], key);
  const [first, second] = j < 2 ? [words[0], words[1]] : [words[2], words[3]];
  const radius = Math.sqrt(-2 * Math.log((Math.floor(first / 256) + 1) / 2 ** 24));
  const angle = (2 * Math.PI * second) / 2 ** 32;
  return radius * (j % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
}
