/** What is asked of gradients, and of programs of them; that they are right: ops/gradients.test.ts. */
import { compile, concat, conv2d, gradients, Graph, planProgram, square, upconv2x2, type Value } from '.';
import { ones } from './testing/program-parts';

describe('gradients of a joined value', () => {
  const joined = (): { g: Graph; a: Value; x: Value; y: Value } => {
    const g = new Graph();
    const a = g.input('a', [1, 2, 2, 1]);
    const x = concat(g, [a, g.input('b', [1, 2, 2, 1])]);
    return { g, a, x, y: conv2d(g, x, g.input('w', [1, 1, 2, 1])) };
  };

  it.each([
    ['by itself', false],
    ['beside one of its parts', true],
  ])('have all of its channels, asked for %s', (_, part) => {
    const { g, a, x, y } = joined();
    const [ofX, ofA] = gradients(g, y, part ? [x, a] : [x], { seed: ones(g, y.shape) });
    const program = compile(g, { outputs: part ? { ofX, ofA } : { ofX } });
    program.set('w', [3, 5]);
    program.runSync();
    expect([...program.get('ofX')]).toEqual([3, 5, 3, 5, 3, 5, 3, 5]);
    if (part) expect([...program.get('ofA')]).toEqual([3, 3, 3, 3]);
    program.dispose();
  });
});

it.each([
  ['conv2d', conv2d, [3, 3, 2, 4]],
  ['upconv2x2', upconv2x2, [2, 2, 2, 4]],
] as const)('the gradient of a bias alone can be asked for: %s', (_, op, shape) => {
  const g = new Graph();
  const bias = g.input('bias', [4]);
  const y = op(g, g.input('x', [2, 6, 6, 2]), g.input('w', shape), bias);
  const [ofBias] = gradients(g, y, [bias], { seed: ones(g, y.shape) });
  const program = compile(g, { outputs: { ofBias } });
  program.runSync();
  expect([...program.get('ofBias')]).toEqual(Array<number>(4).fill(y.shape.reduce((a, b) => a * b) / 4));
  program.dispose();
});

it('an output may not have the name of another array', () => {
  const g = new Graph();
  const x = g.input('x', [2]);
  const y = square(g, x);
  expect(() => planProgram(g, { outputs: { x: y } })).toThrow('compile: the output x has the name of an input: give it another one');
  expect(Object.keys(planProgram(g, { outputs: { x, y } }).outputs)).toEqual(['x', 'y']);
});
