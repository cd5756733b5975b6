/**
 * Hours in which a species is 0 in every cell. No transport model gives that once it is under way, but a file that was filled with zeros before a run that did
 * not end holds such hours, and they would pass for clean air.
 */
import { DataError } from '../../base/errors';
import type { TimeAxis } from '../../grid/grid';
import { instant, timeAt } from './ioapi-time';

/** Hours of `[T, cells, channels]` in which a channel is 0 in every cell. */
export function zeroHours(values: Float32Array, hours: number, channel: number, channels: number): number[] {
  const perHour = values.length / hours;
  const isZero = (hour: number): boolean => {
    for (let i = hour * perHour + channel; i < (hour + 1) * perHour; i += channels) if (values[i] !== 0) return false;
    return true;
  };
  return Array.from({ length: hours }, (_, hour) => hour).filter(isZero);
}

/**
 * The first hour may be zero: a model may start from nothing. So may all of them, which is `CONCENTRATIONS_CONSTANT`.
 *
 * @param zero - as {@link zeroHours} has them
 * @throws {DataError} `CONCENTRATIONS_ZERO`
 */
export function refuseZeroHours(
  zero: readonly number[],
  { path, species, variables, time }: { path: string; species: string; variables: readonly string[]; time: TimeAxis },
): void {
  const later = zero.filter((hour) => hour > 0);
  if (later.length === 0 || zero.length === time.count) return;
  throw new DataError(
    'CONCENTRATIONS_ZERO',
    `${path}: ${species} (${variables.join(', ')}) is 0 in every cell in ${later.length} of the ${time.count} hours, first at ${instant(timeAt(time, later[0]))}: give a file that holds these hours, or run the transport model again for them`,
  );
}
