import { Random } from '../base/random';
import { dot } from '../base/vectors';
import { CorrelationFilter, smoothRandomField } from './correlation';

function noise(n: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: n }, () => random.normal());
}

/** S·Sᵀ as a dense matrix: column j is S·Sᵀ·e_j. */
function covariance(filter: CorrelationFilter): Float64Array[] {
  const n = filter.rows * filter.cols;
  return Array.from({ length: n }, (_, j) => {
    const unit = new Float64Array(n);
    unit[j] = 1;
    return filter.apply(filter.adjoint(unit));
  });
}

describe('CorrelationFilter', () => {
  it.each([
    [9, 14, 2.5],
    [5, 4, 3],
    [1, 6, 1],
    [7, 7, 0],
    [13, 17, 4, true],
    [1, 6, 9, true],
  ])('has an exact adjoint on %i x %i cells, length %f, coarse: %s', (rows, cols, length, coarse = false) => {
    const filter = new CorrelationFilter(rows, cols, length, coarse);
    const v = noise(filter.size, 1);
    const w = noise(rows * cols, 2);
    const left = dot(filter.apply(v), w);
    expect(Math.abs(left - dot(v, filter.adjoint(w)))).toBeLessThan(1e-12 * Math.sqrt(dot(v, v) * dot(w, w)) * rows * cols);
  });

  it('has variance 1 everywhere, edges and corners too', () => {
    covariance(new CorrelationFilter(8, 11, 2)).forEach((column, j) => expect(column[j]).toBeCloseTo(1, 12));
  });

  it('correlates as exp(−d²/2L²) away from the edges', () => {
    const length = 2;
    const [rows, cols] = [21, 21];
    const filter = new CorrelationFilter(rows, cols, length);
    const unit = new Float64Array(rows * cols);
    const centre = 10 * cols + 10;
    unit[centre] = 1;
    const column = filter.apply(filter.adjoint(unit));
    for (const [dr, dc] of [
      [0, 1],
      [1, 1],
      [3, 0],
      [2, -3],
    ]) {
      // 3e-3: the edge is 5 lengths away, and the kernel is sampled at whole cells.
      expect(Math.abs(column[centre + dr * cols + dc] - Math.exp(-(dr * dr + dc * dc) / (2 * length ** 2)))).toBeLessThan(3e-3);
    }
  });

  it.each([3, 7.5, 30])('correlates so everywhere, edges too, from a number for every two thirds of a length (%f cells)', (length) => {
    const [rows, cols] = [40, 31];
    const filter = new CorrelationFilter(rows, cols, length, true);
    expect(filter.size).toBeLessThan((rows * cols) / 2);
    for (const cell of [20 * cols + 15, 12 * cols + 9, 3, 0]) {
      const unit = new Float64Array(rows * cols);
      unit[cell] = 1;
      filter.apply(filter.adjoint(unit)).forEach((value, other) => {
        const [dr, dc] = [Math.floor(other / cols) - Math.floor(cell / cols), (other % cols) - (cell % cols)];
        expect(Math.abs(value - Math.exp(-(dr * dr + dc * dc) / (2 * length ** 2)))).toBeLessThan(1e-3);
      });
    }
  });

  it('is the identity at length 0 and takes a length for each direction', () => {
    const field = noise(12, 3);
    expect(new CorrelationFilter(3, 4, 0).apply(field)).toEqual(field);
    const rowsOnly = new CorrelationFilter(3, 4, [1, 0]);
    const unit = new Float64Array(12);
    unit[5] = 1;
    expect([...rowsOnly.apply(unit)].map((x) => x !== 0)).toEqual([0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0].map(Boolean));
    expect(() => new CorrelationFilter(3, 4, -1)).toThrow(/0 or more cells/);
  });

  it('makes smooth random fields of variance 1', () => {
    let squares = 0;
    let neighbours = 0;
    const random = new Random(11);
    const draws = 400;
    for (let i = 0; i < draws; i++) {
      const field = smoothRandomField(12, 12, 2, random);
      squares += field[0] ** 2 / draws;
      neighbours += (field[66] * field[67]) / draws;
    }
    expect(Math.abs(squares - 1)).toBeLessThan(5 * Math.sqrt(2 / draws));
    expect(Math.abs(neighbours - Math.exp(-1 / 8))).toBeLessThan(5 * Math.sqrt(2 / draws));
  });
});
