/**
 * The tar format, as much of it as a bundle needs: plain files and folders, with names of any length. The system's tar is made to keep what a machine has
 * (links, devices, owners, any path), and a bundle comes from somebody else.
 * @see POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar's manual, "Basic Tar Format" (long names, large sizes)
 */

const BLOCK = 512;
const NAME_BYTES = 100;
/** Sizes from here on have no room in the eleven octal digits of a header. */
const LARGE = 8 ** 11;
/** Bytes of a header that tells a long name: far more than a path may have. */
const MOST_NAME = 2 ** 16;
/** GNU tar writes blocks of zeros up to 10 KiB behind the end, or what it was told to. */
const MOST_PADDING = 2 ** 20;

type Kind = 'file' | 'folder' | 'hard link' | 'link' | 'device' | 'pipe' | 'unknown';

const KINDS: Readonly<Record<string, Kind>> = {
  '\0': 'file',
  0: 'file',
  1: 'hard link',
  2: 'link',
  3: 'device',
  4: 'device',
  5: 'folder',
  6: 'pipe',
};

export interface Member {
  name: string;
  kind: Kind;
  bytes: number;
  /** of a link: the name that it leads to */
  target: string;
}

/** What is wrong with an archive, as the rest of a sentence. */
export class ArchiveFault extends Error {}

/** What is left of a stream, in pieces of the size that is asked for. */
class Source {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly chunks: AsyncIterator<Buffer>) {}

  /** A piece of at least one byte and at most `most`; nothing at the end. */
  async take(limit: number): Promise<Buffer | undefined> {
    while (this.rest.length === 0) {
      const next = await this.chunks.next();
      if (next.done) return undefined;
      this.rest = next.value;
    }
    const piece = this.rest.subarray(0, limit);
    this.rest = this.rest.subarray(piece.length);
    return piece;
  }

  async *pieces(bytes: number): AsyncGenerator<Buffer> {
    for (let remaining = bytes; remaining > 0;) {
      const piece = await this.take(remaining);
      if (piece === undefined) throw new ArchiveFault('it is cut short');
      remaining -= piece.length;
      yield piece;
    }
  }

  async whole(bytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.pieces(bytes)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async skip(bytes: number): Promise<void> {
    const pieces = this.pieces(bytes);
    while (!(await pieces.next()).done);
  }
}

/**
 * Calls `visit` for each member, in their order; what it does not read of the content is passed over.
 * @throws {ArchiveFault}; what `visit` throws and what the stream does
 */
export async function readTar(stream: AsyncIterable<Buffer>, visit: (member: Member, content: AsyncIterable<Buffer>) => unknown): Promise<void> {
  const chunks = stream[Symbol.asyncIterator]();
  try {
    const source = new Source(chunks);
    let further: Partial<Member> = {};
    for (let header = await headerIn(source); header !== undefined; header = await headerIn(source)) {
      const parsedMember = parsed(header);
      const extension = await furtherIn(source, parsedMember);
      if (extension !== undefined) {
        further = { ...further, ...extension };
        continue;
      }
      const member = { ...parsedMember, ...further };
      further = {};
      let unread = member.bytes;
      await visit(
        member,
        counted(source.pieces(member.bytes), (bytes) => (unread -= bytes)),
      );
      await source.skip(unread + paddingOf(member.bytes));
    }
  } finally {
    await chunks.return?.();
  }
}

async function* counted(pieces: AsyncIterable<Buffer>, count: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    count(piece.length);
    yield piece;
  }
}

const paddingOf = (bytes: number): number => (BLOCK - (bytes % BLOCK)) % BLOCK;

/** The next header; nothing at the end, behind which there is nothing but zeros. */
async function headerIn(source: Source): Promise<Buffer | undefined> {
  const first = await source.take(BLOCK);
  if (first === undefined) return undefined;
  const header = Buffer.concat([first, await source.whole(BLOCK - first.length)]);
  if (header.some((byte) => byte !== 0)) return header;
  for (let padding = 0, rest = await source.take(BLOCK); rest !== undefined; rest = await source.take(BLOCK)) {
    padding += rest.length;
    if (padding > MOST_PADDING || rest.some((byte) => byte !== 0)) throw new ArchiveFault('it goes on behind its end');
  }
  return undefined;
}

function parsed(header: Buffer): Member & { type: string } {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (sum !== octal(header, 148, 8)) throw new ArchiveFault('a header is damaged');
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textAt(header, 345, 155) : '';
  const name = textAt(header, 0, NAME_BYTES);
  const type = header.toString('latin1', 156, 157);
  const full = prefix === '' ? name : `${prefix}/${name}`;
  // Before POSIX a folder was a file whose name ends so.
  const kind = KINDS[type] === 'file' && full.endsWith('/') ? 'folder' : (KINDS[type] ?? 'unknown');
  return { name: full, kind, type, bytes: kind === 'file' || kind === 'unknown' ? sizeIn(header) : 0, target: textAt(header, 157, NAME_BYTES) };
}

function textAt(bytes: Buffer, begin: number, length: number): string {
  const text = bytes.subarray(begin, begin + length);
  const end = text.indexOf(0);
  return text.toString('utf8', 0, end < 0 ? length : end);
}

function octal(bytes: Buffer, begin: number, length: number): number {
  const digits = textAt(bytes, begin, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw new ArchiveFault('a header is damaged');
  return Number.parseInt(digits || '0', 8);
}

/** In octal digits, or, from {@link LARGE} on, as a whole number behind a first byte with the highest bit. */
function sizeIn(header: Buffer): number {
  if ((header[124] & 0x80) === 0) return octal(header, 124, 12);
  const size = Number(header.readBigUInt64BE(128));
  if (header[124] !== 0x80 || header.readUIntBE(125, 3) !== 0 || !Number.isSafeInteger(size)) throw new ArchiveFault('a header is damaged');
  return size;
}

/** What a header tells of the next member, if it is such a one: GNU's long names, or records of POSIX. */
async function furtherIn(source: Source, { type, bytes }: { type: string; bytes: number }): Promise<Partial<Member> | undefined> {
  if (!['L', 'K', 'x', 'g'].includes(type)) return undefined;
  if (bytes > MOST_NAME) throw new ArchiveFault('a name is too long');
  const content = await source.whole(bytes);
  await source.skip(paddingOf(bytes));
  if (type === 'g') return {}; // of all members: times, comments
  const text = textAt(content, 0, content.length);
  if (type === 'L') return { name: text };
  return type === 'K' ? { target: text } : recordsIn(content);
}

/** `LENGTH KEY=VALUE`, each with a line break. */
function recordsIn(content: Buffer): Partial<Member> {
  const fields: Partial<Member> = {};
  for (let begin = 0; begin < content.length;) {
    const [head, digits] = /^(\d{1,6}) /.exec(content.toString('latin1', begin, begin + 7)) ?? [];
    const end = begin + Number(digits);
    if (head === undefined || end > content.length || end <= begin + head.length) throw new ArchiveFault('a header is damaged');
    const [, key, value] = /^([^=]+)=(.*)\n$/s.exec(content.toString('utf8', begin + head.length, end)) ?? [];
    if (key === 'path') fields.name = value;
    if (key === 'linkpath') fields.target = value;
    if (key === 'size') fields.bytes = Number(value);
    begin = end;
  }
  if (fields.bytes !== undefined && !(Number.isSafeInteger(fields.bytes) && fields.bytes >= 0)) throw new ArchiveFault('a header is damaged');
  return fields;
}

/** The blocks before the content of a plain file. @param changed - when it was last changed, seconds since 1970 */
export function headerOf(name: string, bytes: number, changed: number): Buffer {
  if (Buffer.byteLength(name) <= NAME_BYTES && bytes < LARGE) return ustar(name, '0', bytes, changed);
  const records = Buffer.from([record('path', name), record('size', String(bytes))].join(''));
  const size = bytes < LARGE ? bytes : 0;
  return Buffer.concat([ustar('further', 'x', records.length, changed), padded(records), ustar('long', '0', size, changed)]);
}

/** Zeros up to whole blocks. */
export const paddingAfter = (bytes: number): Buffer => Buffer.alloc(paddingOf(bytes));

/** The end of an archive. */
export const END = Buffer.alloc(2 * BLOCK);

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, paddingAfter(bytes.length)]);

function record(key: string, value: string): string {
  const text = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(text);
  // The length counts its own digits.
  const length = bytes + String(bytes + String(bytes).length).length;
  return `${length}${text}`;
}

/** Of nobody in particular, for everybody to read. */
function ustar(name: string, type: string, bytes: number, changed: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const putOctal = (value: number, digits: number, begin: number): void => void header.write(`${value.toString(8).padStart(digits, '0')}\0`, begin);
  header.write(name, 0, NAME_BYTES);
  putOctal(0o644, 7, 100);
  putOctal(0, 7, 108);
  putOctal(0, 7, 116);
  putOctal(bytes, 11, 124);
  putOctal(changed, 11, 136);
  header.write(`${' '.repeat(8)}${type}`, 148);
  header.write('ustar\x0000', 257);
  putOctal(
    header.reduce((sum, byte) => sum + byte),
    6,
    148,
  );
  return header;
}
