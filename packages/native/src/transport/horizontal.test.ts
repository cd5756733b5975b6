/** Advection and diffusion alone: mass, uniformity, shape, against analytic solutions. */
import { createTransportModel, type TransportGrid, type TransportModel, type TransportOptions } from './transport';
import { generator, hourOf, NO_PROCESS, plane, start } from './testing/hours';

const TRANSPORT_ONLY = { ...NO_PROCESS, transport: true };

function transportOf(grid: TransportGrid, options: TransportOptions = {}): TransportModel {
  return createTransportModel(grid, { layerTops: [], windExponent: 0, processes: TRANSPORT_ONLY, horizontalDiffusivity: 0, ...options });
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);

describe('horizontal transport', () => {
  const grid = { rows: 23, cols: 31, cellSizeX: 20000, cellSizeY: 15000 };
  const random = generator(11);
  const noise = Float64Array.from({ length: 4 * grid.rows * grid.cols }, random);
  const wind = (part: number) => (row: number, col: number) => 24 * (noise[part * grid.rows * grid.cols + row * grid.cols + col] - 0.5);
  const storm = hourOf(grid, { windU: wind(0), windV: wind(1) });

  it.each(['periodic', 'closed'] as const)('keeps mass to 1e-12 in a %s domain with winds that converge and diverge', async (boundary) => {
    const model = transportOf(grid, { boundary, horizontalDiffusivity: 3000 });
    await start(model, grid, (row, col) => 100 * noise[2 * grid.rows * grid.cols + row * grid.cols + col] ** 4);
    const before = model.budget().species.PPM.mass;
    for (let hour = 0; hour < 6; hour++) await model.advanceHour(storm);
    const after = model.budget().species.PPM;
    expect(Math.abs(after.mass / before - 1)).toBeLessThan(1e-12);
    expect(Math.abs(after.inflow) / before).toBeLessThan(1e-12);
    model.dispose();
  });

  it('accounts for what crosses open edges to 1e-12', async () => {
    const model = transportOf(grid, { horizontalDiffusivity: 3000 });
    await start(model, grid, (row, col) => 100 * noise[2 * grid.rows * grid.cols + row * grid.cols + col] ** 4);
    for (let hour = 0; hour < 6; hour++) await model.advanceHour(storm);
    const { start: first, inflow, mass } = model.budget().species.PPM;
    expect(Math.abs(inflow) / mass).toBeGreaterThan(0.05); // something did cross
    expect(Math.abs(first + inflow - mass) / mass).toBeLessThan(1e-12);
    model.dispose();
  });

  it('leaves a uniform mixing ratio uniform where winds diverge', async () => {
    const model = transportOf(grid, { boundary: 'periodic', horizontalDiffusivity: 3000 });
    await start(model, grid, () => 40);
    for (let hour = 0; hour < 6; hour++) await model.advanceHour(storm);
    const air = plane(model, grid, 'air');
    expect(Math.max(...air) / Math.min(...air)).toBeGreaterThan(3); // the winds did diverge
    for (const value of plane(model, grid, 'PPM')) expect(Math.abs(value / 40 - 1)).toBeLessThan(1e-12);
    model.dispose();
  });

  it('makes no new extremes', async () => {
    const model = transportOf(grid, { boundary: 'periodic' });
    await start(model, grid, (row, col) => (noise[2 * grid.rows * grid.cols + row * grid.cols + col] > 0.7 ? 10 : 2));
    for (let hour = 0; hour < 6; hour++) await model.advanceHour(storm);
    const values = plane(model, grid, 'PPM');
    expect(Math.min(...values)).toBeGreaterThan(2 - 1e-12);
    expect(Math.max(...values)).toBeLessThan(10 + 1e-12);
    model.dispose();
  });
});

describe('rotating cone (Crowley 1968; Smolarkiewicz 1983)', () => {
  // 101 x 101 cells of 10 km, a cone of radius 15 cells and height 100 whose centre is 25 cells from the axis, one turn in 96 h.
  const grid = { rows: 101, cols: 101, cellSizeX: 10000, cellSizeY: 10000 };
  const hours = 96;
  const omega = (2 * Math.PI) / (hours * 3600);
  const cone = (row: number, col: number): number => Math.max(0, 100 * (1 - Math.hypot(row - 50, col - 75) / 15));

  it('comes back with 80 % of its peak and an error below 5 % of its mass', async () => {
    const model = transportOf(grid, { background: { PPM: 0 } });
    await start(model, grid, cone);
    const turning = hourOf(grid, { windU: (row) => -omega * (row - 50) * 10000, windV: (_, col) => omega * (col - 50) * 10000 });
    for (let hour = 0; hour < hours; hour++) await model.advanceHour(turning);
    const values = plane(model, grid, 'PPM');
    const exact = Float64Array.from(values, (_, cell) => cone(Math.floor(cell / 101), cell % 101));
    const error = sum(values.map((value, cell) => Math.abs(value - exact[cell]))) / sum(exact);
    const peak = Math.max(...values);
    process.stdout.write(`rotating cone: peak ${peak.toFixed(1)} of 100, L1 error ${(100 * error).toFixed(1)} %\n`);
    expect(peak).toBeGreaterThan(80); // what van Leer's scheme with the monotonised central limiter gives: 82.5
    expect(peak).toBeLessThanOrEqual(100);
    expect(error).toBeLessThan(0.05); // 4.6 %
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    model.dispose();
  });
});

describe('diffusing puff', () => {
  it('follows the Gaussian of variance s0^2 + 2 K t to 1 % of its peak', async () => {
    const grid = { rows: 61, cols: 61, cellSizeX: 5000, cellSizeY: 5000 };
    const [diffusivity, hours, s0] = [4000, 12, 4 * 5000];
    const model = transportOf(grid, { boundary: 'closed', horizontalDiffusivity: diffusivity });
    const puff = (variance: number) => (row: number, col: number) =>
      ((100 * s0 ** 2) / variance) * Math.exp((-25e6 * ((row - 30) ** 2 + (col - 30) ** 2)) / (2 * variance));
    await start(model, grid, puff(s0 ** 2));
    for (let hour = 0; hour < hours; hour++) await model.advanceHour(hourOf(grid));
    const exact = puff(s0 ** 2 + 2 * diffusivity * hours * 3600);
    expect(exact(30, 30)).toBeLessThan(60); // it has spread
    const values = plane(model, grid, 'PPM');
    const worst = Math.max(...values.map((value, cell) => Math.abs(value - exact(Math.floor(cell / 61), cell % 61))));
    process.stdout.write(`diffusing puff: largest error ${((100 * worst) / exact(30, 30)).toFixed(2)} % of the peak\n`);
    expect(worst / exact(30, 30)).toBeLessThan(0.01);
    model.dispose();
  });
});
