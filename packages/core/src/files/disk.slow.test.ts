/** Files that may not become as large as they are to be. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskLimitError } from './disk';

/** The compiled modules, for a process that has a limit. */
const DIST = join(__dirname, '../../dist/files');

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'no-room-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a program says that fails where files may have 100 blocks of 1024 bytes. */
function limited(program: string): string {
  const caught = `try { ${program} } catch (error) { console.log(error.code + ' ' + error.message); }`;
  const { stdout, stderr } = spawnSync('bash', ['-c', 'ulimit -f 100; exec "$0" -e "$1"', process.execPath, caught], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(readdirSync(folder)).toEqual([]);
  return stdout;
}

const SAID = /^FILE_LIMIT a\.nc: the file needs 0\.80 MB and this process may write files of 0\.10 MB at most: raise the limit \(ulimit -f\), or /;

it.each([
  ['64bit', '{}'],
  ['netcdf4', '{}'], // contiguous: nc_abort would end the process
  ['netcdf4', '{ deflate: 1, chunks: [1e4] }'], // HDF5 does not say why it cannot write
])('a file beyond the limit of the process is no full disk: %s %s', (format, storage) => {
  const said = limited(`
    const { NetcdfOutput } = require('${DIST}/netcdf/netcdf-access.js');
    const output = NetcdfOutput.create('a.nc', { format: '${format}', bytes: 8e5 });
    output.write((file) => {
      file.defineDimension('x', 1e5);
      file.defineVariable('v', 'double', ['x'], ${storage});
      file.endDefine();
      file.write('v', [0], [1e5], Float64Array.from({ length: 1e5 }, Math.random));
    });
    output.commit();`);
  expect(said).toMatch(SAID);
});

it('nor is it for weights, for which it is told, too', () => {
  expect(limited(`require('${DIST}/checkpoint.js').writeFileAtomic('a.nc', new Uint8Array(8e5));`)).toMatch(SAID);
});

it('nor for temporary files', () => {
  const said = limited(`
    process.env.TMPDIR = '.';
    const shape = { hours: 10, rows: 100, cols: 100, channels: 1 };
    require('${DIST}/../fields/hour-store.js').hourStore(shape, 0).write(0, new Float32Array(1e5));`);
  expect(said).toMatch(/^FILE_LIMIT \.: this process may write files of 0\.10 MB at most: raise the limit/);
});

it('a quota is named', () => {
  const refused = Object.assign(new Error('EDQUOT: disk quota exceeded, write'), { code: 'EDQUOT' });
  expect(diskLimitError('a.nc', 0, refused)).toMatchObject({
    code: 'DISK_QUOTA',
    exitCode: 3,
    cause: refused,
    message: 'a.nc: your quota on this disk is used up: make room within it, ask for more, or choose another folder with --out',
  });
  expect(diskLimitError('a.nc', 0, Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }))).toBeUndefined();
});
