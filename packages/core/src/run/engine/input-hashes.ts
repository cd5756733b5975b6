/**
 * The input files of a run by their hashes. A run that takes hours reads its inputs again and again: one that is written to meanwhile would be read half as
 * it was and half as it is, with results that belong to no input at all. Each file is hashed once for as long as the file system says that it is the same, by
 * several processes too where a run folder keeps the hashes: a case may bring runs of hundreds of gigabytes.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeSharedFile } from '../../files/checkpoint';
import { readJson } from '../../files/json';
import { DataError } from '../../base/errors';

export interface InputFile {
  path: string;
  bytes: number;
  sha256: string;
}

interface Known {
  file: InputFile;
  /** number, size and times of change when it was hashed */
  state: string;
  /** whether another change since then would have told by its times */
  settled: boolean;
  /** not seen with these contents in this run */
  unchecked?: true;
}

/** In a run folder. */
export const HASHES_FILE = 'input-hashes.json';

/** Bytes of inputs below which hashes are not worth keeping. */
const WORTH_KEEPING = 2 ** 26;

/** A file that was changed so shortly before it was hashed may be changed again without its times telling. */
const SETTLED_MS = 2000;

export class InputHashes {
  private readonly entries = new Map<string, Known>();
  /** paths that were refused, as their contents have changed */
  readonly changed = new Set<string>();
  /** bytes hashed since the hashes were kept */
  private hashed = 0;

  /** @param keptIn - a file that keeps hashes from one process to the next */
  constructor(
    private readonly keptIn?: string,
    private readonly worthKeeping = WORTH_KEEPING,
  ) {
    for (const { state, ...file } of keptIn === undefined ? [] : readKept(keptIn))
      this.entries.set(file.path, { file, state, settled: true, unchecked: true });
  }

  /**
   * Size and SHA-256 of a file.
   * @throws {DataError} `FILE_MISSING`; `FILE_UNREADABLE`; `INPUT_CHANGED` if the run has seen it with other contents
   */
  async describe(path: string): Promise<InputFile> {
    const entry = this.entries.get(path);
    const { state, settled, bytes } = stateOf(path);
    if (entry?.state === state) {
      delete entry.unchecked;
      return entry.file;
    }
    const file = { path, bytes, sha256: await sha256(path) };
    if (entry && !entry.unchecked && entry.file.sha256 !== file.sha256) {
      this.changed.add(path);
      throw new DataError(
        'INPUT_CHANGED',
        `${path}: the file has changed while the run was at work: run again once it is as it shall be; stages that read it before begin anew`,
      );
    }
    this.entries.set(path, { file, state, settled });
    if (settled) this.hashed += file.bytes;
    return file;
  }

  /**
   * That all files are what they were when the run first saw them.
   * @throws {DataError} as {@link describe}
   */
  async expectUnchanged(): Promise<void> {
    for (const [path, { unchecked }] of this.entries) if (!unchecked) await this.describe(path);
  }

  /** Bytes of files that {@link describe} would have to read. */
  bytesToRead(paths: readonly string[]): number {
    return paths.reduce((sum, path) => {
      if (!existsSync(path)) return sum;
      const { state, bytes } = stateOf(path);
      return this.entries.get(path)?.state === state ? sum : sum + bytes;
    }, 0);
  }

  /** Writes the hashes for the next process, where there is a folder for them and many bytes are new. */
  keep(): void {
    const { keptIn, hashed, worthKeeping, entries } = this;
    if (keptIn === undefined || hashed < worthKeeping || !existsSync(dirname(keptIn))) return;
    this.hashed = 0;
    const right = [...entries].filter(([path, { state, settled }]) => settled && existsSync(path) && stateOf(path).state === state);
    const hashes = right.map(([, { state, file }]): KeptHash => ({ ...file, state }));
    try {
      writeSharedFile(keptIn, JSON.stringify({ hashes }));
    } catch (cause) {
      // They only spare time: a full disk, or a folder that may only be read, is told by what needs it.
      if (!(cause instanceof DataError)) throw cause;
    }
  }
}

type KeptHash = InputFile & { state: string };

function readKept(path: string): KeptHash[] {
  if (!existsSync(path)) return [];
  try {
    return readJson<{ hashes: KeptHash[] }>(path, { keys: { hashes: 'array' }, remedy: 'remove it' }).hashes;
  } catch (cause) {
    if (cause instanceof DataError) return []; // hashed anew
    throw cause;
  }
}

/** @throws {DataError} `FILE_MISSING`, `FILE_UNREADABLE` */
function stateOf(path: string): { state: string; settled: boolean; bytes: number; changed: number } {
  if (!existsSync(path)) throw new DataError('FILE_MISSING', `${path}: no such file: check the path in the case`);
  const state = statSync(path, { bigint: true });
  if (!state.isFile()) throw unreadable(path, 'it is no file');
  const { ino, size, mtimeNs, ctimeNs, ctimeMs } = state;
  const changed = Number(ctimeMs);
  return { state: [ino, size, mtimeNs, ctimeNs].join(' '), settled: Date.now() - changed > SETTLED_MS, bytes: Number(size), changed };
}

function unreadable(path: string, reason: string, cause?: unknown): DataError {
  return new DataError('FILE_UNREADABLE', `${path}: cannot be read (${reason}): give a file, and check its permissions`, { cause });
}

/** SHA-256 of a file of any size, as hexadecimal digits. @throws {DataError} `FILE_UNREADABLE` */
export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  } catch (cause) {
    throw unreadable(path, (cause as Error).message, cause);
  }
  return hash.digest('hex');
}

/** Of files that this process has hashed what they hold, by their paths, for as long as the file system says that they are the same. */
const hashed = new Map<string, { state: string; sha256: string }>();

/** Times of change tell apart what is longer apart than this. */
const TICK_MS = 20;

/**
 * {@link sha256}, which reads a file once a process.
 * @param expected - a file that holds something else is remembered, too, that was written a moment ago
 */
export async function contentSum(path: string, expected?: string): Promise<string> {
  const knownHash = knownSum(path);
  if (knownHash !== undefined) return knownHash;
  const { state } = stateOf(path);
  const sum = await sha256(path);
  const { state: newState, changed } = stateOf(path);
  if (newState === state && (Date.now() - changed > TICK_MS || (expected !== undefined && sum !== expected)))
    hashed.set(path, { state, sha256: sum });
  return sum;
}

/** What {@link contentSum} has found, without reading; undefined where it has not, or the file has changed since. */
export function knownSum(path: string): string | undefined {
  const entry = hashed.get(path);
  return entry && existsSync(path) && stateOf(path).state === entry.state ? entry.sha256 : undefined;
}
