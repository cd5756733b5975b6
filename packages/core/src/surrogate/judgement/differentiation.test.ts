import { PASSES, testDifferentiation, type Differentiable } from './differentiation';

const FACTORS = 40;
const OUTPUTS = 400;
const options = { seed: 3, roundoff: 2 ** -24 };

/** S_i = Σ_j a_ij f_j + (Σ_j a_ij f_j)²/4 with the derivative times `off`: 1 is right. As with concentrations, more emissions are mostly more of it. */
function model(off = 1, curvature = 0.25): Differentiable {
  const a = Float64Array.from({ length: OUTPUTS * FACTORS }, (_, k) => (1 + 3 * Math.sin(1 + 1.7 * k)) / FACTORS);
  let inner = new Float64Array(OUTPUTS);
  return {
    factors: FACTORS,
    scale: [1, 2],
    forward: (factors) => {
      inner = Float64Array.from({ length: OUTPUTS }, (_, i) => factors.reduce((sum, f, j) => sum + a[i * FACTORS + j] * f, 0));
      return Promise.resolve(Float32Array.from(inner, (value) => value + curvature * value * value));
    },
    adjoint: (grad) =>
      Promise.resolve(
        Float32Array.from({ length: FACTORS }, (_, j) =>
          inner.reduce((sum, value, i) => sum + off * grad[i] * (1 + 2 * curvature * value) * a[i * FACTORS + j], 0),
        ),
      ),
  };
}

it('a right adjoint passes: order 2, dot products equal', async () => {
  const { order, dotProduct, passed } = await testDifferentiation(model(), options);
  expect(order).toBeGreaterThan(1.9);
  expect(order).toBeLessThan(2.1);
  expect(dotProduct).toHaveLength(3);
  for (const { error, gain } of dotProduct) {
    expect(error).toBeLessThan(1e-3); // rounding of 1e-7 over a step of 2e-3
    expect(gain).toBeCloseTo(1, 3);
  }
  expect(passed).toBe(true);
});

it.each([0.9, 1.1, -1, 0])('an adjoint that is %d times the right one fails: order 1', async (off) => {
  const { order, dotProduct, passed } = await testDifferentiation(model(off), options);
  expect(order).toBeLessThan(1.5);
  for (const { gain } of dotProduct) expect(gain).toBeCloseTo(off, 3);
  expect(passed).toBe(false);
});

it('each of the two tests can fail alone', async () => {
  const wrongInCalls = (wrong: (call: number) => boolean): Differentiable => {
    const right = model();
    let calls = 0;
    const adjoint: Differentiable['adjoint'] = async (grad) => {
      const [off, gradient] = [wrong(++calls) ? 1.2 : 1, await right.adjoint(grad)];
      return gradient.map((value) => off * value);
    };
    return { ...right, adjoint };
  };
  const inTaylor = await testDifferentiation(
    wrongInCalls((call) => call === 7),
    options,
  ); // after two for each of the three directions
  expect([inTaylor.passed, inTaylor.order! < 1.5]).toEqual([false, true]);
  for (const { error, gain } of inTaylor.dotProduct) expect([error < 1e-3, gain]).toEqual([true, expect.closeTo(1, 3)]);
  const inGain = await testDifferentiation(
    wrongInCalls((call) => call === 4),
    options,
  );
  expect([inGain.passed, inGain.order! > 1.9, inGain.dotProduct[1].gain]).toEqual([false, true, expect.closeTo(1.2, 3)]);
});

it('the order is the median of the three smallest steps, and errors do not depend on the units of the species', async () => {
  const { taylor, order, floor, dotProduct } = await testDifferentiation(model(1.1), options);
  const orders = taylor.slice(1).map(({ remainder }, i) => [Math.log2(taylor[i].remainder / remainder), remainder]);
  const judged = orders.filter(([, remainder]) => remainder > floor).slice(-3);
  expect(order).toBeCloseTo(judged.map(([each]) => each).sort((a, b) => a - b)[1], 12);
  const inOthers = await testDifferentiation({ ...model(1.1), scale: [100, 200] }, options);
  inOthers.dotProduct.forEach(({ error, gain }, i) => {
    expect(error / dotProduct[i].error).toBeCloseTo(1, 3);
    expect(gain / dotProduct[i].gain).toBeCloseTo(1, 3);
  });
});

it('a NaN fails', async () => {
  const broken = { ...model(), adjoint: () => Promise.resolve(new Float32Array(FACTORS).fill(NaN)) };
  expect((await testDifferentiation(broken, options)).passed).toBe(false);
});

it('the same seed gives the same figures', async () => {
  expect(await testDifferentiation(model(), options)).toEqual(await testDifferentiation(model(), options));
});

it('takes as many passes as it says', async () => {
  const own = model();
  const [forward, adjoint] = [jest.spyOn(own, 'forward'), jest.spyOn(own, 'adjoint')];
  await testDifferentiation(own, options);
  expect(forward.mock.calls.length + adjoint.mock.calls.length).toBe(PASSES);
});

it.each([
  ['the unit of the output', 1024],
  ['how far the output answers', 1],
])('the figures of the dot product do not depend on %s', async (_, ofScale) => {
  const own = model(0.9);
  const other: Differentiable = {
    ...own,
    scale: own.scale.map((scale) => ofScale * scale),
    forward: async (factors) => (await own.forward(factors)).map((value) => 1024 * value),
    adjoint: (grad) => own.adjoint(grad.map((value) => 1024 * value)),
  };
  const [given, found] = [await testDifferentiation(own, options), await testDifferentiation(other, options)];
  // 1e-5: rounding in single precision
  given.dotProduct.forEach(({ error, gain }, k) => {
    expect(Math.abs(found.dotProduct[k].error - error)).toBeLessThan(1e-5);
    expect(Math.abs(found.dotProduct[k].gain - gain)).toBeLessThan(1e-5);
  });
});
