import type { NetcdfFile } from '@retroplume/native';

import { failure } from '../files/testing/shared-data';
import { RecordIndex, type TimedFile } from './record-index';

test('fifteen years of hours, which are more than a call takes arguments', () => {
  const times = Array.from({ length: 131_496 }, (_, hour) => Date.UTC(2001, 0, 1, hour));
  const { axis } = new RecordIndex([{ path: 'a.nc', file: {} as NetcdfFile, times }]);
  expect(axis).toEqual({ start: new Date('2001-01-01T00:00Z'), stepSeconds: 3600, count: 131_496 });
});

test('files whose times lie between those of others, in any order, and of a time in two the later file', () => {
  const file = (path: string, hours: number[]): TimedFile => ({ path, file: {} as NetcdfFile, times: hours.map((hour) => 3_600_000 * hour) });
  const [even, odd, late] = [file('even.nc', [0, 2, 4, 6]), file('odd.nc', [1, 3, 5]), file('late.nc', [4, 7])];
  const index = new RecordIndex([odd, late, even]);
  expect(index.axis).toEqual({ start: new Date(0), stepSeconds: 3600, count: 8 });
  const runs = index.runs(1, 7).map(({ source, record, step, count }) => [source.path, record, step, count]);
  expect(runs).toEqual([
    ['odd.nc', 0, 0, 1],
    ['even.nc', 1, 1, 1],
    ['odd.nc', 1, 2, 1],
    ['late.nc', 0, 3, 1],
    ['odd.nc', 2, 4, 1],
    ['even.nc', 3, 5, 1],
    ['late.nc', 1, 6, 1],
  ]);
});

describe('of files that hold more than the hours that are asked for', () => {
  const hour = (day: string, at: number): number => Date.parse(`${day}T00:00Z`) + 3_600_000 * at;
  const file = (path: string, day: string, count: number, from = 0): TimedFile => ({
    path,
    file: {} as NetcdfFile,
    times: Array.from({ length: count }, (_, i) => hour(day, from + i)),
  });
  const during = { start: new Date('2017-07-02T00:00Z'), stepSeconds: 3600, count: 24 };
  const july = [file('jul2.nc', '2017-07-02', 24), file('jul1.nc', '2017-07-01', 24)];
  const january = file('jan.nc', '2017-01-01', 48);

  test('those are read, with the hour before and the instant at the end', () => {
    const index = new RecordIndex([january, ...july, file('jul3.nc', '2017-07-03', 24), file('jul4.nc', '2017-07-04', 24)], during);
    expect(index.axis).toEqual({ start: new Date('2017-07-01T23:00Z'), stepSeconds: 3600, count: 26 });
    expect(index.files.map(({ path }) => path)).toEqual(['jul1.nc', 'jul2.nc', 'jul3.nc']);
    expect(index.runs(1, 24)).toEqual([{ source: july[0], record: 0, step: 0, count: 24 }]);
    const both = { ...january, times: [...january.times, ...july[1].times, ...july[0].times] };
    expect(new RecordIndex([both], during).runs(1, 24)).toEqual([{ source: both, record: 72, step: 0, count: 24 }]);
    const alone = new RecordIndex([january, july[0]], during).axis;
    expect(alone).toEqual({ start: new Date('2017-07-02T00:00Z'), stepSeconds: 3600, count: 24 });
  });

  test('a gap within the period, or without a period, is one still', () => {
    const holed = [january, file('a.nc', '2017-07-02', 10), file('b.nc', '2017-07-02', 10, 12)];
    const gap = (of: string, between: string): Error => {
      const text = `${of}: between ${between} there is none of the steps of 3600 s that the other times are apart: give the files that lie between`;
      return failure('TIME_GAP', text);
    };
    expect(() => new RecordIndex(holed, during)).toThrow(gap('a.nc … b.nc', '2017-07-02T09:00Z and 2017-07-02T12:00Z'));
    expect(() => new RecordIndex([january, ...july])).toThrow(gap('jan.nc … jul2.nc', '2017-01-02T23:00Z and 2017-07-01T00:00Z'));
  });

  test('a period of which they hold nothing, or not all', () => {
    const held = '2017-01-01T00:00Z to 2017-01-03T00:00Z, 2017-07-01T00:00Z to 2017-07-03T00:00Z';
    expect(() => new RecordIndex([january, ...july], { ...during, start: new Date('2017-03-01T00:00Z') })).toThrow(
      failure(
        'PERIOD_NOT_COVERED',
        `jan.nc … jul2.nc: the period is 2017-03-01T00:00Z to 2017-03-02T00:00Z but the files hold ${held}: give files that cover it, or shorten the period`,
      ),
    );
    const short = new RegExp('^jan.nc … jul2.nc: Q2: the period is .* but the files hold 2017-07-01T00:00Z to 2017-07-03T00:00Z: ');
    const asked = { ...during, count: 25 };
    expect(() => new RecordIndex([january, ...july], asked, 'Q2')).toThrow(short);
  });

  test('steps of another length are left for whoever asks for hours to refuse them; those of other times are no matter', () => {
    const start = during.start.getTime();
    const every = (minutes: number, from: number, count: number): TimedFile => ({
      path: `${minutes}.nc`,
      file: {} as NetcdfFile,
      times: Array.from({ length: count }, (_, i) => from + 60_000 * minutes * i),
    });
    expect(new RecordIndex([every(180, start, 80)], during).axis).toEqual({ start: during.start, stepSeconds: 10_800, count: 9 });
    const halfHours = every(30, hour('2017-01-01', 0), 96);
    expect(new RecordIndex([halfHours, ...july], during).axis).toMatchObject({ stepSeconds: 3600, count: 25 });
  });
});
