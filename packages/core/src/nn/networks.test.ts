/** Whole networks: adjoint, Taylor remainder, receptive field, sizes, initial values. */
import { compile, gradients, Graph, initializeParameters, loss, planProgram, type Program, type Value } from '../graph';
import { relativeError } from '../graph/testing/golden';
import { Random } from '../base/random';
import {
  AUTHORS_LSTM_UNET,
  DEFAULT_LSTM_UNET,
  network,
  PAPER_LSTM_UNET,
  PAPER_RESNET,
  plainBranch,
  receptiveField,
  type LstmUnetSettings,
  type NetworkSettings,
} from '.';
import { footprint } from './settings';
import { dot } from '../base/vectors';

const small: Record<string, NetworkSettings> = {
  default: { ...DEFAULT_LSTM_UNET, hidden: 3, widths: [4, 5, 6], headWidth: 5 },
  paper: { ...PAPER_LSTM_UNET, dropout: 0, hidden: 3, widths: [4, 5, 6], headWidth: 5, headActivation: 'softplus' },
  authors: { ...AUTHORS_LSTM_UNET, dropout: 0, hidden: 4, widths: [4, 5, 5], headWidth: 5, headActivation: 'none' },
  response: { ...DEFAULT_LSTM_UNET, network: 'response-unet', hidden: 3, widths: [4, 5, 6], headWidth: 5 },
  resnet: { ...PAPER_RESNET, dropout: 0, width: 5, blocks: 2, headWidth: 5, headActivation: 'none' },
};

interface Built {
  g: Graph;
  emissions: Value;
  tracers?: Value;
  out: Value;
}

function build(settings: NetworkSettings, [rows, cols]: [number, number] = [9, 10], mode: 'train' | 'frozen' = 'frozen', seesTracers = false): Built {
  const g = new Graph();
  const emissions = g.input('emissions', [1, 3, rows, cols, 2]);
  const tracers = seesTracers ? g.input('tracers', [1, rows, cols, 3]) : undefined;
  const out = network(
    g,
    { steps: emissions, emissions, tracers, y: g.input('y', [1, rows, cols, 4]), geography: g.input('geography', [1, rows, cols, 2]) },
    settings,
    mode,
  );
  return { g, emissions, tracers, out };
}

function randomize(program: Program<Float64Array>, g: Graph): Random {
  const random = new Random(8);
  program.setParameters(initializeParameters(g, 2));
  for (const name of program.names('input'))
    program.set(
      name,
      program.get(name).map(() => random.normal()),
    );
  return random;
}

const seeTracers = ['default', 'response', 'resnet'];
const sources = [...Object.keys(small).map((name) => [name, 'emissions'] as const), ...seeTracers.map((name) => [name, 'tracers'] as const)];

describe.each(sources)('%s, %s', (name, source) => {
  const { g, out, ...inputs } = build(small[name], undefined, 'frozen', source === 'tracers');
  const [gradient] = gradients(g, out, [inputs[source]!], { seed: g.input('seed', out.shape) });
  const program = compile(g, {
    outputs: { out, gradient },
    phases: { forward: [out], backward: { values: [gradient], repeatable: true } },
    dtype: 'float64',
  });
  const random = randomize(program, g);
  const base = program.get(source);
  const direction = base.map(() => random.normal());
  const forward = async (step: number): Promise<Float64Array> => {
    program.set(
      source,
      base.map((value, i) => value + step * direction[i]),
    );
    await program.run('forward');
    return program.get('out');
  };
  afterAll(() => program.dispose());

  test('⟨J·v, w⟩ = ⟨v, Jᵀ·w⟩', async () => {
    const [plus, minus] = [await forward(1e-6), await forward(-1e-6)];
    const jv = plus.map((value, i) => (value - minus[i]) / 2e-6);
    await forward(0);
    const w = program.get('out').map(() => random.normal());
    program.set('seed', w);
    await program.run('backward');
    const left = dot(jv, w);
    expect(Math.abs(left - dot(direction, program.get('gradient')))).toBeLessThan(1e-7 * Math.abs(left)); // rounding of the differences
  });

  test('the Taylor remainder of ½|out|² falls at rate 2', async () => {
    const cost = async (step: number): Promise<number> => dot(await forward(step), program.get('out')) / 2;
    const centre = await cost(0);
    program.set('seed', program.get('out'));
    await program.run('backward');
    const slope = dot(program.get('gradient'), direction);
    const remainder = async (step: number): Promise<number> => Math.abs((await cost(step)) - centre - step * slope);
    // Kinks (P-ReLU, max-pool) must lie farther away than the steps; the ResNet, which only its cost bends, allows smaller ones.
    const largest = name === 'resnet' ? 1e-5 : 1e-4;
    for (const step of [largest, largest / 2]) expect(Math.log2((await remainder(step)) / (await remainder(step / 2)))).toBeCloseTo(2, 1);
  });
});

test('far beyond what is usual the response-unet grows as its tracers do: the gates on them are bounded', async () => {
  const { g, out } = build(small.response, undefined, 'frozen', true);
  const program = compile(g, { outputs: { out }, phases: { forward: [out] }, dtype: 'float64' });
  randomize(program, g);
  const base = program.get('tracers');
  const at = async (factor: number): Promise<Float64Array> => {
    program.set(
      'tracers',
      base.map((value) => factor * value),
    );
    await program.run('forward');
    return program.get('out');
  };
  const [much, more] = [await at(1e7), await at(1e8)];
  const largest = Math.max(...more.map(Math.abs));
  more.forEach((value, i) => expect(Math.abs(value - 10 * much[i])).toBeLessThan(1e-3 * largest));
  program.dispose();
});

test('the response-unet is linear in emissions that its context does not see', async () => {
  const g = new Graph();
  const [weather, emissions] = [g.input('weather', [1, 3, 9, 10, 2]), g.input('emissions', [1, 3, 9, 10, 2])];
  const out = network(g, { steps: weather, emissions }, small.response, 'frozen');
  const program = compile(g, { outputs: { out }, phases: { forward: [out] }, dtype: 'float64' });
  randomize(program, g);
  const of = async (field: Float64Array): Promise<Float64Array> => {
    program.set('emissions', field);
    await program.run('forward');
    return program.get('out');
  };
  const base = program.get('emissions');
  const none = await of(base.map(() => 0));
  const once = await of(base);
  const thrice = await of(base.map((value) => 3 * value));
  const largest = Math.max(...once.map(Math.abs));
  thrice.forEach((value, i) => expect(Math.abs(value - none[i] - 3 * (once[i] - none[i]))).toBeLessThan(1e-12 * largest));
  expect(Math.max(...once.map((value, i) => Math.abs(value - none[i])))).toBeGreaterThan(1e-3 * largest);
  program.dispose();
});

test.each(['train', 'frozen'] as const)('%s: fast float32 kernels agree with the float64 program at real widths, all gradients', async (mode) => {
  const run = async (dtype: 'float32' | 'float64'): Promise<Map<string, ArrayLike<number>>> => {
    const { g, emissions, out } = build({ ...DEFAULT_LSTM_UNET, batchNorm: true, dropout: 0.1 }, [18, 21], mode);
    const leaves = [emissions, ...g.modelValues().filter((value) => value.kind === 'parameter')];
    const grads = gradients(g, out, leaves, { seed: g.input('seed', out.shape) });
    const outputs = { out, ...Object.fromEntries(leaves.map((leaf, i) => [`gradient of ${leaf.name}`, grads[i]])) };
    const program = compile(g, { outputs, phases: { forward: [out], backward: grads }, dtype });
    program.setParameters(initializeParameters(g, 2));
    // Off P-ReLU's kink: with biases of 0 the padded border is exactly 0 in double, but not in Winograd's arithmetic, and either slope may be taken.
    for (const name of program.names('parameter').filter((each) => /(bias|shift)$/.test(each))) {
      const random = new Random(4).fork(name);
      program.set(
        name,
        Array.from(program.get(name), () => Math.fround(0.1 * random.normal())),
      );
    }
    for (const name of program.names('input')) {
      const random = new Random(3).fork(name);
      program.set(
        name,
        Array.from(program.get(name), () => Math.fround(random.normal())),
      );
    }
    if (program.has('step')) program.set('step', 5);
    await program.run('forward');
    await program.run('backward');
    const results = new Map<string, ArrayLike<number>>(Object.keys(outputs).map((name) => [name, program.get(name)]));
    program.dispose();
    return results;
  };
  const [fast, exact] = [await run('float32'), await run('float64')];
  // Sums over 378 cells x 9 x 96 channels in float32, ten layers deep. Biases before a batch norm in train mode have no gradient: rounding only.
  const meaningless = (name: string): boolean => mode === 'train' && /unet.*conv.bias$/.test(name) && !name.includes('upconv');
  const wrong = [...exact].filter(([name, expected]) => !meaningless(name) && relativeError(fast.get(name)!, expected) > 2e-3);
  expect(wrong.map(([name]) => name)).toEqual([]);
  expect(relativeError(fast.get('out')!, exact.get('out')!)).toBeLessThan(1e-4);
});

describe('frozen, the heads of all species are joined', () => {
  const ownY = { ...small.authors, batchNorm: false, geographyBranch: plainBranch(1, 2) };
  const sharedY = { ...ownY, yBranch: plainBranch(1, 3) };
  const channels = { y: 4, geography: 2 };

  test.each<[string, NetworkSettings, (keyof typeof channels)[]]>([
    ['each sees its own y', ownY, ['y', 'geography']],
    ['each sees its own y, no geography', ownY, ['y']],
    ['all see the same y', sharedY, ['y', 'geography']],
    ['all see geography alone', ownY, ['geography']],
    ['all see the trunk alone', ownY, []],
  ])('%s: values and gradients are those of a perceptron a species', async (_, settings, names) => {
    const g = new Graph();
    const sees = Object.fromEntries(names.map((name) => [name, g.input(name, [1, 9, 10, channels[name]])]));
    const steps = g.input('steps', [1, 3, 9, 10, 2]);
    // On one graph both have the same parameters; without batch norm and dropout nothing else is different in training.
    const outs = (['train', 'frozen'] as const).map((mode) => network(g, { steps, ...sees }, settings, mode));
    const wanted = [steps, ...Object.values(sees), ...g.modelValues()];
    const seed = g.input('seed', outs[0].shape);
    const results = outs.map((out) => [out, ...gradients(g, out, wanted, { seed })]);
    const named = results.map((values, i) => values.map((value, k) => [`${i} ${k}`, value] as const));
    const program = compile(g, { outputs: Object.fromEntries(named.flat()), dtype: 'float64' });
    const random = randomize(program, g);
    for (const name of program.names('parameter'))
      program.set(
        name,
        program.get(name).map((value) => value + 0.1 * random.normal()),
      );
    await program.run();
    const [own, joined] = named.map((values) => values.map(([name]) => program.get(name)));
    own.forEach((expected, k) => expect(relativeError(joined[k], expected)).toBeLessThan(1e-12));
    program.dispose();
  });

  test('parameters are those of training, in the same order', () => {
    const made = (mode: 'train' | 'frozen'): unknown[] =>
      build(small.authors, undefined, mode)
        .g.modelValues()
        .map(({ name, shape, initializer }) => [name, shape, initializer]);
    expect(made('frozen')).toEqual(made('train'));
  });
});

describe('receptive field', () => {
  test('two convolutions an encoder level and one a decoder level: 38 on average, the paper’s 38 x 38', () => {
    expect(receptiveField(PAPER_LSTM_UNET)).toEqual({ smallest: 36, largest: 40, mean: 38 });
    expect(receptiveField({ ...PAPER_RESNET, blocks: 6 })).toEqual({ smallest: 27, largest: 27, mean: 27 });
  });

  test.each([
    ['two levels', { widths: [2, 2, 2], encoderConvs: 2, decoderConvs: 1 }, 64],
    ['one level, two decoder convolutions', { widths: [2, 2], encoderConvs: 1, decoderConvs: 2 }, 40],
  ] as const)('%s: equals the footprint of the gradient', async (_, part, cols) => {
    const settings: LstmUnetSettings = { ...DEFAULT_LSTM_UNET, hidden: 2, headWidth: 4, headActivation: 'none', ...part };
    const { g, emissions, out } = build(settings, [8, cols]);
    const [gradient] = gradients(g, out, [emissions], { seed: g.input('seed', out.shape) });
    const program = compile(g, {
      outputs: { out, gradient },
      phases: { forward: [out], backward: { values: [gradient], repeatable: true } },
      dtype: 'float64',
    });
    const random = randomize(program, g);
    // Smooth everywhere: a slope of 1 makes P-ReLU the identity, and no path is cut. Pooling is: sum over several fields.
    for (const name of program.names('parameter')) if (name.endsWith('slope')) program.set(name, program.get(name).fill(1));
    for (const at of [0, 1, 2, 3].map((i) => cols / 2 - 2 + i)) {
      const touched = new Set<number>();
      for (let field = 0; field < 12; field++) {
        program.set(
          'emissions',
          program.get('emissions').map(() => random.normal()),
        );
        await program.run('forward');
        const seed = new Float64Array(8 * cols * 4);
        seed.fill(1, (4 * cols + at) * 4, (4 * cols + at) * 4 + 4);
        program.set('seed', seed);
        await program.run('backward');
        program.get('gradient').forEach((value, i) => value !== 0 && touched.add(Math.floor(i / 2) % cols));
      }
      expect([Math.min(...touched), Math.max(...touched)]).toEqual(footprint(settings, at));
    }
    program.dispose();
  });
});

describe('sizes and settings', () => {
  test.each([
    [5, 7],
    [8, 8],
    [13, 4],
  ])('any size: %i x %i', (rows, cols) => {
    for (const settings of Object.values(small)) expect(build(settings, [rows, cols]).out.shape).toEqual([1, rows, cols, 4]);
  });

  test('called twice on one graph, a network shares its parameters', () => {
    const { g, emissions } = build(small.default);
    const count = g.modelValues().length;
    network(g, { steps: emissions, y: g.find('y'), geography: g.find('geography') }, small.default, 'frozen');
    expect(g.modelValues()).toHaveLength(count);
  });

  test('dropout is in training only, and follows the step', async () => {
    const settings = { ...small.paper, dropout: 0.3 };
    const frozen = build(settings);
    const kernels = planProgram(frozen.g, { outputs: { out: frozen.out } }).spec.instructions.map(({ op }) => op);
    expect(kernels).not.toContain('dropoutForward');
    const { g, out } = build(settings, [9, 10], 'train');
    const program = compile(g, { outputs: { out }, dtype: 'float64' });
    randomize(program, g);
    const at = async (step: number): Promise<Float64Array> => {
      program.set('step', step);
      await program.run();
      return program.get('out');
    };
    const first = await at(1);
    expect(await at(2)).not.toEqual(first);
    expect(await at(1)).toEqual(first);
    program.dispose();
  });

  test('initial values: the same for the same seed, and He’s variance', () => {
    const first = (seed: number): number[] => [...initializeParameters(build(small.default).g, seed).get('head.conv0.weight')!];
    expect(first(7)).toEqual(first(7));
    expect(first(8)).not.toEqual(first(7));
    const values = initializeParameters(build(DEFAULT_LSTM_UNET).g, 7);
    const weight = values.get('unet.middle.1.conv.weight')!;
    const variance = dot(weight, weight) / weight.length;
    expect(variance).toBeGreaterThan(0.95 * (2 / (9 * 96)));
    expect(variance).toBeLessThan(1.05 * (2 / (9 * 96)));
  });
});

describe('memory at paper scale: 232 x 182 cells, batch 8', () => {
  const [batch, rows, cols, steps] = [8, 182, 232, 16];

  function plan(kind: 'training' | 'inversion'): ReturnType<typeof planProgram> {
    const g = new Graph();
    const emissions = g.input('emissions', [batch, steps, rows, cols, 15]);
    const out = network(
      g,
      { steps: emissions, geography: g.input('geography', [batch, rows, cols, 2]) },
      DEFAULT_LSTM_UNET,
      kind === 'training' ? 'train' : 'frozen',
    );
    if (kind === 'inversion') {
      const [gradient] = gradients(g, out, [emissions], { seed: g.input('seed', out.shape) });
      return planProgram(g, { outputs: { out, gradient }, phases: { forward: [out], backward: [gradient] } });
    }
    const misfit = loss(g, out, g.input('target', out.shape), g.input('weight', out.shape), { kind: 'l1', divisor: 1 });
    const grads = gradients(g, misfit, g.modelValues());
    return planProgram(g, { outputs: { misfit }, phases: { step: [misfit, ...grads] } });
  }

  test.each(['training', 'inversion'] as const)('%s: the arena is within 3 %% of the most that is alive at once', (kind) => {
    const layout = plan(kind);
    expect(layout.spec.arenaElements).toBeLessThan(1.03 * layout.leastElements);
    expect((layout.spec.arenaElements * 4) / 2 ** 30).toBeLessThan(2); // GiB
  });

  test('the inversion writes no gradient of a weight', () => {
    const written = plan('inversion').spec.instructions.flatMap(({ op, operands }) => (op.includes('Backward') ? Object.keys(operands) : []));
    expect(written.filter((operand) => /^grad(Weight|Bias|Slope|Scale|Shift|Initial)/.test(operand))).toEqual([]);
  });
});
