/**
 * Layers that the user's own model has left: the gases that columns need, of all its files in one, at the instants that these hold. The layers' pressures are not copied: they are in
 * the meteorology that the model read.
 */
import { assertValues, concentrationRange, refuseZeroHours } from '../../files/netcdf/value-ranges';
import { byInstant, holdsInstantOf } from '../../columns/run-layers';
import { DataError } from '../../base/errors';
import { expandGlob } from '../../files/glob';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { instant, timeAt, type Grid, type TimeAxis } from '../../grid/grid';
import { knownSpecies } from '../../base/species';
import { conversion } from '../../units/units';
import type { CtmRequest } from '../ctm';
import type { LayersRead } from './collection-note';

const UNIT = 'ppbV';

/** A copy that is written and has no name yet. */
export class LayersCollection {
  private constructor(private readonly writer: IoapiWriter) {}

  /**
   * Copies all instants of a period, its end among them.
   *
   * @param glob - of the model's files
   * @param output - path of the file to write
   * @throws {DataError} `GLOB_EMPTY`, `LAYERS_NONE` for files of the surface alone, `LAYERS_DIFFER`, `LAYERS_STEPS` where instants are missing, `VARIABLE_MISSING`, `NOT_FINITE`,
   *   `VALUE_RANGE`, `CONCENTRATIONS_ZERO` @throws {GridError} `GRID_MISMATCH` @throws {UnitError} where a variable is no mole fraction
   */
  static copy(
    glob: string,
    { grid, variables }: { grid: Grid; variables: LayersRead['variables'] },
    period: CtmRequest['period'],
    output: string,
  ): LayersCollection {
    const span: TimeAxis = { start: period.start, stepSeconds: 3600, count: period.hours };
    const files: IoapiFile[] = [];
    try {
      for (const path of expandGlob(glob).filter((file) => holdsInstantOf(file, span))) files.push(IoapiFile.open(path, { grid }));
      expectLayers(files);
      const sources = byInstant(files);
      const time = instantsWithin(sources, span, glob);
      return new LayersCollection(copyInstants(sources, time, { grid, variables, output }));
    } finally {
      for (const file of files) file.close();
    }
  }

  /** Gives the file its name. */
  close(): void {
    this.writer.close();
  }

  /** For `using`: what was not closed is gone. */
  [Symbol.dispose](): void {
    this.writer[Symbol.dispose]();
  }
}

function expectLayers(files: readonly IoapiFile[]): void {
  const flat = files.find(({ layers }) => layers < 2);
  if (flat) {
    throw new DataError(
      'LAYERS_NONE',
      `${flat.path}: expected output with layers but it has the lowest alone: let ctm.layers name files with all of them, such as CMAQ's CONC with CONC_BLEV_ELEV left out`,
    );
  }
  const unlike = files.find(({ layers }) => layers !== files[0].layers);
  if (unlike === undefined) return;
  const [{ layers, path }] = files;
  throw new DataError(
    'LAYERS_DIFFER',
    `${unlike.path}: expected ${layers} layers as in ${path} but received ${unlike.layers}: give files of one run`,
  );
}

/** Instants that the files hold, from the beginning of a period to its end. @throws {DataError} `LAYERS_STEPS` unless each follows the last by the same step */
function instantsWithin(sources: ReadonlyMap<number, IoapiFile>, span: TimeAxis, glob: string): TimeAxis {
  const [begin, end] = [span.start.getTime(), timeAt(span, span.count).getTime()];
  const instants = [...sources.keys()].filter((time) => time >= begin && time <= end).sort((a, b) => a - b);
  if (instants.length === 0) throw stepsMissing(glob, span.start);
  const steps = instants.slice(1).map((time, i) => time - instants[i]);
  const step = steps.length > 0 ? Math.min(...steps) : 1000 * Math.max(3600, sources.get(instants[0])!.time.stepSeconds);
  const late = steps.findIndex((distance) => distance !== step);
  if (instants[0] - step > begin) throw stepsMissing(glob, new Date(instants[0] - step));
  if (late >= 0) throw stepsMissing(glob, new Date(instants[late] + step));
  if (instants[instants.length - 1] + step < end) throw stepsMissing(glob, new Date(instants[instants.length - 1] + step));
  return { start: new Date(instants[0]), stepSeconds: step / 1000, count: instants.length };
}

function stepsMissing(glob: string, moment: Date): DataError {
  return new DataError(
    'LAYERS_STEPS',
    `${glob}: these files hold no layers at ${instant(moment)}: let the model write them at every hour of the period, or at fewer of equal distance`,
  );
}

function copyInstants(
  sources: ReadonlyMap<number, IoapiFile>,
  time: TimeAxis,
  { grid, variables, output }: { grid: Grid; variables: LayersRead['variables']; output: string },
): IoapiWriter {
  const fileAt = (step: number): IoapiFile => sources.get(timeAt(time, step).getTime())!;
  const { attributes, layers, path } = fileAt(0);
  const gases = Object.entries(variables);
  const { VGTYP, VGTOP, VGLVLS } = attributes;
  const writer = IoapiWriter.create(output, {
    grid,
    time,
    layers,
    variables: gases.map(([gas, name]) => ({ name, units: UNIT, description: `${name}, for ${knownSpecies(gas)?.longName ?? gas}, instant` })),
    attributes: { VGTYP, VGTOP, VGLVLS, FILEDESC: 'Gases in layers, instants (CONC)', HISTORY: 'copied from the output of the command of the case' },
  });
  try {
    for (const [gas, name] of gases) {
      const zero: number[] = [];
      for (let step = 0; step < time.count; step++) {
        const field = readInstant(fileAt(step), name, gas, timeAt(time, step));
        if (field.every((value) => value === 0)) zero.push(step);
        writer.write(name, step, field);
      }
      refuseZeroHours(zero, { path, species: gas, variables: [name], time });
    }
    return writer;
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/** @returns ppb, `[layers, rows, cols]` */
function readInstant(file: IoapiFile, variable: string, gas: string, moment: Date): Float32Array {
  const { path, grid, layers, time } = file;
  const field = file.read(variable, (moment.getTime() - time.start.getTime()) / (1000 * time.stepSeconds), 1); // which tells where there is no such variable
  const units = file.variables.find(({ name }) => name === variable)!.units;
  const { scale } = conversion(units, UNIT, { subject: `${path}: ${variable}` });
  assertValues(field, { path, variable, grid, start: moment, stepSeconds: time.stepSeconds, layers }, concentrationRange(gas, units, scale));
  return field.map((value) => value * scale);
}
