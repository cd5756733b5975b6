/**
 * The exported models against the native program, and it against central differences in double, for all networks.
 * The native side is built from the network's own ops (its LSTM, not the one written out), so the two have nothing in common but the reverse rules.
 */
import { compile, Graph, OnnxModel, type Field, type Program } from '../../graph';
import { size } from '../../graph/definition/shape';
import { relativeError } from '../../graph/testing/golden';
import { Random } from '../../base/random';
import { buildSurrogate } from '../../surrogate/model/model';
import { adjointDifference } from './adjoint-difference';
import { adjointOnnx, jvpOnnx, surrogateOnnx, vjpOnnx } from './onnx-models';
import {
  CELLS,
  BATCH,
  METEOROLOGY,
  variants,
  surrogateOf,
  inputsOf,
  nativeProgram,
  nativeTangent,
  evaluate,
  cotangentOf,
  sourcesOf,
  directionsOf,
} from '../testing/onnx-cases';
import { dot } from '../../base/vectors';

describe.each(Object.keys(variants))('%s', (name) => {
  const surrogate = surrogateOf(variants[name]);
  const inputs = inputsOf(surrogate);
  const all: Record<string, Field> = { ...inputs, grad_concentrations: cotangentOf(inputs.observations), ...directionsOf(inputs) };

  test('loss and gradient in ONNX Runtime are those of the native program, and so is the product without a loss', async () => {
    const native = nativeProgram(surrogate, 'float32');
    await evaluate(native, all);
    const adjoint = await OnnxModel.load(adjointOnnx(surrogate), { threads: 1 });
    const vjp = await OnnxModel.load(vjpOnnx(surrogate), { threads: 1 });
    expect(adjoint.inputNames.toSorted()).toEqual(Object.keys(inputs).toSorted());
    const [result, product] = [await adjoint.run(inputs), await vjp.run(all)];
    expect(new Set(result.grad_emissions.data).size).toBeGreaterThan(result.grad_emissions.data.length / 2);
    const sources = sourcesOf(inputs);
    for (const output of ['concentrations', 'loss', ...sources.map((source) => `grad_${source}`)])
      expect([output, relativeError(result[output].data, native.get(output)) < 1e-4]).toEqual([output, true]);
    for (const source of sources) expect(relativeError(product[`grad_${source}`].data, native.get(`product_${source}`))).toBeLessThan(1e-4);
    expect(relativeError(product.concentrations.data, native.get('concentrations'))).toBeLessThan(1e-4);
    native.dispose();
    await adjoint.dispose();
    await vjp.dispose();
  });

  test('the product with a change of the emissions in ONNX Runtime is that of the native program', async () => {
    const jvp = await OnnxModel.load(jvpOnnx(surrogate), { threads: 1 });
    const forward = await OnnxModel.load(surrogateOnnx(surrogate), { threads: 1 });
    const [result, { concentrations }] = [await jvp.run(all), await forward.run(all)];
    expect(new Set(result.tangent_concentrations.data).size).toBeGreaterThan(result.tangent_concentrations.data.length / 2);
    expect(relativeError(result.tangent_concentrations.data, nativeTangent(surrogate, 'float32', all))).toBeLessThan(1e-4);
    expect(relativeError(result.concentrations.data, concentrations.data)).toBeLessThan(1e-4);
    await jvp.dispose();
    await forward.dispose();
  });

  test('native forward mode is central differences in double, and the transpose of its reverse mode', async () => {
    const native = nativeProgram(surrogate, 'float64') as Program<Float64Array>;
    await evaluate(native, all);
    const sources = sourcesOf(inputs).map((source) => {
      const direction = all[`tangent_${source}`].data;
      return { source, base: native.get(source), direction, carriedBack: dot(native.get(`product_${source}`), direction) };
    });
    const tangent = nativeTangent(surrogate, 'float64', all);
    const step = 1e-5;
    const at = async (factor: number): Promise<Float64Array> => {
      for (const { source, base, direction } of sources)
        native.set(
          source,
          base.map((value, i) => value + factor * direction[i]),
        );
      await native.run('forward');
      return native.get('concentrations');
    };
    const [ahead, behind] = [await at(step), await at(-step)];
    const differences = ahead.map((value, i) => (value - behind[i]) / (2 * step));
    expect(relativeError(tangent, differences)).toBeLessThan(1e-6);
    const carriedBack = sources.reduce((total, source) => total + source.carriedBack, 0);
    expect(Math.abs(dot(all.grad_concentrations.data, tangent) / carriedBack - 1)).toBeLessThan(1e-10);
    native.dispose();
  });

  test('native is central differences in double', async () => {
    const native = nativeProgram(surrogate, 'float64') as Program<Float64Array>;
    await evaluate(native, all);
    const [gradient, product, base] = [native.get('grad_emissions'), native.get('product_emissions'), native.get('emissions')];
    const random = new Random(9);
    const direction = base.map((value) => value * random.normal());
    const step = 1e-5; // of the emissions: ten times smaller ones lose ten times more to rounding, ten times larger ones meet kinks
    const at = async (factor: number): Promise<{ loss: number; product: number }> => {
      native.set(
        'emissions',
        base.map((value, i) => value + factor * direction[i]),
      );
      await native.run('forward');
      return { loss: native.get('loss')[0], product: dot(native.get('concentrations'), all.grad_concentrations.data) };
    };
    const [ahead, behind] = [await at(step), await at(-step)];
    const numeric = { loss: (ahead.loss - behind.loss) / (2 * step), product: (ahead.product - behind.product) / (2 * step) };
    expect(Math.abs(dot(gradient, direction) / numeric.loss - 1)).toBeLessThan(1e-6);
    expect(Math.abs(dot(product, direction) / numeric.product - 1)).toBeLessThan(1e-6);
    native.dispose();
  });

  // As the files are made for (one more than a pooling block), a multiple of the block, one of each, and a single row.
  test.each([CELLS, { rows: 5, cols: 5 }, { rows: 8, cols: 12 }, { rows: 4, cols: 7 }, { rows: 1, cols: 6 }])(
    'the check of the export stage lets it pass on $rows x $cols cells',
    async (cells) => {
      expect(await adjointDifference(surrogate, cells, 1)).toBeLessThan(1e-4);
    },
  );
});

test('where only the last state is read, the forward model takes a window of any length', async () => {
  const surrogate = surrogateOf(variants["the authors' lstm-unet"]);
  const { settings, normalisation } = surrogate.description;
  const steps = surrogate.window.steps.length + 3;
  const { geography, previous, ...series } = inputsOf(surrogate);
  const longer = ({ shape: [batch, , ...rest] }: Field): Field => {
    const random = new Random(12);
    const shape = [batch, steps, ...rest];
    return { shape, data: Float32Array.from({ length: size(shape) }, () => random.uniform()) };
  };
  const emissions = longer(series.emissions);
  const inputs = {
    geography,
    previous,
    meteorology: longer(series.meteorology),
    emissions: { ...emissions, data: emissions.data.map((x) => 1e-9 * x) },
  };
  const sizes = { batch: BATCH, steps, ...CELLS, meteorology: METEOROLOGY.length, geography: 1 };
  const { concentrations } = buildSurrogate(new Graph(), settings, sizes, normalisation, 'frozen');
  const program = compile(concentrations.graph, { outputs: { concentrations } });
  program.setParameters(new Map([...surrogate.weights].map(([name, { data }]) => [name, data])));
  for (const [name, { data }] of Object.entries(inputs)) program.set(name, data);
  await program.run();
  const model = await OnnxModel.load(surrogateOnnx(surrogate), { threads: 1 });
  expect(model.inputShape('emissions')).toEqual(['batch', 'steps', 'rows', 'cols', 5]);
  expect(relativeError((await model.run(inputs)).concentrations.data, program.get('concentrations'))).toBeLessThan(1e-4);
  program.dispose();
  await model.dispose();
});
