/** `export`: the surrogate, its adjoint and products with its Jacobian as ONNX models. */
import { initialConcentrationsOf, refuseOtherSurrogate } from '../../assimilation/surrogate/trained-surrogate';
import type { Stage } from '../engine/stage';

export const exportStage: Stage = {
  name: 'export',
  needs: ['train', 'prepare'],
  settings: initialConcentrationsOf,
  inputs: () => [],
  refuse: refuseOtherSurrogate,
  run: async (context) => (await import('../learning/export.js')).exportSurrogate(context),
};
