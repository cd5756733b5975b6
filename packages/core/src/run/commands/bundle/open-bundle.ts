/**
 * A bundle unpacked. It comes from somebody else: all that it holds is looked at before anything is written, and only what its description names is: plain
 * files with plain names, of the sizes that it tells, as new files of whoever unpacks it.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../../files/checkpoint';
import { folderToBe, makeFolder, megabytes, writeFailure } from '../../../files/disk';
import { ConfigError, DataError } from '../../../base/errors';
import { sha256, type InputFile } from '../../engine/input-hashes';
import { RUN_FILE } from '../../../case';
import { contentOf, isPlainName, readArchive, whatIsThere } from './archive';
import { BUNDLE_FILE, type Bundle } from './bundle';
import { ArchiveFault, type Member } from './tar';

/** In the folder of a reproduction: of which bundle it is. */
const MARK = 'bundle.sha256';

/** Bytes of a description or of `run.json`. */
export const MOST_TEXT = 2 ** 28;

const MOST_MEMBERS = 1e6;

const KIND_WORDS = { 'hard link': 'a link', link: 'a link', device: 'a device', pipe: 'a pipe', unknown: 'neither a file nor a folder' };

/** What a bundle holds, checked, and not yet unpacked. */
interface Contents {
  bundle: Bundle;
  /** files by their name in the archive */
  members: Map<string, Member>;
  bytes: number;
}

function corrupt(file: string, fault: string, cause?: unknown): DataError {
  return new DataError('BUNDLE_CORRUPT', `${file}: ${fault}: it is no bundle or is damaged: copy or make it again`, { cause });
}

/**
 * Unpacks a bundle into `out/bundle`, or takes what an earlier call has unpacked; checks every byte that it packs. A copy that has been damaged since is
 * unpacked again. Where it ends early, what it has made goes, or is made again by the next call.
 *
 * @param agree - is asked before anything is written, and throws where it is not to be
 * @throws {DataError} `FILE_MISSING`, `BUNDLE_CORRUPT`, `DISK_FULL` and what else keeps files from being written
 * @throws {ConfigError} `REPRODUCE_FOLDER`
 */
export async function openBundle(file: string, out: string, agree: (bundle: Bundle) => void): Promise<{ bundle: Bundle; folder: string }> {
  const folder = join(out, 'bundle');
  if (!existsSync(file)) throw new DataError('FILE_MISSING', `${file}: no such file: give a bundle, as "retroplume bundle" writes it`);
  if (!statSync(file).isFile())
    throw new DataError(
      'BUNDLE_CORRUPT',
      `${file}: expected a file but received ${whatIsThere(file)}: give a bundle, as "retroplume bundle" writes it`,
    );
  const digest = await sha256(file);
  const mark = join(out, MARK);
  const isOurs = existsSync(mark) && readFileSync(mark, 'utf8') === digest;
  // One that was killed before it had written its mark has left a folder without anything.
  if (!isOurs && existsSync(out) && !(statSync(out).isDirectory() && readdirSync(out).every((name) => name === `${MARK}.tmp`))) {
    throw new ConfigError('REPRODUCE_FOLDER', `${out}: the folder is there and not of this bundle: give a new one with --out`);
  }
  const unpacked = isOurs ? await readUnpacked(folder) : 'nothing is unpacked';
  if (typeof unpacked !== 'string') {
    agree(unpacked);
    return { bundle: unpacked, folder };
  }
  const contents = await contentsOf(file, roomFor(out));
  agree(contents.bundle);
  const isNew = !existsSync(out);
  makeFolder(out);
  if (!isOurs) writeFileAtomic(mark, digest);
  try {
    const bundle = await unpack(file, contents, folder);
    agree(bundle); // the file may have been changed since it was asked
    return { bundle, folder };
  } catch (cause) {
    if (!isOurs) rmSync(isNew ? out : mark, { recursive: true, force: true });
    throw cause;
  }
}

/** @returns refuses more bytes than there is room for in a folder, which need not be there */
function roomFor(out: string): (bytes: number) => void {
  const { bavail, bsize } = statfsSync(folderToBe(out));
  const free = bavail * bsize;
  return (bytes) => {
    if (bytes <= free) return;
    const text = `${out}: the bundle needs ${megabytes(bytes)} and ${megabytes(free)} are free: make room or choose another folder with --out`;
    throw new DataError('DISK_FULL', text);
  };
}

/** Reads FILE to its end, or to the first that is not as it should be. */
async function contentsOf(file: string, room: (bytes: number) => void): Promise<Contents> {
  const list = new ContentsList(file, room);
  await reading(file, (member, content) => list.add(member, content));
  return list.whole();
}

async function reading(file: string, visit: Parameters<typeof readArchive>[1]): Promise<void> {
  try {
    await readArchive(file, visit);
  } catch (cause) {
    throw cause instanceof ArchiveFault ? corrupt(file, `cannot be unpacked (${cause.message})`, cause) : cause;
  }
}

class ContentsList {
  private top?: string;
  private bundle?: Bundle;
  /** bytes that the description tells of each file */
  private listed = new Map<string, number>();
  private readonly members = new Map<string, Member>();
  private readonly folders = new Set<string>();
  private bytes = 0;

  constructor(
    private readonly file: string,
    private readonly room: (bytes: number) => void,
  ) {}

  async add(member: Member, content: AsyncIterable<Buffer>): Promise<void> {
    const { name, kind } = member;
    const path = kind === 'folder' ? name.replace(/\/$/, '') : name;
    this.checkName(path, kind === 'folder');
    if (kind === 'folder') return void this.folders.add(path);
    const target = kind === 'hard link' ? this.members.get(member.target) : undefined;
    if (kind !== 'file' && !target) throw this.fault(`holds ${quoted(name)}, which is ${KIND_WORDS[kind]}`);
    if (this.members.has(name)) throw this.fault(`holds ${quoted(name)} twice`);
    const { bytes } = target ?? member;
    this.members.set(name, { ...member, bytes });
    if (this.members.size > MOST_MEMBERS) throw this.fault(`holds more than ${MOST_MEMBERS} files`);
    if (name === `${this.top}/${BUNDLE_FILE}`) await this.describe(bytes, content);
    else if (this.bundle) this.checkTold(name);
    this.bytes += bytes;
    this.room(this.bytes);
  }

  /** @throws {DataError} where something is missing, or two things cannot be together */
  whole(): Contents {
    const { bundle, members, bytes } = this;
    if (!bundle) throw this.fault(`holds no ${BUNDLE_FILE}`);
    for (const name of this.listed.keys())
      if (!members.has(name) && !name.endsWith(`/${RUN_FILE}`)) throw this.fault(`${name.split('/').slice(2).join('/')} is missing`);
    for (const name of members.keys()) for (let folder = dirname(name); folder !== '.'; folder = dirname(folder)) this.folders.add(folder);
    for (const name of members.keys()) if (this.folders.has(name)) throw this.fault(`holds ${quoted(name)} as a file and as a folder`);
    return { bundle, members, bytes };
  }

  private checkName(name: string, isFolder: boolean): void {
    const [top] = name.split('/');
    if (isPlainName(isFolder ? `${name}/x` : name) && top === (this.top ?? top)) return void (this.top = top);
    const place = this.top === undefined ? 'the one folder that it should hold' : `its folder ${this.top}`;
    throw this.fault(`holds the name ${quoted(name)}, which is no plain path below ${place}`);
  }

  private async describe(bytes: number, content: AsyncIterable<Buffer>): Promise<void> {
    if (bytes > MOST_TEXT) throw this.fault(`its ${BUNDLE_FILE} is not whole`);
    const bundle = bundleIn((await contentOf(content)).toString('utf8'));
    if (typeof bundle === 'string') throw this.fault(bundle);
    this.bundle = bundle;
    const { files, inputs } = bundle;
    for (const { path, packed, bytes: size } of files) if (packed) this.listed.set(`${this.top}/run/${path}`, size);
    for (const { path, packed, bytes: size } of inputs) if (packed) this.listed.set(`${this.top}/inputs${path}`, size);
    for (const name of this.members.keys()) if (name !== `${this.top}/${BUNDLE_FILE}`) this.checkTold(name);
  }

  private checkTold(name: string): void {
    const { bytes } = this.members.get(name)!;
    if (name === `${this.top}/${RUN_FILE}` && bytes <= MOST_TEXT) return;
    const listedBytes = this.listed.get(name);
    if (listedBytes === undefined) throw this.fault(`holds ${quoted(name)}, which its ${BUNDLE_FILE} does not name`);
    if (listedBytes !== bytes) throw this.fault(`${quoted(name)} has ${bytes} bytes, and its ${BUNDLE_FILE} tells of ${listedBytes}`);
  }

  private fault(sentence: string): DataError {
    return corrupt(this.file, sentence);
  }
}

const quoted = (name: string): string => JSON.stringify(name);

/** Into a new folder beside `folder`, which then takes its place. */
async function unpack(file: string, { members }: Contents, folder: string): Promise<Bundle> {
  const fresh = `${folder}.new`;
  try {
    rmSync(fresh, { recursive: true, force: true });
    makeNew(fresh);
    await reading(file, (member, content) => write(file, member, content, { members, fresh }));
    const bundle = await readUnpacked(fresh);
    if (typeof bundle === 'string') throw corrupt(file, bundle);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
    return bundle;
  } catch (cause) {
    rmSync(fresh, { recursive: true, force: true });
    throw cause;
  }
}

/** @throws {DataError} also where something has taken its place at the same moment */
function makeNew(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (cause) {
    throw writeFailure(folder, 0, cause);
  }
}

async function write(
  file: string,
  { name, kind, target }: Member,
  content: AsyncIterable<Buffer>,
  { members, fresh }: Pick<Contents, 'members'> & { fresh: string },
): Promise<void> {
  if (kind === 'folder') return;
  const pathOf = (member: string): string => join(fresh, ...member.split('/').slice(1));
  const listedMember = members.get(name);
  if (listedMember?.kind !== kind || listedMember.target !== target) throw corrupt(file, 'changed while it was unpacked');
  const path = pathOf(name);
  makeFolder(dirname(path));
  const writing = <T>(call: () => T): T => {
    try {
      return call();
    } catch (cause) {
      throw writeFailure(path, listedMember.bytes, cause);
    }
  };
  if (kind !== 'file') return writing(() => copyFileSync(pathOf(target), path, constants.COPYFILE_EXCL));
  const output = writing(() => openSync(path, 'wx'));
  try {
    for await (const piece of content) for (let written = 0; written < piece.length;) written += writing(() => writeSync(output, piece, written));
  } finally {
    closeSync(output);
  }
}

/** What a bundle says of itself, or what is wrong with the unpacked copy. */
async function readUnpacked(folder: string): Promise<Bundle | string> {
  const path = join(folder, BUNDLE_FILE);
  if (!existsSync(path)) return `holds no ${BUNDLE_FILE}`;
  if (!statSync(path).isFile()) return `its ${BUNDLE_FILE} cannot be read`;
  const bundle = bundleIn(readFileSync(path, 'utf8'));
  if (typeof bundle === 'string') return bundle;
  for (const { path: name, packed, ...expected } of bundle.files) {
    if (!packed) continue;
    const unpacked = join(folder, 'run', name);
    if (!existsSync(unpacked) || !statSync(unpacked).isFile()) return `${name} is missing`;
    if ((await sha256(unpacked)) !== expected.sha256) return `${name} is not what its hash says`;
  }
  return bundle;
}

/** A description from its text, or what is wrong with it. */
export function bundleIn(text: string): Bundle | string {
  let bundle: Partial<Bundle> | null;
  try {
    bundle = JSON.parse(text) as Partial<Bundle> | null;
  } catch {
    return `its ${BUNDLE_FILE} cannot be read`;
  }
  const { format, run, files, inputs } = bundle ?? {};
  if (format !== undefined && format !== 1) return `its format ${String(format)} is not known`;
  return isWhole({ run, files, inputs }) ? (bundle as Bundle) : `its ${BUNDLE_FILE} is not whole`;
}

/** Whether what everything begins with is there: nothing else vouches for this file itself. */
function isWhole({ run, files, inputs }: { run: unknown; files: unknown; inputs: unknown }): boolean {
  const hasText = (record: unknown, ...keys: string[]): boolean =>
    typeof record === 'object' && record !== null && keys.every((key) => typeof (record as Record<string, unknown>)[key] === 'string');
  const areRight = (list: unknown, isRight: (entry: InputFile & { packed: boolean }) => boolean): boolean =>
    Array.isArray(list) && list.every((entry) => hasText(entry, 'path', 'sha256') && isRight(entry as InputFile & { packed: boolean }));
  const { versions, case: settings } = (run ?? {}) as Partial<Bundle['run']>;
  return (
    [versions, settings].every((part) => typeof part === 'object' && part !== null) &&
    areRight(files, (entry) => hasText(entry, 'stage') && isPlainName(`run/${entry.path}`)) &&
    (files as unknown[]).length > 0 &&
    areRight(inputs, ({ path, packed }) => !packed || (path.startsWith('/') && isPlainName(`inputs${path}`)))
  );
}
