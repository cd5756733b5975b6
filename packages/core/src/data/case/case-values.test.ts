import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../errors';
import { loadCase } from './index';
import { TINY_CASE } from './testing/tiny-case';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'case-values-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is said about the tiny case with a change; nothing if it is taken. */
function said(from: string, to: string): string {
  const path = join(folder, 'case.yaml');
  expect(TINY_CASE).toContain(from);
  writeFileSync(path, TINY_CASE.replace(from, to));
  try {
    loadCase(path);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
}

test.each(['2026-02-29T00', '2026-02-30T00', '2026-04-31T12', '2026-01-05T24', '2026-00-01T00'])('a start that does not exist: %s', (start) => {
  const message = said('2026-01-05T00:00:00Z', `${start}:00:00Z`);
  expect(message).toBe(`${join(folder, 'case.yaml')}:4: periods.0.start: expected a date and hour that exist but received "${start}:00:00Z"`);
});

test.each(['2024-02-29T00:00:00Z', '2026-12-31T23:00:00.000Z'])('a start that exists: %s', (start) => {
  expect(said('2026-01-05T00:00:00Z', start)).toBe('');
});
