/** Writing gridded I/O API files that CMAQ and any other I/O API program reads. */
import type { NetcdfArray, NetcdfAttribute, NetcdfFile } from '@retroplume/native';

import { expectArgument, expectObject, expectText, DataError, ShapeError } from '../../base/errors';
import { Grid, type TimeAxis, timeAt } from '../../grid/grid';
import { type IoapiVariable, toIoapiStep, toIoapiTime } from './ioapi-header';
import { NetcdfOutput } from '../netcdf/netcdf-access';

export interface IoapiContents {
  grid: Grid;
  time: TimeAxis;
  layers: number;
  variables: (Omit<IoapiVariable, 'description'> & { description?: string })[];
  /** Attributes beyond those that follow from grid, time and variables (VGLVLS, FILEDESC, …); another file's `attributes` as they are will do. */
  attributes?: Record<string, NetcdfAttribute | number>;
  /** Default 64bit (64-bit offset), as CMAQ's own; netcdf4 is compressed. */
  format?: 'classic' | '64bit' | 'netcdf4';
}

const NAME_WIDTH = 16;
const TEXT_WIDTH = 80;
/** FILEDESC is 60 lines of 80. */
const DESCRIPTION_WIDTH = 60 * TEXT_WIDTH;
const WIDTHS: Record<string, number> = { UPNAM: NAME_WIDTH, IOAPI_VERSION: TEXT_WIDTH, EXEC_ID: TEXT_WIDTH, FILEDESC: DESCRIPTION_WIDTH };
/** MXVARS3, the I/O API's limit of variables in a file. */
const MOST_VARIABLES = 2048;

/**
 * Writes `NAME.tmp`; {@link close} checks that every step is there and gives the file its name.
 *
 * @example
 * const writer = IoapiWriter.create('EMIS.nc', { grid, time, layers: 1, variables: [{ name: 'NO2', units: 'moles/s' }] });
 * writer.write('NO2', 0, values); // [steps, layers, rows, cols]
 * writer.close();
 */
export class IoapiWriter {
  private readonly written: Map<string, Uint8Array>;
  private ended = false;

  private constructor(
    private readonly output: NetcdfOutput,
    private readonly contents: IoapiContents,
  ) {
    this.written = new Map(contents.variables.map(({ name }) => [name, new Uint8Array(contents.time.count)]));
  }

  /** Begins a file. @throws {DataError} `DISK_FULL`, `FILE_UNWRITABLE`, `IOAPI_NAME` for a name that the I/O API cannot hold */
  static create(path: string, contents: IoapiContents): IoapiWriter {
    expectText(path, 'IoapiWriter.create: path', 'a path');
    expectObject(contents, 'IoapiWriter.create: contents', 'grid, time, layers and variables');
    expectArgument(Array.isArray(contents.variables), 'IoapiWriter.create: variables', 'a list of { name, units }', contents.variables);
    expectArgument(contents.grid instanceof Grid, 'IoapiWriter.create: grid', 'a Grid', contents.grid);
    expectObject(contents.time, 'IoapiWriter.create: time', 'an object { start, stepSeconds, count }');
    checkNames(path, contents);
    const { grid, time, layers, variables, format = '64bit' } = contents;
    const bytes = 4 * time.count * variables.length * (layers * grid.rows * grid.cols + 2);
    const output = NetcdfOutput.create(path, { format, bytes, compressed: format === 'netcdf4', prefill: false });
    output.write((file) => {
      define(file, contents);
      file.write('TFLAG', [0, 0, 0], [time.count, variables.length, 2], tflags(time, variables.length));
    });
    return new IoapiWriter(output, contents);
  }

  /**
   * Writes whole steps of a variable.
   *
   * @param first - first step
   * @param data - `[steps, layers, rows, cols]` in the variable's unit
   * @throws {ShapeError} `IOAPI_SHAPE` if that is not a whole number of steps inside the file
   */
  write(variable: string, first: number, data: Float32Array): void {
    const { grid, layers, time } = this.contents;
    const perStep = layers * grid.rows * grid.cols;
    const count = data.length / perStep;
    const written = this.written.get(variable);
    if (!written)
      throw new ShapeError('IOAPI_SHAPE', `${this.output.path}: ${variable} was not declared when the file was created: add it to variables`);
    if (!Number.isInteger(count) || first < 0 || first + count > time.count) {
      throw new ShapeError(
        'IOAPI_SHAPE',
        `${this.output.path}: ${variable}: expected [steps, ${layers}, ${grid.rows}, ${grid.cols}] within ${time.count} steps but received ${data.length} values at step ${first}: write whole steps`,
      );
    }
    this.output.write((file) => file.write(variable, [first, 0, 0, 0], [count, layers, grid.rows, grid.cols], data));
    written.fill(1, first, first + count);
  }

  /** Ends the file and gives it its name. @throws {DataError} `IOAPI_INCOMPLETE` if a step was not written (nothing is left behind); `DISK_FULL` */
  close(): void {
    for (const [name, steps] of this.written) {
      const missing = steps.indexOf(0);
      if (missing < 0) continue;
      this.abort();
      throw new DataError(
        'IOAPI_INCOMPLETE',
        `${this.output.path}: step ${missing} of ${name} was never written: write every step of every variable`,
      );
    }
    this.output.commit();
    this.ended = true;
  }

  /** Gives up and leaves nothing behind. */
  abort(): void {
    this.ended = true;
    this.output.abort();
  }

  /** For `using`: {@link abort}, unless the file was closed. What an error cuts short leaves no file. */
  [Symbol.dispose](): void {
    if (!this.ended) this.abort();
  }
}

function checkNames(path: string, { variables }: IoapiContents): void {
  const names = new Set<string>();
  for (const { name } of variables) {
    if (!/^[A-Za-z][A-Za-z0-9_.-]*$/.test(name) || name.length > NAME_WIDTH || names.has(name)) {
      throw new DataError('IOAPI_NAME', `${path}: a variable cannot be called "${name}": use at most 16 letters, digits and _, each name once`);
    }
    if (name === 'TFLAG')
      throw new DataError(
        'IOAPI_NAME',
        `${path}: a variable cannot be called TFLAG: I/O API files keep their times under that name; give it another`,
      );
    names.add(name);
  }
  if (variables.length === 0 || variables.length > MOST_VARIABLES) {
    throw new DataError('IOAPI_NAME', `${path}: expected 1 to ${MOST_VARIABLES} variables but received ${variables.length}: split the file`);
  }
}

function define(file: NetcdfFile, { grid, time, layers, variables, attributes = {}, format }: IoapiContents): void {
  for (const [name, value] of Object.entries(headerAttributes(grid, time, layers, variables, attributes))) file.putAttribute('', name, value);
  file.defineDimension('TSTEP', 'unlimited');
  for (const [name, length] of [
    ['DATE-TIME', 2],
    ['LAY', layers],
    ['VAR', variables.length],
    ['ROW', grid.rows],
    ['COL', grid.cols],
  ] as const) {
    file.defineDimension(name, length);
  }
  const compressed = format === 'netcdf4';
  file.defineVariable('TFLAG', 'int', ['TSTEP', 'VAR', 'DATE-TIME']);
  describe(file, 'TFLAG', '<YYYYDDD,HHMMSS>', 'Timestep-valid flags:  (1) YYYYDDD or (2) HHMMSS');
  for (const { name, units, description } of variables) {
    const storage = compressed ? { deflate: 2, chunks: [1, layers, grid.rows, grid.cols] } : {};
    file.defineVariable(name, 'float', ['TSTEP', 'LAY', 'ROW', 'COL'], storage);
    describe(file, name, units, description ?? name);
  }
  file.endDefine();
}

function describe(file: NetcdfFile, name: string, units: string, description: string): void {
  file.putAttribute(name, 'long_name', padded(name, NAME_WIDTH));
  file.putAttribute(name, 'units', padded(units, NAME_WIDTH));
  file.putAttribute(name, 'var_desc', padded(description, TEXT_WIDTH));
}

type Header = Record<string, string | number | NetcdfArray>;

/** What files say of when they were written: now, or by the convention of reproducible builds the second since 1970 that SOURCE_DATE_EPOCH names. */
function writtenAt(): Date {
  const seconds = Number(process.env['SOURCE_DATE_EPOCH'] ?? NaN);
  return Number.isFinite(seconds) ? new Date(seconds * 1000) : new Date();
}

/** The I/O API's attributes in their order and types; what follows from the contents cannot be overridden. */
function headerAttributes(
  grid: Grid,
  time: TimeAxis,
  layers: number,
  variables: IoapiContents['variables'],
  attributes: NonNullable<IoapiContents['attributes']>,
): Header {
  const g = grid.definition;
  const [today, clock] = toIoapiTime(writtenAt());
  const [startDate, startTime] = toIoapiTime(time.start);
  const int = (value: number): Int32Array => Int32Array.of(value);
  const fixed: Header = {
    FTYPE: int(1),
    CDATE: int(today),
    CTIME: int(clock),
    WDATE: int(today),
    WTIME: int(clock),
    SDATE: int(startDate),
    STIME: int(startTime),
    TSTEP: int(toIoapiStep(time.stepSeconds)),
    NTHIK: int(1),
    NCOLS: int(g.cols),
    NROWS: int(g.rows),
    NLAYS: int(layers),
    NVARS: int(variables.length),
    GDTYP: int(g.gdtyp),
    P_ALP: g.pAlp,
    P_BET: g.pBet,
    P_GAM: g.pGam,
    XCENT: g.xcent,
    YCENT: g.ycent,
    XORIG: g.xorig,
    YORIG: g.yorig,
    XCELL: g.xcell,
    YCELL: g.ycell,
    GDNAM: padded(g.name, NAME_WIDTH),
    'VAR-LIST': variables.map(({ name }) => padded(name, NAME_WIDTH)).join(''),
  };
  const free: Header = {
    IOAPI_VERSION: padded('Retroplume, after I/O API 3.2', TEXT_WIDTH),
    EXEC_ID: padded('retroplume', TEXT_WIDTH),
    VGTYP: int(7), // WRF's hydrostatic sigma-p
    VGTOP: Float32Array.of(5000),
    VGLVLS: Float32Array.from({ length: layers + 1 }, (_, layer) => 1 - layer / layers),
    UPNAM: padded('RETROPLUME', NAME_WIDTH),
    FILEDESC: padded('', DESCRIPTION_WIDTH),
    HISTORY: '',
  };
  for (const [name, value] of Object.entries(attributes)) {
    if (!(name in fixed) && value !== undefined) free[name] = asAttribute(name, value);
  }
  return { ...free, ...fixed };
}

function asAttribute(name: string, value: NonNullable<NetcdfAttribute> | number): string | number | NetcdfArray {
  if (Array.isArray(value)) return value.join(' ');
  if (typeof value !== 'string') return value;
  const width = WIDTHS[name];
  return width === undefined ? value : padded(value, width);
}

/** Blanks up to the width; the I/O API compares whole fields. */
function padded(text: string, width: number): string {
  return text.slice(0, width).padEnd(width);
}

function tflags(time: TimeAxis, variables: number): Int32Array {
  const flags = new Int32Array(time.count * variables * 2);
  if (time.stepSeconds === 0) return flags; // a file without time steps has TFLAG 0,0
  for (let step = 0; step < time.count; step++) {
    const pair = toIoapiTime(timeAt(time, step));
    for (let variable = 0; variable < variables; variable++) flags.set(pair, 2 * (step * variables + variable));
  }
  return flags;
}
