import { Random } from '../../base/random';
import { gaussianWorld } from '../testing/gaussian-world';
import { factorSums, type Posterior } from './posterior';
import { WithSurrogateSpread } from './surrogate-spread';

const { control } = gaussianWorld(9);
const spread = control.priorSpread();
const inner: Posterior = {
  logFactorSigma: () => spread.map((value) => 0.3 * value),
  covarianceOfSums: (_, sums) => sums.map((_, i) => sums.map((__, j) => (i === j ? 7 : 1))),
};
const random = new Random(6);
const draws = (count: number, scale: number): Float64Array[] =>
  Array.from({ length: count }, () => Float64Array.from({ length: control.size }, () => scale * random.normal()));

describe('the spread of surrogates', () => {
  it('of two that agree adds nothing', () => {
    const [one] = draws(1, 0.5);
    const both = new WithSurrogateSpread(inner, control.shape, [one, one], 1.5);
    expect([...both.logFactorSigma(control)]).toEqual([...inner.logFactorSigma(control)]);
    const weights = [0, 1].map((k) => Float64Array.from({ length: control.size }, (_, i) => (i % 2 === k ? 1 : 0)));
    const sums = factorSums(control.derivativeAt(one), weights);
    expect(both.covarianceOfSums(control, sums)).toEqual(inner.covarianceOfSums(control, sums));
  });

  it('adds its variance: that of many draws with half the prior spread is a quarter of the prior variance', () => {
    const many = new WithSurrogateSpread(inner, control.shape, draws(4000, 0.5), 0);
    many.logFactorSigma(control).forEach((sigma, i) => {
      // sampled variances are known to √(2/4000); five of these over 46 cells
      if (spread[i] > 0) expect(Math.abs((sigma / spread[i]) ** 2 - 0.09 - 0.25)).toBeLessThan(5 * 0.25 * Math.sqrt(2 / 4000));
      else expect(sigma).toBe(0);
    });
  });

  it('is averaged over the cells around, of its own group and slot, where few surrogates tell it badly', () => {
    const few = draws(2, 0.5);
    const [raw, smooth] = [0, 30].map((length) => new WithSurrogateSpread(inner, control.shape, few, length).logFactorSpread(control));
    const relative = (field: Float64Array, group: number, slot: number): number[] =>
      [...field].flatMap((value, i) => (i % 2 === group && Math.floor(i / 24) === slot && spread[i] > 0 ? [(value / spread[i]) ** 2] : []));
    for (const [group, slot] of [
      [0, 0],
      [1, 1],
    ]) {
      const [single, averaged] = [raw, smooth].map((field) => relative(field, group, slot));
      const mean = single.reduce((a, b) => a + b) / single.length;
      averaged.forEach((value) => expect(value / mean).toBeCloseTo(1, 2)); // a length far beyond the domain: the same everywhere
      expect(Math.max(...single) / mean).toBeGreaterThan(2);
    }
  });

  it('goes into the covariances of sums as well', () => {
    const weights = [Float64Array.from({ length: control.size }, (_, i) => (i % 2 === 0 ? 1 : 0))];
    const controls = draws(3, 0.5);
    const totals = controls.map((each) => control.factors(each).reduce((sum, factor, i) => sum + weights[0][i] * factor, 0));
    const mean = totals.reduce((a, b) => a + b) / 3;
    const variance = totals.reduce((sum, total) => sum + (total - mean) ** 2, 0) / 2;
    const [[found]] = new WithSurrogateSpread(inner, control.shape, controls, 1).covarianceOfSums(
      control,
      factorSums(control.derivativeAt(controls[0]), weights),
    );
    expect(found).toBeCloseTo(7 + variance, 8);
  });
});
