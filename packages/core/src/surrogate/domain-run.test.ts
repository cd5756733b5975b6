import { inMemory } from '../data/period-source';
import { withPriorConcentrations } from '../data/prior-channels';
import { DomainRun } from './domain-run';
import { randomPeriod, randomSurrogate } from './testing/random-surrogate';
import { tinySurrogate } from './testing/tiny-world';
import { wholeDomain } from './tiles';

const period = randomPeriod(8, 8, 12);
const seeing = withPriorConcentrations(period);

/** A run on `given` of a surrogate that was trained on `trained`. */
function runOf(trained: typeof period, given: typeof period): DomainRun {
  const surrogate = randomSurrogate(tinySurrogate({}), [trained]);
  const engine = { forward: () => Promise.reject(new Error('not run')), dispose: () => undefined };
  return new DomainRun({ surrogate, sources: [inMemory(given)], tiling: wholeDomain(period.grid), engine, batchSize: 1, threads: 1 });
}

it('runs on the fields that the surrogate was trained with, and on no others', () => {
  expect(() => runOf(period, period)).not.toThrow();
  expect(() => runOf(seeing, seeing)).not.toThrow();
  for (const [trained, given] of [
    [period, seeing],
    [seeing, period],
    [period, { ...period, geographyNames: [] }],
  ]) {
    expect(() => runOf(trained, given)).toThrow(expect.objectContaining({ code: 'SURROGATE_INPUTS', exitCode: 3 }) as Error);
  }
  expect(() => runOf(period, seeing)).toThrow(/trained with the fields u, v, inversePbl but the case now gives u, v, inversePbl, prior_NO2, /);
});
