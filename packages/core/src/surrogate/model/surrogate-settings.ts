/** What the case's keys ask of the surrogate: the settings of its network, and who takes y. */
import type { SurrogateSettings } from '../../case';
import { AUTHORS_LSTM_UNET, type NetworkSettings, plainBranch } from '../../nn/settings';

/** In the paper's mode the branches and heads are those of its authors' published code; elsewhere the case says their size. */
export function networkSettings(settings: SurrogateSettings, species: number): NetworkSettings {
  const { batchNorm, dropout, headWidth, headActivation } = settings;
  const branch = plainBranch(settings.branchLayers, settings.branchWidth);
  const paper = settings.mode === 'paper';
  const commonSettings = {
    species,
    batchNorm,
    dropout,
    headWidth,
    headActivation,
    yBranch: paper ? AUTHORS_LSTM_UNET.yBranch : branch,
    geographyBranch: paper ? AUTHORS_LSTM_UNET.geographyBranch : branch,
    perSpeciesHead: paper,
  };
  if (settings.network === 'resnet') return { network: 'resnet', ...commonSettings, width: settings.widths[0], blocks: settings.residualBlocks };
  const { hidden, allStates, cellWidth, widths, encoderConvs, decoderConvs } = settings;
  return {
    network: settings.network,
    ...commonSettings,
    hidden,
    allStates,
    learnedInitialState: paper,
    cellWidth,
    widths,
    encoderConvs,
    decoderConvs,
  };
}

/**
 * Where y[t−k] comes from, the concentrations at the beginning of the surrogate's window as an input; see the case file and docs/surrogate.md,
 * which has the equations.
 */
export type InitialConcentrations = SurrogateSettings['initialConcentrations'];

type Settings = Pick<SurrogateSettings, 'initialConcentrations'>;

/** Whether the network has y among its inputs: the same network, whatever y is taken from. */
export function takesInitialConcentrations({ initialConcentrations }: Settings): boolean {
  return initialConcentrations !== 'none';
}

/** Whether y depends on what is inverted, so that the adjoint needs the gradient with respect to it. */
export function differentiatesInitialConcentrations({ initialConcentrations }: Settings): boolean {
  return initialConcentrations === 'rollout' || initialConcentrations === 'control';
}
