/** What an hour is prepared from: emissions and their heights, isoprene, the layers and what passes between them, worked by hand. */
import { createTransportModel, transportSpecies, type TransportModel, type TransportOptions } from './transport';
import { hourOf, NO_PROCESS, plane } from './testing/hours';

const grid = { rows: 1, cols: 1, cellSizeX: 20000, cellSizeY: 30000 };
const ZERO = Object.fromEntries(transportSpecies.map((name) => [name, 0]));
const R = 8.314462618;

function modelOf(process: keyof typeof NO_PROCESS, options: TransportOptions = {}): TransportModel {
  return createTransportModel(grid, { processes: { ...NO_PROCESS, [process]: true }, background: ZERO, stepsPerHour: 1, ...options });
}

/** mol m-2 of a mixed layer, and of a layer above, whose density is that of 285 K falling with 8 km. */
const mixedAir = (depth: number, kelvin = 288): number => (101325 / (R * kelvin)) * depth;
const aloft = (bottom: number, top: number): number => (101325 / (R * 285)) * Math.exp(-(bottom + top) / 2 / 8000);
const airAbove = (bottom: number, top: number): number => aloft(bottom, top) * (top - bottom);

describe('emissions', () => {
  it.each([
    [120, 0],
    [240, 0.3],
    [300, 0.5],
    [900, 1],
  ])('from stacks of 150 to 450 m under a mixed layer of %i m: %f of them stay in it', async (depth, within) => {
    const stackShare = { NOx: 0.4, NH3: 0, SO2: 0.5, VOC: 0.1, 'PM2.5': 1, CO: 0.2, PMC: 0.3 };
    const model = modelOf('emission', { groups: ['CO', 'NOx', 'NH3', 'SO2', 'VOC', 'PM2.5', 'PMC'], stackShare, no2Share: 0.2 });
    await model.advanceHour(hourOf(grid, { boundaryLayerHeight: depth, emissions: () => [7, 5, 2, 3, 4, 6, 8] }, 7));
    const gases = { NO: [0.8 * 5, 0.4], NO2: [0.2 * 5, 0.4], TNH3: [2, 0], SO2: [3, 0.5], VOC: [4, 0.1], CO: [7, 0.2] } as const;
    const emitted = { ...gases, PPM: [6, 1], PMC: [8, 0.3] } as const;
    for (const [name, [amount, stacks]] of Object.entries(emitted)) {
      const [low, high] = [0, 1].map((layer) => plane(model, grid, name as 'NO', layer)[0]);
      const nmol = (amount * 3600e9) / (grid.cellSizeX * grid.cellSizeY); // m-2
      expect(low).toBeCloseTo((nmol * (1 - stacks * (1 - within))) / mixedAir(depth), 10);
      expect(high).toBeCloseTo((nmol * stacks * (1 - within)) / airAbove(depth, 1500), 10);
    }
    expect(plane(model, grid, 'PPM', 2)[0]).toBe(0);
    model.dispose();
  });

  it('all stay in the only layer that there is', async () => {
    const model = modelOf('emission', { layerTops: [] });
    await model.advanceHour(hourOf(grid, { boundaryLayerHeight: 120, emissions: () => [0, 0, 3, 0, 0] }));
    expect(plane(model, grid, 'SO2')[0] / ((3 * 3600e9) / 6e8 / mixedAir(120))).toBeCloseTo(1, 12);
    model.dispose();
  });

  it.each([
    [303, 500, 1],
    [295, 800, 1],
    [310, 120, 0.25],
    [300, 800, 0],
    [300, 0, 1],
  ])('isoprene of Guenther et al. (1993) at %i K in %i W m-2 on land %f', async (kelvin, radiation, land) => {
    const model = modelOf('emission', { biogenicVoc: 2 });
    await model.advanceHour(hourOf(grid, { temperature: kelvin, radiation, land }));
    const light = 2 * radiation; // umol photons m-2 s-1
    const byLight = (0.0027 * 1.066 * light) / Math.sqrt(1 + 0.0027 ** 2 * light ** 2);
    const byHeat = Math.exp((95000 * (kelvin - 303)) / (R * 303 * kelvin)) / (1 + Math.exp((230000 * (kelvin - 314)) / (R * 303 * kelvin)));
    if (kelvin === 303 && radiation === 500) expect(byLight * byHeat).toBeCloseTo(0.964, 2); // its standard conditions
    const nmol = (2e-3 / 12.011 / 5) * byLight * byHeat * 1e9 * land; // m-2 in an hour, of 2 mg C m-2 h-1; two carbonyls of each
    expect(plane(model, grid, 'OVOC')[0]).toBeCloseTo((2 * nmol) / mixedAir(500, kelvin), 12);
    model.dispose();
  });

  it('isoprene of the emissions goes into VOC, and the model then makes none of its own unless it is told to', async () => {
    const hour = hourOf(grid, { temperature: 303, radiation: 500, emissions: () => [4, 2] }, 2);
    for (const biogenicVoc of [undefined, 1]) {
      const model = modelOf('emission', { groups: ['ISOP', 'VOC'], ...(biogenicVoc !== undefined && { biogenicVoc }) });
      await model.advanceHour(hour);
      expect(plane(model, grid, 'VOC')[0]).toBeCloseTo((6 * 3600e9) / 6e8 / mixedAir(500, 303), 10);
      if (biogenicVoc === undefined) expect(plane(model, grid, 'OVOC')[0]).toBe(0);
      else expect(plane(model, grid, 'OVOC')[0]).toBeGreaterThan(0.01);
      model.dispose();
    }
  });
});

/** A column of three layers with mixing ratios of PPM in them. */
async function column(values: number[], depth: number, options: TransportOptions = {}): Promise<TransportModel> {
  const model = modelOf('vertical', options);
  await model.advanceHour(hourOf(grid, { boundaryLayerHeight: depth }));
  const state = model.state();
  const begin = model.carried.indexOf('PPM') * model.layers;
  values.forEach((value, layer) => (state[begin + layer] = value));
  model.restore(state);
  return model;
}

const values = (model: TransportModel): number[] => Array.from({ length: model.layers }, (_, layer) => plane(model, grid, 'PPM', layer)[0]);

describe('layers', () => {
  it('reach to the mixed layer’s top and to fixed ones, each at least 100 m above the one below', async () => {
    for (const [depth, tops] of [
      [40, [100, 1500, 3500]],
      [700, [700, 1500, 3500]],
      [1450, [1450, 1550, 3500]],
      [3600, [3600, 3700, 3800]],
    ] as const) {
      const model = await column([0, 0, 0], depth);
      const air = [0, 1, 2].map((layer) => plane(model, grid, 'air', layer)[0]);
      expect(air[0] / mixedAir(tops[0])).toBeCloseTo(1, 12);
      expect(air[1] / airAbove(tops[0], tops[1])).toBeCloseTo(1, 12);
      expect(air[2] / airAbove(tops[1], tops[2])).toBeCloseTo(1, 12);
      model.dispose();
    }
    const shallow = await column([0, 0, 0], 15, { minimumMixedLayer: 30 });
    expect(plane(shallow, grid, 'air')[0] / mixedAir(30)).toBeCloseTo(1, 12);
    shallow.dispose();
  });

  it.each([
    ['land', 1, 0.4 / Math.log(10 / 0.2)],
    ['the sea', 0, 0.4 / Math.log(10 / 2e-4)],
  ])('exchange air as the implicit equations say, over %s', async (_, land, drag) => {
    const model = await column([100, 20, 5], 500);
    await model.advanceHour(hourOf(grid, { windU: 3, windV: 4, land }));
    const q = values(model);
    // M (q' - q) / dt = E below (q' below - q') - E (q' - q' above)
    const air = [mixedAir(500), airAbove(500, 1500), airAbove(1500, 3500)];
    const up = [aloft(500, 1500) * (0.002 + 0.02 * drag * 5), aloft(1500, 3500) * (1 / 1500)].map((e, k) => e * (q[k] - q[k + 1]));
    const gain = [-up[0], up[0] - up[1], up[1]];
    [100, 20, 5].forEach((before, k) => expect((air[k] * (q[k] - before)) / 3600).toBeCloseTo(gain[k], 9));
    expect(q[0]).toBeLessThan(98);
    model.dispose();
  });

  // Exchange apart: PPM is what remapping leaves, after the implicit equations are taken back.
  const remapped = (model: TransportModel, depth: number, kelvin: number): number[] => {
    const q = values(model);
    const air = [mixedAir(depth, kelvin), airAbove(depth, 1500), airAbove(1500, 3500)];
    const up = [aloft(depth, 1500) * (0.002 + (0.02 * 0.4 * 0.5) / Math.log(50)), aloft(1500, 3500) / ((1500 - depth) / 2 + 1000)].map(
      (e, k) => e * (q[k] - q[k + 1]) * 3600,
    );
    return q.map((value, k) => value + ((up[k] ?? 0) - (up[k - 1] ?? 0)) / air[k]);
  };

  it('hand their air over as the mixed layer grows and falls', async () => {
    const growing = await column([100, 20, 5], 500);
    await growing.advanceHour(hourOf(grid, { boundaryLayerHeight: 900 }));
    const grown = mixedAir(900);
    expect(remapped(growing, 900, 288)[0]).toBeCloseTo((mixedAir(500) * 100 + (grown - mixedAir(500)) * 20) / grown, 9);
    growing.dispose();
    const falling = await column([100, 20, 5], 900);
    await falling.advanceHour(hourOf(grid, { boundaryLayerHeight: 300 }));
    const residual = mixedAir(900) - mixedAir(300);
    const above = airAbove(300, 1500);
    const q = remapped(falling, 300, 288);
    expect(q[0]).toBeCloseTo(100, 9);
    expect(q[1]).toBeCloseTo((residual * 100 + (above - residual) * 20) / above, 9);
    falling.dispose();
  });

  it('take in background at the top as the air grows denser, and give their own away as it thins', async () => {
    const cooling = await column([100, 20, 5], 500, { background: { ...ZERO, PPM: 50 } });
    await cooling.advanceHour(hourOf(grid, { temperature: 278 }));
    const lacking = mixedAir(500, 278) - mixedAir(500);
    const top = airAbove(1500, 3500);
    expect(remapped(cooling, 500, 278)[2]).toBeCloseTo((lacking * 50 + (top - lacking) * 5) / top, 9);
    const moles = 1e-9 * grid.cellSizeX * grid.cellSizeY;
    expect(cooling.budget().species.PPM.top / (lacking * 50 * moles)).toBeCloseTo(1, 9);
    cooling.dispose();
    const warming = await column([100, 20, 5], 500, { background: { ...ZERO, PPM: 50 } });
    await warming.advanceHour(hourOf(grid, { temperature: 298 }));
    const surplus = mixedAir(500) - mixedAir(500, 298);
    expect(warming.budget().species.PPM.top / (-surplus * 5 * moles)).toBeCloseTo(1, 9);
    warming.dispose();
  });
});
