/** The public API of `@retroplume/core`. */
export {
  ConfigError,
  DataError,
  DeviceError,
  errorFigures,
  type ErrorFigures,
  GateError,
  GridError,
  InterruptedError,
  NumericalError,
  RetroplumeError,
  ShapeError,
  toldError,
  TransportError,
  UnitError,
} from './base/errors';
export { ALONE, giveWay, joinRanks, launchedByMpi, type Launched, type Ranks } from './base/process';
export {
  chooseDevice,
  describeDevice,
  DEVICE_CHOICES,
  DEVICE_PATTERN,
  MOST_THREADS,
  PRECISIONS,
  type Device,
  type DeviceChoice,
  type Precision,
} from './base/device';
export { describeEnvironment, type Environment, type Finding } from './base/environment';
export { idleKeys, loadCase, type Case } from './case';
export { demoFolder, runDemo, type DemoOptions, type DemoResult } from './run/commands/demo';
export { checkCase, type CheckOptions, type CheckResult } from './run/commands/check/check-case';
export { initCase, type CtmChoice, type InitOptions, type InitResult } from './run/commands/init/init';
export { inspectFile } from './run/commands/inspect/inspect';
export type { GridSummary, Inspection, Oddity, TimeSummary, VariableSummary } from './run/commands/inspect/inspection';
export type { Problem } from './run/commands/check/findings';
export type { Trial, TrialAgreement } from './run/commands/check/try-ctm';
export { submitChain, type SubmitOptions, type SubmitResult, type SubmittedJob } from './run/commands/jobs/submit-chain';
export { runStages } from './run/run-case';
export { type RunOptions, type RunResult, type VariantResult } from './run/run';
export { plannedWork, type PlannedStage, type PlannedWork, type StageState } from './run/planned-work';
export type { RunCounts } from './run/transport-runs/run-counts';
export { bundleRun, type BundleOptions, type BundleResult } from './run/commands/bundle/bundle';
export { reproduceBundle, type ComparedFile, type MovedInputs, type ReproduceOptions, type Reproduction } from './run/commands/bundle/reproduce';
export { runPart, type Part, type PartOptions, type PartResult, type SingleRun } from './run/run-part';
export { writeDesign, type DesignOptions, type DesignResult } from './run/commands/write-design';
export { STAGES, type StageEvent, type StageName, type Variant } from './run/engine/stage';

// Grids and files: for programs that make a case's inputs.
export { Grid, type GridDefinition, type TimeAxis } from './grid/grid';
export { readGriddesc, writeGriddesc } from './grid/griddesc';
export { CellOverlaps } from './grid/cell-overlaps';
export { IoapiFile } from './files/ioapi/ioapi-file';
export type { IoapiVariable } from './files/ioapi/ioapi-header';
export { IoapiSeries } from './files/ioapi/ioapi-series';
export { IoapiWriter, type IoapiContents } from './files/ioapi/ioapi-writer';
export { expandGlob } from './files/glob';
export { readCf, writeCf, type CfAttributes, type CfContents, type CfData, type CfVariable, type CfWritten } from './files/netcdf/netcdf-cf';
export type { CfLabels } from './files/netcdf/cf-labels';
export { readCfInventory, type CfInventory } from './inventory/cf/cf-inventory';
export { writeInventoryEmissions, type InventorySource, type MovedMass, type TemporalProfile } from './inventory/cf/inventory-emissions';
export { makeInventory, type InventoryResult } from './inventory/cf/inventory-file';
export { readStations, type Station, type StationList, type StationsSpec } from './observations/stations';
export type { ObservationsSpec } from './observations/observation-layouts';
export { readObservations, type Observations, type ObservationsOptions } from './observations/observations';
export { convert, type ConversionContext } from './units/units';

// Models: graph, networks, the trained surrogate.
export * as graph from './graph';
export * as nn from './nn';
export {
  openSurrogate,
  type AnchoredSurrogate,
  type OpenSurrogateOptions,
  type SurrogateHours,
  type SurrogatePeriod,
} from './run/anchored-surrogate';

// Inversion of any forward model.
export { invert, type InversionOptions, type InversionResult } from './inversion/solve/invert';
export type { InversionProblem, InversionSettings } from './inversion/solve/inversion-problem';
export { Role, type ObservationBatch, type ObservationPlace, type Values } from './inversion/cost/cost';
export { type FactorShape, type ForwardModel, type LocalModel, type ModelPart } from './inversion/model/forward-model';
export { scores, type Scores } from './inversion/scores/scores';
export { dailyMeans, maximumDaily8hMeans, type DailyValues, type HourlySeries } from './inversion/observations/daily-values';
export { rateScores, type Averaging, type Rating, type Ratings } from './inversion/scores/performance-benchmarks';

// Sun and air, for made-up or climatological weather.
export { clearSkyIrradiance, cloudTransmission, cosSolarZenith, localSolarHour, saturationMixingRatio, solarDeclination } from './worlds/solar';

// Speed: what `retroplume bench` measures.
export * as bench from './bench';

// Types that the signatures above name.
export type { Interval } from './base/block-bootstrap';
export type { NetcdfArray, NetcdfAttribute, NetcdfFormat } from '@retroplume/native';
export type { CoordinateSystem } from './grid/projection';
export type { CutCell, LatLonCells, SourceCells } from './grid/lat-lon-cells';
export type { GridWindow, Stagger } from './grid/grid';
export type { Group, Species } from './base/species';
export type { TimeSpan } from './files/netcdf/cf-time';
export type { GasReference, GasRule } from './observations/model-units';
export type { GridChoice, IoapiReader } from './files/ioapi/ioapi-file';
export type { OverlapRule, SeriesOptions } from './files/ioapi/ioapi-series';
export type { LayoutName } from './observations/observation-layouts';
export type { ObservationQuality, SpeciesQuality } from './observations/observation-quality';
export type { OffStep } from './observations/observation-quality';
export type { WindDirection } from './grid/wind';
export type { QualityRules, RuleCounts } from './observations/quality-rules';
export type { RepresentativeDay } from './files/ioapi/ioapi-series';
export type {
  Certificate,
  JointResponse,
  PairLimits,
  PairResponse,
  RingResponse,
  SensitivityResponse,
  Verdict,
} from './surrogate/judgement/certificate';
export type { DifferentiationTest } from './surrogate/judgement/differentiation';
export type { ConcentrationErrors } from './surrogate/judgement/evaluate';
export type { ResponseFigures } from './surrogate/judgement/response-comparison';
export type { Ring } from './surrogate/judgement/source-patches';
export type { AuditRow } from './assimilation/scores/audit';
export type { CostRequest } from './inversion/cost/cost';
export type { Decorrelation } from './inversion/cost/correlated-errors';
export type { BatchCost, CostSettings, Divisor, Loss } from './inversion/cost/cost';
export type { Evaluation } from './inversion/cost/evaluation';
export type { CandidateScore, FoldResult, LeftOutError } from './inversion/cross-validation/fold-scores';
export type { GainByPart, PartFit } from './inversion/cost/evaluation';
export type { HistoryPoint, InversionStatus } from './inversion/solve/inversion-state';
export type { Linearisation, LinearisedAbout } from './inversion/model/forward-model';
export type { MaeChange } from './inversion/scores/mae-change';
export type { DiurnalShift, Redistribution } from './inversion/scores/redistribution';
export type { Plausibility, RegionalResponse } from './inversion/scores/regional-response';
export type { SlotCorrelation } from './inversion/control/correlation-bases';
export type { Comparison as FileComparison } from './run/commands/bundle/compare-files';
export type { JobState } from './run/engine/current-job';
export type { Candidate, CandidateResult, CrossValidation, FarCorrelation, LCurve } from './assimilation/cross-validation/candidates';
export type { ChainJob } from './run/commands/jobs/chain-file';
export type { JobName } from './run/commands/jobs/chain-plan';
export type { SchedulerName } from './run/commands/jobs/job-script';
export type { InitialFrom, Response as EmissionResponse } from './assimilation/surrogate/evaluate-period';
export type { InitialFigures } from './run/learning/evaluate';
export type { Gain as LoopGain } from './assimilation/scores/loop-gains';
export type { LoopSummary } from './run/inversions/loop';
export type { Passes as LoopPasses, PassSummary } from './run/inversions/loop-walk';
export type { InventoryErrors, InventorySummary } from './assimilation/scores/inventory-errors';
export type { Comparison as ScoreComparison, VerifySummary } from './run/results/verify';
