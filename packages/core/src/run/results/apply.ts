/**
 * The work of `apply`: the updated inventory as emission files that the transport model reads: the prior's files, each species times its group's factor. Beside them
 * what they hold as CF fields, as rules for CMAQ's own scaling, and as a table of masses.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { caseChannels, WHOLE_GRID, type Case, type InversionSettings, type PeriodSettings } from '../../case';
import { gridOf, regionMasks } from '../../case/gridded/regions';
import { writeFileAtomic } from '../../files/checkpoint';
import type { Grid } from '../../grid/grid';
import { openPrepared } from '../../fields/prepared-store';
import { quotedField } from '../../base/whole-files';
import type { FactorSpan } from '../../inventory/scaling/emission-factors';
import type { DesidStream } from '../../inventory/scaling/desid';
import type { EmissionGroups } from '../../inventory/reading/emission-reader';
import type { RegionMasks } from '../../inventory/scaling/mass-budget';
import { HemcoGrid } from '../../inventory/scaling/hemco';
import { pointsOf, type Points } from '../../inventory/reading/point-sources';
import { scaleEmissionFile } from '../../inventory/scaling/scale-file';
import { priorFiles, updatedNames, type PriorFile, priorSectors } from '../../inventory/reading/sector-files';
import { DESID_FOLDER, writePeriodDesid } from '../../assimilation/factors/apply-desid';
import { HEMCO_FOLDER, writePeriodHemco } from '../../assimilation/factors/apply-hemco';
import { timeOf } from '../../case/case-runs';
import { FACTORS_FILE, factorsOfSectors, readFactors } from '../../assimilation/factors/factors-file';
import { asInCase } from '../../assimilation/surrogate/trained-surrogate';
import { readRecord } from '../engine/record';
import { VERSIONS } from '../../base/process';
import { factorsAt, slotStretches, type Stretch } from '../../assimilation/factors/slot-stretches';
import type { Stage, StageContext } from '../engine/stage';
import { timeSlots, type FactorBasis } from '../../assimilation/factors/time-slots';
import { readSigma, UNCERTAINTY_FILE } from '../../assimilation/posterior/uncertainty-file';
import { FIELDS_FOLDER, writeUpdatedFields } from '../../assimilation/factors/updated-fields';

/** What is emitted by species, hour and region, before and after, as read from the files. */
export const BUDGET_FILE = 'mass_budget.csv';
const BUDGET_HEADER = 'file,species,unit,time,region,prior,updated';

interface ScaledFile extends PriorFile {
  groups: EmissionGroups;
  points?: Points;
  spans: FactorSpan[];
}

/** For each file to be written, by its name, the factors of its sector in the periods that it serves. */
function scaledFiles(settings: Case, factorsPath: string, grid: Grid): Map<string, ScaledFile> {
  const nameOf = updatedNames(settings);
  const factorsOf = factorsOfSectors(factorsPath, { grid, groups: caseChannels(settings).groups });
  const out = new Map<string, ScaledFile>();
  // Of an hour that lies in several periods, in the spin-up of all but one, the first span counts: so that is the period that compares it.
  const firstCompared = ({ start, spinUpHours }: PeriodSettings): number => start.getTime() + spinUpHours * 3600e3;
  for (const { name, start, hours } of [...settings.periods].sort((a, b) => firstCompared(a) - firstCompared(b))) {
    for (const sector of priorSectors(settings, name)) {
      const { data: factors } = factorsOf(name, sector.name);
      for (const file of priorFiles(sector)) {
        const name = nameOf(file);
        if (!out.has(name)) out.set(name, { ...file, groups: sector.groups, points: pointsOf(sector, grid), spans: [] });
        out.get(name)!.spans.push({ factors, start, hours });
      }
    }
  }
  // A file of one period has its factors at all its steps, those before and after the period included.
  for (const { spans } of out.values()) if (spans.length === 1) delete spans[0].hours;
  return out;
}

function budgetRegions({ regions }: Case, grid: Grid): RegionMasks {
  const named = regionMasks(regions, grid).map(({ name, mask }) => [name, mask] as const);
  return new Map([...named, [WHOLE_GRID, new Float32Array(grid.rows * grid.cols).fill(1)]]);
}

/** Which hours share a factor in what `invert` left: the case may say otherwise by now. */
function basisOf(context: StageContext): FactorBasis {
  const inverted = readRecord(context.dirOf('invert'))?.settings as { inversion: InversionSettings } | undefined;
  return (inverted ?? context.settings).inversion.factors;
}

/** The program and the run that updated emissions, without time or place: the same run again leaves the same bytes. */
function originOf({ caseSettings, variant, dirOf }: StageContext): string {
  const record = readRecord(dirOf('invert'));
  const inversion = record ? `, inversion ${(record.expensiveKey ?? record.key).slice(0, 16)}` : '';
  return `Retroplume ${VERSIONS.retroplume}, case ${caseSettings.name}${variant === 'default' ? '' : ` (${variant})`}${inversion}`;
}

/** CF fields and rules for CMAQ of every period. @returns the files, relative to the stage's folder */
function writeBeside(context: StageContext, factorsPath: string, grid: Grid, withSpread: boolean): string[] {
  const { caseSettings, dir } = context;
  const channels = caseChannels(caseSettings);
  for (const folder of [FIELDS_FOLDER, DESID_FOLDER, HEMCO_FOLDER]) rmSync(join(dir, folder), { recursive: true, force: true }); // of other settings
  const spread = withSpread ? join(context.dirOf('uncertainty'), UNCERTAINTY_FILE) : undefined;
  const { hemco } = caseSettings.emissions;
  const globe = hemco && new HemcoGrid(grid, hemco.degrees);
  const [basis, origin] = [basisOf(context), originOf(context)];
  return caseSettings.periods.flatMap((period) => {
    const { name } = period;
    const time = timeOf(period);
    const factors = readFactors(factorsPath, { grid, groups: channels.groups }, name);
    const stretches = slotStretches(timeSlots(time, basis));
    const fields = join(FIELDS_FOLDER, `emissions_${name}.nc`);
    const sigma = spread !== undefined && existsSync(spread) ? readSigma(spread, name) : undefined;
    const factorsOf = factorsOfSectors(factorsPath, { grid, groups: channels.groups });
    const sectors = priorSectors(caseSettings, name).map((sector) => ({ ...sector, factors: factorsOf(name, sector.name) }));
    const inverted = sectors.length > 1 ? sectors : [];
    const prepared = asInCase(context, openPrepared(context.dirOf('prepare'), name, channels));
    writeUpdatedFields(join(dir, fields), prepared, { factors, stretches, sigma, sectors: inverted, origin });
    const streamsOf = (stretch: Stretch): DesidStream[] =>
      sectors.map(({ name: sector, label, groups, days, stackGroups, factors: sectorFactors }) => ({
        label: label ?? sector,
        points: stackGroups !== undefined,
        representative: days !== undefined,
        groups,
        factors: factorsAt(sectorFactors, stretch),
      }));
    return [
      fields,
      ...writePeriodDesid(dir, { name, grid, time, stretches, streamsOf, origin }, context.log),
      ...(globe ? writePeriodHemco(dir, globe, prepared, { factors, stretches, origin }, context.log) : []),
    ];
  });
}

/** @param withSpread - whether the fields have the posterior spread */
export function apply(context: StageContext, withSpread: boolean): ReturnType<Stage['run']> {
  const { caseSettings, dir } = context;
  const grid = gridOf(caseSettings);
  const factorsPath = join(context.dirOf('invert'), FACTORS_FILE);
  const scaled = scaledFiles(caseSettings, factorsPath, grid);
  const regions = budgetRegions(caseSettings, grid);
  const history = `emissions updated by ${originOf(context)}`;
  const budget = [BUDGET_HEADER];
  const files: string[] = [];
  for (const [name, { path, date, groups, points, spans }] of scaled) {
    context.progress(files.length, scaled.size, name);
    // A month of hourly species and regions has more rows than a call may have arguments.
    for (const row of scaleEmissionFile(path, join(dir, name), spans, { groups, grid, points, date, history, regions }))
      budget.push(`${quotedField(name)},${row}`);
    files.push(name);
  }
  writeFileAtomic(join(dir, BUDGET_FILE), `${budget.join('\n')}\n`);
  const extraFiles = writeBeside(context, factorsPath, grid, withSpread);
  return Promise.resolve({ products: [...files, BUDGET_FILE, ...extraFiles], summary: { files } });
}
