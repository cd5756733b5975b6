/**
 * `apply`: the updated inventory as emission files that the transport model reads: the prior's files, each species times its group's factor. Beside them
 * what they hold as CF fields, as rules for CMAQ's own scaling, and as a table of masses.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../data/case';
import { writeFileAtomic } from '../data/checkpoint';
import type { Grid } from '../grid/grid';
import { readGriddesc } from '../grid/griddesc';
import { openPrepared } from '../data/prepared-store';
import type { FactorSpan } from '../transport/emission-factors';
import type { DesidStream } from '../transport/desid';
import type { RegionMasks } from '../transport/mass-budget';
import { scaleEmissionFile } from '../transport/scale-file';
import { updatedNames } from './applied-files';
import { DESID_FOLDER, writePeriodDesid } from './apply-desid';
import { priorEmissionFiles, timeOf } from './case-runs';
import { FACTORS_FILE, readFactors } from './factors-file';
import { variantSettings } from './learning';
import { readRecord } from './record';
import { regionMask } from './regions';
import { factorsAt, slotStretches } from './slot-stretches';
import type { Stage, StageContext } from './stage';
import { timeSlots } from './time-slots';
import { readSigma, UNCERTAINTY_FILE } from './uncertainty-file';
import { FIELDS_FOLDER, writeUpdatedFields } from './updated-fields';

/** What is emitted by species, hour and region, before and after, as read from the files. */
export const BUDGET_FILE = 'mass_budget.csv';
const BUDGET_HEADER = 'file,species,unit,time,region,prior,updated';
/** Label of the stream of the prior's files in the rules for CMAQ. */
const STREAM = 'INVENTORY';
/** The region of the budget that is the whole grid. */
const DOMAIN = 'domain';

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

/** Of the posterior spread that goes into the fields, where the case asks for one. */
function uncertaintyKey(context: StageContext): string | undefined {
  const asked = context.variant === 'default' && context.case.inversion.uncertainty.method !== 'none';
  return asked ? readRecord(context.dirOf('uncertainty'))?.key : undefined;
}

/** CF fields and rules for CMAQ of every period. @returns the files, relative to the stage's folder */
function writeBeside(context: StageContext, factorsPath: string, grid: Grid): string[] {
  const { case: settings, dir } = context;
  for (const folder of [FIELDS_FOLDER, DESID_FOLDER]) rmSync(join(dir, folder), { recursive: true, force: true }); // of other settings
  const spread = uncertaintyKey(context) === undefined ? undefined : join(context.dirOf('uncertainty'), UNCERTAINTY_FILE);
  return settings.periods.flatMap((period) => {
    const { name } = period;
    const time = timeOf(period);
    const factors = readFactors(factorsPath, grid, name);
    const stretches = slotStretches(timeSlots(time, variantSettings(context).inversion.factors));
    const fields = join(FIELDS_FOLDER, `emissions_${name}.nc`);
    const sigma = spread !== undefined && existsSync(spread) ? readSigma(spread, name) : undefined;
    writeUpdatedFields(join(dir, fields), openPrepared(context.dirOf('prepare'), name), { factors, stretches, sigma });
    const { groups } = settings.emissions;
    const streamsOf = (stretch: (typeof stretches)[number]): DesidStream[] => [{ label: STREAM, groups, factors: factorsAt(factors, stretch) }];
    return [fields, ...writePeriodDesid(dir, { name, grid, time, stretches, streamsOf }, context.log)];
  });
}

function filesSettings({ case: { emissions, periods } }: StageContext): object {
  return { groups: emissions.groups, periods };
}

export const applyStage: Stage = {
  name: 'apply',
  needs: ['prepare', 'invert'],
  settings: (context) => ({ ...filesSettings(context), regions: context.case.regions, uncertainty: uncertaintyKey(context) }),
  // Other regions and a spread change what lies beside the files that the transport model reads.
  dearSettings: filesSettings,
  inputs: ({ case: settings }) => settings.periods.flatMap(({ name }) => priorEmissionFiles(settings, name)),
  run(context) {
    const { case: settings, dir } = context;
    const grid = readGriddesc(settings.grid.griddesc, settings.grid.name);
    const names = updatedNames(settings);
    const factorsPath = join(context.dirOf('invert'), FACTORS_FILE);
    const spans = spansByFile(settings, factorsPath, grid);
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
    const beside = writeBeside(context, factorsPath, grid);
    return Promise.resolve({ products: [...files, BUDGET_FILE, ...beside], summary: { files } });
  },
};
