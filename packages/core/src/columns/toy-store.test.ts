/**
 * The store of columns of the shared data's small world, made of TROPOMI's files and the prior's layers: the truth's layers through it must be what the satellite saw, as
 * far as the noise lets it be told, though every value is scaled by the prior's profile.
 */
import { expandGlob } from '../files/glob';
import { IoapiFile } from '../files/ioapi/ioapi-file';
import { describeShared, sharedData } from '../files/testing/shared-data';
import type { Grid } from '../grid/grid';
import type { ColumnMethod } from './column-operator';
import type { StoredColumns } from './column-store';
import { makeColumns } from './make-columns';
import { forEachColumnField, plainColumns, retrievalsOf } from './run-columns';
import { RunLayers } from './run-layers';

const time = { start: new Date('2017-01-10T00:00Z'), stepSeconds: 3600, count: 120 };

describeShared('columns of the toy world in the store', () => {
  const folder = `${sharedData}/cmaq55-toy`;
  let grid: Grid;
  beforeAll(() => {
    using file = IoapiFile.open(`${folder}/layers/METCRO3D_06Z_january.nc`);
    ({ grid } = file);
  });

  const layersOf = (run: string): RunLayers =>
    RunLayers.open(
      [`${folder}/layers/conc3d_${run}_january.nc`],
      { grid, meteorology: [`${folder}/layers/METCRO3D_06Z_january.nc`], variables: { NO2: 'NO2', HCHO: 'FORM' } },
      time,
    );

  function storeOf(gas: 'NO2' | 'HCHO', method: ColumnMethod): StoredColumns {
    using prior = layersOf('prior');
    const source = { name: `${gas}_column`, gas, method };
    return makeColumns(expandGlob(`${folder}/columns/S5P_OFFL_L2__${gas}_*.nc`), source, { grid, time, firstHour: 24 }, prior);
  }

  /** `[hours, cells]`, µmol m-2 */
  function fieldsOf(run: string, gas: string, columns: StoredColumns): Float64Array {
    using layers = layersOf(run);
    const cells = grid.rows * grid.cols;
    const fields = new Float64Array(time.count * cells).fill(Number.NaN);
    forEachColumnField(layers, time, { first: 0, count: time.count }, [{ gas, columns }], (field, hour) => fields.set(field, hour * cells));
    return fields;
  }

  const through = (fields: Float64Array, { hour, cell }: StoredColumns): number[] =>
    Array.from(hour, (step, i) => fields[step * grid.rows * grid.cols + cell[i]]);

  it.each([
    ['NO2', 'apply_ak'],
    ['NO2', 'replace_apriori'],
    ['HCHO', 'apply_ak'],
  ] as const)('%s by %s', (gas, method) => {
    const columns = storeOf(gas, method);
    const { value, error, counts, hour } = columns;
    expect(columns.product).toBe(`TROPOMI L2 ${gas}`);
    expect(counts).toMatchObject({ overpasses: 4, withoutLayers: 0, otherHours: 0 });
    expect(counts.superObservations).toBe(hour.length);
    expect(hour.length).toBeGreaterThan(1500);
    const [prior, truth] = ['prior', 'truth'].map((run) => fieldsOf(run, gas, columns));
    const [ofPrior, ofTruth] = [prior, truth].map((fields) => through(fields, columns));
    // A layers' instant at 06 UTC is that of the hours from 5 and from 6, and there is none for the others.
    const isThere = (step: number): boolean => [5, 6].includes(step % 24);
    expect(prior.every((field, i) => Number.isNaN(field) !== isThere(Math.floor(i / (grid.rows * grid.cols))))).toBe(true);
    const sum = (term: (i: number) => number): number => Array.from(value).reduce((total, _, i) => total + term(i), 0);
    const misfit = (run: number[]): number => sum((i) => ((value[i] - run[i]) / error[i]) ** 2) / value.length;
    const information = sum((i) => (ofTruth[i] / error[i]) ** 2);
    const slope = sum((i) => (value[i] * ofTruth[i]) / error[i] ** 2) / information;
    expect(Math.abs(slope - 1)).toBeLessThan(3 / Math.sqrt(information));
    // The noise of these pixels is independent, so that errors which count on a part in common are too large.
    expect(misfit(ofTruth)).toBeGreaterThan(0.4);
    expect(misfit(ofTruth)).toBeLessThan(1);
    expect(misfit(ofPrior)).toBeGreaterThan(misfit(ofTruth) + (gas === 'NO2' ? 0.5 : 0));
    // On the prior's scale: at a retrieval the prior's field is its plain column, up to that retrieval's tropopause.
    using layers = layersOf('prior');
    const { model, partialColumns } = layers.profileOf(time, hour[0], columns.instants[hour[0]])!;
    const plain = plainColumns(model, partialColumns.get(gas)!, columns.tropopause);
    const { first, end } = retrievalsOf(columns, hour[0]);
    for (let i = first; i < end; i++) expect(Math.abs(ofPrior[i] / (1e6 * plain[columns.cell[i]]) - 1)).toBeLessThan(0.01);
  });
});
