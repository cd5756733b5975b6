import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from './archive';
import { reproduceBundle } from './reproduce';

const folder = mkdtempSync(join(tmpdir(), 'retroplume-reproduce-'));
afterAll(() => rmSync(folder, { recursive: true }));

const input = { path: '/in.nc', sha256: '', bytes: 1, packed: false };
const product = { ...input, path: 'train/weights', stage: 'train' };
const whole = { format: 1, run: { case: {}, versions: {} }, files: [product], inputs: [input] };

it.each([
  ['no versions', { run: { case: {} } }],
  ['no product', { files: [] }],
  ['a product that is nothing', { files: [product, null] }],
  ['a product without a name', { files: [{ ...product, path: 5 }] }],
  ['an input without a name', { inputs: [{ ...input, path: undefined }] }],
])('says that a bundle is damaged whose own description has %s', async (_, changed) => {
  mkdirSync(join(folder, 'mine'), { recursive: true });
  writeFileSync(join(folder, 'mine/bundle.json'), JSON.stringify({ ...whole, ...changed }));
  const [file, out] = ['mine.tar.gz', 'again'].map((name) => join(folder, name));
  pack(join(folder, 'mine'), file);
  await expect(reproduceBundle(file, { out })).rejects.toMatchObject({
    code: 'BUNDLE_CORRUPT',
    message: `${file}: its bundle.json is not whole: it is no bundle or is damaged: copy or make it again`,
  });
  expect(existsSync(out)).toBe(false);
});

it.each([NaN, -1])('refuses a tolerance of %d, which everything or nothing would keep', async (tolerance) => {
  const call = reproduceBundle(join(folder, 'none.tar.gz'), { out: join(folder, 'again'), tolerance });
  await expect(call).rejects.toMatchObject({
    code: 'CALL_INVALID',
    message: expect.stringContaining('tolerance: expected a number of at least 0') as string,
  });
});
