/** What `retroplume compare` and `retroplume runs` do. */
export {
  compareRuns,
  type Both,
  type ComparedRun,
  type ComparedScore,
  type ComparedTotal,
  type DifferentSetting,
  type RunComparison,
} from '../../run/commands/compare/compare-runs';
export type { FactorDifference } from '../../run/commands/compare/factor-differences';
export { listRuns, type ListedRun } from '../../run/commands/compare/list-runs';
export type { ScoreFigures, StageState as ListedStage, TotalFigures } from '../../run/commands/compare/run-figures';
