import { gradients, Graph, lstm, planProgram, type Value } from '..';
import { ones } from '../testing/program-parts';

const KEPT = 12;
const planned = (kept: number, packTraces: boolean, wanted = true): ReturnType<typeof planProgram> => {
  const g = new Graph();
  const operands = { weightInput: g.input('wi', [2, 12]), weightHidden: g.input('wh', [3, 12]), bias: g.input('b', [12]) };
  const out = lstm(g, g.input('x', [2, 5, 3, 4, 2]), operands, true, kept);
  const outputs: Record<string, Value> = wanted ? { gradient: gradients(g, out, [operands.weightInput], { seed: ones(g, out.shape) })[0] } : { out };
  return planProgram(g, { outputs, packTraces });
};
const lstmsOf = ({ spec }: ReturnType<typeof planProgram>): (typeof spec.instructions)[number][] =>
  spec.instructions.filter(({ op }) => op.startsWith('lstm'));

test('packed gates and cell states take half the memory, and both passes are told', () => {
  const [plain, packed] = [false, true].map((pack) => planned(KEPT, pack));
  // 2 samples, 5 steps, 12 cells, 4 gates and a cell state of 16 units: half of it
  expect(plain.spec.arenaElements - packed.spec.arenaElements).toBe((2 * 5 * 12 * 5 * 16) / 2);
  expect(lstmsOf(plain).map(({ params }) => params.packed)).toEqual([undefined, undefined]);
  expect(lstmsOf(packed).map(({ params }) => params.packed)).toEqual([1, 1]);
  // With the bias they can be computed again by kernels that keep no packed ones.
  expect(lstmsOf(plain)[1].operands).not.toHaveProperty('bias');
  expect(lstmsOf(packed)[1].operands).toHaveProperty('bias');
});

test('where nothing is kept nothing is packed', () => {
  expect(planned(0, true).spec).toEqual(planned(0, false).spec);
});
