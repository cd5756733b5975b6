/** The state by layer: that of the model, which does not change by being looked at. */
import { createTransportModel, type TransportModel, type TransportOptions, type TransportOutput } from './transport';
import { cityHour, field, hourOf, plane } from './testing/hours';

const grid = { rows: 9, cols: 12, cellSizeX: 27000, cellSizeY: 27000 };
const cells = grid.rows * grid.cols;
const GASES = ['NO2', 'HCHO', 'NH3', 'SO2'] as const;
const open = (options: TransportOptions = {}): TransportModel => createTransportModel(grid, options);
const LAYERS = 3;

it('are the mixing ratios and the air of the state, before the first hour and after each', async () => {
  using model = open();
  for (let hour = -1; hour < 5; hour++) {
    const fields = cityHour(grid, 'summer', Math.max(hour, 0) + 8);
    if (hour >= 0) await model.advanceHour(fields);
    const { air, tops, values } = await model.profiles(fields, GASES);
    const state = model.state();
    const of = (species: (typeof model.carried)[number], layers = LAYERS): Float64Array =>
      state.subarray(model.carried.indexOf(species) * LAYERS * cells).subarray(0, layers * cells);
    expect(air).toEqual(state.slice(-LAYERS * cells));
    const parts = GASES.map((_, g) => values.subarray(g * LAYERS * cells, (g + 1) * LAYERS * cells));
    expect(parts[0]).toEqual(of('NO2'));
    expect(parts[1]).toEqual(of('OVOC'));
    expect(parts[3]).toEqual(of('SO2'));
    expect(parts[2].every((gas, i) => gas >= 0 && gas <= of('TNH3')[i])).toBe(true);
    const height = Math.max(fields.boundaryLayerHeight[0], 100);
    [height, Math.max(1500, height + 100), Math.max(3500, height + 200)].forEach((top, k) => expect(tops[k * cells]).toBeCloseTo(top, 6));
    expect(tops).toHaveLength(LAYERS * cells);
  }
});

it('sum up to the mass of the budget', async () => {
  using model = open();
  const fields = cityHour(grid, 'winter', 10);
  await model.profiles(fields, GASES);
  await model.advanceHour(fields);
  const { air, values } = await model.profiles(fields, GASES);
  const { species } = model.budget();
  for (const [g, name] of [
    [0, 'NO2'],
    [1, 'OVOC'],
    [3, 'SO2'],
  ] as const) {
    const moles = air.reduce((sum, mass, i) => sum + 1e-9 * mass * values[g * air.length + i] * grid.cellSizeX * grid.cellSizeY, 0);
    expect(Math.abs(moles / species[name].mass - 1)).toBeLessThan(1e-12);
    const { start, emitted, inflow, top, reacted, dry, wet, mass } = species[name];
    expect(Math.abs((start + emitted + inflow + top + reacted - dry - wet) / mass - 1)).toBeLessThan(1e-9);
  }
});

it('change nothing of a run, and are the same with any number of threads', async () => {
  const run = async (threads: number, looked: boolean): Promise<{ model: Float64Array; seen: Float64Array[] }> => {
    using model = open({ threads });
    const seen: Float64Array[] = [];
    for (let hour = 0; hour < 4; hour++) {
      const fields = cityHour(grid, 'winter', hour + 7);
      if (looked && hour === 0) seen.push((await model.profiles(fields, GASES)).values);
      await model.advanceHour(fields);
      if (looked) seen.push((await model.profiles(fields, GASES)).values);
    }
    return { model: model.state(), seen };
  };
  const [one, two, alone] = [await run(1, true), await run(2, true), await run(1, false)];
  expect(one.model).toEqual(alone.model);
  expect(two).toEqual(one);
});

it('have at the ground what the hour gives at the surface, where an hour is one step', async () => {
  using model = open({ stepsPerHour: 1, species: GASES });
  for (let hour = 0; hour < 3; hour++) {
    const fields = cityHour(grid, 'winter', hour + 12);
    const surface = await model.advanceHour(fields);
    const { values } = await model.profiles(fields, GASES);
    GASES.forEach((_, g) => {
      const ground = Float32Array.from(values.subarray(g * LAYERS * cells, g * LAYERS * cells + cells));
      expect(ground).toEqual(surface.filter((_value, i) => i % GASES.length === g));
    });
  }
});

it('leave less ammonia as gas in the cold above, of the same ammonia and nitrate', async () => {
  using model = open({ background: { TNH3: 5, TNO3: 4, SO4: 0.5 } });
  const fields = hourOf(grid, { temperature: 292, humidity: 0.003, boundaryLayerHeight: 400 });
  const { values } = await model.profiles(fields, ['NH3']);
  const [ground, middle, top] = [0, 1, 2].map((k) => values[k * cells]);
  expect(plane(model, grid, 'TNH3', 2)).toEqual(field(grid, 5));
  expect(ground).toBeLessThanOrEqual(4); // sulfate has taken twice its own
  expect(ground).toBeGreaterThan(middle + 0.1);
  expect(middle).toBeGreaterThan(top + 0.1);
});

it.each<[string, readonly TransportOutput[], object, RegExp]>([
  ['what is not carried', ['CO'], {}, /profiles: CO is not carried: name it among the species of the run/],
  ['what there is not', ['NOy' as TransportOutput], {}, /some of NO2, .* but received NOy/],
  ['nothing', [], {}, /a list of one or more names/],
  ['no list', undefined as unknown as TransportOutput[], {}, /a list of one or more names/],
  ['a field that there is not', ['NO2'], { wind: 1 }, /there is no field wind/],
  ['weather of another grid', ['NO2'], { humidity: new Float32Array(3) }, /humidity: expected 108 values/],
])('refuse %s', async (_, species, more, message) => {
  using model = open();
  await expect(async () => model.profiles({ ...hourOf(grid), ...more }, species)).rejects.toThrow(message);
});
