import { sourceOf } from '../../fields/training-period';
import { randomFloats } from '../../inversion/testing/small-world';
import { dot } from '../../base/vectors';
import { ScaledInitial } from './scaled-initial';
import { CELLS, tinyPeriod } from '../testing/tiny-world';

const FIELD = CELLS * 4;
const period = tinyPeriod('winter', 1, { hours: 30 });
const { concentrations } = period.runs.get('prior')!;
const source = sourceOf(period);

it('factors of a day are on its hours, and hours that no window takes stay empty', () => {
  const initial = new ScaledInitial(source, [3, 25]);
  expect(initial.days).toBe(2);
  const factors = Float32Array.from({ length: 2 * FIELD }, (_, i) => (i < FIELD ? 2 : 3));
  const y = initial.scale(factors);
  expect(y.hours({ first: 3, count: 1 })).toEqual(concentrations.slice(3 * FIELD, 4 * FIELD).map((c) => 2 * c));
  expect(y.hours({ first: 25, count: 1 })).toEqual(concentrations.slice(25 * FIELD, 26 * FIELD).map((c) => 3 * c));
  expect(y.hours({ first: 4, count: 1 }).every((c) => c === 0)).toBe(true);
  factors.fill(1);
  expect(initial.scale(factors).hours({ first: 3, count: 1 })).toEqual(concentrations.slice(3 * FIELD, 4 * FIELD));
});

it('its adjoint is its transpose: ⟨w, y(g)⟩ = ⟨yᵀ(w), g⟩, and is taken once', () => {
  const initial = new ScaledInitial(source, [0, 5, 23, 24, 29]);
  const [g, w] = [randomFloats(2 * FIELD, 1), randomFloats(30 * FIELD, 2)];
  const y = initial.scale(g);
  initial.gradientStore().write(0, w);
  const gradient = new Float32Array(2 * FIELD);
  initial.takeAdjoint(gradient);
  const left = dot(Float64Array.from(y.hours({ first: 0, count: 30 })), w);
  // Single precision, some thousand products.
  expect(Math.abs(left - dot(Float64Array.from(gradient), g))).toBeLessThan(1e-5 * Math.abs(left));
  const again = new Float32Array(2 * FIELD);
  initial.takeAdjoint(again);
  expect(again.every((value) => value === 0)).toBe(true);
});
