import { GROUPS } from '../base/species';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { columnEntries, loadCase } from '../case';
import { IoapiFile } from '../files/ioapi/ioapi-file';
import { readGriddesc } from '../grid/griddesc';
import { writeDemoWorld } from './demo-world';
import { readTruthFactors } from './truth-factors';

const SMALL = { rows: 16, cols: 16, hours: 72, spinUpHours: 24, stations: 20, seed: 5 };
const folders: string[] = [];
const freshFolder = (): string => {
  folders.push(mkdtempSync(join(tmpdir(), 'retroplume-world-')));
  return folders[folders.length - 1];
};
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** Hash of all values of a file; its header holds the date of writing. */
function digest(path: string): string {
  const file = IoapiFile.open(path);
  const hash = createHash('sha256');
  for (const { name } of file.variables) hash.update(Buffer.from(file.read(name).buffer));
  file.close();
  return hash.digest('hex');
}

describe('writeDemoWorld', () => {
  let casePath: string;
  let inputs: string;
  beforeAll(async () => {
    casePath = await writeDemoWorld(freshFolder(), SMALL);
    inputs = join(casePath, '..', 'inputs');
  });

  it('writes a case that the schema accepts, with two periods of the asked length', () => {
    const loaded = loadCase(casePath);
    expect(loaded.periods.map((period) => [period.name, period.hours, period.spinUpHours])).toEqual([
      ['winter', 72, 24],
      ['summer', 72, 24],
    ]);
    expect(loaded.assumptions.length).toBeGreaterThan(0);
    expect(existsSync(join(inputs, 'stations.csv.tmp'))).toBe(false);
  });

  it.each(['winter', 'summer'])('gives plausible weather in %s, in the units of its files', (season) => {
    const file = IoapiFile.open(join(inputs, `METCRO2D_${season}.nc`));
    readGriddesc(join(inputs, 'GRIDDESC'), 'DEMO').assertSame(file.grid, 'METCRO2D');
    expect(file.time.count).toBe(72);
    const bounds: Record<string, [number, number]> = {
      TEMP2: [240, 320],
      Q2: [1e-5, 0.04],
      PRSFC: [6e4, 1.06e5],
      PBL: [150, 1500],
      RGRND: [0, 1100],
      RN: [0, 1],
      RC: [0, 2],
      WSPD10: [0, 25],
      WDIR10: [0, 360],
    };
    for (const [name, [low, high]] of Object.entries(bounds)) {
      const values = file.read(name);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
    }
    file.close();
  });

  it('emits NOx as 90 % NO by moles and about 10 t km-2 a-1 of it over land', () => {
    const file = IoapiFile.open(join(inputs, 'EMIS_winter.nc'));
    expect(file.variables.map(({ name, units }) => `${name} ${units}`)).toEqual([
      'NO moles/s',
      'NO2 moles/s',
      'NH3 moles/s',
      'SO2 moles/s',
      'VOC moles/s',
      'PM25 g/s',
    ]);
    const no = file.read('NO', 0, 24);
    const no2 = file.read('NO2', 0, 24);
    const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);
    expect(sum(no) / (sum(no) + sum(no2))).toBeCloseTo(0.9, 5);
    expect(Math.min(...no)).toBeGreaterThanOrEqual(0);
    const geography = IoapiFile.open(join(inputs, 'GRIDCRO2D.nc'));
    const landKm2 = sum(geography.read('LWMASK')) * 27 * 27;
    const tonnesPerYear = (((sum(no) + sum(no2)) / 24) * 46.0055 * 3.1536e7) / 1e6;
    // a working Monday in winter lies a few per cent above the yearly mean of 10
    expect(tonnesPerYear / landKm2).toBeGreaterThan(10);
    expect(tonnesPerYear / landKm2).toBeLessThan(12);
    file.close();
    geography.close();
  });

  it('plants errors of about 30 % within 60 %, in every group and period', () => {
    const grid = readGriddesc(join(inputs, 'GRIDDESC'), 'DEMO');
    for (const season of ['winter', 'summer']) {
      const file = IoapiFile.open(join(inputs, `EMIS_${season}.nc`));
      const factors = readTruthFactors(join(inputs, 'truth_factors.nc'), grid, season, GROUPS);
      expect(factors.length).toBe(5 * 256);
      expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.4 - 1e-6);
      expect(Math.max(...factors)).toBeLessThanOrEqual(1.6 + 1e-6);
      ['NO', 'NH3', 'SO2', 'VOC', 'PM25'].forEach((name, g) => {
        const emissions = file.read(name);
        let [difference, truth, prior, atSea, changedAtSea] = [0, 0, 0, 0, 0];
        emissions.forEach((value, i) => {
          const factor = factors[g * 256 + (i % 256)];
          difference += value * Math.abs(1 - factor);
          truth += value * factor;
          prior += value;
          if (value === 0) atSea++;
          if (value === 0 && factor !== 1) changedAtSea++;
        });
        expect([atSea > 0, changedAtSea]).toEqual([true, 0]);
        // planted for the season's mean; hours and weekdays shift the sectors a little
        expect(difference / truth).toBeGreaterThan(0.27);
        expect(difference / truth).toBeLessThan(0.33);
        expect([name, prior > truth]).toEqual([name, ['NO', 'SO2', 'PM25'].includes(name)]); // the prior is too high in these, too low in the others
      });
      file.close();
    }
  });

  it('puts every monitor on land inside the grid', () => {
    const grid = readGriddesc(join(inputs, 'GRIDDESC'), 'DEMO');
    const [header, ...lines] = readFileSync(join(inputs, 'stations.csv'), 'utf8').trim().split('\n');
    expect(header).toBe('id,lon,lat');
    expect(lines.length).toBe(20);
    const geography = IoapiFile.open(join(inputs, 'GRIDCRO2D.nc'));
    const land = geography.read('LWMASK');
    for (const line of lines) {
      const [lon, lat] = line.split(',').slice(1).map(Number);
      const cell = grid.cellAt(lon, lat)!;
      expect(land[cell.row * grid.cols + cell.col]).toBe(1);
    }
    geography.close();
  });

  it('is the same for the same seed and another for another', async () => {
    const again = await writeDemoWorld(freshFolder(), SMALL);
    const other = await writeDemoWorld(freshFolder(), { ...SMALL, seed: 6 });
    for (const name of ['METCRO2D_summer.nc', 'EMIS_winter.nc', 'GRIDCRO2D.nc']) {
      expect(digest(join(again, '..', 'inputs', name))).toBe(digest(join(inputs, name)));
      expect(digest(join(other, '..', 'inputs', name))).not.toBe(digest(join(inputs, name)));
    }
    expect(readFileSync(again)).toEqual(readFileSync(casePath));
    expect(readFileSync(join(again, '..', 'inputs', 'stations.csv'))).toEqual(readFileSync(join(inputs, 'stations.csv')));
  });

  it.each([false, true])('differs by its case alone where satellites see it, whether the model is another (%p) or not', async (nonIdentical) => {
    const [without, withColumns] = [
      await writeDemoWorld(freshFolder(), { ...SMALL, nonIdentical }),
      await writeDemoWorld(freshFolder(), { ...SMALL, nonIdentical, columns: true }),
    ];
    const digests = (path: string): string[] =>
      ['METCRO2D_winter.nc', 'METCRO2D_summer.nc', 'EMIS_winter.nc', 'EMIS_summer.nc', 'GRIDCRO2D.nc'].map((name) =>
        digest(join(path, '../inputs', name)),
      );
    expect(digests(withColumns)).toEqual(digests(without));
    expect(columnEntries(loadCase(without))).toEqual([]);
    const settings = loadCase(withColumns);
    expect(columnEntries(settings).map(({ name, gas, twin }) => [name, gas, twin])).toEqual([
      ['NO2_column', 'NO2', { bias: 0 }],
      ['HCHO_column', 'HCHO', { bias: 0 }],
      ['NH3_column', 'NH3', { bias: 0 }],
    ]);
    expect(settings.inversion.groups).toContain('NH3');
  });

  it('names the period whose factors are missing', () => {
    const grid = readGriddesc(join(inputs, 'GRIDDESC'), 'DEMO');
    expect(() => readTruthFactors(join(inputs, 'truth_factors.nc'), grid, 'autumn', GROUPS)).toThrow(/factor_autumn/);
  });
});
