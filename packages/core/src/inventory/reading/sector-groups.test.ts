import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../../files/testing/shared-data';
import { InventoryReader } from './inventory-reader';
import { groupsOfPartial } from './sector-groups';
import { CELLS, EMISSIONS, GRID, GROUPS, HOURS, START, temporaryFolder, writeFile } from '../../transport/testing/small-case';

const folder = temporaryFolder();
afterAll(folder.remove);
const file = (name: string, ...variables: string[]): string =>
  writeFile(
    join(folder.path, name),
    EMISSIONS.filter((variable) => variables.includes(variable.name)),
  );
const period = { start: START, stepSeconds: 3600, count: HOURS };

it('leaves out what no file of the sector holds, which counts as zero', () => {
  const path = file('ag.nc', 'NH3', 'NO');
  const groups = groupsOfPartial('ag', GROUPS, [path]);
  expect(groups).toEqual({
    NOx: { variables: ['NO'], molarMass: 46.0055 },
    NH3: GROUPS.NH3,
    SO2: { variables: [], molarMass: 64.066 },
    VOC: { variables: [], molarMass: 40 },
    'PM2.5': { variables: [] },
  });
  const reader = InventoryReader.open([{ name: 'ag', files: [path], groups }], GRID, period);
  const read = reader.read(0, 1);
  reader.close();
  expect([0, 1, 2, 3, 4].map((group) => read.filter((value, i) => i % 5 === group && value > 0).length)).toEqual([CELLS, CELLS, 0, 0, 0]);
});

it('refuses what only some of its files hold, and names one that lacks it', () => {
  const [first, second] = [file('first.nc', 'NH3'), file('second.nc', 'NH3', 'SO2')];
  const sentence = `${first}: sector ag: expected the variable SO2 as in ${second} but received none of that name: give files that all hold it, or none that does`;
  expect(() => groupsOfPartial('ag', GROUPS, [first, second])).toThrow(failure('FILES_DIFFER', sentence));
  expect(() => groupsOfPartial('ag', GROUPS, [second, first])).toThrow(failure('FILES_DIFFER', sentence));
});

it('refuses files that hold none, and leaves broken ones to whoever reads them', () => {
  expect(() => groupsOfPartial('ag', GROUPS, [writeFile(join(folder.path, 'other.nc'), [{ name: 'CO', units: 'moles/s', value: () => 1 }])])).toThrow(
    expect.objectContaining({ code: 'VARIABLE_MISSING' }) as Error,
  );
  writeFileSync(join(folder.path, 'broken.nc'), 'hello');
  expect(groupsOfPartial('ag', GROUPS, [join(folder.path, 'broken.nc')])).toBe(GROUPS);
});
