/** A report's worth of made-up data, for tests of the page: plausible in shape and size, true of nothing. */
import type { AuditRow } from '../../assimilation/scores/audit';
import { smoothRandomField } from '../../grid/correlation';
import { Grid } from '../../grid/grid';
import { scoreRows, type RunSeries, type ScoreRow } from '../../inversion/scores/score-rows';
import { Random } from '../../base/random';
import { judge, type PairLimits, type PairResponse } from '../../surrogate/judgement/certificate';
import type {
  ReportCertificate,
  ReportConcentrations,
  ReportData,
  ReportEmissions,
  ReportMode,
  ReportScores,
  ReportStation,
  ReportUncertainty,
} from '../data/report-data';

export const GROUPS = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'];
export const SPECIES = [
  { name: 'NO2', unit: 'ppb' },
  { name: 'SO2', unit: 'ppb' },
  { name: 'O3', unit: 'ppb' },
  { name: 'PM2.5', unit: 'ug m-3' },
];

/** Huang et al.'s grid: Lambert conformal, 27 km, 232 x 182. */
export function chinaGrid(): Grid {
  return new Grid({
    name: 'cn27',
    gdtyp: 2,
    pAlp: 25,
    pBet: 40,
    pGam: 110,
    xcent: 110,
    ycent: 34,
    xorig: -3132000,
    yorig: -2457000,
    xcell: 27000,
    ycell: 27000,
    cols: 232,
    rows: 182,
  });
}

export function smallGrid(): Grid {
  return new Grid({
    name: 'DEMO',
    gdtyp: 2,
    pAlp: 30,
    pBet: 60,
    pGam: 10,
    xcent: 10,
    ycent: 45,
    xorig: -648000,
    yorig: -648000,
    xcell: 27000,
    ycell: 27000,
    cols: 48,
    rows: 48,
  });
}

export interface SyntheticOptions {
  grid: Grid;
  periods: string[];
  steps: number;
  stepSeconds: number;
  stations: number;
  twin: boolean;
  paper: boolean;
  /** with runs that `verify` makes of prior and updated one: interpolated, without bias, with what was found */
  withDerivedRuns?: boolean;
}

function makeEmissions(options: SyntheticOptions, land: Float64Array, random: Random): ReportEmissions[] {
  const { grid, periods, twin, paper } = options;
  return periods.flatMap((period) =>
    GROUPS.map((group) => {
      const pattern = smoothRandomField(grid.rows, grid.cols, 3, random);
      const error = smoothRandomField(grid.rows, grid.cols, 8, random);
      const prior = Float32Array.from(pattern, (value, cell) => (land[cell] ? 2e-10 * Math.exp(1.6 * value) : 0));
      const factor = Float32Array.from(error, (value) => Math.exp(0.3 * value));
      return {
        period,
        group,
        prior,
        updated: prior.map((value, cell) => value * (factor[cell] ?? 1) ** 0.8),
        movement: group === 'NH3' ? 0.02 : 0.5,
        ...(paper ? { paper: prior.map((value, cell) => value * (factor[cell] ?? 1) ** 1.9) } : {}),
        ...(twin ? { truthFactor: factor } : {}),
      };
    }),
  );
}

function makeStations(options: SyntheticOptions, random: Random): ReportStation[] {
  const { grid } = options;
  return Array.from({ length: options.stations }, (_, index) => {
    const [row, col] = [random.integer(grid.rows), random.integer(grid.cols)];
    const block = `${Math.floor(row / 8)}-${Math.floor(col / 8)}`;
    return {
      id: `S${index}`,
      ...grid.centre(row, col),
      role: (Math.floor(row / 8) + Math.floor(col / 8)) % 5 === 0 ? 'withheld' : index % 10 === 0 ? 'watched' : 'used',
      block,
    };
  });
}

function makeConcentrations(options: SyntheticOptions, random: Random): ReportConcentrations[] {
  const size = options.steps * options.stations;
  return options.periods.flatMap((period, index) =>
    SPECIES.map(({ name }, species) => {
      const truth = Float32Array.from({ length: size }, (_, cell) => {
        const phase = (2 * Math.PI * Math.floor(cell / options.stations) * options.stepSeconds) / 86400;
        return (6 + 8 * species) * Math.exp(0.5 * random.normal() + 0.4 * Math.sin(phase));
      });
      const off = (bias: number, noise: number): Float32Array => truth.map((value) => value * bias * Math.exp(noise * random.normal()));
      return {
        period,
        species: name,
        start: new Date(Date.UTC(2026, index === 0 ? 0 : 6, 5)),
        stepSeconds: options.stepSeconds,
        observed: truth.map((value) => (random.uniform() < 0.03 ? NaN : value)),
        prior: off(1.35, 0.3),
        updated: off(name === 'O3' ? 1.7 : 1.05, 0.15),
        ...(options.paper ? { paper: off(0.8, 0.3) } : {}),
      };
    }),
  );
}

/** Rows of scores of the made-up concentrations: every second station in the north, a third of them urban, nobody in the west, withheld ones 27 or 54 km from used. */
function makeScores(concentrations: ReportConcentrations[], stations: ReportStation[], { paper, withDerivedRuns }: SyntheticOptions): ReportScores {
  const scored = stations.map(({ id, role, block }, index) => ({
    id,
    withheld: role === 'withheld',
    block: String(block),
    regions: index % 2 ? ['North'] : [],
    ...(index % 3 ? {} : { type: 'urban' }),
    ...(role === 'withheld' ? { nearestUsedKm: 27 * (1 + (index % 2)) } : {}),
  }));
  const rows = (run: 'updated' | 'paper'): ScoreRow[] => {
    const periods = [...new Set(concentrations.map(({ period }) => period))].map((name) => {
      const periodConcentrations = concentrations.filter(({ period }) => period === name);
      const series = periodConcentrations.map(({ species, observed, prior, [run]: updated }): [string, RunSeries] => {
        const [o, p, u] = [observed, prior, updated!].map((values) => Float32Array.from(values));
        const derivedRuns = { interpolated: p, interpolatedMean: p, priorBiasCorrected: p, updatedBiasCorrected: u, updatedAndFound: u };
        return [species, { observed: o, prior: p, updated: u, ...(withDerivedRuns && run === 'updated' ? derivedRuns : {}) }];
      });
      return { name, firstHour: 0, stepSeconds: periodConcentrations[0].stepSeconds, stations: scored, series: new Map(series) };
    });
    return scoreRows(periods, { species: SPECIES.map(({ name }) => name), regions: ['North', 'West'], ozoneCutoff: 40, distancesKm: [40, 81] });
  };
  return {
    ozoneCutoff: 40,
    modes: [{ mode: 'default', rows: rows('updated') }, ...(paper ? [{ mode: 'paper' as const, rows: rows('paper') }] : [])],
  };
}

function makeInversion(): NonNullable<ReportData['inversion']>[number]['points'] {
  return Array.from({ length: 80 }, (_, iteration) => {
    const observation = 400 * Math.exp(-iteration / 15) + 60;
    const prior = 50 * (1 - Math.exp(-iteration / 20));
    return { iteration, total: observation + prior, observation, prior, watched: 0.75 * Math.exp(-iteration / 18) + 0.25 };
  });
}

const LIMITS: PairLimits[] = [
  { group: 'NOx', species: 'NO2', minSlope: 0.6, maxSlope: 1.5, minR: 0.7, minSignAgreement: 0.9 },
  { group: 'PM2.5', species: 'PM2.5', minSlope: 0.6, maxSlope: 1.5, minR: 0.7, minSignAgreement: 0.9 },
];

/** A certificate with slopes about `slope`. */
export function syntheticCertificate(mode: ReportMode, periods: string[], slope: number): ReportCertificate {
  const figures = {
    slope,
    cosine: 0.93,
    r: 0.9,
    signAgreement: 0.97,
    clear: 1000,
    ctmChange: 1,
    surrogateChange: slope,
    relativeSize: 0.2,
    days: 6,
    intervals: Object.fromEntries(
      ['slope', 'cosine', 'r', 'signAgreement'].map((name) => [name, { low: slope - 0.1, high: slope + 0.1 }]),
    ) as NonNullable<PairResponse['figures']['intervals']>,
  };
  const pairs = periods.flatMap((period) => LIMITS.map(({ group, species }) => ({ group, species, period, runs: ['a', 'b'], figures })));
  const rings = [{ fromKm: 0, toKm: 0 }, { fromKm: 0, toKm: 81 }, { fromKm: 81 }].map((ring) => ({ ...pairs[0], patches: 6, ring }));
  const differentiation = {
    taylor: [],
    floor: 5e-7,
    order: 2.01,
    dotProduct: [{ error: 0.01, gain: 1.001 }],
    limits: { error: 0.15, gain: 0.02 },
    passed: true,
  };
  const sensitivities = [
    { ...pairs[0], name: 'ddm' },
    { ...pairs[1], name: 'ddm-north', where: 'North' },
  ];
  return { mode, ...judge({ differentiation, pairs, rings, joint: [], sensitivities }, LIMITS, periods) };
}

/** The paper's BTH among a region that answers: NO2 falls by a quarter where NOx rises by 1 %. */
function syntheticAudit(period: string): AuditRow[] {
  const moved = { prior: 2, moved: 0.3, netsOut: 0.9, patternCorrelation: 0.9, factorCorrelation: -0.4 };
  const answer = { species: 'NO2', stations: 12, prior: 20 };
  return [
    {
      period,
      region: 'BTH',
      group: 'NOx',
      ...moved,
      updated: 2.02,
      change: 0.01,
      response: {
        ...answer,
        updated: 15,
        concentrationChange: -0.25,
        elasticity: -25,
        plausibility: 'opposite',
        nearMonitors: -0.2,
        neighbours: -0.08,
      },
    },
    {
      period,
      region: 'YRD',
      group: 'NOx',
      ...moved,
      updated: 1.6,
      change: -0.2,
      response: { ...answer, updated: 17, concentrationChange: -0.15, elasticity: 0.75, plausibility: 'plausible', nearMonitors: -0.2 },
    },
    { period, region: 'YRD', group: 'VOC', ...moved, updated: 2, change: 0, diurnal: { hours: 1.5, distance: 0.12 } },
  ];
}

export function syntheticReport(options: SyntheticOptions): ReportData {
  const random = new Random(5);
  const { grid, twin, paper } = options;
  const sea = smoothRandomField(grid.rows, grid.cols, 10, random);
  const land = sea.map((value) => (value > -0.8 ? 1 : 0));
  const emissions = makeEmissions(options, land, random);
  const stations = makeStations(options, random);
  const concentrations = makeConcentrations(options, random);
  const modes = paper ? (['default', 'paper'] as const) : (['default'] as const);
  return {
    caseName: 'synthetic <b>case</b> & co',
    description: 'Made up to test the page: <script>alert(1)</script> must stay text.',
    mode: 'default',
    ctm: 'Retroplume’s reference transport model',
    twin,
    created: new Date(Date.UTC(2026, 10, 24, 12)),
    assumptions: ['The pattern of all groups follows NOx.', 'Temperature and humidity come from a stated climatology, not from a weather model.'],
    periods: options.periods.map((name, index) => ({
      name,
      start: new Date(Date.UTC(2026, index === 0 ? 0 : 6, 5)),
      hours: (options.steps * options.stepSeconds) / 3600,
      spinUpHours: 72,
    })),
    grid,
    basemap: twin ? { kind: 'landMask', landMask: land } : { kind: 'world' },
    groups: GROUPS,
    species: SPECIES,
    emissions,
    stations,
    concentrations,
    scores: makeScores(concentrations, stations, options),
    surrogate: modes.flatMap((mode) =>
      SPECIES.map(({ name }, index) => ({
        mode,
        testRuns: mode === 'paper' ? [] : ['member12'],
        choseWeights: mode === 'paper',
        species: name,
        mae: 0.4 + 0.3 * index,
        nmb: -0.02,
        nme: 0.15,
        r: 0.95,
      })),
    ),
    responseFactor: 1.3,
    response: modes.flatMap((mode) =>
      ['NOx>NO2', 'SO2>SO2', 'PM2.5>PM2.5', 'NOx>O3'].map((pair) => ({
        mode,
        pair,
        slope: mode === 'paper' ? 0.5 : 0.93,
        r: 0.97,
        ctmChange: 1.2,
        surrogateChange: 1.1,
      })),
    ),
    certificates: modes.map((mode) => syntheticCertificate(mode, options.periods, mode === 'paper' ? 0.12 : 0.85)),
    learning: modes.map((mode) => ({
      mode,
      points: Array.from({ length: 120 }, (_, step) => ({
        iteration: step * 25,
        loss: 0.9 * Math.exp(-step / 40) + 0.1,
        ...(step % 4 === 0 ? { testLoss: 0.95 * Math.exp(-step / 40) + 0.14 } : {}),
      })),
    })),
    inversion: modes.flatMap((mode) =>
      options.periods.map((period) => ({
        mode,
        period,
        points: makeInversion(),
        status: 'stopped-on-withheld',
        iterations: 79,
        keptIteration: 71,
        atBound: { NOx: 0.02, SO2: 0 },
      })),
    ),
    audit: modes.map((mode) => ({ mode, rows: options.periods.flatMap(syntheticAudit) })),
    trust: {
      members: 8,
      beyond: 2,
      groups: options.periods.flatMap((period) =>
        GROUPS.map((group) => ({ group, period, median: 0.8, p95: 1.6, beyond: group === 'SO2' ? 0.12 : 0.01 })),
      ),
      fields: options.periods.map((period) => ({ period, distance: sea.map((value) => (value > 1 ? NaN : Math.abs(value))) })),
    },
    ...(twin
      ? {
          inventoryError: modes.flatMap((mode) =>
            GROUPS.map((group) => ({ mode, group, priorError: 0.31, updatedError: mode === 'paper' ? 0.45 : 0.14 })),
          ),
        }
      : {}),
    regions: [
      { name: 'North', mask: Uint8Array.from({ length: grid.rows * grid.cols }, (_, cell) => (cell >= (grid.rows * grid.cols) / 2 ? 1 : 0)) },
      { name: 'South', mask: Uint8Array.from({ length: grid.rows * grid.cols }, (_, cell) => (cell < (grid.rows * grid.cols) / 2 ? 1 : 0)) },
    ],
    stages: ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export', 'invert', 'apply', 'verify'].map((stage, index) => ({
      stage,
      seconds: 3 * 2.7 ** index,
    })),
    settings: {
      surrogate: {
        network: 'lstm-unet',
        widths: [24, 48, 96],
        window: [
          { count: 8, hours: 1 },
          { count: 4, hours: 3 },
        ],
      },
      training: { seed: 1, learningRate: 1e-3, missing: NaN },
      inversion: { engine: 'native' },
    },
    defaults: { surrogate: { network: 'lstm-unet', widths: [24, 48, 96] }, training: { learningRate: 2e-3 }, inversion: { engine: 'native' } },
    inputs: [{ path: 'inputs/GRIDDESC', bytes: 114, sha256: '76649339'.repeat(8), modified: new Date(Date.UTC(2026, 0, 1)) }],
    results: [{ path: 'invert/factors.nc', bytes: 123456, sha256: 'a0996b04'.repeat(8) }],
    versions: { retroplume: '0.1.0', node: process.version },
  };
}

/** NOx constrained, NH3 not, of one period; another region without them. */
export function syntheticUncertainty(): ReportUncertainty {
  const area = (group: 'NOx' | 'NH3', constrained: boolean): ReportUncertainty['areas'][number] => ({
    period: 'winter',
    group,
    total: {
      prior: 100,
      priorSigma: 12,
      updated: 80,
      sigma: constrained ? 3 : 9,
      oneSigma: [77, 83],
      twoSigma: [74, 86],
      reduction: constrained ? 0.7 : 0.01,
      constrained,
    },
    dofs: constrained ? 40 : 0,
    dofsEstimate: constrained ? 120 : -0.2,
    reduction: constrained ? 0.3 : 0.001,
    constrained: constrained ? 0.3 : 0,
  });
  const errors = { assumed: 2, diagnosed: 1.8 };
  return {
    method: 'lanczos',
    seconds: 300,
    products: 60,
    dofs: 40,
    dofsEstimate: 150,
    rankError: 0.83,
    observations: 8704,
    leastReduction: 0.1,
    areas: [area('NOx', true), area('NH3', false)],
    innovations: [
      {
        species: 'NO2',
        values: 2176,
        chiSquare: 2482,
        expected: 2153,
        observationError: errors,
        priorError: { assumed: 5, diagnosed: null },
        errorLengths: { km: 54.4, hours: null, part: 0.35, lasting: { place: 0.71, everywhere: null } },
      },
      { species: 'SO2', values: 0, chiSquare: 0, expected: 0, observationError: errors, priorError: errors },
    ],
    coverage: [{ group: 'NOx', cells: 1613, oneSigma: 0.7, twoSigma: 0.95, weighted: { oneSigma: 0.68, twoSigma: 0.93 } }],
    preview: {
      areas: [{ period: 'winter', group: 'NOx', dofsEstimate: 100, totalReduction: 0.6 }],
      seconds: { gradient: 2, product: 5, inversion: 16, uncertainty: 300 },
    },
    inversionSeconds: 20,
  };
}

/** What a page prints, as everybody sees it: without its script and what only that reads, and without pictures, whose base64 may spell any word. */
export function writtenText(page: string): string {
  return page.replace(/<script\b[^>]*>.*?<\/script\s*>/gs, '').replace(/base64,[A-Za-z0-9+/=]+/g, '');
}
