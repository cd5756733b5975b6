import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expandGlob } from '../glob';
import { describeWhere } from '../../../../../test/testing/describe-where';

/** Real files that may not be copied into the repository; tests that need them are skipped, and say so, where they are missing. */
export const sharedData = process.env.RETROPLUME_TEST_DATA ?? join(__dirname, '..', '..', '..', '..', '..', '..', 'shared', 'data');

/** Tests that read real files. */
export function describeShared(title: string, body: () => void): void {
  describeWhere(existsSync(sharedData), `no test data at ${sharedData}`, title, body);
}

/** The one file that matches. */
export const sharedFile = (pattern: string): string => expandGlob(join(sharedData, pattern))[0];

/** A folder that every test finds empty; its path is known only while a test runs. */
export function temporaryFolder(): { path: string } {
  const folder = { path: '' };
  beforeEach(() => (folder.path = mkdtempSync(join(tmpdir(), 'retroplume-'))));
  afterEach(() => rmSync(folder.path, { recursive: true, force: true }));
  return folder;
}

/** Matches a RetroplumeError by code, exit code and whole message. */
export const failure = (code: string, message: string, exitCode = 3): Error => expect.objectContaining({ code, message, exitCode }) as Error;
