/** CF files whose large variables are written part by part, so that none of them is in memory twice. */
import type { NetcdfFile } from '@retroplume/native';
import { ShapeError } from '../../base/errors';
import { storedLabels } from './cf-labels';
import { NetcdfOutput } from './netcdf-access';
import { checkShape, typeOf, type CfAttributes, type CfWritten } from './netcdf-cf';

/** A variable of single precision whose values come later. */
export interface CfPart {
  name: string;
  dimensions: string[];
  attributes?: CfAttributes;
}

/** Hours that are read or written at once. */
export const SLAB = 24;

/**
 * Writes what `contents` holds, and lets `write` write all values of `parts`. The file appears under its name when it is whole.
 *
 * Each variable lies in one piece, not compressed: netCDF keeps nothing of it in memory while the file is open, and a window of it is read quickly. Deflate would take
 * 60 % of the time of `prepare` to save a third of the disk (a quarter of concentrations alone), and needs chunks.
 *
 * @throws {ShapeError} `CF_SHAPE`
 * @throws {DataError} `DISK_FULL`, `FILE_UNWRITABLE`; `WRITE_FAILED` where a folder cannot be made
 */
export function writeCfInParts(path: string, contents: CfWritten, parts: readonly CfPart[], write: (file: NetcdfFile) => void): void {
  const labels = storedLabels(contents.labels);
  const lengths: Record<string, number> = { ...contents.dimensions, ...labels.dimensions };
  const fixed = [...(contents.coordinates ?? []), ...contents.variables, ...labels.variables];
  for (const variable of fixed) checkShape(path, variable, lengths);
  const bytes = parts.reduce((sum, { dimensions }) => sum + dimensions.reduce((size, name) => size * lengths[name], 4), 0);
  const output = NetcdfOutput.create(path, { format: 'netcdf4', bytes, prefill: false });
  output.write((file) => {
    for (const [name, value] of Object.entries({ Conventions: 'CF-1.10', ...contents.attributes })) file.putAttribute('', name, value);
    for (const [name, length] of Object.entries(lengths)) file.defineDimension(name, length);
    for (const variable of fixed) file.defineVariable(variable.name, typeOf(variable), variable.dimensions);
    for (const { name, dimensions } of parts) file.defineVariable(name, 'float', dimensions);
    for (const { name, attributes = {} } of [...fixed, ...parts]) {
      for (const [key, value] of Object.entries(attributes)) file.putAttribute(name, key, value);
    }
    file.endDefine();
    for (const { name, dimensions, data } of fixed) {
      file.write(
        name,
        dimensions.map(() => 0),
        dimensions.map((dimension) => lengths[dimension]),
        data,
      );
    }
    write(file);
  });
  output.commit();
}

/**
 * Writes one channel of an array whose channels come last, a day at a time.
 *
 * @param shape - of `data`: `[time, rows, cols, channels]` or `[rows, cols, channels]`
 * @throws {ShapeError} `PREPARED_SHAPE`
 */
export function writeChannel(file: NetcdfFile, name: string, data: Float32Array, shape: number[], channel: number): void {
  const channels = shape[shape.length - 1];
  const axes = shape.slice(0, -1);
  if (data.length !== shape.reduce((product, length) => product * length, 1)) {
    throw new ShapeError(
      'PREPARED_SHAPE',
      `${file.path}: expected [${shape.join(', ')}] for ${name} but received ${data.length} values: mend the call`,
    );
  }
  forEachDay(axes, (start, count, firstCell) => {
    const buffer = new Float32Array(count.reduce((product, length) => product * length, 1));
    for (let i = 0, offset = firstCell * channels + channel; i < buffer.length; i++, offset += channels) buffer[i] = data[offset];
    file.write(name, start, count, buffer);
  });
}

/** @param axes - `[time, rows, cols]` or `[rows, cols]` */
export function forEachDay(axes: number[], visit: (start: number[], count: number[], firstCell: number) => void): void {
  if (axes.length === 2) {
    visit([0, 0], axes, 0);
    return;
  }
  const [steps, rows, cols] = axes;
  for (let step = 0; step < steps; step += SLAB) visit([step, 0, 0], [Math.min(SLAB, steps - step), rows, cols], step * rows * cols);
}
