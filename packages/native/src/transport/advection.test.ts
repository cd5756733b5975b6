/** Advection and diffusion, cell by cell, against their equations in plain loops. */
import { createTransportModel, type TransportGrid, type TransportModel, type TransportOptions } from './transport';
import { generator, hourOf, NO_PROCESS, plane, setPlane, start } from './testing/hours';
import { plainHour } from './testing/plain-advection';

function transportOf(grid: TransportGrid, options: TransportOptions = {}): TransportModel {
  return createTransportModel(grid, {
    layerTops: [],
    windExponent: 0,
    processes: { ...NO_PROCESS, transport: true },
    horizontalDiffusivity: 0,
    ...options,
  });
}

describe.each(['open', 'periodic', 'closed'] as const)('the scheme, cell by cell, in an %s domain', (boundary) => {
  it.each([
    [7, 5, 1],
    [5, 9, 3],
    [1, 6, 2],
    [6, 1, 2],
    [2, 2, 4],
  ])('of %i x %i cells in %i steps an hour', async (rows, cols, stepsPerHour) => {
    const grid = { rows, cols, cellSizeX: 12000, cellSizeY: 20000 };
    const random = generator(rows + 10 * cols);
    const [windU, windV, noise] = [0, 1, 2].map(() => Float64Array.from({ length: rows * cols }, () => 16 * (random() - 0.4)));
    const [diffusivity, outside] = [2500, 7];
    const model = transportOf(grid, { boundary, horizontalDiffusivity: diffusivity, stepsPerHour, background: { PPM: outside } });
    await start(model, grid, (row, col) => 5 * Math.abs(noise[row * cols + col]));
    const [air, q] = [plane(model, grid, 'air'), plane(model, grid, 'PPM')];
    for (let hour = 0; hour < 2; hour++) {
      await model.advanceHour({ ...hourOf(grid), windU, windV });
      plainHour({ grid, windU, windV, boundary, diffusivity, outside, stepsPerHour }, air, q);
    }
    // Rounding: some hundred sweeps.
    plane(model, grid, 'air').forEach((value, cell) => expect(Math.abs(value / air[cell] - 1)).toBeLessThan(1e-11));
    plane(model, grid, 'PPM').forEach((value, cell) => expect(Math.abs(value - q[cell])).toBeLessThan(1e-10 * Math.max(...q)));
    model.dispose();
  });
});

describe('the wind of a layer', () => {
  it.each([
    [30, 20],
    [500, 250],
    [3000, 1000],
  ])('under %i m is that of %i m by the power law', async (depth, height) => {
    const grid = { rows: 1, cols: 8, cellSizeX: 15000, cellSizeY: 15000 };
    const options = { minimumMixedLayer: 10, windExponent: 0.2, boundary: 'periodic' as const };
    const [model, other] = [transportOf(grid, options), transportOf(grid, { ...options, windExponent: 0 })];
    const hour = (wind: number) => hourOf(grid, { windU: wind, boundaryLayerHeight: depth });
    for (const each of [model, other]) {
      await each.advanceHour(hour(0));
      setPlane(each, grid, 'PPM', (_, col) => col ** 2);
    }
    await model.advanceHour(hour(2));
    await other.advanceHour(hour(2 * (height / 10) ** 0.2));
    const expected = plane(other, grid, 'PPM');
    plane(model, grid, 'PPM').forEach((value, cell) => expect(value).toBeCloseTo(expected[cell], 10));
    for (const each of [model, other]) each.dispose();
  });
});
