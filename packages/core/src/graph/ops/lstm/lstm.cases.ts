import type { Value } from '../../definition/graph';
import type { Leaves, OpCase, TimedOp } from '../shared/op-case';
import { concat, reshape } from '../arrays/copies';
import { lstm } from './lstm';

interface Options {
  readonly allStates: boolean;
  readonly learned: boolean;
  /** How many cells' gates are kept; default: all. */
  readonly keptCells?: number;
}

const STATES = ['h0', 'c0'];
const WEIGHTS = ['wi', 'wh', 'b'];

function runLstm({ g, weight }: Leaves, steps: Value, hidden: number, { allStates, learned, keptCells }: Options): Value {
  const operands = {
    weightInput: weight('wi', [steps.shape[4], 4 * hidden]),
    weightHidden: weight('wh', [hidden, 4 * hidden]),
    bias: weight('b', [4 * hidden]),
  };
  const initial = learned ? { initialHidden: weight('h0', [hidden]), initialCell: weight('c0', [hidden]) } : {};
  return lstm(g, steps, { ...operands, ...initial }, allStates, keptCells);
}

const reverse = (name: string, options: Options): OpCase => ({
  name: `lstm, ${name}`,
  build: (leaves) => runLstm(leaves, leaves.input('x', [2, 4, 2, 3, 2]), 3, options),
  gradient: ['x', ...WEIGHTS, ...(options.learned ? STATES : [])],
});

/** Over emissions that change and meteorology that does not. */
const forward = (name: string, options: Options): OpCase => ({
  name: `lstm written out, ${name}`,
  build: (leaves) => {
    const [emissions, meteorology] = [leaves.input('emissions', [2, 4, 3, 5, 2]), leaves.input('meteorology', [2, 4, 3, 5, 3])];
    return runLstm(leaves, concat(leaves.g, [emissions, meteorology]), 6, options);
  },
  tangent: [['emissions']],
});

/** Steps are joined of a part whose gradient is wanted and one whose is not, as emissions and meteorology are. */
const exported = (name: string, options: Options): OpCase => ({
  name: `lstm of joined steps, ${name}`,
  build: (leaves) => {
    const { g, batch, image, input } = leaves;
    const series = (value: Value): Value => reshape(g, value, [batch, 3, 2, 6, value.shape[3]]);
    return runLstm(leaves, concat(g, [series(image()), series(input('other', [batch, 6, 6, 2]))]), 3, options);
  },
  onnx: true,
});

export const cases: OpCase[] = [
  reverse('all states', { allStates: true, learned: false }),
  reverse('last state', { allStates: false, learned: false }),
  reverse('learned initial state, all', { allStates: true, learned: true }),
  reverse('learned initial state, last', { allStates: false, learned: true }),
  reverse('gates computed again, all states', { allStates: true, learned: false, keptCells: 0 }),
  reverse('gates computed again, learned initial state, last', { allStates: false, learned: true, keptCells: 0 }),
  reverse('gates of four cells kept, learned initial state, all', { allStates: true, learned: true, keptCells: 4 }),
  forward('all states', { allStates: true, learned: false }),
  forward('learned initial state, last', { allStates: false, learned: true }),
  exported('all states', { allStates: true, learned: false }),
  exported('learned initial state, last state', { allStates: false, learned: true }),
];

/** At cells, and numbers of channels and hidden units. */
export const timed: TimedOp<[allStates: boolean, batch: number, steps: number, cells: number, inChannels: number, hidden: number]> = {
  kind: 'lstm',
  kernels(allStates, batch, steps, cells, inChannels, hidden) {
    const params = { batch, steps, cells, inChannels, hidden, allStates: allStates ? 1 : 0 };
    const states = batch * steps * cells * hidden;
    const keptCells = batch * steps * cells * Math.ceil(hidden / 16) * 16; // whole vectors, of the widest kind
    const shown = allStates ? states : batch * cells * hidden;
    return {
      title: `lstm ${batch}x${steps}x${cells} ${inChannels}-${hidden}`,
      arrays: {
        input: { length: batch * steps * cells * inChannels, draw: true },
        weightInput: { length: inChannels * 4 * hidden, draw: true, scale: 1 / Math.sqrt(inChannels) },
        weightHidden: { length: hidden * 4 * hidden, draw: true, scale: 1 / Math.sqrt(hidden) },
        bias: { length: 4 * hidden, draw: true },
        gradOutput: { length: shown, draw: true },
        output: { length: shown },
        gates: { length: 4 * keptCells },
        cells: { length: keptCells },
        gradInput: { length: batch * steps * cells * inChannels },
        gradWeightInput: { length: inChannels * 4 * hidden },
        gradWeightHidden: { length: hidden * 4 * hidden },
        gradBias: { length: 4 * hidden },
      },
      calls: [
        { op: 'lstmForward', operands: ['input', 'weightInput', 'weightHidden', 'bias', 'output', 'gates', 'cells'], params },
        {
          op: 'lstmBackward',
          operands: [
            'input',
            'weightInput',
            'weightHidden',
            'gates',
            'cells',
            'gradOutput',
            'gradInput',
            'gradWeightInput',
            'gradWeightHidden',
            'gradBias',
          ],
          params,
        },
      ],
      check: ['output', 'gradInput', 'gradWeightInput', 'gradWeightHidden', 'gradBias'],
    };
  },
  forward({ g, input, weight }, p) {
    const operands = {
      weightInput: weight('weightInput', [p.inChannels, 4 * p.hidden]),
      weightHidden: weight('weightHidden', [p.hidden, 4 * p.hidden]),
      bias: weight('bias', [4 * p.hidden]),
    };
    return lstm(g, input('input', [p.batch, p.steps, p.cells, 1, p.inChannels]), operands, p.allStates === 1);
  },
};
