/** The networks and sizes that speed is stated for. Sizes are data, so that tests run the same code on a few cells. */
import { AUTHORS_LSTM_UNET, DEFAULT_LSTM_UNET, PAPER_LSTM_UNET, plainBranch, type LstmUnetSettings, type ResponseUnetSettings } from '../../nn';

/**
 * What is timed of a workload: `train`: forward, backward to all parameters, Adam; `invert`: forward, backward to the emissions only and
 * their projected update, the network frozen; `infer`: forward, the network frozen.
 */
export const STEPS = ['train', 'invert', 'infer'] as const;
export type Step = (typeof STEPS)[number];

export interface Workload {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  /** Steps of the window, T. */
  readonly steps: number;
  /** Channels of a step; the first `emissions` of them are what is inverted for. */
  readonly channels: number;
  readonly emissions: number;
  readonly geography: number;
  /** Tracers of the hour; a network that sees them sees no earlier concentrations, as by default. */
  readonly tracers?: number;
  readonly network: LstmUnetSettings | ResponseUnetSettings;
  /** Samples that are timed together. */
  readonly batch: Readonly<Record<Step, number>>;
  /** The training step whose peak memory is measured: its batch; whether PyTorch can hold it too; whether it is quick enough to be measured unasked. */
  readonly memory: { readonly batch: number; readonly peers: boolean; readonly unasked: boolean };
}

const EMISSIONS = 5;

/** The paper's network as printed, at the size of its domain. */
const COMPACT: Workload = {
  name: 'compact',
  rows: 182,
  cols: 232,
  steps: 8,
  channels: 13,
  emissions: EMISSIONS,
  geography: 4,
  network: {
    ...PAPER_LSTM_UNET,
    learnedInitialState: false,
    yBranch: plainBranch(2, 16),
    geographyBranch: plainBranch(2, 16),
    headWidth: 64,
  },
  batch: { train: 8, invert: 2, infer: 1 },
  memory: { batch: 8, peers: true, unasked: true },
};

/** The network of the authors' published code. One sample at a time: PyTorch takes 6 GB for one. */
const AUTHORS: Workload = {
  name: 'authors',
  rows: 182,
  cols: 232,
  steps: 24,
  channels: 41,
  emissions: EMISSIONS,
  geography: 27,
  network: AUTHORS_LSTM_UNET,
  batch: { train: 1, invert: 1, infer: 1 },
  memory: { batch: 8, peers: false, unasked: false },
};

/** A network as small as the demo's, at its size: the lstm-unet with the window that it had before there were tracers. */
const DEMO: Workload = {
  name: 'demo',
  rows: 48,
  cols: 48,
  steps: 16,
  channels: 15,
  emissions: EMISSIONS,
  geography: 4,
  network: DEFAULT_LSTM_UNET,
  batch: { train: 8, invert: 8, infer: 8 },
  memory: { batch: 8, peers: true, unasked: false },
};

/** What a case has by default, with the channels and on the domain of the real case (docs/cases/china.md). */
const DEFAULT: Workload = {
  name: 'default',
  rows: 182,
  cols: 232,
  steps: 8,
  channels: 19,
  emissions: EMISSIONS,
  geography: 2,
  tracers: 27,
  network: { ...DEFAULT_LSTM_UNET, network: 'response-unet' },
  batch: { train: 1, invert: 1, infer: 1 },
  memory: { batch: 1, peers: true, unasked: false },
};

export const WORKLOADS: Readonly<Record<string, Workload>> = { compact: COMPACT, authors: AUTHORS, demo: DEMO, default: DEFAULT };
