import { randomArray } from './testing/oracles';
import * as reference from './testing/half-reference';
import { fromHalf, toHalf } from './half-precision';

const half = (values: number[], scale?: number): number[] => {
  const out = new Uint16Array(values.length);
  toHalf(Float32Array.from(values), out, scale);
  return [...out];
};
const back = (halves: number[], scale?: number): number[] => {
  const out = new Float32Array(halves.length);
  fromHalf(Uint16Array.from(halves), out, scale);
  return [...out];
};

describe('half precision', () => {
  it('has the numbers of IEEE 754', () => {
    const known: [number, number][] = [
      [0, 0x0000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [1 / 3, 0x3555],
    ];
    expect(half(known.map(([value]) => value))).toEqual(known.map(([, bits]) => bits));
    expect(back([0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001])).toEqual([1, -2, 65504, 2 ** -14, 2 ** -24]);
  });

  it('comes back from all finite halves as it went', () => {
    const all = Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00);
    expect(half(back(all))).toEqual(all);
    expect(half(back(all, 2 ** -33), 2 ** -33)).toEqual(all);
  });

  it('rounds to nearest, ties to even, and keeps within what it can say', () => {
    // Between 1 and 2 the step is 2^-10.
    expect(half([1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20, 2 - 2 ** -12])).toEqual([0x3c00, 0x3c02, 0x3c01, 0x4000]);
    expect(half([1e6, -1e6, Infinity])).toEqual([0x7bff, 0xfbff, 0x7bff]);
    expect(back(half([NaN]))).toEqual([NaN]);
    expect(half([2 ** -26, 2 ** -25, 3 * 2 ** -25, 2 ** -14 - 2 ** -26])).toEqual([0, 0, 2, 0x0400]);
  });

  it('is that of the reference to the bit, of all halves and of numbers of any size', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const [own, expected] = [new Float32Array(65536), new Float32Array(65536)];
    fromHalf(all, own, 2 ** -33);
    reference.fromHalf(all, expected, 2 ** -33);
    expect(own).toEqual(expected);
    // Of every exponent, ties among them.
    const values = Float32Array.from(randomArray(60_000, 4), (x, i) => (i % 3 === 0 ? Math.round(x * 2048) / 2048 : x) * 2 ** ((i % 90) - 50));
    const [halves, theirs] = [new Uint16Array(values.length), new Uint16Array(values.length)];
    toHalf(values, halves, 0.5);
    reference.toHalf(values, theirs, 0.5);
    expect(halves).toEqual(theirs);
  });

  it('of any length, and nothing is written past it', () => {
    for (let length = 0; length < 40; length++) {
      const values = Float32Array.from({ length }, (_, i) => i + 1);
      const halves = new Uint16Array(length + 3).fill(7);
      toHalf(values, halves);
      expect([...halves.subarray(length)]).toEqual([7, 7, 7]);
      const out = new Float32Array(length + 3).fill(-9);
      fromHalf(halves.subarray(0, length), out);
      expect([...out]).toEqual([...values, -9, -9, -9]);
    }
  });

  it('is refused where there is no room', () => {
    expect(() => toHalf(new Float32Array(3), new Uint16Array(2))).toThrow(/halves to be long enough/);
    expect(() => fromHalf(new Uint16Array(3), new Float32Array(2))).toThrow(/out to be long enough/);
  });
});
