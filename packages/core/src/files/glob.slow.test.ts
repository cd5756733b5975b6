import { buildSync } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expandGlob } from './glob';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'glob-'));
  for (const name of ['a1.nc', 'a2.nc', 'b1.nc', '.a3.nc']) writeFileSync(join(folder, name), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['a*.nc', ['a1.nc', 'a2.nc']],
  ['[ab]1.nc', ['a1.nc', 'b1.nc']],
  ['[!a]?.nc', ['b1.nc']],
  ['a1.nc', ['a1.nc']],
])('%s', (pattern, names) => {
  expect(expandGlob(join(folder, pattern))).toEqual(names.map((name) => join(folder, name)));
});

it.each([
  ['c*.nc', 'FILES_NONE'],
  ['c.nc', 'FILE_MISSING'],
  ['[z-a]*.nc', 'PATTERN_INVALID'],
])('refuses %s', (pattern, code) => {
  expect(() => expandGlob(join(folder, pattern))).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(pattern) as string }) as Error,
  );
});

it.each(['br [1]', '[z-a]', 'a*', 'what?'])('a folder that is called %s is that folder, and no pattern', (name) => {
  for (const each of [name, 'br 1', 'ab']) mkdirSync(join(folder, each), { recursive: true });
  for (const each of [name, 'br 1', 'ab']) writeFileSync(join(folder, each, 'c1.nc'), '');
  for (const pattern of ['c*.nc', 'c1.nc']) expect(expandGlob(join(folder, name, pattern))).toEqual([join(folder, name, 'c1.nc')]);
});

it('a backslash is a part of a name where there is such a folder or file, and parts a path elsewhere', () => {
  const odd = join(folder, 'runs\\mine');
  mkdirSync(join(odd, 'deeper'), { recursive: true });
  for (const name of ['c1.nc', 'back\\slash.nc']) writeFileSync(join(odd, name), '');
  for (const pattern of ['c*.nc', 'c1.nc', '[c]?.nc']) expect(expandGlob(`${odd}/${pattern}`)).toEqual([join(odd, 'c1.nc')]);
  for (const pattern of ['back\\slash.nc', 'back*.nc']) expect(expandGlob(join(odd, pattern))).toEqual([join(odd, 'back\\slash.nc')]);
  expect(expandGlob(`${folder}\\a*.nc`)).toEqual([join(folder, 'a1.nc'), join(folder, 'a2.nc')]);
});

it("a file whose name is no other file's pattern is that file", () => {
  writeFileSync(join(folder, 'd[1].nc'), '');
  expect(expandGlob(join(folder, 'd[1].nc'))).toEqual([join(folder, 'd[1].nc')]);
  writeFileSync(join(folder, 'd1.nc'), '');
  expect(expandGlob(join(folder, 'd[1].nc'))).toEqual([join(folder, 'd1.nc')]);
});

it('ends soon, however many stars a pattern has', () => {
  writeFileSync(join(folder, 'a'.repeat(200)), '');
  const began = performance.now();
  expect(() => expandGlob(join(folder, `${'a*'.repeat(60)}b`))).toThrow(expect.objectContaining({ code: 'FILES_NONE' }) as Error);
  expect(expandGlob(join(folder, `${'*a'.repeat(100)}*`))).toEqual([join(folder, 'a'.repeat(200))]);
  expect(performance.now() - began).toBeLessThan(1000);
});

it.each([
  ['*', 'x', true],
  ['**', 'xyz', true],
  ['x*', 'x', true],
  ['*x', 'xyx', true],
  ['*xy*z', 'xxyxyaz', true],
  ['*xy*z', 'xxyxya', false],
  ['?', 'xy', false],
  ['??', 'xy', true],
  ['[^a]', 'b', true],
  ['[!a-c]*[0-9]', 'dx7', true],
  ['[!a-c]*[0-9]', 'cx7', false],
  ['(x+).$', '(x+).$', true],
  ['(x+).$', 'xx.', false],
  ['*[', 'x[', true],
])('%s and %s', (pattern, name, fits) => {
  const own = mkdtempSync(join(folder, 'own-'));
  writeFileSync(join(own, name), '');
  const found = (): string[] => expandGlob(join(own, pattern));
  if (fits) expect(found()).toEqual([join(own, name)]);
  else expect(found).toThrow(expect.objectContaining({ code: pattern.startsWith('(') ? 'FILE_MISSING' : 'FILES_NONE' }) as Error);
});

/** Root may read everything, and nobody perhaps not even this clone: the process gets the code as one text. */
const AS_NOBODY = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

it('a folder that may not be read is no folder without files', () => {
  const own = mkdtempSync(join(tmpdir(), 'glob-closed-'));
  try {
    chmodSync(own, 0o755);
    for (const name of ['open', 'closed', 'listed']) {
      mkdirSync(join(own, name));
      writeFileSync(join(own, name, 'a.nc'), '');
    }
    chmodSync(join(own, 'closed'), 0o300); // may be passed through
    chmodSync(join(own, 'listed'), 0o644); // has names, and no files
    const [{ text: glob }] = buildSync({ entryPoints: [join(__dirname, 'glob.ts')], bundle: true, platform: 'node', write: false }).outputFiles;
    const program = `${glob}
      for (const pattern of ['*/*.nc', 'closed/a*', 'listed/a.nc', 'open/*.nc', 'o*/*'])
        try { console.log(expandGlob(pattern).join()); } catch ({ code, message }) { console.log(code + ' ' + message); }`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-'], {
      input: program,
      cwd: own,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
      ...AS_NOBODY,
    });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(
        /^FOLDER_UNREADABLE \*\/\*\.nc: the folder closed cannot be read, and what matches in it would be left out \(EACCES: .*\): ask for/,
      ),
      expect.stringMatching(/^FOLDER_UNREADABLE closed\/a\*: the folder closed cannot be read/),
      expect.stringMatching(/^FOLDER_UNREADABLE listed\/a\.nc: the folder listed cannot be read/),
      'open/a.nc',
      'open/a.nc',
    ]);
  } finally {
    chmodSync(join(own, 'closed'), 0o755);
    chmodSync(join(own, 'listed'), 0o755);
    rmSync(own, { recursive: true });
  }
});
