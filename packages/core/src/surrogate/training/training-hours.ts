/** Which hours of a period a surrogate is trained and tested on: what the case alone decides, so that a run can look at it before its first stage. */
import type { SurrogateSettings, TrainingSettings } from '../../case';
import { ConfigError, DataError } from '../../base/errors';
import { takesInitialConcentrations } from '../model/surrogate-settings';
import { hoursFrom, splitHours, type HourSplit } from './sampler';
import { Window } from '../model/window';

interface TrainedPeriod {
  name: string;
  hours: number;
  spinUpHours: number;
}

/**
 * @param wholeRuns - whether runs are kept for the test, on all hours; else the last days of all runs are
 * @throws {DataError} `PERIOD_TOO_SHORT` @throws {ConfigError} `CASE_TEST_FRACTION`, `CASE_ROLLOUT`
 */
export function trainingHours(period: TrainedPeriod, surrogate: SurrogateSettings, training: TrainingSettings, wholeRuns: boolean): HourSplit {
  const { name, hours, spinUpHours } = period;
  const window = new Window(surrogate.window);
  const first = Math.max(spinUpHours, window.firstHour + (takesInitialConcentrations(surrogate) ? 1 : 0));
  const needed = first + 24;
  if (needed > hours) {
    const longest = first > spinUpHours ? 'surrogate.window' : 'its spin-up';
    throw new DataError(
      'PERIOD_TOO_SHORT',
      `period ${name}: ${hours} hours are too few for a window of ${window.hours} h and ${spinUpHours} h of spin-up, which leave less than a day of it: lengthen it to ${needed} hours or more, or shorten ${longest}`,
    );
  }
  const allHours = hoursFrom(first, hours);
  const split = wholeRuns ? { train: allHours, test: allHours } : splitHours(hours, first, training.testFraction);
  if (split.test.length === 0) {
    throw new ConfigError(
      'CASE_TEST_FRACTION',
      `training.testFraction: ${training.testFraction} leaves no day of ${name} to test on (${hours - first} hours remain after spin-up and window): raise it or lengthen the period`,
    );
  }
  return training.rolloutWindows > 1 ? rolledOut(name, split, window.hours * training.rolloutWindows) : split;
}

/** The hours of a split for which `hours` before them lie in the period: all windows of a roll-out. */
function rolledOut(period: string, { train, test }: HourSplit, hours: number): HourSplit {
  const whole = (list: number[]): number[] => list.filter((hour) => hour >= hours);
  const split = { train: whole(train), test: whole(test) };
  if (split.train.length === 0 || split.test.length === 0) {
    throw new ConfigError(
      'CASE_ROLLOUT',
      `training.rolloutWindows: windows of ${hours} h together leave no hour of ${period} to train or test on: lower it, or lengthen the period`,
    );
  }
  return split;
}
