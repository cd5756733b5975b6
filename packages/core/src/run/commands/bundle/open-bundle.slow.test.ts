/** Bundles that are unpacked as far as that goes, and then again. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../../../files/testing/shared-data';
import { openBundle } from './open-bundle';

const folder = temporaryFolder();
const at = (...path: string[]): string => join(folder.path, ...path);
const yes = (): void => undefined;

/** The compiled modules, for a process of its own. */
const DIST = join(__dirname, '../../../../dist/run/commands/bundle');

/** A bundle of these products, by the system's tar. */
function bundleOf(files: Record<string, Buffer>): string {
  const described = Object.entries(files).map(([path, bytes]) => ({
    path,
    stage: 'train',
    packed: true,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }));
  mkdirSync(at('mine/run/train'), { recursive: true });
  for (const [path, bytes] of Object.entries(files)) writeFileSync(at('mine/run', path), bytes);
  writeFileSync(at('mine/bundle.json'), JSON.stringify({ format: 1, run: { case: {}, versions: {} }, files: described, inputs: [] }));
  expect(spawnSync('tar', ['-czf', at('mine.tar.gz'), '-C', folder.path, 'mine']).status).toBe(0);
  return at('mine.tar.gz');
}

/** What `reproduce` does first, in a process. It ends with CASE_INVALID once all is unpacked: the case is none. */
const PROGRAM = `require('${DIST}/reproduce.js').reproduceBundle('mine.tar.gz', { out: 'out' }).catch((error) => console.log(error.code + ' ' + error.message));`;

it('goes on where it was killed at any moment of the unpacking', async () => {
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`train/${i}`, randomBytes(2e6)]));
  bundleOf(files);
  const moments = ['out', 'out/bundle.sha256', 'out/bundle.new/run/train/7', 'out/bundle.new/run/train/31', 'out/bundle'];
  for (const moment of moments) {
    const child = spawn(process.execPath, ['-e', PROGRAM], { cwd: folder.path, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('close', resolve));
    while (child.exitCode === null && !existsSync(at(moment))) await sleep(1);
    child.kill('SIGKILL');
    await ended;
    expect(existsSync(at('out'))).toBe(true);
  }
  expect(spawnSync(process.execPath, ['-e', PROGRAM], { cwd: folder.path, encoding: 'utf8' }).stdout).toMatch(/^CASE_INVALID /);
  expect(readdirSync(at('out')).sort()).toEqual(['bundle', 'bundle.sha256']);
  for (const [path, bytes] of Object.entries(files)) expect(readFileSync(at('out/bundle/run', path)).equals(bytes)).toBe(true);
});

it('takes a folder that is empty, or in which it was about to say whose it is', async () => {
  const file = bundleOf({ 'train/weights': Buffer.from('weights') });
  for (const [out, names] of Object.entries({ empty: [], begun: ['bundle.sha256.tmp'] })) {
    mkdirSync(at(out));
    for (const name of names) writeFileSync(at(out, name), '');
    await openBundle(file, at(out), yes);
    expect(readFileSync(at(out, 'bundle/run/train/weights'), 'utf8')).toBe('weights');
  }
});

it('says what keeps a file from being written, and calls no bundle damaged for it', () => {
  bundleOf({ 'train/weights': randomBytes(4e5) });
  const { stdout } = spawnSync('bash', ['-c', 'ulimit -f 100; exec "$0" -e "$1"', process.execPath, PROGRAM], { cwd: folder.path, encoding: 'utf8' });
  expect(stdout).toMatch(/^FILE_LIMIT .*train\/weights: the file needs 0\.40 MB and this process may write files of 0\.10 MB at most/);
  expect(existsSync(at('out'))).toBe(false);
});

it('asks before it writes, and again of what it has written', async () => {
  const file = bundleOf({ 'train/weights': Buffer.from('weights') });
  const no = (): void => {
    throw new Error('no');
  };
  await expect(openBundle(file, at('out'), no)).rejects.toThrow('no');
  expect(existsSync(at('out'))).toBe(false);
  await openBundle(file, at('out'), yes);
  await expect(openBundle(file, at('out'), no)).rejects.toThrow('no');
});
