/** Made files in the products' structure: the values that were put in come out, in SI and from the ground up, and each rule leaves out its pixel. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ncgen } from '../../files/testing/cdl';
import { describeShared, failure, sharedFile, temporaryFolder } from '../../files/testing/shared-data';
import type { Retrieval } from '../retrieval';
import {
  A,
  B,
  INPUT,
  NO2,
  RESULTS,
  squares,
  TEMPO_NO2,
  tempoCdl,
  tempoNo2,
  tropomiCdl,
  tropomiNo2,
  tropomiOther,
  type Columns,
} from '../testing/column-cdl';
import { ColumnFile } from './column-file';
import { PixelCounts, readPixels, retrievalOf } from './read-pixels';

const folder = temporaryFolder();
const path = (): string => join(folder.path, 'made.nc');
const EDGES = [100000, 80000, 30000, 0];

/** Two scanlines of three pixels, of which the first two pass. */
const settings = {
  scanlines: 2,
  pixels: 3,
  ...squares(110, 30, 0.1, 2, 3),
  qa: [76, 100, 75, '_', 80, 80],
  columns: [1e-4, 2e-4, 3e-4, 4e-4, '_', -5e-5],
};
const no2 = (): Columns => tropomiNo2(settings);
const made = (columns: Columns): string => ncgen(path(), tropomiCdl(columns, 2, 3), 'netCDF-4');
const tempo = (columns: Columns): string => ncgen(path(), tempoCdl(columns), 'netCDF-4');

interface All {
  retrievals: Retrieval[];
  times: number[];
  corners: number[][];
  counts: PixelCounts;
}

function readAll(file: string): All {
  const columns = ColumnFile.open(file);
  const all: All = { retrievals: [], times: [], corners: [], counts: new PixelCounts() };
  for (const pixels of readPixels(columns, all.counts)) {
    for (let i = 0; i < pixels.count; i++) {
      all.retrievals.push(retrievalOf(pixels, i));
      all.times.push(pixels.times[i]);
      all.corners.push([...pixels.longitudes.subarray(4 * i, 4 * i + 4), ...pixels.latitudes.subarray(4 * i, 4 * i + 4)]);
    }
  }
  columns.close();
  return all;
}

/** Numbers in single precision are as near as this. */
const near = (values: ArrayLike<number>, expected: number[]): void => {
  expect(values).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(Math.abs(values[i] - value)).toBeLessThanOrEqual(1e-6 * Math.max(1e-9, Math.abs(value))));
};

it('TROPOMI NO2: values as they were put in, and what is left out by the first rule that does', () => {
  const { retrievals, times, corners, counts } = readAll(made(no2()));
  expect([counts.pixels, counts.passed, Object.fromEntries(counts.leftOut)]).toEqual([
    6,
    3,
    { 'not qa_value > 0.75': 1, 'qa_value is missing': 1, 'a value is missing': 1 },
  ]);
  near(retrievals.map(({ column }) => column), [1e-4, 2e-4, -5e-5]); // prettier-ignore
  const [first] = retrievals;
  expect(first).toMatchObject({ sensitivity: { kind: 'kernel', given: 'layers', airMassFactor: 3 }, airMassFactor: 1.5, addsApriori: false });
  near(first.sensitivity.values, [0.5, 1, 2]);
  near(first.pressureEdges, EDGES);
  near([first.error, first.tropopausePressure ?? 0], [1e-5, 30000]); // above the second layer
  expect(times.map((time) => new Date(time).toISOString())).toEqual([
    '2017-01-11T06:00:00.000Z',
    '2017-01-11T06:00:00.000Z',
    '2017-01-11T06:00:00.840Z',
  ]);
  near(corners[2], [110.2, 110.3, 110.3, 110.2, 30.1, 30.1, 30.2, 30.2]);
});

it('profiles that begin at the top are turned, and their tropopause with them', () => {
  const columns = no2();
  const turned = (path: string, values: number[]): void => void (columns[path] = { ...columns[path], values });
  turned('PRODUCT/averaging_kernel', Array.from({ length: 6 }, () => [2, 1, 0.5]).flat());
  turned('PRODUCT/tm5_constant_a', [A[3], A[2], A[2], A[1], A[1], A[0]]);
  turned('PRODUCT/tm5_constant_b', [B[3], B[2], B[2], B[1], B[1], B[0]]);
  const [first] = readAll(made(columns)).retrievals;
  near(first.sensitivity.values, [0.5, 1, 2]);
  near(first.pressureEdges, EDGES);
  expect(first.tropopausePressure).toBeCloseTo(30000, 1);
});

it.each([
  ['upper edges', A.slice(1), B.slice(1)],
  ['lower edges', A.slice(0, 3), B.slice(0, 3)],
  ['middles', [10000, 15000, 5000], [0.8, 0.4, 0.1]],
])('TROPOMI HCHO and SO2: one coefficient a layer, of %s', (_, a, b) => {
  for (const species of ['HCHO', 'SO2'] as const) {
    const qa = [50, 51, 0, 0, 0, 0];
    const { retrievals, counts } = readAll(made(tropomiOther(species, { ...settings, qa }, a, b)));
    expect([retrievals.length, Object.fromEntries(counts.leftOut)]).toEqual([1, { 'not qa_value > 0.5': 5 }]);
    // middles in single precision leave a thousandth of a Pa at the top
    expect(Array.from(retrievals[0].pressureEdges)).toEqual(EDGES.map((edge) => expect.closeTo(edge, 1) as number));
    near([retrievals[0].column, retrievals[0].sensitivity.airMassFactor ?? 0], [2e-4, 1.5]);
    expect(retrievals[0].tropopausePressure).toBeUndefined();
  }
});

it('pixels without a corner, over the date line or with no air mass factor are left out and counted', () => {
  const columns = tropomiNo2({ ...settings, qa: [80, 80, 80, 80, 80, 80], columns: [1, 1, 1, 1, 1, 1] });
  const [lons, lats] = ['longitude_bounds', 'latitude_bounds'].map((name) => `PRODUCT/SUPPORT_DATA/GEOLOCATIONS/${name}`);
  const change = (path: string, values: Record<number, number | string>): void =>
    Object.entries(values).forEach(([i, value]) => (columns[path].values[Number(i)] = value));
  change(lons, { 0: '_', 4: 179.9, 5: -179.9, 6: -179.9, 7: 179.9 });
  change(lats, { 9: '_' });
  change('PRODUCT/air_mass_factor_troposphere', { 3: 0 });
  change('PRODUCT/averaging_kernel', { 13: '_' });
  const { counts } = readAll(made(columns));
  expect([counts.passed, Object.fromEntries(counts.leftOut)]).toEqual([
    1,
    { 'a corner is missing': 2, 'across the date line or a pole': 1, 'a value is missing': 1, 'the air mass factor is not above 0': 1 },
  ]);
});

it('TEMPO NO2: molecules cm-2 and hPa in SI, scattering weights, and the rules of its guide', () => {
  const { retrievals, times, counts } = readAll(tempo(tempoNo2()));
  expect(Object.fromEntries(counts.leftOut)).toEqual({ 'not main_data_quality_flag = 0': 1, 'not eff_cloud_fraction < 0.2': 1, 'not solar_zenith_angle < 70': 1 }); // prettier-ignore
  const [only] = retrievals;
  near([only.column, only.error], [1e-4, 1e-5]); // 6.02214076e15 molecules cm-2 are 1e-4 mol m-2
  near(only.pressureEdges, [100000, 80000, 30000, 1]);
  near(only.sensitivity.values, [0.5, 1, 2]);
  expect(only).toMatchObject({ sensitivity: { kind: 'scattering weights' }, tropopausePressure: 20000 });
  expect(only.airMassFactor).toBeCloseTo(0.8, 6);
  expect(new Date(times[0]).toISOString()).toBe('2024-03-28T15:44:11.000Z');
});

it('TEMPO HCHO: no tropopause, its own air mass factor, times from the attribute time_reference', () => {
  const { [TEMPO_NO2]: column, [`${TEMPO_NO2}_uncertainty`]: error, 'support_data/amf_troposphere': factor, ...rest } = tempoNo2();
  const columns: Columns = { ...rest, 'product/vertical_column': column, 'product/vertical_column_uncertainty': error, 'support_data/amf': factor };
  delete columns['support_data/tropopause_pressure'];
  columns['geolocation/time'].units = undefined;
  const { retrievals, times } = readAll(ncgen(path(), tempoCdl(columns, 3, 'HCHO'), 'netCDF-4'));
  near([retrievals[0].column, retrievals[0].airMassFactor], [1e-4, Math.fround(0.8)]);
  expect(retrievals[0].tropopausePressure).toBeUndefined();
  expect(new Date(times[0]).toISOString()).toBe('2024-03-28T15:44:11.000Z');
});

it('times by pixel, as some versions have them', () => {
  const columns = no2();
  columns['PRODUCT/delta_time'] = {
    ...columns['PRODUCT/delta_time'],
    dimensions: 'time, scanline, ground_pixel',
    values: [0, 1000, 2000, 3000, 4000, 5000],
  };
  expect(readAll(made(columns)).times.map((time) => time - Date.UTC(2017, 0, 11))).toEqual([0, 1000, 5000]);
});

it('pixels that are not wanted are counted as beside the grid, whatever their quality', () => {
  const file = ColumnFile.open(made(no2()));
  const counts = new PixelCounts();
  const pixels = [...readPixels(file, counts, (lon) => lon < 110.05)];
  file.close();
  expect([pixels[0].count, counts.passed, Object.fromEntries(counts.leftOut)]).toEqual([1, 1, { 'beside the grid': 4, 'qa_value is missing': 1 }]);
});

describe('a file that is not what is read is told in one sentence', () => {
  const without = (columns: Columns, ...paths: string[]): Columns =>
    Object.fromEntries(Object.entries(columns).filter(([name]) => !paths.includes(name)));
  const opening = (columns: Columns): (() => unknown) => {
    const file = made(columns);
    return () => ColumnFile.open(file);
  };

  it('another product', () => {
    expect(opening(without(no2(), NO2))).toThrow(
      failure(
        'COLUMN_PRODUCT',
        `${path()}: expected the columns of TROPOMI L2 NO2, TROPOMI L2 HCHO, TROPOMI L2 SO2, TEMPO L2 NO2, TEMPO L2 HCHO, IASI L2 NH3, CrIS L2 NH3, TROPOMI L3 NO2, TROPOMI L3 HCHO, TEMPO L3 NO2 but received S5P_OFFL_L2__MADE, which holds none of them: give one of these products, with its groups as the agency wrote them, or name its variables in the case (columns.….variables)`,
      ),
    );
  });

  it('another version, without a variable', () => {
    expect(opening(without(no2(), `${INPUT}/surface_pressure`))).toThrow(
      failure(
        'COLUMN_PRODUCT',
        `${path()}: expected TROPOMI L2 NO2 but there is no ${INPUT}/surface_pressure, as in a subset or another version: take the whole file, of a version whose structure is read`,
      ),
    );
  });

  it('no kernel', () => {
    expect(opening(without(no2(), 'PRODUCT/averaging_kernel'))).toThrow(
      failure(
        'COLUMN_KERNEL',
        `${path()}: there is no PRODUCT/averaging_kernel, without which a model's profile cannot be compared with the columns of TROPOMI L2 NO2: take the whole file (subsets often leave it out)`,
      ),
    );
    const hcho = tropomiOther('HCHO', settings, A.slice(1), B.slice(1));
    expect(opening(without(hcho, `${RESULTS}/averaging_kernel`))).toThrow(expect.objectContaining({ code: 'COLUMN_KERNEL' }) as Error);
  });

  it('another unit', () => {
    const inDobson = no2();
    inDobson[NO2] = { ...inDobson[NO2], units: 'DU' };
    expect(opening(inDobson)).toThrow(
      failure('COLUMN_UNIT', `${path()}: expected ${NO2} in mol m-2 or molecules/cm^2 but received "DU": mend the attribute units (ncatted), or convert the values`),
    ); // prettier-ignore
    const noUnit = no2();
    noUnit[`${INPUT}/surface_pressure`] = { ...noUnit[`${INPUT}/surface_pressure`], units: undefined };
    expect(opening(noUnit)).toThrow(expect.objectContaining({ code: 'COLUMN_UNIT' }) as Error);
  });

  it('other layers', () => {
    const columns = no2();
    columns['PRODUCT/tm5_constant_a'] = { dimensions: 'layer', units: 'Pa', values: A.slice(1) };
    expect(opening(columns)).toThrow(
      failure('COLUMN_LAYERS', `${path()}: expected 3 values of PRODUCT/tm5_constant_b for the 3 layers of the kernel but received 6: take the file as the agency wrote it`),
    ); // prettier-ignore
    const crossed = no2();
    crossed['PRODUCT/tm5_constant_b'] = { ...crossed['PRODUCT/tm5_constant_b'], values: [1, 0.2, 0.2, 0.6, 0.6, 0] };
    expect(opening(crossed)).toThrow(expect.objectContaining({ code: 'COLUMN_LAYERS' }) as Error);
    const levels = { ...tempoNo2() };
    levels['support_data/surface_pressure'] = { ...levels['support_data/surface_pressure'], attributes: ['Eta_A = 0.f, 1.f', 'Eta_B = 1.f, 0.f'] };
    const file = tempo(levels);
    expect(() => ColumnFile.open(file)).toThrow(
      failure('COLUMN_LAYERS', `${path()}: expected 4 values of support_data/surface_pressure:Eta_A for the 3 layers of support_data/scattering_weights but received 2: take the file as the agency wrote it`),
    ); // prettier-ignore
  });

  it('pixels without four corners', () => {
    const columns = no2();
    columns['PRODUCT/SUPPORT_DATA/GEOLOCATIONS/latitude_bounds'] = { dimensions: 'time, scanline, ground_pixel', values: [1, 1, 1, 1, 1, 1] };
    expect(opening(columns)).toThrow(expect.objectContaining({ code: 'COLUMN_SHAPE' }) as Error);
  });

  it('a truncated file', () => {
    const file = made(no2());
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, Math.floor(bytes.length / 2)));
    expect(() => ColumnFile.open(file)).toThrow(expect.objectContaining({ code: 'FILE_TRUNCATED', exitCode: 3 }) as Error);
  });

  describeShared('real files', () => {
    it('whose variables were taken out', () => {
      for (const species of ['NO2', 'HCHO', 'SO2']) {
        const file = sharedFile(`satellite/S5P_OFFL_L2__${species}_*.nc`);
        expect(() => ColumnFile.open(file)).toThrow(expect.objectContaining({ code: 'COLUMN_PRODUCT' }) as Error);
        expect(() => ColumnFile.open(file)).toThrow(`but received S5P_OFFL_L2__${species}_`);
      }
    });

    it('that were cut to one level, which their 73 edges tell', () => {
      expect(() => ColumnFile.open(sharedFile('satellite/TEMPO_NO2_L2_V03_20240328*.nc4'))).toThrow(
        expect.objectContaining({ code: 'COLUMN_LAYERS' }) as Error,
      );
    });
  });

  it('a product of TEMPO that names its column as HCHO does', () => {
    const columns = tempoNo2();
    columns['product/vertical_column'] = columns[TEMPO_NO2];
    const file = tempo(without(columns, TEMPO_NO2));
    expect(() => ColumnFile.open(file)).toThrow(expect.objectContaining({ code: 'COLUMN_PRODUCT' }) as Error);
  });
});
