import { DEFAULT_CHANNELS, GROUPS, SPECIES } from '../../base/species';
import { readConcentrations, readEmissions } from '../../case/gridded/case-fields';
import { expandGlob } from '../glob';
import { EMISSION_OVERLAP, IoapiSeries } from '../ioapi/ioapi-series';
import { describeShared, sharedData, sharedFile } from '../testing/shared-data';
import { concentrationDoubts, fluxDoubts, weatherDoubts } from './value-ranges';

const scaled = (means: ReadonlyMap<string, number>, factor: number): Map<string, number> =>
  new Map([...means].map(([name, mean]) => [name, mean * factor]));

test('emissions: a region as large has a hundredth to a hundred times as much without a word', () => {
  // China's east: 15 Tg of NOx a year on a million square kilometres
  const area = 1e12;
  const fluxes = new Map([['NOx', 15e9 / area / 3.15e7]]);
  for (const factor of [1e-4, 0.01, 1, 9]) expect(fluxDoubts(scaled(fluxes, factor), area)).toEqual([]);
  expect(fluxDoubts(scaled(fluxes, 1000), area)).toEqual([
    'NOx: a mean of 4.8e-7 kg m-2 s-1 (15000 Tg a year on 1000000 km2) is more than ten times what any region of that size emits: is a unit wrong in the files?',
  ]);
  expect(fluxDoubts(scaled(fluxes, 1e-20), area)).toEqual([
    "NOx: a mean of 4.8e-30 kg m-2 s-1 is less than a ten-thousandth of the earth's (7.5e-12): is a unit wrong in the files?",
  ]);
  // of a group that the table does not know nothing can be said
  expect(fluxDoubts(new Map([['soilNO', 1]]), area)).toEqual([]);
  // Norilsk, Indonesia's fires, the Amazon at noon
  expect(fluxDoubts(new Map([['SO2', 2e9 / 9e8 / 3.15e7]]), 9e8)).toEqual([]);
  expect(fluxDoubts(new Map([['PM2.5', 10e9 / 1e12 / 5.2e6]]), 1e12)).toEqual([]);
  expect(fluxDoubts(new Map([['VOC', (4 * 130e9) / 5.5e12 / 3.15e7]]), 5.5e12)).toEqual([]);
});

test('concentrations and weather: what is below the cleanest air, above the dirtiest, or no weather', () => {
  const clean = new Map([['NO2', 0.005], ['SO2', 0.004], ['O3', 2], ['PM2.5', 0.1]]); // prettier-ignore
  expect(concentrationDoubts(clean)).toEqual([]);
  expect(concentrationDoubts(new Map([['O3', 3e-5]]))).toEqual([
    'O3: a mean of 0.00003 ppb is less than the cleanest air holds (0.1): is a unit wrong in the files?',
  ]);
  expect(concentrationDoubts(new Map([['PM2.5', 2e4]]))).toEqual([
    'PM2.5: a mean of 20000 ug m-3 is more than any region holds (3000): is a unit wrong in the files?',
  ]);
  expect(concentrationDoubts(new Map([['dust', 1e9]]))).toEqual([]);
  expect(weatherDoubts({ speed: 1, pbl: 60 })).toEqual([]);
  expect(weatherDoubts({})).toEqual([]);
  expect(weatherDoubts({ speed: 0, pbl: 0.6 })).toEqual([
    'the wind is 0 m s-1 on average, where regions have 1 to 20: is it missing in the files, or its unit wrong?',
    'PBL is 0.6 m on average, where regions have 50 to 3000: is it missing in the files, or its unit wrong?',
  ]);
});

describeShared('real files', () => {
  const fine: Record<string, string[]> = { NOx: ['NO', 'NO2'], NH3: ['NH3'], SO2: ['SO2'], VOC: ['PAR'], 'PM2.5': ['PEC', 'POC'] };
  const meansOf = (values: Float32Array, names: readonly string[]): Map<string, number> =>
    new Map(names.map((name, i) => [name, values.filter((_, at) => at % names.length === i).reduce((sum, value) => sum + value, 0) / (values.length / names.length)])); // prettier-ignore

  test.each(['january', 'july'])('EPA’s CMAQ in %s is as it should be; not a thousand times as much, nor a millionth', (season) => {
    const emissions = IoapiSeries.open(expandGlob(`${sharedData}/cmaq55-toy/EMIS_${season}_*`), { overlap: EMISSION_OVERLAP });
    const output = IoapiSeries.open([sharedFile(`cmaq55-toy/conc_prior_${season}.nc`)]);
    const groups = Object.fromEntries(GROUPS.map((group) => [group, { variables: fine[group], molarMass: 40 }]));
    const fluxes = meansOf(readEmissions(emissions, { ...emissions.time, count: 24 }, groups), GROUPS);
    const { grid } = emissions;
    const area = grid.cellAreaM2 * grid.rows * grid.cols;
    const variables = { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' };
    const means = meansOf(readConcentrations(output, { ...output.time, count: 24 }, variables, DEFAULT_CHANNELS.units), SPECIES);
    expect([...fluxDoubts(fluxes, area), ...concentrationDoubts(means)]).toEqual([]);
    expect(fluxDoubts(scaled(fluxes, 1e-6), area)).toHaveLength(5);
    expect(fluxDoubts(scaled(fluxes, 1000), area)).not.toEqual([]);
    expect(concentrationDoubts(scaled(means, 1e-6))).toHaveLength(4);
    expect(concentrationDoubts(scaled(means, 1000))).toHaveLength(4);
    for (const each of [emissions, output]) each.close();
  });

  test('East Asia’s CO of 2010, taken for NOx, whose total is a tenth of it', () => {
    const reader = IoapiSeries.open([sharedFile('ioapi/cmaq_ready*CO.ncf')]);
    const values = readEmissions(reader, { ...reader.time, count: 24 }, { NOx: { variables: ['CO'], molarMass: 2.8 } });
    const { grid } = reader;
    expect(fluxDoubts(meansOf(values, ['NOx']), grid.cellAreaM2 * grid.rows * grid.cols)).toEqual([]);
    reader.close();
  });
});
