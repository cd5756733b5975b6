import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, linkSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTarget, contentOf, pack, readArchive } from './archive';

const folder = mkdtempSync(join(tmpdir(), 'retroplume-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('tells before anything is hashed that no file can be written there', () => {
  const file = join(folder, `${'n'.repeat(250)}.tar.gz`);
  expect(() => checkTarget(file)).toThrow(
    expect.objectContaining({ code: 'BUNDLE_UNWRITABLE', message: expect.stringContaining('cannot be written (ENAMETOOLONG: ') as string }) as Error,
  );
});

it('leaves what is there as it is, and nothing beside it', () => {
  const file = join(folder, 'run.tar.gz');
  checkTarget(file);
  writeFileSync(file, 'an earlier bundle');
  checkTarget(file);
  expect([file, `${file}.tmp`].map((path) => existsSync(path))).toEqual([true, false]);
});

it('packs files with names of any length, which any tar unpacks again', async () => {
  const file = join(folder, 'long.tar.gz');
  const long = `mine/inputs/${'ü'.repeat(60)}/${'n'.repeat(200)}.nc`;
  const content = 'x'.repeat(3 * 512);
  writeFileSync(join(folder, 'content'), content);
  await pack(
    [
      { name: 'mine/bundle.json', source: Buffer.from('{}') },
      { name: long, source: join(folder, 'content') },
      { name: 'mine/empty', source: Buffer.alloc(0) },
    ],
    file,
  );
  const unpacked = spawnSync('tar', ['-xzf', file, '-C', folder], { encoding: 'utf8' });
  expect([unpacked.status, unpacked.stderr]).toEqual([0, '']);
  expect(readFileSync(join(folder, long), 'utf8')).toBe(content);
  const found: [string, string, string][] = [];
  await readArchive(file, async ({ name, kind }, held) => found.push([name, kind, String(await contentOf(held))]));
  expect(found).toEqual([
    ['mine/bundle.json', 'file', '{}'],
    [long, 'file', content],
    ['mine/empty', 'file', ''],
  ]);
  expect(existsSync(`${file}.tmp`)).toBe(false);
});

it("reads what the system's tar has packed, long names, folders and hard links", async () => {
  const inner = `theirs/${'d'.repeat(90)}`;
  const files = ['a', 'n'.repeat(50), 'n'.repeat(150)].map((name) => `${inner}/${name}`);
  mkdirSync(join(folder, inner), { recursive: true });
  for (const name of files) writeFileSync(join(folder, name), name);
  linkSync(join(folder, files[0]), join(folder, 'theirs/z'));
  for (const format of ['gnu', 'pax', 'ustar']) {
    const file = join(folder, `${format}.tar.gz`);
    // ustar has no room for the longest.
    const names = ['theirs', inner, ...files.slice(0, format === 'ustar' ? 2 : 3), 'theirs/z'];
    spawnSync('tar', ['-czf', file, `--format=${format}`, '--no-recursion', '-C', folder, ...names]);
    const found: string[] = [];
    await readArchive(file, ({ name, kind, target }) => found.push([name.replace(/\/$/, ''), kind, target].filter(Boolean).join(' ')));
    expect(found.map((each) => each.split(' ')[0])).toEqual(names);
    expect(found.at(-1)).toBe(`theirs/z hard link ${files[0]}`);
  }
});

it('packs nothing whose name would do something to a terminal, or that changes meanwhile', async () => {
  const file = join(folder, 'named.tar.gz');
  await expect(pack([{ name: 'mine/a\x1b[2J', source: Buffer.alloc(0) }], file)).rejects.toMatchObject({
    code: 'BUNDLE_NAME',
    message: '"mine/a\\u001b[2J": a bundle holds no name with control characters: give the file a plain name',
  });
  await expect(pack([{ name: 'mine/x', source: '/proc/self/status' }], file)).rejects.toMatchObject({
    code: 'BUNDLE_UNWRITABLE',
    message: expect.stringContaining('/proc/self/status changed while it was packed') as string,
  });
  expect([file, `${file}.tmp`].map((path) => existsSync(path))).toEqual([false, false]);
});

it('closes what it has opened once: after that the number is another file’s', async () => {
  const file = join(folder, 'once.tar.gz');
  for (let attempt = 0; attempt < 5; attempt++) {
    await pack([{ name: 'mine/x', source: '/proc/self/status' }], file).catch(() => undefined);
    const others = Array.from({ length: 8 }, () => openSync(join(folder, 'content'), 'r'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const other of others) expect(() => closeSync(other)).not.toThrow();
  }
});
