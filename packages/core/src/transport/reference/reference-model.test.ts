import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createTransportModel } from '@retroplume/native';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { wrfFromMcip } from '../../weather/testing/wrf-from-mcip';
import { gridConvergence, windToGrid } from '../../grid/wind';
import { Grid } from '../../grid/grid';
import { runReferenceModel, type ReferenceRun } from './reference-model';
import { CELLS, EMISSIONS, GRID, GROUPS, HOURS, readAll, SPECIES_NAMES, START, temporaryFolder, WEATHER, writeFile } from '../testing/small-case';

describe('runReferenceModel', () => {
  const folder = temporaryFolder();
  let [emissions, weather] = ['', ''];
  const runOf = (changes: Partial<ReferenceRun> = {}): ReferenceRun => ({
    emissionFiles: [emissions],
    meteorologyFiles: [weather],
    output: join(folder.path, 'ACONC.nc'),
    period: { start: START, hours: 26 },
    groups: GROUPS,
    variables: SPECIES_NAMES,
    ...changes,
  });
  beforeAll(() => {
    emissions = writeFile(join(folder.path, 'EMIS.nc'), EMISSIONS);
    weather = writeFile(join(folder.path, 'METCRO2D.nc'), WEATHER);
  });
  afterAll(() => folder.remove());

  it('writes what the model gives, hour by hour, from winds along the grid and rain in mm h-1', async () => {
    await runReferenceModel(runOf());
    const file = IoapiFile.open(join(folder.path, 'ACONC.nc'));
    expect(file.time).toEqual({ start: START, stepSeconds: 3600, count: 26 });
    expect(file.variables.map(({ name, units }) => [name, units])).toEqual([
      ['NO2', 'ppbV'],
      ['SO2', 'ppbV'],
      ['O3', 'ppbV'],
      ['PM25', 'ug m-3'],
    ]);
    expect(file.attributes['HISTORY']).toMatch(/reference transport model of Retroplume/);
    const written = ['NO2', 'SO2', 'O3', 'PM25'].map((name) => file.read(name, 25, 1));
    file.close();

    const model = createTransportModel({ rows: GRID.rows, cols: GRID.cols, cellSizeX: 27000, cellSizeY: 27000 });
    const at = (name: string, hour: number): Float32Array =>
      Float32Array.from({ length: CELLS }, (_, cell) => WEATHER.find((variable) => variable.name === name)!.value(hour, cell, 0));
    let surface = new Float32Array();
    for (let hour = 0; hour < 26; hour++) {
      const { u, v } = windToGrid(at('WSPD10', hour), at('WDIR10', hour), gridConvergence(GRID));
      const emitted = new Float32Array(5 * CELLS);
      EMISSIONS.forEach(({ value }, e) => {
        for (let cell = 0; cell < CELLS; cell++) emitted[cell * 5 + Math.max(0, e - 1)] += Math.fround(value(hour, cell, 0));
      });
      surface = (await model.advanceHour({
        emissions: emitted,
        windU: u,
        windV: v,
        temperature: at('TEMP2', hour),
        boundaryLayerHeight: at('PBL', hour),
        humidity: at('Q2', hour),
        radiation: at('RGRND', hour),
        rain: at('RN', hour).map((cm) => 10 * cm),
        pressure: at('PRSFC', hour),
      })) as Float32Array<ArrayBuffer>;
    }
    model.dispose();
    written.forEach((field, species) => {
      field.forEach((value, cell) => expect(Math.abs(value / surface[cell * 4 + species] - 1)).toBeLessThan(1e-6));
    });
  });

  it('gives the same with several layers, g/s, and factors, as with the emissions written out', async () => {
    const layered = EMISSIONS.map((variable) => ({
      ...variable,
      value: (hour: number, cell: number, layer: number) => variable.value(hour, cell, 0) * [0.7, 0.3][layer],
    }));
    const grams = layered.map((variable) =>
      variable.name === 'SO2'
        ? { ...variable, units: 'g/s', value: (h: number, c: number, l: number) => 64.066 * variable.value(h, c, l) }
        : variable,
    );
    const doubled = EMISSIONS.map((variable) =>
      variable.name === 'SO2' ? { ...variable, value: (h: number, c: number) => 2 * variable.value(h, c, 0) } : variable,
    );
    const factors = new Float32Array(CELLS * 5).map((_, i) => (i % 5 === 2 ? 2 : 1));
    const one = join(folder.path, 'one.nc');
    const other = join(folder.path, 'other.nc');
    await runReferenceModel(runOf({ emissionFiles: [writeFile(join(folder.path, 'E1.nc'), doubled)], output: one }));
    await runReferenceModel(runOf({ emissionFiles: [writeFile(join(folder.path, 'E2.nc'), grams, { layers: 2 })], output: other, factors }));
    const [a, b] = [readAll(one), readAll(other)];
    for (const [name, values] of a) values.forEach((value, i) => expect(Math.abs(b.get(name)![i] / value - 1)).toBeLessThan(1e-5));
  });

  it('reads a file a day and takes the sea from LWMASK', async () => {
    const day1 = writeFile(join(folder.path, 'MET1.nc'), WEATHER, { count: 25 });
    const later = new Date(START.getTime() + 24 * 3600e3);
    const shifted = WEATHER.map(({ name, units, value }) => ({ name, units, value: (hour: number, cell: number) => value(hour + 24, cell, 0) }));
    const day2 = writeFile(join(folder.path, 'MET2.nc'), shifted, { start: later, count: 6 });
    const split = join(folder.path, 'split.nc');
    await runReferenceModel(runOf({ meteorologyFiles: [day2, day1], output: split }));
    expect(readAll(split)).toEqual(readAll(join(folder.path, 'ACONC.nc')));
    const geographyFile = writeFile(
      join(folder.path, 'GRIDCRO2D.nc'),
      [{ name: 'LWMASK', units: 'CATEGORY', value: (_, cell) => (cell % 10 < 5 ? 1 : 0) }],
      { count: 1 },
    );
    const sea = join(folder.path, 'sea.nc');
    await runReferenceModel(runOf({ geographyFiles: [geographyFile], output: sea }));
    const [land, wet] = [readAll(split).get('O3')!, readAll(sea).get('O3')!];
    expect(Math.abs(wet[20 * CELLS + 9] - land[20 * CELLS + 9])).toBeGreaterThan(0.1); // water takes up little ozone
  });

  it('gives the same with the weather in WRF’s form, on the grid that the case names', async () => {
    // from an hour before the run on, since the rain of its first hour is a difference from that
    const earlier = WEATHER.map(({ name, units, value }) => ({ name, units, value: (hour: number, cell: number) => value(hour - 1, cell, 0) }));
    const start = new Date(START.getTime() - 3600e3);
    const met = IoapiFile.open(writeFile(join(folder.path, 'MET.nc'), earlier, { start, count: HOURS + 1 }));
    wrfFromMcip(join(folder.path, 'wrfout.nc'), met);
    met.close();
    const output = join(folder.path, 'wrf.nc');
    await runReferenceModel(runOf({ meteorologyFiles: [join(folder.path, 'wrfout.nc')], grid: GRID, output }));
    const expected = readAll(join(folder.path, 'ACONC.nc'));
    // WRF's rain is a difference of sums and its wind is not turned to a direction and back: rounding
    for (const [name, values] of readAll(output))
      values.forEach((value, i) => expect(Math.abs(value / expected.get(name)![i] - 1)).toBeLessThan(1e-4));
    await expect(runReferenceModel(runOf({ meteorologyFiles: [join(folder.path, 'wrfout.nc')], output }))).rejects.toMatchObject({
      code: 'GRID_MISSING',
    });
  });

  describe('with groups and species of the run', () => {
    const more = [...EMISSIONS, ...['CO', 'PMC', 'ISOP'].map((name, i) => ({ ...EMISSIONS[4], name, units: ['moles/s', 'g/s', 'moles/s'][i] }))];
    const [CO, PMC, ISOP] = [{ variables: ['CO'], molarMass: 28.01 }, { variables: ['PMC'] }, { variables: ['ISOP'], molarMass: 68.12 }];
    let file = '';
    beforeAll(() => (file = writeFile(join(folder.path, 'MORE.nc'), more)));
    const outputOf = async (name: string, changes: Partial<ReferenceRun>): Promise<Map<string, Float32Array>> => {
      const output = join(folder.path, `${name}.nc`);
      await runReferenceModel(runOf({ emissionFiles: [file], output, ...changes }));
      return readAll(output);
    };

    it('CO alone, whose factors have one channel', async () => {
      const run = { groups: { CO }, variables: { CO: 'CO_ground' } };
      const plain = await outputOf('co', run);
      expect([...plain.keys()]).toEqual(['CO_ground']);
      const doubled = await outputOf('co2', { ...run, factors: new Float32Array(CELLS).fill(2) });
      const city = 20 * CELLS + 34;
      expect(doubled.get('CO_ground')![city]).toBeGreaterThan(plain.get('CO_ground')![city] + 0.1);
      await expect(outputOf('co3', { ...run, factors: new Float32Array(CELLS * 5) })).rejects.toThrow(/expected \[8, 10, 1\] or \[26, 8, 10, 1\]/);
    });

    it('eight groups and nine species, whatever the order in which they are named; coarse particles change no other species', async () => {
      const names = { PM10: 'PM10', NO2: 'NO2', CO: 'CO', SO2: 'SO2', 'PM2.5': 'PM25', O3: 'O3', NH3: 'NH3', HCHO: 'FORM', SO4: 'PM25_SO4' };
      const all = await outputOf('all', { groups: { ...GROUPS, CO, PMC, ISOP }, variables: names });
      expect([...all.keys()]).toEqual(Object.values(names));
      const turned = await outputOf('turned', { groups: { ISOP, PMC, CO, ...GROUPS }, variables: { NO2: 'NO2', PM10: 'PM10' } });
      for (const name of ['NO2', 'PM10']) expect(turned.get(name)).toEqual(all.get(name));
      const coarse = await outputOf('coarse', { groups: { ...GROUPS, PMC }, variables: { ...SPECIES_NAMES, PM10: 'PM10' } });
      const five = await outputOf('five', {});
      for (const [name, values] of five) expect(coarse.get(name)).toEqual(values);
      coarse.get('PM10')!.forEach((value, i) => expect(value).toBeGreaterThan(five.get('PM25')![i]));
    });
  });

  it('tells its progress, and leaves nothing behind when it is stopped', async () => {
    const stop = new AbortController();
    const output = join(folder.path, 'stopped.nc');
    const seen: number[] = [];
    const onProgress = (done: number, total: number): void => {
      expect(total).toBe(26);
      seen.push(done);
      if (done === 3) stop.abort(new Error('stopped'));
    };
    await expect(runReferenceModel(runOf({ output, signal: stop.signal, onProgress }))).rejects.toThrow('stopped');
    expect(seen).toEqual([1, 2, 3]);
    expect(existsSync(output)).toBe(false);
    expect(readdirSync(folder.path).filter((name) => name.includes('stopped') || name.endsWith('.tmp'))).toEqual([]);
  });

  const refusals: [string, () => Partial<ReferenceRun>, string, RegExp][] = [
    ['an unknown option', () => ({ options: { minimumMixedlayer: 50 } }), 'CTM_OPTION', /ctm.options.minimumMixedlayer/],
    ['an option that is no number', () => ({ options: { no2Share: 'much' } }), 'CTM_OPTION', /expected a number but received "much"/],
    ['an option out of bounds', () => ({ options: { no2Share: 2 } }), 'CTM_OPTION', /share of NO2/],
    [
      'a group that it does not know',
      () => ({ groups: { ...GROUPS, DUST: { variables: ['PM25'] } } }),
      'CTM_GROUP',
      /emissions.groups.DUST: .*: leave it out/,
    ],
    ['a species that it does not have', () => ({ variables: { ...SPECIES_NAMES, EC: 'EC' } }), 'CTM_SPECIES', /does not give EC: .* NO2, .*, OC/],
    ['factors of another size', () => ({ factors: new Float32Array(7) }), 'FACTORS_SHAPE', /but received 7/],
    ['factors with NaN', () => ({ factors: new Float32Array(CELLS * 5).fill(NaN) }), 'FACTORS_INVALID', /received NaN/],
    ['a period that the files do not cover', () => ({ period: { start: START, hours: HOURS + 1 } }), 'PERIOD_NOT_COVERED', /EMIS.nc/],
    ['no files', () => ({ emissionFiles: [] }), 'FILES_NONE', /no I\/O API file/],
    [
      'NaN in emissions',
      () => ({ emissionFiles: [badEmissions('nan', (value, hour, cell) => (hour === 2 && cell === 13 ? NaN : value))] }),
      'NOT_FINITE',
      /nan.nc: SO2.*row 1, column 3, 2026-07-06T02:00Z/,
    ],
    [
      'negative emissions',
      () => ({ emissionFiles: [badEmissions('negative', (value, hour, cell) => (hour === 25 && cell === 0 ? -1 : value))] }),
      'NEGATIVE',
      /negative.nc: SO2 is -1 at row 0, column 0, 2026-07-07T01:00Z/,
    ],
    [
      'more than any cell emits',
      () => ({ emissionFiles: [badEmissions('much', (value, hour, cell) => (hour === 25 && cell === 0 ? 1e10 : value))] }),
      'VALUE_RANGE',
      /much.nc: SO2: expected 0 to .* but received 10000000000 at row 0, column 0, 2026-07-07T01:00Z/,
    ],
    ['a boundary layer below the ground', () => ({ meteorologyFiles: [badWeather('PBL', -5)] }), 'NEGATIVE', /PBL is -5 at row .*2026-07-06T00:00Z/],
    [
      'air that is colder than the model knows',
      () => ({ meteorologyFiles: [badWeather('TEMP2', 170)] }),
      'TRANSPORT_BAD_METEOROLOGY',
      /2026-07-06T00:00Z: temperature: expected 180 to 340 K but received 170/,
    ],
    [
      'a variable that is not there',
      () => ({ groups: { ...GROUPS, VOC: { variables: ['PAR'] } } }),
      'VARIABLE_MISSING',
      /PAR, which emissions.groups.VOC needs/,
    ],
  ];
  const badEmissions = (name: string, change: (value: number, hour: number, cell: number) => number): string =>
    writeFile(
      join(folder.path, `${name}.nc`),
      EMISSIONS.map((variable) =>
        variable.name === 'SO2' ? { ...variable, value: (h: number, c: number, l: number) => change(variable.value(h, c, l), h, c) } : variable,
      ),
    );
  const badWeather = (name: string, value: number): string =>
    writeFile(
      join(folder.path, `bad-${name}.nc`),
      WEATHER.map((variable) => (variable.name === name ? { ...variable, value: () => value } : variable)),
    );

  it.each(refusals)('refuses %s and writes nothing', async (_, changes, code, message) => {
    const output = join(folder.path, 'refused.nc');
    await expect(runReferenceModel(runOf({ output, ...changes() }))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
    expect(readdirSync(folder.path).filter((name) => name.startsWith('refused'))).toEqual([]);
  });

  it('refuses another grid and a lat-lon grid', async () => {
    const shifted = new Grid({ ...GRID.definition, xorig: 0 });
    const elsewhere = writeFile(join(folder.path, 'elsewhere.nc'), EMISSIONS, { grid: shifted });
    await expect(runReferenceModel(runOf({ emissionFiles: [elsewhere] }))).rejects.toMatchObject({ code: 'GRID_MISMATCH' });
    const latlon = new Grid({
      ...GRID.definition,
      gdtyp: 1,
      pAlp: 0,
      pBet: 0,
      pGam: 0,
      xcent: 0,
      ycent: 0,
      xorig: 100,
      yorig: 30,
      xcell: 0.25,
      ycell: 0.25,
    });
    const files = {
      emissionFiles: [writeFile(join(folder.path, 'EL.nc'), EMISSIONS, { grid: latlon })],
      meteorologyFiles: [writeFile(join(folder.path, 'ML.nc'), WEATHER, { grid: latlon })],
    };
    await expect(runReferenceModel(runOf(files))).rejects.toMatchObject({ code: 'GRID_NOT_PROJECTED' });
  });
});
