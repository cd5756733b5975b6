/** The case file: one domain, its periods and files, and how it is to be learned and inverted. */
export type {
  Case,
  CertificateSettings,
  CtmSettings,
  InversionSettings,
  JobsSettings,
  LoopSettings,
  PeriodSettings,
  SurrogateSettings,
  TrainingSettings,
} from './schema/case-schema';
export { caseSchema } from './schema/case-schema';
export { askedSpecies, caseChannels, surfaceChannels } from './schema/channel-kinds';
export { observedSpecies } from './schema/inversion-schema';
export { columnEntries, type ColumnEntry } from './schema/columns-schema';
export { isCommandName, NAME_IN_BRACES, type CommandName } from './schema/domain-schema';
export { WHOLE_GRID } from './schema/domain-schema';
export { asksForCrossValidation } from './checks/inversion-checks';
export { REST } from './schema/kinds';
export { examineCase, type CaseProblem, type ExaminedCase } from './examine-case';
export { idleKeys } from './examine-case';
export { caseJsonSchema, type JsonSchema } from './schema/json-schema';
export { SCHEDULERS } from './schema/case-schema';
export { caseOf, loadCase, restoreCase } from './load-case';
export { defaultSettings } from './default-settings';
export { mapPaths } from './schema/json-schema';
export { memberDesigns, memberNames, testCandidates, testMembers, type MemberDesign } from './case-runs';
export { nearestKey } from './problems';
export { nuisanceChanges, type NuisanceChange, type NuisanceRun } from './schema/nuisance-schema';
export type { KeyPath } from './source';
export { RUN_FILE, runOf } from './case-source';
export { paperDefaults } from './paper-defaults';
export { chosenLabels, streamLabels } from './checks/input-checks';
export { isPrecursor, missingWeather, rateChannels, tracerCount, tracersOf, type TracerSettings } from './schema/learning-schema';
