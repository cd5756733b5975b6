/** The work of `verify`: the transport model run again on the updated emissions, and compared with every monitor, withheld ones apart. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { givenOutput, hashOfRun, updatedOutput } from '../transport-runs/output-hashes';
import type { CaseChannels, Species } from '../../base/species';
import { caseChannels, observedSpecies, type PeriodSettings } from '../../case';
import { gridOf, regionMasks } from '../../case/gridded/regions';
import type { ObservationQuality } from '../../observations/observation-quality';
import { writeFileAtomic } from '../../files/checkpoint';
import { readPrepared, type PreparedPeriod } from '../../fields/prepared';
import { ConfigError } from '../../base/errors';
import type { MaeChange } from '../../inversion/scores/mae-change';
import type { ObservationOperator, StationSeries } from '../../inversion/observations/observation-operator';
import { isWhole, measuredAveraging, type ScoreRow } from '../../inversion/scores/score-rows';
import type { Scores } from '../../inversion/scores/scores';
import { createCtm } from '../../transport/create-ctm';
import { appliedSectors, emissionInput, madeOutput } from '../../inventory/reading/sector-files';
import { AUDIT_FILE, auditCsv, auditPeriod, type AuditRow } from '../../assimilation/scores/audit';
import { filesOfRun, PRIOR, hasExternalPrior } from '../../case/case-runs';
import {
  columnRows,
  columnsCsv,
  columnsWarning,
  compareColumns,
  COLUMNS_FILE,
  type ColumnRow,
  type ComparedColumns,
  type ComparedRuns,
} from '../../assimilation/scores/column-scores';
import { observedColumns } from '../../assimilation/observed/observed-columns';
import { productBiasName } from '../../assimilation/observed/nuisance';
import { emissionUpdate } from '../../assimilation/scores/emission-update';
import { nuisanceEffect } from '../../assimilation/scores/nuisance-effect';
import { inventorySummary, truthNearMonitors, type InventoryPart, type InventorySummary } from '../../assimilation/scores/inventory-errors';
import type { InvertSummary } from '../inversions/run-inversion';
import { ownInversion } from '../inversions/cross-validation';
import { readAllIndependent, type IndependentObservations } from '../../assimilation/observed/independent';
import { markOf, operatorOf, readMonitors, type Monitors } from '../../assimilation/observed/monitors';
import { asInCase } from '../../assimilation/surrogate/trained-surrogate';
import { runFields } from '../../transport/run-fields';
import { partName } from '../transport-runs/run-keys';
import { expectUpdateUsed } from '../../assimilation/judgement/update-used';
import { caseScores, scoresCsv, SCORES_FILE, type ComparedPeriod } from '../../assimilation/scores/score-table';
import { FIELDS_FOLDER } from '../../assimilation/factors/updated-fields';
import { writeConcentrationFields } from '../../assimilation/scores/concentration-fields';
import { INDEPENDENT_PAIRS, independentPairs, PAIRS_FILE, writePairs } from '../../assimilation/scores/pairs-file';
import { STATIONS_FILE, stationsCsv } from '../../assimilation/scores/station-scores';
import { summaryIn } from '../engine/record';
import type { Stage, StageContext } from '../engine/stage';

/** Scores of prior and updated run at one set of stations, all periods together. */
export interface Comparison {
  unit: string;
  priorMae: number;
  updatedMae: number;
  prior: Scores;
  updated: Scores;
  /** of the MAE, with its interval */
  change: MaeChange;
  /** of withheld stations: the same for the updated run with what was found beside the emissions, where something was */
  found?: { mae: number; change: MaeChange };
}

export interface VerifySummary extends Partial<InventorySummary> {
  /** stations that the inversion never saw */
  withheld: Partial<Record<Species, Comparison>>;
  /** stations that it used, those that only chose the step included */
  used: Partial<Record<Species, Comparison>>;
  /** stations of `observations.independent`, by the entry's name */
  independent?: Record<string, Partial<Record<Species, Comparison>>>;
  /** At columns of satellites, where the case names some. Also as `columns.csv`. */
  columns?: ColumnRow[];
  /** where updated emissions suit the columns and not the withheld monitors */
  columnsWarning?: { code: string; message: string };
  /** what the totals hide; also as `audit.csv` */
  audit: AuditRow[];
  /** per period: how many values of each species counted, and how many were left out by which rule */
  observations: Record<string, ObservationQuality['species']>;
  /** in the record alone: hashes of what the updated run gave in a period, by run and period; where the case does not bring it */
  values?: Record<string, string>;
}

/** `verification.json`: the summary and every row of scores. */
export interface Verification extends VerifySummary {
  scores: ScoreRow[];
}

export const VERIFICATION_FILE = 'verification.json';
/** What it leaves beside fields and the runs themselves. */
const TABLES = [VERIFICATION_FILE, SCORES_FILE, AUDIT_FILE, PAIRS_FILE, STATIONS_FILE];

/** Series at the stations of one period, for prior and updated run. */
export interface PeriodSeries {
  monitors: Monitors;
  prior: StationSeries;
  updated: StationSeries;
}

/** Of the case's monitors and, by their names, of `observations.independent` with a value in the period. */
export interface AllSeries extends PeriodSeries {
  independent: ReadonlyMap<string, PeriodSeries>;
  columns: ComparedColumns[];
}

/** What `observations.independent` measured in all periods. @param tell - of readIndependent @throws as that */
export function independentOf({ caseSettings, signal }: StageContext, tell: (text: string) => void = () => {}): Promise<IndependentObservations> {
  return readAllIndependent(caseSettings, gridOf(caseSettings), { signal, tell });
}

export async function verify(context: StageContext): ReturnType<Stage['run']> {
  const { caseSettings, dir } = context;
  const earlierPairs = readdirSync(dir).filter((name) => INDEPENDENT_PAIRS.test(name));
  for (const name of [...TABLES, COLUMNS_FILE, FIELDS_FOLDER, ...earlierPairs]) rmSync(join(dir, name), { recursive: true, force: true }); // of other settings
  const channels = caseChannels(caseSettings);
  const judging = await independentOf(context, context.log); // what is wrong with them is told before the transport model runs
  const isBrought = caseSettings.updatedConcentrations !== undefined;
  if (isBrought) tellOlder(context);
  else await runUpdated(context);
  const { verification, periods, independent, fields } = await compare(context, judging);
  writeFileAtomic(join(dir, VERIFICATION_FILE), JSON.stringify(verification, null, 2));
  writeFileAtomic(join(dir, SCORES_FILE), scoresCsv(verification.scores, channels.units));
  writeFileAtomic(join(dir, AUDIT_FILE), auditCsv(verification.audit));
  writePairs(join(dir, PAIRS_FILE), periods, channels);
  const pairs = independent.map(([{ independent: entry }]) => independentPairs(entry!.name));
  independent.forEach((compared, i) => writePairs(join(dir, pairs[i]), compared, channels));
  writeFileAtomic(join(dir, STATIONS_FILE), stationsCsv([...periods, ...independent.flat()], channels));
  const { scores: _rows, ...summary } = verification;
  if (verification.columns) writeFileAtomic(join(dir, COLUMNS_FILE), columnsCsv(verification.columns, channels.units));
  const runs = isBrought ? [] : caseSettings.periods.flatMap(({ name }) => filesOfRun(caseSettings, `ACONC_${name}.nc`));
  const tables = verification.columns ? [...TABLES, COLUMNS_FILE] : TABLES;
  return { products: [...tables, ...pairs, ...fields, ...runs], summary: isBrought ? summary : { ...summary, values: valuesOf(context) } };
}

function valuesOf(context: StageContext): VerifySummary['values'] {
  const { caseSettings, dir } = context;
  return Object.fromEntries(
    caseSettings.periods.map(({ name }) => [partName(updatedName(context), name), hashOfRun(caseSettings, updatedOutput(dir, name))]),
  );
}

function updatedName({ variant }: StageContext): string {
  return variant === 'default' ? 'updated' : `updated-${variant}`;
}

/** Nothing in a file says with which emissions it was made; one that is older than those that `apply` wrote was made with others. */
function tellOlder({ caseSettings, dirOf, log }: StageContext): void {
  for (const { name } of caseSettings.periods) {
    const [written] = appliedSectors(dirOf('apply'), caseSettings, name).flatMap(({ files }) => files);
    const { concentrations, layers } = givenOutput(caseSettings, name)!;
    const older = [...concentrations, ...layers].find((path) => statSync(path).mtimeMs < statSync(written).mtimeMs);
    if (older !== undefined) log(`${older} is older than the updated emissions (${written}): see that it was made with them`);
  }
}

/** Runs the case's model with the updated emissions. @throws {ConfigError} `UPDATED_MISSING` where it is not the one that made the prior run */
async function runUpdated(context: StageContext): Promise<void> {
  const { caseSettings, dir, threads } = context;
  if (hasExternalPrior(caseSettings)) {
    throw new ConfigError(
      'UPDATED_MISSING',
      `verify: the prior run came as priorConcentrations, and ctm is the reference model, which did not make it and cannot make the updated one: run the model that did with the emissions in ${context.dirOf('apply')}, name its output as updatedConcentrations, and run the same command again`,
    );
  }
  const ctm = createCtm(caseSettings);
  for (const [p, period] of caseSettings.periods.entries()) {
    // Of an attempt that failed in a later period, or with other settings of the scores.
    if (ctm.isMade(updatedOutput(dir, period.name))) continue;
    await ctm.run({
      run: updatedName(context),
      period,
      ...emissionInput(appliedSectors(context.dirOf('apply'), caseSettings, period.name)),
      output: updatedOutput(dir, period.name),
      threads,
      signal: context.signal,
      log: context.log,
      onProgress: (finished, total) => context.progress(p * total + finished, caseSettings.periods.length * total, `${period.name}: transport model`),
    });
  }
}

/** Observed, prior and updated series of a period, from the runs of the transport model. */
export async function seriesOf(
  context: StageContext,
  settings: PeriodSettings,
  period: PreparedPeriod,
  judging: IndependentObservations,
): Promise<AllSeries> {
  const { monitors, prior, updated, independent, columns } = await comparedSeries(context, settings, period, judging);
  return { monitors, prior, updated, independent, columns };
}

async function comparedSeries(
  context: StageContext,
  settings: PeriodSettings,
  period: PreparedPeriod,
  judging: IndependentObservations,
): Promise<AllSeries & { operator: ObservationOperator; ofUpdated: Float32Array }> {
  const monitors = await readMonitors(context, settings, period.grid, context.settings.inversion.stopOnWithheld);
  expectLeftOut(context, period.name, monitors);
  const operator = operatorOf(context.caseSettings, settings, period.grid, monitors, { firstHour: settings.spinUpHours, watch: false });
  const { caseSettings } = context;
  const output = givenOutput(caseSettings, period.name) ?? madeOutput(caseSettings, updatedOutput(context.dirOf('verify'), period.name));
  const ofUpdated = runFields(context, output, period)();
  const ofPrior = period.runs.get(PRIOR)!.concentrations;
  const throughBoth = (through: ObservationOperator): Pick<PeriodSeries, 'prior' | 'updated'> => ({
    prior: through.atStations(ofPrior),
    updated: through.atStations(ofUpdated),
  });
  const independent = new Map(
    [...judging].flatMap(([name, periods]): [string, PeriodSeries][] => {
      const measured = periods.get(period.name);
      return measured ? [[name, { monitors: measured.monitors, ...throughBoth(measured.operator) }]] : [];
    }),
  );
  const columns = columnsOf(context, period, { prior: ofPrior, updated: ofUpdated });
  return { monitors, operator, ofUpdated, ...throughBoth(operator), independent, columns };
}

/** Both runs at the columns of a period; those that only chose the step count with the used ones. */
function columnsOf(context: StageContext, { name, grid, species }: PreparedPeriod, runs: Pick<ComparedRuns, 'prior' | 'updated'>): ComparedColumns[] {
  const { nuisance = [] } = context.summaryOf<Pick<InvertSummary, 'nuisance'>>('invert') ?? {};
  return compareColumns(
    observedColumns(context, name, grid, false),
    { ...runs, period: name, species, cells: grid.rows * grid.cols },
    {
      used: observedSpecies(context.settings.inversion, species),
      biasOf: (column) => nuisance.find((number) => number.name === productBiasName(column))?.value,
    },
  );
}

/** Run alone, verify takes the inversion that is there; and records do not tell of a version that drew otherwise. @throws {ConfigError} `WITHHELD_CHANGED` */
export function expectLeftOut(
  { stage, dirOf }: Pick<StageContext, 'stage' | 'dirOf'>,
  period: string,
  { withheld }: Pick<Monitors, 'withheld'>,
): void {
  const inverted = summaryIn<Pick<InvertSummary, 'stations'>>(dirOf('invert'));
  const mark = inverted?.stations.find((counts) => counts.period === period)?.withheldMark;
  if (mark === undefined || mark === markOf(withheld)) return;
  throw new ConfigError(
    'WITHHELD_CHANGED',
    `${stage}: the monitors that are withheld in ${period} are not those that the inversion left out: change them back, or invert anew with "retroplume run" (remove ${dirOf('invert')} before, if it does not: then an earlier version drew them)`,
  );
}

interface Compared {
  verification: Verification;
  periods: ComparedPeriod[];
  /** the periods of each entry */
  independent: ComparedPeriod[][];
  /** files, relative to the stage's folder */
  fields: string[];
}

async function compare(context: StageContext, judging: IndependentObservations): Promise<Compared> {
  const { caseSettings } = context;
  const channels = caseChannels(caseSettings);
  const fields: string[] = [];
  const periods: ComparedPeriod[] = [];
  const entries = caseSettings.observations.independent.map(({ name, timeZone }) => ({ name, timeZone, periods: [] as ComparedPeriod[] }));
  const columns: ComparedColumns[] = [];
  const inventory: InventoryPart[] = [];
  const audit: AuditRow[] = [];
  const { lengthKm: nearKm, space } = ownInversion(context);
  for (const period of caseSettings.periods) {
    const prepared = asInCase(context, readPrepared(context.dirOf('prepare'), period.name, channels, { runs: [PRIOR] }));
    const { operator, ofUpdated, independent, columns: ofPeriod, ...series } = await comparedSeries(context, period, prepared, judging);
    columns.push(...ofPeriod);
    const update = emissionUpdate(context, prepared);
    expectUpdateUsed(context, prepared, update, ofUpdated, updatedOutput(context.dir, period.name));
    fields.push(...writeFields(context, prepared, ofUpdated));
    const nuisance = nuisanceEffect(context, period, prepared, operator, series.updated);
    periods.push({ name: period.name, grid: prepared.grid, ...series, withNuisance: nuisance });
    for (const { periods: compared, ...entry } of entries) {
      const measured = independent.get(entry.name);
      if (measured) compared.push({ name: period.name, grid: prepared.grid, ...measured, independent: { ...entry, beside: series } });
    }
    audit.push(...auditPeriod({ ...prepared, update, series, nearKm, inverted: context.settings.inversion.groups }, caseSettings.regions));
    if (caseSettings.truth) inventory.push({ ...update, ...truthNearMonitors(caseSettings.truth.factors, prepared, series, nearKm) });
  }
  const independent = entries.map((entry) => entry.periods);
  const tables = [periods, ...independent].map((compared) => caseScores(caseSettings, compared, space === 'cells' ? nearKm : 0));
  const [whole, ...ofEntries] = [periods, ...independent].map((compared, i) => {
    const measured = measuredAveraging(compared[0].monitors.observations.time.stepSeconds);
    return tables[i].filter((row) => row.averaging === measured && isWhole(row));
  });
  const verification = {
    withheld: comparisons(whole, 'withheld', channels.units),
    used: comparisons(whole, 'used', channels.units),
    ...(entries.length > 0
      ? { independent: Object.fromEntries(entries.map(({ name }, i) => [name, comparisons(ofEntries[i], name, channels.units)])) }
      : {}),
    ...(caseSettings.truth ? inventorySummary(inventory, channels.groups) : {}),
    ...scoredColumns(context, columns, whole),
    audit,
    observations: Object.fromEntries(periods.map(({ name, monitors }) => [name, monitors.observations.quality?.species ?? {}])),
    scores: tables.flat(),
  };
  return { verification, periods, independent, fields };
}

/** Nothing where the case has no columns. @param monitors - rows of all monitors of the case */
function scoredColumns(
  { caseSettings, log }: StageContext,
  columns: readonly ComparedColumns[],
  monitors: readonly ScoreRow[],
): Pick<VerifySummary, 'columns' | 'columnsWarning'> {
  if (columns.length === 0) return {};
  const rows = columnRows(columns, regionMasks(caseSettings.regions, gridOf(caseSettings)));
  const warning = columnsWarning(rows, monitors);
  if (!warning) return { columns: rows };
  const { code, message } = warning;
  log(`warning: ${message} (${code})`);
  return { columns: rows, columnsWarning: { code, message } };
}

/** Written while both runs are in memory anyway. @returns none where the case asks for none */
function writeFields({ caseSettings, dir }: StageContext, prepared: PreparedPeriod, updated: Float32Array): string[] {
  if (!caseSettings.scores.concentrationFields) return [];
  const file = join(FIELDS_FOLDER, `concentrations_${prepared.name}.nc`);
  writeConcentrationFields(join(dir, file), {
    ...prepared,
    units: caseChannels(caseSettings).units,
    prior: prepared.runs.get(PRIOR)!.concentrations,
    updated,
  });
  return [file];
}

function comparisons(rows: readonly ScoreRow[], side: ScoreRow['stations'], units: CaseChannels['units']): VerifySummary['used'] {
  return Object.fromEntries(
    rows
      .filter(({ stations, missing }) => stations === side && !missing)
      .map(({ species, prior, updated, change, found }): [string, Comparison] => [
        species,
        {
          unit: units[species],
          priorMae: prior.mae,
          updatedMae: updated.mae,
          prior,
          updated,
          change,
          ...(found && { found: { mae: found.scores.mae, change: found.change } }),
        },
      ]),
  );
}
