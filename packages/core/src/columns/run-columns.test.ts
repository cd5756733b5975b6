import { join } from 'node:path';
import { Random } from '../base/random';
import { failure, temporaryFolder } from '../files/testing/shared-data';
import { unitGrid } from '../inversion/testing/small-world';
import { MICRO, type StoredColumns } from './column-store';
import { forEachColumnField, plainColumns } from './run-columns';
import { RunLayers } from './run-layers';
import { airOf, LAYERS, METEOROLOGY, writeLayers } from './testing/layered-world';

const folder = temporaryFolder();
const grid = unitGrid(2, 2);
const CELLS = 4;
/** Of the period: hours 0 to 5 from midnight. */
const time = { start: new Date('2017-01-10T00:00Z'), stepSeconds: 3600, count: 6 };
/** The instants 1 to 4 o'clock. */
const instants = { start: new Date('2017-01-10T01:00Z'), stepSeconds: 3600, count: 4 };
const random = new Random(7);
const at = (name: string): string => join(folder.path, name);
const reading = { grid, meteorology: [], variables: { NO2: 'NO2' } };

/** mol m-2, `[instants, layers, cells]` */
type Amounts = Float64Array;
const amounts = (): Amounts => Float64Array.from({ length: instants.count * LAYERS * CELLS }, () => 1e-5 * random.uniform());

/** A run with these partial columns, its pressures in the same file. */
function layersOf(name: string, x: Amounts, during = instants): RunLayers {
  const value = (layer: number, cell: number, step: number): number => (1e6 * x[(step * LAYERS + layer) * CELLS + cell]) / airOf(layer);
  return RunLayers.open([writeLayers(at(name), grid, during, { ...METEOROLOGY, NO2: ['ppmV', value] })], reading, time);
}

const columns: StoredColumns = {
  species: 'NO2_column',
  product: 'made',
  method: 'apply_ak',
  layers: LAYERS,
  tropopause: 30000,
  instants: Uint8Array.of(2, 3, 3, 3, 1, 0),
  hour: Int32Array.of(1, 1, 4),
  cell: Int32Array.of(0, 3, 2),
  value: new Float32Array(3),
  error: new Float32Array(3).fill(1),
  pixels: new Int32Array(3).fill(1),
  uncovered: new Float32Array(3),
  weights: Float32Array.of(0.5, 1, 2, 3, 2, 1, 0, 1, 0.25),
  counts: { pixels: 0, passed: 0, leftOut: {}, overpasses: 0, superObservations: 3, withoutLayers: 0, factorOutside: 0, otherHours: 0 },
};

/** µmol m-2, `[hours, cells]` */
function fieldsOf(layers: RunLayers, hours = { first: 0, count: time.count }): Float64Array {
  const fields = new Float64Array(hours.count * CELLS).fill(Number.NaN);
  forEachColumnField(layers, time, hours, [{ gas: 'NO2', columns }], (field, step) => fields.set(field, step * CELLS));
  layers.close();
  return fields;
}

it('by hand: the mean of two instants under the weights, the plain column elsewhere, and no value where there are no layers', () => {
  // Amounts of 1, 2 and 3 µmol m-2 in the layers, at the later instant twice as much as at the earlier.
  const x = Float64Array.from({ length: 4 * LAYERS * CELLS }, (_, i) => 1e-6 * 2 ** Math.floor(i / 12) * (1 + (Math.floor(i / CELLS) % LAYERS)));
  const fields = fieldsOf(layersOf('hand.nc', x));
  // Edges 1000, 518.2, 268.6 hPa: of the third layer nothing lies below 300 hPa, of the second all but what lies above.
  const edges = [0, 1, 2].map((k) => 1e5 * Math.exp((-k * 5000 * 9.81) / (287.04 * 260)));
  const part = (edges[1] - 30000) / (edges[1] - edges[2]);
  const plain = 1 + 2 * part;
  expect(fields[1]).toBeCloseTo(plain, 3); // the instant at its end alone
  expect(fields[CELLS + 1]).toBeCloseTo(1.5 * plain, 3);
  expect(fields[CELLS]).toBeCloseTo(1.5 * (0.5 + 2 + 6), 5);
  expect(fields[CELLS + 3]).toBeCloseTo(1.5 * (3 + 4 + 3), 5);
  expect(fields[4 * CELLS + 2]).toBeCloseTo(8 * (0 + 2 + 0.75), 5);
  expect([...fields].map(Number.isNaN)).toEqual(Array.from({ length: 6 * CELLS }, (_, i) => i >= 5 * CELLS));
});

it('without a tropopause all layers count, and a cut layer its part', () => {
  const layers = layersOf('plain.nc', amounts());
  const { model, partialColumns } = layers.profileOf(time, 2, 3)!;
  const x = partialColumns.get('NO2')!;
  const [whole, none] = [plainColumns(model, x), plainColumns(model, x, 2e5)];
  expect(whole[1]).toBeCloseTo(x[1] + x[CELLS + 1] + x[2 * CELLS + 1], 12);
  expect([...none]).toEqual([0, 0, 0, 0]);
  layers.close();
});

it('is the product of a dense matrix and the partial columns of all instants, and so its adjoint is that of the matrix', () => {
  const unknowns = instants.count * LAYERS * CELLS;
  const values = 5 * CELLS; // of the hours with layers
  const matrix = Array.from({ length: unknowns }, (_, j) => {
    const unit = new Float64Array(unknowns);
    unit[j] = 1e-5;
    return fieldsOf(layersOf('unit.nc', unit))
      .subarray(0, values)
      .map((value) => value / 1e-5);
  });
  const [x, y] = [amounts(), Float64Array.from({ length: values }, () => random.normal())];
  const fields = fieldsOf(layersOf('any.nc', x)).subarray(0, values);
  fields.forEach((value, i) => expect(value / matrix.reduce((sum, column, j) => sum + column[i] * x[j], 0)).toBeCloseTo(1, 5));
  // ⟨F x, y⟩ = ⟨x, Fᵀ y⟩ with the rows of Fᵀ at retrievals by their weights: half of each at both instants of the hour.
  const adjoint = matrix.map((column) => column.reduce((sum, value, i) => sum + value * y[i], 0));
  const [left, right] = [fields.reduce((sum, value, i) => sum + value * y[i], 0), adjoint.reduce((sum, value, j) => sum + value * x[j], 0)];
  expect(left / right).toBeCloseTo(1, 5);
  for (const [i, weight] of [0.5, 1, 2].entries()) {
    for (const instant of [0, 1]) expect(matrix[(instant * LAYERS + i) * CELLS][CELLS] / (MICRO * 0.5 * weight)).toBeCloseTo(1, 5);
  }
});

it('some hours are those of the whole period', () => {
  const x = amounts();
  const whole = fieldsOf(layersOf('whole.nc', x));
  const span = { ...time, start: new Date('2017-01-10T03:00Z'), count: 2 };
  const layers = RunLayers.open([at('whole.nc')], reading, span);
  expect([...fieldsOf(layers, { first: 3, count: 2 })]).toEqual([...whole.subarray(3 * CELLS, 5 * CELLS)]);
});

it('daily files, of which the earlier counts where two hold an instant, and meteorology of its own', () => {
  const [early, late] = [
    { ...instants, count: 3 },
    { ...instants, start: new Date('2017-01-10T03:00Z'), count: 2 },
  ];
  const gas = (value: number): Record<string, [string, () => number]> => ({ NO2: ['ppmV', () => value] });
  const files = [writeLayers(at('late.nc'), grid, late, gas(2)), writeLayers(at('early.nc'), grid, early, gas(1))];
  expect(() => RunLayers.open(files, reading, time)).toThrow(
    failure('LAYERS_METEOROLOGY', `${at('late.nc')}: it does not hold PRES, DENS, ZF, ZH, which tell its layers' pressures: name files that do in concentrations.layers.meteorology`),
  ); // prettier-ignore
  const meteorology = [writeLayers(at('met.nc'), grid, instants, METEOROLOGY)];
  const layers = RunLayers.open(files, { ...reading, meteorology }, time);
  expect([...layers.instantsOf(time)]).toEqual([2, 3, 3, 3, 1, 0]);
  const lowest = [1, 2, 3].map((hour) => layers.profileOf(time, hour, 3)!.partialColumns.get('NO2')![0] / (1e-6 * airOf(0)));
  [1, 1, 1.5].forEach((value, i) => expect(lowest[i]).toBeCloseTo(value, 5));
  layers.close();
});

it('a run without an instant that the prior has', () => {
  const layers = layersOf('short.nc', amounts(), { ...instants, count: 2 });
  expect(() => fieldsOf(layers)).toThrow(
    failure('LAYERS_INSTANT', `${at('short.nc')}: the run has no layers at 2017-01-10T03:00Z, which the prior run has: let both write them at the same hours`),
  ); // prettier-ignore
});

it('a run with other layers than the prior', () => {
  const layers = layersOf('other.nc', amounts());
  expect(() => forEachColumnField(layers, time, { first: 0, count: 1 }, [{ gas: 'NO2', columns: { ...columns, layers: 5 } }], () => {})).toThrow(
    failure('LAYERS_DIFFER', `${at('other.nc')}: expected 5 layers as in the prior run but received 3: give output of the same layers for all runs`),
  );
  layers.close();
});
