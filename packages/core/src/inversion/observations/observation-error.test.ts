import { Random } from '../../base/random';
import { Role } from '../cost/cost';
import { decorrelationOf, errorShare, inflatedErrors, meanSpacing, responseError, type ErrorModel } from './observation-error';
import type { SuperObservations } from './super-observations';

/** Two hours at cells 0, 1 and 6 of a grid of 3 columns; the last is withheld. Errors are 1. */
const observed: SuperObservations = {
  values: Float32Array.of(10, 20, 30, 14, 20, 30),
  relative: new Float32Array(6),
  absolute: new Float32Array(6).fill(1),
  error: new Float32Array(6).fill(1),
  species: new Uint8Array(6),
  withheld: Uint8Array.of(Role.used, Role.used, Role.withheld, Role.used, Role.used, Role.withheld),
  cell: Int32Array.of(0, 1, 6, 0, 1, 6),
  stations: new Uint16Array(6).fill(1),
  first: Int32Array.of(0, 3, 6),
};
const context = { prior: [13, 20, 30, 10, 20, 30], cols: 3, stepHours: [3, 3] };
const none: ErrorModel = { correlationHours: [0], correlationCells: [[0, 0]] };

describe('inflatedErrors', () => {
  it('leaves errors as they are where nothing is added', () => {
    expect([...inflatedErrors(observed, none, context)]).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('takes what is relative of the level: the value, the mean of its cell, or the anchor scaled to that mean', () => {
    const relative = { ...observed, relative: new Float32Array(6).fill(0.5), absolute: new Float32Array(6).fill(2) };
    const at = (level: ErrorModel['level'], i: number): number => inflatedErrors(relative, { ...none, level }, context)[i];
    // cell 0: observed 10 and 14, anchor 13 and 10
    expect(at('observed', 0)).toBeCloseTo(Math.hypot(5, 2), 5);
    expect(at(undefined, 3)).toBeCloseTo(Math.hypot(7, 2), 5);
    expect(at('cell-mean', 0)).toBeCloseTo(Math.hypot(6, 2), 5);
    expect(at('simulated', 0)).toBeCloseTo(Math.hypot((0.5 * 13 * 12) / 11.5, 2), 5);
    expect(at('simulated', 3)).toBeCloseTo(Math.hypot((0.5 * 10 * 12) / 11.5, 2), 5);
    const nothing = inflatedErrors(relative, { ...none, level: 'simulated' }, { ...context, prior: new Float32Array(6) });
    expect(nothing[0]).toBeCloseTo(Math.hypot(6, 2), 5); // the anchor has nothing there
  });

  it('takes all of it times a factor', () => {
    const model: ErrorModel = { surrogate: [0.5], correlationHours: [24], correlationCells: [[2, 2]] };
    const scaled = inflatedErrors(observed, { ...model, scale: [1.5] }, context);
    inflatedErrors(observed, model, context).forEach((error, i) => expect(scaled[i] / error).toBeCloseTo(1.5, 6));
  });

  it("adds the surrogate's part of the change that is asked of it in the cell", () => {
    // D of cell 0 = √((3² + 4²)/2); the others are matched by the prior run
    const errors = inflatedErrors(observed, { ...none, surrogate: [0.5] }, context);
    expect(errors[0]).toBeCloseTo(Math.hypot(1, 0.5 * Math.sqrt(12.5)), 6);
    expect(errors[3]).toBe(errors[0]);
    expect(errors[1]).toBe(1);
  });

  it('spreads the information of values that repeat each other in time: n / n_eff of a first-order autoregression', () => {
    const errors = inflatedErrors(observed, { ...none, correlationHours: [24] }, context);
    const rho = Math.exp(-3 / 24);
    expect(errors[1]).toBeCloseTo(Math.sqrt((1 + rho) / (1 - rho)), 5);
    // as many independent values of that error as a long mean of the autoregression is worth
    const n = 4000;
    let variance = n;
    for (let lag = 1; lag < n; lag++) variance += 2 * (n - lag) * rho ** lag;
    expect(errors[1] ** 2 / (variance / n)).toBeCloseTo(1, 2);
  });

  it('counts used cells within reach, and no others', () => {
    const errors = inflatedErrors(observed, { ...none, correlationCells: [[2, 2]] }, context);
    expect(errors[0]).toBeCloseTo(Math.sqrt(1 + Math.exp(-1 / 2)), 6);
    expect(errors[1]).toBe(errors[0]);
    expect(errors[2]).toBe(1); // withheld: not in the cost
    expect(inflatedErrors(observed, { ...none, correlationCells: [[2, 4]] }, context)[0]).toBeCloseTo(Math.sqrt(1 + Math.exp(-1 / 4)), 6);
    // Of less than a cell they still reach into the next one.
    expect(inflatedErrors(observed, { ...none, correlationCells: [[0.5, 0.5]] }, context)[0]).toBeCloseTo(Math.sqrt(1 + Math.exp(-1 / 0.5)), 6);
  });

  it('has a factor and a part of each species', () => {
    const ofTwo = { ...observed, species: Uint8Array.of(0, 1, 0, 0, 1, 0) };
    const model: ErrorModel = {
      alike: [0.4, 1],
      scale: [1.5, 1],
      correlationHours: [24, 24],
      correlationCells: [
        [0, 0],
        [0, 0],
      ],
    };
    const inTime = (1 + Math.exp(-3 / 24)) / (1 - Math.exp(-3 / 24));
    const [ofFirst, ofSecond] = inflatedErrors(ofTwo, model, context);
    expect(ofFirst).toBeCloseTo(1.5 * Math.sqrt(0.6 + 0.4 * inTime), 5);
    expect(ofSecond).toBeCloseTo(Math.sqrt(inTime), 5);
    expect(errorShare(model, context.stepHours)[0]).toBeCloseTo((0.4 * inTime) / (0.6 + 0.4 * inTime), 12);
    expect(errorShare(model, context.stepHours)[1]).toBe(1);
  });

  it('has lengths of each species', () => {
    const ofTwo = { ...observed, species: Uint8Array.of(0, 1, 0, 0, 1, 0), withheld: new Uint8Array(6) };
    const model: ErrorModel = {
      correlationHours: [0, 24],
      correlationCells: [
        [2, 2],
        [0, 0],
      ],
    };
    const rho = Math.exp(-3 / 24);
    const [ofFirst, ofSecond] = inflatedErrors(ofTwo, model, context);
    expect(ofFirst).toBeCloseTo(Math.sqrt(1 + Math.exp(-2 / 2)), 6); // cells 0 and 6 are two rows apart
    expect(ofSecond).toBeCloseTo(Math.sqrt((1 + rho) / (1 - rho)), 5);
  });

  it('raises the part that is alike alone', () => {
    const alike = { ...none, alike: [0.4], correlationHours: [24], correlationCells: [[2, 2]] as [number, number][] };
    const rho = Math.exp(-3 / 24);
    const inTime = (1 + rho) / (1 - rho);
    const inSpace = inflatedErrors(observed, { ...none, correlationCells: [[2, 2]] }, context)[0] ** 2;
    expect(inflatedErrors(observed, alike, context)[0] ** 2).toBeCloseTo(0.6 + 0.4 * inTime * inSpace, 4);
    expect(inflatedErrors(observed, { ...alike, decorrelated: true }, context)[0] ** 2).toBeCloseTo(0.6 + 0.4 * inTime, 4);
    // Of the mean over a time in which it repeats itself the alike part is the larger share.
    expect(errorShare(alike, context.stepHours)[0]).toBeCloseTo((0.4 * inTime) / (0.6 + 0.4 * inTime), 12);
    expect(errorShare({ ...alike, correlationHours: [0] }, context.stepHours)).toEqual([0.4]);
  });

  it('leaves the correlation in space to the cost where that has it', () => {
    expect(inflatedErrors(observed, { ...none, correlationCells: [[2, 2]], decorrelated: true }, context)[0]).toBe(1);
  });
});

it('leaves the mean where it is though values scatter, but for errors that are a part of each value itself', () => {
  const random = new Random(3);
  const n = 4000;
  const truth = Float64Array.from({ length: n }, (_, i) => 50 + 25 * Math.sin(i / 4));
  const values = Float32Array.from(truth, (c) => c * Math.exp(0.5 * random.normal() - 0.125));
  const one: SuperObservations = {
    values,
    relative: new Float32Array(n).fill(0.3),
    absolute: new Float32Array(n).fill(5),
    error: new Float32Array(n),
    species: new Uint8Array(n),
    withheld: new Uint8Array(n),
    cell: new Int32Array(n),
    stations: new Uint16Array(n).fill(1),
    first: Int32Array.of(0, n),
  };
  /** The factor on a model that has the truth's shape and half of its size, as least squares find it, over 2. */
  const found = (level: ErrorModel['level']): number => {
    const prior = truth.map((c) => c / 2);
    let [seen, all] = [0, 0];
    inflatedErrors(one, { ...none, level }, { ...context, prior }).forEach((sigma, i) => {
      seen += (values[i] * prior[i]) / sigma ** 2;
      all += prior[i] ** 2 / sigma ** 2;
    });
    return seen / all / 2;
  };
  expect(found('observed')).toBeLessThan(0.8);
  expect(Math.abs(found('cell-mean') - 1)).toBeLessThan(0.02);
  expect(Math.abs(found('simulated') - 1)).toBeLessThan(0.02);
});

describe('meanSpacing', () => {
  it('is that of the used values of a cell, per species', () => {
    // Cell 1 is not used at the second hour, cell 6 never.
    expect([...meanSpacing({ ...observed, species: Uint8Array.of(0, 0, 0, 0, 1, 0) }, [5, 8], 3)]).toEqual([3, Infinity, Infinity]);
  });

  it('counts the hours of gaps, and not the values of other cells', () => {
    const [hours, cells] = [
      [0, 1, 2, 12, 13],
      [4, 7, 4, 4, 7],
    ];
    const one: SuperObservations = {
      values: new Float32Array(5),
      relative: new Float32Array(5),
      absolute: new Float32Array(5).fill(1),
      error: new Float32Array(5).fill(1),
      species: new Uint8Array(5),
      withheld: new Uint8Array(5),
      cell: Int32Array.from(cells),
      stations: new Uint16Array(5).fill(1),
      first: Int32Array.from({ length: 6 }, (_, i) => i),
    };
    expect([...meanSpacing(one, hours, 1)]).toEqual([(2 + 10 + 12) / 3]);
    const without = Uint8Array.of(Role.used, Role.used, Role.used, Role.used, Role.withheld);
    expect([...meanSpacing({ ...one, withheld: without }, hours, 1)]).toEqual([(2 + 10) / 2]);
  });

  it('adds nothing to values that none repeats', () => {
    const errors = inflatedErrors(observed, { ...none, correlationHours: [24] }, { ...context, stepHours: [Infinity] });
    expect([...errors]).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe('decorrelationOf', () => {
  it('takes the used values of a species and time, by their distance', () => {
    const apart = (errorLength: [number, number], share?: number): number => {
      const e = Float64Array.of(1, 0, 1);
      const alike = { errorLength: [errorLength], ...(share === undefined ? {} : { errorShare: [share] }) };
      const u = decorrelationOf({ ...observed, ...alike }, 1, context.cols).apply(e);
      expect(u[2]).toBe(1); // withheld: not in the cost
      return u[1]; // −ρ/√(1 − ρ²)
    };
    const expected = (rho: number): number => -rho / Math.sqrt(1 - rho ** 2);
    expect(apart([2, 2])).toBeCloseTo(expected(Math.exp(-1 / 2)), 12);
    expect(apart([2, 4])).toBeCloseTo(expected(Math.exp(-1 / 4)), 12);
    expect(apart([0, 0])).toBeCloseTo(0, 12);
    expect(apart([2, 2], 0.4)).toBeCloseTo(expected(0.4 * Math.exp(-1 / 2)), 12);
  });
});

describe('responseError', () => {
  it('is the relative root mean square error of the response', () => {
    const [s, c] = [
      [1, 2, -1, 3],
      [2, 2, -2, 2],
    ];
    const sum = (a: number[], b: number[]): number => a.reduce((total, x, i) => total + x * b[i], 0);
    const [slope, cosine] = [sum(s, c) / sum(c, c), sum(s, c) / Math.sqrt(sum(s, s) * sum(c, c))];
    const wrong = s.reduce((total, x, i) => total + (x - c[i]) ** 2, 0);
    expect(responseError([{ slope, cosine, relativeSize: 0.3 }])).toBeCloseTo(Math.sqrt(wrong / sum(c, c)), 12);
    const right = { slope: 1, cosine: 1, relativeSize: 0.4 };
    expect(responseError([{ slope, cosine, relativeSize: 0.3 }, right])).toBeCloseTo(0.6 * Math.sqrt(wrong / sum(c, c)), 12);
    expect(responseError([{ slope: 0, cosine: 0, relativeSize: 0.3 }])).toBe(1); // it does not answer at all
    expect(responseError([])).toBe(0);
  });
});
