import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { FORMS } from '../../files/testing/cdl';
import { describeShared, failure, sharedFile, temporaryFolder } from '../../files/testing/shared-data';
import { Grid } from '../../grid/grid';
import { Random } from '../../base/random';
import type { EmissionGroups } from '../reading/emission-reader';
import { checkedBudget } from './mass-budget';
import { scaleEmissionFile } from './scale-file';
import { CELLS, EMISSIONS, GRID, GROUPS, HOURS, readAll, START, writeFile } from '../../transport/testing/small-case';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const random = new Random(7);
/** Between 1/8 and 8, with some zeros: the paper's control can switch a cell off. */
const draw = (count: number): Float32Array =>
  Float32Array.from({ length: count }, () => (random.uniform() < 0.05 ? 0 : Math.exp(Math.log(8) * (2 * random.uniform() - 1))));
const whole = (cells: number): ReadonlyMap<string, Float32Array> => new Map([['domain', new Float32Array(cells).fill(1)]]);

describeShared('a CMAQ-ready file from elsewhere', () => {
  const only: EmissionGroups = {
    NOx: { variables: ['CO'] },
    NH3: { variables: [] },
    SO2: { variables: [] },
    VOC: { variables: [] },
    'PM2.5': { variables: [] },
  };
  const [rows, cols, hours] = [128, 174, 25];
  const cells = rows * cols;

  it('keeps header, units and TFLAG bit by bit, and holds the products of single values', () => {
    const path = sharedFile('ioapi/cmaq_ready*CO.ncf');
    const factors = draw(cells * 5);
    const out = at('updated.ncf');
    scaleEmissionFile(path, out, [{ factors, start: new Date('2010-01-21T00:00Z') }], { groups: only, regions: whole(cells) });

    // Read as bytes, without netCDF: in the classic format a record is TFLAG (8 bytes) and then CO, floats with the high byte first.
    const [before, after] = [readFileSync(path), readFileSync(out)];
    expect(after).toHaveLength(before.length);
    const record = 8 + 4 * cells;
    const first = before.length - hours * record;
    expect(after.subarray(0, first).equals(before.subarray(0, first))).toBe(true);
    let changed = 0;
    for (let hour = 0; hour < hours; hour++) {
      const begin = first + hour * record;
      expect(after.subarray(begin, begin + 8).equals(before.subarray(begin, begin + 8))).toBe(true);
      let [expected, received] = [0, 0];
      for (let cell = 0; cell < cells; cell++) {
        const was = before.readFloatBE(begin + 8 + 4 * cell);
        const is = after.readFloatBE(begin + 8 + 4 * cell);
        const asked = was * factors[cell * 5];
        if (is !== Math.fround(asked)) throw new Error(`cell ${cell} of hour ${hour}: ${is} instead of ${asked}`);
        if (is !== was) changed++;
        [expected, received] = [expected + asked, received + is];
      }
      expect(Math.abs(received / expected - 1)).toBeLessThan(2 ** -24); // each value is rounded once
    }
    expect(changed).toBeGreaterThan(100000);
    const header = (file: string): string => spawnSync('ncdump', ['-h', file], { encoding: 'utf8' }).stdout?.replace(/^netcdf .*/, '');
    expect(header(out)).toBe(header(path));
    expect(readdirSync(folder.path)).toEqual([basename(out)]);
    // The I/O API writes a history of nothing as a NUL.
    scaleEmissionFile(path, out, [{ factors, start: new Date('2010-01-21T00:00Z') }], { groups: only, regions: whole(cells), history: 'updated' });
    expect(header(out)).toBe(header(path).replace(/:HISTORY = .*/, ':HISTORY = "updated" ;'));
  });
});

describe('scaleEmissionFile', () => {
  const input = (): string => writeFile(at('EMIS.nc'), [...EMISSIONS, { name: 'CO', units: 'moles/s', value: (h, c) => h + c }], { layers: 2 });
  const settings = {
    groups: GROUPS,
    regions: new Map([...whole(CELLS), ['west', Float32Array.from({ length: CELLS }, (_, i) => (i % 10 < 5 ? 1 : 0))]]),
  };

  it('gives a budget by species, hour and region', () => {
    const factors = draw(CELLS * 5);
    const path = input();
    const rows = scaleEmissionFile(path, at('OUT.nc'), [{ factors, start: START }], settings);
    expect(rows).toHaveLength(6 * HOURS * 2);
    const [before, after] = [readAll(path), readAll(at('OUT.nc'))];
    const [species, unit, time, region, prior, updated] = rows[2 * (HOURS + 3) + 1].split(',');
    expect([species, unit, time, region]).toEqual(['NO2', 'moles/s', '2026-07-06T03:00Z', 'west']);
    const west = (all: Map<string, Float32Array>): number =>
      all
        .get('NO2')!
        .slice(3 * 2 * CELLS, 4 * 2 * CELLS)
        .reduce((sum, value, i) => sum + (i % 10 < 5 ? value : 0), 0);
    expect(Number(prior)).toBeCloseTo(west(before), 6);
    expect(Number(updated)).toBeCloseTo(west(after), 6);
    expect(after.get('CO')).toEqual(before.get('CO'));
  });

  it.each(FORMS)('puts what updated the file above its history and changes nothing else of the header, %s', (form) => {
    const path = at('given.nc');
    execFileSync('nccopy', ['-k', form, input(), path]);
    const factors = draw(CELLS * 5);
    const line = 'emissions updated by Retroplume 1.2.3, case small, inversion 0123456789abcdef, with a long name';
    const [plain, told] = [at('plain.nc'), at('told.nc')];
    scaleEmissionFile(path, plain, [{ factors, start: START }], settings);
    scaleEmissionFile(path, told, [{ factors, start: START }], { ...settings, history: line });
    expect(readAll(told)).toEqual(readAll(plain));
    const header = (file: string): string[] => execFileSync('ncdump', ['-h', file], { encoding: 'utf8' }).split('\n').slice(1);
    const others = (file: string): string[] => header(file).filter((each) => !each.includes(':HISTORY'));
    expect(header(plain)).toEqual(header(path));
    expect(others(told)).toEqual(others(path));
    const histories = header(told).filter((each) => each.includes(':HISTORY'));
    expect(histories).toEqual([expect.stringContaining(`"${line}"`)]);
    // Again, as with a prior that is an update itself.
    scaleEmissionFile(told, at('twice.nc'), [{ factors, start: START }], { ...settings, history: 'emissions updated anew' });
    expect(IoapiFile.open(at('twice.nc')).attributes['HISTORY']).toBe(`${'emissions updated anew'.padEnd(80)}${line}`);
  });

  it('gives each period of a file its own factors, and the instant at which the last ends', () => {
    const constant = (factor: number): Float32Array => new Float32Array(CELLS * 5).fill(factor);
    const later = (hour: number): Date => new Date(START.getTime() + hour * 3600e3);
    const path = input();
    const spans = [
      { factors: constant(2), start: START, hours: 10 },
      { factors: Float32Array.from([...constant(3), ...constant(4)]), start: later(12) },
    ];
    scaleEmissionFile(path, at('OUT.nc'), spans, settings);
    const [before, after] = [readAll(path).get('SO2')!, readAll(at('OUT.nc')).get('SO2')!];
    const ratio = (hour: number): number => Math.round(after[hour * 2 * CELLS + 7] / before[hour * 2 * CELLS + 7]);
    expect([0, 9, 10, 11, 12, 13, 14, 15].map(ratio)).toEqual([2, 2, 2, 1, 3, 4, 4, 1]);
  });

  it('scales the part of a larger grid that the case is on, and leaves the rest', () => {
    const { xorig, yorig, xcell, ycell, cols, rows } = GRID.definition;
    const [row, col] = [2, 1];
    const inner = new Grid({ ...GRID.definition, xorig: xorig + col * xcell, yorig: yorig + row * ycell, cols: cols - 3, rows: rows - 2 });
    const cells = inner.rows * inner.cols;
    const factors = Float32Array.from({ length: cells * 5 }, (_, i) => 2 + (Math.floor(i / 5) % 7));
    const path = input();
    const rowsOfBudget = scaleEmissionFile(path, at('OUT.nc'), [{ factors, start: START }], {
      groups: GROUPS,
      regions: whole(cells),
      grid: inner,
    });
    const [before, after] = [readAll(path).get('NO2')!, readAll(at('OUT.nc')).get('NO2')!];
    let [prior, updated] = [0, 0];
    after.forEach((value, i) => {
      const [hour, r, c] = [Math.floor(i / (2 * CELLS)), Math.floor((i % CELLS) / cols) - row, (i % cols) - col];
      const inside = r >= 0 && r < inner.rows && c >= 0 && c < inner.cols;
      const factor = inside ? 2 + ((r * inner.cols + c) % 7) : 1;
      if (value !== Math.fround(before[i] * factor)) throw new Error(`row ${r}, column ${c}: ${value} of ${before[i]}, not ${factor} times it`);
      if (hour !== 5 || !inside) return;
      [prior, updated] = [prior + before[i], updated + value];
    });
    const [told] = rowsOfBudget.filter((line) => line.startsWith('NO2,moles/s,2026-07-06T05:00Z,domain,'));
    expect(Number(told.split(',')[4]) / prior).toBeCloseTo(1, 6);
    expect(Number(told.split(',')[5]) / updated).toBeCloseTo(1, 6);
  });

  it('reads files that may not be written', () => {
    const path = input();
    chmodSync(path, 0o444);
    scaleEmissionFile(path, at('OUT.nc'), [{ factors: draw(CELLS * 5), start: START }], settings);
    expect(existsSync(at('OUT.nc'))).toBe(true);
  });

  it('weights emissions per area with the area of the cells', () => {
    const latLon = new Grid({ ...GRID.definition, gdtyp: 1, xorig: 100, yorig: 30, xcell: 0.5, ycell: 0.5 });
    const path = writeFile(at('FLUX.nc'), [{ name: 'NO', units: 'kg m-2 s-1', value: () => 1 }], { grid: latLon, count: 1 });
    const only = {
      ...GROUPS,
      NOx: { variables: ['NO'] },
      NH3: { variables: [] },
      SO2: { variables: [] },
      VOC: { variables: [] },
      'PM2.5': { variables: [] },
    };
    const [row] = scaleEmissionFile(path, at('OUT.nc'), [{ factors: new Float32Array(CELLS * 5).fill(2), start: START }], {
      groups: only,
      regions: whole(CELLS),
    });
    // 10 columns of 0.5° between 30 and 34 N on the sphere of 6370 km
    const area = 6.37e6 ** 2 * ((5 * Math.PI) / 180) * (Math.sin((34 * Math.PI) / 180) - Math.sin((30 * Math.PI) / 180));
    expect(row).toContain('NO,kg m-2 s-1 m2,2026-07-06T00:00Z,domain,');
    expect(Number(row.split(',')[4]) / area).toBeCloseTo(1, 12);
    expect(Number(row.split(',')[5]) / area).toBeCloseTo(2, 12);
  });

  it.each<[string, () => Float32Array, EmissionGroups, string]>([
    ['NaN factors', () => draw(CELLS * 5).fill(NaN, 3, 4), GROUPS, 'FACTORS_INVALID'],
    ['factors of another grid', () => draw(CELLS * 5 - 5), GROUPS, 'FACTORS_SHAPE'],
    ['a variable that is not there', () => draw(CELLS * 5), { ...GROUPS, VOC: { variables: ['ISOP'] } }, 'VARIABLE_MISSING'],
  ])('refuses %s and leaves nothing behind', (_, factors, groups, code) => {
    const path = input();
    expect(() => scaleEmissionFile(path, at('OUT.nc'), [{ factors: factors(), start: START }], { ...settings, groups })).toThrow(
      expect.objectContaining({ code }) as Error,
    );
    expect(readdirSync(folder.path)).toEqual(['EMIS.nc']);
  });

  it('refuses a truncated file', () => {
    const path = input();
    const cut = readFileSync(path).subarray(0, 20000);
    writeSync(openSync(at('CUT.nc'), 'w'), cut);
    expect(() => scaleEmissionFile(at('CUT.nc'), at('OUT.nc'), [{ factors: draw(CELLS * 5), start: START }], settings)).toThrow(
      expect.objectContaining({ code: 'FILE_TRUNCATED' }) as Error,
    );
    expect(existsSync(at('OUT.nc')) || existsSync(at('OUT.nc.tmp'))).toBe(false);
  });
});

describe('checkedBudget', () => {
  it('finds a value that is not what was asked for', () => {
    const path = writeFile(at('EMIS.nc'), [{ name: 'NO', units: 'moles/s', value: () => 1 }], { count: 2 });
    copyFileSync(path, at('OUT.nc'));
    const sums = Float64Array.of(CELLS, CELLS);
    const budget =
      (asked: Float64Array): (() => string[]) =>
      () =>
        checkedBudget(at('OUT.nc'), [{ species: 'NO', unit: 'moles/s', prior: sums, requested: asked }], whole(CELLS));
    expect(budget(sums)()).toEqual(['NO,moles/s,2026-07-06T00:00Z,domain,80,80', 'NO,moles/s,2026-07-06T01:00Z,domain,80,80']);
    expect(budget(Float64Array.of(CELLS, CELLS * (1 + 1e-6)))).toThrow(
      failure(
        'MASS_MISMATCH',
        `${at('OUT.nc')}: NO at 2026-07-06T01:00Z in domain: expected 80.00008 moles/s but the file holds 80: run apply again, and check the disk`,
      ),
    );
  });
});
