import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../base/errors';
import { loadCase, type Case } from '..';

/** A temporary folder, as long as the tests of a file run, with one case file. */
export class CaseFolder {
  path = '';

  constructor() {
    beforeAll(() => (this.path = mkdtempSync(join(tmpdir(), 'case-'))));
    afterAll(() => rmSync(this.path, { recursive: true }));
  }

  /** @returns the file's path */
  write(text: string): string {
    const path = join(this.path, 'case.yaml');
    writeFileSync(path, text);
    return path;
  }

  load(text: string, overrides: string[] = []): Case {
    return loadCase(this.write(text), overrides);
  }

  /** Why the case is refused. @throws {Error} if it is not */
  failure(text: string, overrides: string[] = []): ConfigError {
    try {
      this.load(text, overrides);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return error as ConfigError;
    }
    throw new Error('the case was accepted');
  }
}
