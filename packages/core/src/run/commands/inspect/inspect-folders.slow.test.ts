import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Inspection } from './inspection';
import { failure, temporaryFolder } from '../../../files/testing/shared-data';
import { inspectFile } from './inspect';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const odd = ({ odd: found }: Inspection): string[] => found.map(({ code, text }) => `${code}: ${text}`);

test('folders', async () => {
  mkdirSync(at('prepare'));
  expect(await inspectFile(at('prepare'))).toMatchObject({ bytes: 0, odd: [{ code: 'FOLDER_UNKNOWN' }] });
  const record = { stage: 'prepare', key: '', inputs: [], startedAt: '2026-01-01T00:00:00Z', seconds: 2 };
  writeFileSync(
    at('prepare/record.json'),
    JSON.stringify({ ...record, products: ['winter/run-prior.nc', 'cut.nc'], bytes: { 'cut.nc': 9 }, sha256: {} }),
  );
  writeFileSync(at('prepare/cut.nc'), 'half');
  for (const variant of ['pass-10', 'pass-2', 'paper', 'papers']) {
    mkdirSync(at(`${variant}/train`), { recursive: true });
    writeFileSync(
      at(`${variant}/train/record.json`),
      JSON.stringify({ ...record, stage: 'train', products: ['surrogate.json'], bytes: {}, sha256: {} }),
    );
  }
  expect((await inspectFile(at('prepare'))).bytes).toBe(4 + statSync(at('prepare/record.json')).size);
  const found = await inspectFile(folder.path);
  expect(found).toMatchObject({ kind: 'run folder', facts: { prepare: '2026-01-01T00:00:00Z, 2 s, 2 products' } });
  expect(Object.keys(found.facts)).toEqual(['prepare', 'paper/train', 'pass-2/train', 'pass-10/train']);
  expect(odd(found)).toEqual([
    'PRODUCT_MISSING: prepare: winter/run-prior.nc is not there any more',
    'PRODUCT_DAMAGED: prepare: cut.nc has 4 bytes instead of 9',
    ...['paper', 'pass-2', 'pass-10'].map((variant) => `PRODUCT_MISSING: ${variant}/train: surrogate.json is not there any more`),
  ]);
});

test('a folder in which the system refuses to look, as one of whose names are too long', async () => {
  const name = 'n'.repeat(200);
  // Only from within can such a folder be made and removed.
  execFileSync('sh', ['-c', `for i in $(seq 25); do mkdir ${name} && cd -P ${name} || exit; done`], { cwd: folder.path });
  const found = await inspectFile(folder.path).finally(() => execFileSync('rm', ['-r', name], { cwd: folder.path }));
  expect([found.kind, found.odd[0].code]).toEqual(['folder that cannot be read', 'FILE_REFUSED']);
  expect(found.odd[0].text).toContain('ENAMETOOLONG');
});

test('a pipe, which nobody may ever write into', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  expect(odd(await inspectFile(at('pipe')))).toEqual([
    'FILE_KIND: expected a file or folder but received something else, such as a pipe or a device: give a file',
  ]);
});

test('a file that is not there', async () => {
  await expect(inspectFile(at('none'))).rejects.toThrow(failure('FILE_MISSING', `${at('none')}: there is no such file: check the path`));
});
