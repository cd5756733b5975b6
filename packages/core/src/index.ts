/** The public API of `@retroplume/core`. */
export * from './errors';
export { ALONE, giveWay, joinRanks, launchedByMpi, type Launched, type Ranks } from './ranks';
export { chooseDevice, describeDevice, DEVICE_CHOICES, DEVICE_PATTERN, PRODUCTS, type Device, type DeviceChoice, type Products } from './device';
export { describeEnvironment, type Environment, type Finding } from './environment';
export { idleKeys, loadCase, type Case } from './data/case';
export { demoFolder, runDemo, type DemoOptions, type DemoResult } from './pipeline/demo';
export { checkCase, type CheckOptions, type CheckResult } from './pipeline/check/check-case';
export { inspectFile } from './pipeline/inspect/inspect';
export type { GridSummary, Inspection, Oddity, TimeSummary, VariableSummary } from './data/inspect/inspection';
export type { Problem } from './pipeline/check/findings';
export { submitChain, type SubmitOptions, type SubmitResult, type SubmittedJob } from './pipeline/jobs/submit-chain';
export { MOST_THREADS, runStages, type RunOptions, type RunResult, type VariantResult } from './pipeline/run';
export { plannedWork, type PlannedStage, type PlannedWork, type StageState } from './pipeline/planned-work';
export { bundleRun, type BundleOptions, type BundleResult } from './pipeline/bundle/bundle';
export { reproduceBundle, type ComparedFile, type MovedInputs, type ReproduceOptions, type Reproduction } from './pipeline/bundle/reproduce';
export { runPart, type Part, type PartOptions, type PartResult, type SingleRun } from './pipeline/run-part';
export { writeDesign, type DesignOptions, type DesignResult } from './pipeline/simulate/write-design';
export { STAGES, type StageEvent, type StageName, type Variant } from './pipeline/engine/stage';

// Grids and files: for programs that make a case's inputs.
export { Grid, type GridDefinition, type TimeAxis } from './grid/grid';
export { readGriddesc, writeGriddesc } from './grid/griddesc';
export { CellOverlaps } from './grid/cell-overlaps';
export { expandGlob, IoapiFile, IoapiSeries, IoapiWriter, type IoapiContents, type IoapiVariable } from './data/ioapi';
export { readCf, writeCf, type CfAttributes, type CfContents, type CfData, type CfVariable } from './data/netcdf-cf';
export { readCfInventory, type CfInventory } from './data/cf-inventory';
export { writeInventoryEmissions, type InventorySource, type MovedMass, type TemporalProfile } from './data/inventory-emissions';
export { makeInventory, type InventoryResult } from './data/inventory-file';
export { readStations, type Station, type StationList, type StationsSpec } from './data/stations';
export { readObservations, type Observations, type ObservationsOptions, type ObservationsSpec } from './data/observations';
export { convert, type ConversionContext } from './units';

// Models: graph, networks, the trained surrogate.
export * as graph from './graph';
export * as nn from './nn';
export {
  openSurrogate,
  type AnchoredSurrogate,
  type OpenSurrogateOptions,
  type SurrogateHours,
  type SurrogatePeriod,
} from './pipeline/learn/anchored-surrogate';

// Inversion of any forward model.
export { invert, type InversionOptions, type InversionResult } from './inversion/invert';
export type { InversionProblem, InversionSettings } from './inversion/inversion-settings';
export {
  Role,
  type FactorShape,
  type ForwardModel,
  type LocalModel,
  type ModelPart,
  type ObservationBatch,
  type ObservationPlace,
  type Values,
} from './inversion/forward-model';
export { scores, type Scores } from './inversion/scores';
export { dailyMeans, maximumDaily8hMeans, type DailyValues, type HourlySeries } from './inversion/daily-values';
export { rateScores, type Averaging, type Rating, type Ratings } from './inversion/performance-benchmarks';

// Sun and air, for made-up or climatological weather.
export { clearSkyIrradiance, cloudTransmission, cosSolarZenith, localSolarHour, saturationMixingRatio, solarDeclination } from './worlds/solar';

// Speed: what `retroplume bench` measures.
export * as bench from './bench';

// Types that the signatures above name.
export type { Interval } from './block-bootstrap';
export type { NetcdfArray, NetcdfAttribute, NetcdfFormat } from '@retroplume/native';
export type { CoordinateSystem } from './grid/projection';
export type { CutCell, LatLonCells, SourceCells } from './grid/lat-lon-cells';
export type { GridWindow, Stagger } from './grid/window';
export type { Group, Species } from './data/case/fields';
export type { TimeSpan } from './data/cf-time-spans';
export type { GasReference, GasRule } from './data/gas-reference';
export type { GridChoice, IoapiReader } from './data/ioapi-file';
export type { OverlapRule, SeriesOptions } from './data/ioapi-series';
export type { LayoutName } from './data/observation-layouts';
export type { ObservationQuality, SpeciesQuality } from './data/observation-quality';
export type { OffStep } from './data/observations/step-times';
export type { WindDirection } from './data/wind';
export type { QualityRules, RuleCounts } from './data/quality-rules';
export type { RepresentativeDay } from './data/representative-days';
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
export type { AuditRow } from './inversion/audit';
export type { CostRequest } from './inversion/batch-costs';
export type { Decorrelation } from './inversion/correlated-errors';
export type { BatchCost, CostSettings, Divisor, Loss } from './inversion/cost';
export type { Evaluation } from './inversion/evaluation';
export type { CandidateScore, FoldResult, LeftOutError } from './inversion/fold-scores';
export type { GainByPart, PartFit } from './inversion/gain-by-part';
export type { HistoryPoint, InversionStatus } from './inversion/inversion-state';
export type { Linearisation, LinearisedAbout } from './inversion/linearisation';
export type { MaeChange } from './inversion/mae-change';
export type { DiurnalShift, Redistribution } from './inversion/redistribution';
export type { Plausibility, RegionalResponse } from './inversion/regional-response';
export type { SlotCorrelation } from './inversion/slot-basis';
export type { Comparison as FileComparison } from './pipeline/bundle/compare-files';
export type { JobState } from './pipeline/engine/current-job';
export type { Candidate, CandidateResult, CrossValidation, FarCorrelation, LCurve } from './pipeline/invert/cross-validation';
export type { ChainJob } from './pipeline/jobs/chain-file';
export type { JobName } from './pipeline/jobs/chain-plan';
export type { SchedulerName } from './pipeline/jobs/job-script';
export type { InitialFrom, Response as EmissionResponse } from './pipeline/learn/evaluate-period';
export type { InitialFigures } from './pipeline/learn/evaluate-stage';
export type { Gain as LoopGain } from './pipeline/loop/loop-gains';
export type { LoopSummary } from './pipeline/loop/loop-stage';
export type { Passes as LoopPasses, PassSummary } from './pipeline/loop/loop-walk';
export type { InventoryErrors, InventorySummary } from './pipeline/verify/inventory-errors';
export type { Comparison as ScoreComparison, VerifySummary } from './pipeline/verify/verify-stage';
