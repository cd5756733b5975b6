import type { Value } from '../../definition/graph';
import type { Leaves, OpCase } from '../../testing/op-cases';
import { concat, reshape } from '../arrays/copies';
import { lstm } from './lstm';

interface Options {
  readonly allStates: boolean;
  readonly learned: boolean;
  /** How many cells' gates are kept; default: all. */
  readonly kept?: number;
}

const STATES = ['h0', 'c0'];
const WEIGHTS = ['wi', 'wh', 'b'];

function over({ g, weight }: Leaves, steps: Value, hidden: number, { allStates, learned, kept }: Options): Value {
  const operands = {
    weightInput: weight('wi', [steps.shape[4], 4 * hidden]),
    weightHidden: weight('wh', [hidden, 4 * hidden]),
    bias: weight('b', [4 * hidden]),
  };
  const initial = learned ? { initialHidden: weight('h0', [hidden]), initialCell: weight('c0', [hidden]) } : {};
  return lstm(g, steps, { ...operands, ...initial }, allStates, kept);
}

const reverse = (name: string, options: Options): OpCase => ({
  name: `lstm, ${name}`,
  build: (leaves) => over(leaves, leaves.input('x', [2, 4, 2, 3, 2]), 3, options),
  gradient: ['x', ...WEIGHTS, ...(options.learned ? STATES : [])],
});

/** Over emissions that change and meteorology that does not. */
const forward = (name: string, options: Options): OpCase => ({
  name: `lstm written out, ${name}`,
  build: (leaves) => {
    const [emissions, meteorology] = [leaves.input('emissions', [2, 4, 3, 5, 2]), leaves.input('meteorology', [2, 4, 3, 5, 3])];
    return over(leaves, concat(leaves.g, [emissions, meteorology]), 6, options);
  },
  tangent: [['emissions']],
});

/** Steps are joined of a part whose gradient is wanted and one whose is not, as emissions and meteorology are. */
const exported = (name: string, options: Options): OpCase => ({
  name: `lstm of joined steps, ${name}`,
  build(leaves) {
    const { g, batch, image, input } = leaves;
    const series = (value: Value): Value => reshape(g, value, [batch, 3, 2, 6, value.shape[3]]);
    return over(leaves, concat(g, [series(image()), series(input('other', [batch, 6, 6, 2]))]), 3, options);
  },
  onnx: true,
});

export const cases: OpCase[] = [
  reverse('all states', { allStates: true, learned: false }),
  reverse('last state', { allStates: false, learned: false }),
  reverse('learned initial state, all', { allStates: true, learned: true }),
  reverse('learned initial state, last', { allStates: false, learned: true }),
  reverse('gates computed again, all states', { allStates: true, learned: false, kept: 0 }),
  reverse('gates computed again, learned initial state, last', { allStates: false, learned: true, kept: 0 }),
  reverse('gates of four cells kept, learned initial state, all', { allStates: true, learned: true, kept: 4 }),
  forward('all states', { allStates: true, learned: false }),
  forward('learned initial state, last', { allStates: false, learned: true }),
  exported('all states', { allStates: true, learned: false }),
  exported('learned initial state, last state', { allStates: false, learned: true }),
];
