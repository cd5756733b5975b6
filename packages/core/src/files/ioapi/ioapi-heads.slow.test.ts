import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesWithin, headOf } from './ioapi';
import { hourly, writeSample } from '../testing/ioapi-sample';
import { failure, temporaryFolder } from '../testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const day = (start: string, count = 25): string => {
  const path = at(`EMIS_${start}.nc`);
  writeSample(path, { time: hourly(`${start}T00:00Z`, count) });
  return path;
};

describe('files of a period', () => {
  const period = hourly('2017-01-02T00:00Z', 48);

  test('are those that hold an hour of it, or the instant at which it ends', () => {
    const files = ['2016-12-01', '2017-01-01', '2017-01-02', '2017-01-03', '2017-01-04', '2017-01-05', '2017-02-01'].map((start) => day(start));
    expect(filesWithin(files, period)).toEqual(files.slice(1, 5));
    const without25 = day('2017-01-01', 24);
    expect(filesWithin([without25, files[2]], period)).toEqual([files[2]]);
  });

  test('are none of several: an error; one alone, those without time and what cannot be read are left to whoever reads them', () => {
    const outside = [day('2016-12-01'), day('2017-02-01')];
    expect(() => filesWithin(outside, period)).toThrow(
      failure(
        'PERIOD_NOT_COVERED',
        `${outside[0]} … ${outside[1]}: none of these 2 files holds an hour of the period, 2017-01-02T00:00Z to 2017-01-04T00:00Z: give files that cover it`,
      ),
    );
    expect(filesWithin(outside.slice(1), period)).toEqual(outside.slice(1));
    writeSample(at('static.nc'), { time: { start: new Date(0), stepSeconds: 0, count: 1 } });
    writeFileSync(at('broken.nc'), 'hello');
    const kept = [at('static.nc'), at('broken.nc'), at('none.nc')];
    expect(filesWithin([...outside, ...kept], period)).toEqual(kept);
  });

  test('a header is read anew where the file is another', () => {
    const path = day('2017-01-02');
    expect(headOf(path)?.time.count).toBe(25);
    writeSample(path, { time: hourly('2017-01-02T00:00Z', 7), variables: [{ name: 'NO', units: 'moles/s' }] });
    expect(headOf(path)).toEqual({ time: hourly('2017-01-02T00:00Z', 7), variables: ['NO'] });
  });
});
