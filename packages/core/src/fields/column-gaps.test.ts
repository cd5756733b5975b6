import { writeColumns, type StoredColumns } from '../columns/column-store';
import { temporaryFolder } from '../files/testing/shared-data';
import { unitGrid } from '../inversion/testing/small-world';
import { channelsOfCase, speciesOfTable } from '../base/species';
import { columnGaps, hoursWithValues } from './column-gaps';
import { MemoryBudget } from './memory-budget';
import { writePreparedMeteorology, writePreparedRun } from './prepared';
import { openTrainingPeriods } from './training-period';

const folder = temporaryFolder();
const grid = unitGrid(2, 3);
const time = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 4 };
const channels = channelsOfCase(['NOx'], ['NO2', 'NO2_column'].map(speciesOfTable));

const none = { hour: new Int32Array(), cell: new Int32Array(), value: new Float32Array(), error: new Float32Array(), pixels: new Int32Array(), uncovered: new Float32Array(), weights: new Float32Array() }; // prettier-ignore
const columns: StoredColumns = {
  species: 'NO2_column',
  product: '',
  method: 'apply_ak',
  layers: 2,
  ...none,
  instants: Uint8Array.of(0, 2, 1, 0),
  counts: { pixels: 0, passed: 0, leftOut: {}, overpasses: 0, superObservations: 0, withoutLayers: 0, factorOutside: 0, otherHours: 0 },
};

/** The surface counts its places, columns are NaN in the first and the last hour. */
const concentrations = Float32Array.from({ length: 4 * 6 * 2 }, (_, i) => (i % 2 === 0 ? i : [0, 3].includes(Math.floor(i / 12)) ? NaN : i));

beforeEach(() => {
  writeColumns(folder.path, 'jan', columns, { grid, time });
  writePreparedMeteorology(folder.path, {
    name: 'jan',
    grid,
    time,
    meteorologyNames: ['u'],
    meteorology: new Float32Array(24),
    geographyNames: [],
    geography: new Float32Array(),
  });
  writePreparedRun(folder.path, { period: 'jan', run: 'prior', grid, time, channels, emissions: new Float32Array(24), concentrations });
});

it('hours without layers are gaps of the columns alone', () => {
  const gaps = columnGaps(folder.path, 'jan', channels.species, 4)!;
  expect([...gaps.mask]).toEqual([0, 1, 0, 0, 0, 0, 0, 1]);
  expect(hoursWithValues(gaps, 0, 4)).toEqual([4, 2]);
  expect(hoursWithValues(gaps, 2, 4)).toEqual([2, 1]);
  expect(columnGaps(folder.path, 'jan', ['NO2'], 4)).toBeUndefined();
});

it.each<[string, number]>([
  ['in memory', 1e9],
  ['in the store', 0],
])('a training, %s, takes 0 in gaps and what is prepared elsewhere', (_, bytes) => {
  const [period] = openTrainingPeriods(folder.path, ['jan'], { channels, runs: ['prior'], priorConcentrations: true, room: new MemoryBudget(bytes) });
  const whole = { row: 0, col: 0, rows: 2, cols: 3 };
  const read = (values: typeof period.meteorology): Float32Array =>
    'rectangle' in values ? values.rectangle(whole, { first: 0, count: 4 }) : values;
  const expected = concentrations.map((value) => (Number.isNaN(value) ? 0 : value));
  expect(read(period.runs.get('prior')!.concentrations)).toEqual(expected);
  expect([...read(period.meteorology)].filter((__, i) => i % 3 === 2)).toEqual([...expected].filter((__, i) => i % 2 === 1));
  expect(period.gaps).toEqual(columnGaps(folder.path, 'jan', channels.species, 4));
});
