/** From the case's keys to the network's settings. */
import type { SurrogateSettings } from '../../case';
import { AUTHORS_LSTM_UNET, plainBranch, type NetworkSettings } from '../../nn/settings';

/** In the paper's mode the branches and heads are those of its authors' published code; elsewhere the case says their size. */
export function networkSettings(settings: SurrogateSettings, species: number): NetworkSettings {
  const { batchNorm, dropout, headWidth, headActivation } = settings;
  const branch = plainBranch(settings.branchLayers, settings.branchWidth);
  const paper = settings.mode === 'paper';
  const around = {
    species,
    batchNorm,
    dropout,
    headWidth,
    headActivation,
    yBranch: paper ? AUTHORS_LSTM_UNET.yBranch : branch,
    geographyBranch: paper ? AUTHORS_LSTM_UNET.geographyBranch : branch,
    perSpeciesHead: paper,
  };
  if (settings.network === 'resnet') return { network: 'resnet', ...around, width: settings.widths[0], blocks: settings.residualBlocks };
  const { hidden, allStates, cellWidth, widths, encoderConvs, decoderConvs } = settings;
  return { network: settings.network, ...around, hidden, allStates, learnedInitialState: paper, cellWidth, widths, encoderConvs, decoderConvs };
}
