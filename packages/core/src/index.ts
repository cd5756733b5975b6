/** The public API of `@retroplume/core`. */
export * from './errors';
export { ALONE, giveWay, joinRanks, launchedByMpi, type Ranks } from './ranks';
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
export { reproduceBundle, type ReproduceOptions, type Reproduction } from './pipeline/bundle/reproduce';
export { runPart, type Part, type PartOptions, type PartResult } from './pipeline/run-part';
export { writeDesign, type DesignOptions, type DesignResult } from './pipeline/simulate/write-design';
export { STAGES, type StageEvent, type StageName, type Variant } from './pipeline/engine/stage';

// Grids and files: for programs that make a case's inputs.
export { Grid, type GridDefinition, type TimeAxis } from './grid/grid';
export { readGriddesc, writeGriddesc } from './grid/griddesc';
export { CellOverlaps } from './grid/cell-overlaps';
export { expandGlob, IoapiFile, IoapiSeries, IoapiWriter, type IoapiContents, type IoapiVariable } from './data/ioapi';
export { readCf, writeCf } from './data/netcdf-cf';
export { readCfInventory, type CfInventory } from './data/cf-inventory';
export { writeInventoryEmissions, type InventorySource, type MovedMass, type TemporalProfile } from './data/inventory-emissions';
export { makeInventory, type InventoryResult } from './data/inventory-file';
export { readStations } from './data/stations';
export { readObservations, type Observations } from './data/observations';
export { convert } from './units';

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
export { adjointOnnx, jvpOnnx, surrogateOnnx, vjpOnnx } from './pipeline/learn/onnx-models';

// Inversion of any forward model.
export { invert, type InversionOptions, type InversionResult } from './inversion/invert';
export type { InversionProblem, InversionSettings } from './inversion/inversion-settings';
export { Role, type FactorShape, type ForwardModel, type ObservationBatch } from './inversion/forward-model';
export { scores, type Scores } from './inversion/scores';
export { dailyMeans, maximumDaily8hMeans, type DailyValues, type HourlySeries } from './inversion/daily-values';
export { rateScores, type Rating, type Ratings } from './inversion/performance-benchmarks';

// Sun and air, for made-up or climatological weather.
export { clearSkyIrradiance, cloudTransmission, cosSolarZenith, localSolarHour, saturationMixingRatio, solarDeclination } from './worlds/solar';

// Speed: what `retroplume bench` measures.
export * as bench from './bench';
