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
} from './case-schema';
export { caseSchema } from './case-schema';
export { isCommandName, NAME_IN_BRACES, type CommandName } from './command-names';
export { WHOLE_GRID } from './domain-schema';
export { asksForCrossValidation } from './cross-validation-checks';
export { GROUPS, REST, SPECIES, speciesUnit, type Group, type Species } from './fields';
export { examineCase, type CaseProblem, type ExaminedCase } from './examine-case';
export { idleKeys } from './idle-keys';
export { caseJsonSchema, type JsonSchema } from './json-schema';
export { SCHEDULERS } from './jobs-schema';
export { caseOf, loadCase, restoreCase } from './load-case';
export { mapPaths } from './case-paths';
export { memberDesigns, memberNames, testMembers, type MemberDesign } from './member-design';
export { nearestKey } from './nearest-key';
export { nuisanceChanges, type NuisanceChange, type NuisanceRun } from './nuisance-schema';
export type { KeyPath } from './source';
export { paperDefaults } from './paper-defaults';
export { chosenLabels, streamLabels } from './stream-labels';
export { isPrecursor, missingWeather, rateChannels, tracerCount, tracersOf, type TracerSettings } from './tracer-schema';
