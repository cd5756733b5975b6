/**
 * A period of the prepared store that stays on disk: what is asked for is read when it is asked for. The files are opened for every read and closed
 * after it, so that no cache of the netCDF library outlives it.
 */

import type { NetcdfFile } from '@retroplume/native';

import { openNetcdf, reading } from './netcdf-access';
import { channelsOf, newMemory, type HourlyField, type PeriodSource } from './period-source';
import {
  assertRunFits,
  channelNames,
  emissionVariable,
  geographyVariable,
  PREPARED_GROUPS,
  PREPARED_SPECIES,
  preparedMeteorologyPath,
  preparedRunPath,
  readChannels,
  speciesVariable,
  type StoreHeader,
} from './prepared';
import { putChannel } from './period-steps';

/**
 * @param run - whose emissions and concentrations are read
 * @returns the period with one of its runs; nothing but the headers has been read
 * @throws {DataError} `PREPARED_MISSING`, `PREPARED_TIME` @throws {GridError} `GRID_MISMATCH`
 */
export function openPrepared(dir: string, period: string, run = 'prior'): PeriodSource {
  const meteorologyPath = preparedMeteorologyPath(dir, period);
  const runPath = preparedRunPath(dir, period, run);
  const header = readChannels(meteorologyPath, (_, each): StoreHeader => each);
  readChannels(runPath, (_, its) => assertRunFits(runPath, its, header));
  const { meteorologyNames, geographyNames } = channelNames(header);
  const variables: Record<HourlyField, { path: string; names: readonly string[] }> = {
    meteorology: { path: meteorologyPath, names: meteorologyNames },
    emissions: { path: runPath, names: PREPARED_GROUPS.map(emissionVariable) },
    concentrations: { path: runPath, names: PREPARED_SPECIES.map(speciesVariable) },
  };
  return {
    ...{ name: period, grid: header.grid, time: header.time, meteorologyNames, geographyNames },
    hourly(field, crop, hours, memory = newMemory) {
      const out = memory(hours.count * crop.rows * crop.cols * channelsOf({ meteorologyNames }, field));
      const { path, names } = variables[field];
      return readSlab(path, names, [hours.first, crop.row, crop.col], [hours.count, crop.rows, crop.cols], out);
    },
    geography(crop) {
      const out = new Float32Array(crop.rows * crop.cols * geographyNames.length);
      return readSlab(meteorologyPath, geographyNames.map(geographyVariable), [crop.row, crop.col], [crop.rows, crop.cols], out);
    },
  };
}

/** Reads one hyperslab of every variable, an hour at a time, and puts them side by side as channels. */
function readSlab(path: string, names: readonly string[], start: number[], count: number[], out: Float32Array): Float32Array {
  const file = openNetcdf(path);
  try {
    return reading(path, () => {
      names.forEach((name, channel) => readChannel(file, name, start, count, { out, channels: names.length, channel }));
      return out;
    });
  } finally {
    file.close();
  }
}

function readChannel(
  file: NetcdfFile,
  name: string,
  start: number[],
  count: number[],
  target: { out: Float32Array; channels: number; channel: number },
): void {
  const cells = count[count.length - 1] * count[count.length - 2];
  const steps = count.length === 3 ? count[0] : 1;
  const buffer = new Float32Array(cells);
  for (let step = 0; step < steps; step++) {
    const at = count.length === 3 ? [start[0] + step, ...start.slice(1)] : start;
    const length = count.length === 3 ? [1, ...count.slice(1)] : count;
    putChannel(target.out, target.channels, target.channel, step * cells, file.read(name, at, length, buffer));
  }
}
