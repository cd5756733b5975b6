import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readGriddesc } from '../grid/griddesc';
import { inspectCsv } from '../files/tables/table-files';
import { readSource } from './source';

const folder = mkdtempSync(join(tmpdir(), 'source-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TEXT = 'description: "München"\n';

test.each([
  ['Latin-1', Buffer.from(TEXT, 'latin1'), 'the text is not UTF-8: convert it, for example with iconv -f GB18030'],
  ['UTF-16 with its mark', Buffer.from(`\ufeff${TEXT}`, 'utf16le'), 'the text is UTF-16: convert it, for example with iconv -f UTF-16 '],
  ['UTF-16 without one', Buffer.from(TEXT, 'utf16le'), 'the text is UTF-16LE: convert it'],
])('a case file in %s is refused', (_, bytes, sentence) => {
  const path = join(folder, 'case.yaml');
  writeFileSync(path, bytes);
  expect(() => readSource(path, [])).toThrow(
    expect.objectContaining({ code: 'FILE_ENCODING', message: expect.stringContaining(`${path}: ${sentence}`) as string }) as Error,
  );
});

test.each(['', '\ufeff'])('UTF-8 is read, with its mark and without: "%s"', (mark) => {
  const path = join(folder, 'case.yaml');
  writeFileSync(path, mark + TEXT);
  expect(readSource(path, []).values).toEqual({ description: 'München' });
});

test('--set on an alias changes neither its anchor nor another alias', () => {
  const path = join(folder, 'case.yaml');
  writeFileSync(path, 'a: &s\n  NOx: 0.5\n  list: [{ b: 1 }]\nb: *s\nc: { d: *s }\n');
  const as = (NOx: number, b = 1): object => ({ NOx, list: [{ b }] });
  expect(readSource(path, ['b.NOx=0.9', 'c.d.list.0.b=2']).values).toEqual({ a: as(0.5), b: as(0.9), c: { d: as(0.5, 2) } });
  expect(readSource(path, ['a.NOx=0.9']).values).toEqual({ a: as(0.9), b: as(0.5), c: { d: as(0.5) } });
});

test('--set takes settings of the reference model by the names that they have in the file', () => {
  const path = join(folder, 'case.yaml');
  writeFileSync(path, 'ctm: { kind: reference, options: { background.O3: 38, windTurn: 5 } }\nruns: [{ name: winds }]\n');
  const overrides = ['ctm.options.background.O3=50', 'ctm.options.stackShare.PM2.5=0.2', 'runs.0.options.weatherFactor.wind=1.2'];
  const source = readSource(path, overrides);
  expect(source.values).toEqual({
    ctm: { kind: 'reference', options: { 'background.O3': 50, windTurn: 5, 'stackShare.PM2.5': 0.2 } },
    runs: [{ name: 'winds', options: { 'weatherFactor.wind': 1.2 } }],
  });
  expect(source.whereIs(['ctm', 'options', 'background.O3'])).toBe(`--set ${overrides[0]}`);
});

// Nobody ever writes into it: whoever reads would wait for ever.
test('a named pipe is no file', async () => {
  const pipe = (name: string): string => {
    execFileSync('mkfifo', [join(folder, name)]);
    return join(folder, name);
  };
  const refused = (code: string): Error =>
    expect.objectContaining({ code, message: expect.stringContaining('cannot be read (it is no file)') as string }) as Error;
  expect(() => readSource(pipe('case'), [])).toThrow(refused('CASE_FILE_MISSING'));
  expect(() => readGriddesc(pipe('GRIDDESC'))).toThrow(refused('GRIDDESC_MISSING'));
  await expect(inspectCsv(pipe('table.csv'))).rejects.toThrow(refused('FILE_UNREADABLE'));
  await expect(inspectCsv(pipe('table.csv.gz'))).rejects.toThrow(refused('FILE_UNREADABLE'));
});

test.each([
  ['name: x\na: &a\n  b: *a\n', 3, 'a'],
  ['a: &deep [1, { c: [*deep] }]\n', 1, 'deep'],
  ['a: &a\n  b: &b [*a]\n  c: *b\n', 2, 'a'],
])('an alias inside what it names has no end: %j', (text, line, name) => {
  const path = join(folder, 'case.yaml');
  writeFileSync(path, text);
  expect(() => readSource(path, [])).toThrow(
    expect.objectContaining({
      code: 'CASE_SYNTAX',
      message: `${path}:${line}: *${name} stands inside what it names, a value without end: write the value out in its place; text that begins with * needs quotes`,
    }) as Error,
  );
});

test('nor has one on the command line', () => {
  const path = join(folder, 'case.yaml');
  writeFileSync(path, 'name: x\n');
  expect(() => readSource(path, ['a=&a {b: *a}'])).toThrow(expect.objectContaining({ code: 'CASE_OVERRIDE' }) as Error);
  expect(readSource(path, ['a={b: &b [1], c: *b}']).values).toEqual({ name: 'x', a: { b: [1], c: [1] } });
});
