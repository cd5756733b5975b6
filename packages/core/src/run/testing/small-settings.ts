/** Settings of runs that take seconds, `KEY=VALUE`; a test's own stand behind and replace these. It imports nothing, as tests of the command line do without the pipeline. */

/** The smallest network that has every part, under `surrogate` (or `paperMode.surrogate`). */
export const SMALL_NETWORK = ['hidden=3', 'widths=[4,4,4]', 'headWidth=4', 'branchWidth=2'];

/** The first of the demo world's two periods alone, where a test does not need both: half of the time. */
export function winterOnly(hours: number, spinUpHours: number): string {
  return `periods=[{name: winter, start: 2026-01-05T00:00:00Z, hours: ${hours}, spinUpHours: ${spinUpHours}}]`;
}

/** Two members and one response run, that network on a window of 8 hours. */
export const SMALL_LEARNING = [
  'members.count=2',
  'response.groups=[NOx]',
  'surrogate.window=[{count: 2, hours: 3}, {count: 2, hours: 1}]',
  ...SMALL_NETWORK.map((setting) => `surrogate.${setting}`),
];

/** Its training, without the paper's mode. */
export const SMALL_TRAINING = [...SMALL_LEARNING, 'paperMode.run=false', 'training.iterations=20', 'training.evaluateEvery=20'];

/** No runs of `certify`, and what so short a training is worth does not end the run. */
export const NO_CERTIFICATE = ['certificate.factors=[]', 'certificate.patches.count=0', 'certificate.onFailure=warn'];
