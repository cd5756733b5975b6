/** The forward model with the surrogate on tiles, on fields that are read, and in ONNX Runtime, against the native program on the whole domain in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CHANNELS, SPECIES } from '../../base/species';
import { writePreparedMeteorology, writePreparedRun } from '../../fields/prepared';
import { openPrepared } from '../../fields/prepared-store';
import { randomFloats } from '../../inversion/testing/small-world';
import { OnnxEngine } from '../../surrogate/model/onnx-engine';
import { networkSettings } from '../../surrogate/model/surrogate-settings';
import { WORLD } from '../../surrogate/testing/tiny-world';
import { smallestSide, tilesOf } from '../../surrogate/model/tiles';
import { surrogateOnnx, vjpOnnx } from './onnx-models';
import {
  HOURS_AT_ONCE,
  periods,
  smoothSurrogate,
  disposePrograms,
  modelOf,
  adjointOf,
  randomFactors,
  expectClose,
} from '../testing/tiny-forward-model';

afterEach(disposePrograms);

describe('on tiles whose fields are read from the prepared store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-tiles-'));
  for (const period of periods) {
    writePreparedMeteorology(folder, period);
    writePreparedRun(folder, {
      ...period.runs.get('prior')!,
      period: period.name,
      run: 'prior',
      grid: period.grid,
      time: period.time,
      channels: DEFAULT_CHANNELS,
    });
  }
  afterAll(() => rmSync(folder, { recursive: true }));
  const sources = periods.map(({ name }) => openPrepared(folder, name, DEFAULT_CHANNELS));
  const surrogate = smoothSurrogate({ network: 'resnet', residualBlocks: 1, initialConcentrations: 'prior', tracers: [{ lifetime: 5 }] });
  const network = networkSettings(surrogate.description.settings, SPECIES.length);
  const tiling = tilesOf(network, WORLD, smallestSide(network, WORLD));

  it.each((['period', 'hour'] as const).flatMap((factors) => (['hourly', 'daily'] as const).map((resolution) => ({ factors, resolution }))))(
    'simulated values and gradient are those of the whole domain in memory (factors per $factors, $resolution)',
    async (variant) => {
      expect(tiling.tiles.length).toBeGreaterThan(3);
      // Not anchored: rounding is that of concentrations, of which the anchored values are small differences.
      const whole = modelOf({ ...variant, surrogate, anchored: false });
      const tiled = modelOf({ ...variant, surrogate, sources, tiling, hours: HOURS_AT_ONCE, anchored: false });
      expect([tiled.batches, tiled.shape]).toEqual([whole.batches, whole.shape]);
      const factors = randomFactors(whole, 4);
      for (let batch = 0; batch < whole.batches; batch++) {
        const [a, b] = [await whole.forward(factors, batch), await tiled.forward(factors, batch)];
        expectClose(b, a);
        const w = randomFloats(a.length, 6);
        expectClose(await adjointOf(tiled, w, batch), await adjointOf(whole, w, batch));
      }
    },
  );
});

it.each([
  ['lstm-unet', {}],
  ['response-unet with tracers', { network: 'response-unet', tracers: [{ lifetime: 2 }, { lifetime: 20 }] }],
  ['resnet with earlier concentrations', { network: 'resnet', residualBlocks: 1, initialConcentrations: 'prior' }],
])('ONNX Runtime gives the values of the native program and its adjoint: %s', async (_, over) => {
  const surrogate = smoothSurrogate(over);
  const models = { forward: surrogateOnnx(surrogate), vjp: vjpOnnx(surrogate) };
  const engine = await OnnxEngine.load(models, surrogate, { ...WORLD, batch: HOURS_AT_ONCE }, 1);
  const [native, onnx] = [modelOf({ surrogate }), modelOf({ surrogate, engine })];
  const factors = randomFactors(native, 4);
  for (const batch of [0, native.batches - 1]) {
    const [a, b] = [await native.forward(factors, batch), await onnx.forward(factors, batch)];
    expectClose(b, a, 1e-4);
    expectClose(await adjointOf(onnx, a, batch), await adjointOf(native, a, batch), 1e-4);
  }
  engine.dispose();
});

it('ONNX Runtime on tiles gives what the native program does on the whole domain', async () => {
  const surrogate = smoothSurrogate({ network: 'resnet', residualBlocks: 1, tracers: [{ lifetime: 5 }] });
  const network = networkSettings(surrogate.description.settings, SPECIES.length);
  const tiling = tilesOf(network, WORLD, smallestSide(network, WORLD));
  expect(tiling.tiles.length).toBeGreaterThan(3);
  const models = { forward: surrogateOnnx(surrogate), vjp: vjpOnnx(surrogate) };
  const engine = await OnnxEngine.load(models, surrogate, { ...tiling, batch: 1 }, 1);
  const [whole, tiled] = [modelOf({ surrogate }), modelOf({ surrogate, tiling, hours: HOURS_AT_ONCE, engine })];
  const factors = randomFactors(whole, 4);
  const [a, b] = [await whole.forward(factors, 0), await tiled.forward(factors, 0)];
  expectClose(b, a, 1e-4);
  expectClose(await adjointOf(tiled, a, 0), await adjointOf(whole, a, 0), 1e-4);
  engine.dispose();
});

it('ONNX Runtime has no adjoint without its model, nor before a forward pass', async () => {
  const surrogate = smoothSurrogate();
  const sizes = { ...WORLD, batch: 1 };
  const needs = /an adjoint needs the model of the vector-Jacobian product, and a forward pass before it/;
  for (const vjp of [undefined, vjpOnnx(surrogate)]) {
    const engine = await OnnxEngine.load({ forward: surrogateOnnx(surrogate), vjp }, surrogate, sizes, 1);
    await expect(engine.adjoint(new Float32Array(1))).rejects.toThrow(needs);
    engine.dispose();
  }
});
