/** What a program promises: phases, regions, sums in place, state, refusals. */
import {
  adamUpdate,
  add,
  batchNorm,
  compile,
  conv2d,
  gradients,
  Graph,
  GraphError,
  loss,
  planProgram,
  prelu,
  relu,
  scale,
  sgdProject,
  square,
  sum,
  takenGradients,
  tanh,
  type Value,
} from '..';
import { ConfigError, DeviceError } from '../../base/errors';
import { relativeError } from '../testing/golden';
import { kernelsOf, normals, ones } from '../testing/program-parts';

/** A small net with a residual path: conv → P-ReLU → conv, plus its input. */
function smallNet(): { g: Graph; x: Value; out: Value; misfit: Value; parameters: Value[] } {
  const g = new Graph();
  const x = g.input('x', [2, 6, 6, 4]);
  const parameter = (name: string, shape: number[]): Value => g.parameter(name, shape, { init: 'he', fanIn: 36 });
  const hidden = prelu(g, conv2d(g, x, parameter('a.weight', [3, 3, 4, 4]), parameter('a.bias', [4])), parameter('a.slope', [4]));
  const out = add(g, x, conv2d(g, hidden, parameter('b.weight', [3, 3, 4, 4])));
  const misfit = loss(g, out, g.input('target', out.shape), ones(g, out.shape), { kind: 'l2', divisor: 288 });
  return { g, x, out, misfit, parameters: g.modelValues() };
}

describe('worked by hand', () => {
  test('d(3x² + x)/dx at 2 is 13', () => {
    const g = new Graph();
    const x = g.input('x', [1]);
    const y = add(g, scale(g, square(g, x), 3), x);
    const [gradient] = gradients(g, y, [x], { seed: g.constant([1], [1]) });
    const program = compile(g, { outputs: { y, gradient } });
    program.set('x', 2);
    program.runSync();
    expect([program.get('y')[0], program.get('gradient')[0]]).toEqual([14, 13]);
    program.dispose();
  });

  test('projected descent stays within its bounds', () => {
    const g = new Graph();
    const x = g.input('x', [3]);
    const update = sgdProject(g, x, g.constant([1, -1, 2], [3]), {
      learningRate: g.scalar('rate'),
      lower: g.constant([0, 0, 0], [3]),
      upper: g.constant([3, 3, 3], [3]),
    });
    const program = compile(g, { outputs: {}, phases: { update: [update] } });
    program.set('x', [1, 2.5, 0.5]);
    program.set('rate', 1);
    program.runSync();
    expect([...program.get('x')]).toEqual([0, 3, 0]);
    program.dispose();
  });
});

describe('what is not asked for costs nothing', () => {
  test('the inversion holds no gradient of a weight', () => {
    const { g, x, misfit } = smallNet();
    const [gradient] = gradients(g, misfit, [x]);
    const layout = planProgram(g, { outputs: { gradient } });
    expect(kernelsOf(layout)).not.toContain('conv2dBackwardWeight');
    expect(kernelsOf(layout)).toContain('conv2dBackwardInput');
  });

  test('training without inputs’ gradients skips the first layer’s', () => {
    const { g, misfit, parameters } = smallNet();
    const layout = planProgram(g, {
      outputs: Object.fromEntries(gradients(g, misfit, parameters).map((gradient, i) => [`grad ${parameters[i].name}`, gradient])),
    });
    expect(kernelsOf(layout).filter((op) => op === 'conv2dBackwardInput')).toHaveLength(1);
    expect(kernelsOf(layout).filter((op) => op === 'conv2dBackwardWeight')).toHaveLength(2);
  });

  test('a value that nothing reads appears nowhere', () => {
    const g = new Graph();
    const x = g.input('x', [4]);
    tanh(g, g.input('unread', [4]));
    const layout = planProgram(g, { outputs: { y: relu(g, x) } });
    expect(kernelsOf(layout)).toEqual(['unaryForward']);
    expect([...layout.storageOf.keys()].map((value) => value.name)).not.toContain('unread');
  });
});

describe('memory', () => {
  test('parts of a sum are written straight into it', () => {
    const g = new Graph();
    const x = g.input('x', [1, 4, 4, 2]);
    const parts = [1, 2, 3].map((i) => conv2d(g, x, g.parameter(`w${i}`, [3, 3, 2, 2], { init: 'he', fanIn: 18 })));
    const [gradient] = gradients(g, sum(g, parts), [x], { seed: g.input('seed', parts[0].shape) });
    const layout = planProgram(g, { outputs: { gradient } });
    const flags = layout.spec.instructions.filter(({ op }) => op === 'conv2dBackwardInput').map(({ params }) => params.accumulate);
    expect(flags).toEqual([0, 1, 1]);
    expect(kernelsOf(layout)).not.toContain('axpy');
  });

  test('elementwise ops overwrite what nobody needs', () => {
    const g = new Graph();
    let x = g.input('x', [1000]);
    for (let i = 0; i < 5; i++) x = tanh(g, x);
    const layout = planProgram(g, { outputs: { y: scale(g, x, 2) } });
    // The input, one array that five ops share, and the output.
    expect(layout.spec.arenaElements).toBe(3 * 1008);
  });

  test('no two arrays that are alive at once overlap', () => {
    const { g, misfit, parameters, out, x } = smallNet();
    const grads = gradients(g, misfit, [...parameters, x]);
    const outputs = { out, misfit, gradient: grads.at(-1)! };
    const layout = planProgram(g, { outputs, phases: { forward: [out, misfit], backward: grads } });
    const all = [...new Set(layout.storageOf.values())];
    for (const a of all) {
      for (const b of all) {
        const together = a !== b && (a.pinned || b.pinned || (a.first <= b.last && b.first <= a.last));
        const apart = a.offset! + a.elements <= b.offset! || b.offset! + b.elements <= a.offset!;
        expect(together && !apart).toBe(false);
      }
    }
    expect(layout.spec.arenaElements).toBeLessThanOrEqual(1.1 * layout.leastElements);
  });

  test('parameters, gradients and moments are contiguous, and Adam is one instruction', () => {
    const { g, misfit, parameters } = smallNet();
    const grads = gradients(g, misfit, parameters);
    const update = adamUpdate(g, new Map(parameters.map((value, i) => [value, grads[i]])), {
      learningRate: g.scalar('rate'),
      step: g.scalar('step'),
    });
    const layout = planProgram(g, { outputs: { misfit }, phases: { run: [misfit, update] } });
    expect(kernelsOf(layout).filter((op) => op === 'adam')).toHaveLength(1);
    expect(layout.regions.parameters.length).toBe(144 + 16 + 16 + 144);
    expect(layout.regions.gradients.length).toBe(layout.regions.parameters.length);
    const program = compile(g, { outputs: { misfit }, phases: { run: [misfit, update] } });
    expect(program.regions).toEqual(layout.regions);
    expect([...program.getState().keys()]).toEqual(['adam.firstMoment', 'adam.secondMoment']);
    program.dispose();
  });
});

describe('rewrites that compile applies', () => {
  test.each(['prelu', 'relu'])('%s is fused into the convolution before it, forward only, with the same result', (kind) => {
    const build = (keepPlain: boolean): Float64Array => {
      const g = new Graph();
      const x = g.input('x', [1, 5, 5, 3]);
      const plain = conv2d(g, x, g.input('w', [3, 3, 3, 2]), g.input('b', [2]));
      const y = kind === 'relu' ? relu(g, plain) : prelu(g, plain, g.input('slope', [2]));
      // As an output, the plain result must exist: nothing can be fused.
      const outputs: Record<string, Value> = keepPlain ? { y, plain } : { y };
      const kernels = kernelsOf(planProgram(g, { outputs }));
      expect(kernels).toHaveLength(keepPlain ? 2 : 1);
      const program = compile(g, { outputs, dtype: 'float64' });
      program.names('input').forEach((name, i) => program.set(name, normals(program.get(name).length, i)));
      program.runSync();
      const result = program.get('y');
      program.dispose();
      return result;
    };
    // A P-ReLU that is fused marks its result by a unit in the last place.
    expect(relativeError(build(false), build(true))).toBeLessThanOrEqual(kind === 'relu' ? 0 : Number.EPSILON);
  });

  test('a reverse pass that asks for the slopes’ gradient keeps the convolution’s own result', () => {
    const { g, misfit, parameters } = smallNet();
    const [ofWeight, ofSlope] = gradients(g, misfit, [parameters[0], parameters[2]]);
    expect(kernelsOf(planProgram(g, { outputs: { misfit, ofWeight, ofSlope } }))).toContain('preluForward');
    expect(kernelsOf(planProgram(g, { outputs: { misfit, ofWeight } }))).not.toContain('preluForward');
  });
});

describe('phases', () => {
  function adjoint(repeatable: boolean): ReturnType<typeof compile> {
    const { g, x, out } = smallNet();
    const [gradient] = gradients(g, out, [x], { seed: g.input('seed', out.shape) });
    const program = compile(g, { outputs: { out, gradient }, phases: { forward: [out], backward: { values: [gradient], repeatable } } });
    for (const kind of ['parameter', 'input'] as const)
      program.names(kind).forEach((name, i) => program.set(name, normals(program.get(name).length, i)));
    return program;
  }

  test('a phase refuses to run without what it builds on', async () => {
    const program = adjoint(false);
    await expect(program.run('backward')).rejects.toThrow(
      'phase backward needs the results of forward, which are not there any more; run forward first',
    );
    await program.run('forward');
    await program.run('backward');
    await expect(program.run('backward')).rejects.toMatchObject({ code: 'GRAPH_PHASE_ORDER' });
    await expect(program.run('sideways')).rejects.toMatchObject({ code: 'GRAPH_UNKNOWN_PHASE' });
    program.dispose();
  });

  test('runs that are asked for together are taken in their order, after what parameters decide, which cannot change in between', async () => {
    const g = new Graph();
    const weight = scale(g, g.parameter('w', [2], { init: 'constant', value: 1 }), 2);
    const first = sum(g, [g.input('x', [2]), weight]);
    const second = scale(g, first, 10);
    const program = compile(g, { outputs: { first, second }, phases: { first: [first], second: [second] } });
    for (const value of [1, 2]) {
      program.set('w', [value, value]);
      const runs = [program.run('first'), program.run('second')];
      expect(() => program.set('w', [7, 7])).toThrow(expect.objectContaining({ code: 'PROGRAM_BUSY' }) as Error);
      await Promise.all(runs);
      expect([...program.get('second')]).toEqual([20 * value, 20 * value]);
    }
    program.dispose();
  });

  test('a phase refuses to run after an earlier one that may have taken the memory of what it builds on', () => {
    const g = new Graph();
    const middle = scale(g, sum(g, [g.input('x', [64]), square(g, g.input('y', [64]))]), 2);
    const last = scale(g, middle, 10);
    const first = square(g, g.input('z', [64]));
    const program = compile(g, { outputs: { first, last }, phases: { first: [first], middle: [middle], last: [last] } });
    const before = (...phases: string[]): void => phases.forEach((phase) => program.runSync(phase));
    before('first', 'middle', 'last');
    before('first', 'middle', 'first');
    expect(() => program.runSync('last')).toThrow('phase last needs the results of middle, which are not there any more');
    before('middle', 'last');
    program.dispose();
  });

  test('a repeatable phase gives the same answer twice', async () => {
    const program = adjoint(true);
    await program.run('forward');
    await program.run('backward');
    const first = program.get('gradient');
    await program.run('backward');
    expect(program.get('gradient')).toEqual(first);
    program.dispose();
  });

  test('what follows from parameters alone is computed again when they change, and only then', async () => {
    const g = new Graph();
    const x = g.input('x', [2]);
    const y = add(g, x, square(g, g.parameter('p', [2], { init: 'constant', value: 0 })));
    const program = compile(g, { outputs: { y } });
    program.set('x', [1, 1]);
    program.set('p', [2, 3]);
    await program.run();
    expect([...program.get('y')]).toEqual([5, 10]);
    program.setParameters(new Map([['p', [1, 0]]]));
    await program.run();
    expect([...program.get('y')]).toEqual([2, 1]);
    expect((await program.profile()).map(({ op }) => op)).toEqual(['binary']);
    program.dispose();
  });
});

describe('training is resumed bit for bit', () => {
  function trainer(): { step(i: number): Promise<void>; program: ReturnType<typeof compile> } {
    const { g, misfit, parameters } = smallNet();
    const grads = gradients(g, misfit, parameters);
    const update = adamUpdate(g, new Map(parameters.map((value, i) => [value, grads[i]])), {
      learningRate: g.scalar('rate'),
      step: g.scalar('step'),
    });
    const program = compile(g, { outputs: { misfit }, phases: { run: [misfit, update] } });
    program.set('x', normals(288, 1));
    program.set('target', normals(288, 2));
    program.set('rate', 0.01);
    const step = async (i: number): Promise<void> => {
      program.set('step', i);
      await program.run();
    };
    return { program, step };
  }

  test('from parameters and state after two of five steps', async () => {
    const straight = trainer();
    const start = new Map(
      straight.program.names('parameter').map((name, i) => [name, normals(straight.program.get(name).length, 10 + i).map((v) => v / 6)]),
    );
    straight.program.setParameters(start);
    let saved = { parameters: new Map<string, ArrayLike<number>>(), state: new Map<string, ArrayLike<number>>() };
    for (let i = 1; i <= 5; i++) {
      await straight.step(i);
      if (i === 2) saved = { parameters: straight.program.getParameters(), state: straight.program.getState() };
    }
    const resumed = trainer();
    resumed.program.setParameters(saved.parameters);
    resumed.program.setState(saved.state);
    for (let i = 3; i <= 5; i++) await resumed.step(i);
    expect(resumed.program.getParameters()).toEqual(straight.program.getParameters());
    straight.program.dispose();
    resumed.program.dispose();
  });
});

test('gradients in a phase of their own are changed before the update as a region, those that two parameters share, too', async () => {
  const g = new Graph();
  const parameters = ['p', 'q'].map((name) => g.parameter(name, [1], { init: 'constant', value: 1 }));
  const misfit = loss(g, add(g, parameters[0], parameters[1]), g.input('x', [1]), ones(g, [1]), { kind: 'l2', divisor: 1 });
  const grads = gradients(g, misfit, parameters);
  const update = adamUpdate(g, new Map(parameters.map((value, i) => [value, grads[i]])), { learningRate: g.scalar('rate'), step: g.scalar('step') });
  const program = compile(g, { outputs: { misfit }, phases: { backward: [misfit, ...takenGradients(update)], update: [update] } });
  for (const name of ['p', 'q', 'x', 'step']) program.set(name, [1]);
  program.set('rate', 0.1);
  await program.run('backward');
  const region = program.getRegion('gradients');
  expect([...region].filter((value) => value !== 0)).toEqual([1, 1]);
  program.setRegion(
    'gradients',
    region.map((value) => -value),
  );
  await program.run('update');
  for (const name of ['p', 'q']) expect(program.get(name)[0]).toBeCloseTo(1.1, 6);
  program.dispose();
});

describe('refusals', () => {
  test('what native code refuses is one of our errors', async () => {
    const { g, out } = smallNet();
    const thrown = (code: string, of: new (...args: never[]) => Error): Error =>
      expect.objectContaining({ code, name: of.name, cause: expect.any(Error) as Error }) as Error;
    expect(() => compile(g, { outputs: { out }, device: 'gpu' as 'cuda' })).toThrow(thrown('OPTION_INVALID', ConfigError));
    expect(() => compile(g, { outputs: { out }, isa: 'mmx' as 'avx2' })).toThrow(thrown('ISA_UNKNOWN', DeviceError));
    const program = compile(g, { outputs: { out } });
    const run = program.run();
    expect(() => program.get('out')).toThrow(thrown('PROGRAM_BUSY', GraphError));
    await run;
    program.dispose();
    for (const call of [() => program.get('out'), () => program.set('a.weight', new Float32Array(144)), () => program.runSync()])
      expect(call).toThrow(thrown('PROGRAM_DISPOSED', GraphError));
    for (const later of [program.run(), program.runChecked(), program.profile()])
      await expect(later).rejects.toEqual(thrown('PROGRAM_DISPOSED', GraphError));
  });

  test('the layer that first writes a NaN is named', async () => {
    const { g, out } = smallNet();
    const program = compile(g, { outputs: { out } });
    program.set('a.weight', new Float64Array(144).fill(Number.NaN));
    await expect(program.runChecked()).rejects.toThrow('program: a wrote a value that is not finite into output');
    program.dispose();
  });
});

test('batch norm in train mode moves the running statistics', () => {
  const g = new Graph();
  const vector = (name: string, value: number): Value => g.buffer(name, [1], { init: 'constant', value });
  const x = g.input('x', [4, 1]);
  const y = batchNorm(
    g,
    x,
    { scale: ones(g, [1]), shift: g.constant([0], [1]), runningMean: vector('mean', 0), runningVariance: vector('variance', 1) },
    'train',
  );
  const program = compile(g, { outputs: { y }, dtype: 'float64' });
  program.set('variance', 1);
  program.set('x', [1, 2, 3, 6]);
  program.runSync();
  // mean 3; unbiased variance 14/3
  expect(program.get('mean')[0]).toBeCloseTo(0.3, 12);
  expect(program.get('variance')[0]).toBeCloseTo(0.9 + 0.1 * (14 / 3), 12);
  program.dispose();
});
