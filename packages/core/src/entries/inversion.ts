/** Inversion of any forward model, and scores of what comes out. */
export { invert, type InversionOptions, type InversionResult } from '../inversion/solve/invert';
export type { InversionProblem, InversionSettings } from '../inversion/solve/inversion-problem';
export { Role, type ObservationBatch, type ObservationPlace, type Values } from '../inversion/cost/cost';
export { type FactorShape, type ForwardModel, type LocalModel, type ModelPart } from '../inversion/model/forward-model';
export { scores, type Scores } from '../inversion/scores/scores';
export { dailyMeans, maximumDaily8hMeans, type DailyValues, type HourlySeries } from '../inversion/observations/daily-values';
export { rateScores, type Rating, type Ratings } from '../inversion/scores/performance-benchmarks';

// Types that the signatures above name.
export type { Interval } from '../base/block-bootstrap';
export type { Averaging, Group, Species } from '../base/species';
export type { BatchCost, CostRequest, CostSettings, Divisor, Loss } from '../inversion/cost/cost';
export type { Decorrelation } from '../inversion/cost/correlated-errors';
export type { Evaluation, GainByPart, PartFit } from '../inversion/cost/evaluation';
export type { HistoryPoint, InversionStatus } from '../inversion/solve/inversion-state';
export type { Linearisation, LinearisedAbout } from '../inversion/model/forward-model';
export type { MaeChange } from '../inversion/scores/mae-change';
export type { DiurnalShift, Redistribution } from '../inversion/scores/redistribution';
export type { Plausibility, RegionalResponse } from '../inversion/scores/regional-response';
export type { SlotCorrelation } from '../inversion/control/correlation-bases';
