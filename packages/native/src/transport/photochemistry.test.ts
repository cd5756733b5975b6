/** All reactions together, with emissions, in every layer: the model in small steps against their differential equations. */
import { createTransportModel, transportSpecies, type TransportSpecies } from './transport';
import { hourOf, NO_PROCESS, plane } from './testing/hours';
import { integrate, reactions, YIELDS, type Air } from './testing/plain-chemistry';

const grid = { rows: 1, cols: 1, cellSizeX: 20000, cellSizeY: 30000 };
const area = grid.cellSizeX * grid.cellSizeY;
type Mixture = Record<TransportSpecies, number>;
const CITY: Mixture = { NO: 6, NO2: 14, O3: 30, VOC: 25, OVOC: 6, SO2: 9, SO4: 2, TNO3: 3, TNH3: 4, PPM: 900, SOA: 120 };
const COUNTRY: Mixture = { NO: 0.05, NO2: 0.6, O3: 55, VOC: 4, OVOC: 3, SO2: 1, SO4: 3, TNO3: 1, TNH3: 2, PPM: 150, SOA: 200 };
const NIGHT: Mixture = { ...CITY, NO: 0, NO2: 12, O3: 45 };

type Weather = Record<'temperature' | 'humidity' | 'radiation' | 'rain' | 'boundaryLayerHeight' | 'pressure', number>;
const NOON: Weather = { temperature: 301, humidity: 0.012, radiation: 780, rain: 0, boundaryLayerHeight: 400, pressure: 98000 };

/** The air of a layer from what `hour_preparation.cc` says of it: lapse 6.5 K km-1, 285 K aloft and scale heights of 8 and 2 km. */
function airOf(w: Weather, layer: number): Air {
  const [bottom, top] = [
    [0, w.boundaryLayerHeight],
    [w.boundaryLayerHeight, 1500],
    [1500, 3500],
  ][layer];
  const middle = (bottom + top) / 2;
  const celsius = w.temperature - 273.15;
  const vapour = (w.pressure * w.humidity) / (0.622 + w.humidity);
  return {
    temperature: layer === 0 ? w.temperature : w.temperature - 6.5e-3 * middle,
    density: layer === 0 ? w.pressure / (8.314462618 * w.temperature) : (w.pressure / (8.314462618 * 285)) * Math.exp(-middle / 8000),
    water: (28.965 / 18.016) * w.humidity * Math.exp(layer === 0 ? 0 : -middle / 2000),
    humidity: Math.min(1, vapour / (611.2 * Math.exp((17.67 * celsius) / (celsius + 243.5)))), // Bolton (1980), of the ground
    radiation: w.radiation,
    rain: w.rain,
    atGround: layer === 0,
  };
}

// mol s-1 (PM2.5: g s-1) of a cell, from the ground up: what stacks add is another test's
const EMITTED = [8, 1, 3, 10, 20];

it.each<[string, Weather, Mixture, typeof YIELDS?]>([
  ['a city at noon', NOON, CITY],
  ['the same with yields and rates of its own', NOON, CITY, { soa: 0.1, organicNitrate: 0.12, aqueous: 2e-4, hono: 4e-5, n2o5: 0.1 }],
  ['the country at noon, dry', { ...NOON, humidity: 0.004 }, COUNTRY],
  ['a hazy morning, the sun low', { ...NOON, temperature: 278, humidity: 0.0048, radiation: 90 }, CITY],
  ['a rainy night', { ...NOON, temperature: 284, humidity: 0.003, radiation: 0, rain: 1 }, NIGHT],
  ['a dry winter night', { ...NOON, temperature: 268, humidity: 0.001, radiation: 0 }, { ...NIGHT, VOC: 8 }],
])('%s', async (_, weather, start, yields = YIELDS) => {
  const model = createTransportModel(grid, {
    soaYield: yields.soa,
    organicNitrateYield: yields.organicNitrate,
    aqueousRate: yields.aqueous,
    honoRate: yields.hono,
    n2o5Uptake: yields.n2o5,
    stepsPerHour: 3600,
    chemistrySteps: 1,
    biogenicVoc: 0,
    stackShare: { NOx: 0, SO2: 0, 'PM2.5': 0 },
    processes: { ...NO_PROCESS, chemistry: true, emission: true },
  });
  const calm = hourOf(grid, { ...weather, radiation: 0 });
  await model.advanceHour(calm); // fills the layers with air
  const state = model.state();
  for (const [s, name] of transportSpecies.entries()) state.fill(start[name], s * model.layers, (s + 1) * model.layers);
  model.restore(state);
  await model.advanceHour({ ...hourOf(grid, weather), emissions: Float64Array.from(EMITTED) });
  const nitrateOf: number[] = [];
  for (let layer = 0; layer < model.layers; layer++) {
    const air = airOf(weather, layer);
    // nmol s-1 of a cell per mol of its air
    const each = layer > 0 ? 0 : 1e9 / (air.density * weather.boundaryLayerHeight * area);
    const emission = { NO: 0.9 * EMITTED[0], NO2: 0.1 * EMITTED[0], TNH3: EMITTED[1], SO2: EMITTED[2], VOC: EMITTED[3], PPM: EMITTED[4] };
    const rates = Object.fromEntries(Object.entries(emission).map(([name, value]) => [name, value * each]));
    const expected = integrate(reactions(air, rates, yields), start, 3600, 3600);
    nitrateOf.push(expected.organicNitrate);
    for (const name of transportSpecies) {
      // Of steps of 1 s: fresh NO waits so long for ozone, which takes it within minutes at night.
      const bound = 3e-3 * Math.abs(expected[name] - start[name]) + 5e-4;
      expect([layer, name, Math.abs(plane(model, grid, name, layer)[0] - expected[name]) < bound]).toEqual([layer, name, true]);
    }
  }
  const nitrate = nitrateOf.reduce((sum, ppb, layer) => sum + ppb * 1e-9 * area * plane(model, grid, 'air', layer)[0], 0); // mol
  expect(Math.abs(model.budget().organicNitrate - nitrate)).toBeLessThanOrEqual(3e-3 * nitrate);
  model.dispose();
});
