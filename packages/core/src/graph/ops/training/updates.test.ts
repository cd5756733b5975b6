import { compile, planProgram } from '../../index';
import { Graph, type Value } from '../../definition/graph';
import { adamUpdate } from './updates';
import { normals } from '../../testing/program-parts';

type Shapes = Readonly<Record<string, readonly number[]>>;

/** A step of all parameters, whose gradients are inputs. */
function stepOf(shapes: Shapes, matrices: 'adam' | 'muon'): { g: Graph; update: Value } {
  const g = new Graph();
  const pairs = Object.entries(shapes).map(([name, shape]) => {
    const parameter = g.parameter(name, [...shape], { init: 'constant', value: 0 });
    return [parameter, g.input(`${name}.gradient`, [...shape])] as const;
  });
  return { g, update: adamUpdate(g, new Map(pairs), { learningRate: g.scalar('rate'), step: g.scalar('step'), matrices }) };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** Parameters after two steps with gradients that follow from the name; the state in between is taken to a second program. */
async function afterTwoSteps(shapes: Shapes, matrices: 'adam' | 'muon'): Promise<Map<string, ArrayLike<number>>> {
  const { g, update } = stepOf(shapes, matrices);
  const make = (): ReturnType<typeof compile> => compile(g, { outputs: {}, phases: { step: [update] }, threads: 1 });
  const run = async (program: ReturnType<typeof compile>, step: number): Promise<void> => {
    program.set('rate', 0.1);
    program.set('step', step);
    for (const [name, shape] of Object.entries(shapes)) program.set(`${name}.gradient`, normals(sizeOf(shape), 10 * step + name.length));
    await program.run();
  };
  const first = make();
  first.setParameters(new Map(Object.entries(shapes).map(([name, shape]) => [name, normals(sizeOf(shape), name.length)])));
  await run(first, 1);
  const second = make();
  second.setParameters(first.getParameters());
  second.setState(first.getState());
  await run(second, 2);
  const after = second.getParameters();
  first.dispose();
  second.dispose();
  return after;
}

const NETWORK: Shapes = {
  'a.bias': [24],
  'conv.weight': [3, 3, 4, 24],
  'last.weight': [1, 1, 24, 4],
  'lstm.weightInput': [10, 64],
  'long.slope': [8, 100],
};

test('filters and gates are matrices, Muon steps them by one instruction; what is short, and the rest, is one of Adam', () => {
  const { g, update } = stepOf(NETWORK, 'muon');
  const { spec, regions } = planProgram(g, { outputs: {}, phases: { step: [update] } });
  const updates = spec.instructions.filter(({ op }) => op === 'muon' || op === 'adam');
  expect(updates.map(({ op }) => op)).toEqual(['muon', 'adam']);
  expect(updates[0].params).toMatchObject({ count: 2, rows0: 36, columns0: 24, rows1: 10, columns1: 64 });
  const [matrices, others] = [36 * 24 + 10 * 64, 32 + 96 + 800]; // each at a multiple of 16
  expect(updates[1].params).toMatchObject({ elements: others });
  expect(updates[1].operands.parameter - updates[0].operands.parameter).toBe(matrices);
  expect(regions.parameters.length).toBe(matrices + others);
});

test('what is not a matrix is stepped as by Adam alone, and so is everything without Muon', async () => {
  const [muon, adam] = [await afterTwoSteps(NETWORK, 'muon'), await afterTwoSteps(NETWORK, 'adam')];
  for (const name of ['a.bias', 'last.weight', 'long.slope']) expect(muon.get(name)).toEqual(adam.get(name));
  expect(muon.get('conv.weight')).not.toEqual(adam.get('conv.weight'));
});

test('a matrix is stepped alike alone and as the last of more than one instruction holds', async () => {
  const many: Shapes = Object.fromEntries(Array.from({ length: 66 }, (_, i) => ['m'.repeat(i + 1), i % 2 ? [9, 11] : [12, 10]]));
  const together = await afterTwoSteps(many, 'muon');
  for (const name of ['m', 'm'.repeat(64), 'm'.repeat(65), 'm'.repeat(66)]) {
    expect(together.get(name)).toEqual((await afterTwoSteps({ [name]: many[name] }, 'muon')).get(name));
  }
});
