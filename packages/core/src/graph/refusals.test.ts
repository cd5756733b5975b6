/** Every refusal of the graph, with its code and its sentence: what a caller of the library is told. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  adamUpdate,
  add,
  averageBuffers,
  channelAffine,
  compile,
  concat,
  conv2d,
  crop,
  downconv2x2,
  dropout,
  exportOnnx,
  gradients,
  Graph,
  initializeParameters,
  loss,
  lstm,
  maxpool2x2,
  OnnxModel,
  pad,
  planProgram,
  relu,
  reshape,
  sgdProject,
  slice,
  sum,
  tangents,
  transpose,
  unrollLstm,
  weightedSum,
  type Value,
} from '.';
import { fuseActivations } from './rewrites/fuse-activations';
import { ones } from './testing/program-parts';

const g = new Graph();
const x = g.input('x', [1, 4, 4, 8]);
const vector = g.input('vector', [3]);
const w = g.parameter('w', [3, 3, 8, 2], { init: 'he', fanIn: 72 });
const out = conv2d(g, x, w);
const step = g.scalar('step');
const program = compile(g, { outputs: { out } });
afterAll(() => program.dispose());

/** The sum of all elements, differentiated. */
const gradientOf = (value: Value, to: Value): Value => gradients(value.graph, value, [to], { seed: ones(value.graph, value.shape) })[0];
const tangentOf = (value: Value, along: Value): Value[] => tangents(value.graph, [value], new Map([[along, ones(value.graph, along.shape)]]));

function update(parameter: Value): Value {
  const misfit = loss(g, parameter, ones(g, parameter.shape), ones(g, parameter.shape), { kind: 'l2', divisor: 1 });
  const [gradient] = gradients(g, misfit, [parameter]);
  return adamUpdate(g, new Map([[parameter, gradient]]), { learningRate: g.scalar('learningRate'), step });
}

/** A convolution that has its ReLU in it, as in a program. */
function fused(): Value {
  const layer = relu(g, out);
  return fuseActivations({ phases: { run: { values: [layer] } }, outputs: { layer } }).outputs.layer;
}

/** The derivative of a convolution that is fused already. */
function afterFusing(derivative: (value: Value, x: Value) => unknown): unknown {
  const value = fused();
  return derivative(value, value.graph.find('x'));
}

function recurrence(): { states: Value; series: Value } {
  const series = g.input('series', [1, 2, 4, 4, 3]);
  const weights = (name: string, shape: number[]): Value => g.parameter(name, shape, { init: 'uniform', bound: 1 });
  const operands = { weightInput: weights('wi', [3, 8]), weightHidden: weights('wh', [2, 8]), bias: weights('b', [8]) };
  return { states: lstm(g, series, operands, false), series };
}

recurrence();
const parameters = initializeParameters(g, 1);
const exported = (outputs: Record<string, Value>, given: ReadonlyMap<string, Float32Array> = parameters): Uint8Array =>
  exportOnnx(outputs, { parameters: given });

type Refusal = [code: string, call: () => unknown, sentence: string | RegExp];

const SHAPES: Refusal[] = [
  [
    'SHAPE_EXTENT',
    () => g.input('half', [1.5, 2]),
    'graph: expected whole numbers of 0 or more as the shape of half but received [1.5, 2]: mend the call',
  ],
  ['SHAPE_EXTENT', () => g.parameter('less', [-1], { init: 'uniform', bound: 1 }), /the shape of less but received \[-1\]/],
  ['SHAPE_EXTENT', () => reshape(g, vector, [-1, -3]), /the shape of reshape but received \[-1, -3\]/],
  [
    'SHAPE_NAME_TAKEN',
    () => g.input('x', [2]),
    'graph: "x" already names the input [1, 4, 4, 8] and cannot also name the input [2]; give it another name',
  ],
  ['SHAPE_NAME_TAKEN', () => g.state('x', [1, 4, 4, 8]), /cannot also name the state/],
  ['SHAPE_MISMATCH', () => g.constant([1, 2], [3]), 'constant: expected 3 numbers for shape [3] but received 2'],
  ['SHAPE_MISMATCH', () => conv2d(g, x, g.input('w4', [3, 3, 4, 16])), 'conv2d: expected weight [K, K, 8, C_out] but received [3, 3, 4, 16]'],
  ['SHAPE_MISMATCH', () => concat(g, [x, vector]), 'concat: expected shapes that differ only along axis 3 but received [1, 4, 4, 8] and [3]'],
  ['SHAPE_MISMATCH', () => concat(g, []), 'concat: expected at least one array but received none; leave the op out'],
  ['SHAPE_MISMATCH', () => sum(g, []), 'sum: expected at least one array but received none; leave the op out'],
  ['SHAPE_MISMATCH', () => weightedSum(g, []), /^sum: expected at least one/],
  ['SHAPE_MISMATCH', () => pad(g, vector, 1, 1), 'pad: expected input [N, H, W, C] but received [3]'],
  ['SHAPE_MISMATCH', () => crop(g, vector, 1, 1), 'crop: expected input [N, H, W, C] but received [3]'],
  ['SHAPE_MISMATCH', () => dropout(g, vector, { probability: 0.5, seed: 1, step: vector }), 'dropout: expected step [] but received [3]'],
  ['SHAPE_RANGE', () => pad(g, x, -1, 0), 'pad: expected 0 or more rows and columns but received -1 and 0; crop what is too large'],
  ['SHAPE_RANGE', () => crop(g, x, 9, 2), /within 0…4 of axis 1 of \[1, 4, 4, 8\] but received 0…9/],
  [
    'SHAPE_RANGE',
    () => slice(g, x, 3, 0.5, 1.5),
    'slice: expected a range of whole numbers within 0…8 of axis 3 of [1, 4, 4, 8] but received 0.5…1.5',
  ],
  ['SHAPE_RANGE', () => concat(g, [vector, vector], 2), 'concat: expected one of the axes of [3], from 0 on, but received 2'],
  ['SHAPE_ORDER', () => transpose(g, x, [0, 1, 1, 2]), 'transpose: expected an order of the 4 axes (at most 5) but received [0, 1, 1, 2]'],
  ['SHAPE_SIZE', () => reshape(g, x, [5]), 'reshape: expected 128 elements as in [1, 4, 4, 8] but received [5]'],
  ['SHAPE_KERNEL', () => conv2d(g, x, g.input('even', [2, 2, 8, 16])), /expected an odd square kernel but received weight \[2, 2, 8, 16\]/],
  [
    'SHAPE_ODD',
    () => downconv2x2(g, g.input('odd', [1, 3, 4, 2]), g.input('down', [2, 2, 2, 2])),
    /even rows and columns but received \[1, 3, 4, 2\]/,
  ],
  ['SHAPE_SEED', () => gradients(g, x, [x]), 'gradients: expected a scalar but received [1, 4, 4, 8]; give a seed of that shape'],
  ['SHAPE_SEED', () => gradients(g, x, [x], { seed: vector }), 'gradients: expected seed [1, 4, 4, 8] but received [3]'],
  ['SHAPE_DIRECTION', () => tangents(g, [out], new Map([[x, vector]])), 'tangents: expected direction [1, 4, 4, 8] but received [3]'],
  ['SHAPE_LENGTH', () => program.set('x', [1, 2]), 'program: expected 128 numbers for x [1, 4, 4, 8] but received 2'],
  // One more would lie in the array behind it.
  [
    'SHAPE_LENGTH',
    () => program.setRegion('parameters', new Float32Array(145)),
    'program: expected 144 numbers for the region parameters but received 145',
  ],
];

const GRAPHS: Refusal[] = [
  [
    'GRAPH_FOREIGN_VALUE',
    () => relu(g, new Graph().input('x', [1])),
    'unary: an operand belongs to another graph: make it in the graph that is passed',
  ],
  ['GRAPH_FOREIGN_VALUE', () => planProgram(g, { outputs: { y: relu(new Graph(), new Graph().input('x', [1])) } }), /belongs to another graph/],
  [
    'GRAPH_FOREIGN_VALUE',
    () => planProgram(new Graph(), { outputs: { out } }),
    /^compile: value \d+ belongs to another graph: name values of the one that is compiled$/,
  ],
  ['GRAPH_UNKNOWN_NAME', () => new Graph().find('y'), 'graph: there is no value named "y"; known: '],
  ['GRAPH_UNKNOWN_NAME', () => program.get('z'), 'program: nothing is named "z"; its inputs are x'],
  ['GRAPH_UNKNOWN_NAME', () => program.getRegion('z'), 'program: there is no region "z"; its regions are parameters'],
  ['GRAPH_UNKNOWN_NAME', () => program.setRegion('toString', new Float32Array(1)), /there is no region "toString"/],
  [
    'GRAPH_MISSING_VALUE',
    () => program.setParameters(new Map()),
    'program: w is not among the 0 values that were given: give all that the program uses',
  ],
  ['GRAPH_MISSING_VALUE', () => exported({ out }, new Map()), /^exportOnnx: w needs w, which is neither given nor follows from parameters: give all/],
  ['GRAPH_NAME_TAKEN', () => planProgram(g, { outputs: { x: out } }), 'compile: the output x has the name of an input: give it another one'],
  ['GRAPH_NOT_COMPUTED', () => planProgram(g, { outputs: { out }, phases: {} }), 'compile: an output is in no phase; name it in one'],
  ['GRAPH_NOT_COMPUTED', () => exported({ x }), 'exportOnnx: output x is not computed by the model: leave it out'],
  ['GRAPH_OUTPUT_TWICE', () => exported({ a: out, b: out }), 'exportOnnx: b is the same value as a; export it once'],
  ['GRAPH_UNKNOWN_PHASE', () => program.runSync('sideways'), 'program: expected one of the phases run but received "sideways"'],
  [
    'GRAPH_REGION',
    () => planProgram(g, { outputs: {}, phases: { run: [update(w), update(w)] } }),
    'compile: w is asked for in two regions: name one update of it',
  ],
  ['GRAPH_NOT_A_LEAF', () => sgdProject(g, out, out, { learningRate: step }), /expected an input or parameter but received a computed value/],
  ['GRAPH_NOT_SHARED', averaged, 'compile: an average over ranks needs the option share: pass it'],
  ['GRAPH_NO_PATH', () => gradientOf(out, vector), 'gradients: the loss does not depend on vector; leave it out'],
  ['GRAPH_NO_PATH', () => tangentOf(out, vector), /does not depend on what changes; leave it out/],
  ['GRAPH_NO_GRADIENT', () => gradientOf(gradientOf(relu(g, out), x), x), /has no reverse rule: keep it out/],
  ['GRAPH_NO_GRADIENT', () => afterFusing(gradientOf), /is already fused; call gradients first/],
  ['GRAPH_NO_GRADIENT', () => gradientOf(loss(g, x, x, x, { kind: 'l1', divisor: 1 }), x), /loss has none for its weight: make/],
  [
    'GRAPH_NO_GRADIENT',
    () => gradientOf(channelAffine(g, x, g.input('c', [8]), ones(g, [8])), g.find('c')),
    /none for its scale and shift; use batchNorm/,
  ],
  ['GRAPH_NO_TANGENT', () => tangentOf(conv2d(g, x, w), w), /conv2d \(w\) has a forward rule for its input only, not for its weights: take/],
  ['GRAPH_NO_TANGENT', () => afterFusing(tangentOf), /is already fused; call tangents first/],
  ['GRAPH_NO_TANGENT', () => tangentOf(dropout(g, x, { probability: 0.5, seed: 1, step }), x), /dropout \(dropout\) has no forward rule: keep/],
  ['GRAPH_NO_TANGENT', () => tangentOf(recurrence().states, g.find('series')), /call unrollLstm before tangents/],
  ['GRAPH_NO_TANGENT', () => tangentOf(loss(g, x, x, ones(g, x.shape), { kind: 'l2', divisor: 1 }), x), /ask for the tangent of the prediction/],
  ['GRAPH_NO_ONNX', () => exported({ y: dropout(g, x, { probability: 0.5, seed: 1, step }) }), /dropout \(dropout\) has no ONNX form/],
  ['GRAPH_NO_ONNX', () => exported({ y: add(g, x, ones(g, x.shape)) }), 'exportOnnx: add reads a fixed field; make it an input'],
  [
    'GRAPH_NO_ONNX',
    () => exported({ y: gradientOf(maxpool2x2(g, g.input('five', [1, 5, 5, 2])), g.find('five')) }),
    /pad rows and columns to even numbers/,
  ],
  ['GRAPH_NO_ONNX', () => exported({ y: gradientOf(recurrence().states, g.find('series')) }), /call unrollLstm before gradients/],
];

function averaged(): unknown {
  const other = new Graph();
  other.buffer('mean', [2], { init: 'constant', value: 0 });
  return planProgram(other, { outputs: {}, phases: { run: [averageBuffers(other)!] } });
}

const told = (code: string, sentence: string | RegExp): Error =>
  expect.objectContaining({ code, message: typeof sentence === 'string' ? sentence : (expect.stringMatching(sentence) as string) }) as Error;

it.each([...SHAPES, ...GRAPHS])('%s %#', (code, call, sentence) => {
  expect(call).toThrow(told(code, sentence));
});

it('unrolls what it asks to be unrolled', () => {
  const { values } = unrollLstm({ states: recurrence().states });
  expect(() => tangentOf(values.states, values.states.graph.find('series'))).not.toThrow();
});

it('of a model as ONNX, by the names and shapes of its inputs', async () => {
  const model = await OnnxModel.load(exported({ out }));
  expect(() => model.inputShape('z')).toThrow(told('ONNX_UNKNOWN_INPUT', 'ONNX model: expected one of the inputs x but received z'));
  const wrong = { data: new Float32Array(3), shape: [3] };
  await expect(model.run({ x: wrong })).rejects.toThrow(told('SHAPE_MISMATCH', /^ONNX model: expected x \[.*\] but received \[3\]$/));
  await model.dispose();
});

it('is all that is refused here', () => {
  const sources = readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !/test/.test(name));
  const text = sources.map((name) => readFileSync(join(__dirname, name), 'utf8')).join('\n');
  const codes = new Set([...text.matchAll(/new (?:Graph|Shape)Error\(\s*'([A-Z_]+)'/g)].map(([, code]) => code));
  const shown = new Set([...SHAPES, ...GRAPHS].map(([code]) => code));
  // The order of phases takes several runs: program.test.ts.
  expect([...codes].filter((code) => !shown.has(code)).sort()).toEqual(['GRAPH_PHASE_ORDER', 'ONNX_UNKNOWN_INPUT']);
});
