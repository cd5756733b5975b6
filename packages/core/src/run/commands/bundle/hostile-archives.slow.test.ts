/** Archives that somebody made to do harm, byte for byte: `reproduce` refuses each before it writes anything. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { reproduceBundle } from './reproduce';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-hostile-'))));
afterEach(() => rmSync(folder, { recursive: true }));

interface Forged {
  name: string;
  /** of the header; default: a plain file */
  type?: string;
  link?: string;
  content?: string;
  /** what the header says, where that is another size than the content's */
  size?: number;
  mode?: string;
}

/** One member of a tar archive: header of 512 bytes, content, zeros up to whole blocks. */
function member({ name, type = '0', link = '', content = '', size = Buffer.byteLength(content), mode = '0000644' }: Forged): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write(`${mode}\0${'0000000\0'.repeat(2)}${(size % 8 ** 11).toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0${' '.repeat(8)}${type}`, 100);
  // GNU's and POSIX's way of more than eight gigabytes.
  if (size >= 8 ** 11) header.writeBigUInt64BE(BigInt(size), header.writeUInt32BE(2 ** 31, 124));
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  const bytes = Buffer.from(content);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

const archive = (members: Forged[]): Buffer => Buffer.concat([...members.map(member), Buffer.alloc(1024)]);

const told = (path: string, content: string): object => ({
  path,
  stage: 'train',
  packed: true,
  bytes: Buffer.byteLength(content),
  sha256: createHash('sha256').update(content).digest('hex'),
});

/** A bundle that names what is in `files`, each in it as it says, with more members behind. */
function bundle(files: Record<string, string>, more: Forged[], tell = files): Forged[] {
  const described = { format: 1, run: { case: {}, versions: {} }, files: Object.entries(tell).map(([path, text]) => told(path, text)), inputs: [] };
  return [
    { name: 'top/', type: '5', mode: '0000755' },
    { name: 'top/bundle.json', content: JSON.stringify(described) },
    ...Object.entries(files).map(([path, content]) => ({ name: `top/run/${path}`, content })),
    ...more,
  ];
}

const PLAIN = { 'train/weights': 'weights' };

/** Everything below the folder of the test. */
const tree = (): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

/** Refused with this sentence, and nothing is there that was not. */
async function refuses(bytes: Buffer, said: RegExp | string): Promise<void> {
  const file = join(folder, 'hostile.tar.gz');
  writeFileSync(file, bytes);
  const before = tree();
  await expect(reproduceBundle(file, { out: join(folder, 'out') })).rejects.toMatchObject({
    code: 'BUNDLE_CORRUPT',
    message: (typeof said === 'string' ? expect.stringContaining(said) : expect.stringMatching(said)) as string,
  });
  expect(tree()).toEqual(before);
}

const hostile = (...members: Forged[]): Buffer => gzipSync(archive(bundle(PLAIN, members)));

it.each([
  ['an absolute path behind its first folder', (at: string) => `top/${at}/written`],
  ['an absolute path', (at: string) => `${at}/written`],
  ['a path that leads out', () => 'top/run/../../../written'],
  ['a path that leads out from its first folder', () => '../written'],
  ['a path through a folder that is this one', () => 'top/./run/x'],
  ['a path with nothing between two slashes', () => 'top/run//x'],
  ['control characters', () => 'top/run/\x1b[2Jx'],
  ['another first folder', () => 'other/run/x'],
  ['no folder', () => 'written'],
])('refuses a name that is %s', async (_, name) => {
  // A folder to write into is there: what would be written lies below it.
  await refuses(
    hostile({ name: name(folder), content: 'x' }),
    /hostile\.tar\.gz: holds the name ".*", which is no plain path below (the one folder|its folder top)/,
  );
  expect(existsSync(join(folder, 'written'))).toBe(false);
});

it.each([
  ['a symbolic link', { type: '2', link: '/etc' }],
  ['a hard link to what is outside', { type: '1', link: '/etc/hostname' }],
  ['a hard link to what is no member', { type: '1', link: 'top/run/none' }],
  ['a device of characters', { type: '3' }],
  ['a device of blocks', { type: '4' }],
  ['a pipe', { type: '6' }],
  ['a sparse file', { type: 'S' }],
  ['a kind that nobody knows', { type: 'Z' }],
])('refuses %s', async (_, forged) => {
  await refuses(hostile({ name: 'top/run/x', ...forged }), /holds "top\/run\/x", which is (a link|a device|a pipe|neither a file nor a folder)/);
});

it('refuses a symbolic link and a file through it', async () => {
  await refuses(hostile({ name: 'top/run/x', type: '2', link: folder }, { name: 'top/run/x/written', content: 'x' }), 'which is a link');
});

it('refuses a name that stands twice, and a file that is a folder, too', async () => {
  await refuses(hostile({ name: 'top/run/train/weights', content: 'weights' }), 'holds "top/run/train/weights" twice');
  const both = { ...PLAIN, 'train/weights/x': 'x' };
  await refuses(gzipSync(archive(bundle(both, []))), 'holds "top/run/train/weights" as a file and as a folder');
});

it('refuses a file that its description does not name, has with another size or is without', async () => {
  await refuses(hostile({ name: 'top/.bashrc', content: 'x' }), 'holds "top/.bashrc", which its bundle.json does not name');
  const grown = bundle({ 'train/weights': 'weights and more' }, [], PLAIN);
  await refuses(gzipSync(archive(grown)), '"top/run/train/weights" has 16 bytes, and its bundle.json tells of 7');
  await refuses(gzipSync(archive(bundle({}, [], PLAIN))), 'train/weights is missing');
});

it('refuses what its description names outside the bundle', async () => {
  const outside = { '../../written': 'x' };
  await refuses(gzipSync(archive(bundle({}, [], outside))), 'its bundle.json is not whole');
  expect(existsSync(join(folder, 'written'))).toBe(false);
});

describe('a file that is cut short or altered', () => {
  const noise = Array.from({ length: 4000 }, (_, i) => createHash('sha256').update(String(i)).digest('hex')).join('');
  const bytes = gzipSync(archive(bundle({ 'train/weights': noise }, [])));

  it.each([0.2, 0.9])('at %d of its length', async (part) => {
    await refuses(bytes.subarray(0, part * bytes.length), 'cannot be unpacked (unexpected end of file)');
  });

  it('without the end of its last file', async () => {
    const whole = archive(bundle({ 'train/weights': noise }, []));
    await refuses(gzipSync(whole.subarray(0, whole.length - 2048)), 'cannot be unpacked (it is cut short)');
  });

  it('with a header that does not add up', async () => {
    const wrong = archive(bundle(PLAIN, []));
    wrong[1] ^= 1;
    await refuses(gzipSync(wrong), 'cannot be unpacked (a header is damaged)');
  });
});

describe('a file that unpacks to more than it should', () => {
  /** Gigabytes of zeros in megabytes, as pieces of a gzip file. */
  const zeros = gzipSync(Buffer.alloc(2 ** 26));

  it('ends at the first file that is not as its description says, before the rest is read', async () => {
    const head = archive(bundle(PLAIN, [])).subarray(0, -1024);
    const bomb = member({ name: 'top/run/bomb', size: 2 ** 32 });
    const began = performance.now();
    await refuses(Buffer.concat([gzipSync(Buffer.concat([head, bomb])), ...Array<Buffer>(64).fill(zeros)]), 'does not name');
    // To unpack all of it takes ten seconds and more.
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('ends where its description comes last and the disk could not hold it', async () => {
    const huge = member({ name: 'top/run/huge', size: 2 ** 50 });
    writeFileSync(join(folder, 'huge.tar.gz'), Buffer.concat([gzipSync(huge), ...Array<Buffer>(64).fill(zeros)]));
    const before = tree();
    const began = performance.now();
    await expect(reproduceBundle(join(folder, 'huge.tar.gz'), { out: join(folder, 'out') })).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(performance.now() - began).toBeLessThan(2000);
    expect(tree()).toEqual(before);
  });

  it('ends where a description is no description', async () => {
    await refuses(gzipSync(member({ name: 'top/bundle.json', size: 2 ** 30 })), 'its bundle.json is not whole');
  });

  it('ends behind its end', async () => {
    await refuses(Buffer.concat([gzipSync(archive(bundle(PLAIN, []))), ...Array<Buffer>(64).fill(zeros)]), 'goes on behind its end');
  });
});

it('keeps no owner, mode or device of a file, and a hard link as a file of its own', async () => {
  const file = join(folder, 'modes.tar.gz');
  const twice = { 'train/weights': 'weights', 'loop/weights': 'weights' };
  const [top, description] = bundle(twice, []);
  const members = [
    top,
    description,
    { name: 'top/run/train/weights', content: 'weights', mode: '0006777' },
    { name: 'top/run/loop/weights', type: '1', link: 'top/run/train/weights' },
  ];
  writeFileSync(file, gzipSync(archive(members)));
  mkdirSync(join(folder, 'out'));
  // Its case is none: it is unpacked, and no more.
  await expect(reproduceBundle(file, { out: join(folder, 'out') })).rejects.toMatchObject({ code: 'CASE_INVALID' });
  for (const name of ['train/weights', 'loop/weights']) {
    const path = join(folder, 'out/bundle/run', name);
    expect(readFileSync(path, 'utf8')).toBe('weights');
    expect([lstatSync(path).mode & 0o7133, lstatSync(path).nlink]).toEqual([0, 1]);
  }
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(['bundle', 'bundle.sha256']);
});
