import type { TimedOp } from '../shared/op-case';

/** At a number of parameters. Updates are in place, so rounds differ: whether they are right is for the tests. */
export const timed: TimedOp<[elements: number]> = {
  kind: 'adam',
  kernels(elements) {
    const drawn = { length: elements, draw: true };
    return {
      title: `adam ${elements} parameters`,
      arrays: {
        parameter: drawn,
        gradient: drawn,
        firstMoment: { length: elements },
        secondMoment: { length: elements },
        learningRate: { length: 1 },
        step: { length: 1 },
      },
      calls: [
        {
          op: 'adam',
          operands: ['parameter', 'gradient', 'firstMoment', 'secondMoment', 'learningRate', 'step'],
          params: { elements, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, l2: 1e-4 },
        },
      ],
      check: [],
    };
  },
};
