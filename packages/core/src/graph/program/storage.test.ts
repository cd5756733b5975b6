/** Which values share memory, shown by numbers that are wrong where they share too much. */
import { compile, Graph, scale, square, tanh, type Value } from '..';

test('what a repeatable phase reads is still there the second time, however long the phases before it were', () => {
  const g = new Graph();
  const middle = square(g, g.input('x', [3]));
  const out = Array.from({ length: 9 }).reduce<Value>((value) => scale(g, value, 2), middle);
  const later = tanh(g, scale(g, middle, 0.5));
  const phases = { forward: [out], backward: { values: [later], repeatable: true } };
  const program = compile(g, { outputs: { out, later }, phases, dtype: 'float64' });
  program.set('x', [0.5, 1, 2]);
  for (const phase of ['forward', 'backward', 'backward']) program.runSync(phase);
  expect([...program.get('later')]).toEqual([0.125, 0.5, 2].map((value) => expect.closeTo(Math.tanh(value), 12) as number));
  expect([...program.get('out')]).toEqual([128, 512, 2048]);
  program.dispose();
});
