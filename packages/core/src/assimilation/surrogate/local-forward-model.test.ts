/** The forward model of the paper's mode, which looks at the factors of a batch's hours alone. */
import { SPECIES } from '../../base/species';
import { randomFloats } from '../../inversion/testing/small-world';
import type { Surrogate } from '../../surrogate/model/surrogate';
import { networkSettings } from '../../surrogate/model/surrogate-settings';
import { WORLD } from '../../surrogate/testing/tiny-world';
import { smallestSide, tilesOf } from '../../surrogate/model/tiles';
import { smoothSurrogate, type Variant, disposePrograms, modelOf, adjointOf, randomFactors } from '../testing/tiny-forward-model';

afterEach(disposePrograms);

describe('a batch that is run with the factors that it sees alone', () => {
  const plain = (over: Record<string, unknown> = {}): Surrogate => smoothSurrogate({ network: 'resnet', residualBlocks: 1, tracers: [], ...over });
  const network = networkSettings(plain().description.settings, SPECIES.length);
  const tiling = tilesOf(network, WORLD, smallestSide(network, WORLD));

  it.each([
    ['hourly', {}, {}],
    ['daily', { resolution: 'daily' }, {}],
    ['hourly', {}, { initialConcentrations: 'prior' }],
    ['hourly', { tiling }, {}],
  ] as const)('simulates, and has the gradient, of all factors: %s observations, %j, %j', async (_, over, settings) => {
    expect(tiling.tiles.length).toBeGreaterThan(1);
    const model = modelOf({ factors: 'hour', anchored: false, surrogate: plain(settings), ...over });
    const factors = randomFactors(model, 4);
    const local = model.local!;
    for (const batch of [0, 1, model.batches - 1]) {
      const [begin, end] = local.stretchOf(batch);
      expect(end - begin).toBeLessThan(factors.length / 2);
      const simulated = await local.forward(factors.slice(begin, end), batch);
      const w = randomFloats(simulated.length, 6);
      const own = await local.adjoint(w, batch);
      expect(simulated).toEqual(await model.forward(factors, batch));
      const gradient = await adjointOf(model, w, batch);
      expect(own).toEqual(gradient.slice(begin, end));
      expect(gradient.some((value, i) => value !== 0 && (i < begin || i >= end))).toBe(false);
      expect(own.some((value) => value !== 0)).toBe(true);
    }
    await expect(local.adjoint(new Float32Array(1), 0)).rejects.toThrow('asked for before its forward pass');
  });

  it.each<[string, Variant]>([
    ['factors of the whole period', { factors: 'period', anchored: false }],
    ['anchors', { factors: 'hour', anchored: true }],
    ['tracers', { factors: 'hour', anchored: false, surrogate: smoothSurrogate() }],
    ['earlier concentrations of its own', { factors: 'hour', anchored: false, surrogate: plain({ initialConcentrations: 'rollout' }) }],
  ])('is none with %s', (_, variant) => {
    expect(modelOf({ surrogate: plain(), ...variant }).local).toBeUndefined();
  });
});
