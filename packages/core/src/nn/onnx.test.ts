/** The exported model in ONNX Runtime against the native program, on whole networks with odd sizes. */
import { readFileSync } from 'node:fs';
import {
  batchNorm,
  channelAffine,
  compile,
  concat,
  exportOnnx,
  Graph,
  GraphError,
  initializeParameters,
  OnnxModel,
  type Field,
  type Value,
} from '../graph';
import { modelProto } from '../graph/onnx/schema';
import { relativeError } from '../graph/testing/golden';
import { Random } from '../base/random';
import { AUTHORS_LSTM_UNET, DEFAULT_LSTM_UNET, network, PAPER_LSTM_UNET, PAPER_RESNET, type NetworkSettings } from '.';

const [ROWS, COLS, STEPS] = [13, 18, 3];

const models: Record<string, NetworkSettings> = {
  'default lstm-unet': { ...DEFAULT_LSTM_UNET, hidden: 4, widths: [6, 8, 10], headWidth: 7 },
  'paper lstm-unet': { ...PAPER_LSTM_UNET, hidden: 4, widths: [6, 8, 10], headWidth: 7 },
  "authors' lstm-unet": { ...AUTHORS_LSTM_UNET, hidden: 5, widths: [6, 8, 8], headWidth: 7 },
  'response-unet': { ...DEFAULT_LSTM_UNET, network: 'response-unet', hidden: 4, widths: [6, 8, 10], headWidth: 7 },
  resnet: { ...PAPER_RESNET, width: 8, blocks: 2, headWidth: 7 },
};

interface Built {
  g: Graph;
  concentrations: Value;
  parameters: Map<string, Float32Array>;
}

/** Physical units in and out: emissions of about 1e-10, temperatures of about 280. */
function build(settings: NetworkSettings, batch: number): Built {
  const g = new Graph();
  const physical = (name: string, shape: number[], scale: number, offset: number): Value => {
    const n = shape.at(-1)!;
    const value = g.input(name, shape);
    return channelAffine(g, value, g.constant(new Float64Array(n).fill(1 / scale), [n]), g.constant(new Float64Array(n).fill(-offset / scale), [n]));
  };
  const emissions = physical('emissions', [batch, STEPS, ROWS, COLS, 5], 1e-10, 0);
  const inputs = {
    emissions,
    steps: concat(g, [emissions, physical('meteorology', [batch, STEPS, ROWS, COLS, 3], 10, 280)]),
    y: physical('previous', [batch, ROWS, COLS, 4], 20, 30),
    geography: physical('geography', [batch, ROWS, COLS, 2], 300, 200),
  };
  const out = network(g, inputs, settings, 'frozen');
  const concentrations = channelAffine(g, out, g.constant([12, 5, 20, 30], [4]), g.constant([1, 0, 2, 3], [4]));
  const parameters = initializeParameters(g, 3);
  const random = new Random(11);
  // Statistics that are not 0 and 1, so that a batch norm that is left out or folded wrongly shows.
  for (const [name, data] of parameters) {
    if (/running|scale|shift|initial|slope/.test(name))
      parameters.set(
        name,
        data.map(() => 0.2 + random.uniform()),
      );
  }
  return { g, concentrations, parameters };
}

function randomFields(batch: number): Record<string, Field> {
  const random = new Random(5);
  const field = (shape: number[], scale: number, offset: number): Field => {
    const length = shape.reduce((a, b) => a * b);
    return { shape, data: Float32Array.from({ length }, () => offset + scale * random.normal()) };
  };
  return {
    emissions: field([batch, STEPS, ROWS, COLS, 5], 1e-10, 1e-10),
    meteorology: field([batch, STEPS, ROWS, COLS, 3], 10, 280),
    previous: field([batch, ROWS, COLS, 4], 20, 30),
    geography: field([batch, ROWS, COLS, 2], 300, 200),
  };
}

async function native({ g, concentrations, parameters }: Built, fields: Record<string, Field>): Promise<Float32Array> {
  const program = compile(g, { outputs: { concentrations } });
  program.setParameters(parameters);
  for (const [name, field] of Object.entries(fields)) program.set(name, field.data);
  await program.run();
  const result = program.get('concentrations');
  program.dispose();
  return result;
}

describe.each(Object.keys(models))('%s', (name) => {
  test.each([1, 3])('ONNX Runtime agrees with native, batch %i of a model that was built for 2', async (batch) => {
    const { concentrations, parameters } = build(models[name], 2);
    const model = await OnnxModel.load(exportOnnx({ concentrations }, { parameters }), { threads: 1 });
    const fields = randomFields(batch);
    const result = await model.run(fields);
    expect(result.concentrations.shape).toEqual([batch, ROWS, COLS, 4]);
    const expected = await native(build(models[name], batch), fields);
    expect(new Set(expected).size).toBeGreaterThan(expected.length / 4); // not a constant field, which anything could match
    // Both are float32 and add in different orders.
    expect(relativeError(result.concentrations.data, expected)).toBeLessThan(1e-4);
    await model.dispose();
  });
});

describe('the exported file', () => {
  const { concentrations, parameters } = build(models['paper lstm-unet'], 2);
  const bytes = exportOnnx(
    { concentrations },
    { parameters, name: 'surrogate', metadata: { units: 'ppb' }, descriptions: { emissions: 'kg m-2 s-1' } },
  );
  const model = modelProto().toObject(modelProto().decode(bytes), { longs: Number }) as {
    ir_version: number;
    opset_import: { version: number }[];
    metadata_props: object[];
    graph: {
      node: { name: string; op_type: string }[];
      input: { name: string; doc_string: string; type: { tensor_type: { shape: { dim: object[] } } } }[];
    };
  };

  test('IR 8, opset 17, metadata, units with the inputs', () => {
    expect([model.ir_version, model.opset_import[0].version]).toEqual([8, 17]);
    expect(model.metadata_props).toEqual([{ key: 'units', value: 'ppb' }]);
    const emissions = model.graph.input.find((input) => input.name === 'emissions')!;
    expect(emissions.doc_string).toBe('kg m-2 s-1');
    const sizes = [STEPS, 5, ROWS, COLS].map((n) => ({ dim_value: n }));
    expect(emissions.type.tensor_type.shape.dim).toEqual([{ dim_param: 'batch' }, ...sizes]);
  });

  test('every node has a name of its own, and no batch norm is left', () => {
    const names = model.graph.node.map((node) => node.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => name.length > 0)).toBe(true);
    expect(model.graph.node.map((node) => node.op_type)).not.toContain('BatchNormalization');
  });
});

describe('refusals', () => {
  test('batch norm in train mode has no ONNX form', () => {
    const g = new Graph();
    const x = g.input('x', [1, 4, 4, 2]);
    const vector = (name: string): Value => g.parameter(name, [2], { init: 'constant', value: 1 });
    const operands = { scale: vector('s'), shift: vector('t'), runningMean: vector('m'), runningVariance: vector('v') };
    const out = batchNorm(g, x, operands, 'train');
    expect(() => exportOnnx({ out }, { parameters: new Map() })).toThrow(/no ONNX form; export the frozen forward model/);
  });

  test('a parameter that is not given is named', () => {
    const { concentrations, parameters } = build(models['default lstm-unet'], 1);
    parameters.delete('head.conv0.bias');
    expect(() => exportOnnx({ concentrations }, { parameters })).toThrow(GraphError);
    expect(() => exportOnnx({ concentrations }, { parameters })).toThrow(/head\.conv0\.bias/);
  });

  test('a file that is no model, and inputs that do not fit', async () => {
    for (const bytes of [readFileSync(__filename), new Uint8Array(0)])
      // of the second ONNX Runtime speaks in two lines
      await expect(OnnxModel.load(bytes)).rejects.toMatchObject({ code: 'ONNX_UNREADABLE', message: expect.not.stringContaining('\n') as string });
    const { concentrations, parameters } = build(models['default lstm-unet'], 1);
    const model = await OnnxModel.load(exportOnnx({ concentrations }, { parameters }));
    const fields = randomFields(1);
    await expect(model.run({ ...fields, previous: fields.geography })).rejects.toThrow(
      'expected previous [batch, 13, 18, 4] but received [1, 13, 18, 2]',
    );
  });
});
