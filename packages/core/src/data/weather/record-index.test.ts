import type { NetcdfFile } from '@retroplume/native';

import { RecordIndex } from './record-index';

test('fifteen years of hours, which are more than a call takes arguments', () => {
  const times = Array.from({ length: 131_496 }, (_, hour) => Date.UTC(2001, 0, 1, hour));
  const { axis } = new RecordIndex([{ path: 'a.nc', file: {} as NetcdfFile, times }]);
  expect(axis).toEqual({ start: new Date('2001-01-01T00:00Z'), stepSeconds: 3600, count: 131_496 });
});
