/** METCRO2D of a made-up world, its wind against true north, put into the form that WRF has. */
import { NetcdfFile, type NetcdfFormat } from '@retroplume/native';

import type { IoapiFile } from '../../files/ioapi/ioapi-file';
import { gridConvergence, windToGrid } from '../../grid/wind';

const NAMES: Record<string, [name: string, units: string]> = {
  TEMP2: ['T2', 'K'],
  PBL: ['PBLH', 'm'],
  RGRND: ['SWDOWN', 'W m-2'],
  Q2: ['Q2', 'kg kg-1'],
  PRSFC: ['PSFC', 'Pa'],
};

/**
 * Writes every field of NAMES, the wind along the grid and the rain summed from the first step on (its own rain is lost: sums begin at 0).
 */
export function wrfFromMcip(path: string, met: IoapiFile, format: NetcdfFormat = 'netcdf4'): void {
  const places = centresOf(met);
  const { rows, cols } = met.grid;
  const [count, cells] = [met.time.count, rows * cols];
  const { u, v } = windToGrid(met.read('WSPD10'), met.read('WDIR10'), gridConvergence(met.grid));
  const repeated = (values: Float32Array): Float32Array => Float32Array.from({ length: count * cells }, (_, i) => values[i % cells]);
  const hasVariable = (variable: string): boolean => met.variables.some(({ name }) => name === variable);
  const summed = (variable: string): Float32Array => {
    const rain = hasVariable(variable) ? met.read(variable) : new Float32Array(count * cells);
    const sum = new Float32Array(rain.length);
    for (let i = cells; i < rain.length; i++) sum[i] = sum[i - cells] + 10 * rain[i]; // cm to mm
    return sum;
  };
  const unchanged = Object.entries(NAMES).filter(([name]) => hasVariable(name));
  const fields: [name: string, units: string, values: Float32Array][] = [
    ['XLAT', 'degree_north', repeated(places.lat)],
    ['XLONG', 'degree_east', repeated(places.lon)],
    ['U10', 'm s-1', u],
    ['V10', 'm s-1', v],
    ['RAINNC', 'mm', summed('RN')],
    ['RAINC', 'mm', summed('RC')],
    ...unchanged.map(([name, [wrfName, units]]): [string, string, Float32Array] => [wrfName, units, met.read(name)]),
  ];
  const file = NetcdfFile.create(path, format);
  file.defineDimension('Time', 'unlimited');
  for (const [name, length] of Object.entries({ DateStrLen: 19, south_north: rows, west_east: cols })) file.defineDimension(name, length);
  file.defineVariable('Times', 'char', ['Time', 'DateStrLen']);
  for (const [name, units] of fields) {
    file.defineVariable(name, 'float', ['Time', 'south_north', 'west_east']);
    file.putAttribute(name, 'units', units);
  }
  file.endDefine();
  const texts = Array.from({ length: count }, (_, step) => new Date(met.time.start.getTime() + step * 3600e3).toISOString().slice(0, 19));
  file.write('Times', [0, 0], [count, 19], new TextEncoder().encode(texts.join('').replaceAll('T', '_')));
  for (const [name, , values] of fields) file.write(name, [0, 0, 0], [count, rows, cols], values);
  file.close();
}

function centresOf({ grid }: IoapiFile): { lat: Float32Array; lon: Float32Array } {
  const centres = Array.from({ length: grid.rows * grid.cols }, (_, i) => grid.centre(Math.floor(i / grid.cols), i % grid.cols));
  return { lat: Float32Array.from(centres, ({ lat }) => lat), lon: Float32Array.from(centres, ({ lon }) => lon) };
}
