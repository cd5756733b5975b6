/**
 * Hourly fields of a whole grid that are made in a run, a few hours at a time, and read a rectangle at a time: in memory, or where they are too large for
 * that in a file of the system's temporary folder (scratch.ts). In half precision they take half the room.
 */
import { tmpdir } from 'node:os';
import { fromHalf, toHalf, type HalfFields } from '@retroplume/native';
import { newMemory, part, type Crop, type Hours, type Memory, type PlacedHalves } from './period-source';
import { FILE_CHUNK, ScratchFile, ScratchMemory, type Scratch } from './scratch';

/** `[hours, rows, cols, channels]`, zeros at first. */
export interface HourStoreShape {
  hours: number;
  rows: number;
  cols: number;
  channels: number;
}

export interface HourStore {
  readonly channels: number;
  /** Room for consecutive hours of the whole grid that {@link write} will be given: the store's own memory, or `memory`, whatever is in it. */
  room(range: Hours, memory?: Memory): Float32Array;
  /** Consecutive hours of the whole grid from `data`, which {@link room} gave or which are as long. */
  write(first: number, data: Float32Array): void;
  /** @returns `[count, rows, cols, channels]`, not to be written to */
  hours(range: Hours, memory?: Memory): Float32Array;
  /** @returns `[hours.count, crop.rows, crop.cols, channels]`, not to be written to */
  rectangle(crop: Crop, range: Hours, memory?: Memory): Float32Array;
  /** Of a store in half precision a rectangle as it is kept, without a copy where it is in memory; lost with the next. */
  halves?(crop: Crop, range: Hours): PlacedHalves;
  /** A rectangle that is to be changed. */
  edit(crop: Crop, range: Hours, memory?: Memory): Edit;
  /** Adds to a rectangle. @param memory - to add in, where the store is not in memory */
  add(crop: Crop, range: Hours, data: Float32Array, memory?: Memory): void;
  /** Makes all of it zeros, in the room that it has: pages of a new store would have to be found, and given back, by the system. */
  clear(): void;
  dispose(): void;
}

/** A rectangle of a store, `[hours, crop.rows, crop.cols, channels]`: what is done to `data` is in the store once {@link release} has been called. */
interface Edit {
  data: Float32Array;
  release: () => void;
}

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

/** Hours that should be worked on at once where not all are in memory, for what is made of them takes as much again. */
export function hoursOfChunk({ rows, cols, channels }: HourStoreShape): number {
  return Math.max(1, Math.floor(FILE_CHUNK / (4 * rows * cols * channels)));
}

/**
 * @param mostBytes - in memory up to this, in a file beyond
 * @throws {DataError} `DISK_FULL`, `FILE_UNWRITABLE`
 */
export function hourStore(shape: HourStoreShape, mostBytes: number, options: HourStoreOptions = {}): HourStore {
  const { folder = tmpdir(), half, memoryBlock = 2 ** 30 } = options;
  const bytes = hourStoreBytes(shape, options);
  const inMemory = bytes <= mostBytes;
  if (half !== undefined) return inMemory ? new HalfStoreInMemory(shape, half, memoryBlock) : new HalfStoreInFile(shape, half, folder);
  return inMemory ? new StoreInMemory(shape) : new CopyingStore(shape, new SingleValues(new ScratchFile(folder, bytes)));
}

/** What stores have in common. */
abstract class AnyStore implements HourStore {
  readonly channels: number;
  /** numbers of an hour */
  protected readonly field: number;

  constructor(protected readonly shape: HourStoreShape) {
    this.channels = shape.channels;
    this.field = shape.rows * shape.cols * shape.channels;
  }

  abstract room(range: Hours, memory?: Memory): Float32Array;
  abstract write(first: number, data: Float32Array): void;
  abstract rectangle(crop: Crop, range: Hours, memory?: Memory): Float32Array;
  abstract edit(crop: Crop, range: Hours, memory?: Memory): Edit;
  abstract clear(): void;
  abstract dispose(): void;

  hours(range: Hours, memory?: Memory): Float32Array {
    return this.rectangle({ row: 0, col: 0, rows: this.shape.rows, cols: this.shape.cols }, range, memory);
  }

  add(crop: Crop, range: Hours, data: Float32Array, memory?: Memory): void {
    const { data: sum, release } = this.edit(crop, range, memory);
    for (let k = 0; k < sum.length; k++) sum[k] += data[k];
    release();
  }
}

class StoreInMemory extends AnyStore {
  private readonly data: Float32Array;

  constructor(shape: HourStoreShape) {
    super(shape);
    this.data = new Float32Array(shape.hours * this.field);
  }

  room({ first, count }: Hours): Float32Array {
    return this.data.subarray(first * this.field, (first + count) * this.field);
  }

  write(first: number, data: Float32Array): void {
    const target = this.room({ first, count: data.length / this.field });
    if (target.byteOffset !== data.byteOffset || target.buffer !== data.buffer) target.set(data);
  }

  rectangle(crop: Crop, range: Hours, memory = newMemory): Float32Array {
    return part(this.data, this.shape, this.channels, crop, range, memory);
  }

  edit(crop: Crop, range: Hours, memory = newMemory): Edit {
    const data = this.rectangle(crop, range, memory);
    const copyLine = (offset: number, source: number, width: number): void => this.data.set(data.subarray(source, source + width), offset);
    return { data, release: () => void (data.buffer !== this.data.buffer && forEachLine(this.shape, crop, range, copyLine)) };
  }

  clear(): void {
    this.data.fill(0);
  }

  dispose(): void {} // the garbage collector's
}

/** Numbers in a {@link Scratch}, by their place. */
interface StoredValues {
  read(target: Float32Array, offset: number): void;
  write(data: Float32Array, offset: number): void;
  dispose(): void;
}

class SingleValues implements StoredValues {
  constructor(private readonly scratch: Scratch) {}

  read(target: Float32Array, offset: number): void {
    this.scratch.read(new Uint8Array(target.buffer, target.byteOffset, target.byteLength), 4 * offset);
  }

  write(data: Float32Array, offset: number): void {
    this.scratch.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 4 * offset);
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
    private readonly bitsOfOne: number,
  ) {}

  read(target: Float32Array, offset: number): void {
    const halves = roomForHalves(target.length);
    this.scratch.read(new Uint8Array(halves.buffer, 0, halves.byteLength), 2 * offset);
    fromHalf(halves, target, this.bitsOfOne);
  }

  write(data: Float32Array, offset: number): void {
    const halves = roomForHalves(data.length);
    toHalf(data, halves, this.bitsOfOne);
    this.scratch.write(new Uint8Array(halves.buffer, 0, halves.byteLength), 2 * offset);
  }

  dispose(): void {
    this.scratch.dispose();
  }
}

/** What is asked of it is copied. */
class CopyingStore extends AnyStore {
  /** hours that hold anything but zeros, which need not be read */
  private readonly written: Uint8Array;
  /** hours that are zeros, and hold what was there before they were cleared */
  private readonly stale: Uint8Array;

  constructor(
    shape: HourStoreShape,
    private readonly values: StoredValues,
  ) {
    super(shape);
    [this.written, this.stale] = [new Uint8Array(shape.hours), new Uint8Array(shape.hours)];
  }

  room({ count }: Hours, memory = newMemory): Float32Array {
    return memory(count * this.field);
  }

  write(first: number, data: Float32Array): void {
    this.values.write(data, first * this.field);
    const end = first + data.length / this.field;
    this.written.fill(1, first, end);
    this.stale.fill(0, first, end);
  }

  rectangle(crop: Crop, range: Hours, memory = newMemory): Float32Array {
    const out = memory(range.count * crop.rows * crop.cols * this.channels);
    forEachLine(this.shape, crop, range, (offset, target, width) => {
      const line = out.subarray(target, target + width);
      if (this.written[Math.floor(offset / this.field)]) this.values.read(line, offset);
      else line.fill(0);
    });
    return out;
  }

  edit(crop: Crop, range: Hours, memory = newMemory): Edit {
    const data = this.rectangle(crop, range, memory);
    const writeLine = (offset: number, source: number, width: number): void => this.values.write(data.subarray(source, source + width), offset);
    return {
      data,
      release: () => {
        this.zeroStale(range);
        forEachLine(this.shape, crop, range, writeLine);
        this.written.fill(1, range.first, range.first + range.count);
      },
    };
  }

  clear(): void {
    this.written.forEach((written, hour) => (this.stale[hour] ||= written));
    this.written.fill(0);
  }

  /** Before a part of an hour is written. */
  private zeroStale({ first, count }: Hours): void {
    for (let hour = first; hour < first + count; hour++) {
      if (this.stale[hour]) this.values.write(new Float32Array(this.field), hour * this.field);
      this.stale[hour] = 0;
    }
  }

  dispose(): void {
    this.values.dispose();
  }
}

class HalfStoreInMemory extends CopyingStore {
  private readonly fields: HalfFields;

  constructor(shape: HourStoreShape, bitsOfOne: number, memoryBlock: number) {
    const bytesOfHour = hourStoreBytes({ ...shape, hours: 1 }, { half: bitsOfOne });
    const hoursOfBlock = Math.max(1, Math.floor(memoryBlock / bytesOfHour));
    const scratch = new ScratchMemory(shape.hours * bytesOfHour, hoursOfBlock * bytesOfHour);
    super(shape, new HalfValues(scratch, bitsOfOne));
    this.fields = { blocks: scratch.blocks.map((block) => new Uint16Array(block.buffer)), hoursOfBlock, one: bitsOfOne };
  }

  halves(crop: Crop, { first }: Hours): PlacedHalves {
    return { fields: this.fields, grid: this.shape, crop, first };
  }
}

class HalfStoreInFile extends CopyingStore {
  private readonly file: ScratchFile;

  constructor(
    shape: HourStoreShape,
    private readonly bitsOfOne: number,
    folder: string,
  ) {
    const file = new ScratchFile(folder, hourStoreBytes(shape, { half: bitsOfOne }));
    super(shape, new HalfValues(file, bitsOfOne));
    this.file = file;
  }

  halves(crop: Crop, range: Hours): PlacedHalves {
    const { rows, cols } = crop;
    const data = roomForHalves(range.count * rows * cols * this.channels);
    forEachLine(this.shape, crop, range, (offset, target, width) => this.file.read(new Uint8Array(data.buffer, 2 * target, 2 * width), 2 * offset));
    return {
      fields: { blocks: [data], hoursOfBlock: range.count, one: this.bitsOfOne },
      grid: { rows, cols },
      crop: { row: 0, col: 0, rows, cols },
      first: 0,
    };
  }
}

/** Calls visit(place in the store, place in the rectangle, values) for the lines of a rectangle; all of an hour is one line where that is the grid. */
function forEachLine(
  shape: HourStoreShape,
  crop: Crop,
  { first, count }: Hours,
  visit: (offset: number, inCrop: number, width: number) => void,
): void {
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
