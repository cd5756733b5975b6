/** `verify`: the transport model run again on the updated emissions, and compared with every monitor, withheld ones apart. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { GROUPS, type Group, type PeriodSettings, type Species } from '../data/case';
import { speciesUnit } from '../data/case-fields';
import { writeFileAtomic } from '../data/checkpoint';
import { readPrepared, type PreparedPeriod } from '../data/prepared';
import { inventoryError } from '../inversion/inventory-error';
import type { MaeChange } from '../inversion/mae-change';
import type { StationSeries } from '../inversion/observation-operator';
import { measuredAveraging, type ScoreRow } from '../inversion/score-rows';
import type { Scores } from '../inversion/scores';
import { createCtm, ctmIdentity } from '../transport/ctm';
import { readTruthFactors } from '../worlds/truth-factors';
import { appliedFiles } from './apply-stage';
import { PRIOR } from './case-runs';
import { FACTORS_FILE, meanEmissions, readFactors } from './factors-file';
import { operatorOf, readMonitors, type Monitors } from './monitors';
import { readRunConcentrations } from './run-concentrations';
import { caseScores, scoresCsv, SCORES_FILE, type ComparedPeriod } from './score-table';
import type { Stage, StageContext } from './stage';

/** Scores of prior and updated run at one set of stations, all periods together. */
export interface Comparison {
  unit: string;
  priorMae: number;
  updatedMae: number;
  prior: Scores;
  updated: Scores;
  /** of the MAE, with its interval */
  change: MaeChange;
}

export interface VerifySummary {
  /** stations that the inversion never saw */
  withheld: Partial<Record<Species, Comparison>>;
  /** stations that it used, those that only chose the step included */
  used: Partial<Record<Species, Comparison>>;
  /** twin experiments: error against the known truth, all periods together */
  inventory?: Record<Group, { priorError: number; updatedError: number }>;
}

/** `verification.json`: the summary and every row of scores. */
export interface Verification extends VerifySummary {
  scores: ScoreRow[];
}

export const VERIFICATION_FILE = 'verification.json';

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
  settings: (context) => {
    const { regions, scores, observations } = context.case;
    return { ...comparedSettings(context), regions, scores, siteType: observations.stations.type };
  },
  // Another region or cut-off needs no further run of the transport model.
  dearSettings: comparedSettings,
  inputs: () => [],
  async run(context) {
    const { case: settings, dir, threads } = context;
    for (const file of [VERIFICATION_FILE, SCORES_FILE]) rmSync(join(dir, file), { force: true }); // of other settings
    const ctm = createCtm(settings);
    for (const [p, period] of settings.periods.entries()) {
      // Of an attempt that failed in a later period, or with other settings of the scores.
      if (existsSync(updatedOutput(dir, period.name))) continue;
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
    const verification = await compare(context);
    writeFileAtomic(join(dir, VERIFICATION_FILE), JSON.stringify(verification, null, 2));
    writeFileAtomic(join(dir, SCORES_FILE), scoresCsv(verification.scores));
    const { scores: _rows, ...summary } = verification;
    return { products: [VERIFICATION_FILE, SCORES_FILE, ...settings.periods.map(({ name }) => `ACONC_${name}.nc`)], summary };
  },
};

function comparedSettings({ case: { ctm, withheld, observations } }: StageContext): object {
  return { ctm: ctmIdentity(ctm), withheld, observations: { ...observations, files: undefined, stations: undefined } };
}

/** Observed, prior and updated series of a period, from the runs of the transport model. */
export async function seriesOf(context: StageContext, settings: PeriodSettings, period: PreparedPeriod): Promise<PeriodSeries> {
  const monitors = await readMonitors(context, settings, period.grid);
  const operator = operatorOf(context, settings, period.grid, monitors, { firstHour: settings.spinUpHours, watch: false });
  const updated = readRunConcentrations(context.case, [updatedOutput(context.dirOf('verify'), period.name)], period);
  return { monitors, prior: operator.atStations(period.runs.get(PRIOR)!.concentrations), updated: operator.atStations(updated) };
}

async function compare(context: StageContext): Promise<Verification> {
  const { case: settings } = context;
  const periods: ComparedPeriod[] = [];
  const weights = GROUPS.map(() => ({ prior: 0, updated: 0, truth: 0 }));
  for (const period of settings.periods) {
    const prepared = readPrepared(context.dirOf('prepare'), period.name, { runs: [PRIOR] });
    periods.push({ name: period.name, grid: prepared.grid, ...(await seriesOf(context, period, prepared)) });
    if (settings.truth) addInventoryErrors(context, settings.truth.factors, prepared, weights);
  }
  const inventory = Object.fromEntries(
    GROUPS.map((group, g) => [group, { priorError: weights[g].prior / weights[g].truth, updatedError: weights[g].updated / weights[g].truth }]),
  ) as Record<Group, { priorError: number; updatedError: number }>;
  const scores = caseScores(settings, periods);
  const measured = measuredAveraging(periods[0].monitors.observations.time.stepSeconds);
  const whole = scores.filter(({ averaging, region, period, type }) => averaging === measured && !region && !period && !type);
  return {
    withheld: comparisons(whole, 'withheld'),
    used: comparisons(whole, 'used'),
    ...(settings.truth ? { inventory } : {}),
    scores,
  };
}

function comparisons(rows: readonly ScoreRow[], side: ScoreRow['stations']): VerifySummary['used'] {
  return Object.fromEntries(
    rows
      .filter(({ stations, missing }) => stations === side && !missing)
      .map(({ species, prior, updated, change }): [string, Comparison] => [
        species,
        { unit: speciesUnit(species), priorMae: prior.mae, updatedMae: updated.mae, prior, updated, change },
      ]),
  );
}

/** Adds the emission-weighted errors of a period to the sums over periods. */
function addInventoryErrors(
  context: StageContext,
  truthFile: string,
  period: PreparedPeriod,
  sums: { prior: number; updated: number; truth: number }[],
): void {
  const { grid, name, time } = period;
  const cells = grid.rows * grid.cols;
  const truth = readTruthFactors(truthFile, grid, name);
  const { emissions } = period.runs.get(PRIOR)!;
  const prior = meanEmissions(emissions, time.count);
  const updated = meanEmissions(emissions, time.count, readFactors(join(context.dirOf('invert'), FACTORS_FILE), grid, name));
  GROUPS.forEach((_, g) => {
    const weight = Float64Array.from({ length: cells }, (_unused, cell) => prior[cell * GROUPS.length + g]);
    const truthOfGroup = truth.subarray(g * cells, (g + 1) * cells);
    const factors = Float64Array.from(weight, (w, cell) => (w > 0 ? updated[cell * GROUPS.length + g] / w : 1));
    const total = weight.reduce((sum, w, cell) => sum + w * truthOfGroup[cell], 0);
    sums[g].truth += total;
    sums[g].prior += total * inventoryError(weight, truthOfGroup);
    sums[g].updated += total * inventoryError(weight, truthOfGroup, factors);
  });
}
