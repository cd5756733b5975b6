import { Random } from '../../base/random';
import { rotatePlanes } from './rotate-planes';

describe('a quarter turn', () => {
  it('moves the cell (row r, column c) to (c, n−1−r)', () => {
    // Row 0 is the south: 0 1 2 run along the southern edge and come to lie along the eastern one, 0 in the south-east.
    const plane = Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    rotatePlanes(plane, 0, 1, 3, 1, 1);
    expect([...plane]).toEqual([6, 3, 0, 7, 4, 1, 8, 5, 2]);
  });

  it('turns an east wind component into a north one: (u, v) becomes (−v, u)', () => {
    const plane = Float32Array.from([1, 0, 9, 0, 1, 9, 2, 3, 9, 0, 0, 9]); // 2 x 2 cells of (u, v, scalar)
    rotatePlanes(plane, 0, 1, 2, 3, 1, { u: 0, v: 1 });
    expect([...plane]).toEqual([-3, 2, 9, -0, 1, 9, -0, 0, 9, -1, 0, 9]);
  });

  it('leaves planes before the offset and after the count alone', () => {
    const planes = Float32Array.from([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
    rotatePlanes(planes, 4, 1, 2, 1, 1);
    expect([...planes]).toEqual([1, 2, 3, 4, 3, 1, 4, 2, 1, 2, 3, 4]);
  });

  it('undoes a turn the other way, and four of them are no turn at all', () => {
    const random = new Random(3);
    const before = Float32Array.from({ length: 2 * 5 * 5 * 4 }, () => random.normal());
    const wind = { u: 1, v: 3 };
    for (const turns of [[1, 1, 1, 1], [1, -1], [2, 2], [3, 1], [4]]) {
      const planes = before.slice();
      turns.forEach((turn) => rotatePlanes(planes, 0, 2, 5, 4, turn, wind));
      expect(planes).toEqual(before);
    }
  });

  it('keeps the divergence of a wind: rotated fields are the fields of a rotated world', () => {
    const n = 7;
    const random = new Random(4);
    const wind = Float32Array.from({ length: n * n * 2 }, () => random.normal());
    const divergence = (field: Float32Array): Float32Array => {
      const at = (r: number, c: number, k: number): number => field[(r * n + c) * 2 + k];
      return Float32Array.from({ length: n * n }, (_, i) => {
        const [r, c] = [Math.floor(i / n), i % n];
        const inside = r > 0 && c > 0 && r < n - 1 && c < n - 1;
        return inside ? at(r, c + 1, 0) - at(r, c - 1, 0) + at(r + 1, c, 1) - at(r - 1, c, 1) : 0;
      });
    };
    const expected = divergence(wind);
    rotatePlanes(expected, 0, 1, n, 1, 1);
    rotatePlanes(wind, 0, 1, n, 2, 1, { u: 0, v: 1 });
    divergence(wind).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5)); // float32 sums of four terms in another order
  });
});
