import { GROUPS } from '../../base/species';
import { factorCount } from '../../inversion/model/forward-model';
import { randomFloats } from '../../inversion/testing/small-world';
import { dot } from '../../base/vectors';
import { WORLD } from '../../surrogate/testing/tiny-world';
import { joined } from '../../base/vectors';
import { problemOf } from '../testing/tiny-problem';
import { addHoursToSlots, expandSlots, timeSlots } from '../factors/time-slots';
import { periods, inMemories, smoothSurrogate, disposePrograms, modelOf, adjointOf, randomFactors, expectClose } from '../testing/tiny-forward-model';

afterEach(disposePrograms);

describe('the adjoint is the transpose of the derivative: ⟨K·df, w⟩ = ⟨df, Kᵀ·w⟩', () => {
  const cases = (['period', 'hour'] as const).flatMap((factors) =>
    [true, false].flatMap((anchored) =>
      (['hourly', 'daily'] as const).flatMap((resolution) =>
        [[], [{ lifetime: 2 }, { lifetime: 20 }]].map((tracers) => ({ factors, anchored, resolution, tracers })),
      ),
    ),
  );

  it.each(cases)('factors per $factors, anchored $anchored, $resolution, tracers $tracers.length', async ({ tracers, ...variant }) => {
    // The residual network: no pooling, whose kinks would blur the differences as those of a PReLU would.
    const model = modelOf({ ...variant, surrogate: smoothSurrogate({ network: 'resnet', residualBlocks: 1, tracers }) });
    const factors = randomFactors(model, 4);
    const direction = randomFloats(factors.length, 5);
    const epsilon = 8e-3;
    const shifted = (sign: number): Float32Array => factors.map((f, i) => f + sign * epsilon * direction[i]);
    for (const batch of [0, model.batches - 1]) {
      const [up, down] = [await model.forward(shifted(1), batch), await model.forward(shifted(-1), batch)];
      const w = randomFloats(up.length, 6);
      await model.forward(factors, batch);
      const gradient = await adjointOf(model, w, batch);
      const left = dot(
        Float64Array.from(up, (value, i) => (value - down[i]) / (2 * epsilon)),
        w,
      );
      const right = dot(direction, gradient);
      const size = Math.sqrt(dot(gradient, gradient)); // of ⟨df, Kᵀ·w⟩ over random directions: chance may bring the product itself to 0
      expect(size).toBeGreaterThan(0.1);
      // Single precision: rounding of about 1e-6 over 2ε = 1.6e-2, against derivatives of order one.
      expect(Math.abs(left - right)).toBeLessThan(2e-4 * size);
    }
  });

  it.each([
    ['without', {}],
    ['of the prior run', { initialConcentrations: 'prior' }],
    ['of its own', { initialConcentrations: 'rollout' }],
    ['as factors', { initialConcentrations: 'control' }],
  ])('is the transpose of `tangent`, over all batches (earlier concentrations %s)', async (_, over) => {
    const surrogate = smoothSurrogate({ network: 'resnet', residualBlocks: 1, tracers: [{ lifetime: 20 }], ...over });
    const model = modelOf({ surrogate });
    const { initialConcentrations: initial } = model;
    const factors = randomFloats(factorCount(model.shape) + (initial ? factorCount(initial) : 0), 4).map((z) => 1 + 0.2 * Math.tanh(z));
    const direction = randomFloats(factors.length, 5);
    let [left, size] = [0, 0];
    const all = Array.from({ length: model.batches }, (_each, batch) => batch);
    const tangents = await model.tangents(factors, direction, all);
    // One by one, from the last on, they are the same.
    for (const batch of all.toReversed()) expect(await model.tangents(factors, direction, [batch])).toEqual([tangents[batch]]);
    for (const [batch, tangent] of tangents.entries()) {
      const w = randomFloats(tangent.length, 6 + batch);
      left += dot(tangent, w);
      size += dot(tangent, tangent);
      await model.forward(factors, batch);
      await model.addAdjoint(w, batch);
    }
    const right = dot(direction, await model.takeGradient());
    // Differences in single precision and of second order in a step of 5 %: against the size of a product with random numbers.
    expect(Math.abs(left - right)).toBeLessThan(2e-3 * Math.sqrt(size));
    const [still] = await model.tangents(factors, new Float32Array(factors.length), [0]);
    expect(still.every((value) => value === 0)).toBe(true);
  });

  it('periods are parts that nothing connects', async () => {
    const model = modelOf({ factors: 'hour', surrogate: smoothSurrogate({ network: 'resnet', residualBlocks: 1 }) });
    expect(model.parts.map(({ slots }) => slots)).toEqual([
      [0, WORLD.hours],
      [WORLD.hours, 2 * WORLD.hours],
    ]);
    const factors = randomFactors(model, 4);
    const field = WORLD.rows * WORLD.cols * GROUPS.length;
    const ofWinter = randomFactors(model, 5).fill(0, WORLD.hours * field);
    for (let batch = 0; batch < model.batches; batch++) {
      const [tangent] = await model.tangents(factors, ofWinter, [batch]);
      const moved = tangent.some((value) => value !== 0);
      expect(moved).toBe(batch < model.parts[0].batches[1]);
    }
  });

  it('does not depend on the anchor; at the factors of its run the model gives that run itself', async () => {
    const surrogate = smoothSurrogate();
    const [plain, moved] = [modelOf({ surrogate }), modelOf({ surrogate, base: randomFactors(modelOf({ surrogate }), 4) })];
    const [base, factors] = [randomFactors(plain, 4), randomFactors(plain, 5)];
    const { anchor } = problemOf(inMemories[0], 'hourly');
    const at = await moved.forward(base, 0);
    expect(at).toEqual(anchor.subarray(0, at.length));
    const [fromPrior, fromBase] = [await plain.forward(factors, 0), await moved.forward(factors, 0)];
    const priorAtBase = await plain.forward(base, 0);
    // anchor + S(f) − S(base) against anchor + S(f) − S(1): they differ by S(base) − S(1), in single precision.
    fromBase.forEach((value, i) => expect(value).toBeCloseTo(fromPrior[i] - (priorAtBase[i] - anchor[i]), 3));
    const w = randomFloats(fromBase.length, 6);
    await plain.forward(factors, 0);
    await moved.forward(factors, 0);
    expect(await adjointOf(moved, w, 0)).toEqual(await adjointOf(plain, w, 0));
  });

  it('is taken at the factors of the last forward pass, the first of a resumed run too', async () => {
    const surrogate = smoothSurrogate();
    const [fresh, used] = [modelOf({ surrogate }), modelOf({ surrogate })];
    const factors = randomFactors(fresh, 4);
    const w = randomFloats((await used.forward(randomFactors(fresh, 7), 1)).length, 6);
    const elsewhere = await adjointOf(used, w, 1);
    await used.forward(factors, 1);
    await fresh.forward(factors, 1);
    const gradient = await adjointOf(fresh, w, 1);
    expect(gradient).toEqual(await adjointOf(used, w, 1));
    expect(gradient).not.toEqual(elsewhere);
  });

  it('adds the batches of a pass, and then begins anew', async () => {
    const model = modelOf({ surrogate: smoothSurrogate({ tracers: [{ lifetime: 20 }] }) });
    const factors = randomFactors(model, 4);
    const batches = [0, model.batches - 1];
    const weights = batches.map((batch) => randomFloats(model.observations(batch).values.length, 6));
    const alone: Float32Array[] = [];
    for (const [i, batch] of batches.entries()) {
      await model.forward(factors, batch);
      alone.push(await adjointOf(model, weights[i], batch));
    }
    for (const [i, batch] of batches.entries()) {
      await model.forward(factors, batch);
      await model.addAdjoint(weights[i], batch);
    }
    expectClose(
      await model.takeGradient(),
      alone[0].map((value, i) => value + alone[1][i]),
    );
    expect((await model.takeGradient()).every((value) => value === 0)).toBe(true);
  });

  it('gives 0 for factors of another period, and without tracers of hours that no window of the batch holds', async () => {
    const model = modelOf({ factors: 'hour', surrogate: smoothSurrogate({ tracers: [] }) });
    const field = WORLD.rows * WORLD.cols * GROUPS.length;
    expect(model.shape.slots).toBe(2 * WORLD.hours);
    const factors = randomFactors(model, 4);
    const simulated = await model.forward(factors, 0);
    const gradient = await adjointOf(
      model,
      simulated.map(() => 1),
      0,
    );
    const seen = Array.from({ length: model.shape.slots }, (_, slot) => gradient.subarray(slot * field, (slot + 1) * field).some((g) => g !== 0));
    // Four hours a day are compared: 27, 33 and 39 in the first batch, each with the 8 hours of its window.
    expect(seen.flatMap((yes, slot) => (yes ? [slot] : []))).toEqual(Array.from({ length: 20 }, (_, i) => 20 + i));
  });
});

describe('the anchored prediction', () => {
  it.each(['hourly', 'daily'] as const)('is the anchor itself, bit for bit, where nothing is changed (%s)', async (resolution) => {
    const model = modelOf({ resolution });
    const simulated: number[] = [];
    for (let batch = 0; batch < model.batches; batch++)
      simulated.push(...(await model.forward(new Float32Array(factorCount(model.shape)).fill(1), batch)));
    expect(simulated).toEqual(inMemories.flatMap((period) => [...problemOf(period, resolution).anchor]));
  });

  it('moves with the surrogate: by H·(S(f·E) − S(E))', async () => {
    const surrogate = smoothSurrogate();
    const [anchored, free] = [modelOf({ surrogate }), modelOf({ surrogate, anchored: false })];
    const factors = randomFactors(free, 4);
    const [changed, prior] = [
      await free.forward(factors, 1),
      await free.forward(
        factors.map(() => 1),
        1,
      ),
    ];
    const anchor = (
      await anchored.forward(
        factors.map(() => 1),
        1,
      )
    ).slice();
    const expected = anchor.map((a, i) => a + changed[i] - prior[i]);
    expect(await anchored.forward(factors, 1)).toEqual(expected);
    expect(expected).not.toEqual(anchor);
  });
});

it('the same factors for every hour are factors of the period', async () => {
  const surrogate = smoothSurrogate();
  const [period, hour] = [modelOf({ surrogate }), modelOf({ surrogate, factors: 'hour' })];
  const factors = randomFactors(period, 4);
  const field = WORLD.rows * WORLD.cols * GROUPS.length;
  const hourly = Float32Array.from(
    { length: factorCount(hour.shape) },
    (_, i) => factors[Math.floor(i / (WORLD.hours * field)) * field + (i % field)],
  );
  for (const batch of [0, period.batches - 1]) {
    const [a, b] = [await period.forward(factors, batch), await hour.forward(hourly, batch)];
    a.forEach((value, i) => expect(b[i]).toBeCloseTo(value, 4)); // factors are put on before the means or after: rounding differs
  }
});

it('earlier concentrations of the prior run are given to a surrogate that wants them', async () => {
  const model = modelOf({ surrogate: smoothSurrogate({ initialConcentrations: 'prior' }), anchored: false });
  const before = await model.forward(randomFactors(model, 4), 0);
  const { concentrations } = periods[0].runs.get('prior')!;
  const kept = concentrations.slice();
  concentrations.fill(0);
  const without = await model.forward(randomFactors(model, 4), 0);
  concentrations.set(kept);
  expect(without).not.toEqual(before);
});

it('refuses an adjoint before the forward pass that it belongs to', async () => {
  const model = modelOf();
  await model.forward(randomFactors(model, 4), 0);
  await expect(model.addAdjoint(new Float32Array(1), 1)).rejects.toThrow(/adjoint of batch 1 was asked for before its forward pass/);
});

it.each(['day', 'hour-of-day'] as const)('factors of slots (%s) are those of their hours, forward and backward', async (basis) => {
  const surrogate = smoothSurrogate({ tracers: [{ lifetime: 5 }] });
  const [slots, hour] = [modelOf({ surrogate, factors: basis }), modelOf({ surrogate, factors: 'hour' })];
  expect(slots.shape.slots).toBeLessThan(hour.shape.slots);
  const factors = randomFactors(slots, 4);
  const field = WORLD.rows * WORLD.cols * GROUPS.length;
  const ofPeriod = inMemories.map(({ time }) => timeSlots(time, basis));
  const split = (all: Float32Array): Float32Array[] => {
    const first = ofPeriod.map((_, p) => ofPeriod.slice(0, p).reduce((sum, { count }) => sum + count, 0) * field);
    return ofPeriod.map(({ count }, p) => all.subarray(first[p], first[p] + count * field));
  };
  const hourly = joined(
    Float32Array,
    split(factors).map((part, p) => expandSlots(part, ofPeriod[p])),
  );
  const expected = new Float32Array(factors.length);
  for (let batch = 0; batch < slots.batches; batch++) {
    const [a, b] = [await slots.forward(factors, batch), await hour.forward(hourly, batch)];
    expect(a).toEqual(b);
    const seed = a.map((_, i) => Math.sin(i));
    await slots.addAdjoint(seed, batch);
    await hour.addAdjoint(seed, batch);
  }
  const ofHours = await hour.takeGradient();
  split(expected).forEach((part, p) => {
    const first = inMemories.slice(0, p).reduce((sum, { time }) => sum + time.count, 0) * field;
    addHoursToSlots(ofHours.subarray(first, first + inMemories[p].time.count * field), ofPeriod[p], part);
  });
  expect(await slots.takeGradient()).toEqual(expected);
  // changed in place, they are other factors
  const before = await slots.forward(factors, 0);
  factors.fill(1.3);
  expect(await slots.forward(factors, 0)).not.toEqual(before);
});
