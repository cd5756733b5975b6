/** What is said of changes of errors, in words. */
import type { MaeChange } from '../../../inversion/scores/mae-change';
import { change, chemical, joined } from '../../html/format';

/** That the error fell or rose only where the 90 % interval lies on one side of 0. */
const VERDICTS = {
  fell: 'fell',
  unclear: 'did not clearly change',
  rose: 'rose',
  unknown: 'changed, with no interval that could say how surely,',
} as const;

type Verdict = keyof typeof VERDICTS;

export function verdictOf({ interval }: MaeChange): Verdict {
  if (!interval) return 'unknown';
  return interval.high < 0 ? 'fell' : interval.low > 0 ? 'rose' : 'unclear';
}

/** One sentence's end that says what fell, what rose and of what neither can be said. */
export function verdict(speciesChanges: readonly { species: string; change: MaeChange }[]): string {
  return joined(
    (Object.keys(VERDICTS) as Verdict[]).flatMap((key) => {
      const chosen = speciesChanges.filter(({ change: sure }) => verdictOf(sure) === key);
      return chosen.length === 0
        ? []
        : [`${VERDICTS[key]} for ${joined(chosen.map(({ species, change: { relative } }) => `${chemical(species)} (${change(relative)})`))}`];
    }),
  );
}
