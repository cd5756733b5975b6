/**
 * Hourly fields of a whole grid that are made in a run, a few hours at a time, and read a rectangle at a time: in memory, or where they are too large for
 * that in a file of the system's temporary folder. The file has no name: it is gone with the process, however that ends. In half precision they take half the room.
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../errors';
import { fromHalf, toHalf } from './half-precision';
import { newMemory, part, type Crop, type Hours, type Memory } from './period-source';

/** `[hours, rows, cols, channels]`, zeros at first. */
export interface HourStoreShape {
  hours: number;
  rows: number;
  cols: number;
  channels: number;
}

export interface HourStore {
  readonly channels: number;
  /** most hours that should be worked on at once */
  readonly hoursAtOnce: number;
  /** Consecutive hours of the whole grid from `data`, which {@link hours} gave or which are as long. */
  write(first: number, data: Float32Array): void;
  /** @returns `[count, rows, cols, channels]`: the store's own memory, or a copy */
  hours(range: Hours): Float32Array;
  /** @returns `[hours.count, crop.rows, crop.cols, channels]`, not to be written to */
  rectangle(crop: Crop, range: Hours, memory?: Memory): Float32Array;
  /** Adds to a rectangle. */
  add(crop: Crop, range: Hours, data: Float32Array): void;
  dispose(): void;
}

/** What is read or written at once of a file, in single precision. */
const FILE_CHUNK = 2 ** 28;

export interface HourStoreOptions {
  /** of a file; default: the system's for temporary files */
  folder?: string;
  /** the number that 1 stands for, in half precision: of the values between 6e-5 and 65504 times it 11 bits are kept; absent: single precision */
  half?: number;
  /** bytes of memory at once, in half precision */
  memoryBlock?: number;
}

/** Bytes that a store takes. */
export function hourStoreBytes({ hours, rows, cols, channels }: HourStoreShape, { half }: Pick<HourStoreOptions, 'half'> = {}): number {
  return (half === undefined ? 4 : 2) * hours * rows * cols * channels;
}

/**
 * @param mostBytes - in memory up to this, in a file beyond
 * @throws {DataError} `DISK_FULL`, `FILE_UNWRITABLE`
 */
export function hourStore(shape: HourStoreShape, mostBytes: number, options: HourStoreOptions = {}): HourStore {
  const { folder = tmpdir(), half, memoryBlock = 2 ** 30 } = options;
  const bytes = hourStoreBytes(shape, options);
  const inMemory = bytes <= mostBytes;
  if (half !== undefined)
    return new CopyingStore(shape, new HalfValues(inMemory ? new ScratchMemory(bytes, memoryBlock) : new ScratchFile(folder, bytes), half));
  return inMemory ? new StoreInMemory(shape) : new CopyingStore(shape, new SingleValues(new ScratchFile(folder, bytes)));
}

class StoreInMemory implements HourStore {
  readonly channels: number;
  readonly hoursAtOnce: number;
  private readonly data: Float32Array;
  private readonly field: number;

  constructor(private readonly shape: HourStoreShape) {
    this.channels = shape.channels;
    this.hoursAtOnce = shape.hours;
    this.field = shape.rows * shape.cols * shape.channels;
    this.data = new Float32Array(shape.hours * this.field);
  }

  hours({ first, count }: Hours): Float32Array {
    return this.data.subarray(first * this.field, (first + count) * this.field);
  }

  write(first: number, data: Float32Array): void {
    const own = this.hours({ first, count: data.length / this.field });
    if (own.byteOffset !== data.byteOffset || own.buffer !== data.buffer) own.set(data);
  }

  rectangle(crop: Crop, range: Hours, memory = newMemory): Float32Array {
    return part(this.data, this.shape, this.shape.channels, crop, range, memory);
  }

  add(crop: Crop, range: Hours, data: Float32Array): void {
    forEachLine(this.shape, crop, range, (at, from, width) => {
      for (let k = 0; k < width; k++) this.data[at + k] += data[from + k];
    });
  }

  dispose(): void {} // the garbage collector's
}

/** Bytes that are read and written by their place. */
interface Scratch {
  read(into: Uint8Array, at: number): void;
  write(data: Uint8Array, at: number): void;
  dispose(): void;
}

/** In blocks: one typed array holds 4 GiB at most. */
class ScratchMemory implements Scratch {
  private readonly blocks: Uint8Array[];

  constructor(
    length: number,
    private readonly block: number,
  ) {
    this.blocks = Array.from({ length: Math.ceil(length / block) }, (_, i) => new Uint8Array(Math.min(block, length - i * block)));
  }

  read(into: Uint8Array, at: number): void {
    this.forEachBlock(into, at, (own, given) => given.set(own));
  }

  write(data: Uint8Array, at: number): void {
    this.forEachBlock(data, at, (own, given) => own.set(given));
  }

  dispose(): void {} // the garbage collector's

  private forEachBlock(given: Uint8Array, at: number, visit: (own: Uint8Array, given: Uint8Array) => void): void {
    for (let done = 0; done < given.length;) {
      const first = (at + done) % this.block;
      const length = Math.min(this.block - first, given.length - done);
      visit(this.blocks[Math.floor((at + done) / this.block)].subarray(first, first + length), given.subarray(done, done + length));
      done += length;
    }
  }
}

class ScratchFile implements Scratch {
  private readonly file: number;

  constructor(
    private readonly folder: string,
    length: number,
  ) {
    this.file = nameless(folder);
    try {
      ftruncateSync(this.file, length);
    } catch (error) {
      throw unwritable(folder, error);
    }
  }

  read(into: Uint8Array, at: number): void {
    for (let done = 0; done < into.length;) {
      const length = Math.min(FILE_CHUNK, into.length - done);
      const read = readSync(this.file, into, done, length, at + done);
      if (read === 0) throw new DataError('FILE_UNREADABLE', `a temporary file in ${this.folder} has become shorter: run the same command again`);
      done += read;
    }
  }

  write(data: Uint8Array, at: number): void {
    try {
      for (let done = 0; done < data.length;) done += writeSync(this.file, data, done, Math.min(FILE_CHUNK, data.length - done), at + done);
    } catch (error) {
      throw unwritable(this.folder, error);
    }
  }

  dispose(): void {
    closeSync(this.file);
  }
}

/** Numbers in a {@link Scratch}, by their place. */
interface StoredValues {
  read(into: Float32Array, at: number): void;
  put(data: Float32Array, at: number): void;
  dispose(): void;
}

class SingleValues implements StoredValues {
  constructor(private readonly scratch: Scratch) {}

  read(into: Float32Array, at: number): void {
    this.scratch.read(new Uint8Array(into.buffer, into.byteOffset, into.byteLength), 4 * at);
  }

  put(data: Float32Array, at: number): void {
    this.scratch.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 4 * at);
  }

  dispose(): void {
    this.scratch.dispose();
  }
}

/** What is being converted, of any store: a store each would be memory for nothing. */
let halvesAtHand = new Uint16Array();

function roomForHalves(length: number): Uint16Array<ArrayBuffer> {
  if (halvesAtHand.length < length) halvesAtHand = new Uint16Array(length);
  return halvesAtHand.subarray(0, length);
}

class HalfValues implements StoredValues {
  constructor(
    private readonly scratch: Scratch,
    private readonly one: number,
  ) {}

  read(into: Float32Array, at: number): void {
    const halves = roomForHalves(into.length);
    this.scratch.read(new Uint8Array(halves.buffer, 0, halves.byteLength), 2 * at);
    fromHalf(halves, into, this.one);
  }

  put(data: Float32Array, at: number): void {
    const halves = roomForHalves(data.length);
    toHalf(data, halves, this.one);
    this.scratch.write(new Uint8Array(halves.buffer, 0, halves.byteLength), 2 * at);
  }

  dispose(): void {
    this.scratch.dispose();
  }
}

/** What is asked of it is copied. */
class CopyingStore implements HourStore {
  readonly channels: number;
  readonly hoursAtOnce: number;
  private readonly field: number;

  constructor(
    private readonly shape: HourStoreShape,
    private readonly values: StoredValues,
  ) {
    this.channels = shape.channels;
    this.field = shape.rows * shape.cols * shape.channels;
    this.hoursAtOnce = Math.max(1, Math.floor(FILE_CHUNK / (4 * this.field)));
  }

  hours({ first, count }: Hours): Float32Array {
    const out = new Float32Array(count * this.field);
    this.values.read(out, first * this.field);
    return out;
  }

  write(first: number, data: Float32Array): void {
    this.values.put(data, first * this.field);
  }

  rectangle(crop: Crop, range: Hours, memory = newMemory): Float32Array {
    const out = memory(range.count * crop.rows * crop.cols * this.shape.channels);
    forEachLine(this.shape, crop, range, (at, to, width) => this.values.read(out.subarray(to, to + width), at));
    return out;
  }

  add(crop: Crop, range: Hours, data: Float32Array): void {
    let held = new Float32Array();
    forEachLine(this.shape, crop, range, (at, from, width) => {
      if (held.length !== width) held = new Float32Array(width);
      this.values.read(held, at);
      for (let k = 0; k < width; k++) held[k] += data[from + k];
      this.values.put(held, at);
    });
  }

  dispose(): void {
    this.values.dispose();
  }
}

/** A new file, open for reading and writing, whose name is gone already. */
function nameless(folder: string): number {
  try {
    const own = mkdtempSync(join(folder, 'retroplume-hours-'));
    try {
      return openSync(join(own, 'fields'), 'wx+', 0o600);
    } finally {
      rmSync(own, { recursive: true });
    }
  } catch (error) {
    throw unwritable(folder, error);
  }
}

function unwritable(folder: string, cause: unknown): DataError {
  const full = (cause as NodeJS.ErrnoException).code === 'ENOSPC';
  return new DataError(
    full ? 'DISK_FULL' : 'FILE_UNWRITABLE',
    `${folder}: a temporary file of fields that are too large for memory cannot be written: ${full ? 'no space is left' : (cause as Error).message}: ` +
      'make room, or set TMPDIR to a folder on another disk',
    { cause },
  );
}

/** Calls visit(place in the store, place in the rectangle, values) for the lines of a rectangle; all of an hour is one line where that is the grid. */
function forEachLine(shape: HourStoreShape, crop: Crop, { first, count }: Hours, visit: (at: number, inCrop: number, width: number) => void): void {
  const { rows, cols, channels } = shape;
  const whole = crop.cols === cols;
  const lines = whole ? 1 : crop.rows;
  const width = (whole ? crop.rows : 1) * crop.cols * channels;
  for (let hour = 0; hour < count; hour++) {
    for (let line = 0; line < lines; line++) {
      visit((((first + hour) * rows + crop.row + line) * cols + crop.col) * channels, (hour * lines + line) * width, width);
    }
  }
}
