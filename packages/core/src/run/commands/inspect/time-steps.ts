/** The step between the times of a file, for `inspect`, and where some are absent. */
import { instant } from '../../../grid/grid';
import { shortList, type Oddity, type TimeSummary } from './inspection';

/**
 * Months and years are of different lengths: steps are told as absent only where all times are whole steps apart, most of them one.
 *
 * @param times - ms since 1970
 * @param odd - what is found is added to it
 */
export function stepBetween(times: readonly number[], odd: Oddity[]): Pick<TimeSummary, 'stepSeconds'> {
  const steps = times.slice(1).map((time, i) => Math.round((time - times[i]) / 1000));
  if (steps.length === 0 || steps.some(Number.isNaN)) return {};
  const shortest = steps.reduce((a, b) => Math.min(a, b));
  const longer = [...steps.keys()].filter((i) => steps[i] !== shortest);
  if (longer.length === 0) return { stepSeconds: shortest };
  if (shortest > 0 && 2 * longer.length <= steps.length && longer.every((i) => steps[i] % shortest === 0)) {
    const timeAt = (i: number): string => instant(new Date(times[i]));
    const gaps = shortList(longer.map((i) => `${timeAt(i)} and ${timeAt(i + 1)}`));
    odd.push({ code: 'STEPS_ABSENT', text: `times are ${shortest} s apart, but none lies between ${gaps}` });
  }
  return {};
}
