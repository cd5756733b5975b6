import { CorrelationFilter } from '../../grid/correlation';
import { Random } from '../../base/random';
import { chooseModel, interpolateMisfit, type Source } from './misfit-interpolation';

const KM = 50;
const SIDE = 16;

/** Every third place of a square of places is a target, in blocks of four by four. */
function world(): { sources: Source[]; sourceCells: number[]; targets: { x: number; y: number }[]; targetCells: number[] } {
  const cells = Array.from({ length: SIDE * SIDE }, (_, cell) => cell);
  const isTarget = (cell: number): boolean => blockOf(cell).charCodeAt(0) % 3 === 0;
  const [sourceCells, targetCells] = [cells.filter((cell) => !isTarget(cell)), cells.filter(isTarget)];
  return {
    sources: sourceCells.map((cell) => ({ ...at(cell), block: blockOf(cell) })),
    targets: targetCells.map(at),
    sourceCells,
    targetCells,
  };
}

function at(cell: number): { x: number; y: number } {
  return { x: KM * (cell % SIDE), y: KM * Math.floor(cell / SIDE) };
}

function blockOf(cell: number): string {
  return String.fromCharCode(65 + 4 * Math.floor(cell / SIDE / 4) + Math.floor((cell % SIDE) / 4));
}

/** Mean |error| at the targets, relative to that of saying nothing, of fields with a correlation length in places and noise. */
function errorLeft(lengthCells: number, noise: number, seed = 5): number {
  const { sources, targets, sourceCells, targetCells } = world();
  const random = new Random(seed);
  const filter = new CorrelationFilter(SIDE, SIDE, lengthCells);
  const fields = Array.from({ length: 12 }, () => filter.apply(Float64Array.from({ length: SIDE * SIDE }, () => random.normal())));
  const misfit = Float64Array.from(fields.flatMap((field) => sourceCells.map((cell) => field[cell] + noise * random.normal())));
  const told = interpolateMisfit(sources, misfit, targets);
  const truth = fields.flatMap((field) => targetCells.map((cell) => field[cell]));
  const size = (values: number[]): number => values.reduce((sum, value) => sum + Math.abs(value), 0);
  return size(truth.map((value, i) => value - told[i])) / size(truth);
}

describe('the misfit of some monitors, interpolated', () => {
  it('tells most of one that reaches farther than the blocks, less under noise, and hardly harms where there is nothing to tell', () => {
    expect(errorLeft(6, 0)).toBeLessThan(0.3);
    expect(errorLeft(6, 1)).toBeGreaterThan(errorLeft(6, 0));
    expect(errorLeft(6, 1)).toBeLessThan(0.75);
    expect(errorLeft(0, 0)).toBeLessThan(1.15);
  });

  it('is simple kriging with the model that predicts other blocks best', () => {
    const sources = [
      { x: 0, y: 0, block: 'a' },
      { x: 100, y: 0, block: 'b' },
    ];
    const misfit = Float64Array.of(4, 4);
    const { lengthKm, nugget } = chooseModel(sources, misfit);
    // Two that say the same.
    expect([lengthKm, nugget]).toEqual([960, 0.1]);
    const c = (km: number): number => Math.exp(-km / lengthKm);
    const [own, between, to] = [1 + nugget, c(100), c(50)];
    // Two by two: the inverse of a symmetric matrix with equal diagonals, times a vector of equal elements.
    const weight = to / (own + between);
    expect(interpolateMisfit(sources, misfit, [{ x: 50, y: 0 }])[0]).toBeCloseTo(weight * (4 + 4), 12);
  });

  it('chooses its model by times of the whole period', () => {
    const sources = ['a', 'b', 'c'].map((block, i) => ({ x: 100 * i, y: 0, block }));
    // Two weeks without a value, then one in which all say the same.
    const misfit = Float64Array.from({ length: 3 * 24 * 21 }, (_, i) => (i < 3 * 24 * 14 ? NaN : 4));
    expect(chooseModel(sources, misfit)).toEqual({ lengthKm: 960, nugget: 0.1 });
    expect(chooseModel(sources, misfit.toReversed())).toEqual({ lengthKm: 960, nugget: 0.1 });
  });

  it('chooses its model by all hours of the day, and none without a value', () => {
    const sources = ['a', 'b', 'c'].map((block, i) => ({ x: 100 * i, y: 0, block }));
    const days = (count: number, valueAt: (hourOfDay: number, source: number) => number): Float64Array =>
      Float64Array.from({ length: 3 * 24 * count }, (_, i) => valueAt(Math.floor(i / 3) % 24, i % 3));
    for (const count of [12, 30, 60, 90]) {
      // No monitor reports at noon and midnight, nor at six and eighteen.
      expect(
        chooseModel(
          sources,
          days(count, (hour) => (hour % 6 === 0 ? NaN : 4)),
        ),
      ).toEqual({ lengthKm: 960, nugget: 0.1 });
      // At those hours they say the contrary of each other, at all others the same.
      const mostly = days(count, (hour, source) => (hour % 6 === 0 ? 4 * (-1) ** source : 4));
      expect(chooseModel(sources, mostly).lengthKm).toBe(960);
    }
  });

  it('chooses its model by the few times that have a value', () => {
    const sources = ['a', 'b', 'c'].map((block, i) => ({ x: 100 * i, y: 0, block }));
    // Five hours of six weeks: the others choose nothing, not the first model of all.
    for (const begin of [0, 500, 990]) {
      const misfit = Float64Array.from({ length: 3 * 1000 }, (_, i) => (i >= 3 * begin && i < 3 * (begin + 5) ? 4 : NaN));
      expect(chooseModel(sources, misfit)).toEqual({ lengthKm: 960, nugget: 0.1 });
    }
  });

  it('chooses its model by most of the times', () => {
    const sources = ['a', 'b', 'c'].map((block, i) => ({ x: 100 * i, y: 0, block }));
    // In any twentieth of the time monitors contradict each other, by much; else they agree.
    for (let begin = 0; begin < 1000; begin += 50) {
      const contrary = (time: number): boolean => time >= begin && time < begin + 50;
      const misfit = Float64Array.from({ length: 3 * 1000 }, (_, i) => (contrary(Math.floor(i / 3)) ? 20 * (-1) ** (i % 3) : 4));
      expect(chooseModel(sources, misfit).lengthKm).toBe(960);
    }
  });

  it('takes those that have a value at the time, and says nothing without any', () => {
    const sources = [
      { x: 0, y: 0, block: 'a' },
      { x: 100, y: 0, block: 'b' },
    ];
    const told = interpolateMisfit(sources, Float64Array.of(4, NaN, NaN, 2, NaN, NaN, 4, NaN), [{ x: 0, y: 0 }]);
    expect(told[0]).toBeGreaterThan(told[1]);
    expect(told[1]).toBeGreaterThan(0);
    expect(told[2]).toBe(0);
    expect(told[3]).toBe(told[0]);
    expect(interpolateMisfit([], new Float64Array(0), [{ x: 0, y: 0 }])).toHaveLength(0);
  });
});
