import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../data/case';
import { temporaryFolder } from '../data/testing/shared-data';
import { writeGriddesc } from '../grid/griddesc';
import { CELLS, EMISSIONS, GRID, GROUPS, readAll, START, writeFile } from '../transport/testing/small-case';
import { appliedFiles, applyStage, BUDGET_FILE } from './apply-stage';
import { FACTORS_FILE, writeFactors } from './factors-file';
import type { StageContext } from './stage';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const later = (hours: number): Date => new Date(START.getTime() + hours * 3600e3);
const constant = (...factors: number[]): Float32Array => Float32Array.from(factors.flatMap((factor) => new Array<number>(CELLS * 5).fill(factor)));

function settings(files: string, periods: { name: string; start: Date; hours: number }[]): Case {
  writeGriddesc(at('GRIDDESC'), GRID);
  return {
    grid: { griddesc: at('GRIDDESC'), name: 'SMALL' },
    periods: periods.map((period) => ({ ...period, spinUpHours: 0 })),
    emissions: { files, groups: GROUPS },
    regions: { south: { rows: [0, 1], cols: [0, 9] } },
  } as unknown as Case;
}

/** Runs the stage with the factors of each period and gives the ratio of updated to prior NO at an hour of a file. */
async function apply(of: Case, factors: Record<string, Float32Array>): Promise<{ files: string[] }> {
  mkdirSync(at('invert'), { recursive: true });
  writeFactors(
    at(`invert/${FACTORS_FILE}`),
    GRID,
    Object.entries(factors).map(([period, data]) => ({ period, slots: data.length / (CELLS * 5), data })),
  );
  const context = { case: of, dir: at('apply'), dirOf: (stage: string) => at(stage), progress: () => {}, log: () => {} } as unknown as StageContext;
  return (await applyStage.run(context)).summary as { files: string[] };
}

const ratio = (prior: string, updated: string, hour: number): number => {
  const [a, b] = [readAll(prior).get('NO')!, readAll(updated).get('NO')!];
  return Math.round(b[hour * CELLS + 3] / a[hour * CELLS + 3]);
};

it('gives the hours of every file of a period their own factors', async () => {
  for (const day of [0, 1]) writeFile(at(`EMIS_${day}.nc`), EMISSIONS, { start: later(24 * day), count: 25 });
  const of = settings(at('EMIS_*.nc'), [{ name: 'p', start: START, hours: 48 }]);
  await apply(of, { p: constant(...Array.from({ length: 48 }, (_, hour) => 1 + hour)) });
  const [first, second] = appliedFiles(at('apply'), of, 'p');
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
  expect(appliedFiles(at('apply'), of, 'b')).toEqual(appliedFiles(at('apply'), of, 'a'));
  const [updated] = appliedFiles(at('apply'), of, 'a');
  expect([0, 10, 11, 12, 22, 23].map((hour) => ratio(at('EMIS.nc'), updated, hour))).toEqual([2, 2, 1, 3, 3, 1]);
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
