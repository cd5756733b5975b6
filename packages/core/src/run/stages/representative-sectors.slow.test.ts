/** A sector of representative days beside files of their own dates: read, given to a transport model, updated, checked. */
import { DEFAULT_CHANNELS } from '../../base/species';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../../case';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { readCf } from '../../files/netcdf/netcdf-cf';
import { writePreparedMeteorology, writePreparedRun } from '../../fields/prepared';
import { temporaryFolder } from '../../files/testing/shared-data';
import { Grid } from '../../grid/grid';
import { writeGriddesc } from '../../grid/griddesc';
import { openSector } from '../../inventory/reading/point-sources';
import { CELLS, EMISSIONS, GRID, GROUPS, readAll, writeFile } from '../../transport/testing/small-case';
import { appliedSectors, priorEmissionInputs, priorSectors } from '../../inventory/reading/sector-files';
import { BUDGET_FILE } from '../results/apply';
import { applyStage } from './apply-stage';
import { timeOf } from '../../case/case-runs';
import { FACTORS_FILE, writeFactors } from '../../assimilation/factors/factors-file';
import { readInventory } from '../../inventory/reading/read-inventory';
import { simulateStage } from './simulate-stage';
import type { StageContext } from '../engine/stage';
import { VERSIONS } from '../../base/process';
import { writeDesign } from '../commands/write-design';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const day = (date: number): Date => new Date(Date.UTC(2026, 6, date));
const HOURS = 43;
/** From 05Z of 6 July to the end of the 7th: both have the hours of the 14th. */
const PERIOD = { name: 'july', start: new Date('2026-07-06T05:00:00Z'), hours: HOURS, spinUpHours: 0, members: true };
const TABLE = 'Date,aveday_N,week_Y\n20260706,20260714,20260714\n20260707,20260714,20260715\n';

/** Files in which NO is hour + 100 of the 14th and hour + 200 of the 15th, beside others with 1. */
function write(): void {
  writeGriddesc(at('GRIDDESC'), GRID);
  mkdirSync(at('inputs'));
  const constant = EMISSIONS.map((variable) => ({ ...variable, value: () => 1 }));
  writeFile(at('inputs/all.nc'), constant, { start: day(6), count: 49 });
  for (const date of [14, 15]) {
    const value = (hour: number): number => 100 * (date - 13) + hour;
    writeFile(at(`inputs/nonroad_202607${date}.nc`), [{ name: 'NO', units: 'moles/s', value }], { start: day(date), count: 25 });
  }
  writeFileSync(at('inputs/dates.txt'), TABLE);
}

function settings(column = 'aveday_N', ctm: object = { kind: 'reference', options: {} }): Case {
  const nonroad = { files: at('inputs/nonroad_*.nc'), dates: { files: at('inputs/dates.txt'), column }, partial: true };
  return {
    name: 'days',
    file: at('case.yaml'),
    grid: { griddesc: at('GRIDDESC'), name: 'SMALL' },
    periods: [PERIOD],
    emissions: { files: at('inputs/all.nc'), groups: GROUPS, sectors: { nonroad } },
    meteorology: { files: at('METCRO2D.nc'), format: 'auto', layers: 1, names: {} },
    concentrations: { variables: { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' } },
    members: {
      count: 0,
      perGroup: 0,
      scalings: [1.5],
      regionFactors: [],
      seed: 1,
      spread: Object.fromEntries(Object.keys(GROUPS).map((group) => [group, 0.4])),
      lengthKm: 50,
    },
    response: { groups: [], factor: 1.3 },
    observations: {},
    inversion: { factors: 'period', uncertainty: { method: 'none' }, nuisance: { runs: [] } },
    crossValidation: { apply: false },
    regions: {},
    ctm,
  } as unknown as Case;
}

const nameOf = (path: string): string => path.slice(folder.path.length + 1);
/** NO of a file, by step. */
const no = (path: string): number[] =>
  Array.from(
    readAll(path)
      .get('NO')!
      .filter((_, i) => i % CELLS === 5),
  );

beforeEach(write);

it('reads each date of the period from the file of the day that stands for it', () => {
  const read = (column: string): number[] => {
    const emissions = readInventory(priorSectors(settings(column), 'july'), GRID, timeOf(PERIOD), {});
    // NOx of a cell: NO and NO2 of the other files, 1 mol s-1 each, and NO of the sector.
    const nox = emissions.filter((_, i) => i % (CELLS * 5) === 5 * 5);
    return Array.from(nox, (value) => Math.round((value * GRID.cellArea(0)) / 0.0460055) - 2);
  };
  expect([0, 18, 19, 42].map((hour) => read('aveday_N')[hour])).toEqual([105, 123, 100, 123]);
  expect([0, 18, 19, 42].map((hour) => read('week_Y')[hour])).toEqual([105, 123, 200, 223]);
  expect(priorEmissionInputs(settings(), 'july').map(nameOf)).toEqual(['inputs/all.nc', 'inputs/nonroad_20260714.nc', 'inputs/dates.txt']);
});

it('reads of files on a larger grid the part that is that of the case', () => {
  const { xorig, yorig, xcell, ycell } = GRID.definition;
  const part = new Grid({ ...GRID.definition, xorig: xorig + 2 * xcell, yorig: yorig + ycell, cols: 3, rows: 2 });
  const reader = openSector(priorSectors(settings(), 'july')[1], part);
  expect(reader.read('NO', 23, 2)).toEqual(Float32Array.from({ length: 12 }, (_, i) => (i < 6 ? 123 : 100)));
  reader.close();
});

it('is another prior with another column, and without one the files are of their own dates', () => {
  const settingsOf = (of: Case): unknown => applyStage.settings({ caseSettings: of, settings: of, variant: 'default' } as unknown as StageContext);
  expect(settingsOf(settings('week_Y'))).not.toEqual(settingsOf(settings()));
  const of = settings();
  delete of.emissions.sectors['nonroad'].dates;
  expect(() => priorSectors(of, 'july')).toThrow(expect.objectContaining({ code: 'PERIOD_NOT_COVERED' }) as Error);
});

describe('apply', () => {
  const apply = async (of: Case, slots = 1): Promise<string[]> => {
    const nothing = { meteorologyNames: [], meteorology: new Float32Array(0), geographyNames: [], geography: new Float32Array(0) };
    writePreparedMeteorology(at('prepare'), { name: 'july', grid: GRID, time: timeOf(PERIOD), ...nothing });
    const emissions = readInventory(priorSectors(of, 'july'), GRID, timeOf(PERIOD), {});
    const concentrations = new Float32Array(HOURS * CELLS * 4);
    writePreparedRun(at('prepare'), {
      period: 'july',
      run: 'prior',
      grid: GRID,
      time: timeOf(PERIOD),
      channels: DEFAULT_CHANNELS,
      emissions,
      concentrations,
    });
    mkdirSync(at('invert'), { recursive: true });
    const data = Float32Array.from({ length: slots * CELLS * 5 }, (_, i) => 2 + Math.floor(i / (CELLS * 5)));
    writeFactors(at(`invert/${FACTORS_FILE}`), { grid: GRID, groups: DEFAULT_CHANNELS.groups }, [{ period: 'july', slots, data }]);
    const context = {
      caseSettings: of,
      settings: of,
      out: folder.path,
      variant: 'default',
      dir: at('apply'),
      dirOf: at,
      progress: () => {},
      log: () => {},
    };
    return (await applyStage.run(context as unknown as StageContext)).products;
  };

  it('writes a file for each date, which bears that date and has its factors', async () => {
    const of = settings('aveday_N');
    of.inversion.factors = 'hour';
    const products = await apply(of, HOURS);
    const files = ['nonroad_20260714.updated-20260706.nc', 'nonroad_20260714.updated-20260707.nc'];
    expect(products.slice(0, 3)).toEqual(['all.updated.nc', ...files]);
    const [, sector] = appliedSectors(at('apply'), of, 'july');
    expect([sector.files.map(nameOf), sector.days]).toEqual([files.map((name) => `apply/${name}`), undefined]);
    // At 05Z of the first day begins the first factor, 2; midnight is the 20th hour, and 24Z has the last of the period.
    const [first, second] = sector.files.map(no);
    expect([4, 5, 23, 24].map((hour) => first[hour])).toEqual([104, 2 * 105, 20 * 123, 21 * 124]);
    expect([0, 23, 24].map((hour) => second[hour])).toEqual([21 * 100, 44 * 123, 44 * 124]);
    const emissions = readInventory(appliedSectors(at('apply'), of, 'july'), GRID, timeOf(PERIOD), {});
    const prior = readInventory(priorSectors(of, 'july'), GRID, timeOf(PERIOD), {});
    const apart = emissions.map((value, i) => Math.abs(value / prior[i] - (2 + Math.floor(i / (CELLS * 5)))));
    expect(apart.reduce((most, value) => Math.max(most, value), 0)).toBeLessThan(5e-6);
    expect(readFileSync(at(`apply/${BUDGET_FILE}`), 'utf8')).toMatch(
      /^nonroad_20260714\.updated-20260707\.nc,NO,moles\/s,2026-07-07T02:00Z,domain,8160,187680$/m,
    );
  });

  it('changes nothing in the header but the date and the history', async () => {
    await apply(settings());
    const [prior, updated] = ['inputs/nonroad_20260714.nc', 'apply/nonroad_20260714.updated-20260707.nc'].map(at);
    const attributes = (path: string): Record<string, unknown> => {
      const file = IoapiFile.open(path); // compares SDATE with every TFLAG
      file.close();
      return file.attributes;
    };
    const HISTORY = `emissions updated by Retroplume ${VERSIONS.retroplume}, case days`;
    expect(attributes(updated)).toEqual({ ...attributes(prior), HISTORY, SDATE: Int32Array.of(2026188) });
  });

  it('writes rules whose stream takes the files of other dates', async () => {
    await apply(settings());
    const rules = readFileSync(at('apply/desid/desid_july.nml'), 'utf8');
    expect(rules).toMatch(/setenv GR_EMIS_LAB_002 NONROAD\n.*setenv GR_EM_SYM_DATE_002 T/);
    expect(rules).not.toContain('GR_EM_SYM_DATE_001');
    expect(readCf(at('apply/fields/emissions_july.nc')).variables.map(({ name }) => name)).toContain('factor_NOx_nonroad');
  });
});

it('gives a command files that bear the dates of the period, of the prior run and of members alike', async () => {
  // A transport model that leaves the table that it got.
  const of = settings('week_Y', { kind: 'command', command: `cp {sectors} ${at('table')}-{run}`, output: '*.nc', timeoutHours: 1 });
  writeFile(at('METCRO2D.nc'), [{ name: 'PBL', units: 'M', value: () => 1 }], { start: day(6), count: 49 });
  for (const [run, factor] of [
    ['prior', 1],
    ['scaling-NOx-x1.5', 1.5],
  ] as const) {
    const context = { caseSettings: of, dir: at('simulate'), threads: 1, signal: new AbortController().signal, progress: () => {}, log: () => {} };
    const alone = {
      ...of,
      members: { ...of.members, scalings: run === 'prior' ? [] : [1.5] },
      priorConcentrations: run === 'prior' ? undefined : 'x',
    };
    await expect(simulateStage.run({ ...context, caseSettings: alone } as unknown as StageContext)).rejects.toMatchObject({ code: 'CTM_OUTPUT' });
    const [, [sector, kind, first, end, path]] = readFileSync(at(`table-${run}`), 'utf8')
      .split('\n')
      .map((line) => line.split('\t'));
    expect([sector, kind, first, end]).toEqual(['nonroad', 'gridded', '2026-07-06T00:00Z', '2026-07-08T01:00Z']);
    expect(nameOf(path)).toBe(`simulate/${run}/EMIS_july_nonroad.nc`);
    const file = IoapiFile.open(path);
    file.close();
    expect(file.attributes['HISTORY']).toBe(`emissions ${run === 'prior' ? 'joined in time' : 'scaled per group'} by Retroplume`);
    expect([5, 23, 24, 47, 48].map((hour) => no(path)[hour])).toEqual([105, 123, 200, 223, 224].map((value) => factor * value));
  }
});

it('writes a design with files of the calendar, and tells which file the prior run takes for which date', async () => {
  const design = await writeDesign(settings('week_Y'), { dir: at('design') });
  const member = at('design/scaling-NOx-x1.5/EMIS_july_nonroad.nc');
  expect([23, 24].map((hour) => no(member)[hour])).toEqual([1.5 * 123, 1.5 * 200]);
  const { prior } = JSON.parse(readFileSync(design.manifest, 'utf8')) as { prior: { days: Record<string, Record<string, string>> }[] };
  expect(prior[0].days).toEqual({ nonroad: { '2026-07-06': at('inputs/nonroad_20260714.nc'), '2026-07-07': at('inputs/nonroad_20260715.nc') } });
  expect(await writeDesign(settings('week_Y'), { dir: at('design') })).toMatchObject({ written: 0 });
  expect((await writeDesign(settings('aveday_N'), { dir: at('design') })).written).toBe(5);
});
