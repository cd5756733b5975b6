/**
 * An update of the emissions that needs no network: what the members changed, weighed at each cell by how well they fit the monitors near it. It sees the same used
 * values with the same errors as the inversion, and no run of the transport model that this does not see.
 */
import { caseChannels } from '../../case';
import { membersOfPeriod } from '../../case/case-runs';
import { joined } from '../../base/vectors';
import type { PeriodSource } from '../../fields/period-source';
import { openPrepared } from '../../fields/prepared-store';
import { counts } from '../../inversion/cost/cost';
import { addValue, emptySums, localWeights, type PlaceSums } from '../../inversion/ensemble/local-analysis';
import { meanOfSlots, timeSlots } from '../factors/time-slots';
import { observePeriods, type StationCounts } from '../inverse-problem';
import { priorRun, throughOperator, type ObservedPeriod } from '../observed/observed-periods';
import { asInCase } from '../surrogate/trained-surrogate';
import type { Workspace } from '../workspace';

export interface MembersUpdate {
  periods: PeriodSource[];
  /** of all periods one after the other, `[slots, H, W, groups]` each */
  factors: Float32Array;
  /** how many there are, by period */
  members: Record<string, number>;
  stations: StationCounts[];
}

/** @param context - of a case that asks for it, which has members in each period (`checkEnsemble`) */
export async function updateFromMembers(context: Workspace): Promise<MembersUpdate> {
  const { caseSettings } = context;
  const channels = caseChannels(caseSettings);
  const open = (period: string, run?: string): PeriodSource => asInCase(context, openPrepared(context.dirOf('prepare'), period, channels, run));
  const runs = caseSettings.periods.map((period) => ({ period: period.name, members: membersOfPeriod(caseSettings, period) }));
  const periods = runs.map(({ period }) => open(period));
  const observed = await observePeriods(context, periods, {});
  const factors = runs.map(({ period, members }, p) => {
    const { anchor } = observed.problems[p];
    const differences = members.map((member, m) => {
      context.signal.throwIfAborted();
      context.progress(m, members.length, `${period}: ${member}`);
      return throughOperator(priorRun(open(period, member)), observed.periods[p]).map((value, i) => value - anchor[i]);
    });
    const places = sumsOfPlaces(periods[p].grid.cols, observed.periods[p], anchor, differences);
    return factorsOf(
      context,
      periods[p],
      members.map((member) => open(period, member)),
      places,
    );
  });
  return {
    periods,
    factors: joined(Float32Array, factors),
    members: Object.fromEntries(runs.map(({ period, members }) => [period, members.length])),
    stations: observed.stations,
  };
}

/** @param anchor - the prior run at the operator's values @param differences - of each member from it */
function sumsOfPlaces(cols: number, { operator }: ObservedPeriod, anchor: Float32Array, differences: readonly Float32Array[]): PlaceSums[] {
  const batch = operator.batch();
  const { cell } = batch.place!();
  const places = new Map<number, PlaceSums>();
  anchor.forEach((prior, i) => {
    if (!counts(batch, i)) return;
    const place = places.get(cell[i]) ?? emptySums(Math.floor(cell[i] / cols), cell[i] % cols, differences.length);
    places.set(cell[i], place);
    addValue(
      place,
      differences.map((values) => values[i]),
      batch.values[i] - prior,
      batch.error[i],
    );
  });
  return [...places.values()];
}

/** `[slots, H, W, groups]`; 1 where no monitor is near, and of groups that the case does not invert. */
function factorsOf(context: Workspace, prior: PeriodSource, members: readonly PeriodSource[], places: readonly PlaceSums[]): Float32Array {
  const { inversion } = context.settings;
  const { grid, groups, time } = prior;
  const slots = timeSlots(time, inversion.factors);
  const priorMean = meanOfSlots(prior, slots);
  const logs = members.map((member) => logRatio(meanOfSlots(member, slots), priorMean));
  const length = grid.lengthInCells(inversion.lengthKm);
  const inverted = groups.map((group) => inversion.groups.includes(group));
  const largest = Math.log(inversion.bound);
  const field = grid.rows * grid.cols * groups.length;
  const out = new Float32Array(slots.count * field).fill(1);
  for (let row = 0; row < grid.rows; row++) {
    context.signal.throwIfAborted();
    for (let col = 0; col < grid.cols; col++) {
      const weights = localWeights(places, { row, col }, length);
      if (!weights) continue;
      const first = (row * grid.cols + col) * groups.length;
      for (let slot = 0; slot < slots.count; slot++) {
        inverted.forEach((isInverted, g) => {
          const i = slot * field + first + g;
          const log = weights.reduce((sum, weight, m) => sum + weight * logs[m][i], 0);
          if (isInverted) out[i] = Math.exp(Math.max(-largest, Math.min(largest, log)));
        });
      }
    }
  }
  return out;
}

/** log(member / prior), 0 where nothing is emitted. */
function logRatio(member: Float32Array, prior: Float32Array): Float32Array {
  return member.map((value, i) => (prior[i] > 0 && value > 0 ? Math.log(value / prior[i]) : 0));
}
