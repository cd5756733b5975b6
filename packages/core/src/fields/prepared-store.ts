/** A period of the prepared store that stays on disk: what is asked for is read when it is asked for. */
import { statSync } from 'node:fs';

import type { NetcdfFile } from '@retroplume/native';

import { DataError } from '../base/errors';
import { openNetcdf, reading } from '../files/netcdf/netcdf-access';
import { newMemory, type HourlyField, type PeriodSource, type RunChannels } from './period-source';
import {
  assertRunFits,
  channelNames,
  emissionVariable,
  geographyVariable,
  preparedMeteorologyPath,
  preparedRunPath,
  speciesVariable,
  storeHeader,
} from './prepared';
import { putChannel } from '../files/ioapi/period-steps';

/**
 * @param channels - groups and species of the case, in the order in which the fields hold them
 * @param run - whose emissions and concentrations are read
 * @returns the period with one of its runs; nothing but the headers has been read
 * @throws {DataError} `PREPARED_MISSING`, `PREPARED_TIME`, `PREPARED_CHANNELS`; later, where a file has become another, `PREPARED_CHANGED` @throws {GridError} `GRID_MISMATCH`
 */
export function openPrepared(dir: string, period: string, { groups, species }: RunChannels, run = 'prior'): PeriodSource {
  const meteorologyPath = preparedMeteorologyPath(dir, period);
  const runPath = preparedRunPath(dir, period, run);
  const header = storeHeader(meteorologyPath);
  assertRunFits(runPath, storeHeader(runPath), { ...header, groups, species });
  const { meteorologyNames, geographyNames } = channelNames(header);
  const [weather, ofRun] = [new StoredFile(meteorologyPath), new StoredFile(runPath)];
  const variables: Record<HourlyField, { file: StoredFile; names: readonly string[] }> = {
    meteorology: { file: weather, names: meteorologyNames },
    emissions: { file: ofRun, names: groups.map(emissionVariable) },
    concentrations: { file: ofRun, names: species.map(speciesVariable) },
  };
  return {
    name: period,
    grid: header.grid,
    time: header.time,
    meteorologyNames,
    geographyNames,
    groups,
    species,
    hourly(field, crop, hours, memory = newMemory) {
      const { file, names } = variables[field];
      const out = memory(hours.count * crop.rows * crop.cols * names.length);
      return file.readSlab(names, [hours.first, crop.row, crop.col], [hours.count, crop.rows, crop.cols], out);
    },
    geography(crop) {
      const out = new Float32Array(crop.rows * crop.cols * geographyNames.length);
      return weather.readSlab(geographyNames.map(geographyVariable), [crop.row, crop.col], [crop.rows, crop.cols], out);
    },
  };
}

/** Values of one channel that are read at once, 256 KiB: while all channels of these hours are put side by side they stay in the processor's cache. */
const BUFFER = 2 ** 16;

/** A file of the store, open from the first read on. */
class StoredFile {
  private open?: { file: NetcdfFile; identity: string };

  constructor(private readonly path: string) {}

  /** Reads one hyperslab of every variable, `[hours, y, x]` or `[y, x]`, and puts them side by side as channels. */
  readSlab(names: readonly string[], start: number[], count: number[], out: Float32Array): Float32Array {
    const file = this.opened();
    return reading(this.path, () => readSlab(file, names, start, count, out));
  }

  private opened(): NetcdfFile {
    const { path } = this;
    this.open ??= { file: openNetcdf(path), identity: identityOf(path) };
    // HDF5 reads zeros where a file has become shorter since it was opened.
    if (identityOf(path) === this.open.identity) return this.open.file;
    throw new DataError('PREPARED_CHANGED', `${path}: the prepared store has changed or gone while it was read: run prepare again, and this again`);
  }
}

/** Not by the inode, which some network file systems make up. */
function identityOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? `${stats.size} ${stats.mtimeMs}` : 'gone';
}

function readSlab(file: NetcdfFile, names: readonly string[], start: number[], count: number[], out: Float32Array): Float32Array {
  const [rows, cols] = count.slice(-2);
  const hourly = count.length === 3;
  const steps = hourly ? count[0] : 1;
  const atOnce = Math.max(1, Math.min(steps, Math.floor(BUFFER / (rows * cols))));
  const buffer = new Float32Array(atOnce * rows * cols);
  for (let step = 0; step < steps; step += atOnce) {
    const stepsNow = Math.min(atOnce, steps - step);
    const origin = hourly ? [start[0] + step, ...start.slice(1)] : start;
    const length = hourly ? [stepsNow, rows, cols] : count;
    names.forEach((name, channel) =>
      putChannel(out, names.length, channel, step * rows * cols, file.read(name, origin, length, buffer.subarray(0, stepsNow * rows * cols))),
    );
  }
  return out;
}
