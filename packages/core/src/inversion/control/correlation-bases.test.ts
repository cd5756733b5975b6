import { CorrelationFilter } from '../../grid/correlation';
import { Random } from '../../base/random';
import { MixedBasis, RegionBasis, SharedNumber, type SpatialBasis } from './correlation-bases';
import { dot } from '../../base/vectors';

const [ROWS, COLS] = [4, 6];
const CELLS = ROWS * COLS;
const regionOf = Int32Array.from({ length: CELLS }, (_, cell) => (cell < 8 ? 0 : cell < 20 ? 1 : -1));

function sharing(basis: SpatialBasis): SpatialBasis {
  return new MixedBasis([
    { basis, part: 0.7 },
    { basis: new SharedNumber(basis, CELLS), part: 0.3 },
  ]);
}

const bases: [string, SpatialBasis][] = [
  ['cells', new CorrelationFilter(ROWS, COLS, 0.8)],
  ['regions', new RegionBasis(regionOf, 2)],
  ['cells that share a number', sharing(new CorrelationFilter(ROWS, COLS, 0.8))],
  ['regions that share a number', sharing(new RegionBasis(regionOf, 2))],
  ['numbers two thirds of a length apart', new CorrelationFilter(ROWS, COLS, 2, true)],
  [
    'two lengths',
    new MixedBasis([
      { basis: new CorrelationFilter(ROWS, COLS, 0.8), part: 0.6 },
      { basis: new CorrelationFilter(ROWS, COLS, 3, true), part: 0.4 },
    ]),
  ],
];

function rowOf(basis: SpatialBasis, cell: number): Float64Array {
  return basis.adjoint(Float64Array.from({ length: CELLS }, (_, i) => (i === cell ? 1 : 0)));
}

describe.each(bases)('%s', (_, basis) => {
  it('has variance 1 where it covers, 0 elsewhere, and the adjoint of its map', () => {
    for (let cell = 0; cell < CELLS; cell++) {
      const row = rowOf(basis, cell);
      expect(row).toHaveLength(basis.size);
      expect(dot(row, row)).toBeCloseTo(basis.covers(cell) ? 1 : 0, 12);
    }
    const random = new Random(3);
    const draw = (n: number): Float64Array => Float64Array.from({ length: n }, () => random.normal());
    const [v, w] = [draw(basis.size), draw(CELLS)];
    expect(dot(basis.apply(v), w)).toBeCloseTo(dot(v, basis.adjoint(w)), 12);
  });

  it('divides its numbers among areas that divide the cells', () => {
    const west = Float64Array.from({ length: CELLS }, (__, cell) => (cell % COLS < 2 ? 1 : cell % COLS === 2 ? 0.25 : 0));
    const [a, b] = [west, west.map((part) => 1 - part)].map((mask) => basis.shareIn(mask));
    a.forEach((share, k) => expect(share + b[k]).toBeCloseTo(1, 12));
    expect(Math.min(...a, ...b)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...a)).toBeGreaterThan(0.2);
  });
});

it('a shared number keeps distant cells, and different regions, correlated', () => {
  const [cells, regions] = [bases[2][1], bases[3][1]];
  expect(dot(rowOf(cells, 0), rowOf(cells, CELLS - 1))).toBeCloseTo(0.3, 4);
  expect(dot(rowOf(regions, 0), rowOf(regions, 19))).toBeCloseTo(0.3, 12);
  expect(dot(rowOf(regions, 0), rowOf(regions, 1))).toBeCloseTo(1, 12);
  // Neighbours: what the filter gives, and of the rest three tenths.
  const own = dot(rowOf(bases[0][1], 0), rowOf(bases[0][1], 1));
  expect(dot(rowOf(cells, 0), rowOf(cells, 1))).toBeCloseTo(0.3 + 0.7 * own, 12);
});

it('two lengths correlate as the parts of each', () => {
  const [near, far] = [new CorrelationFilter(ROWS, COLS, 0.8), new CorrelationFilter(ROWS, COLS, 3, true)];
  const mixed = bases[5][1];
  for (const cell of [1, 8, CELLS - 1]) {
    const [a, b, c] = [near, far, mixed].map((basis) => dot(rowOf(basis, 2), rowOf(basis, cell)));
    expect(c).toBeCloseTo(0.6 * a + 0.4 * b, 12);
  }
});
