/** Species beside the four of a case by default: in every layout, in the units of the networks; values in ppb are worked by hand. */
import type { ObservationsSpec } from './observation-layouts';
import { describeQuality } from './observation-quality';
import { readObservations, type Observations } from './observations';
import type { SpeciesRequest } from './observed-species';
import { NO_RULES, observationTables, series, ug } from './testing/observation-samples';
import { failure } from '../files/testing/shared-data';

const { pathOf, write, spec } = observationTables();

const stations = (...ids: string[]): void => void write('stations.csv', `id,lon,lat\n${ids.map((id, i) => `"${id}",${i + 1},40`).join('\n')}\n`);
const asking = (...names: string[]): { species: SpeciesRequest[] } => ({ species: names.map((name) => ({ name })) });
const read = (change: Partial<ObservationsSpec>): Promise<Observations> => readObservations({ ...spec(), columns: undefined, ...change });

/** ppb of 1 µg m-3, by R T / (M p) */
const ppb = (molarMass: number, temperature: number, pressure = 101325): number => (8.314462618 * temperature * 1000) / (molarMass * pressure);
const near = (value: number): number => expect.closeTo(value, Math.abs(value) > 100 ? 2 : 4) as number;

describe('China’s files', () => {
  beforeEach(() => {
    stations('1001A');
    const types = { CO: 0.8, CO_24h: 9, PM10: 150, 'PM2.5': 90, NO2: 40 };
    write('obs.csv', `date,hour,type,1001A\n${Object.entries(types).map(([type, value]) => `20190102,1,${type},${value}\n`).join('')}`); // prettier-ignore
  });
  const china = { layout: 'cnemc-wide', gasReference: { temperature: 0, pressure: 0, rule: 'china' } } as const;

  test('carbon monoxide is in mg m-3, PM10 in µg m-3; species come in the order in which they are asked for', async () => {
    const observations = await read({ ...china, ...asking('PM10', 'CO', 'SO2') });
    expect([...observations.units]).toEqual([['PM10', 'ug m-3'], ['CO', 'ppb']]); // prettier-ignore
    expect(describeQuality(observations.quality!)).toEqual(['the files hold no SO2']);
    expect(series(observations, 'PM10', '1001A')).toEqual([150]);
    expect(series(observations, 'CO', '1001A')).toEqual([near(800 * ppb(28.01, 298.15))]);
  });

  test('what nobody asks for is left alone, without a word', async () => {
    const { species, quality } = await read(china);
    expect(species).toEqual(['NO2', 'PM2.5']);
    expect(describeQuality(quality!)).toEqual([]);
  });

  test('µg m-3 in place of mg m-3 are refused', async () => {
    write('obs.csv', 'date,hour,type,1001A\n20190102,1,CO,800\n');
    await expect(read({ ...china, ...asking('CO') })).rejects.toThrow(
      failure(
        'OBSERVATIONS_ABSURD',
        `${pathOf('obs.csv')}: CO: too many values make no sense (0 below -400, 1 above 100000 ppb, 0 unreadable of 1): check its column and unit in the case`,
      ),
    );
  });
});

test('AirNow: CO in ppm, PM10, NO and NH3 under their own names', async () => {
  stations('060010007');
  const row = (parameter: string, unit: string, value: number): string =>
    `07/01/22|00:00|060010007|Livermore|-8|${parameter}|${unit}|${value}|Bay Area AQMD\n`;
  write('obs.dat', row('CO', 'PPM', 0.4) + row('PM10', 'UG/M3', 31) + row('NO', 'PPB', 2.5) + row('NH3', 'PPB', 8) + row('NOY', 'PPB', 9));
  const observations = await read({ layout: 'airnow', ...asking('CO', 'PM10', 'NO', 'NH3', 'NO2') });
  expect(observations.species.map((name) => series(observations, name, '060010007')[0])).toEqual([near(400), 31, 2.5, 8]);
  await expect(read({ layout: 'airnow' })).rejects.toMatchObject({
    code: 'OBSERVATIONS_EMPTY',
    message: expect.stringContaining('expected the types NO2, SO2, O3, PM2.5 but received CO, NH3, NO, NOY, PM10') as string,
  });
  write('obs.dat', row('PM10', 'PPB', 31));
  await expect(read({ layout: 'airnow', ...asking('PM10') })).rejects.toThrow(
    failure(
      'UNIT_MISMATCH',
      `${pathOf('obs.dat')}: PM10: it is in "PPB" but particles have no molar mass: set the unit that the values are really in, such as ug m-3`,
    ),
  );
});

describe('AQS', () => {
  const head = 'State Code,County Code,Site Num,Parameter Code,POC,Date GMT,Time GMT,Sample Measurement,Units of Measure\n';
  const row = (code: string, hour: string, value: number, unit: string, site = '0023'): string =>
    `01,073,${site},${code},1,2019-01-01,${hour},${value},${unit}\n`;
  const [LOCAL, AT_25_C] = ['Micrograms/cubic meter (LC)', 'Micrograms/cubic meter (25 C)'];
  beforeEach(() => stations('010730023', '010730024'));

  test('PM10 as it is in the air before that at 25 °C, which is taken as it stands', async () => {
    write(
      'obs.csv',
      head +
        row('81102', '06:00', 30, AT_25_C) +
        row('85101', '06:00', 28, LOCAL) +
        row('81102', '07:00', 33, AT_25_C) +
        row('81102', '06:00', 40, AT_25_C, '0024'),
    );
    const observations = await read({ layout: 'aqs', ...asking('PM10') });
    expect(series(observations, 'PM10', '010730023')).toEqual([28, 33]);
    expect(series(observations, 'PM10', '010730024')).toEqual([40, NaN]);
    await expect(read({ layout: 'aqs' })).rejects.toThrow(/expected the types NO2, SO2, O3, PM2.5 but received 81102, 85101: check the files$/);
  });

  test('gases: CO in ppm, NO, NH3, and formaldehyde counted by its carbon or at 25 °C, whatever the case says of gases', async () => {
    write(
      'obs.csv',
      head +
        row('42101', '06:00', 0.25, 'Parts per million') +
        row('42601', '06:00', 3, 'Parts per billion') +
        row('42604', '06:00', 4, 'Parts per billion') +
        row('43502', '06:00', 2.5, 'Parts per billion Carbon') +
        row('43502', '07:00', 3, AT_25_C),
    );
    const observations = await read({ layout: 'aqs', ...asking('CO', 'NO', 'NH3', 'HCHO') });
    expect(observations.species.map((name) => series(observations, name, '010730023')[0])).toEqual([near(250), 3, 4, 2.5]);
    expect(series(observations, 'HCHO', '010730023')[1]).toBeCloseTo(3 * ppb(30.026, 298.15), 4);
  });

  test('a species that is in no table, by its code; the number of its atoms of carbon is not known', async () => {
    const benzene: Partial<ObservationsSpec> = { layout: 'aqs', species: [{ name: '45201', unit: 'ppb', molarMass: 78.11 }] };
    write('obs.csv', head + row('45201', '06:00', 2, AT_25_C) + row('42101', '06:00', 0.25, 'Parts per million'));
    const observations = await read(benzene);
    expect([...observations.values].map(([name, values]) => [name, values[0]])).toEqual([['45201', near(2 * ppb(78.11, 298.15))]]);
    write('obs.csv', head + row('45201', '06:00', 2, 'Parts per billion Carbon'));
    await expect(read(benzene)).rejects.toMatchObject({ code: 'UNIT_UNKNOWN' });
  });

  test('daily files of the parts of PM2.5: carbon of IMPROVE before that of CSN', async () => {
    const dailyHead = 'State Code,County Code,Site Num,Parameter Code,POC,Sample Duration,Date Local,Units of Measure,Event Type,Arithmetic Mean\n';
    const day = (code: string, mean: number): string => `01,073,0023,${code},5,24 HOUR,2019-01-01,${LOCAL},None,${mean}\n`;
    const means = { 88403: 1.5, 88306: 2.5, 88301: 1.25, 88370: 3.5, 88320: 3, 88380: 0.75, 88355: 9, 88357: 9 };
    write('obs.csv', dailyHead + Object.entries(means).map(([code, mean]) => day(code, mean)).join('')); // prettier-ignore
    const observations = await read({ layout: 'aqs', resolution: 'daily', timeZone: 'Etc/GMT+6', ...asking('SO4', 'NO3', 'NH4', 'OC', 'EC') });
    expect(observations.species.map((name) => series(observations, name, '010730023')[0])).toEqual([1.5, 2.5, 1.25, 3, 0.75]);
  });
});

test('the EEA: CO in mg m-3, PM10, NO, NH3 and sulfate of PM2.5 by their codes', async () => {
  stations('SPO-1');
  const row = (code: number, value: number, unit: string): string =>
    `AD,SPO-1,http://dd.eionet.europa.eu/vocabulary/aq/pollutant/${code},hour,${value},${unit},2018-06-01 00:00:00 +01:00,1,1\n`;
  write(
    'obs.csv',
    'Countrycode,SamplingPoint,AirPollutantCode,AveragingTime,Concentration,UnitOfMeasurement,DatetimeBegin,Validity,Verification\n' +
      row(10, 0.5, 'mg/m3') +
      row(5, 22, 'µg/m3') +
      row(38, 10, 'µg/m3') +
      row(35, 3, 'µg/m3') +
      row(1047, 2, 'µg/m3') +
      row(5047, 9, 'µg/m3'),
  );
  const gasReference = { temperature: 273.15, pressure: 101325, rule: 'eu' } as const;
  const observations = await read({ layout: 'eea', gasReference, ...asking('CO', 'PM10', 'NO', 'NH3', 'SO4') });
  const eu = (molarMass: number): number => ppb(molarMass, 293, 101300);
  expect(observations.species.map((name) => series(observations, name, 'SPO-1')[0])).toEqual([
    near(500 * eu(28.01)), 22, near(10 * eu(30.006)), near(3 * eu(17.031)), 2,
  ]); // prettier-ignore
  await expect(read({ layout: 'eea' })).rejects.toThrow(/but received CO, NH3, NO, PM10, SO4, code 5047: check the files$/);
});

test('OpenAQ: carbon monoxide in the unit that each sensor has', async () => {
  stations('7', '8', '9');
  const row = (place: number, sensor: number, parameter: string, units: string, value: number): string =>
    `${place},${sensor},2022-05-03T01:00:00Z,${parameter},${units},${value}\n`;
  write(
    'obs.csv',
    'location_id,sensors_id,datetime,parameter,units,value\n' +
      row(7, 1, 'co', 'ppm', 0.3) +
      row(8, 2, 'co', 'µg/m³', 400) +
      row(9, 4, 'co', 'ppb', 222) +
      row(9, 3, 'co', 'mg/m³', 0.25) +
      row(7, 5, 'pm10', 'µg/m³', 41) +
      row(7, 6, 'um010', 'particles/cm³', 3) +
      row(8, 7, 'no', 'ppm', 0.002),
  );
  const observations = await read({ layout: 'openaq', ...asking('CO', 'PM10', 'NO') });
  expect(['7', '8', '9'].map((id) => series(observations, 'CO', id)[0])).toEqual([
    near(300),
    near(400 * ppb(28.01, 273.15)),
    near(250 * ppb(28.01, 273.15)),
  ]);
  expect([series(observations, 'PM10', '7')[0], series(observations, 'NO', '8')[0]]).toEqual([41, near(2)]);
});

describe('columns and queries', () => {
  const long = (species: Record<string, { column: string; unit: string }>): Partial<ObservationsSpec> => ({
    columns: { station: 'station', time: 'time', species },
  });
  beforeEach(() => {
    stations('A');
    write('obs.csv', 'station,time,co,pm10,toluene\nA,2017-01-01T00:00,1.5,15000,3\nA,2017-01-01T01:00,1.25,-12,-1\n');
  });

  test('the long layout: every species of its columns, or those that are asked for; dust is no mistake', async () => {
    const columns = long({ PM10: ug('pm10'), CO: { column: 'co', unit: 'mg m-3' } });
    const observations = await read(columns);
    expect(series(observations, 'PM10', 'A')).toEqual([15000, -12]);
    expect(series(observations, 'CO', 'A')).toEqual([near(1500 * ppb(28.01, 273.15)), near(1250 * ppb(28.01, 273.15))]);
    expect((await read({ ...columns, ...asking('CO', 'NO2') })).species).toEqual(['CO']);
  });

  test('a species that Retroplume does not know: its unit and floor are those of the case, and no limit is made up', async () => {
    const columns = long({ Toluene: ug('toluene') });
    const species: SpeciesRequest[] = [{ name: 'Toluene', unit: 'ppb', molarMass: 92.14 }];
    await expect(read({ ...columns, species })).rejects.toThrow(/Toluene: too many values make no sense \(1 below 0 ppb, 0 unreadable of 2\)/);
    const observations = await read({ ...columns, species, quality: { ...NO_RULES, negativeFloor: { Toluene: -1 } } });
    expect(series(observations, 'Toluene', 'A')).toEqual([near(3 * ppb(92.14, 273.15)), near(-ppb(92.14, 273.15))]);
    expect(observations.quality!.species.Toluene).toMatchObject({ unit: 'ppb', belowZero: 1 });
    expect(observations.quality!.species.Toluene).not.toHaveProperty('mostObserved');
    const limited = await read({ ...columns, species: [{ ...species[0], negativeFloor: -1, mostObserved: 1e3, leastObserved: 1 }] });
    expect(describeQuality(limited.quality!)).toContain(
      'most values of Toluene lie below 1 ppb, less than clean air has: check its column and unit in the case',
    );
    await expect(read({ ...columns, species: [{ name: 'Toluene', unit: 'ppb' }] })).rejects.toMatchObject({ code: 'UNIT_MOLAR_MASS' });
  });

  test('a query', async () => {
    const sql = "SELECT station, time, unnest(['CO', 'soot']) AS species, unnest([co, pm10]) AS value, unnest(['mg m-3', 'ug m-3']) AS unit FROM raw";
    expect(series(await read({ layout: 'sql', sql, ...asking('CO') }), 'CO', 'A')[1]).toBeCloseTo(1250 * ppb(28.01, 273.15), 2);
    const soot: SpeciesRequest[] = [{ name: 'soot', unit: 'ug m-3' }];
    expect((await read({ layout: 'sql', sql, species: soot, quality: { ...NO_RULES, negativeFloor: { soot: -20 } } })).species).toEqual(['soot']);
    await expect(read({ layout: 'sql', sql })).rejects.toThrow(/expected the types NO2, SO2, O3, PM2.5 but received CO, soot: check the files$/);
  });

  test.each([
    ['no list', 'CO', 'one species or more but received "CO"'],
    ['an empty list', [], 'one species or more but received Array'],
    ['names alone', ['CO'], 'objects with a name but received "CO"'],
    ['a species twice', [{ name: 'CO' }, { name: 'CO' }], 'each species once but received "CO"'],
    ['one that nobody knows without its unit', [{ name: 'Xylene' }], 'ppb or ug m-3 but received undefined'],
    ['a unit that is none of the two', [{ name: 'CO', unit: 'ppm' }], 'ppb or ug m-3 but received "ppm"'],
    ['a molar mass of nothing', [{ name: 'CO', molarMass: 0 }], 'a number above 0, g mol-1 but received 0'],
  ])('%s is refused', async (_, species, text) => {
    await expect(read({ layout: 'airnow', species: species as never })).rejects.toThrow(
      expect.objectContaining({ code: 'CALL_INVALID', message: expect.stringContaining(`expected ${text}: mend the call`) as string }) as Error,
    );
  });
});
