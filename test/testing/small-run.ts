/** What runs of small twins through the command line share. */
import { join } from 'node:path';

/** The command line, as set-up builds it, in one file (write-command.mjs). */
export const MAIN = join(__dirname, '../../build/command.js');

/** The smallest network that has every part, `KEY=VALUE` under `surrogate` (or `paperMode.surrogate`). */
export const SMALL_NETWORK = ['hidden=3', 'widths=[4,4,4]', 'headWidth=4', 'branchWidth=2'];

/** The first of the demo world's two periods alone, where a test does not need both: half of the time. */
export function winterOnly(hours: number, spinUpHours: number): string {
  return `periods=[{name: winter, start: 2026-01-05T00:00:00Z, hours: ${hours}, spinUpHours: ${spinUpHours}}]`;
}

/** Two members and one response run, that network on a window of 8 hours. */
export const SMALL_RUN = [
  'members.count=2',
  'response.groups=[NOx]',
  'surrogate.window=[{count: 2, hours: 3}, {count: 2, hours: 1}]',
  ...SMALL_NETWORK.map((setting) => `surrogate.${setting}`),
  'inversion.stopOnWithheld=false', // twenty steps of training teach nothing that watched monitors would confirm
];

/** Every stage of it in seconds, without the paper's mode; a test's own settings stand behind and replace these. */
export const SHORT_STAGES = [
  'training.iterations=20',
  'training.evaluateEvery=10',
  'certificate.onFailure=warn', // twenty steps of training teach no response
  'certificate.factors=[]',
  'certificate.patches={count: 2, cells: 2}',
  'inversion.iterations=3',
  'inversion.hoursPerDay=4',
  'paperMode.run=false',
];
