/** The whole model: budget, bits, signs, refusals. */
import {
  createTransportModel,
  transportGroups,
  transportOutputs,
  transportSpecies,
  type TransportGrid,
  type TransportGroup,
  type TransportHour,
  type TransportOptions,
} from './transport';
import { cityHour, field, generator, hourOf, plane } from './testing/hours';

const grid = { rows: 18, cols: 24, cellSizeX: 27000, cellSizeY: 27000 };

const ALL = { groups: Object.keys(transportGroups) as TransportGroup[], species: transportOutputs };

/** Weather and emissions without sense, but within their bounds. */
function wildHour(random: () => number, groups = 5): TransportHour {
  const values = (low: number, high: number): Float64Array => field(grid, () => low + (high - low) * random());
  return {
    windU: values(-30, 30),
    windV: values(-30, 30),
    temperature: values(235, 312),
    boundaryLayerHeight: values(0, 3500),
    humidity: values(0, 0.025),
    radiation: values(0, 1100),
    rain: values(-8, 12).map((rain) => Math.max(0, rain)),
    pressure: values(60000, 103000),
    land: field(grid, () => Math.round(random())),
    emissions: Float64Array.from({ length: grid.rows * grid.cols * groups }, () => 200 * random() ** 6),
  };
}

async function run(season: 'winter' | 'summer', hours: number, factors?: number[], options: TransportOptions = {}): Promise<Float32Array[]> {
  const model = createTransportModel(grid, options);
  const out: Float32Array[] = [];
  for (let hour = 0; hour < hours; hour++) out.push(await model.advanceHour(cityHour(grid, season, hour, factors)));
  model.dispose();
  return out;
}

/** Mean over local hours 13-16 of the days after the first. */
function afternoons(hours: Float32Array[]): Float64Array {
  const chosen = hours.filter((_, hour) => hour >= 24 && hour % 24 >= 13 && hour % 24 <= 16);
  return Float64Array.from(chosen[0], (_, i) => chosen.reduce((sum, surface) => sum + surface[i], 0) / chosen.length);
}

const at = (surface: Float64Array, row: number, col: number, species: number): number => surface[(row * grid.cols + col) * 4 + species];
const [CITY_ROW, CITY_COL] = [grid.rows / 2, grid.cols / 3];

describe('an inert tracer, of a background of nothing', () => {
  /** Primary particles at the ground after a day of turning winds, of the emissions (g s-1) of each cell. */
  async function particles(emitted: Float64Array): Promise<Float64Array> {
    const model = createTransportModel(grid, { background: { PPM: 0 }, processes: { chemistry: false } });
    for (let h = 0; h < 24; h++) {
      const emissions = (row: number, col: number): number[] => [0, 0, 0, 0, emitted[row * grid.cols + col]];
      await model.advanceHour(
        hourOf(grid, { windU: 4 * Math.cos(h / 9), windV: 3 * Math.sin(h / 7), radiation: 200, rain: h % 5 === 0 ? 1 : 0, emissions }),
      );
    }
    const found = plane(model, grid, 'PPM');
    model.dispose();
    return found;
  }

  it('doubles with its emissions, and that of two inventories is their sum but for the limiter of the slopes', async () => {
    const random = generator(8);
    const all = field(grid, () => (random() < 0.3 ? 100 * random() : 0));
    const some = all.map((value) => (random() < 0.5 ? value : 0));
    const [whole, doubled, one, other] = await Promise.all([all, all.map((v) => 2 * v), some, all.map((v, i) => v - some[i])].map(particles));
    whole.forEach((value, cell) => expect(Math.abs(doubled[cell] / 2 - value)).toBeLessThanOrEqual(1e-12 * value));
    const total = whole.reduce((sum, value) => sum + value, 0);
    const apart = whole.reduce((sum, value, cell) => sum + Math.abs(value - one[cell] - other[cell]), 0) / total;
    // 2 to 3 %: the steps between cells that emit and do not are what a limiter is for; without one (upwind, unlimited) it would be rounding.
    expect(apart).toBeGreaterThan(1e-3);
    expect(apart).toBeLessThan(0.04);
  });
});

describe('budget', () => {
  it.each<[string, TransportOptions]>([
    ['the five groups', {}],
    ['all groups and species', ALL],
  ])('closes for every species of %s under random weather, and nothing is negative', async (_, options) => {
    const random = generator(5);
    const model = createTransportModel(grid, options);
    for (let hour = 0; hour < 12; hour++) {
      const surface = await model.advanceHour(wildHour(random, options.groups?.length));
      for (const value of surface) if (!(value >= 0 && value < 1e5)) throw new Error(`hour ${hour}: ${value}`);
    }
    for (const value of model.state()) if (!(value >= 0)) throw new Error(`state: ${value}`);
    const { species } = model.budget();
    expect(model.carried).toEqual(options.groups ? transportSpecies : transportSpecies.slice(0, 11));
    for (const name of transportSpecies) {
      const { start, emitted, inflow, top, reacted, dry, wet, mass } = species[name];
      if (!model.carried.includes(name)) {
        expect([name, emitted, inflow, mass]).toEqual([name, 0, 0, 0]);
        continue;
      }
      const turnover = start + emitted + Math.abs(inflow) + Math.abs(top) + Math.abs(reacted) + dry + wet;
      expect(Math.abs(start + emitted + inflow + top + reacted - dry - wet - mass) / turnover).toBeLessThan(1e-12);
    }
    expect(species.NO.emitted).toBeGreaterThan(0);
    expect(species.TNO3.wet).toBeGreaterThan(0);
    expect(species.O3.dry).toBeGreaterThan(0);
    model.dispose();
  });

  it('counts what was emitted', async () => {
    const model = createTransportModel(grid, ALL);
    const hour = hourOf(grid, { emissions: () => [1, 2, 3, 4, 5, 6, 7, 8] }, 8);
    for (let h = 0; h < 3; h++) await model.advanceHour(hour);
    const { species } = model.budget();
    const total = 3 * 3600 * grid.rows * grid.cols;
    expect((species.NO.emitted + species.NO2.emitted) / total).toBeCloseTo(1, 10);
    expect(species.NO2.emitted / total).toBeCloseTo(0.1, 10);
    expect(species.TNH3.emitted / total).toBeCloseTo(2, 10);
    expect(species.SO2.emitted / total).toBeCloseTo(3, 10);
    expect(species.VOC.emitted / total).toBeCloseTo(4 + 8, 10);
    expect(species.PPM.emitted / total).toBeCloseTo(5, 10);
    expect(species.CO.emitted / total).toBeCloseTo(6, 10);
    expect(species.PMC.emitted / total).toBeCloseTo(7, 10);
    model.dispose();
  });
});

describe('bits', () => {
  it('are the same for 1, 2 and 3 threads', async () => {
    const random = generator(9);
    const hours = Array.from({ length: 4 }, () => wildHour(random, 8));
    const states = [];
    for (const threads of [1, 2, 3]) {
      const model = createTransportModel(grid, { ...ALL, threads });
      for (const hour of hours) await model.advanceHour(hour);
      states.push(Buffer.from(model.state().buffer).toString('base64') + JSON.stringify(model.budget()));
      model.dispose();
    }
    expect(states[1] === states[0]).toBe(true);
    expect(states[2] === states[0]).toBe(true);
  });

  it.each<[string, TransportOptions]>([
    ['the five groups', {}],
    ['all groups and species', ALL],
  ])('are the same after restore() with %s', async (_, options) => {
    const random = generator(10);
    const hours = Array.from({ length: 6 }, () => wildHour(random, options.groups?.length));
    const through = createTransportModel(grid, options);
    for (const hour of hours.slice(0, 3)) await through.advanceHour(hour);
    const state = through.state();
    const resumed = createTransportModel(grid, options);
    resumed.restore(state);
    for (const hour of hours.slice(3)) expect(await resumed.advanceHour(hour)).toEqual(await through.advanceHour(hour));
    expect(Buffer.from(resumed.state().buffer).equals(Buffer.from(through.state().buffer))).toBe(true);
    through.dispose();
    resumed.dispose();
  });
});

describe('groups and species of a run', () => {
  const FIVE = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'] as const;
  /** The last hour of twelve of the same weather and emissions, with those of the groups as the run has them. */
  async function surfaceOf(groups: readonly TransportGroup[], species: TransportOptions['species']): Promise<Map<string, Float32Array>> {
    const model = createTransportModel(grid, { groups, species });
    const random = generator(3);
    let surface = new Float32Array();
    for (let h = 0; h < 12; h++) {
      const hour = wildHour(random, ALL.groups.length);
      const emissions = Float64Array.from({ length: grid.rows * grid.cols * groups.length }, (_, i) => {
        const cell = Math.floor(i / groups.length);
        return hour.emissions[cell * ALL.groups.length + ALL.groups.indexOf(groups[i % groups.length])];
      });
      surface = (await model.advanceHour({ ...hour, emissions })) as Float32Array<ArrayBuffer>;
    }
    model.dispose();
    const names = species ?? ['NO2', 'SO2', 'O3', 'PM2.5'];
    return new Map(names.map((name, s) => [name, surface.filter((_, i) => i % names.length === s)]));
  }

  it('may be more, fewer and in another order: what they have in common has the same bits, as long as OH meets the same CO', async () => {
    const five = await surfaceOf(FIVE, undefined);
    const turned = await surfaceOf([...FIVE].reverse(), ['PM2.5', 'O3', 'SO2', 'NO2']);
    const more = await surfaceOf(['PMC', ...FIVE], ['PM10', 'OC', 'NO2', 'NH3', 'SO2', 'O3', 'PM2.5', 'NO']);
    const fewer = await surfaceOf(FIVE, ['O3']);
    for (const [name, values] of five) {
      expect(turned.get(name)).toEqual(values);
      expect(more.get(name)).toEqual(values);
    }
    expect(fewer).toEqual(new Map([['O3', five.get('O3')!]]));
    more.get('PM10')!.forEach((value, cell) => expect(value).toBeGreaterThan(five.get('PM2.5')![cell]));
  });

  it('of CO alone: what is emitted is found in the city and downwind, and upwind is the background', async () => {
    const model = createTransportModel(grid, { groups: ['CO'], species: ['CO'], background: { CO: 100 } });
    let surface = new Float32Array();
    for (let h = 0; h < 24; h++) {
      const { emissions, ...weather } = cityHour(grid, 'winter', h);
      surface = (await model.advanceHour({ ...weather, emissions: emissions.filter((_, i) => i % 5 === 3) })) as Float32Array<ArrayBuffer>;
    }
    expect(surface.length).toBe(grid.rows * grid.cols);
    const upwind = surface[CITY_ROW * grid.cols];
    expect(surface[CITY_ROW * grid.cols + CITY_COL]).toBeGreaterThan(upwind + 20);
    expect(surface[CITY_ROW * grid.cols + CITY_COL + 4]).toBeGreaterThan(upwind + 5);
    expect(Math.abs(upwind - 100)).toBeLessThan(5);
    model.dispose();
  });
});

describe('response to emissions', () => {
  it('winter: more NOx lowers O3 in and near the city', async () => {
    const prior = afternoons(await run('winter', 72));
    const more = afternoons(await run('winter', 72, [1.3, 1, 1, 1, 1]));
    for (let col = CITY_COL; col < CITY_COL + 4; col++) {
      expect(at(more, CITY_ROW, col, 2)).toBeLessThan(at(prior, CITY_ROW, col, 2) - 0.5);
      expect(at(more, CITY_ROW, col, 0)).toBeGreaterThan(at(prior, CITY_ROW, col, 0) + 0.5);
    }
  });

  it('summer: more NOx lowers O3 in the city and raises it downwind', async () => {
    const prior = afternoons(await run('summer', 72));
    const more = afternoons(await run('summer', 72, [1.3, 1, 1, 1, 1]));
    expect(at(more, CITY_ROW, CITY_COL, 2)).toBeLessThan(at(prior, CITY_ROW, CITY_COL, 2) - 1);
    expect(at(more, CITY_ROW, grid.cols - 3, 2)).toBeGreaterThan(at(prior, CITY_ROW, grid.cols - 3, 2) + 0.2);
  });

  it('gives levels of a large city: NO2, SO2, PM2.5 and O3 within what monitors show', async () => {
    const [winter, summer] = [afternoons(await run('winter', 72)), afternoons(await run('summer', 72))];
    const winterNight = (await run('winter', 72))[68];
    const city = (surface: Float64Array | Float32Array, species: number): number => surface[(CITY_ROW * grid.cols + CITY_COL) * 4 + species];
    expect(city(winterNight, 0)).toBeGreaterThan(20);
    expect(city(winterNight, 0)).toBeLessThan(80);
    expect(city(winterNight, 2)).toBeLessThan(15);
    expect(city(winter, 3)).toBeGreaterThan(30);
    expect(city(winter, 3)).toBeLessThan(250);
    const downwind = Math.max(...Array.from({ length: 12 }, (_, i) => at(summer, CITY_ROW, CITY_COL + i, 2)));
    expect(downwind).toBeGreaterThan(60);
    expect(downwind).toBeLessThan(160);
  });

  it.each([
    ['NH3', 1, 3, 'winter', 0.02],
    ['SO2', 2, 1, 'winter', 1],
    ['SO2', 2, 3, 'summer', 0.1],
    ['VOC', 3, 2, 'summer', 1],
    ['PM2.5', 4, 3, 'winter', 3],
  ] as const)('more %s (group %i) raises species %i in %s', async (_, group, species, season, least) => {
    const factors = [1, 1, 1, 1, 1].map((one, g) => (g === group ? 1.3 : one));
    const [prior, more] = [afternoons(await run(season, 48)), afternoons(await run(season, 48, factors))];
    const rise = Math.max(
      ...Array.from({ length: 10 }, (_u, i) => at(more, CITY_ROW, CITY_COL + i, species) - at(prior, CITY_ROW, CITY_COL + i, species)),
    );
    expect(rise).toBeGreaterThan(least);
  });
});

describe('refusals', () => {
  const model = createTransportModel(grid);
  const good = hourOf(grid);
  const withValue = (name: keyof TransportHour, index: number, value: number): TransportHour => {
    const changed = Float64Array.from(good[name]!);
    changed[index] = value;
    return { ...good, [name]: changed };
  };
  afterAll(() => model.dispose());

  it.each([
    ['NaN in emissions', () => withValue('emissions', 7, NaN), 'TRANSPORT_BAD_EMISSIONS', /received nan for SO2 at row 0, column 1/],
    ['negative emissions', () => withValue('emissions', 0, -1), 'TRANSPORT_BAD_EMISSIONS', /-1 for NOx at row 0, column 0/],
    [
      'a negative boundary layer',
      () => withValue('boundaryLayerHeight', 25, -1),
      'TRANSPORT_BAD_METEOROLOGY',
      /boundary-layer height.*-1 at row 1, column 1/,
    ],
    ['endless emissions', () => withValue('emissions', 9, Infinity), 'TRANSPORT_BAD_EMISSIONS', /received inf for PM2.5 at row 0, column 1/],
    ['emissions of another size', () => ({ ...good, emissions: new Float64Array(432) }), 'TRANSPORT_BAD_SHAPE', /emissions: expected 2160 values/],
    ['a humidity in g/kg', () => withValue('humidity', 0, 8), 'TRANSPORT_BAD_METEOROLOGY', /0 to 0.1 kg kg-1 but received 8/],
    ['rain below 0', () => withValue('rain', 0, -0.1), 'TRANSPORT_BAD_METEOROLOGY', /rain: expected 0 to 500 mm h-1 but received -0.1/],
    ['radiation below 0', () => withValue('radiation', 0, -1), 'TRANSPORT_BAD_METEOROLOGY', /radiation: expected 0 to 1500/],
    ['a pressure in hPa', () => ({ ...good, pressure: field(grid, 1013) }), 'TRANSPORT_BAD_METEOROLOGY', /20000 to 115000 Pa but received 1013/],
    ['more land than all', () => ({ ...good, land: field(grid, 2) }), 'TRANSPORT_BAD_METEOROLOGY', /land: expected 0 to 1 but received 2/],
    ['NaN wind', () => withValue('windU', 0, NaN), 'TRANSPORT_BAD_METEOROLOGY', /wind u/],
    ['a temperature in Celsius', () => withValue('temperature', 3, 15), 'TRANSPORT_BAD_METEOROLOGY', /180 to 340 K but received 15/],
    ['a field of another size', () => ({ ...good, rain: new Float64Array(5) }), 'TRANSPORT_BAD_SHAPE', /rain: expected 432 values but received 5/],
  ])('%s', async (_, hour, code, message) => {
    await expect(model.advanceHour(hour())).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it('a field of a name that it does not know, such as a misspelt one', () => {
    const hour = { ...good, landMAsk: field(grid, 0) };
    const message = /there is no field landMAsk: use one of emissions, .*, rain, pressure, land$/;
    const error = { code: 'TRANSPORT_BAD_SHAPE', message: expect.stringMatching(message) as string };
    expect(() => model.advanceHour(hour)).toThrow(expect.objectContaining(error) as Error);
  });

  it('a field that is no float array', () => {
    const hour = { ...good, windU: [1, 2] as unknown as Float64Array };
    expect(() => model.advanceHour(hour)).toThrow(expect.objectContaining({ code: 'TRANSPORT_BAD_SHAPE' }) as Error);
  });

  it.each<[string, TransportOptions, RegExp]>([
    ['no threads', { threads: 0 }, /threads/],
    ['a mixed layer that may vanish', { minimumMixedLayer: 9 }, /minimum mixed layer of 10 m or more/],
    ['a top within the mixed layer', { minimumMixedLayer: 200, layerTops: [200, 1500] }, /rise from above the minimum mixed layer/],
    ['more layers than it has room for', { layerTops: [500, 1000, 1500, 2000, 2500] }, /at most 4 layers above the mixed layer but received 5/],
    ['tops that fall', { layerTops: [3000, 1500] }, /layer tops/],
    ['a top without end', { layerTops: [1500, Infinity] }, /finite layer tops/],
    ['a share above 1', { stackShare: { SO2: 1.5 } }, /stack shares/],
    ['a negative background', { background: { O3: -1 } }, /background/],
    [
      'more nitrate than what reacts',
      { organicNitrateYield: 1.1 },
      /organicNitrateYield: expected a share of RO2 \+ NO from 0 to 1 but received 1.1/,
    ],
    ['a yield that is no number', { soaYield: NaN }, /yields/],
    ['half a step', { stepsPerHour: 2.5 }, /stepsPerHour: expected a whole number/],
    ['steps that are no number', { stepsPerHour: 1e300 }, /stepsPerHour: expected a whole number/],
    // These took for ever: sub-steps were counted up until wind and mixing were slow enough.
    ['a diffusivity without bounds', { horizontalDiffusivity: 1e20 }, /sub-steps of transport/],
    ['an infinite diffusivity', { horizontalDiffusivity: Infinity }, /sub-steps of transport/],
    ['a wind that grows without bounds', { windExponent: 300 }, /sub-steps of transport/],
    ['an option that there is not', { stepPerHour: 8 } as TransportOptions, /there is no option stepPerHour: use one of layerTops, /],
    ['an option that all objects have', { toString: 1 } as unknown as TransportOptions, /there is no option toString/],
    [
      'a background of something else',
      { background: { N2O: 330 } as TransportOptions['background'] },
      /option background: there is no N2O: use one of NO, /,
    ],
    ['a process that there is not', { processes: { wind: false } as TransportOptions['processes'] }, /option processes: there is no wind/],
    ['a share of another group', { stackShare: { PM25: 0.1 } as TransportOptions['stackShare'] }, /option stackShare: there is no PM25/],
    ['tops that are no list', { layerTops: 2000 as unknown as number[] }, /layerTops: expected a list of heights but received 2000/],
    ['backgrounds that are none', { background: 38 as unknown as TransportOptions['background'] }, /background: expected an object but received 38/],
    ['an unknown group', { groups: ['NOx', 'DUST' as 'PMC'] }, /option groups: expected some of NOx, .*, ISOP but received DUST/],
    ['a species that it does not have', { species: ['EC' as 'OC'] }, /option species: expected some of NO2, .*, OC but received EC/],
    ['a group twice', { groups: ['CO', 'CO'] }, /option groups: expected each name once but received CO twice/],
    ['no species', { species: [] }, /option species: expected a list of one or more names/],
    ['groups that are no list', { groups: 'CO' as unknown as ['CO'] }, /option groups: expected a list of one or more names/],
    ['an unknown edge', { boundary: 'soft' as 'open' }, /boundary: expected open, periodic or closed but received soft/],
  ])('%s', (_, options, message) => {
    const error = expect.objectContaining({ code: 'TRANSPORT_BAD_OPTIONS', message: expect.stringMatching(message) as string }) as Error;
    expect(() => createTransportModel(grid, options)).toThrow(error);
  });

  it.each<[string, Partial<TransportGrid>]>([
    ['without cells', { rows: 0 }],
    ['of more cells than can be counted', { rows: 2 ** 31 - 1, cols: 2 ** 31 - 1 }],
    ['of cells that any wind leaves at once', { cellSizeX: 1e-3 }],
  ])('a grid %s', (_, over) => {
    expect(() => createTransportModel({ ...grid, ...over })).toThrow(expect.objectContaining({ code: 'TRANSPORT_BAD_OPTIONS' }) as Error);
  });

  it.each([
    ['of another size', () => new Float64Array(3)],
    ['with NaN', () => model.state().fill(NaN)],
    ['with negative values', () => model.state().fill(-1)],
    ['with a cell without air', () => model.state().fill(1).fill(0, -1)],
  ])('a state %s', (_, state) => {
    expect(() => model.restore(state())).toThrow(expect.objectContaining({ code: 'TRANSPORT_BAD_STATE' }) as Error);
  });

  it('a second hour while one is running, and any call after dispose()', async () => {
    const other = createTransportModel(grid);
    const running = other.advanceHour(good);
    const busy = expect.objectContaining({ code: 'TRANSPORT_BUSY' }) as Error;
    expect(() => other.advanceHour(good)).toThrow(busy);
    expect(() => other.state()).toThrow(busy);
    expect(() => other.dispose()).toThrow(busy);
    await running;
    other.dispose();
    other.dispose();
    expect(() => other.state()).toThrow(expect.objectContaining({ code: 'TRANSPORT_DISPOSED' }) as Error);
  });
});
