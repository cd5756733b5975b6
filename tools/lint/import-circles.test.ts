import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(__dirname, '../..');
const folders: string[] = [];

afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** Writes files below `packages` of a new folder and lints them with one rule. @returns the messages by file, of files with messages */
function lint(rule: 'importCircles' | 'folderSize', files: Record<string, string>): Record<string, string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-circles-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'packages', path)), { recursive: true });
    writeFileSync(join(folder, 'packages', path), text);
  }
  const script = `
    import { Linter } from 'eslint';
    import tseslint from 'typescript-eslint';
    import * as rules from './tools/lint/import-circles.mjs';
    const config = { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser }, plugins: { own: { rules } }, rules: { 'own/${rule}': 'error' } };
    const linter = new Linter({ cwd: ${JSON.stringify(folder)} });
    const told = Object.entries(${JSON.stringify(files)}).map(([path, text]) =>
      [path, linter.verify(text, config, { filename: ${JSON.stringify(`${folder}/packages/`)} + path }).map((m) => m.message)]);
    console.log(JSON.stringify(Object.fromEntries(told.filter(([, messages]) => messages.length > 0))));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' })) as Record<
    string,
    string[]
  >;
}

it.each([
  ['a value', `import { a } from './a';`],
  ['a type', `import type { A } from './a';`],
  ['a type among values', `import { other } from './c'; import { type A } from './a';`],
  ['what it hands on', `export { a } from './a';`],
  ['types that it hands on', `export type * from './a';`],
  ['a type in place', `export const b = (a: import('./a').A) => a;`],
  ['a module when it is called', `export const b = async () => (await import('./a')).a;`],
  ['a module by its compiled name', `export const b = async () => (await import('./a.js')).a;`],
  ['a call of require', `const { a } = require('./a');`],
])('finds a circle where a file imports %s', (_, text) => {
  const files = { 'core/src/room/a.ts': `import { b } from '../b';\nexport const a = b;`, 'core/src/b.ts': text.replaceAll('./a', './room/a') };
  expect(lint('importCircles', files)).toEqual({
    'core/src/room/a.ts': ['a circle of imports: room/a.ts → b.ts → room/a.ts'],
    'core/src/b.ts': ['a circle of imports: b.ts → room/a.ts → b.ts'],
  });
});

it('finds circles of one and of several files, through an index and in each package, and tells no other file', () => {
  const told = lint('importCircles', {
    'cli/src/own.ts': `import type { Own } from './own';`,
    'cli/src/outside.ts': `import './own'; import './room/index';`,
    'native/src/first.ts': `import { second } from './second';`,
    'native/src/second.ts': `export * from './third';`,
    'native/src/third/index.ts': `import type { First } from '../first';`,
  });
  expect(told).toEqual({
    'cli/src/own.ts': ['a circle of imports: own.ts → own.ts'],
    'native/src/first.ts': ['a circle of imports: first.ts → second.ts → third/index.ts → first.ts'],
    'native/src/second.ts': ['a circle of imports: second.ts → third/index.ts → first.ts → second.ts'],
    'native/src/third/index.ts': ['a circle of imports: third/index.ts → first.ts → second.ts → third/index.ts'],
  });
});

it('allows two ways to one file, tests, and text that only looks like an import', () => {
  const files = {
    'core/src/a.ts': `import { b } from './b'; import { c } from './c'; import '@retroplume/core';`,
    'core/src/b.ts': `import { c } from './c';\n// import { a } from './a';\nexport const b = "import { a } from './a'";`,
    'core/src/c.ts': `import { join } from 'node:path';`,
    'core/src/a.test.ts': `import { a } from './a';`,
    'tools/a.ts': `import { a } from './a';`,
  };
  expect(lint('importCircles', files)).toEqual({});
});

it('lets a folder of core hold 15 source files, beside tests and folders', () => {
  const files = (folder: string, count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${folder}/file-${String.fromCharCode(97 + i)}.ts`, '']));
  expect(
    lint('folderSize', {
      ...files('core/src/full', 16),
      ...files('core/src/right', 15),
      'core/src/right/file-a.test.ts': '',
      'core/src/right/below/file.ts': '',
      ...files('core/src/right/testing', 16),
      ...files('cli/src', 16),
    }),
  ).toEqual({ 'core/src/full/file-p.ts': ['full holds 16 source files, more than 15: give some a folder'] });
});
