/**
 * Random numbers that are the same on every machine and survive a checkpoint.
 *
 * xoshiro128** (Blackman & Vigna 2021, doi:10.1145/3460772) seeded through Murmur3's finaliser; all arithmetic on 32-bit integers.
 * A fork depends only on the seed and the labels that led to it, never on how many numbers were drawn before: adding a draw
 * in one place cannot change what another place sees.
 *
 * @example
 * const noise = new Random(7).fork('noise');
 * const value = 1 + 0.05 * noise.normal();
 */
export class Random {
  private readonly words: Uint32Array;
  private key: number;

  /** @param seed - any finite number; its integer part counts (modulo 2^53) */
  constructor(seed: number) {
    const whole = Math.trunc(Math.abs(seed));
    this.key = hash(hash(hash(0x9e3779b9, whole >>> 0), Math.floor(whole / 2 ** 32) >>> 0), seed < 0 ? 1 : 0);
    this.words = wordsFromKey(this.key);
  }

  /** A number in [0, 1) with 53 random bits. */
  uniform(): number {
    return ((this.next() >>> 5) * 2 ** 26 + (this.next() >>> 6)) / 2 ** 53;
  }

  /** A standard normal number (Box–Muller; the second of the pair is not kept, so that the state is the whole story). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A whole number in 0 … n − 1 (n at most 2^53; bias below n / 2^53). */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** The indices 0 … n − 1 in random order (Fisher–Yates). */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** An independent stream named by `label`; the same for the same seed and label. */
  fork(label: string): Random {
    let key = hash(this.key, 0x85ebca6b);
    for (let i = 0; i < label.length; i++) key = hash(key, label.charCodeAt(i));
    const child = new Random(0);
    child.key = key;
    child.words.set(wordsFromKey(key));
    return child;
  }

  /** Everything that {@link Random.restore} needs; plain whole numbers, safe in JSON. */
  state(): number[] {
    return [...this.words, this.key];
  }

  static restore(state: number[]): Random {
    const random = new Random(0);
    random.words.set(state.slice(0, 4));
    random.key = state[4];
    return random;
  }

  /** xoshiro128**: the next 32 bits. */
  private next(): number {
    const s = this.words;
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotateLeft(s[3], 11);
    return result;
  }
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** Murmur3's mixing of one more 32-bit word into a hash, finished each time (slow and thorough: used for seeds only). */
function hash(state: number, word: number): number {
  let h = state ^ Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
  h = (Math.imul(rotateLeft(h, 13), 5) + 0xe6546b64) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Four words of state, never all zero (xoshiro's one forbidden state). */
function wordsFromKey(key: number): Uint32Array {
  const words = Uint32Array.from([1, 2, 3, 4], (i) => hash(key, i));
  if (words.every((word) => word === 0)) words[0] = 1;
  return words;
}
