import { tinySurrogate, tinyTraining } from '../testing/tiny-world';
import { trainingHours } from './training-hours';

/** First and last hour that is trained on, of 96 hours; the window sees 8 of them. */
function ends(spinUpHours: number, initialConcentrations: string, training: object = {}): [first: number, last: number] {
  const { train } = trainingHours(
    { name: 'winter', hours: 96, spinUpHours },
    tinySurrogate({ initialConcentrations }),
    tinyTraining({ testFraction: 0, ...training }),
    true,
  );
  return [train[0], train[train.length - 1]];
}

it('begins where the whole window lies in the period, an hour later where it needs the concentrations before it', () => {
  expect(ends(0, 'none')).toEqual([7, 95]);
  expect(ends(0, 'prior')).toEqual([8, 95]);
  expect(ends(24, 'prior')).toEqual([24, 95]);
  expect(ends(0, 'prior', { rolloutWindows: 3 })).toEqual([24, 95]);
});

it('says where a roll-out leaves no hour to train on', () => {
  const split =
    (rolloutWindows: number): (() => unknown) =>
    () =>
      trainingHours(
        { name: 'winter', hours: 56, spinUpHours: 0 },
        tinySurrogate({ initialConcentrations: 'none' }),
        tinyTraining({ testFraction: 0.25, rolloutWindows }),
        false,
      );
  // Tested are hours 32 to 55, and of an hour n windows need the 8·n hours before it to be there.
  expect(split(3)()).toEqual({ train: [24, 25, 26, 27, 28, 29, 30, 31], test: Array.from({ length: 24 }, (_, i) => 32 + i) });
  expect(split(4)).toThrow(expect.objectContaining({ code: 'CASE_ROLLOUT' }) as Error);
});

it('says of a period without a day left that it is too short', () => {
  const period =
    (hours: number, spinUpHours = 0): (() => unknown) =>
    () =>
      trainingHours({ name: 'winter', hours, spinUpHours }, tinySurrogate({ initialConcentrations: 'none' }), tinyTraining(), true);
  const says = (needed: number, remedy: string): Error =>
    expect.objectContaining({
      code: 'PERIOD_TOO_SHORT',
      message: expect.stringMatching(`which leave less than a day of it: lengthen it to ${needed} hours or more, or shorten ${remedy}$`) as string,
    }) as Error;
  expect(period(31)).not.toThrow();
  expect(period(30)).toThrow(says(31, 'surrogate.window'));
  expect(period(36, 12)).not.toThrow();
  expect(period(35, 12)).toThrow(says(36, 'its spin-up'));
});
