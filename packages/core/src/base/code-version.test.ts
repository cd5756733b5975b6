import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeName, nameOfCode, programHash } from './code-version';
import { VERSIONS } from './process';

const COMMIT = 'd3b6581dc32467b309a90d57b8577bdaddb238c4';

it('names a commit as it is, and with changes since or without one the program by a hash', () => {
  const hash = (): string => '0123456789abcdef';
  const never = (): string => {
    throw new Error('a commit says all');
  };
  expect(nameOfCode(COMMIT, never)).toBe(COMMIT);
  expect(nameOfCode(`${COMMIT}-dirty`, hash)).toBe(`${COMMIT}-dirty, program 0123456789abcdef`);
  expect(nameOfCode(null, hash)).toBe(`version ${VERSIONS.retroplume}, program 0123456789abcdef`);
  expect(codeName()).toMatch(/^([0-9a-f]{40}$|([0-9a-f]{40}-dirty|version \S+), program [0-9a-f]{16}$)/);
  expect(codeName()).toBe(codeName());
});

it('hashes scripts with their paths, wherever they lie, and nothing else', () => {
  const folders = ['a', 'b'].map((name) => mkdtempSync(join(tmpdir(), `code-${name}-`)));
  try {
    for (const folder of folders) {
      mkdirSync(join(folder, 'sub'));
      writeFileSync(join(folder, 'one.js'), '1');
      writeFileSync(join(folder, 'sub/two.cjs'), '2');
    }
    const [a, b] = folders;
    expect(programHash(a)).toBe(programHash(b));
    writeFileSync(join(b, 'one.js.map'), 'map');
    expect(programHash(a)).toBe(programHash(b));
    writeFileSync(join(b, 'sub/two.cjs'), '3');
    expect(programHash(a)).not.toBe(programHash(b));
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true });
  }
});
