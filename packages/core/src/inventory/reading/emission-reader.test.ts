import { GROUPS } from '../../base/species';
import type { IoapiReader } from '../../files/ioapi/ioapi-file';
import { Grid } from '../../grid/grid';
import { EmissionReader, type EmissionGroups } from './emission-reader';

const [ROWS, COLS, LAYERS, HOURS] = [2, 3, 2, 60];
const CELLS = ROWS * COLS;
const units: Record<string, string> = { NO: 'moles/s', NO2: 'g/s', PEC: 'g/s' };
/** A value of each variable that says where and when it is. */
const value = (variable: string, hour: number, layer: number, cell: number): number =>
  1000 * hour + 100 * layer + 10 * cell + Object.keys(units).indexOf(variable);

const reader = {
  path: 'emis.nc',
  grid: new Grid({
    name: 'UNIT',
    gdtyp: 1,
    pAlp: 0,
    pBet: 0,
    pGam: 0,
    xcent: 0,
    ycent: 0,
    xorig: 0,
    yorig: 0,
    xcell: 1,
    ycell: 1,
    rows: ROWS,
    cols: COLS,
  }),
  layers: LAYERS,
  time: { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: HOURS },
  variables: Object.entries(units).map(([name, unit]) => ({ name, units: unit })),
  read: (variable: string, first: number, count: number) =>
    Float32Array.from({ length: count * LAYERS * CELLS }, (_, i) =>
      value(variable, first + Math.floor(i / (LAYERS * CELLS)), Math.floor(i / CELLS) % LAYERS, i % CELLS),
    ),
} as unknown as IoapiReader;

const none = { variables: [] };
const groups: EmissionGroups = { NOx: { variables: ['NO', 'NO2'], molarMass: 46 }, NH3: none, SO2: none, VOC: none, 'PM2.5': { variables: ['PEC'] } };

it('sums variables and layers of a group, of hours that are more than are read at once, in its unit', () => {
  const [first, count] = [7, 50];
  const read = new EmissionReader(reader, groups).read(first, count);
  expect(read).toHaveLength(count * CELLS * GROUPS.length);
  for (const hour of [0, 23, 24, 49]) {
    for (const cell of [0, 4]) {
      const column = (variable: string): number => [0, 1].reduce((sum, layer) => sum + value(variable, first + hour, layer, cell), 0);
      const [nox, nh3, , , pm] = read.subarray((hour * CELLS + cell) * GROUPS.length);
      expect(nox / (column('NO') + column('NO2') / 46)).toBeCloseTo(1, 6); // mol s-1, of NO2 by the molar mass of the case
      expect([nh3, pm]).toEqual([0, column('PEC')]);
    }
  }
});
