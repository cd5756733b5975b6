import { tinySurrogate } from '../../surrogate/testing/tiny-world';
import { comparedHourStep } from './learning';

it.each([
  [24, 3],
  [8, 4],
  [2, 2],
  [1, 1],
  [7, 7],
  [25, 5],
])('with a window of %i h, of which y is rolled out, every %i hours are compared: the chain’s own', (hours, step) => {
  const window = [{ count: hours, hours: 1 }];
  expect(comparedHourStep(tinySurrogate({ initialConcentrations: 'rollout', window }))).toBe(step);
  expect(comparedHourStep(tinySurrogate({ window }))).toBe(3);
});
