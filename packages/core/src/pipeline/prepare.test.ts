import { join } from 'node:path';
import { EMISSIONS, GRID, GROUPS, START, temporaryFolder, writeFile } from '../transport/testing/small-case';
import { readInventory } from './prepare';

const folder = temporaryFolder();
afterAll(folder.remove);

it('takes the hour that two daily files hold from the later one, and says so once', () => {
  const day = (d: number): string =>
    writeFile(
      join(folder.path, `EMIS_${d}.nc`),
      EMISSIONS.map((variable) => ({ ...variable, value: () => 1 + d })),
      { start: new Date(START.getTime() + d * 86400e3), count: 25 },
    );
  const told: string[] = [];
  const sector = { name: 'rest', files: [0, 1, 2].map(day), groups: GROUPS };
  const time = { start: START, stepSeconds: 3600, count: 72 };
  const emissions = readInventory([sector], GRID, time, {}, (text) => void told.push(text));
  const perHour = emissions.length / time.count;
  expect([23, 24, 25, 48].map((hour) => emissions[hour * perHour] / emissions[0])).toEqual(
    [1, 2, 2, 3].map((ratio) => expect.closeTo(ratio, 5) as number),
  );
  expect(told).toEqual([expect.stringMatching(/EMIS_1\.nc: NO at .*: the later file's hour counts$/)]);
});
