import { DEFAULT_CHANNELS } from '../../base/species';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../../case';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { readCf } from '../../files/netcdf/netcdf-cf';
import { writePreparedMeteorology, writePreparedRun } from '../../fields/prepared';
import { temporaryFolder } from '../../files/testing/shared-data';
import { writeGriddesc } from '../../grid/griddesc';
import { CELLS, EMISSIONS, GRID, GROUPS, readAll, START, writeFile } from '../../transport/testing/small-case';
import { appliedSectors, filesOf, priorSectors } from '../../inventory/reading/sector-files';
import { BUDGET_FILE } from '../results/apply';
import { applyStage } from './apply-stage';
import { timeOf } from '../../case/case-runs';
import { FACTORS_FILE, writeFactors } from '../../assimilation/factors/factors-file';
import { VERSIONS } from '../../base/process';
import { readInventory } from '../../inventory/reading/read-inventory';
import type { StageContext } from '../engine/stage';
import { stageRecord } from '../testing/stage-record';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const later = (hours: number): Date => new Date(START.getTime() + hours * 3600e3);
const constant = (...factors: number[]): Float32Array => Float32Array.from(factors.flatMap((factor) => new Array<number>(CELLS * 5).fill(factor)));

type Basis = Case['inversion']['factors'];

function settings(files: string, periods: { name: string; start: Date; hours: number; spinUpHours?: number }[], factors: Basis = 'period'): Case {
  writeGriddesc(at('GRIDDESC'), GRID);
  return {
    grid: { griddesc: at('GRIDDESC'), name: 'SMALL' },
    periods: periods.map((period) => ({ spinUpHours: 0, ...period })),
    emissions: { files, groups: GROUPS, sectors: {} },
    concentrations: {},
    inversion: { factors, uncertainty: { method: 'none' } },
    crossValidation: { apply: false },
    regions: { south: { rows: [0, 1], cols: [0, 9] } },
  } as unknown as Case;
}

function prepare(of: Case): void {
  for (const period of of.periods) {
    const [time, { name }] = [timeOf(period), period];
    const nothing = { meteorologyNames: [], meteorology: new Float32Array(0), geographyNames: [], geography: new Float32Array(0) };
    writePreparedMeteorology(at('prepare'), { name, grid: GRID, time, ...nothing });
    const emissions = readInventory(priorSectors(of, name), GRID, time, {});
    const concentrations = new Float32Array(time.count * CELLS * 4);
    writePreparedRun(at('prepare'), { period: name, run: 'prior', grid: GRID, time, channels: DEFAULT_CHANNELS, emissions, concentrations });
  }
}

let products: string[];
let said: string[];

/** Runs the stage with the factors of each period. */
async function apply(of: Case, factors: Record<string, Float32Array>): Promise<{ files: string[] }> {
  prepare(of);
  said = [];
  mkdirSync(at('invert'), { recursive: true });
  writeFactors(
    at(`invert/${FACTORS_FILE}`),
    { grid: GRID, groups: DEFAULT_CHANNELS.groups },
    Object.entries(factors).map(([period, data]) => ({ period, slots: data.length / (CELLS * 5), data })),
  );
  const dirOf = (stage: string): string => at(stage);
  const log = (text: string): unknown => said.push(text);
  const context = {
    caseSettings: of,
    settings: of,
    out: folder.path,
    variant: 'default',
    dir: at('apply'),
    dirOf,
    progress: () => {},
    log,
  } as unknown as StageContext;
  const done = await applyStage.run(context);
  products = done.products;
  return done.summary as { files: string[] };
}

const applied = (of: Case, period: string): string[] => filesOf(appliedSectors(at('apply'), of, period));

const ratio = (prior: string, updated: string, hour: number): number => {
  const [a, b] = [readAll(prior).get('NO')!, readAll(updated).get('NO')!];
  return Math.round(b[hour * CELLS + 3] / a[hour * CELLS + 3]);
};

it('gives the hours of every file of a period their own factors', async () => {
  for (const day of [0, 1]) {
    const ofDay = EMISSIONS.map((variable) => ({ ...variable, value: (hour: number, cell: number) => variable.value(hour + 24 * day, cell, 0) }));
    writeFile(at(`EMIS_${day}.nc`), ofDay, { start: later(24 * day), count: 25 });
  }
  const of = settings(at('EMIS_*.nc'), [{ name: 'p', start: START, hours: 48 }], 'hour');
  await apply(of, { p: constant(...Array.from({ length: 48 }, (_, hour) => 1 + hour)) });
  const [first, second] = applied(of, 'p');
  expect([0, 23, 24].map((hour) => ratio(at('EMIS_0.nc'), first, hour))).toEqual([1, 24, 25]);
  expect([0, 23, 24].map((hour) => ratio(at('EMIS_1.nc'), second, hour))).toEqual([25, 48, 48]);
  const budget = readFileSync(at(`apply/${BUDGET_FILE}`), 'utf8')
    .trim()
    .split('\n');
  expect(budget[0]).toBe('file,species,unit,time,region,prior,updated');
  expect(budget).toHaveLength(1 + 2 * 25 * 6 * 2);
  const [file, species, , time, region, prior, updated] = budget
    .find((row) => row.includes('EMIS_1.updated.nc,SO2') && row.includes('T05:00Z,south'))!
    .split(',');
  expect([file, species, time, region]).toEqual(['EMIS_1.updated.nc', 'SO2', '2026-07-07T05:00Z', 'south']);
  expect(Number(updated) / Number(prior)).toBeCloseTo(30, 5);
});

it('gives a file that serves two periods the factors of both', async () => {
  writeFile(at('EMIS.nc'), EMISSIONS, { count: 30 });
  const of = settings(at('EMIS.nc'), [
    { name: 'a', start: START, hours: 10 },
    { name: 'b', start: later(12), hours: 10 },
  ]);
  const { files } = await apply(of, { a: constant(2), b: constant(3) });
  expect(files).toEqual(['EMIS.updated.nc']);
  expect(applied(of, 'b')).toEqual(applied(of, 'a'));
  const [updated] = applied(of, 'a');
  expect([0, 10, 11, 12, 22, 23].map((hour) => ratio(at('EMIS.nc'), updated, hour))).toEqual([2, 2, 1, 3, 3, 1]);
});

it('gives hours in the spin-up of one period the factors of the other, which compares them, in whichever order they stand', async () => {
  writeFile(at('EMIS.nc'), EMISSIONS, { count: 30 });
  const of = settings(at('EMIS.nc'), [
    { name: 'b', start: later(6), hours: 14, spinUpHours: 4 },
    { name: 'a', start: START, hours: 10 },
  ]);
  await apply(of, { a: constant(2), b: constant(3) });
  const [updated] = applied(of, 'a');
  expect([0, 6, 9, 10, 19].map((hour) => ratio(at('EMIS.nc'), updated, hour))).toEqual([2, 2, 2, 3, 3]);
});

it('says in all files that they are updated, by which program and run, and leaves the same bytes again', async () => {
  writeFile(at('EMIS.nc'), EMISSIONS, { count: 10 });
  const of = { ...settings(at('EMIS.nc'), [{ name: 'a', start: START, hours: 10 }]), name: 'small' };
  mkdirSync(at('invert'));
  writeFileSync(at('invert/record.json'), JSON.stringify(stageRecord('0123456789abcdef0123', [], { settings: of })));
  await apply(of, { a: constant(2) });
  const [updated] = applied(of, 'a');
  const first = readFileSync(updated);
  const origin = `Retroplume ${VERSIONS.retroplume}, case small, inversion 0123456789abcdef`;
  expect(IoapiFile.open(updated).attributes['HISTORY']).toBe(`emissions updated by ${origin}`);
  expect(readCf(at('apply/fields/emissions_a.nc')).attributes['history']).toBe(`emissions updated by ${origin}`);
  expect(readFileSync(at('apply/desid/desid_a.nml'), 'utf8')).toContain(`! By ${origin}.`);
  await apply(of, { a: constant(2) });
  expect(readFileSync(updated).equals(first)).toBe(true);
});

it('says in the budget a name of a file that holds a comma as one field', async () => {
  writeFile(at('EMIS, v2.nc'), EMISSIONS, { count: 10 });
  await apply(settings(at('EMIS, v2.nc'), [{ name: 'a', start: START, hours: 10 }]), { a: constant(2) });
  const [, row] = readFileSync(at(`apply/${BUDGET_FILE}`), 'utf8').split('\n');
  expect(row).toMatch(/^"EMIS, v2\.updated\.nc",NO,moles\/s,/);
});

it('gives files of one name in several folders names of their own', async () => {
  for (const day of [0, 1]) {
    mkdirSync(at(`day${day}`));
    writeFile(at(`day${day}/EMIS.nc`), EMISSIONS, { start: later(24 * day), count: 24 });
  }
  const of = settings(at('day*/EMIS.nc'), [{ name: 'p', start: START, hours: 48 }]);
  const { files } = await apply(of, { p: constant(2) });
  expect(files).toEqual(['day0-EMIS.updated.nc', 'day1-EMIS.updated.nc']);
});

it('is made again with other labels, and by a command so is every run', () => {
  const of = settings(at('EMIS.nc'), []);
  const keys = (label: string | undefined, kind: string): unknown[] => {
    const labelled = { ...of, emissions: { ...of.emissions, label }, ctm: { kind } } as unknown as Case;
    const context = { caseSettings: labelled, settings: labelled, variant: 'default' } as unknown as StageContext;
    return [applyStage.settings(context), applyStage.expensiveSettings!(context)].map((each) => JSON.stringify(each));
  };
  const [[all, dear], [allLabelled, dearLabelled]] = [undefined, 'MINE'].map((label) => keys(label, 'reference'));
  expect([all === allLabelled, dear === dearLabelled]).toEqual([false, true]);
  expect(keys(undefined, 'command')[1]).toBe(dear);
  expect(keys('MINE', 'command')[1]).not.toBe(dear);
});

describe('beside the files', () => {
  const days = constant(...Array.from({ length: 30 }, (_, hour) => (hour < 24 ? 0.5 : 3)));
  const one = (): Case => {
    writeFile(at('EMIS.nc'), EMISSIONS);
    return settings(at('EMIS.nc'), [{ name: 'p', start: START, hours: 30 }], 'day');
  };

  it('lie CF fields of every stretch of hours, and rules for CMAQ', async () => {
    await apply(one(), { p: days });
    const desid = ['desid_p_20260706.nml', 'desid_p_20260707.nml'].map((name) => `desid/${name}`);
    expect(products).toEqual(['EMIS.updated.nc', 'mass_budget.csv', 'fields/emissions_p.nc', ...desid]);
    expect(said).toEqual([]);
    expect(readFileSync(at(`apply/${desid[1]}`), 'utf8')).toMatch(
      /'EVERYWHERE' *, 'INVENTORY' *, 'NO2' *, 'ALL', 'ALL', 3\.000000000e\+0, 'UNIT', 'm',/,
    );
    const { dimensions, coordinates, variables } = readCf(at('apply/fields/emissions_p.nc'));
    expect(dimensions).toEqual({ time: 2, y: 8, x: 10, bnds: 2 });
    const of = (name: string): ArrayLike<number> => [...coordinates, ...variables].find((variable) => variable.name === name)!.data;
    expect([...Array.from(of('time')), ...Array.from(of('time_bnds'))]).toEqual([0, 86400, 0, 86400, 86400, 30 * 3600]);
    expect([of('x')[0], of('x_bnds')[0], of('x_bnds')[1], of('cell_area')[0]]).toEqual([-121500, -135000, -108000, 27000 ** 2]);
    // Mean SO2 of 6 hours in cell 3, by hand from the file in mol/s.
    const so2 = readAll(at('EMIS.nc')).get('SO2')!;
    const mean = [24, 25, 26, 27, 28, 29].reduce((sum, hour) => sum + so2[hour * CELLS + 3] / 6, 0) * (0.064066 / 27000 ** 2);
    expect(of('prior_SO2')[CELLS + 3] / mean).toBeCloseTo(1, 6);
    expect(of('updated_SO2')[CELLS + 3] / mean).toBeCloseTo(3, 6);
    expect([of('factor_PM25')[5], of('factor_PM25')[CELLS + 5]]).toEqual([0.5, 3]);
    expect(variables.some(({ name }) => name.startsWith('log_factor_sigma'))).toBe(false);
  });

  it('lie rules for the days that the inversion had, whatever the case says by now', async () => {
    const settingsThen = { inversion: { factors: 'day' } };
    const record = { stage: 'invert', key: '', inputs: [], startedAt: '', seconds: 1, products: [], bytes: {}, sha256: {}, settings: settingsThen };
    mkdirSync(at('invert'), { recursive: true });
    writeFileSync(at('invert/record.json'), JSON.stringify(record));
    try {
      await apply({ ...one(), inversion: { factors: 'period', uncertainty: { method: 'none' } } } as unknown as Case, { p: days });
    } finally {
      rmSync(at('invert/record.json'));
    }
    expect(products.slice(-2)).toEqual(['desid/desid_p_20260706.nml', 'desid/desid_p_20260707.nml']);
    const { data } = readCf(at('apply/fields/emissions_p.nc')).variables.find(({ name }) => name === 'factor_PM25')!;
    expect([data[5], data[CELLS + 5]]).toEqual([0.5, 3]);
  });

  it('lie no rules where factors change within a day, and the reason is told', async () => {
    const of = { ...one(), inversion: { factors: 'hour', uncertainty: { method: 'none' } } } as unknown as Case;
    await apply(of, { p: days });
    expect(products).toEqual(['EMIS.updated.nc', 'mass_budget.csv', 'fields/emissions_p.nc']);
    expect(said).toEqual([
      "p: no DESID rules are written: the factors change at 2026-07-06T01:00Z, within a day, and CMAQ's masks are the same at all hours of a run: give CMAQ the updated files",
    ]);
  });

  it('lie rules for what the files of a partial sector hold, and for nothing else', async () => {
    writeFile(
      at('ag.nc'),
      EMISSIONS.filter(({ name }) => name === 'NH3'),
    );
    const of = one();
    await apply({ ...of, emissions: { ...of.emissions, sectors: { p_ag: { files: at('ag.nc'), partial: true } } } }, { p: constant(2) });
    expect(products).toContain('ag.updated.nc');
    expect(readAll(at('apply/ag.updated.nc'))).toEqual(
      new Map([
        [
          'NH3',
          readAll(at('ag.nc'))
            .get('NH3')!
            .map((value) => 2 * value),
        ],
      ]),
    );
    const rules = readFileSync(at('apply/desid/desid_p_20260706.nml'), 'utf8').split('\n');
    expect(rules.filter((rule) => rule.includes("'P_AG'"))).toEqual([expect.stringMatching(/'EVERYWHERE' *, 'P_AG' *, 'NH3' *, .* 2\.0+e\+0/)]);
    expect(rules.filter((rule) => rule.includes("'REST'")).length).toBeGreaterThan(4);
  });

  it('lie rules for streams as the case calls them', async () => {
    const of = one();
    await apply({ ...of, emissions: { ...of.emissions, label: 'gridded_emis' } }, { p: constant(2) });
    const rules = (): string => readFileSync(at('apply/desid/desid_p_20260706.nml'), 'utf8');
    expect(rules()).toMatch(/'EVERYWHERE' *, 'GRIDDED_EMIS' *, 'NO2'/);
    expect(rules()).toContain('setenv GR_EMIS_LAB_001 GRIDDED_EMIS');
    writeFile(at('ships.nc'), EMISSIONS);
    const sectors = { ships: { files: at('ships.nc'), label: 'CMV_C1C2_12', partial: false } };
    await apply({ ...of, emissions: { ...of.emissions, sectors } }, { p: constant(2) });
    expect(rules()).toContain('labels: REST, CMV_C1C2_12)');
    expect(rules()).not.toContain('SHIPS');
  });

  it('lie scale factors of HEMCO where they are asked for', async () => {
    const of = one();
    await apply({ ...of, emissions: { ...of.emissions, hemco: { degrees: 1 } } }, { p: days });
    const days2 = ['20260706', '20260707'];
    expect(products.slice(-4)).toEqual(days2.flatMap((day) => [`hemco/hemco_p_${day}.nc`, `hemco/HEMCO_Config_p_${day}.rc`]));
    const second = readCf(at('apply/hemco/hemco_p_20260707.nc')).variables.find(({ name }) => name === 'NOx')!.data;
    expect(Math.max(...second)).toBeGreaterThan(2); // cells of 1° are partly outside the domain of 270 km x 216 km
    expect(Math.min(...second)).toBe(1);
    expect(readFileSync(at('apply/hemco/HEMCO_Config_p_20260707.rc'), 'utf8')).toContain(' NOx 2026/7/7/0 C xy 1 1');
  });
});
