/** Columns drawn from a made truth, judged by the code of the comparison (columns/), with which they share nothing. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../base/random';
import { loadCase, type Case } from '../../case';
import { CaseFolder } from '../../case/testing/case-folder';
import { TINY_CASE } from '../../case/testing/tiny-case';
import { forEachCellPart, pixelInCells } from '../../columns/clip-to-cells';
import { ColumnOperator, columnRow, type ColumnRow, type FootprintPart } from '../../columns/column-operator';
import { readModelLayers, readPartialColumns, type ModelLayers } from '../../columns/model-layers';
import { superObservations } from '../../columns/pixels-to-cells';
import { ColumnFile } from '../../columns/products/column-file';
import { PixelCounts, readPixels, retrievalOf } from '../../columns/products/read-pixels';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { openNetcdf } from '../../files/netcdf/netcdf-access';
import { makeDemoGeography } from '../demo-geography';
import { twinColumnSettings, writeTwinColumns } from './twin-columns';

const { grid } = makeDemoGeography(32, 36, new Random(3));
const cells = grid.rows * grid.cols;
const START = new Date('2026-01-05T00:00:00Z');
const HOURS = 72;
const GASES = { NO2: 'NO2', HCHO: 'FORM', NH3: 'NH3' };
/** ppb in the lowest of three layers, where it is most. */
const MOST = { NO2: 12, HCHO: 6, NH3: 15 };

const cases = new CaseFolder();
const loadTwin = (columns: string, seed = 7): Case =>
  loadCase(
    cases.write(
      `${TINY_CASE.replace('hours: 216', `hours: ${HOURS}, spinUpHours: 12`).replace('twin: {}', `twin: { seed: ${seed} }`)}columns: { ${columns} }\n`,
    ),
  );
const ALL = 'NO2_column: { twin: {} }, HCHO_column: { twin: {} }, NH3_column: { twin: {} }';

let dir: string;
let layers: string;
let files: string[];
let settings: Case;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'twin-columns-'));
  layers = join(dir, 'LAYERS_winter.nc');
  writeTruth();
  settings = loadTwin(ALL);
  files = write(dir, settings);
});
afterAll(() => rmSync(dir, { recursive: true }));

const write = (folder: string, twin: Case): string[] =>
  writeTwinColumns(folder, twin, twin.periods[0], grid, { layers: [layers], meteorology: [layers], variables: GASES });
const filesOf = (name: string): string[] => files.filter((path) => path.includes(`/columns/${name}/`));

/** Gases in three layers, the lowest 800 to 1600 m deep, over a ground at 900 to 1010 hPa; amounts grow by 5 % an hour. */
function writeTruth(): void {
  const writer = IoapiWriter.create(layers, {
    grid,
    time: { start: START, stepSeconds: 3600, count: HOURS + 1 },
    layers: 3,
    variables: [
      ...Object.values(GASES).map((name) => ({ name, units: 'ppbV', description: name })),
      ...['PRES', 'DENS', 'ZF', 'ZH'].map((name, i) => ({ name, units: ['Pa', 'kg m-3', 'm', 'm'][i], description: name })),
    ],
  });
  const wave = (cell: number, length: number): number =>
    (1 + Math.sin((cell % grid.cols) / length) * Math.cos(Math.floor(cell / grid.cols) / length)) / 2;
  const field = (value: (layer: number, cell: number) => number): Float32Array =>
    Float32Array.from({ length: 3 * cells }, (_, i) => value(Math.floor(i / cells), i % cells));
  const top = (layer: number, cell: number): number => (layer < 0 ? 0 : [800 + 800 * wave(cell, 7), 2000, 3800][layer]);
  const middle = (layer: number, cell: number): number => (top(layer - 1, cell) + top(layer, cell)) / 2;
  const pressure = (layer: number, cell: number): number => (90000 + 11000 * wave(cell, 9)) * Math.exp(-middle(layer, cell) / 8000);
  const air = { PRES: field(pressure), DENS: field((k, i) => pressure(k, i) / (287.04 * 280)), ZF: field(top), ZH: field(middle) };
  for (let step = 0; step <= HOURS; step++) {
    Object.entries(GASES).forEach(([gas, name], g) => {
      const most = MOST[gas as keyof typeof MOST] * (1 + 0.05 * (step % 24));
      writer.write(
        name,
        step,
        field((k, i) => [1, 0.3, 0.05][k] * most * (0.15 + wave(i, 4 + g))),
      );
    });
    for (const [name, values] of Object.entries(air)) writer.write(name, step, values);
  }
  writer.close();
}

interface Air {
  model: ModelLayers;
  x: Float64Array;
}

/** Layers at a time between two instants. */
function airAt(gas: keyof typeof GASES, time: number): Air {
  using file = IoapiFile.open(layers);
  const before = Math.floor(time / 3600e3) * 3600e3;
  const part = (time - before) / 3600e3;
  const model = readModelLayers(file, new Date(before));
  const later = readModelLayers(file, new Date(before + 3600e3));
  const [x, y] = [model, later].map((at) => readPartialColumns(file, GASES[gas], at, gas));
  return { model, x: x.map((value, i) => value + part * (y[i] - value)) };
}

interface Pair {
  /** how many the pixel lies in */
  cells: number;
  observed: number;
  expected: number;
  error: number;
}

/** All pixels that pass, each with its own cells. */
function pixelPairs(paths: readonly string[], gas: keyof typeof GASES, counts = new PixelCounts()): Pair[] {
  return paths.flatMap((path) => {
    const file = ColumnFile.open(path);
    const times = file.readTimes(0, file.scanlines);
    const { model, x } = airAt(gas, times[Math.floor(times.length / 2)]);
    const pairs = [...readPixels(file, counts)].flatMap((pixels) => {
      const retrievals = Array.from({ length: pixels.count }, (_, i) => retrievalOf(pixels, i));
      const corners = (values: Float64Array, i: number): Float64Array => values.subarray(4 * i, 4 * i + 4);
      const place = (i: number, scale = 1): FootprintPart[] =>
        footprintOf(around(corners(pixels.longitudes, i), scale), around(corners(pixels.latitudes, i), scale));
      const rows = retrievals.map((retrieval, i) => columnRow('apply_ak', retrieval, model, place(i), x));
      // The circles of NH3 reach beyond the squares that they are taken for.
      return pairsOf(model, rows, x).map((pair, i) => ({ ...pair, cells: place(i, 1.3).length }));
    });
    file.close();
    return pairs;
  });
}

function pairsOf(model: ModelLayers, rows: readonly ColumnRow[], x: Float64Array): Pair[] {
  return Array.from(new ColumnOperator(model, rows).apply(x), (expected, i) => {
    const { cells: parts, column, error } = rows[i];
    return { cells: parts.length, observed: column, expected, error };
  });
}

/** Corners farther from their middle by a factor. */
function around(values: Float64Array, factor: number): Float64Array {
  const middle = values.reduce((total, value) => total + value, 0) / values.length;
  return values.map((value) => middle + factor * (value - middle));
}

function footprintOf(longitudes: Float64Array, latitudes: Float64Array): FootprintPart[] {
  const parts: FootprintPart[] = [];
  forEachCellPart(grid, pixelInCells(grid, longitudes, latitudes)!, (cell, area) => parts.push({ cell, share: area }));
  const total = parts.reduce((sum, { share }) => sum + share, 0);
  return parts.map(({ cell, share }) => ({ cell, share: share / total }));
}

const mean = (pairs: readonly Pair[], of: (pair: Pair) => number): number => pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
/** Best factor on what is expected, and the mean of squared misfits over errors. */
function figures(pairs: readonly Pair[]): { slope: number; misfit: number } {
  return {
    slope:
      mean(pairs, ({ observed, expected, error }) => (observed * expected) / error ** 2) /
      mean(pairs, ({ expected, error }) => (expected / error) ** 2),
    misfit: mean(pairs, ({ observed, expected, error }) => ((observed - expected) / error) ** 2),
  };
}

test('a file a day, product and structure told by the files themselves', () => {
  expect(files.map((path) => path.slice(dir.length + 1))).toEqual(
    ['NO2', 'HCHO', 'NH3'].flatMap((gas) => ['05', '06', '07'].map((day) => `columns/${gas}_column/202601${day}_winter.nc`)),
  );
  const products = files.map((path) => {
    const file = ColumnFile.open(path);
    const [begin, end] = file.timeRange();
    file.close();
    // 13:30 at 40° west is 16:10 UTC
    for (const time of [begin, end]) expect(Math.abs((time % 86_400e3) / 3600e3 - 16.17)).toBeLessThan(0.5);
    return file.product.name;
  });
  expect([...new Set(products)]).toEqual(['TROPOMI L2 NO2', 'TROPOMI L2 HCHO', 'CrIS L2 NH3']);
});

test.each(['NO2', 'HCHO', 'NH3'] as const)('%s: the operator on the truth leaves the noise that the file states', (gas) => {
  const counts = new PixelCounts();
  const pairs = pixelPairs(filesOf(`${gas}_column`), gas, counts);
  expect(pairs.length).toBeGreaterThan(gas === 'NH3' ? 4000 : 18000);
  expect(counts.passed).toBe(pairs.length);
  const { slope, misfit } = figures(pairs);
  expect(Math.abs(slope - 1)).toBeLessThan(0.03); // neighbours share a part of their noise
  expect(Math.abs(misfit - 1)).toBeLessThan(0.05);
});

test.each(['NO2', 'HCHO', 'NH3'] as const)('%s: without its noise a pixel within one cell has the column of the operator', (gas) => {
  const folder = join(dir, 'biased');
  const high = pixelPairs(write(folder, loadTwin(`${gas}_column: { twin: { bias: 9 } }`)), gas);
  const pairs = pixelPairs(filesOf(`${gas}_column`), gas).map((pair, i) => ({ ...pair, other: high[i] }));
  // The same noise in both, so that their difference is nine times the column without it.
  const ratios = pairs
    .filter(({ cells: ofPixel }) => ofPixel === 1)
    .map(({ observed, expected, other }) => (other.observed - observed) / 9 / expected);
  expect(ratios.length).toBeGreaterThan(gas === 'NH3' ? 300 : 5000);
  expect(Math.max(...ratios.map((ratio) => Math.abs(ratio - 1)))).toBeLessThan(2e-5);
});

test.each(['NO2', 'HCHO', 'NH3'] as const)('%s: super-observations of the cells have their stated error', (gas) => {
  const counts = new PixelCounts();
  const pairs = [...superObservations(filesOf(`${gas}_column`), grid, counts)].flatMap(({ observations }) => {
    const { model, x } = airAt(gas, observations[0].time.getTime());
    const rows = observations.map((retrieval) => columnRow('apply_ak', retrieval, model, [{ cell: retrieval.cell, share: 1 }], x));
    return pairsOf(model, rows, x);
  });
  expect(pairs.length).toBeGreaterThan(1500);
  const { slope, misfit } = figures(pairs);
  expect(Math.abs(slope - 1)).toBeLessThan(0.03);
  expect(Math.abs(misfit - 1)).toBeLessThan(0.15);
  const cloudy = counts.leftOut.get({ NO2: 'not qa_value > 0.75', HCHO: 'not qa_value > 0.5', NH3: 'not Cloud_Flag = 0, 2, 3' }[gas]) ?? 0;
  // Of TROPOMI's files those beside the grid have no quality either.
  const unseen = gas === 'NH3' ? 0 : pixelsBeside(filesOf(`${gas}_column`));
  const share = (cloudy - unseen) / (cloudy - unseen + counts.passed);
  expect(share).toBeGreaterThan(0.3);
  expect(share).toBeLessThan(0.53);
});

test('all comes from the seed', () => {
  const one = 'NO2_column: { twin: {} }';
  const digest = (folder: string, seed: number): string => {
    const [path] = write(join(dir, folder), loadTwin(one, seed));
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  };
  const first = createHash('sha256').update(readFileSync(filesOf('NO2_column')[0])).digest('hex'); // prettier-ignore
  expect([digest('again', 7) === first, digest('other', 8) === first]).toEqual([true, false]);
});

test('a day whose overpass is beside the period has pixels of which none passes', () => {
  const short = loadCase(cases.write(`${TINY_CASE.replace('hours: 216', 'hours: 30, spinUpHours: 0')}columns: { ${ALL} }\n`));
  const paths = write(join(dir, 'short'), short);
  const passed = paths.map((path) => {
    const counts = new PixelCounts();
    const file = ColumnFile.open(path);
    for (const _pixels of readPixels(file, counts));
    file.close();
    return counts.passed > 0;
  });
  expect(passed).toEqual([true, false, true, false, true, false]);
});

test('what decides the files is nothing without them', () => {
  expect(twinColumnSettings(cases.load(TINY_CASE))).toBeUndefined();
  expect(twinColumnSettings(cases.load(`${TINY_CASE}columns: { SO2_column_b: { twin: { bias: 0.1 } }, NO2_column: { files: a.nc } }\n`))).toEqual([
    { name: 'SO2_column_b', gas: 'SO2', twin: { bias: 0.1 } },
  ]);
});

/** Pixels of TROPOMI's files that have no quality at all. */
function pixelsBeside(paths: readonly string[]): number {
  return paths.reduce((total, path) => {
    using file = openNetcdf(path);
    return total + Array.from(file.read<Uint8Array>('PRODUCT/qa_value')).filter((value) => value === 0).length;
  }, 0);
}
