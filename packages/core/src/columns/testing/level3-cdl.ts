/** Files of level 3 as cmaqsatproc writes them: xarray's names and fill values, coordinates ROW and COL, what is counted repeated by layer. */
import { cdl, type Column, type Columns } from './column-cdl';

type Values = (number | string)[];
const repeat = <T>(value: T, count: number): T[] => Array.from({ length: count }, () => value);

/** A grid of three columns and two rows of 12 km about 97° W, 40° N, of which the last cell has no pixel. */
export const LEVEL3_GRID = {
  ...{ name: 'SIX', gdtyp: 2, pAlp: 33, pBet: 45, pGam: -97, xcent: -97, ycent: 40 },
  ...{ xorig: -24000, yorig: -12000, xcell: 12000, ycell: 12000, cols: 3, rows: 2 },
};
const CRS = '+proj=lcc +lat_0=40.0 +lon_0=-97.0 +lat_1=33.0 +lat_2=45.0 +x_0=24000.0 +y_0=12000.0 +R=6370000.0 +to_meter=12000.0 +no_defs +type=crs';
const CELLS = 'ROW, COL';
const field = (values: Values, units?: string, dimensions = CELLS): Column => ({ type: 'double', dimensions, units, values });
/** of six cells, the last without */
const cells = (value: number, units?: string): Column => field([...repeat(value, 5), 'NaN'], units);

/** Six layers of TM5's 34 are enough where the file holds their coefficients. */
export function tropomiLevel3(): Columns {
  return {
    ROW: field([0.5, 1.5], undefined, 'ROW'),
    COL: field([0.5, 1.5, 2.5], undefined, 'COL'),
    nitrogendioxide_tropospheric_column: field([1e-5, 2e-5, 3e-5, 4e-5, 5e-5, 'NaN'], 'mol m-2'),
    nitrogendioxide_tropospheric_column_precision: cells(1e-5, 'mol m-2'),
    averaging_kernel: field([...repeat([0.5, 1, 2], 5).flat(), 'NaN', 'NaN', 'NaN'], '1', `${CELLS}, layer`),
    air_mass_factor_total: cells(3, '1'),
    air_mass_factor_troposphere: cells(1.5, '1'),
    tm5_tropopause_layer_index: cells(1.6, '1'),
    surface_pressure: cells(100000, 'Pa'),
    tm5_constant_a: field([0, 20000, 20000, 10000, 10000, 0], 'Pa', 'layer, vertices'),
    tm5_constant_b: field([1, 0.6, 0.6, 0.2, 0.2, 0], '1', 'layer, vertices'),
    weight_sum: field([...repeat([0.5, 0.5, 0.5], 5).flat(), 'NaN', 'NaN', 'NaN'], undefined, `${CELLS}, layer`),
    count: field([4, 1, 1, 1, 1].flatMap((count): Values => repeat(count, 3)).concat(repeat('NaN', 3)), undefined, `${CELLS}, layer`),
  };
}

const GRANULES = ['S5P_OFFL_L2__NO2____20190724T164530_20190724T182700_09210_01_010302_20190730T185712.nc', 'S5P_OFFL_L2__NO2____20190724T182700_20190724T200830_09211_01_010302_20190730T203712.nc']; // prettier-ignore

export const tropomiLevel3Cdl = (columns: Columns, granules = GRANULES, crs = CRS): string =>
  cdl(columns, { '': 'ROW = 2 ; COL = 3 ; layer = 3 ; vertices = 2 ;' }, [`:description = "TropOMINO2 satellite processor.\\nroot: /data\\n - ${granules.map((name) => `{root}/${name}`).join('\\n - ')}"`, `:crs = "${crs}"`, ':cmaqsatproc_version = "0.5.2"'], '_FillValue = NaN'); // prettier-ignore

export function tempoLevel3(): Columns {
  const { ROW, COL, count, weight_sum } = tropomiLevel3();
  return {
    ...{ ROW, COL, count, weight_sum },
    vertical_column_troposphere: cells(6.02214076e15, 'molecules/cm^2'),
    vertical_column_troposphere_uncertainty: cells(6.02214076e14, 'molecules/cm^2'),
    scattering_weights: field([...repeat([0.5, 1, 2], 5).flat(), 'NaN', 'NaN', 'NaN'], undefined, `${CELLS}, swt_level`),
    amf_troposphere: cells(0.8),
    surface_pressure: { ...cells(1000, 'hPa'), attributes: ['Eta_A = 0.f, 200.f, 100.f, 0.01f', 'Eta_B = 1.f, 0.6f, 0.2f, 0.f'] },
    tropopause_pressure: cells(200, 'hPa'),
  };
}

const SCAN = ['TEMPO_NO2_L2_V03_20240328T154353Z_S008G01.nc', 'TEMPO_NO2_L2_V03_20240328T155030Z_S008G02.nc'];

export const tempoLevel3Cdl = (columns: Columns, granules = SCAN): string =>
  cdl(columns, { '': 'ROW = 2 ; COL = 3 ; layer = 3 ; swt_level = 3 ;' }, [`:description = "TEMPO\\n - ${granules.join('\\n - ')}"`, `:crs = "${CRS}"`], '_FillValue = NaN'); // prettier-ignore
