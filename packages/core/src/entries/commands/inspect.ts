/** What `retroplume inspect` does. */
export { inspectFile } from '../../run/commands/inspect/inspect';
export type { GridSummary, Inspection, Oddity, TimeSummary, VariableSummary } from '../../run/commands/inspect/inspection';
