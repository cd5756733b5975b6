import { stringify } from 'yaml';
import { knownSpecies, SPECIES, type Group, type Species } from '../base/species';
import type { PeriodSettings } from '../case';
import { DEMO_DOUBT, DEMO_DOUBT_WITH_COLUMNS, DEMO_MODEL_ERROR, DEMO_MODEL_ERROR_ASSUMPTIONS } from './demo-model-error';

export type DemoSize = 'quick' | 'default' | 'full';

/** How large each size of the demo is unless the caller says otherwise, and how long it learns. */
export const DEMO_SIZES: Record<DemoSize, { rows: number; cols: number; hours: number; spinUpHours: number; stations: number }> = {
  quick: { rows: 48, cols: 48, hours: 120, spinUpHours: 72, stations: 120 },
  default: { rows: 48, cols: 48, hours: 216, spinUpHours: 72, stations: 120 },
  full: { rows: 48, cols: 48, hours: 288, spinUpHours: 72, stations: 120 },
};

/** Members, training and inversion per size: quick shows every stage in under 2 minutes, default takes some 6, full is for the best figures. */
const EFFORT: Record<
  DemoSize,
  { members: number; training: object; inversion: { iterations: number }; rank: number; paperTraining: object; paperInversion: object }
> = {
  quick: {
    members: 3,
    training: { iterations: 300, evaluateEvery: 50, learningRateDecay: 0.03 },
    inversion: { iterations: 8 },
    rank: 60,
    paperTraining: { iterations: 150 },
    paperInversion: { iterations: 60 },
  },
  default: {
    members: 6,
    training: { iterations: 3000, learningRateDecay: 0.03, testFraction: 0.17 },
    inversion: { iterations: 24 },
    rank: 400,
    paperTraining: { iterations: 600 },
    paperInversion: { iterations: 200 },
  },
  full: {
    members: 32,
    training: { iterations: 16000, learningRateDecay: 0.03, testFraction: 0.17 },
    inversion: { iterations: 40 },
    rank: 600,
    paperTraining: { iterations: 4000 },
    paperInversion: { iterations: 1000 },
  },
};

/**
 * The paper's way with a network and an effort that fit a demo: 8 hours and the widths of the default method. The inversion is that of the authors'
 * code (Adam on the input tensor) with a factor per period: the gradient descent of the text, 0.1 over 10 000 epochs, does not move in minutes.
 */
const PAPER_AT_DEMO_SIZE = {
  surrogate: { window: [{ count: 8, hours: 1 }], hidden: 16, widths: [24, 48, 96], headWidth: 32 },
  training: { batch: 4, learningRate: 2e-3, learningRateDecay: 0.03, testFraction: 0.17, earlyStoppingIterations: 0, rotation: false },
  inversion: { optimiser: 'adam', factors: 'period', learningRate: 0.01, batch: 4 },
};

const DESCRIPTION =
  'A twin experiment on a made-up coast: the reference transport model, run with a known true inventory, makes the observations; ' +
  'the prior inventory is that truth with smooth errors of about 30 %.';

const WORLD_ASSUMPTIONS = [
  'Land, cities, weather and emissions are made up; their magnitudes are those of the North China Plain about 2013.',
  'Observations are the concentrations of the truth run at the monitors with 5 % noise; no monitor knows the prior run.',
];

const IDENTICAL_ASSUMPTION = 'Prior and truth share the transport model, so the transport model itself has no error here: a real case is harder.';

const PAPER_ASSUMPTION =
  "The paper's mode has its method, but the effort of a demo: 8 hourly steps, a network as wide as the default's, minutes of training, Adam on the input.";

const COLUMN_ASSUMPTION =
  'Satellites see columns of NO2, HCHO and NH3 of the truth run once a day at 13:30 local time, with clouds over a third to a half of the domain, averaging kernels and noise as TROPOMI and CrIS state them, in pixels of 7 km (NH3 14 km). The carbonyls of the model stand for HCHO.';

/** As TROPOMI and CrIS see them; `simulate` draws them from the truth run. */
const DEMO_COLUMNS = { NO2_column: { twin: {} }, HCHO_column: { twin: {} }, NH3_column: { twin: {} } };

const isDefault = (species: readonly Species[]): boolean => species.join() === SPECIES.join();

/** The text of the demo's case file. `periods` in the order in which they run; `nonIdentical`: the truth has another model (`demo-model-error.ts`). */
export function demoCaseYaml(options: {
  size: DemoSize;
  nonIdentical: boolean;
  seed: number;
  grid: { rows: number; cols: number };
  periods: { name: string; start: Date; hours: number; spinUpHours: number; members?: PeriodSettings['members'] }[];
  /** `emissions.groups` */
  groups: Record<Group, { variables: string[]; molarMass?: number }>;
  species: readonly Species[];
  /** whether satellites see columns */
  columns: boolean;
}): string {
  const effort = EFFORT[options.size];
  const { rows, cols } = options.grid;
  const half = Math.floor(rows / 2);
  const { nonIdentical, species, columns } = options;
  const demoCase = {
    name: nonIdentical ? 'demo-non-identical' : 'demo',
    description: DESCRIPTION,
    assumptions: [
      ...WORLD_ASSUMPTIONS,
      ...(nonIdentical ? DEMO_MODEL_ERROR_ASSUMPTIONS : [IDENTICAL_ASSUMPTION]),
      ...(columns ? [COLUMN_ASSUMPTION] : []),
      PAPER_ASSUMPTION,
    ],
    grid: { griddesc: 'inputs/GRIDDESC', name: 'DEMO' },
    periods: options.periods.map((period) => ({ ...period, start: period.start.toISOString().replace('.000', '') })),
    meteorology: { files: 'inputs/METCRO2D_{period}*.nc' },
    geography: { files: 'inputs/GRIDCRO2D.nc', variables: ['HT', 'LWMASK'] },
    emissions: {
      files: 'inputs/EMIS_{period}*.nc',
      groups: options.groups,
    },
    ...(isDefault(species) ? {} : { concentrations: { species: [...species] } }),
    ctm: { kind: 'reference' },
    members: { count: effort.members, seed: options.seed },
    truth: {
      factors: 'inputs/truth_factors.nc',
      ...(nonIdentical ? { options: DEMO_MODEL_ERROR.options, windError: { ...DEMO_MODEL_ERROR.windError, seed: options.seed + 10 } } : {}),
    },
    observations: {
      stations: { file: 'inputs/stations.csv' },
      layout: 'long',
      resolution: 'hourly',
      timeZone: 'UTC',
      columns: {
        station: 'station',
        time: 'time',
        species: Object.fromEntries(species.map((name) => [name, { column: name.replace('.', ''), unit: knownSpecies(name)?.unit }])),
      },
      twin: { noise: 0.05, seed: options.seed + 6 },
    },
    ...(columns ? { columns: DEMO_COLUMNS } : {}),
    training: effort.training,
    // Beside the members, runs that change one group alone.
    ...(options.size === 'full' ? { response: { groups: Object.keys(options.groups) } } : {}),
    // A surrogate of two minutes shows the stages, not a response to rely on.
    certificate: {
      ...(options.size === 'full' ? { factors: [0.8], patches: { count: 6 } } : {}),
      ...(options.size === 'quick' ? { onFailure: 'warn' } : {}),
    },
    // Ozone, which depends on VOC in summer, is observed: VOC is not as tight as where no monitor sees it. Where a satellite does, it is as free as others.
    inversion: {
      iterations: Math.round((effort.inversion.iterations * species.length) / SPECIES.length), // more is to be fitted
      ...('VOC' in options.groups && !columns ? { priorSpread: { VOC: 0.25 } } : {}),
      ...(nonIdentical ? { ...(columns ? DEMO_DOUBT_WITH_COLUMNS : DEMO_DOUBT), uncertainty: { ...DEMO_DOUBT.uncertainty, rank: effort.rank } } : {}),
    },
    paperMode: {
      run: true,
      ...PAPER_AT_DEMO_SIZE,
      training: { ...PAPER_AT_DEMO_SIZE.training, ...effort.paperTraining },
      inversion: { ...PAPER_AT_DEMO_SIZE.inversion, ...effort.paperInversion },
    },
    regions: { south: { rows: [0, half - 1], cols: [0, cols - 1] }, north: { rows: [half, rows - 1], cols: [0, cols - 1] } },
  };
  return `# Written by the demo. Every key is explained in docs/case-file.md.\n${stringify(demoCase, { lineWidth: 140 })}`;
}
