import { normalisationOf } from '../model/normalisation';
import { tinyPeriod, tinyTraining } from '../testing/tiny-world';
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
