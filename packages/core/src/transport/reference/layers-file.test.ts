/** The layers that the reference model leaves: its own moles in its own air, as columns read them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readModelLayers, readPartialColumns } from '../../columns/model-layers';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { timeAt } from '../../grid/grid';
import { runReferenceModel, type ReferenceRun } from './reference-model';
import { CELLS, EMISSIONS, GROUPS, readAll, SPECIES_NAMES, START, temporaryFolder, WEATHER, writeFile } from '../testing/small-case';

const VARIABLES = { NO2: 'NO2', HCHO: 'FORM', NH3: 'NH3', SO2: 'SO2' };
const SPECIES_OF = { NO2: 'NO2', HCHO: 'OVOC', SO2: 'SO2' } as const; // NH3 is what the model does not carry alone
const HOURS = 26;
const AREA = 27000 ** 2;

const folder = temporaryFolder();
const file = (name: string): string => join(folder.path, name);
let [emissions, weather] = ['', ''];
const runOf = (name: string, changes: Partial<ReferenceRun> = {}): ReferenceRun => ({
  emissionFiles: [emissions],
  meteorologyFiles: [weather],
  output: file(`${name}_ACONC.nc`),
  layers: { path: file(`${name}_LAYERS.nc`), variables: VARIABLES },
  period: { start: START, hours: HOURS },
  groups: GROUPS,
  variables: { ...SPECIES_NAMES, HCHO: 'FORM', NH3: 'NH3' },
  ...changes,
});
let budget: Awaited<ReturnType<typeof runReferenceModel>>;
beforeAll(async () => {
  emissions = writeFile(file('EMIS.nc'), EMISSIONS);
  weather = writeFile(file('METCRO2D.nc'), WEATHER);
  budget = await runReferenceModel(runOf('plain'));
});
afterAll(() => folder.remove());

it('are instants of the start and the end of every hour, in the variables that columns need', () => {
  const layers = IoapiFile.open(file('plain_LAYERS.nc'));
  expect(layers.time).toEqual({ start: START, stepSeconds: 3600, count: HOURS + 1 });
  expect([layers.layers, layers.variables.map(({ name, units }) => `${name} ${units}`)]).toEqual([
    3,
    ['NO2 ppbV', 'FORM ppbV', 'NH3 ppbV', 'SO2 ppbV', 'PRES Pa', 'DENS kg m-3', 'ZF m', 'ZH m'],
  ]);
  layers.close();
});

it('give columns the moles of the model, and its pressure at the ground', () => {
  const layers = IoapiFile.open(file('plain_LAYERS.nc'));
  for (const [step, moles] of [
    [0, 'start'],
    [HOURS, 'mass'],
  ] as const) {
    const model = readModelLayers(layers, timeAt(layers.time, step));
    for (const [gas, species] of Object.entries(SPECIES_OF)) {
      const columns = readPartialColumns(layers, VARIABLES[gas as keyof typeof VARIABLES], model, gas);
      const burden = AREA * columns.reduce((sum, column) => sum + column, 0);
      expect(Math.abs(burden / budget.species[species][moles] - 1)).toBeLessThan(1e-6);
    }
  }
  for (let step = 0; step <= HOURS; step++) {
    const { pressureEdges, air } = readModelLayers(layers, timeAt(layers.time, step));
    for (let cell = 0; cell < CELLS; cell++) {
      const edges = [0, 1, 2, 3].map((k) => pressureEdges[k * CELLS + cell]);
      expect(Math.abs(edges[0] / 100500 - 1)).toBeLessThan(1e-6);
      // The weight of the air is the pressure that it takes; inside, edges are between the middles of layers of other densities.
      const weight = [0, 1, 2].reduce((sum, k) => sum + 9.81 * 28.9628e-3 * air[k * CELLS + cell], 0);
      expect(Math.abs(weight / (edges[0] - edges[3]) - 1)).toBeLessThan(0.01);
    }
  }
  layers.close();
});

it('have in the lowest layer what the surface has', async () => {
  const [surface, layers] = [readAll(file('plain_ACONC.nc')), readAll(file('plain_LAYERS.nc'))];
  const ofHours = (ground: (hour: number, cell: number) => number, name: string): number => {
    let [sum, total] = [0, 0];
    for (let i = 0; i < HOURS * CELLS; i++) {
      sum += Math.abs(surface.get(name)![i] - ground(Math.floor(i / CELLS), i % CELLS));
      total += surface.get(name)![i];
    }
    return sum / total;
  };
  for (const name of Object.values(VARIABLES)) {
    const instant = (step: number, cell: number): number => layers.get(name)![step * 3 * CELLS + cell];
    const mean = ofHours((hour, cell) => (instant(hour, cell) + instant(hour + 1, cell)) / 2, name);
    expect(mean).toBeLessThan(0.2);
    expect(mean).toBeLessThan(ofHours((hour, cell) => instant(hour + 2 > HOURS ? hour : hour + 2, cell), name));
  }
  // With one step an hour the surface is the instant of its end.
  await runReferenceModel(runOf('single', { options: { stepsPerHour: 1 } }));
  const [surfaceOf, layersOf] = [readAll(file('single_ACONC.nc')), readAll(file('single_LAYERS.nc'))];
  for (const name of Object.values(VARIABLES)) {
    for (let hour = 0; hour < HOURS; hour++) {
      const begin = (hour + 1) * 3 * CELLS;
      expect(layersOf.get(name)!.subarray(begin, begin + CELLS)).toEqual(surfaceOf.get(name)!.subarray(hour * CELLS, (hour + 1) * CELLS));
    }
  }
});

it('are the same with two threads, and the surface is the same without them', async () => {
  await runReferenceModel(runOf('threads', { threads: 2 }));
  expect(readAll(file('threads_LAYERS.nc'))).toEqual(readAll(file('plain_LAYERS.nc')));
  await runReferenceModel(runOf('without', { layers: undefined }));
  expect(readAll(file('without_ACONC.nc'))).toEqual(readAll(file('plain_ACONC.nc')));
  expect(existsSync(file('without_LAYERS.nc'))).toBe(false);
});

it('are layers that columns read in every weather that the model takes', async () => {
  const extremes = WEATHER.map((variable) => ({
    ...variable,
    value: (hour: number, cell: number, layer: number) => {
      if (variable.name === 'PBL') return [0, 100, 1450, 3000, 5500, 6500][cell % 6];
      if (variable.name === 'TEMP2') return [233, 265, 285, 303, 318][hour % 5];
      return variable.name === 'PRSFC' ? [55000, 90000, 104000][Math.floor(cell / 6) % 3] : variable.value(hour, cell, layer);
    },
  }));
  const meteorologyFiles = [writeFile(file('EXTREME.nc'), extremes)];
  const period = { start: START, hours: 5 };
  const end = await runReferenceModel(runOf('extreme', { meteorologyFiles, period }));
  const layers = IoapiFile.open(file('extreme_LAYERS.nc'));
  for (let step = 0; step <= 5; step++) {
    const model = readModelLayers(layers, timeAt(layers.time, step));
    for (let i = CELLS; i < model.pressureEdges.length; i++) expect(model.pressureEdges[i]).toBeLessThan(model.pressureEdges[i - CELLS]);
    if (step < 5) continue;
    const burden = AREA * readPartialColumns(layers, 'NO2', model).reduce((sum, column) => sum + column, 0);
    expect(Math.abs(burden / end.species.NO2.mass - 1)).toBeLessThan(1e-6);
  }
  layers.close();
});

it.each<[string, Partial<ReferenceRun>]>([
  ['is stopped', { onProgress: (done: number) => done === 3 && stop.abort(new Error('stopped')) }],
  ['cannot write its layers', { layers: { path: '/proc/no/LAYERS.nc', variables: VARIABLES } }],
  ['cannot write its surface', { output: '/proc/no/ACONC.nc' }],
  ['has no such gas', { layers: { path: '', variables: { CO: 'CO' } } }],
])('a run that %s leaves neither file', async (name, changes) => {
  stop = new AbortController();
  const run = runOf('none', { ...changes, signal: stop.signal });
  if (name === 'has no such gas') run.layers = { ...run.layers!, path: file('none_LAYERS.nc') };
  await expect(runReferenceModel(run)).rejects.toThrow();
  expect(readdirSync(folder.path).filter((entry) => entry.includes('none'))).toEqual([]);
});
let stop = new AbortController();
