/** Deposition of every species, and all outputs, against the equations of `deposition.h` and `aerosol.h` worked with their tables. */
import {
  createTransportModel,
  transportOutputs,
  transportSpecies,
  type TransportModel,
  type TransportOptions,
  type TransportOutput,
  type TransportSpecies,
} from './transport';
import { hourOf, NO_PROCESS, plane } from './testing/hours';

const grid = { rows: 1, cols: 2, cellSizeX: 27000, cellSizeY: 27000 };
const ZERO = Object.fromEntries(transportSpecies.map((name) => [name, 0]));
const DEPTH = 800; // of the mixed layer, m

async function modelOf(process: keyof typeof NO_PROCESS, values: Partial<Record<TransportSpecies, number>>, options: TransportOptions = {}) {
  const model = createTransportModel(grid, { processes: { ...NO_PROCESS, [process]: true }, background: ZERO, stepsPerHour: 1, ...options });
  await model.advanceHour(hourOf(grid, { boundaryLayerHeight: DEPTH }));
  const state = model.state();
  const plane = model.layers * grid.cols;
  for (const [name, value] of Object.entries(values)) {
    const at = model.carried.indexOf(name as TransportSpecies) * plane;
    state.fill(value, at, at + plane);
  }
  model.restore(state);
  return model;
}

const first = (model: TransportModel, species: TransportSpecies, layer = 0): number => plane(model, grid, species, layer)[0];

interface Surface {
  wind: number;
  celsius: number;
  radiation: number;
  land: number;
}

const friction = ({ wind, land }: Surface): number => (0.4 * wind) / Math.log(10 / (land ? 0.2 : 2e-4));

/** Wesely (1989), eq. 1, 2 and 3 with one mixed land surface or the sea; `gas`: D(H2O)/D, H*, f0 of his table 2. m s-1 */
function gasVelocity([diffusivities, henry, reactivity]: readonly number[], at: Surface): number {
  const u = friction(at);
  const stability = !at.land ? 1 : at.radiation < 10 ? 2 : at.radiation > 300 ? 0.5 : 1;
  const throughAir = (stability * at.wind) / u ** 2 + 5 / u;
  const stomata = 150 * (1 + (200 / (at.radiation + 0.1)) ** 2) * (400 / (at.celsius * (40 - at.celsius)));
  const mesophyll = 1 / (3.3e-4 * henry + 100 * reactivity);
  const leaf = at.celsius > 0.5 && at.celsius < 39.5 ? 1 / (stomata * diffusivities + mesophyll) : 0;
  const cuticle = (1e-5 * henry + reactivity) / 3000;
  const ground = henry / (1e5 * 250) + reactivity / 250;
  const toLand = leaf + (at.celsius < -2 ? 0.5 : 1) * (cuticle + ground);
  const toSea = henry / (1e5 * 10) + reactivity / 2000;
  return 1 / (throughAir + 1 / ((at.land ? toLand : toSea) + 1e-6));
}

const particleVelocity = (at: Surface): number => Math.max(0.002 * friction(at), 5e-4);
/** Venkatram & Pleim (1999): resistances beside settling, 0.27 cm s-1 */
const coarseVelocity = (at: Surface): number => 2.7e-3 / (1 - Math.exp(-2.7e-3 / particleVelocity(at)));
const WITH_ALL = { species: ['CO', 'PM10'] } as const;

const GASES = {
  NO2: [1.6, 0.01, 0.1],
  O3: [1.6, 0.01, 1],
  OVOC: [1.3, 6e3, 0],
  SO2: [1.9, 1e5, 0],
  TNO3: [1.9, 1e14, 0],
  TNH3: [1, 2e4, 0],
} as const;
const hourAt = (at: Surface, rain = 0) =>
  hourOf(grid, { windU: at.wind, temperature: 273.15 + at.celsius, radiation: at.radiation, land: at.land, boundaryLayerHeight: DEPTH, rain });

const NOON = { wind: 3, celsius: 22, radiation: 700, land: 1 };
const SURFACES: [string, Surface][] = [
  ['land at noon', NOON],
  ['land under cloud', { ...NOON, celsius: 12, radiation: 200 }],
  ['land at night', { ...NOON, celsius: 8, radiation: 0 }],
  ['land at noon, the plants wilting', { ...NOON, celsius: 39.8 }],
  ['frozen land', { ...NOON, celsius: -10, radiation: 320 }],
  ['the sea', { ...NOON, wind: 6, land: 0 }],
];

describe.each(SURFACES)('dry deposition on %s', (_, at) => {
  const after = async (values: Partial<Record<TransportSpecies, number>>): Promise<TransportModel> => {
    const model = await modelOf('dryDeposition', values, WITH_ALL);
    await model.advanceHour(hourAt(at));
    return model;
  };
  const kept = (velocity: number): number => Math.exp((-velocity * 3600) / DEPTH);

  it.each(Object.entries(GASES))('%s meets its resistances', async (name, gas) => {
    const model = await after({ [name]: 10 });
    expect(first(model, name as TransportSpecies) / (10 * kept(gasVelocity(gas, at)))).toBeCloseTo(1, 12);
    model.dispose();
  });

  it('particles go with friction, coarse ones faster, NO, VOC and CO stay, and so does what lies above the mixed layer', async () => {
    const model = await after({ NO: 10, VOC: 10, CO: 10, SO4: 10, PPM: 10, SOA: 10, PMC: 10 });
    for (const name of ['NO', 'VOC', 'CO'] as const) expect(first(model, name)).toBe(10);
    expect(first(model, 'PMC') / (10 * kept(coarseVelocity(at)))).toBeCloseTo(1, 12);
    expect(coarseVelocity(at)).toBeGreaterThan(2 * particleVelocity(at));
    for (const name of ['SO4', 'PPM', 'SOA', 'PMC'] as const) expect([first(model, name, 1), first(model, name, 2)]).toEqual([10, 10]);
    for (const name of ['SO4', 'PPM', 'SOA'] as const) expect(first(model, name) / (10 * kept(particleVelocity(at)))).toBeCloseTo(1, 12);
    const { species } = model.budget();
    const held = (10e-9 * DEPTH * grid.cols * 27000 ** 2 * 101325) / (8.314462618 * 288); // g in the mixed layer
    expect(species.PPM.dry / (held * (1 - kept(particleVelocity(at))))).toBeCloseTo(1, 9);
    model.dispose();
  });

  it('nitrate and ammonia go as gas and as particle, each with its part', async () => {
    const model = await after({ SO4: 2, TNO3: 20, TNH3: 24 });
    const kelvin = 273.15 + at.celsius;
    const constant = Math.exp(118.87 - 24084 / kelvin - 6.025 * Math.log(kelvin)); // Mozurkewich (1993), dry
    const free = 24 - 2 * 2; // sulfate holds two each
    const x = Math.max(0, (free + 20 - Math.sqrt((free - 20) ** 2 + 4 * constant)) / 2);
    const [hno3, nh3, particle] = [gasVelocity(GASES.TNO3, at), gasVelocity(GASES.TNH3, at), particleVelocity(at)].map(kept);
    expect(first(model, 'TNO3') / ((20 - x) * hno3 + x * particle)).toBeCloseTo(1, 12);
    expect(first(model, 'TNH3') / ((free - x) * nh3 + (4 + x) * particle)).toBeCloseTo(1, 12);
    model.dispose();
  });
});

describe('wet scavenging', () => {
  // Scavenging ratios in millions: Simpson et al. (2012), table S20
  const RATIOS = { NO: 0, NO2: 0, O3: 0, VOC: 0, OVOC: 0.1, SO2: 0.25, SO4: 0.8, TNO3: 1, TNH3: 1, PPM: 0.6, SOA: 0.6, CO: 0, PMC: 0.9 };

  it('takes every species by its ratio, in all layers', async () => {
    const model = await modelOf('wetDeposition', Object.fromEntries(transportSpecies.map((name) => [name, 10])), WITH_ALL);
    await model.advanceHour(hourAt(NOON, 2));
    for (const name of transportSpecies) {
      const kept = Math.exp((-RATIOS[name] * 1e6 * 2) / (2000 * 1000)); // W P / (h rho_w), 2 mm
      for (let layer = 0; layer < 3; layer++) expect([name, Math.abs(first(model, name, layer) / (10 * kept) - 1) < 1e-12]).toEqual([name, true]);
    }
    model.dispose();
  });
});

describe('what is seen at the surface', () => {
  it.each([
    ['dry', 0, 298],
    ['at 80 % humidity', 0.8, 288],
    ['in fog', 1, 278],
  ])('of particles is all that is in them, ammonium nitrate by the humidity; the rest is gas: %s', async (_, humidity, kelvin) => {
    const values = { PPM: 300, SOA: 150, PMC: 240, SO4: 1, TNO3: 9, TNH3: 7, NO: 3, NO2: 4, O3: 50, SO2: 6, OVOC: 2, CO: 300 };
    const model = await modelOf('emission', values, { species: transportOutputs });
    const vapour = humidity * 611.2 * Math.exp((17.67 * (kelvin - 273.15)) / (kelvin - 273.15 + 243.5));
    const mixing = humidity === 1 ? 0.05 : (0.622 * vapour) / (90000 - vapour);
    const surface = await model.advanceHour(hourOf(grid, { temperature: kelvin, humidity: mixing, pressure: 90000 }));
    // Mozurkewich (1993), eq. 4-7 in ppb^2; water activity at most 0.98
    const term = (a: number, b: number, c: number): number => Math.exp(a + b / kelvin + c * Math.log(kelvin));
    const a = 1 - Math.min(0.98, humidity);
    const wet = (term(-135.94, 8763, 19.12) - term(-122.65, 9969, 16.22) * a + term(-182.61, 13875, 24.46) * a * a) * a ** 1.75;
    const constant = term(118.87, -24084, -6.025) * (humidity > 0 ? wet : 1);
    const x = Math.max(0, (5 + 9 - Math.sqrt((5 - 9) ** 2 + 4 * constant)) / 2);
    const density = 90000 / (8.314462618 * kelvin);
    const particles = { 'PM2.5': 300 + 150 + 96.06 + 62.0 * x + 18.04 * (2 + x), SO4: 96.06, NO3: 62.0 * x, NH4: 18.04 * (2 + x), OC: 150 / 1.8 };
    const masses = Object.entries({ ...particles, PM10: particles['PM2.5'] + 240 }).map(([name, mass]) => [name, 1e-3 * density * mass] as const);
    const gases = { NO: 3, NO2: 4, O3: 50, SO2: 6, HCHO: 2, CO: 300, NH3: 5 - x };
    for (const [name, value] of [...masses, ...Object.entries(gases)]) {
      const seen = surface[transportOutputs.indexOf(name as TransportOutput)];
      expect([name, Math.abs(seen - value) <= 1e-6 * value]).toEqual([name, true]); // single precision
    }
    model.dispose();
  });
});
