/**
 * The exported models against the native program, and it against central differences in double, for all networks; then in Python's ONNX Runtime.
 * The native side is built here from the network's own ops (its LSTM, not the one written out), so the two have nothing in common but the reverse rules.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUPS } from '../data/case';
import { PREPARED_SPECIES } from '../data/prepared';
import { describeWhere } from '../data/testing/describe-where';
import {
  compile,
  gradients,
  Graph,
  initializeParameters,
  loss,
  OnnxModel,
  tangents,
  unrollLstm,
  type Field,
  type FloatArray,
  type Program,
  type Value,
} from '../graph';
import { permute, toOnnxOrder } from '../graph/onnx/layout';
import { modelProto } from '../graph/onnx/schema';
import { size } from '../graph/shape';
import { relativeError } from '../graph/testing/golden';
import { Random } from '../random';
import { buildSurrogate } from '../surrogate/model';
import type { ChannelScale, Normalisation } from '../surrogate/normalisation';
import { Surrogate } from '../surrogate/surrogate';
import { tinySurrogate } from '../surrogate/testing/tiny-world';
import { adjointDifference } from './adjoint-difference';
import { adjointOnnx, jvpOnnx, surrogateOnnx, vjpOnnx } from './onnx-models';

/** No multiple of 4: the U-Net pads. */
const CELLS = { rows: 7, cols: 10 };
/** The files are made for a batch of 1. */
const BATCH = 2;
const METEOROLOGY = ['u', 'v', 'T'];
const NORMALISATION: Normalisation = {
  emissions: { offset: [0, 0, 0, 0, 0], scale: [1e-10, 3e-10, 2e-10, 5e-10, 4e-10] },
  meteorology: { offset: [0, 1, 280], scale: [5, 4, 12] },
  geography: { offset: [300], scale: [200] },
  concentrations: { offset: [0, 0, 0, 0], scale: [12, 4, 20, 30] },
};

/** Of two kinds. */
const TRACERS: ChannelScale = { offset: new Array<number>(10).fill(0), scale: Array.from({ length: 10 }, (_, i) => (1 + i) * 1e-9) };

const lstmUnet = { network: 'lstm-unet', tracers: [] };
const paper = { mode: 'paper', previousConcentrations: true, batchNorm: true, headActivation: 'relu' };
const variants: Record<string, Record<string, unknown>> = {
  'default response-unet': { tracers: [{ lifetime: 2 }, { lifetime: 20 }] },
  'lstm-unet': lstmUnet,
  "the paper's lstm-unet": { ...lstmUnet, ...paper },
  "the authors' lstm-unet": { ...lstmUnet, ...paper, allStates: false },
  'resnet with tracers': { network: 'resnet', tracers: [{ lifetime: 2 }, { lifetime: 20 }], batchNorm: true, residualBlocks: 2 },
};

function surrogateOf(over: Record<string, unknown>): Surrogate {
  const settings = tinySurrogate(over);
  const normalisation: Normalisation = { ...NORMALISATION, ...(settings.tracers.length > 0 ? { tracers: TRACERS } : {}) };
  const g = new Graph();
  buildSurrogate(g, settings, { batch: 1, steps: 4, ...CELLS, meteorology: METEOROLOGY.length, geography: 1 }, normalisation, 'frozen');
  const random = new Random(11);
  // Statistics that are not 0 and 1, states and biases that are not 0: what is left out or folded wrongly shows.
  const spread = /running|scale|shift|initial|slope|bias/;
  const weights = [...initializeParameters(g, 3)].map(([name, data]): [string, { data: Float32Array; shape: number[] }] => [
    name,
    { data: spread.test(name) ? data.map(() => 0.2 + 0.6 * random.uniform()) : data, shape: [...g.find(name).shape] },
  ]);
  const description = {
    ...{ settings, normalisation, meteorologyNames: METEOROLOGY, geographyNames: ['HT'] },
    species: PREPARED_SPECIES.map((name) => ({ name, unit: name === 'PM2.5' ? 'µg m-3' : 'ppb' })),
    groups: GROUPS.map((name) => ({ name, unit: 'kg m-2 s-1' })),
  };
  return new Surrogate(description, new Map(weights));
}

/** Inputs of a batch, all but the observations of which every third is missing. */
function inputsOf(surrogate: Surrogate): Record<string, Field> {
  const random = new Random(5);
  const { rows, cols } = CELLS;
  const field = (lead: number[], { offset, scale }: ChannelScale, noise: (own: Random) => number): Field => {
    const shape = [...lead, rows, cols, scale.length];
    return { shape, data: Float32Array.from({ length: size(shape) }, (_, i) => offset[i % scale.length] + scale[i % scale.length] * noise(random)) };
  };
  const { emissions, meteorology, geography, concentrations } = NORMALISATION;
  const positive = (own: Random): number => own.uniform();
  const normal = (own: Random): number => own.normal();
  const steps = surrogate.window.steps.length;
  const observations = field([BATCH], concentrations, positive);
  const weight = field([BATCH], { offset: [0, 0, 0, 0], scale: [1, 2, 0.5, 0.2] }, positive);
  weight.data.forEach((_, i) => {
    if (i % 3 === 0) [weight.data[i], observations.data[i]] = [0, NaN];
  });
  return {
    emissions: field([BATCH, steps], emissions, positive),
    ...(surrogate.description.normalisation.tracers ? { tracers: field([BATCH, steps], TRACERS, positive) } : {}),
    meteorology: field([BATCH, steps], meteorology, normal),
    geography: field([BATCH], geography, normal),
    ...(surrogate.description.settings.previousConcentrations ? { previous: field([BATCH], concentrations, positive) } : {}),
    observations,
    weight,
  };
}

/** Concentrations, loss and gradient, and in phase `backward` the product with a gradient on the concentrations. */
function nativeProgram(surrogate: Surrogate, dtype: 'float32' | 'float64'): Program<Float32Array> | Program<Float64Array> {
  const { settings, normalisation } = surrogate.description;
  const g = new Graph();
  const sizes = { batch: BATCH, steps: surrogate.window.steps.length, ...CELLS, meteorology: METEOROLOGY.length, geography: 1 };
  const { emissions, tracers, concentrations } = buildSurrogate(g, settings, sizes, normalisation, 'frozen');
  const sources = [emissions, ...(tracers ? [tracers] : [])];
  const [observations, weight, seed] = ['observations', 'weight', 'grad_concentrations'].map((name) => g.input(name, concentrations.shape));
  const misfit = loss(g, concentrations, observations, weight, { kind: 'l1', divisor: 1 });
  const [grads, products] = [gradients(g, misfit, sources), gradients(g, concentrations, sources, { seed })];
  const named = (prefix: string, values: Value[]): [string, Value][] => values.map((value, i) => [`${prefix}_${sources[i].name}`, value]);
  const program = compile(g, {
    outputs: { concentrations, loss: misfit, ...Object.fromEntries([...named('grad', grads), ...named('product', products)]) },
    phases: { forward: [concentrations, misfit], backward: [...grads, ...products] },
    dtype,
  });
  program.setParameters(new Map([...surrogate.weights].map(([name, { data }]) => [name, data])));
  return program;
}

/** The product of the Jacobian and `tangent_emissions` (and `tangent_tracers`), by forward mode: with the LSTM written out and batch norms as they are. */
function nativeTangent(surrogate: Surrogate, dtype: 'float32' | 'float64', inputs: Readonly<Record<string, Field>>): FloatArray {
  const { settings, normalisation } = surrogate.description;
  const sizes = { batch: BATCH, steps: surrogate.window.steps.length, ...CELLS, meteorology: METEOROLOGY.length, geography: 1 };
  const { concentrations } = buildSurrogate(new Graph(), settings, sizes, normalisation, 'frozen');
  const { graph: g, values } = unrollLstm({ concentrations });
  const sources = sourcesOf(inputs).map((name) => g.find(name));
  const directions = sources.map((source): [Value, Value] => [source, g.input(`tangent_${source.name}`, source.shape)]);
  const [tangent] = tangents(g, [values.concentrations], new Map(directions));
  const program = compile(g, { outputs: { tangent }, dtype });
  program.setParameters(new Map([...surrogate.weights].map(([name, { data }]) => [name, data])));
  for (const [name, { data }] of Object.entries(inputs)) if (program.has(name)) program.set(name, data);
  program.runSync();
  const result = program.get('tangent');
  program.dispose();
  return result;
}

/** Sets and runs. */
async function evaluate(program: Program<Float32Array> | Program<Float64Array>, inputs: Readonly<Record<string, Field>>): Promise<void> {
  for (const [name, { data }] of Object.entries(inputs)) if (program.has(name)) program.set(name, data);
  await program.run('forward');
  await program.run('backward');
}

function cotangentOf({ shape }: Field): Field {
  const random = new Random(6);
  return { shape, data: Float32Array.from({ length: size(shape) }, () => random.normal()) };
}

const sourcesOf = (inputs: Readonly<Record<string, Field>>): string[] => ['emissions', 'tracers'].filter((name) => name in inputs);

/** A change of each emission and tracer of its own size. */
function directionsOf(inputs: Readonly<Record<string, Field>>): Record<string, Field> {
  const random = new Random(9);
  const directionOf = ({ shape, data }: Field): Field => ({ shape, data: data.map((value) => value * random.normal()) });
  return Object.fromEntries(sourcesOf(inputs).map((name) => [`tangent_${name}`, directionOf(inputs[name])]));
}

function dot(a: FloatArray, b: FloatArray): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

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

describe('the files', () => {
  const surrogate = surrogateOf({ ...lstmUnet, ...paper });
  const read = (bytes: Uint8Array): OnnxFile => modelProto().toObject(modelProto().decode(bytes), { longs: Number }) as OnnxFile;

  test('say what they take and give, with units, window and loss', () => {
    const { graph, metadata_props: metadata } = read(adjointOnnx(surrogate));
    const described = (of: OnnxFile['graph']['input']): string[] =>
      of.map(({ name, doc_string: text, type }) => {
        const dims = type.tensor_type.shape?.dim?.map(({ dim_value: value, dim_param: param }) => param ?? value) ?? [];
        return `${name} [${dims.join(', ')}]: ${text}`;
      });
    expect([...described(graph.input), ...described(graph.output)]).toMatchInlineSnapshot(`
     [
       "emissions [batch, 4, 5, rows, cols]: emissions of NOx (kg m-2 s-1), NH3 (kg m-2 s-1), SO2 (kg m-2 s-1), VOC (kg m-2 s-1), PM2.5 (kg m-2 s-1), means over the window's steps, oldest first",
       "meteorology [batch, 4, 3, rows, cols]: u, v, T, means over the window's steps",
       "geography [batch, 1, rows, cols]: HT",
       "previous [batch, 4, rows, cols]: concentrations from before the window: NO2 (ppb), SO2 (ppb), O3 (ppb), PM2.5 (µg m-3)",
       "observations [batch, 4, rows, cols]: observed hourly means at the surface of NO2 (ppb), SO2 (ppb), O3 (ppb), PM2.5 (µg m-3); may be NaN where the weight is 0",
       "weight [batch, 4, rows, cols]: weights of the observations in the loss, by species and cell, in units of the loss over NO2 (ppb), SO2 (ppb), O3 (ppb), PM2.5 (µg m-3); 0 where there is none",
       "concentrations [batch, 4, rows, cols]: hourly mean at the surface of NO2 (ppb), SO2 (ppb), O3 (ppb), PM2.5 (µg m-3)",
       "loss []: sum over batch, species and cells of weight times absolute difference of concentrations and observations",
       "grad_emissions [batch, 4, 5, rows, cols]: derivative of the loss with respect to the emissions, in units of the loss: NOx (1/(kg m-2 s-1)), NH3 (1/(kg m-2 s-1)), SO2 (1/(kg m-2 s-1)), VOC (1/(kg m-2 s-1)), PM2.5 (1/(kg m-2 s-1))",
     ]
    `);
    expect(metadata).toMatchInlineSnapshot(`
     [
       {
         "key": "window",
         "value": "[{"count":2,"hours":3},{"count":2,"hours":1}]",
       },
       {
         "key": "meteorology",
         "value": "u v T",
       },
       {
         "key": "geography",
         "value": "HT",
       },
       {
         "key": "loss",
         "value": "sum(weight * abs(concentrations - observations))",
       },
     ]
    `);
  });

  test('hold every name and every array once, and no LSTM where a gradient goes through it', () => {
    for (const bytes of [adjointOnnx(surrogate), vjpOnnx(surrogate), jvpOnnx(surrogate)]) {
      const { node, initializer } = read(bytes).graph;
      expect(new Set(node.map(({ name }) => name)).size).toBe(node.length);
      const arrays = initializer.map(({ dims = [], data_type: type, raw_data: data }) => `${type} ${dims.join(' ')} ${data.toString('hex')}`);
      expect(new Set(arrays).size).toBe(arrays.length);
      expect(node.map(({ op_type: type }) => type)).not.toContain('LSTM');
    }
    expect(read(surrogateOnnx(surrogate)).graph.node.map(({ op_type: type }) => type)).toContain('LSTM');
  });
});

/** What of a model these tests look at. */
interface OnnxFile {
  metadata_props: { key: string; value: string }[];
  graph: Record<
    'input' | 'output',
    { name: string; doc_string: string; type: { tensor_type: { shape?: { dim?: Record<string, string | number>[] } } } }[]
  > & {
    node: { name: string; op_type: string }[];
    initializer: { dims?: number[]; data_type: number; raw_data: Buffer }[];
  };
}

/** Checks all models of the folder and runs them on `inputs.json`; one process an import, since Debian's builds of the two share symbols. */
const CHECK = `
import onnx, sys
for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
`;
const RUN = `
import json, numpy, onnxruntime, sys
arrays = json.load(open("inputs.json"))
inputs = {name: numpy.array([numpy.nan if x is None else x for x in data], numpy.float32).reshape(shape) for name, (data, shape) in arrays.items()}
results = {}
for path in sys.argv[1:]:
    model = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in model.get_outputs()]
    results[path] = dict(zip(names, model.run(names, {i.name: inputs[i.name] for i in model.get_inputs()})))
json.dump({path: {name: x.ravel().tolist() for name, x in result.items()} for path, result in results.items()}, open("results.json", "w"))
`;
const MODELS = ['surrogate.onnx', 'surrogate-adjoint.onnx', 'surrogate-vjp.onnx', 'surrogate-jvp.onnx'];

/** The first interpreter that has what the models are checked with. */
const python = [process.env['RETROPLUME_TEST_PYTHON'], 'python3', '/usr/bin/python3'].find(
  (command) => command && ['onnx', 'onnxruntime, numpy'].every((names) => spawnSync(command, ['-c', `import ${names}`]).status === 0),
);

describeWhere(python !== undefined, 'no Python with onnx, onnxruntime and numpy', "Python's ONNX Runtime", () => {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-python-'));
  const example = /```python\n([\s\S]*?)```/.exec(readFileSync(join(__dirname, '../../../../docs/adjoint.md'), 'utf8'))?.[1] ?? '';

  afterAll(() => rmSync(folder, { recursive: true }));

  function runPython(code: string, cwd: string): string {
    const { status, stdout, stderr } = spawnSync(python!, ['-c', code, ...MODELS], { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 });
    if (status !== 0) throw new Error(stderr.slice(-2000));
    return stdout;
  }

  test.each(Object.keys(variants))('%s: onnx.checker passes, loss and gradient are those of the native program', async (name) => {
    const surrogate = surrogateOf(variants[name]);
    const inputs = inputsOf(surrogate);
    const all: Record<string, Field> = { ...inputs, grad_concentrations: cotangentOf(inputs.observations), ...directionsOf(inputs) };
    const cwd = join(folder, name);
    mkdirSync(cwd);
    [surrogateOnnx, adjointOnnx, vjpOnnx, jvpOnnx].forEach((make, i) => writeFileSync(join(cwd, MODELS[i]), make(surrogate)));
    const given = Object.entries(all).map(([input, { data, shape }]) => {
      const order = toOnnxOrder(shape.length);
      return [input, [[...permute(data, shape, order)], order.map((axis) => shape[axis])]]; // JSON writes NaN as null
    });
    writeFileSync(join(cwd, 'inputs.json'), JSON.stringify(Object.fromEntries(given)));
    runPython(CHECK, cwd);
    runPython(RUN, cwd);
    const results = JSON.parse(readFileSync(join(cwd, 'results.json'), 'utf8')) as Record<string, Record<string, number[]>>;
    const native = nativeProgram(surrogate, 'float32') as Program<Float32Array>;
    await evaluate(native, all);
    const expected = (output: string): Float32Array => {
      const shape = native.shapeOf(output);
      return permute(native.get(output), shape, toOnnxOrder(shape.length));
    };
    for (const model of MODELS) expect(relativeError(results[model].concentrations, expected('concentrations'))).toBeLessThan(1e-4);
    expect(relativeError(results[MODELS[1]].loss, expected('loss'))).toBeLessThan(1e-4);
    for (const source of sourcesOf(inputs)) {
      expect(relativeError(results[MODELS[1]][`grad_${source}`], expected(`grad_${source}`))).toBeLessThan(1e-4);
      expect(relativeError(results[MODELS[2]][`grad_${source}`], expected(`product_${source}`))).toBeLessThan(1e-4);
    }
    const tangent = permute(nativeTangent(surrogate, 'float32', all), native.shapeOf('concentrations'), toOnnxOrder(4));
    expect(relativeError(results[MODELS[3]].tangent_concentrations, tangent)).toBeLessThan(1e-4);
    native.dispose();
  });

  test('runs the example of docs/adjoint.md, whose misfit falls', () => {
    expect(example.trim().split('\n').length).toBeLessThan(25);
    const losses = [...runPython(example, join(folder, 'lstm-unet')).matchAll(/mean misfit (\S+)/g)].map((match) => Number(match[1]));
    expect(losses).toHaveLength(5);
    expect(losses[4]).toBeLessThan(losses[0]);
  });
});
