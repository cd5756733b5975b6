/** What a network looks like. Every number is a setting; two readings of the paper and the default method are given as constants. */
export interface ConvSettings {
  /** Odd size of the square kernel. */
  readonly kernel: number;
  readonly width: number;
}

/** A stack of conv → P-ReLU beside the trunk. */
export interface BranchSettings {
  readonly layers: readonly ConvSettings[];
  /** Batch norm on the branch's input. */
  readonly normalizeInput?: boolean;
  /** One stack for each channel of the input, of one channel each, instead of one for all. */
  readonly perChannel?: boolean;
}

export type Activation = 'relu' | 'softplus' | 'none';

/** What both networks have around their trunk. */
export interface HeadSettings {
  /** Number of output channels. */
  readonly species: number;
  /** Branch for earlier concentrations; used if they are given. */
  readonly yBranch: BranchSettings;
  /** Branch for geography; used if it is given. */
  readonly geographyBranch: BranchSettings;
  /** Width of the hidden 1x1 layer of the head. */
  readonly headWidth: number;
  /** Of the output; the hidden layer has a ReLU. */
  readonly headActivation: Activation;
  /** One head for each species; with a y branch per channel it sees the branch of its own species only. */
  readonly perSpeciesHead: boolean;
  /** Batch norm after every convolution of the trunk. */
  readonly batchNorm: boolean;
  /** Chance that a unit is dropped after every block of the trunk, in training. */
  readonly dropout: number;
}

/** A recurrence in every cell, and a U-Net over its states. */
export interface TrunkSettings extends HeadSettings {
  /** Units of the LSTM. */
  readonly hidden: number;
  /** Hidden states of all steps as channels of the U-Net, or the last one only. */
  readonly allStates: boolean;
  readonly learnedInitialState: boolean;
  /** Units that each cell makes of its hidden states and tracers, where these are given. */
  readonly cellWidth: number;
  /** Channels of each level, the deepest last; the number of poolings is one less. */
  readonly widths: readonly number[];
  /** 3x3 blocks of each encoder level and of the deepest. */
  readonly encoderConvs: number;
  /** 3x3 blocks of each decoder level. */
  readonly decoderConvs: number;
}

export interface LstmUnetSettings extends TrunkSettings {
  readonly network: 'lstm-unet';
}

export interface ResponseUnetSettings extends TrunkSettings {
  readonly network: 'response-unet';
}

export interface ResnetSettings extends HeadSettings {
  readonly network: 'resnet';
  readonly width: number;
  /** Residual blocks of two 3x3 convolutions each. */
  readonly blocks: number;
}

export type NetworkSettings = LstmUnetSettings | ResponseUnetSettings | ResnetSettings;

/** `layers` equal 3x3 layers. */
export function plainBranch(layers: number, width: number): BranchSettings {
  return { layers: Array.from({ length: layers }, () => ({ kernel: 3, width })) };
}

/** The method of the trial (design page "findings", rows f to h), the default before the response-unet: small, no batch norm, all states, softplus output. */
export const DEFAULT_LSTM_UNET: LstmUnetSettings = {
  network: 'lstm-unet',
  species: 4,
  hidden: 16,
  allStates: true,
  learnedInitialState: false,
  cellWidth: 96,
  widths: [24, 48, 96],
  encoderConvs: 2,
  decoderConvs: 1,
  batchNorm: false,
  dropout: 0,
  yBranch: plainBranch(2, 8),
  geographyBranch: plainBranch(2, 8),
  headWidth: 32,
  headActivation: 'softplus',
  perSpeciesHead: false,
};

/** The paper as printed (Huang et al. 2021, section 2.3): hidden states concatenated, batch norm, dropout, threshold output. Widths are not printed. */
export const PAPER_LSTM_UNET: LstmUnetSettings = {
  ...DEFAULT_LSTM_UNET,
  learnedInitialState: true,
  widths: [32, 64, 128],
  batchNorm: true,
  dropout: 0.1,
  headActivation: 'relu',
};

/** The authors' published code: LSTM 41 → 64, last state, U-Net 64/128/128, a branch and a head for each species. */
export const AUTHORS_LSTM_UNET: LstmUnetSettings = {
  ...PAPER_LSTM_UNET,
  hidden: 64,
  allStates: false,
  widths: [64, 128, 128],
  yBranch: {
    perChannel: true,
    layers: [
      { kernel: 7, width: 8 },
      { kernel: 3, width: 8 },
      { kernel: 3, width: 8 },
    ],
  },
  geographyBranch: {
    normalizeInput: true,
    layers: [
      { kernel: 7, width: 32 },
      { kernel: 3, width: 16 },
      { kernel: 3, width: 8 },
    ],
  },
  headWidth: 64,
  perSpeciesHead: true,
};

/** The paper's baseline: steps stacked as channels, residual blocks. */
export const PAPER_RESNET: ResnetSettings = {
  network: 'resnet',
  species: 4,
  width: 64,
  blocks: 6,
  batchNorm: true,
  dropout: 0.1,
  yBranch: plainBranch(2, 8),
  geographyBranch: plainBranch(2, 8),
  headWidth: 64,
  headActivation: 'relu',
  perSpeciesHead: false,
};

/**
 * How far in space an output looks: extents in cells, along rows or columns, of the steps that one output cell depends on. Through pooling and
 * up-convolution this depends on where the output cell lies in the pooling blocks, so the field has a smallest and a largest extent; their mean is what a
 * layer-by-layer count gives (38 for the paper's U-Net).
 */
export interface ReceptiveField {
  readonly smallest: number;
  readonly largest: number;
  readonly mean: number;
}

/** First and last index, inclusive, in the coordinates of a level. */
export type Interval = readonly [number, number];

const union = (a: Interval, b: Interval): Interval => [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
const widened = ([first, last]: Interval, radius: number): Interval => [first - radius, last + radius];

/** Computed from the structure; branches for y and geography do not count. */
export function receptiveField(settings: NetworkSettings): ReceptiveField {
  const period = poolingBlock(settings);
  const extents = Array.from({ length: period }, (_, position) => {
    const [first, last] = footprint(settings, position);
    return last - first + 1;
  });
  return { smallest: Math.min(...extents), largest: Math.max(...extents), mean: extents.reduce((total, n) => total + n, 0) / period };
}

/** The steps' rows (or columns) that the output at row `at` depends on, in an unbounded field. */
export function footprint(settings: NetworkSettings, position: number): Interval {
  if (settings.network === 'resnet') return widened([position, position], 1 + 2 * settings.blocks);
  const { encoderConvs, decoderConvs } = settings;
  const depth = settings.widths.length - 1;
  const throughLevel = (wanted: Interval, level: number): Interval => {
    if (level === depth) return widened(wanted, encoderConvs);
    const decoded = widened(wanted, decoderConvs);
    const lower = throughLevel([Math.floor(decoded[0] / 2), Math.floor(decoded[1] / 2)], level + 1);
    const pooled: Interval = [2 * lower[0], 2 * lower[1] + 1];
    return widened(union(decoded, pooled), encoderConvs);
  };
  return throughLevel([position, position], 0);
}

/** Cells of the deepest level's pooling blocks: a part of a domain that begins at a multiple of it is pooled as the domain is. */
export function poolingBlock(settings: NetworkSettings): number {
  return settings.network === 'resnet' ? 1 : 2 ** (settings.widths.length - 1);
}

/** The rows (or columns) of all inputs that the output at row `at` depends on, in an unbounded field: {@link footprint} and the branches. */
export function dependence(settings: NetworkSettings, position: number): Interval {
  const radius = ({ layers }: BranchSettings): number => layers.reduce((sum, { kernel }) => sum + (kernel - 1) / 2, 0);
  const branches = Math.max(radius(settings.yBranch), radius(settings.geographyBranch));
  return union(footprint(settings, position), widened([position, position], branches));
}
