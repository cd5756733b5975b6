import { Random } from '../../base/random';
import { addHoursToSlots, expandSlots, firstOfSlots, hoursPerSlot, isPlain, timeSlots } from './time-slots';
import { dot } from '../../base/vectors';

const from = (start: string, count: number): { start: Date; count: number } => ({ start: new Date(start), count });

describe('timeSlots', () => {
  const period = from('2017-01-30T22:00:00Z', 76);

  it.each([
    ['period', 1, [0, 0, 0, 0], 0],
    ['hour', 76, [0, 2, 50, 75], 1],
    ['day', 5, [0, 1, 3, 4], 24], // 30 Jan has two hours left; hour 50 is 2 Feb 00 UTC
    ['month', 2, [0, 0, 1, 1], 730],
    ['hour-of-day', 24, [0, 2, 2, 3], 1],
    ['week', 1, [0, 0, 0, 0], 0],
  ] as const)('%s', (basis, count, at, stepHours) => {
    const slots = timeSlots(period, basis);
    expect([slots.count, [0, 2, 50, 75].map((t) => slots.slotOfHour[t]), slots.stepHours]).toEqual([count, at, stepHours]);
    expect(isPlain(slots)).toBe(count === 1 || count === 76);
  });

  it('months go on over the turn of the year', () => {
    const { count, slotOfHour, stepHours } = timeSlots(from('2016-12-30T00:00:00Z', 24 * 40), 'month');
    expect([count, slotOfHour[0], slotOfHour[47], slotOfHour[48], slotOfHour[48 + 744 - 1], slotOfHour[48 + 744], stepHours]).toEqual([
      3, 0, 0, 1, 1, 2, 730,
    ]);
  });

  it('weeks begin with the period', () => {
    expect([...new Set(timeSlots(from('2017-01-04T00:00:00Z', 400), 'week').slotOfHour)]).toEqual([0, 1, 2]);
    expect(timeSlots(from('2017-01-04T00:00:00Z', 400), 'week').slotOfHour.indexOf(1)).toBe(168);
  });
});

it('counts the hours of each slot', () => {
  expect([...hoursPerSlot(timeSlots(from('2017-01-25T00:00:00Z', 744), 'month'))]).toEqual([168, 576]);
  expect([...hoursPerSlot(timeSlots(from('2017-01-01T00:00:00Z', 744), 'week'))]).toEqual([168, 168, 168, 168, 72]);
  expect([...hoursPerSlot(timeSlots(from('2017-01-30T22:00:00Z', 76), 'day'))]).toEqual([2, 24, 24, 24, 2]);
});

it('the sum over hours is the transpose of the expansion', () => {
  const slots = timeSlots(from('2017-01-01T05:00:00Z', 50), 'day');
  const random = new Random(4);
  const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
  const [ofSlots, ofHours] = [draw(slots.count * 7), draw(50 * 7)];
  const back = new Float32Array(slots.count * 7);
  addHoursToSlots(ofHours, slots, back);
  expect(dot(expandSlots(ofSlots, slots), ofHours)).toBeCloseTo(dot(ofSlots, back), 4);
  expect(firstOfSlots(expandSlots(ofSlots, slots), slots)).toEqual(ofSlots);
  expect([...firstOfSlots(Float32Array.of(1, 2, 3, 4), { ...slots, count: 2, slotOfHour: Int32Array.of(0, 0, 1, 0) })]).toEqual([1, 3]);
});
