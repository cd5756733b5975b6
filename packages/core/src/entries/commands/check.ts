/** What `retroplume check` does. */
export { checkCase, type CheckOptions, type CheckResult } from '../../run/commands/check/check-case';
export type { Problem } from '../../run/commands/check/findings';
export type { Trial, TrialAgreement } from '../../run/commands/check/try-ctm';
