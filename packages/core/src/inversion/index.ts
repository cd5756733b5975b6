/** The inversion: from observations back to factors on the emissions, through any model that has an adjoint. See docs/inversion.md. */
export { factorCount, Role, type FactorShape, type ForwardModel, type ObservationBatch } from './forward-model';
export { invert, type InversionOptions, type InversionResult } from './invert';
export type { InversionProblem, InversionSettings } from './inversion-settings';
export type { HistoryPoint, InversionStatus } from './inversion-state';
export { ObservationOperator, type ObservationOperatorOptions, type StationSeries } from './observation-operator';
export { observedTimes, type ModelPeriod, type ObservedTime } from './observation-slots';
export { scores, type Scores } from './scores';
export { chooseWithheld, type WithheldChoice, type WithheldSettings } from './withheld';
