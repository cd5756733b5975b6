/** Columns that simulate draws from a truth run's own layers. */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { applyKernel } from '../../columns/column-operator';
import { readModelLayers, readPartialColumns } from '../../columns/model-layers';
import { superObservations } from '../../columns/pixels-to-cells';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { SmallTwin } from '../../run/testing/small-twin';

const COLUMNS = 'columns={NO2_column: {twin: {}}, HCHO_column: {twin: {}}, NH3_column: {twin: {}}}';
const twin = new SmallTwin({ hours: 30, spinUpHours: 6, stations: 12 }, ['members.count=1', 'response.groups=[]', 'paperMode.run=false', COLUMNS]);
const HOUR_MS = 3_600_000;

const file = (column: string): string => twin.inRun('simulate/columns', column, '20260105_winter.nc');
const digest = (column: string): string => createHash('sha256').update(readFileSync(file(column))).digest('hex'); // prettier-ignore
beforeAll(async () => void (await twin.run([], ['simulate'])));

test.each([['NO2', 'NO2'], ['HCHO', 'FORM'], ['NH3', 'NH3']])("%s is the truth's under the kernel, but for its noise", (gas, variable) => {
  using layers = IoapiFile.open(twin.inRun('simulate/truth/LAYERS_winter.nc'));
  let [information, product, misfit, count] = [0, 0, 0, 0];
  for (const { observations } of superObservations([file(`${gas}_column`)], layers.grid)) {
    const time = observations[0].time.getTime();
    const begin = Math.floor(time / HOUR_MS) * HOUR_MS;
    const [first, second] = [begin, begin + HOUR_MS].map((instant) => {
      const model = readModelLayers(layers, new Date(instant));
      return { model, x: readPartialColumns(layers, variable, model, gas) };
    });
    const part = (time - begin) / HOUR_MS;
    const cells = layers.grid.rows * layers.grid.cols;
    for (const observation of observations) {
      const { weights, offset, column, error } = applyKernel(observation, first.model, [{ cell: observation.cell, share: 1 }]);
      const expected = weights.reduce((sum, weight, k) => {
        const [a, b] = [first, second].map(({ x }) => x[k * cells + observation.cell]);
        return sum + weight * (a + part * (b - a));
      }, offset);
      information += (expected / error) ** 2;
      product += (expected * column) / error ** 2;
      misfit += ((column - expected) / error) ** 2;
      count++;
    }
  }
  expect(count).toBeGreaterThan(50);
  expect(Math.abs(product / information - 1)).toBeLessThan(4 * Math.sqrt(9 / information)); // noise is shared by some nine cells
  expect(misfit / count).toBeGreaterThan(0.5);
  expect(misfit / count).toBeLessThan(2);
}); // prettier-ignore

test('threads change nothing, and a planted bias makes its columns anew but no run', async () => {
  const [before, made] = [['NO2_column', 'NH3_column'].map(digest), statSync(twin.inRun('simulate/truth/ACONC_winter.nc')).mtimeMs];
  await twin.run(['columns.NO2_column.twin.bias=0.15'], ['simulate'], { threads: 2 });
  expect(statSync(twin.inRun('simulate/truth/ACONC_winter.nc')).mtimeMs).toBe(made);
  const biased = ['NO2_column', 'NH3_column'].map(digest);
  expect([biased[0] === before[0], biased[1] === before[1]]).toEqual([false, true]);
  rmSync(twin.inRun('simulate'), { recursive: true });
  await twin.run([], ['simulate'], { threads: 2 });
  expect(['NO2_column', 'NH3_column'].map(digest)).toEqual(before);
  expect(twin.read<{ products: string[] }>(join('simulate', 'record.json')).products).toContain('columns/NO2_column/20260105_winter.nc');
});
