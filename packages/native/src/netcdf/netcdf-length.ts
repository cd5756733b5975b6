/**
 * How long a file of the classic family (CDF-1, -2, -5) must be, by its own header, and whether that header is one; and whether an HDF5 file is as long as
 * its superblock says.
 *
 * netCDF-C reads past the end of a truncated classic file as zeros without a word, so a file that was cut short by a full disk or a
 * broken copy would enter a run as an hour without emissions. A damaged header can make it write past its own memory (a name that holds
 * a NUL), which ends the process: what the specification rules out is refused before.
 * HDF5 refuses files that are too short; where bytes were put in, it follows addresses into the wrong place and may crash the process: such a file must not be opened.
 *
 * @see netCDF file format specifications, "The classic file format" (docs.unidata.ucar.edu/nug, file_format_specifications); HDF5 File Format Specification 3.0,
 * "Format Signature and Superblock" (docs.hdfgroup.org/hdf5/latest/_f_m_t3.html)
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Looks at the first bytes of a file before netCDF-C does. @returns undefined where the path cannot be opened or is no file: netCDF says then what is wrong with it */
function lookInto<T>(path: string, look: (descriptor: number) => T | undefined): T | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    return fstatSync(descriptor).isFile() ? look(descriptor) : undefined;
  } finally {
    closeSync(descriptor);
  }
}

const TYPE_BYTES: Record<number, number> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8 };
const pad4 = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/** A header that no program writes: flipped or shuffled bytes. The message says what is wrong with it. */
export class DamagedHeader extends Error {}

/** What a list begins with: its tag, or 0 and no elements. */
const [DIMENSIONS, VARIABLES, ATTRIBUTES] = [10, 11, 12];
const utf8 = new TextDecoder('utf-8', { fatal: true });

class Header {
  private buffer = Buffer.alloc(0);
  private position = 4; // past 'CDF' and the version
  private readonly fileBytes: number;

  constructor(
    private readonly descriptor: number,
    readonly version: number,
  ) {
    this.fileBytes = fstatSync(descriptor).size;
  }

  /** Number of elements of a list. */
  list(tag: number): number {
    const [tagFound, count] = [this.tag(), this.size()];
    if (tagFound === tag || (tagFound === 0 && count === 0)) return count;
    throw new DamagedHeader(`a list of the kind ${tagFound} where one of the kind ${tag} belongs`);
  }

  /** Bytes of a value of a type. */
  type(): number {
    const type = this.tag();
    if (type >= 1 && type <= (this.version === 5 ? 11 : 6)) return TYPE_BYTES[type];
    throw new DamagedHeader(`values of the type ${type}`);
  }

  /** A 4-byte integer; in CDF-5 the counts and lengths are of 8 bytes. */
  size(): number {
    return this.version === 5 ? Number(this.take(8).readBigUInt64BE()) : this.take(4).readUInt32BE();
  }

  tag(): number {
    return this.take(4).readUInt32BE();
  }

  offset(): number {
    return this.version === 1 ? this.take(4).readUInt32BE() : Number(this.take(8).readBigUInt64BE());
  }

  name(): void {
    const length = this.size();
    if (length === 0 || length > LONGEST_NAME) throw new DamagedHeader(`a name of ${length} bytes`);
    const bytes = this.take(pad4(length)).subarray(0, length);
    if (isText(bytes) && !bytes.some((byte) => byte < 0x20 || byte === 0x7f || byte === 0x2f)) return; // controls and the slash
    throw new DamagedHeader(`${JSON.stringify(bytes.toString('latin1'))} is no name`);
  }

  skip(bytes: number): void {
    this.position += bytes;
    if (this.position > this.fileBytes) throw new RangeError('the header is cut short');
  }

  private take(bytes: number): Buffer {
    if (this.position + bytes > this.fileBytes) throw new RangeError('the header is cut short');
    while (this.position + bytes > this.buffer.length) this.grow(this.position + bytes);
    this.position += bytes;
    return this.buffer.subarray(this.position - bytes, this.position);
  }

  private grow(needed: number): void {
    const next = Buffer.alloc(Math.max(needed, 2 * this.buffer.length, 65536));
    const read = readSync(this.descriptor, next, 0, next.length, 0);
    if (read < needed) throw new RangeError('the header is cut short');
    this.buffer = next.subarray(0, read);
  }
}

/** NC_MAX_NAME */
const LONGEST_NAME = 256;

function isText(bytes: Buffer): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Reads a list whose count may be wrong: one element after the other, until the file ends. */
function elements<T>(count: number, read: () => T): T[] {
  const items: T[] = [];
  while (items.length < count) items.push(read());
  return items;
}

function skipAttributes(header: Header): void {
  for (let remaining = header.list(ATTRIBUTES); remaining > 0; remaining--) {
    header.name();
    const bytes = header.type();
    header.skip(pad4(header.size() * bytes));
  }
}

function dimensionLengths(header: Header): number[] {
  const lengths = elements(header.list(DIMENSIONS), () => {
    header.name();
    return header.size();
  });
  if (lengths.filter((length) => length === 0).length > 1) throw new DamagedHeader('there are two record dimensions');
  return lengths;
}

interface Extent {
  begin: number;
  bytes: number;
  record: boolean;
}

/** `bytes`: of the whole variable, or of one record of it. Taken from the dimensions: the stored vsize overflows in large files. */
function variableExtents(header: Header, lengths: number[]): Extent[] {
  return elements(header.list(VARIABLES), () => {
    header.name();
    const dimensions = elements(header.size(), () => header.size());
    const wrong = dimensions.findIndex((dimension, axis) => lengths[dimension] === undefined || (axis > 0 && lengths[dimension] === 0));
    if (wrong >= 0) throw new DamagedHeader(`a variable's dimension ${wrong} is number ${dimensions[wrong]} of ${lengths.length}`);
    skipAttributes(header);
    const valueBytes = header.type();
    header.size();
    const begin = header.offset();
    const record = dimensions.length > 0 && lengths[dimensions[0]] === 0;
    const fixed = record ? dimensions.slice(1) : dimensions;
    return { begin, bytes: fixed.reduce((product, dimension) => product * lengths[dimension], valueBytes), record };
  });
}

function bytesNeeded(header: Header): number {
  const records = header.size();
  // STREAMING of the specification: netCDF-C takes it for that many records.
  if (records === (header.version === 5 ? Number(0xffffffffffffffffn) : 0xffffffff)) {
    throw new DamagedHeader('the number of its records was never written, so whoever made the file has not closed it');
  }
  const lengths = dimensionLengths(header);
  skipAttributes(header);
  const extents = variableExtents(header, lengths);
  const inRecords = extents.filter((extent) => extent.record);
  // A lone record variable is not padded to four bytes.
  const recordBytes = inRecords.length === 1 ? inRecords[0].bytes : inRecords.reduce((sum, extent) => sum + pad4(extent.bytes), 0);
  const ends = extents.map(({ begin, bytes, record }) => {
    if (!record) return begin + bytes;
    return records === 0 ? 0 : begin + (records - 1) * recordBytes + bytes;
  });
  return Math.max(0, ...ends);
}

/**
 * Compares a file's length with what its header promises.
 *
 * @returns undefined when all is there or the file isn't of the classic family; otherwise bytes found and needed
 * @throws {DamagedHeader}
 */
export function classicShortfall(path: string): { actual: number; needed: number } | undefined {
  return lookInto(path, (descriptor) => {
    const magic = Buffer.alloc(4);
    readSync(descriptor, magic, 0, 4, 0);
    if (magic.toString('latin1', 0, 3) !== 'CDF' || ![1, 2, 5].includes(magic[3])) return undefined;
    const actual = fstatSync(descriptor).size;
    try {
      const needed = bytesNeeded(new Header(descriptor, magic[3]));
      return actual < needed ? { actual, needed } : undefined;
    } catch (error) {
      if (error instanceof RangeError) return { actual, needed: Number.NaN };
      throw error;
    }
  });
}

const SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
/** Where the addresses begin (base, another, end of file), by version of the superblock. */
const ADDRESSES: Record<number, number> = { 0: 24, 1: 28, 2: 12, 3: 12 };

/**
 * Compares an HDF5 file's length with what its superblock promises. A file whose base address is not 0 (something stands before it) is not judged.
 *
 * @returns undefined when the lengths agree or the file is no HDF5 file; otherwise bytes found and promised
 */
export function hdf5Mismatch(path: string): { actual: number; needed: number } | undefined {
  return lookInto(path, (descriptor) => {
    const head = Buffer.alloc(64);
    const bytesRead = readSync(descriptor, head, 0, head.length, 0);
    if (bytesRead < head.length || !head.subarray(0, 8).equals(SIGNATURE)) return undefined;
    const version = head[8];
    const start = ADDRESSES[version];
    const width = version < 2 ? head[13] : head[9];
    if (start === undefined || (width !== 4 && width !== 8)) return undefined; // HDF5 refuses it
    const address = (i: number): number => {
      const offset = start + i * width;
      return width === 8 ? Number(head.readBigUInt64LE(offset)) : head.readUInt32LE(offset);
    };
    const [base, end] = [address(0), address(2)];
    const actual = fstatSync(descriptor).size;
    return base === 0 && end !== actual ? { actual, needed: end } : undefined;
  });
}
