/**
 * The input files of a run by their hashes. A run that takes hours reads its inputs again and again: one that is written to meanwhile would be read half as
 * it was and half as it is, with results that belong to no input at all. Each file is hashed once for as long as the file system says that it is the same.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { DataError } from '../errors';

export interface InputFile {
  path: string;
  bytes: number;
  sha256: string;
}

interface Known {
  file: InputFile;
  /** device, number, size and times of change when it was hashed */
  state: string;
}

export class InputHashes {
  private readonly known = new Map<string, Known>();

  /**
   * Size and SHA-256 of a file.
   * @throws {DataError} `FILE_MISSING`; `FILE_UNREADABLE`; `INPUT_CHANGED` if the run has seen it with other contents
   */
  async describe(path: string): Promise<InputFile> {
    const before = this.known.get(path);
    const state = stateOf(path);
    if (before?.state === state) return before.file;
    const file = { path, bytes: statSync(path).size, sha256: await sha256(path) };
    if (before && before.file.sha256 !== file.sha256) {
      throw new DataError(
        'INPUT_CHANGED',
        `${path}: the file has changed while the run was at work: run again once it is as it shall be; stages that read it before begin anew`,
      );
    }
    this.known.set(path, { file, state });
    return file;
  }
}

/** @throws {DataError} `FILE_MISSING`, `FILE_UNREADABLE` */
function stateOf(path: string): string {
  if (!existsSync(path)) throw new DataError('FILE_MISSING', `${path}: no such file: check the path in the case`);
  const state = statSync(path, { bigint: true });
  if (!state.isFile()) throw unreadable(path, 'it is no file');
  const { dev, ino, size, mtimeNs, ctimeNs } = state;
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function unreadable(path: string, why: string, cause?: unknown): DataError {
  return new DataError('FILE_UNREADABLE', `${path}: cannot be read (${why}): give a file, and check its permissions`, { cause });
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
