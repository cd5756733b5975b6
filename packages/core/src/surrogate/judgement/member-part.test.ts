import { Random } from '../../base/random';
import { memberPart } from './member-part';
import { responseFigures, type ResponseFigures } from './response-comparison';

const HOURS = [2, 5, 8, 11];
const CELLS = 500;

/** A member that changes two groups, of one species: the surrogate answers them with these slopes. */
function figuresOf(slopes: readonly [number, number]): { first: ResponseFigures; whole: ResponseFigures } {
  const random = new Random(3);
  const field = (hours: number): Float32Array => Float32Array.from({ length: hours * CELLS }, () => random.normal());
  const ctmPrior = field(12).map((value) => 20 + value);
  const parts = [field(12), field(12).map((value) => 2 * value)];
  const ctmMember = ctmPrior.map((value, i) => value + parts[0][i] + parts[1][i]);
  const compared = (values: (i: number) => number): Float32Array =>
    Float32Array.from(HOURS.flatMap((hour) => Array.from({ length: CELLS }, (_, cell) => values(hour * CELLS + cell))));
  const prior = compared((i) => 1.1 * ctmPrior[i]);
  const withoutGroup = compared((i) => 1.1 * ctmPrior[i] + slopes[1] * parts[1][i]);
  const simulated = compared((i) => 1.1 * ctmPrior[i] + slopes[0] * parts[0][i] + slopes[1] * parts[1][i]);
  const member = { prior, simulated, ctmPrior, ctmMember, hours: HOURS, period: 'winter', species: 1 };
  const all = memberPart({ ...member, withoutGroup: prior })[0];
  return { first: responseFigures(memberPart({ ...member, withoutGroup })[0], all), whole: responseFigures(all) };
}

it('is that group alone where the others are answered rightly', () => {
  const { first, whole } = figuresOf([0.7, 1]);
  expect(first.slope).toBeCloseTo(0.7, 4);
  expect(first.r).toBeCloseTo(1, 5);
  expect(whole.slope).toBeCloseTo((0.7 * 1 + 4) / 5, 1);
});

it('has the errors of the others in r, and its slope hardly', () => {
  const { first, whole } = figuresOf([0.7, 0.5]);
  // The part has variance 1, what is missing of the other 1 too.
  expect(first.r).toBeCloseTo(Math.SQRT1_2, 1);
  expect(first.slope).toBeCloseTo(0.7, 1);
  expect(first.relativeSize).toBeCloseTo(0.7 / 20, 2);
  expect(first.part?.wholeR).toBe(whole.r);
  expect(whole.r).toBeGreaterThan(0.9);
  expect(whole.part).toBeUndefined();
});

it('has no slope where the surrogate does not answer', () => {
  const { first } = figuresOf([0, 1]);
  expect(first).toMatchObject({ slope: NaN, relativeSize: 0 });
});
