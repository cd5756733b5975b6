/** What is no fault of emission files by itself, but looks like one: hours without any emission, and runs whose units seem to differ. A sentence each, for the log. */
import type { Group } from '../../base/species';
import { fluxDoubts } from '../../files/netcdf/value-ranges';
import { DataError } from '../../base/errors';
import { type Grid, type TimeAxis, instant, timeAt } from '../../grid/grid';

/** Between the total of a group in two runs: more than members are scaled by, less than moles (17 to 64 g) taken for kilograms. */
const MOST_RATIO = 10;

/** Sums over the cells, of each hour and group. @param emissions - `[T, H, W, groups]`, kg m-2 s-1 @returns `[T, groups]` */
export function hourlySums(emissions: Float32Array, hours: number, groups: number): Float64Array {
  const sums = new Float64Array(hours * groups);
  const perHour = emissions.length / hours;
  for (let hour = 0; hour < hours; hour++) {
    const hourSums = sums.subarray(hour * groups, (hour + 1) * groups);
    for (let i = hour * perHour; i < (hour + 1) * perHour; i += groups)
      for (let group = 0; group < groups; group++) hourSums[group] += emissions[i + group];
  }
  return sums;
}

/**
 * What the means of an inventory let doubt: groups that emit nothing, or far less or more than any region does.
 *
 * @param sums - of {@link hourlySums}
 * @throws {DataError} `EMISSIONS_NONE` if no group emits anything
 */
export function inventoryDoubts(files: string, sums: Float64Array, grid: Grid, groups: readonly Group[]): string[] {
  const cellHours = (sums.length / groups.length) * grid.rows * grid.cols;
  const means = new Map(
    groups.map((group, channel) => [group, sums.reduce((sum, value, i) => (i % groups.length === channel ? sum + value : sum), 0) / cellHours]),
  );
  const empty = groups.filter((group) => means.get(group) === 0);
  if (empty.length === groups.length) {
    throw new DataError(
      'EMISSIONS_NONE',
      `${files}: all emissions of all groups are 0 in all cells and hours of the period, so that no factor can change anything: name the variables that hold them in emissions.groups, or give other files`,
    );
  }
  const zero = empty.map(
    (group) => `${files}: ${group} is 0 in all cells and hours of the period, and nothing can be found of it: is a variable empty?`,
  );
  return [...zero, ...fluxDoubts(means, grid.cellAreaM2 * grid.rows * grid.cols).map((doubt) => `${files}: ${doubt}`)];
}

/** Hours in which no group emits anything, where other hours do: a group by itself may rest at night. @param sums - of {@link hourlySums} */
export function zeroHoursDoubt(files: string, sums: Float64Array, time: TimeAxis): string | undefined {
  const hours = Array.from({ length: time.count }, (_, hour) => hour);
  const groups = sums.length / time.count;
  const zero = hours.filter((hour) => sums.subarray(hour * groups, (hour + 1) * groups).every((sum) => sum === 0));
  if (zero.length === 0 || zero.length === time.count) return undefined;
  return (
    `${files}: all emissions of all cells are 0 in ${zero.length} of the ${time.count} hours of the period, first at ${instant(timeAt(time, zero[0]))}: ` +
    'are these hours missing?'
  );
}

/** Groups of which two runs emit totals that no scaling of emissions explains. @param sums - of {@link hourlySums}, over the same hours */
export function totalsDoubts(names: readonly [string, string], sums: readonly [Float64Array, Float64Array], groups: readonly Group[]): string[] {
  return groups.flatMap((group, channel) => {
    const totals = sums.map((groupSums) => groupSums.reduce((total, sum, i) => (i % groups.length === channel ? total + sum : total), 0));
    const larger = totals[0] >= totals[1] ? 0 : 1;
    const ratio = totals[larger] / totals[1 - larger];
    if (!(ratio > MOST_RATIO)) return [];
    const [large, small] = [names[larger], names[1 - larger]];
    return ratio === Infinity
      ? [`${small} emits no ${group}, but ${large} does: is a unit wrong, or a variable empty, in the files of one of them?`]
      : [`${large} emits ${Number(ratio.toPrecision(3))} times as much ${group} as ${small}: is a unit wrong in the files of one of them?`];
  });
}
