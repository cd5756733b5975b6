/** What `retroplume run --submit` does: a run as a chain of jobs. */
export { submitChain, type SubmitOptions, type SubmitResult, type SubmittedJob } from '../../run/commands/jobs/submit-chain';
export type { JobState } from '../../run/engine/current-job';
export type { ChainJob } from '../../run/commands/jobs/chain-file';
export type { JobName } from '../../run/commands/jobs/chain-plan';
export type { SchedulerName } from '../../run/commands/jobs/job-script';
