/** A run of a case: all stages, or parts of one; what a run would make. */
export { runStages } from '../run/run-case';
export type { RunOptions, RunResult, VariantResult } from '../run/run';
export { plannedWork, type PlannedStage, type PlannedWork, type StageState } from '../run/planned-work';
export { runsInWords, type RunCounts } from '../run/transport-runs/run-counts';
export { runPart, type Part, type PartOptions, type PartResult, type SingleRun } from '../run/run-part';
export { type StageEvent, type StageName, type Variant } from '../run/engine/stage';

// What its results hold.
export type {
  Certificate,
  JointResponse,
  PairLimits,
  PairResponse,
  RingResponse,
  SensitivityResponse,
  Verdict,
} from '../surrogate/judgement/certificate';
export type { DifferentiationTest } from '../surrogate/judgement/differentiation';
export type { ConcentrationErrors } from '../surrogate/judgement/evaluate';
export type { ResponseFigures } from '../surrogate/judgement/response-comparison';
export type { Ring } from '../surrogate/judgement/source-patches';
export type { AuditRow } from '../assimilation/scores/audit';
export type { CandidateScore, FoldResult, LeftOutError } from '../inversion/cross-validation/fold-scores';
export type { Candidate, CandidateResult, CrossValidation, FarCorrelation, LCurve } from '../assimilation/cross-validation/candidates';
export type { InitialFrom, Response as EmissionResponse } from '../assimilation/surrogate/evaluate-period';
export type { InitialFigures } from '../run/learning/evaluate';
export type { Gain as LoopGain } from '../assimilation/scores/loop-gains';
export type { LoopSummary } from '../run/inversions/loop';
export type { Passes as LoopPasses, PassSummary } from '../run/inversions/loop-walk';
export type { InventoryErrors, InventorySummary } from '../assimilation/scores/inventory-errors';
export type { Comparison as ScoreComparison, VerifySummary } from '../run/results/verify';
export type { ColumnRow } from '../assimilation/scores/column-scores';
