import { normalisationOf } from '../model/normalisation';
import { tinyPeriod, tinyTraining } from '../testing/tiny-world';
import type { InputDraw } from '../model/batch';
import { LossWeights } from './loss-weights';

const period = tinyPeriod('winter', 1);
const normalisation = normalisationOf([period], [24]);
const training = { ...tinyTraining(), speciesWeights: { NO2: 4, SO2: 3, O3: 2, 'PM2.5': 1 } };

test.each([0, 1, 2])(
  'absolute errors of a part of a batch count by species, those of %i pairs by their first runs alone where that is asked for',
  (pairs) => {
    const [samples, cells, parts] = [pairs === 0 ? 3 : 2 * pairs, 5, 2];
    const { absolute, absoluteOfFirsts } = new LossWeights(training, period.species, normalisation, { samples, pairs, cells }, parts);
    expect([absolute.length, absoluteOfFirsts.length]).toEqual([samples * cells * 4, samples * cells * 4]);
    absolute.forEach((weight, i) => expect(weight).toBeCloseTo((4 - (i % 4)) / 10 / (samples * cells * parts), 8));
    const firsts = pairs === 0 ? samples : pairs;
    absoluteOfFirsts.forEach((weight, i) =>
      expect(weight).toBeCloseTo(i < firsts * cells * 4 ? (4 - (i % 4)) / 10 / (firsts * cells * parts) : 0, 8),
    );
  },
);

describe('gaps of columns', () => {
  const mask = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 0); // O3 in the second hour
  const draw = (sample: number, hour: number): InputDraw =>
    ({ input: 'target', sample, hour, field: { gaps: { mask, species: 4 } } }) as unknown as InputDraw;
  const sizes = { samples: 4, pairs: 2, cells: 3 };

  it('a species with values in a third of the hours weighs three times as much there', () => {
    const [all, some] = [[1, 1, 1, 1], [1, 1, 1 / 3, 1]].map((presence) => new LossWeights(training, period.species, normalisation, sizes, 1, presence)); // prettier-ignore
    all.absolute.forEach((weight, i) => expect(some.absolute[i] / weight).toBeCloseTo(i % 4 === 2 ? 3 : 1, 5));
    const never = new LossWeights(training, period.species, normalisation, sizes, 1, [1, 1, 0, 1]);
    expect([...never.absolute].every((weight, i) => (weight === 0) === (i % 4 === 2))).toBe(true);
  });

  it('the weight is 0 where a target has none, and of pairs where the first has none', () => {
    const weights = new LossWeights(training, period.species, normalisation, sizes, 1);
    const inputs = [draw(0, 0), draw(1, 1), draw(2, 0), draw(3, 1)];
    const isGap = (i: number): boolean => i % 4 === 2 && Math.floor(i / 12) % 2 === 1;
    const changed = weights.withoutGaps(weights.absolute, inputs);
    weights.absolute.forEach((weight, i) => expect(changed[i]).toBe(isGap(i) ? 0 : weight));
    const ofPairs = new Float32Array(24).fill(7);
    expect([...weights.withoutGaps(ofPairs, inputs)]).toEqual([...ofPairs].map((weight, i) => (isGap(i) ? 0 : weight)));
    expect(weights.withoutGaps(weights.absolute, [draw(0, 0), draw(2, 0)])).toBe(weights.absolute);
  });
});
