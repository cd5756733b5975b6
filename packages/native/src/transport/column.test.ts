/** Processes of a column, each alone, against closed forms. */
import { createTransportModel, transportSpecies, type TransportModel, type TransportOptions, type TransportSpecies } from './transport';
import { hourOf, NO_PROCESS, plane, setPlane } from './testing/hours';

const grid = { rows: 1, cols: 3, cellSizeX: 27000, cellSizeY: 27000 };
const ZERO = Object.fromEntries(transportSpecies.map((name) => [name, 0]));

function modelOf(process: keyof typeof NO_PROCESS, options: TransportOptions = {}): TransportModel {
  return createTransportModel(grid, { processes: { ...NO_PROCESS, [process]: true }, background: ZERO, ...options });
}

async function filled(model: TransportModel, values: Partial<Record<TransportSpecies, number>>): Promise<TransportModel> {
  await model.advanceHour(hourOf(grid));
  for (const [name, value] of Object.entries(values)) setPlane(model, grid, name as TransportSpecies, () => value);
  return model;
}

const first = (model: TransportModel, species: TransportSpecies, layer = 0): number => plane(model, grid, species, layer)[0];

describe('wet scavenging', () => {
  it('is first-order decay, exp(-lambda t), to 1e-12', async () => {
    const model = await filled(modelOf('wetDeposition'), { SO4: 5, SO2: 5 });
    for (let hour = 0; hour < 6; hour++) await model.advanceHour(hourOf(grid, { rain: 0.5 }));
    // lambda = W P / (h rho_w): W 0.8e6 and 0.25e6, 0.5 kg m-2 h-1, h 2000 m
    const decay = (ratio: number): number => 5 * Math.exp((-ratio * 0.5 * 6) / (2000 * 1000));
    expect(Math.abs(first(model, 'SO4') / decay(0.8e6) - 1)).toBeLessThan(1e-12);
    expect(Math.abs(first(model, 'SO2') / decay(0.25e6) - 1)).toBeLessThan(1e-12);
    model.dispose();
  });
});

describe('dry deposition', () => {
  const day = hourOf(grid, { windU: 3, radiation: 700, temperature: 295, boundaryLayerHeight: 1000 });
  const night = hourOf(grid, { windU: 3, temperature: 285, boundaryLayerHeight: 1000 });
  const velocity = async (species: TransportSpecies, hour: typeof day): Promise<number> => {
    const model = await filled(modelOf('dryDeposition'), { [species]: 10 });
    await model.advanceHour(hour);
    const once = first(model, species);
    for (let h = 0; h < 4; h++) await model.advanceHour(hour);
    expect(Math.abs(first(model, species) / (10 * (once / 10) ** 5) - 1)).toBeLessThan(1e-12); // first order
    model.dispose();
    return (1000 / 3600) * Math.log(10 / once); // m s-1
  };

  it('gives velocities in the range of observations (Seinfeld & Pandis table 19.1)', async () => {
    const ozone = await velocity('O3', day);
    expect(ozone).toBeGreaterThan(0.003);
    expect(ozone).toBeLessThan(0.01);
    const sulfate = await velocity('SO4', day);
    expect(sulfate).toBeGreaterThan(0.0003);
    expect(sulfate).toBeLessThan(0.003);
  });

  it('is slower at night, when stomata are shut and the air is stable', async () => {
    expect(await velocity('O3', night)).toBeLessThan(0.7 * (await velocity('O3', day)));
  });

  it('takes SO2 up faster at sea than O3', async () => {
    const land = new Float64Array(3);
    expect(await velocity('SO2', { ...day, land })).toBeGreaterThan(3 * (await velocity('O3', { ...day, land })));
  });
});

describe('photochemistry', () => {
  const options = { honoRate: 0 };
  // Rate constants of photochemistry.h, at 288 K and 1013.25 hPa
  const perPpb = (101325 / (8.314462618 * 288)) * 6.02214076e8;
  const k = perPpb * 3.0e-12 * Math.exp(-1500 / 288);

  it('reaches the photostationary state of NO, NO2, O3 to 1e-6', async () => {
    const model = await filled(modelOf('chemistry', options), { NO: 5, NO2: 15, O3: 30 }); // dry, no VOC: no radicals
    await model.advanceHour(hourOf(grid, { radiation: 600 }));
    const j = 1.06 * (1.47e-5 * 600 - 4.84e-9 * 600 ** 2); // Trebs et al. 2009
    const [nox, ox] = [20, 45];
    const b = k * (nox + ox) + j;
    const no2 = (b - Math.sqrt(b * b - 4 * k * k * nox * ox)) / (2 * k); // k (Ox - x)(NOx - x) = j x
    // The slow loss of NO2 + O3 -> NO3 has its yield on particles only, and there are none.
    expect(Math.abs(first(model, 'NO2') / no2 - 1)).toBeLessThan(1e-6);
    expect(Math.abs(first(model, 'NO') / (nox - no2) - 1)).toBeLessThan(1e-6);
    expect(Math.abs(first(model, 'O3') / (ox - no2) - 1)).toBeLessThan(1e-6);
    const leighton = (j * first(model, 'NO2')) / (k * first(model, 'NO') * first(model, 'O3'));
    expect(Math.abs(leighton - 1)).toBeLessThan(1e-6);
    model.dispose();
  });

  it('follows the approach to it, not only its end', async () => {
    const model = await filled(modelOf('chemistry', { ...options, stepsPerHour: 60, chemistrySteps: 1 }), { NO: 10, NO2: 0, O3: 12 });
    await model.advanceHour(hourOf(grid)); // dark: NO + O3 -> NO2 from unequal amounts has a closed form
    const e = Math.exp(-k * (12 - 10) * 3600);
    const no = (10 * (12 - 10) * e) / (12 - 10 * e);
    expect(Math.abs(first(model, 'NO') - no)).toBeLessThan(1e-6);
    model.dispose();
  });

  it('titrates ozone at night: NO takes it all', async () => {
    const model = await filled(modelOf('chemistry', options), { NO: 40, NO2: 0, O3: 30 });
    for (let hour = 0; hour < 3; hour++) await model.advanceHour(hourOf(grid));
    expect(first(model, 'O3')).toBeLessThan(1e-6);
    expect(first(model, 'NO')).toBeCloseTo(10, 3);
    model.dispose();
  });

  it('turns SO2 into sulfate at the aqueous rate in saturated air, to 1 % over one lifetime', async () => {
    const model = await filled(modelOf('chemistry', { ...options, aqueousRate: 5e-5 }), { SO2: 10 });
    const wet = hourOf(grid, { humidity: 0.02 }); // above saturation at 288 K; dark, so no OH
    const hours = 5;
    for (let hour = 0; hour < hours; hour++) await model.advanceHour(wet);
    const exact = 10 * Math.exp(-5e-5 * 3600 * hours);
    // backward Euler with k dt = 0.0225: a relative error of t k * k dt / 2 = 1 %
    expect(Math.abs(first(model, 'SO2') / exact - 1)).toBeLessThan(0.0105);
    expect(Math.abs(first(model, 'SO2') + first(model, 'SO4') - 10)).toBeLessThan(1e-12);
    model.dispose();
  });

  it('keeps nitrogen and sulfur: what leaves a gas is found in a particle or in organic nitrate', async () => {
    const model = await filled(modelOf('chemistry'), { NO: 8, NO2: 12, O3: 60, VOC: 30, OVOC: 5, SO2: 10, PPM: 1000 });
    for (let hour = 0; hour < 12; hour++) await model.advanceHour(hourOf(grid, { radiation: hour < 6 ? 700 : 0, humidity: 0.009 }));
    const { species, organicNitrate } = model.budget();
    const nitrogen = species.NO.reacted + species.NO2.reacted + species.TNO3.reacted + organicNitrate;
    expect(species.TNO3.reacted).toBeGreaterThan(0);
    expect(Math.abs(nitrogen) / species.TNO3.reacted).toBeLessThan(1e-10);
    expect(Math.abs(species.SO2.reacted + species.SO4.reacted) / species.SO4.reacted).toBeLessThan(1e-10);
    model.dispose();
  });
});

describe('ammonium nitrate', () => {
  const pm25 = async (values: Partial<Record<TransportSpecies, number>>, temperature: number): Promise<number> => {
    const model = await filled(modelOf('emission'), values);
    const surface = await model.advanceHour(hourOf(grid, { temperature }));
    model.dispose();
    return surface[3];
  };
  const density = (temperature: number): number => 101325 / (8.314462618 * temperature) / 1000;

  it('meets the dissociation constant of Mozurkewich (1993) at 298 K, dry', async () => {
    const constant = Math.exp(118.87 - 24084 / 298 - 6.025 * Math.log(298));
    const stelsonSeinfeld = Math.exp(84.6 - 24220 / 298); // 1982, another measurement: 29 ppb^2
    expect(constant / stelsonSeinfeld).toBeGreaterThan(0.6);
    expect(constant / stelsonSeinfeld).toBeLessThan(1.6);
    const x = (50 - Math.sqrt(10 ** 2 + 4 * constant)) / 2; // NH3 30, HNO3 20
    expect(await pm25({ TNH3: 30, TNO3: 20 }, 298)).toBeCloseTo(density(298) * x * (62.0 + 18.04), 3);
  });

  it('is gas where the product of the gases is below the constant, and none forms without ammonia', async () => {
    expect(await pm25({ TNH3: 5, TNO3: 5 }, 298)).toBeLessThan(1e-6);
    expect(await pm25({ TNO3: 20 }, 270)).toBeLessThan(1e-6);
  });

  it('gives sulfate its ammonia first', async () => {
    expect(await pm25({ TNH3: 8, TNO3: 20, SO4: 5 }, 288)).toBeCloseTo(density(288) * (5 * 96.06 + 8 * 18.04), 3);
  });
});

describe('vertical exchange', () => {
  it('keeps mass to 1e-12 through growth and collapse of the mixed layer, the open top counted', async () => {
    const model = await filled(modelOf('vertical'), { PPM: 100, O3: 40 });
    for (let hour = 0; hour < 24; hour++) {
      await model.advanceHour(
        hourOf(grid, { boundaryLayerHeight: 300 + 1900 * Math.max(0, Math.sin(hour / 4)), windU: 4, temperature: 285 + hour / 3 }),
      );
    }
    for (const name of ['PPM', 'O3'] as const) {
      const { start, top, mass } = model.budget().species[name];
      expect(Math.abs(start + top - mass) / mass).toBeLessThan(1e-12);
    }
    model.dispose();
  });

  it('dilutes the mixed layer as it grows, and leaves its air behind as it collapses', async () => {
    const model = await filled(modelOf('vertical'), { PPM: 100 });
    await model.advanceHour(hourOf(grid, { boundaryLayerHeight: 1000 }));
    const diluted = first(model, 'PPM');
    expect(diluted).toBeGreaterThan(45); // half, and a little more that went through the layer's top meanwhile
    expect(diluted).toBeLessThan(52);
    await model.advanceHour(hourOf(grid, { boundaryLayerHeight: 200 }));
    expect(first(model, 'PPM', 1)).toBeGreaterThan(0.5 * diluted); // the residual layer
    model.dispose();
  });

  it('keeps a uniform mixing ratio uniform to 1e-12', async () => {
    const model = createTransportModel(grid, { processes: { ...NO_PROCESS, vertical: true }, background: { ...ZERO, O3: 38 } });
    for (let hour = 0; hour < 12; hour++) await model.advanceHour(hourOf(grid, { boundaryLayerHeight: 200 + 150 * hour, temperature: 280 + hour }));
    for (let layer = 0; layer < model.layers; layer++) expect(Math.abs(first(model, 'O3', layer) / 38 - 1)).toBeLessThan(1e-12);
    model.dispose();
  });
});
