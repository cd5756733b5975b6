/** `preview`: before an inversion, what the monitors can be expected to tell, and what it will cost. */
import { invertStage } from './invert-stage';
import { refuseOtherSurrogate } from '../../assimilation/surrogate/trained-surrogate';
import type { Stage } from '../engine/stage';

export const previewStage: Stage = {
  name: 'preview',
  onAllRanks: true,
  needs: invertStage.needs,
  settings: (context) => ({ invert: invertStage.settings(context), uncertainty: context.settings.inversion.uncertainty }),
  inputs: invertStage.inputs,
  refuse: refuseOtherSurrogate,
  run: async (context) => (await import('../inversions/preview.js')).runPreview(context),
};
