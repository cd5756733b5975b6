/**
 * Everything that the report shows, as plain objects and typed arrays: the pipeline fills it, the page only draws it.
 *
 * Conventions, everywhere in this file:
 * - fields `[H, W]` are row-major with rows south → north, as the grid's;
 * - series `[T, S]` are time-major over the stations of `ReportData.stations`, NaN where a value is missing;
 * - what is optional and absent is left out of the page, never invented;
 * - NaN or undefined inside a table is printed as "–".
 *
 * Totals, changes, scores (MAE, NMB, NME, r) and regional sums are computed by the report from these fields, so that a number on the page
 * can never disagree with the field or the series beside it.
 */
import type { Grid } from '../../grid/grid';
import type { AuditRow } from '../../assimilation/scores/audit';
import type { ColumnRow } from '../../assimilation/scores/column-scores';
import type { ColumnCounts } from '../../columns/column-store';
import type { CandidateScore } from '../../inversion/cross-validation/fold-scores';
import type { GainByPart } from '../../inversion/cost/evaluation';
import type { ScoreRow } from '../../inversion/scores/score-rows';
import type { Coverage } from '../../inversion/uncertainty/coverage';
import type { AreaFigures } from '../../inversion/uncertainty/figures';
import type { InnovationStatistics } from '../../inversion/uncertainty/innovations';
import type { Certificate } from '../../surrogate/judgement/certificate';
import type { DistanceFigures } from '../../surrogate/judgement/training-distance';
import type { PeriodWeather } from '../../surrogate/judgement/weather-distance';

/** Which of the two methods a result belongs to: Retroplume's own, or that of Huang et al. (2021). */
export type ReportMode = 'default' | 'paper';

/** What the page needs of a grid; `Grid` of core/src/grid is one. */
export type ReportGrid = Pick<Grid, 'rows' | 'cols' | 'definition' | 'toXY' | 'toLonLat' | 'turn' | 'cellArea'>;

/** Coast and borders under the maps: of the real world, of a made-up region (cell edges between land and sea of a mask), or none. */
export type ReportBasemap = { kind: 'world' } | { kind: 'landMask'; landMask: ArrayLike<number> /* [H, W], 1 land, 0 sea */ } | { kind: 'none' };

/** One period of the case; it begins with the spin-up, which `hours` does not count. */
export interface ReportPeriod {
  name: string;
  start: Date;
  hours: number;
  spinUpHours?: number;
}

/** Emissions of one group in one period: means over the period, `[H, W]`, kg m-2 s-1. */
export interface ReportEmissions {
  period: string;
  group: string;
  prior: ArrayLike<number>;
  /** of the run's own mode (`ReportData.mode`) */
  updated: ArrayLike<number>;
  /** of the paper's mode, where it was run beside the default */
  paper?: ArrayLike<number>;
  /** twin experiment only: truth = prior × factor, `[H, W]`, dimensionless */
  truthFactor?: ArrayLike<number>;
  /** part of the period in which the monitors constrain the cell, 0…1, `[H, W]` */
  constrained?: ArrayLike<number>;
  /** how far the run's own mode moved the factors, in spreads of the prior (`movementOfGroups`); absent where nothing was inverted or there is no prior */
  movement?: number;
}

/**
 * A monitor. `used`: in the cost; `watched`: not in the cost, but it chose the iterate that was kept, so the page counts it with the used;
 * `withheld`: never looked at, so it judges the result. `block`: the spatial block in which it was drawn.
 */
export interface ReportStation {
  id: string;
  name?: string;
  lon: number;
  lat: number;
  role: 'used' | 'watched' | 'withheld';
  block?: number | string;
}

/**
 * Concentrations of one species in one period at all stations, `[T, S]`, in the species' unit, at the times of the observations.
 * `prior`, `updated` and `paper` come from runs of the CTM itself (never of the surrogate).
 */
export interface ReportConcentrations {
  period: string;
  species: string;
  start: Date;
  /** 3600 or 86400 */
  stepSeconds: number;
  /** by which the zone that days are of is ahead of UTC at `start`; absent: 0 */
  utcOffsetHours?: number;
  observed: ArrayLike<number>;
  prior: ArrayLike<number>;
  updated: ArrayLike<number>;
  paper?: ArrayLike<number>;
}

/** An entry of `observations.independent`: its monitors, all `withheld`, and their series over these. Its scores are rows of {@link ReportScores} that have its name. */
export interface ReportIndependent {
  name: string;
  stations: ReportStation[];
  concentrations: ReportConcentrations[];
}

/** An update from the members alone, without the network, beside that of the run's own mode: what the network adds. */
export interface ReportMembersAlone {
  members: number;
  /** in which a monitor's weight falls to exp(−1/2) */
  lengthKm: number;
  /** mean absolute errors at withheld monitors, of runs of the CTM, in the species' unit */
  withheld: { species: string; unit: string; prior: number; network: number; members: number }[];
  /** of the inventory against a known truth; empty without one */
  inventory: { group: string; prior: number; network: number; members: number }[];
}

/** Columns of one species in one period: means over its observed hours, `[H, W]`, µmol m-2, NaN in cells without a value. */
export interface ReportColumnField {
  species: string;
  period: string;
  product: string;
  counts: ColumnCounts;
  /** that are compared */
  values: number;
  /** in which there are any */
  hours: number;
  observed: ArrayLike<number>;
  prior: ArrayLike<number>;
  updated: ArrayLike<number>;
}

/** Columns of satellites, of the run's own mode. */
export interface ReportColumns {
  rows: ColumnRow[];
  /** where emissions suit the columns and not the withheld monitors */
  warning?: string;
  fields: ReportColumnField[];
}

/** Error of the surrogate's concentrations against the CTM on what training did not see (the paper's table 1). `r` optional. */
export interface SurrogateScore {
  mode: ReportMode;
  /** names of runs that training did not see; none: the last days of each period */
  testRuns?: readonly string[];
  /** whether training stopped early by them: not trained on, and yet seen */
  choseWeights?: boolean;
  species: string;
  mae: number;
  nmb?: number;
  nme?: number;
  r?: number;
  period?: string;
}

/** Free-running response to the emissions of one group, surrogate against CTM: those times `responseFactor` of the report for the whole period, or the group's part of members. */
export interface ResponseScore {
  mode: ReportMode;
  /** such as `NOx>NO2` */
  pair: string;
  slope: number;
  r: number;
  period?: string;
  /** mean change over the domain in the CTM and the surrogate, in the species' unit */
  ctmChange?: number;
  surrogateChange?: number;
  /** root mean square of the CTM's change over the mean concentration */
  relativeSize?: number;
}

/** Pairs that nobody asks for are shown where the group matters to the species: a change of at least this part of the concentration. */
export const SHOWN_RESPONSE = 0.02;

/** A surrogate that takes initial concentrations, with those from one place: error in test per species (1 = 100 %), slope of the free-running response per pair. */
export interface InitialScore {
  mode: ReportMode;
  period: string;
  from: 'prior' | 'rollout' | 'zero';
  nme: Record<string, number>;
  slopes: Record<string, number>;
}

/** The surrogate's certificate; that of `ReportData.mode` decides whether the page begins with a banner, and so does its absence. */
export type ReportCertificate = Certificate & { mode: ReportMode };

/** One point of a learning curve; losses are dimensionless. */
export interface LearningPoint {
  iteration: number;
  loss: number;
  testLoss?: number;
}

/**
 * One point of an inversion (the history of core/src/inversion fits as it is): total cost J = observation term + prior term, dimensionless;
 * `watched`: mean over species of the MAE at watched monitors relative to that of the prior, 1 at the start.
 */
export interface InversionPoint {
  iteration: number;
  total: number;
  observation?: number;
  prior?: number;
  watched?: number | null;
}

/** One inversion: how it went and how it ended. */
export interface ReportInversion {
  mode: ReportMode;
  period?: string;
  points: InversionPoint[];
  /** why it ended, such as `converged` */
  status?: string;
  /** steps taken, and the step whose control was kept */
  iterations?: number;
  keptIteration?: number;
  /** of several starts: J where the first began, which is no random control; absent: that of the first point */
  from?: number;
  /** part of the emitting cells whose factor lies at a bound, per group (0…1) */
  atBound?: Record<string, number>;
  /** where initial concentrations were inverted too; MAE in the order of `ReportData.species` */
  gain?: GainByPart;
  /** what was inverted beside the emissions, with its spread a priori; biases of monitors have names that begin with `bias` */
  nuisance?: { name: string; unit: string; spread: number; value: number }[];
}

/** How far the updated emissions of `ReportData.mode` lie from those that the surrogate was trained on. */
export interface ReportTrust {
  /** runs with changed emissions that the surrogate was trained on; with none there are no figures and no fields */
  members: number;
  /** largest distance that the inversion was allowed */
  limit?: number;
  /** distance that counts as beyond */
  beyond: number;
  groups: (DistanceFigures & { group: string; period: string; atLimit?: number })[];
  /** of each period that the surrogate was not trained in, if there are such */
  weather?: PeriodWeather[];
  /** distance of the group that is farthest, `[H, W]`, NaN where nothing is emitted or arrives */
  fields: { period: string; distance: ArrayLike<number> }[];
}

/** Errors of one species at one side's monitors, in its unit, all periods together; realised: null where the transport model did not run. */
export interface LoopGain {
  species: string;
  stations: 'used' | 'withheld';
  /** of `ReportData.regions`; absent: the whole domain */
  region?: string;
  priorMae: number;
  predictedMae: number;
  realisedMae: number | null;
}

/** One pass of the closed loop; `realisedError`: mean over species of the MAE at used monitors relative to that of the prior run. */
export interface LoopPassScore {
  pass: number;
  realisedError: number | null;
  gains: LoopGain[];
}

/** The closed loop; `updated` of emissions and concentrations is that of the pass `kept`. */
export interface ReportLoop {
  /** `agreed`: it ended early */
  status: 'agreed' | 'passes';
  kept: number;
  passes: LoopPassScore[];
}

/** Settings of the inversion that were tried with monitors left out in turn. Indices are those of `candidates`, the first of which has the case's own settings. */
export interface ReportCrossValidation {
  settings: { by: 'blocks' | 'regions'; hoursPerDay: number; iterations: number };
  folds: { name: string; stations: number }[];
  /** `changes`: what differs from the case's own settings; scales are factors on them */
  candidates: { candidate: { spreadScale: number; errorScale: number }; changes: string[]; score: CandidateScore }[];
  best: number;
  picked: number;
  /** settings that differ in one scale only, in its order; `corner`: index of a point */
  lCurves: {
    key: 'spreadScale' | 'errorScale';
    points: { candidate: number; value: number; misfit: number; distance: number }[];
    corner: number | null;
  }[];
  /** whether the inversion took what was picked */
  applied: boolean;
}

/** The breakdown of scores that `verify` made, of the run's own mode first, rows in the same order in all. */
export interface ReportScores {
  /** smallest observed O3 above the cut-off, ppb */
  ozoneCutoff: number;
  modes: { mode: ReportMode; rows: ScoreRow[] }[];
}

/** What the monitors say of the emissions, and what they can't. */
interface ExpectedArea {
  period: string;
  region?: string;
  group: string;
  dofsEstimate: number | null;
  totalReduction: number;
}

export interface ReportUncertainty {
  method: 'lanczos' | 'rto';
  seconds: number;
  /** lanczos: products, degrees of freedom on the emissions, found and estimated, what leaving out the rest may do to a variance (0…1) */
  products?: number;
  dofs?: number;
  dofsEstimate?: number;
  /** where something is inverted beside the emissions: estimated degrees of freedom on that */
  dofsEstimateBeside?: { initialConcentrations?: number; nuisance?: number };
  rankError?: number;
  /** rto */
  members?: number;
  surrogates?: number;
  observations: number;
  leastReduction: number;
  areas: readonly AreaFigures[];
  /** where sectors have factors of their own: of each; `areas` are then of their sum */
  sectors?: readonly { sector: string; areas: readonly AreaFigures[] }[];
  innovations: readonly InnovationStatistics[];
  /** by what part the cost at the kept step exceeds the lowest that was seen */
  aboveMinimum?: number;
  coverage?: readonly Coverage[];
  /** what was expected before the inversion, and the seconds that the inversion then took */
  preview?: {
    areas: readonly ExpectedArea[];
    sectors?: readonly { sector: string; areas: readonly ExpectedArea[] }[];
    seconds: { gradient: number; product: number; inversion: number; uncertainty: number };
  };
  inversionSeconds?: number;
}

/** A region of the tables; `mask` `[H, W]`, a cell counts by its value in 0…1. */
export interface ReportRegion {
  name: string;
  mask: ArrayLike<number>;
}

/** Error of the inventory against the known truth (fractions: 0.3 = 30 %), as the pipeline scores it. Twin experiments only. */
export interface InventoryError {
  mode: ReportMode;
  group: string;
  period?: string;
  priorError: number;
  updatedError: number;
  /** the same of the cells near monitors that were used */
  nearMonitors?: { priorError: number; updatedError: number };
}

/** What the totals of one inversion hide. */
export interface ReportAudit {
  mode: ReportMode;
  rows: AuditRow[];
}

/** One stage of the run, as its record tells of it. */
export interface ReportStage {
  stage: string;
  /** wall-clock */
  seconds: number;
  startedAt?: Date;
  /** `cpu` or `cuda:N` */
  device?: string;
  /** commit, or version and hash of the program */
  code?: string;
}

/** A file that the run read or made, as its records tell of it. */
export interface ReportFile {
  path: string;
  bytes: number;
  /** hexadecimal */
  sha256: string;
  /** last changed; absent where the file is not there any more, or has another size */
  modified?: Date;
}

/** All that one report shows. */
export interface ReportData {
  caseName: string;
  description: string;
  /** the method behind `updated` in `emissions` and `concentrations` */
  mode: ReportMode;
  /** which CTM ran, in words: "Retroplume's reference transport model", "CMAQ 5.2 (user's command)" */
  ctm: string;
  /** true where the observations were made by the CTM from a known inventory */
  twin: boolean;
  created: Date;
  /** what a reader must know to judge the result; one sentence each, shown at the top */
  assumptions: string[];
  periods: ReportPeriod[];
  grid: ReportGrid;
  basemap?: ReportBasemap;
  /** in the order of tables and maps */
  groups: string[];
  /** with `uncertainty`: groups of which the monitors constrain no total, of whatever period and region */
  unconstrainedGroups?: string[];
  /** groups that the case left out of the inversion */
  notInvertedGroups?: string[];
  species: { name: string; unit: string }[];
  emissions: ReportEmissions[];
  stations: ReportStation[];
  concentrations: ReportConcentrations[];
  /** in the order of the case */
  independent?: ReportIndependent[];
  /** where the case has columns */
  columns?: ReportColumns;
  scores?: ReportScores;
  surrogate?: SurrogateScore[];
  response?: ResponseScore[];
  /** on the emissions of the group, in the runs of `response` */
  /** absent where no run changes one group alone */
  responseFactor?: number;
  initialConcentrations?: InitialScore[];
  certificates?: ReportCertificate[];
  learning?: { mode: ReportMode; points: LearningPoint[] }[];
  inversion?: ReportInversion[];
  trust?: ReportTrust;
  crossValidation?: ReportCrossValidation;
  loop?: ReportLoop;
  inventoryError?: InventoryError[];
  membersAlone?: ReportMembersAlone;
  audit?: ReportAudit[];
  uncertainty?: ReportUncertainty;
  regions?: ReportRegion[];
  /** in order */
  stages?: ReportStage[];
  /** any depth; flattened to `training.learningRate` and so on */
  settings: Record<string, unknown>;
  /** of the settings that have a default, in the same places; absent where nobody knows */
  defaults?: Record<string, unknown>;
  /** what the stages read from outside the run folder */
  inputs?: ReportFile[];
  /** what they made, by paths from there */
  results?: ReportFile[];
  /** name → version: retroplume, commit, node, onnxruntime, netcdf, machine … */
  versions: Record<string, string>;
}
