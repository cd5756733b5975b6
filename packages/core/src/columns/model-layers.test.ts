import { join } from 'node:path';

import { Grid } from '../grid/grid';
import { grid, hourly } from '../files/testing/ioapi-sample';
import { failure, temporaryFolder } from '../files/testing/shared-data';
import { IoapiFile } from '../files/ioapi/ioapi-file';
import { IoapiWriter } from '../files/ioapi/ioapi-writer';
import { readModelLayers, readPartialColumns, type ModelLayers } from './model-layers';

const LAYERS = 60;
const CELLS = grid.rows * grid.cols;
const THICKNESS = 200;
/** An atmosphere of one temperature: p = p0 exp(−z / H), with H = Rd T / g. */
const TEMPERATURE = 260;
const SCALE_HEIGHT = (287.04 * TEMPERATURE) / 9.81;
const groundOf = (cell: number): number => 101300 - 500 * cell;
const pressureAt = (height: number, cell: number): number => groundOf(cell) * Math.exp(-height / SCALE_HEIGHT);
const time = hourly('2017-01-10T05:00Z', 3);
const noon = new Date('2017-01-10T06:00Z');
const levels = Float32Array.from({ length: LAYERS + 1 }, (_, k) => 1 - k / LAYERS);
const folder = temporaryFolder();

type Value = (layer: number, cell: number, step: number) => number;

/** Values of METCRO3D by layer and cell. */
const ATMOSPHERE: Record<string, [units: string, value: Value]> = {
  PRES: ['Pa', (k, cell) => pressureAt((k + 0.5) * THICKNESS, cell)],
  DENS: ['KG/M**3', (k, cell) => pressureAt((k + 0.5) * THICKNESS, cell) / (287.04 * TEMPERATURE)],
  ZF: ['M', (k) => (k + 1) * THICKNESS],
  ZH: ['M', (k) => (k + 0.5) * THICKNESS],
};

interface Contents {
  layers?: number;
  levels?: Float32Array;
  onGrid?: Grid;
}

/** Writes and opens a file; the values of its steps are those of `variables`. */
function fileOf(
  name: string,
  variables: Record<string, [units: string, value: Value]>,
  { layers = LAYERS, levels: fileLevels = levels, onGrid = grid }: Contents = {},
): IoapiFile {
  const path = join(folder.path, name);
  const units = Object.entries(variables).map(([variable, [unit]]) => ({ name: variable, units: unit }));
  const writer = IoapiWriter.create(path, { grid: onGrid, time, layers, variables: units, attributes: { VGLVLS: fileLevels } });
  const cells = onGrid.rows * onGrid.cols;
  const size = layers * cells;
  for (const [variable, [, value]] of Object.entries(variables)) {
    const values = Float32Array.from({ length: size * time.count }, (_, i) => value(Math.floor((i % size) / cells), i % cells, Math.floor(i / size)));
    writer.write(variable, 0, values);
  }
  writer.close();
  return IoapiFile.open(path);
}

const meteorology = (changes: Record<string, [units: string, value: Value]> = {}): ModelLayers =>
  readModelLayers(fileOf('METCRO3D.nc', { ...ATMOSPHERE, ...changes }), noon);
const problem = (code: string, message: string): Error => failure(code, join(folder.path, message));

it('pressure edges are those of an atmosphere of one temperature, and the air is its weight', () => {
  const { pressureEdges, air } = meteorology();
  for (const cell of [0, 7, CELLS - 1]) {
    let weight = 0;
    for (let k = 0; k <= LAYERS; k++) {
      expect(pressureEdges[k * CELLS + cell] / pressureAt(k * THICKNESS, cell)).toBeCloseTo(1, 5);
      if (k < LAYERS) weight += air[k * CELLS + cell] * 28.9628e-3 * 9.81;
    }
    // DENS in the middle for the mean of a layer: (200 m / H)² / 24 = 3e-5 too little.
    expect(weight / (groundOf(cell) - pressureAt(LAYERS * THICKNESS, cell))).toBeCloseTo(1, 4);
  }
});

it('air of a layer by hand: 1.2 kg m-3 · 200 m / 28.9628 g mol-1 = 8286.49 mol m-2', () => {
  const rho: Value = (k, cell) => (k === 0 ? 1.2 : ATMOSPHERE.DENS[1](k, cell, 0));
  expect(meteorology({ DENS: ['KG/M**3', rho] }).air[3]).toBeCloseTo(8286.49, 2);
});

it.each([
  ['ppmV', 0.02],
  ['ppbV', 20],
])('partial columns of 20 ppb given in %s, in the step that was asked for', (units, value) => {
  const model = meteorology();
  const x = readPartialColumns(fileOf('CONC.nc', { FORM: [units, (k, cell, step) => (step === 1 ? value * (k + 1) : 0)] }), 'FORM', model, 'HCHO');
  for (let i = 0; i < x.length; i += 7) expect(x[i] / (20e-9 * (Math.floor(i / CELLS) + 1) * model.air[i])).toBeCloseTo(1, 6);
  // The lowest layer: 20 ppb of 200 m with 1.34 kg m-3 are 1.85e-4 mol m-2.
  expect(x[0]).toBeCloseTo(1.85e-4, 6);
});

it.each<[string, Record<string, [units: string, value: Value]>, string, string]>([
  [
    'layers from the top',
    Object.fromEntries(Object.entries(ATMOSPHERE).map(([name, [units, value]]) => [name, [units, (k, cell, t) => value(LAYERS - 1 - k, cell, t)]])),
    'LAYERS_ORDER',
    'METCRO3D.nc: row 0, column 0: expected layers from the ground up, PRES falling and ZF and ZH rising, but received others: turn the layers of the file, as MCIP writes them',
  ],
  [
    'pressures in hPa called Pa',
    { PRES: ['Pa', (k, cell) => pressureAt((k + 0.5) * THICKNESS, cell) / 100] },
    'LAYERS_STATE',
    'METCRO3D.nc: row 0, column 0: PRES, DENS and ZH make air of 2.6 K, where 130 to 350 K was expected: mend the unit or the values of one of them',
  ],
  [
    'heights in km called m',
    { ZF: ['M', (k) => (k + 1) * 0.2 + 0.1], ZH: ['M', (k) => (k + 0.5) * 0.2 + 0.1] },
    'LAYERS_STATE',
    'METCRO3D.nc: row 0, column 0: PRES, DENS and ZH make air of 0.26 K, where 130 to 350 K was expected: mend the unit or the values of one of them',
  ],
  [
    'a density of nothing',
    { DENS: ['KG/M**3', () => -9.999e36] },
    'NOT_FINITE',
    'METCRO3D.nc: DENS is missing or not a number at row 0, column 0, 2017-01-10T06:00Z: fill the gap in the file',
  ],
])('meteorology: %s', (_, changes, code, message) => {
  expect(() => meteorology(changes)).toThrow(problem(code, message));
});

it('pressures in hPa that say so are read', () => {
  const inHpa = meteorology({ PRES: ['hPa', (k, cell) => pressureAt((k + 0.5) * THICKNESS, cell) / 100] });
  expect(inHpa.pressureEdges[0] / groundOf(0)).toBeCloseTo(1, 5);
});

it.each<[string, [units: string, value: Value], Contents, string, string]>([
  [
    'ug m-3',
    ['ug m-3', () => 20],
    {},
    'LAYERS_UNIT',
    'CONC.nc: NO2: expected a mole fraction such as ppmV but it is in "ug m-3": give a gas of CMAQ\'s CONC file',
  ],
  [
    'ppb called ppmV',
    ['ppmV', () => 20],
    {},
    'VALUE_RANGE',
    'CONC.nc: NO2: expected -0.000001 to 10 ppmV but received 20 at row 0, column 0, 2017-01-10T06:00Z: mend the file, or the unit that it gives',
  ],
  [
    'the lowest layer alone',
    ['ppmV', () => 0.02],
    { layers: 1, levels: levels.slice(0, 2) },
    'LAYERS_DIFFER',
    'CONC.nc: expected 60 layers as in METCRO3D.nc but received 1: let CMAQ write all layers (CONC_BLEV_ELEV), and give the meteorology of that run',
  ],
  [
    'layers from the top',
    ['ppmV', () => 0.02],
    { levels: levels.slice().reverse() },
    'LAYERS_DIFFER',
    'CONC.nc: expected level 0 (VGLVLS) at 1 as in METCRO3D.nc but received 0: let CMAQ write all layers (CONC_BLEV_ELEV), and give the meteorology of that run',
  ],
])('concentrations: %s', (_, variable, contents, code, message) => {
  const model = meteorology();
  const file = fileOf('CONC.nc', { NO2: variable }, contents);
  expect(() => readPartialColumns(file, 'NO2', model)).toThrow(problem(code, message.replace('in METCRO', `in ${join(folder.path, 'METCRO')}`)));
});

it('another hour, variable or grid', () => {
  const model = meteorology();
  const file = fileOf('CONC.nc', { NO2: ['ppmV', () => 0.02] });
  expect(() => readPartialColumns(file, 'FORM', model)).toThrow(
    problem('VARIABLE_MISSING', 'CONC.nc: there is no variable FORM; it holds NO2: mend the name in the case or give another file'),
  );
  const later = { ...model, time: new Date('2017-01-11T06:00Z') };
  expect(() => readPartialColumns(file, 'NO2', later)).toThrow(
    problem(
      'STEP_OUTSIDE',
      'CONC.nc: 2017-01-11T06:00Z was asked for but it holds 3 steps of 3600 s from 2017-01-10T05:00Z: give a file that holds it',
    ),
  );
  const moved = new Grid({ ...grid.definition, xorig: 0 });
  const elsewhere = fileOf('MOVED.nc', { NO2: ['ppmV', () => 0.02] }, { onGrid: moved });
  const difference = 'expected the grid TEST with XORIG -50000 but received TEST with XORIG 0: give output on the grid of the meteorology';
  expect(() => readPartialColumns(elsewhere, 'NO2', model)).toThrow(problem('GRID_MISMATCH', `MOVED.nc: ${difference}`));
});
