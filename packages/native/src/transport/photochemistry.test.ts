/** All reactions together, with emissions, in every layer: the model in small steps against their differential equations. */
import { createTransportModel, transportGroups, type TransportGroup, type TransportSpecies } from './transport';
import { hourOf, NO_PROCESS, plane } from './testing/hours';
import { integrate, reactions, YIELDS, type Air } from './testing/plain-chemistry';

const grid = { rows: 1, cols: 1, cellSizeX: 20000, cellSizeY: 30000 };
const area = grid.cellSizeX * grid.cellSizeY;
type Mixture = Record<TransportSpecies, number>;
const CITY: Mixture = { NO: 6, NO2: 14, O3: 30, VOC: 25, OVOC: 6, SO2: 9, SO4: 2, TNO3: 3, TNH3: 4, PPM: 900, SOA: 120, CO: 900, PMC: 700 };
const COUNTRY: Mixture = { NO: 0.05, NO2: 0.6, O3: 55, VOC: 4, OVOC: 3, SO2: 1, SO4: 3, TNO3: 1, TNH3: 2, PPM: 150, SOA: 200, CO: 120, PMC: 90 };
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
const EMITTED: Record<TransportGroup, number> = { NOx: 8, NH3: 1, SO2: 3, VOC: 10, 'PM2.5': 20, CO: 60, PMC: 15, ISOP: 4 };
const FIVE: TransportGroup[] = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'];
const ALL = Object.keys(transportGroups) as TransportGroup[];

it.each<[string, Weather, Mixture, typeof YIELDS?, TransportGroup[]?]>([
  ['a city at noon', NOON, CITY],
  ['the same with yields and rates of its own', NOON, CITY, { soa: 0.1, organicNitrate: 0.12, aqueous: 2e-4, hono: 4e-5, n2o5: 0.1 }],
  ['the same with all groups', NOON, CITY, YIELDS, ALL],
  ['the country at noon, dry', { ...NOON, humidity: 0.004 }, COUNTRY],
  ['the same with CO and coarse particles alone', { ...NOON, humidity: 0.004 }, COUNTRY, YIELDS, ['PMC', 'CO']],
  ['a hazy morning, the sun low', { ...NOON, temperature: 278, humidity: 0.0048, radiation: 90 }, CITY],
  ['a rainy night', { ...NOON, temperature: 284, humidity: 0.003, radiation: 0, rain: 1 }, NIGHT],
  ['a dry winter night', { ...NOON, temperature: 268, humidity: 0.001, radiation: 0 }, { ...NIGHT, VOC: 8 }],
])('%s', async (_, weather, start, yields = YIELDS, groups = FIVE) => {
  const model = createTransportModel(grid, {
    groups,
    soaYield: yields.soa,
    organicNitrateYield: yields.organicNitrate,
    aqueousRate: yields.aqueous,
    honoRate: yields.hono,
    n2o5Uptake: yields.n2o5,
    stepsPerHour: 3600,
    chemistrySteps: 1,
    biogenicVoc: 0,
    stackShare: { NOx: 0, SO2: 0, 'PM2.5': 0, PMC: 0 },
    processes: { ...NO_PROCESS, chemistry: true, emission: true },
  });
  const calm = hourOf(grid, { ...weather, radiation: 0 }, groups.length);
  await model.advanceHour(calm); // fills the layers with air
  const state = model.state();
  const { carried } = model;
  for (const [s, name] of carried.entries()) state.fill(start[name], s * model.layers, (s + 1) * model.layers);
  model.restore(state);
  await model.advanceHour({ ...hourOf(grid, weather), emissions: Float64Array.from(groups, (group) => EMITTED[group]) });
  const nitrateOf: number[] = [];
  for (let layer = 0; layer < model.layers; layer++) {
    const air = airOf(weather, layer);
    // nmol s-1 of a cell per mol of its air
    const each = layer > 0 ? 0 : 1e9 / (air.density * weather.boundaryLayerHeight * area);
    const rateOf = (group: TransportGroup): number => (groups.includes(group) ? EMITTED[group] * each : 0);
    const emission = {
      NO: 0.9 * rateOf('NOx'),
      NO2: 0.1 * rateOf('NOx'),
      TNH3: rateOf('NH3'),
      SO2: rateOf('SO2'),
      PPM: rateOf('PM2.5'),
      CO: rateOf('CO'),
      PMC: rateOf('PMC'),
    };
    const change = reactions(air, { ...emission, VOC: rateOf('VOC') + rateOf('ISOP') }, yields, groups.includes('CO'));
    const expected = integrate(change, start, 3600, 3600);
    nitrateOf.push(expected.organicNitrate);
    for (const name of carried) {
      // Of steps of 1 s: fresh NO waits so long for ozone, which takes it within minutes at night.
      const bound = 3e-3 * Math.abs(expected[name] - start[name]) + 5e-4;
      expect([layer, name, Math.abs(plane(model, grid, name, layer)[0] - expected[name]) < bound]).toEqual([layer, name, true]);
    }
  }
  const nitrate = nitrateOf.reduce((sum, ppb, layer) => sum + ppb * 1e-9 * area * plane(model, grid, 'air', layer)[0], 0); // mol
  expect(Math.abs(model.budget().organicNitrate - nitrate)).toBeLessThanOrEqual(3e-3 * nitrate);
  model.dispose();
});
