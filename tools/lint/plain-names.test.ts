import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../..');

function messagesOf(text: string): string[] {
  const script = `
    import { Linter } from 'eslint';
    import tseslint from 'typescript-eslint';
    import { plainNames } from './tools/lint/plain-names.mjs';
    const config = { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser }, plugins: { lint: { rules: { plainNames } } }, rules: { 'lint/plainNames': 'error' } };
    console.log(JSON.stringify(new Linter().verify(${JSON.stringify(text)}, config, { filename: 'a.ts' }).map(({ message }) => message)));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' })) as string[];
}

it.each([
  ['a variable', 'const own = 1;'],
  ['a parameter', 'export const f = (each: number) => each;'],
  ['a parameter with a default', 'export function f(at = 1) { return at; }'],
  ['a function', 'function of() {}'],
  ['the rest', 'export function f(...others: number[]) { return others; }'],
  ['a part of a list', 'const [found] = [1];'],
  ['a new name for a key', 'const { station: what } = { station: 1 };'],
  ['a parameter of a method', 'class A { f(into: number) { return into; } }'],
])('refuses %s', (_, text) => {
  expect(messagesOf(text)).toEqual([expect.stringContaining('says nothing by itself')]);
});

it('leaves keys of objects, what is taken out under its key, and names that hold such a word', () => {
  expect(messagesOf('const { from, to } = { from: 1, to: 2 }; const foundHours = from + to; interface A { kept: number }')).toEqual([]);
});
