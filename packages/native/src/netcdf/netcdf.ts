/**
 * netCDF files: a thin typed layer over netCDF-C (classic, 64-bit offset, CDF-5 and netCDF-4 with deflate).
 *
 * Every trouble that netCDF reports is a {@link NetcdfError}-shaped `Error` with `code` (`NC_ENOTNC`, `ENOENT`, …), `path`, `status`
 * and netCDF's own words. Calls are synchronous and take one lock for the process, because netCDF-C is not thread-safe. A file that is
 * dropped without `close()` is closed when it is collected, but only `close()` tells whether all of it reached the disk.
 */
import { loadAddon } from '../load-addon';
import { classicShortfall, DamagedHeader, hdf5Mismatch } from './netcdf-length';

export type NetcdfFormat = 'classic' | '64bit' | 'cdf5' | 'netcdf4';
export type NetcdfType = 'byte' | 'char' | 'short' | 'int' | 'float' | 'double' | 'ubyte' | 'ushort' | 'uint' | 'int64' | 'uint64' | 'string';
export type NetcdfArray =
  Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array | BigInt64Array | BigUint64Array;

/** Text (with its padding), several NC_STRINGs, or numbers in the file's own type; undefined for a user-defined type. */
export type NetcdfAttribute = string | string[] | NetcdfArray | undefined;

export interface NetcdfDimension {
  name: string;
  length: number;
  unlimited: boolean;
}

export interface NetcdfVariable {
  name: string;
  type: NetcdfType | 'user-defined';
  dimensions: string[];
}

/** A group of a netCDF-4 file that holds variables: such a one is read as `GROUP/NAME`. */
export interface NetcdfGroup {
  /** with the groups around it, as `PRODUCT/SUPPORT_DATA` */
  name: string;
  variables: NetcdfVariable[];
}

/** What an error of this module carries besides its message. */
export interface NetcdfError extends Error {
  code: string;
  path: string;
  status: number;
}

interface RawAttribute {
  name: string;
  type: string;
  value: string[] | NetcdfArray | undefined;
}

interface RawDataset {
  close(): void;
  sync(): void;
  beginDefine(): void;
  endDefine(): void;
  describe(): { format: NetcdfFormat; dimensions: NetcdfDimension[]; variables: NetcdfVariable[]; groups: NetcdfGroup[] };
  shape(variable: string): number[];
  attributes(variable: string): RawAttribute[];
  defineDimension(name: string, length: number): void;
  defineVariable(name: string, type: string, dimensions: string[], deflate: number, chunks: number[]): void;
  putAttribute(variable: string, name: string, isText: boolean, value: NetcdfArray): void;
  read(variable: string, start: number[], count: number[], target: NetcdfArray, isText: boolean): void;
  readStrings(variable: string, start: number[], count: number[]): string[];
  tryValues(): void;
  keepChunks(variable: string, count: number[]): void;
  write(variable: string, start: number[], count: number[], data: NetcdfArray, isText: boolean): void;
}

interface Addon {
  Dataset: new (path: string, mode: string, prefill?: boolean) => RawDataset;
  libraryVersion: string;
}

let addon: Addon | undefined;
const load = (): Addon => (addon ??= loadAddon('netcdf') as Addon);

/** Version of the netCDF-C library that is linked, for `doctor` and records. */
export const netcdfVersion = (): string => load().libraryVersion;

const ARRAY_OF_TYPE = {
  byte: Int8Array,
  char: Uint8Array,
  short: Int16Array,
  int: Int32Array,
  float: Float32Array,
  double: Float64Array,
  ubyte: Uint8Array,
  ushort: Uint16Array,
  uint: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;

/**
 * At most so many files are open for reading at once, half of what systems mostly let a process have (a year of hourly files is 8760). The one that was read
 * longest ago rests, and is opened again when it is read.
 */
export const MOST_OPEN = 512;

/** The files open for reading, the one used last at the end; one that nobody holds any more is closed when it is collected. */
const openReaders = new Set<WeakRef<NetcdfFile>>();

/** An open netCDF file. Shapes are `[dimension, …]` in the file's order, row-major. */
export class NetcdfFile {
  private described: ReturnType<RawDataset['describe']> | undefined;
  private readonly self = new WeakRef(this);
  private isClosed = false;

  /** @param dataset - undefined while a file that is read rests */
  private constructor(
    private dataset: RawDataset | undefined,
    readonly path: string,
    private readonly isRead: boolean,
  ) {
    if (isRead) this.use();
  }

  /**
   * Opens an existing file. A truncated one is refused (`NC_ETRUNC`, `NC_EHDFERR`), where netCDF-C itself would read zeros, and a damaged
   * header of the classic family (`NC_EDAMAGED`), where it may end the process.
   */
  static open(path: string, mode: 'read' | 'write' = 'read'): NetcdfFile {
    const wrong = hdf5Mismatch(path);
    if (wrong) throw failure('NC_EHDFERR', -101, path, `it has ${wrong.actual} bytes, its header promises ${wrong.needed}`);
    const short = shortfallOf(path);
    if (!short) return new NetcdfFile(new (load().Dataset)(path, mode), path, mode === 'read');
    const promise = Number.isNaN(short.needed) ? 'its header goes on' : `its header promises ${short.needed}`;
    throw failure('NC_ETRUNC', -137, path, `is truncated: it has ${short.actual} bytes, ${promise}`);
  }

  /**
   * Creates (or overwrites) a file in define mode: define, then {@link endDefine}, then write.
   *
   * @param prefill - false spares netCDF from writing fill values first; then every value must be written
   */
  static create(path: string, format: NetcdfFormat = 'netcdf4', prefill = true): NetcdfFile {
    return new NetcdfFile(new (load().Dataset)(path, format, prefill), path, false);
  }

  get format(): NetcdfFormat {
    return this.describe().format;
  }

  get dimensions(): NetcdfDimension[] {
    return this.describe().dimensions;
  }

  get variables(): NetcdfVariable[] {
    return this.describe().variables;
  }

  /** Groups that hold variables; {@link variables} are those outside of all. */
  get groups(): NetcdfGroup[] {
    return this.describe().groups;
  }

  /** The variable of that name, or undefined. @param name - in a group as `PRODUCT/SUPPORT_DATA/NAME` */
  variable(name: string): NetcdfVariable | undefined {
    const slash = name.lastIndexOf('/');
    const variables = slash < 0 ? this.variables : this.groups.find((group) => group.name === name.slice(0, slash))?.variables;
    return variables?.find((variable) => variable.name === name.slice(slash + 1));
  }

  /** Lengths of a variable's dimensions. */
  shape(variable: string): number[] {
    const declared = this.require(variable);
    if (variable.includes('/')) return this.raw.shape(variable); // a group has dimensions of its own
    return declared.dimensions.map((name) => this.dimensions.find((dimension) => dimension.name === name)?.length ?? 0);
  }

  /** Attributes of a variable, or of the file, in the file's order. */
  attributes(variable = ''): Map<string, NetcdfAttribute> {
    return new Map(this.raw.attributes(variable).map(({ name, type, value }) => [name, type === 'char' ? decode(value as Uint8Array) : value]));
  }

  /** @param name - in a group as `PRODUCT/scanline`, which is made where there is none @param length - `'unlimited'` makes a record dimension */
  defineDimension(name: string, length: number | 'unlimited'): void {
    this.raw.defineDimension(name, length === 'unlimited' ? 0 : length);
    this.described = undefined;
  }

  /**
   * @param name - in a group as `PRODUCT/SUPPORT_DATA/NAME`, which is made where there is none (netCDF-4 only)
   * @param dimensions - names of those of the group or of one around it
   * @param storage - netCDF-4 only: deflate level 0–9 (with shuffle), chunk lengths
   */
  defineVariable(name: string, type: NetcdfType, dimensions: string[], storage: { deflate?: number; chunks?: number[] } = {}): void {
    this.raw.defineVariable(name, type, dimensions, storage.deflate ?? 0, storage.chunks ?? []);
    this.described = undefined;
  }

  /** Sets an attribute of a variable (`''`: of the file). A number becomes a double; a typed array keeps its type. */
  putAttribute(variable: string, name: string, value: string | number | NetcdfArray): void {
    if (typeof value === 'string') this.raw.putAttribute(variable, name, true, new TextEncoder().encode(value));
    else this.raw.putAttribute(variable, name, false, typeof value === 'number' ? Float64Array.of(value) : value);
  }

  /** Goes back to define mode, where attributes may grow; where a header of the classic family does, all values are moved. {@link endDefine} ends it. */
  beginDefine(): void {
    this.raw.beginDefine();
  }

  endDefine(): void {
    this.raw.endDefine();
  }

  /**
   * Reads the hyperslab `[start, start + count)` (default: all) in the variable's own type (text as bytes).
   *
   * @param out - an array to fill instead of a new one; its type decides the type, and netCDF converts (`NC_ERANGE` if a value does not fit)
   */
  read<T extends NetcdfArray = NetcdfArray>(variable: string, start?: number[], count?: number[], out?: T): T {
    const { type } = this.require(variable);
    const shape = this.shape(variable);
    const origin = start ?? shape.map(() => 0);
    const lengths = count ?? shape.map((length, axis) => length - origin[axis]);
    const Constructor = ARRAY_OF_TYPE[type as keyof typeof ARRAY_OF_TYPE] ?? Uint8Array;
    const target = out ?? (new Constructor(lengths.reduce((product, length) => product * length, 1)) as T);
    this.raw.read(variable, origin, lengths, target, type === 'char');
    return target;
  }

  /**
   * Keeps in memory, decompressed, the chunks that slabs of `count` meet, up to 256 MB of a variable: for one that is read in slabs thinner than its chunks,
   * which would be decompressed anew for each slab.
   */
  keepChunks(variable: string, count: number[]): void {
    this.raw.keepChunks(variable, count);
  }

  /**
   * Reads all values of a netCDF-4 file in a process of its own, where HDF5 may crash on damaged chunks, and forgets them. {@link read} does so by itself
   * only for variables with checksums: it takes as long as reading them.
   *
   * @throws `NC_EHDFERR` for a variable on which it crashed or that it could not read
   */
  tryValues(): void {
    this.raw.tryValues();
  }

  /** Reads a variable of NC_STRING. */
  readStrings(variable: string, start?: number[], count?: number[]): string[] {
    const shape = this.shape(variable);
    const origin = start ?? shape.map(() => 0);
    return this.raw.readStrings(variable, origin, count ?? shape.map((length, axis) => length - origin[axis]));
  }

  /** Writes the hyperslab `[start, start + count)`; netCDF converts to the variable's type. */
  write(variable: string, start: number[], count: number[], data: NetcdfArray): void {
    this.raw.write(variable, start, count, data, this.require(variable).type === 'char');
  }

  /** Pushes what was written to the operating system. */
  sync(): void {
    this.raw.sync();
  }

  /** Closes the file; again is harmless. Any later call raises `NC_EBADID`. */
  close(): void {
    this.raw.close();
    this.isClosed = true;
    openReaders.delete(this.self);
    this.described = undefined;
  }

  /** For `using`: {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** A closed dataset stays: it says so to whoever calls. */
  private get raw(): RawDataset {
    return this.isRead && !this.isClosed ? this.use() : this.dataset!;
  }

  private use(): RawDataset {
    this.dataset ??= new (load().Dataset)(this.path, 'read');
    openReaders.delete(this.self);
    openReaders.add(this.self);
    if (openReaders.size > MOST_OPEN) {
      const [first] = openReaders;
      openReaders.delete(first);
      first.deref()?.rest();
    }
    return this.dataset;
  }

  private rest(): void {
    this.dataset?.close();
    this.dataset = undefined;
  }

  private describe(): ReturnType<RawDataset['describe']> {
    return (this.described ??= this.raw.describe());
  }

  private require(name: string): NetcdfVariable {
    const declared = this.variable(name);
    if (declared) return declared;
    const grouped = this.groups.flatMap((group) => group.variables.map((variable) => `${group.name}/${variable.name}`));
    const names = [...this.variables.map((variable) => variable.name), ...grouped].join(', ');
    throw failure('NC_ENOTVAR', -49, this.path, `there is no variable ${name}; it holds ${names || 'none'}`);
  }
}

function shortfallOf(path: string): ReturnType<typeof classicShortfall> {
  try {
    return classicShortfall(path);
  } catch (error) {
    if (error instanceof DamagedHeader) throw failure('NC_EDAMAGED', -1, path, `has a damaged header (${error.message})`);
    throw error;
  }
}

function failure(code: string, status: number, path: string, text: string): NetcdfError {
  return Object.assign(new Error(`${path}: ${text}`), { code, path, status });
}

/** netCDF text has no stated encoding: UTF-8 where it is valid, else Latin-1 (old I/O API file descriptions). */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}
