/** A small world on disk for the tests of the drivers: 8 x 10 cells, two days, one city. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { Grid } from '../../grid/grid';
import type { EmissionGroups } from '../../inventory/reading/emission-reader';

export const GRID = new Grid({
  name: 'SMALL',
  gdtyp: 2,
  pAlp: 25,
  pBet: 40,
  pGam: 110,
  xcent: 110,
  ycent: 34,
  xorig: -135000,
  yorig: -108000,
  xcell: 27000,
  ycell: 27000,
  cols: 10,
  rows: 8,
});
export const CELLS = GRID.rows * GRID.cols;
export const START = new Date('2026-07-06T00:00:00Z');
export const HOURS = 30;
const TIME = { start: START, stepSeconds: 3600, count: HOURS };

export const GROUPS: EmissionGroups = {
  NOx: { variables: ['NO', 'NO2'], molarMass: 46.0055 },
  NH3: { variables: ['NH3'], molarMass: 17.031 },
  SO2: { variables: ['SO2'], molarMass: 64.066 },
  VOC: { variables: ['VOC'], molarMass: 40 },
  'PM2.5': { variables: ['PM25'] },
};
export const NAMES = Object.keys(GROUPS);
export const SPECIES_NAMES = { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' };

export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'retroplume-transport-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

interface Variable {
  name: string;
  units: string;
  value: (hour: number, cell: number, layer: number) => number;
}

export function writeFile(path: string, variables: Variable[], options: { layers?: number; grid?: Grid; start?: Date; count?: number } = {}): string {
  const { layers = 1, grid = GRID, start = START, count = HOURS } = options;
  const writer = IoapiWriter.create(path, { grid, layers, time: { ...TIME, start, count }, variables, attributes: { FILEDESC: 'for a test' } });
  for (const { name, value } of variables) {
    for (let hour = 0; hour < count; hour++) {
      const field = Float32Array.from({ length: layers * CELLS }, (_, i) => value(hour, i % CELLS, Math.floor(i / CELLS)));
      writer.write(name, hour, field);
    }
  }
  writer.close();
  return path;
}

export const EMISSIONS: Variable[] = [
  ['NO', 'moles/s', 0.9],
  ['NO2', 'moles/s', 0.1],
  ['NH3', 'moles/s', 1],
  ['SO2', 'moles/s', 0.8],
  ['VOC', 'moles/s', 2],
  ['PM25', 'g/s', 25],
].map(([name, units, scale]) => ({
  name: name as string,
  units: units as string,
  value: (hour, cell, layer) => ((scale as number) * (1 + (cell === 34 ? 20 : cell / CELLS)) * (1 + 0.5 * Math.sin(hour))) / (1 + layer),
}));

export const WEATHER: Variable[] = [
  { name: 'TEMP2', units: 'K', value: (hour) => 293 + 5 * Math.sin(hour / 4) },
  { name: 'Q2', units: 'KG/KG', value: () => 0.01 },
  { name: 'PRSFC', units: 'Pascal', value: () => 100500 },
  { name: 'PBL', units: 'M', value: (hour) => 300 + 800 * Math.max(0, Math.sin(hour / 4)) },
  { name: 'RGRND', units: 'WATTS/M**2', value: (hour) => 700 * Math.max(0, Math.sin(hour / 4)) },
  { name: 'RN', units: 'CM', value: (hour, cell) => (hour % 7 === 0 && cell < 20 ? 0.05 : 0) },
  { name: 'WSPD10', units: 'M/S', value: () => 3 },
  { name: 'WDIR10', units: 'DEGREES', value: (hour, cell) => 240 + 3 * hour + cell / 8 },
];

export function readAll(path: string): Map<string, Float32Array> {
  const file = IoapiFile.open(path);
  const fields = new Map(file.variables.map(({ name }) => [name, file.read(name)]));
  file.close();
  return fields;
}
