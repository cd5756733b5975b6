/** `apply`: the updated inventory as emission files that the transport model reads: the prior's files, each species times its group's factor. */
import { basename, dirname, join } from 'node:path';
import type { Case } from '../data/case';
import { writeFileAtomic } from '../data/checkpoint';
import type { Grid } from '../grid/grid';
import { readGriddesc } from '../grid/griddesc';
import type { FactorSpan } from '../transport/emission-factors';
import type { RegionMasks } from '../transport/mass-budget';
import { scaleEmissionFile } from '../transport/scale-file';
import { priorEmissionFiles } from './case-runs';
import { FACTORS_FILE, readFactors } from './factors-file';
import { regionMask } from './regions';
import type { Stage, StageContext } from './stage';

/** What is emitted by species, hour and region, before and after, as read from the files. */
export const BUDGET_FILE = 'mass_budget.csv';
const BUDGET_HEADER = 'file,species,unit,time,region,prior,updated';
/** The region of the budget that is the whole grid. */
const DOMAIN = 'domain';

/** The updated emission files of a period, in the order of the prior's. */
export function appliedFiles(dir: string, settings: Case, period: string): string[] {
  const names = updatedNames(settings);
  return priorEmissionFiles(settings, period).map((path) => join(dir, names.get(path)!));
}

/** The prior's files, each once, with the names of the updated ones: `.updated` before the extension, and folders where names alone are not unique. */
function updatedNames(settings: Case): Map<string, string> {
  const paths = [...new Set(settings.periods.flatMap(({ name }) => priorEmissionFiles(settings, name)))];
  const folded = (path: string, folders: number): string =>
    folders === 0 ? basename(path) : `${folded(dirname(path), folders - 1)}-${basename(path)}`;
  let folders = 0;
  while (new Set(paths.map((path) => folded(path, folders))).size < paths.length) folders++;
  return new Map(paths.map((path) => [path, folded(path, folders).replace(/(\.[^.]*)?$/, (extension) => `.updated${extension}`)]));
}

/** For each file the factors of the periods that it serves. */
function spansByFile(settings: Case, factorsPath: string, grid: Grid): Map<string, FactorSpan[]> {
  const spans = new Map<string, FactorSpan[]>();
  for (const { name, start, hours } of settings.periods) {
    const { data: factors } = readFactors(factorsPath, grid, name);
    for (const path of priorEmissionFiles(settings, name)) spans.set(path, [...(spans.get(path) ?? []), { factors, start, hours }]);
  }
  // A file of one period has its factors at all its steps, those before and after the period included.
  for (const [path, all] of spans) if (all.length === 1) spans.set(path, [{ factors: all[0].factors, start: all[0].start }]);
  return spans;
}

function budgetRegions({ regions }: Case, grid: Grid): RegionMasks {
  return new Map([
    [DOMAIN, new Float32Array(grid.rows * grid.cols).fill(1)],
    ...Object.entries(regions).map(([name, region]): [string, Float32Array] => [name, regionMask(region, grid)]),
  ]);
}

function filesSettings({ case: { emissions, periods } }: StageContext): object {
  return { groups: emissions.groups, periods };
}

export const applyStage: Stage = {
  name: 'apply',
  needs: ['invert'],
  settings: (context) => ({ ...filesSettings(context), regions: context.case.regions }),
  // Other regions change the tables, not the files that the transport model reads.
  dearSettings: filesSettings,
  inputs: ({ case: settings }) => settings.periods.flatMap(({ name }) => priorEmissionFiles(settings, name)),
  run(context) {
    const { case: settings, dir } = context;
    const grid = readGriddesc(settings.grid.griddesc, settings.grid.name);
    const names = updatedNames(settings);
    const spans = spansByFile(settings, join(context.dirOf('invert'), FACTORS_FILE), grid);
    const scale = { groups: settings.emissions.groups, regions: budgetRegions(settings, grid) };
    const budget = [BUDGET_HEADER];
    const files: string[] = [];
    for (const [path, ofFile] of spans) {
      const name = names.get(path)!;
      context.progress(files.length, spans.size, name);
      budget.push(...scaleEmissionFile(path, join(dir, name), ofFile, scale).map((row) => `${name},${row}`));
      files.push(name);
    }
    writeFileAtomic(join(dir, BUDGET_FILE), `${budget.join('\n')}\n`);
    return Promise.resolve({ products: [...files, BUDGET_FILE], summary: { files } });
  },
};
