/**
 * How long a file of the classic family (CDF-1, -2, -5) must be, by its own header.
 *
 * netCDF-C reads past the end of a truncated classic file as zeros without a word, so a file that was cut short by a full disk or a
 * broken copy would enter a run as an hour without emissions. netCDF-4 files need no such check: HDF5 refuses them.
 *
 * @see netCDF file format specifications, "The classic file format" (docs.unidata.ucar.edu/nug, file_format_specifications)
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const TYPE_BYTES: Record<number, number> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8 };
const pad4 = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/** netCDF's NC_MAX_NAME and NC_MAX_VAR_DIMS. netCDF-C does not hold files to the first, and writes longer names past the end of the memory for them. */
const LONGEST_NAME = 256;
const MOST_DIMENSIONS = 1024;
const [DIMENSIONS, VARIABLES, ATTRIBUTES] = [10, 11, 12];

/** The header says what no netCDF file may say. */
class Damage extends Error {}

class Header {
  private buffer = Buffer.alloc(0);
  private at = 0;

  constructor(
    private readonly descriptor: number,
    readonly version: number,
  ) {
    this.at = 4; // past 'CDF' and the version
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
    if (length === 0 || length > LONGEST_NAME) throw new Damage(`a name of ${length} bytes`);
    this.skip(pad4(length));
  }

  /** The number of entries of a list, after its tag; an absent list has none. */
  list(tag: number): number {
    const found = this.tag();
    const count = this.size();
    if (found !== tag && (found !== 0 || count !== 0)) throw new Damage(`a list of the kind ${found} where one of the kind ${tag} belongs`);
    return count;
  }

  type(): number {
    const type = this.tag();
    if (TYPE_BYTES[type] === undefined) throw new Damage(`values of the type ${type}`);
    return type;
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  private take(bytes: number): Buffer {
    while (this.at + bytes > this.buffer.length) this.grow(this.at + bytes);
    this.at += bytes;
    return this.buffer.subarray(this.at - bytes, this.at);
  }

  private grow(needed: number): void {
    const next = Buffer.alloc(Math.max(needed, 2 * this.buffer.length, 65536));
    const read = readSync(this.descriptor, next, 0, next.length, 0);
    if (read < needed) throw new RangeError('the header is cut short');
    this.buffer = next.subarray(0, read);
  }
}

function skipAttributes(header: Header): void {
  for (let left = header.list(ATTRIBUTES); left > 0; left--) {
    header.name();
    const type = header.type();
    header.skip(pad4(header.size() * TYPE_BYTES[type]));
  }
}

function dimensionLengths(header: Header): number[] {
  const lengths: number[] = [];
  for (let left = header.list(DIMENSIONS); left > 0; left--) {
    header.name();
    lengths.push(header.size());
  }
  return lengths;
}

interface Extent {
  begin: number;
  bytes: number;
  record: boolean;
}

/** `bytes`: of the whole variable, or of one record of it. Taken from the dimensions: the stored vsize overflows in large files. */
function variableExtents(header: Header, lengths: number[]): Extent[] {
  const extents: Extent[] = [];
  for (let left = header.list(VARIABLES); left > 0; left--) {
    header.name();
    const count = header.size();
    if (count > MOST_DIMENSIONS) throw new Damage(`a variable of ${count} dimensions`);
    const dimensions = Array.from({ length: count }, () => header.size());
    const unknown = dimensions.find((dimension) => dimension >= lengths.length);
    if (unknown !== undefined) throw new Damage(`dimension ${unknown} of ${lengths.length}`);
    skipAttributes(header);
    const type = header.type();
    header.size();
    const begin = header.offset();
    const record = dimensions.length > 0 && lengths[dimensions[0]] === 0;
    const fixed = record ? dimensions.slice(1) : dimensions;
    extents.push({ begin, bytes: fixed.reduce((product, dimension) => product * lengths[dimension], TYPE_BYTES[type]), record });
  }
  return extents;
}

function bytesNeeded(header: Header): number {
  const records = header.size();
  const streaming = records === (header.version === 5 ? Number(0xffffffffffffffffn) : 0xffffffff); // the count follows from the size
  const lengths = dimensionLengths(header);
  skipAttributes(header);
  const extents = variableExtents(header, lengths);
  const inRecords = extents.filter((extent) => extent.record);
  // A lone record variable is not padded to four bytes.
  const recordBytes = inRecords.length === 1 ? inRecords[0].bytes : inRecords.reduce((sum, extent) => sum + pad4(extent.bytes), 0);
  const ends = extents.map(({ begin, bytes, record }) => {
    if (!record) return begin + bytes;
    return records === 0 || streaming ? 0 : begin + (records - 1) * recordBytes + bytes;
  });
  return Math.max(0, ...ends);
}

/**
 * Compares a file's length with what its header promises.
 *
 * @returns undefined when all is there or the file isn't of the classic family; otherwise bytes found and needed (NaN if the header is cut short), or
 *   what of the header is damaged
 */
export function classicShortfall(path: string): { found: number; needed: number; damage?: string } | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return undefined; // netCDF says what is wrong with the path
  }
  try {
    if (!fstatSync(descriptor).isFile()) return undefined;
    const magic = Buffer.alloc(4);
    readSync(descriptor, magic, 0, 4, 0);
    if (magic.toString('latin1', 0, 3) !== 'CDF' || ![1, 2, 5].includes(magic[3])) return undefined;
    const found = fstatSync(descriptor).size;
    const needed = bytesNeeded(new Header(descriptor, magic[3]));
    return found < needed ? { found, needed } : undefined;
  } catch (error) {
    if (error instanceof Damage) return { found: fstatSync(descriptor).size, needed: Number.NaN, damage: error.message };
    if (error instanceof RangeError) return { found: fstatSync(descriptor).size, needed: Number.NaN };
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
