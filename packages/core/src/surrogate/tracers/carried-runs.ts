/** The tracers of all runs that training samples. */
import type { TracerSettings } from '../../case';
import { hourStoreBytes, hoursOfChunk } from '../../fields/hour-store';
import { sourceOf, type TrainingPeriod } from '../../fields/training-period';
import { PeriodTracers, shapeOf, tracerRoom } from './tracers';

/** Tracers of all runs that take more in single precision are kept in half precision for the training: it does not depend on the machine. */
const MOST_IN_SINGLE = 8 * 2 ** 30;

/** kg m-3 that 1 stands for in half precision, which then reaches from 7e-15 (7e-6 µg m-3; smaller ones have fewer digits) to 7.6e-6: more than air holds. */
const HALF_UNIT = 2 ** -33;

/** Bytes that tracers of so many values take in training. */
export function carriedBytes(values: number, mostInSingle = MOST_IN_SINGLE): number {
  return 4 * values > mostInSingle ? 2 * values : 4 * values;
}

interface CarriedRoom {
  /** of tracers in memory; default: four tenths of the usable */
  mostBytes?: number;
  /** of tracers in single precision */
  mostInSingle?: number;
}

/**
 * Carries the emissions of all runs of all periods: what training samples. Where they are large they are kept in half precision; what takes more than four tenths of
 * the usable memory lies in temporary files. Without settings the runs have none afterwards.
 *
 * @throws {ConfigError} `CASE_TRACERS` if the meteorology lacks a channel @throws {DataError} `DISK_FULL`, `FILE_UNWRITABLE`
 */
export function carryRuns(
  periods: readonly TrainingPeriod[],
  settings: readonly TracerSettings[],
  threads: number,
  { mostBytes = tracerRoom(1), mostInSingle = MOST_IN_SINGLE }: CarriedRoom = {},
): void {
  dropTracers(periods);
  if (settings.length === 0) return;
  const carried = periods.flatMap((period) => [...period.runs.values()].map((run) => ({ period, run, shape: shapeOf(period, settings) })));
  const inSingle = carried.reduce((sum, { shape }) => sum + hourStoreBytes(shape), 0);
  const precision = carriedBytes(inSingle / 4, mostInSingle) < inSingle ? { half: HALF_UNIT } : {};
  let free = mostBytes;
  try {
    for (const { period, run, shape } of carried) {
      // Emissions and weather that are read instead of held are read so many hours at a time.
      const options = { ...precision, hoursAtOnce: hoursOfChunk(shape) };
      run.tracers = new PeriodTracers(sourceOf(period, run.emissions), settings, threads, free, options).carryAll();
      const bytes = hourStoreBytes(shape, precision);
      if (bytes <= free) free -= bytes;
    }
  } catch (error) {
    dropTracers(periods);
    throw error;
  }
}

/** Gives the room of {@link carryRuns} back. */
export function dropTracers(periods: readonly TrainingPeriod[]): void {
  for (const run of periods.flatMap(({ runs }) => [...runs.values()])) {
    run.tracers?.dispose();
    run.tracers = undefined;
  }
}
