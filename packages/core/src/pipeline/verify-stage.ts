/** `verify`: the transport model run again on the updated emissions, and compared with every monitor, withheld ones apart. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PeriodSettings, Species } from '../data/case';
import { speciesUnit } from '../data/case-fields';
import { writeFileAtomic } from '../data/checkpoint';
import { PREPARED_SPECIES, readPrepared, type PreparedPeriod } from '../data/prepared';
import type { AuditRow } from '../inversion/audit';
import { Role } from '../inversion/forward-model';
import type { StationSeries } from '../inversion/observation-operator';
import { scores, type Scores } from '../inversion/scores';
import { createCtm, ctmIdentity } from '../transport/ctm';
import { appliedFiles } from './apply-stage';
import { AUDIT_FILE, auditCsv, auditPeriod } from './audit';
import { PRIOR } from './case-runs';
import { emissionUpdate } from './emission-update';
import { inventorySummary, truthNearMonitors, type InventoryPart, type InventorySummary } from './inventory-errors';
import { operatorOf, readMonitors, type Monitors } from './monitors';
import { readRunConcentrations } from './run-concentrations';
import type { Stage, StageContext } from './stage';

/** Scores of prior and updated run at one set of stations, all periods together. */
export interface Comparison {
  unit: string;
  priorMae: number;
  updatedMae: number;
  prior: Scores;
  updated: Scores;
}

export interface VerifySummary extends Partial<InventorySummary> {
  /** stations that the inversion never saw */
  withheld: Partial<Record<Species, Comparison>>;
  /** stations that it used, those that only chose the step included */
  used: Partial<Record<Species, Comparison>>;
  /** what the totals hide; also as `audit.csv` */
  audit: AuditRow[];
}

export function updatedOutput(dir: string, period: string): string {
  return join(dir, `ACONC_${period}.nc`);
}

/** Series at the stations of one period, for prior and updated run. */
export interface PeriodSeries {
  monitors: Monitors;
  prior: StationSeries;
  updated: StationSeries;
}

export const verifyStage: Stage = {
  name: 'verify',
  needs: ['apply', 'invert', 'prepare', 'simulate'],
  settings: ({ case: { ctm, withheld, observations, regions, inversion } }) => ({
    ctm: ctmIdentity(ctm),
    withheld,
    regions,
    lengthKm: inversion.lengthKm,
    observations: { ...observations, files: undefined, stations: undefined },
  }),
  inputs: () => [],
  async run(context) {
    const { case: settings, dir, threads } = context;
    const ctm = createCtm(settings);
    for (const [p, period] of settings.periods.entries()) {
      if (existsSync(updatedOutput(dir, period.name))) continue; // of an attempt that failed in a later period
      await ctm.run({
        run: context.variant === 'default' ? 'updated' : `updated-${context.variant}`,
        period,
        emissionFiles: appliedFiles(context.dirOf('apply'), settings, period.name),
        output: updatedOutput(dir, period.name),
        threads,
        signal: context.signal,
        onProgress: (done, total) => context.progress(p * total + done, settings.periods.length * total, `${period.name}: transport model`),
      });
    }
    const summary = await compare(context);
    writeFileAtomic(join(dir, 'verification.json'), JSON.stringify(summary, null, 2));
    writeFileAtomic(join(dir, AUDIT_FILE), auditCsv(summary.audit));
    return { products: ['verification.json', AUDIT_FILE, ...settings.periods.map(({ name }) => `ACONC_${name}.nc`)], summary };
  },
};

/** Observed, prior and updated series of a period, from the runs of the transport model. */
export async function seriesOf(context: StageContext, settings: PeriodSettings, period: PreparedPeriod): Promise<PeriodSeries> {
  const monitors = await readMonitors(context, settings, period.grid);
  const operator = operatorOf(context, settings, period.grid, monitors, { firstHour: settings.spinUpHours, watch: false });
  const updated = readRunConcentrations(context.case, [updatedOutput(context.dirOf('verify'), period.name)], period);
  return { monitors, prior: operator.atStations(period.runs.get(PRIOR)!.concentrations), updated: operator.atStations(updated) };
}

async function compare(context: StageContext): Promise<VerifySummary> {
  const { case: settings } = context;
  const collected: PeriodSeries[] = [];
  const inventory: InventoryPart[] = [];
  const audit: AuditRow[] = [];
  for (const period of settings.periods) {
    const prepared = readPrepared(context.dirOf('prepare'), period.name, { runs: [PRIOR] });
    const series = await seriesOf(context, period, prepared);
    collected.push(series);
    const update = emissionUpdate(context, prepared);
    const nearKm = settings.inversion.lengthKm;
    audit.push(...auditPeriod({ ...prepared, update, series, nearKm }, settings.regions));
    if (settings.truth) inventory.push({ ...update, ...truthNearMonitors(settings.truth.factors, prepared, series, nearKm) });
  }
  const byRole = (withheld: boolean): VerifySummary['used'] =>
    Object.fromEntries(PREPARED_SPECIES.flatMap((species) => comparison(collected, species, withheld)));
  return { withheld: byRole(true), used: byRole(false), ...(settings.truth ? inventorySummary(inventory) : {}), audit };
}

function comparison(periods: readonly PeriodSeries[], species: Species, withheld: boolean): [Species, Comparison][] {
  const observed: number[] = [];
  const prior: number[] = [];
  const updated: number[] = [];
  for (const period of periods) {
    const values = period.prior.observed.get(species)!;
    const stations = period.prior.stations;
    for (let i = 0; i < values.length; i++) {
      if ((stations[i % stations.length].role === Role.withheld) !== withheld || !Number.isFinite(values[i])) continue;
      observed.push(values[i]);
      prior.push(period.prior.simulated.get(species)![i]);
      updated.push(period.updated.simulated.get(species)![i]);
    }
  }
  if (observed.length === 0) return [];
  const [before, after] = [scores(observed, prior), scores(observed, updated)];
  return [[species, { unit: speciesUnit(species), priorMae: before.mae, updatedMae: after.mae, prior: before, updated: after }]];
}
