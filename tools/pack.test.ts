/** The parts of the offline package that need no packing; docs/clusters.md says where the whole was tried on a bare machine. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..');

/** What an expression of a module of tools/pack is. */
function evaluate(module: string, expression: string): unknown {
  const text = `import * as it from ${JSON.stringify(join(root, 'tools/pack', module))}; console.log(JSON.stringify(${expression}));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe('what is packed', () => {
  it('are the packages of a run, without tools of development and binaries of other systems', () => {
    const packages = evaluate(
      'production-packages.mjs',
      `it.productionPackages(${JSON.stringify(root)}).map(({ path, filter }) => ({ path, foreign: filter(${JSON.stringify(root)} + '/' + path + '/bin/napi-v6/win32/x64/a.dll'), nested: filter(${JSON.stringify(root)} + '/' + path + '/node_modules') }))`,
    ) as { path: string; foreign: boolean; nested: boolean }[];
    const paths = packages.map(({ path }) => path);
    for (const name of ['@duckdb/node-api', 'onnxruntime-node', 'zod', 'echarts', '@retroplume/core'])
      expect(paths).toContain(`node_modules/${name}`);
    for (const name of ['jest', 'eslint', 'typescript', 'nx', '@tensorflow/tfjs-node', 'npmlog']) expect(paths).not.toContain(`node_modules/${name}`);
    expect(packages.some(({ foreign, nested }) => foreign || nested)).toBe(false);
  });

  it("are the addons' libraries, but not the C library", () => {
    const addon = join(root, 'packages/native/build/Release/netcdf.node');
    const names = (evaluate('shared-libraries.mjs', `it.sharedLibraries([${JSON.stringify(addon)}])`) as { soname: string; path: string }[]).map(
      ({ soname }) => soname,
    );
    expect(names.some((name) => name.startsWith('libnetcdf.so'))).toBe(true);
    expect(names.some((name) => name.startsWith('libstdc++.so'))).toBe(true);
    expect(names.filter((name) => /^(ld-|libc\.|libm\.|libpthread|linux-vdso)/.test(name))).toEqual([]);
  });
});

it.each([
  ['a clone', ['tools/setup.mjs'], /says ".*": run: npm run setup$/],
  [
    'a package',
    [],
    /says ".*": start bin\/retroplume, or put the folder of each library that the machine lacks, \S+\/lib\/NAME, on LD_LIBRARY_PATH /,
  ],
])('an addon of %s that does not load names what helps there', (_where, files, message) => {
  const folder = mkdtempSync(join(tmpdir(), 'addon-'));
  try {
    for (const path of ['packages/native/dist', 'packages/native/build/Release', 'tools']) mkdirSync(join(folder, path), { recursive: true });
    for (const path of [...files, 'packages/native/build/Release/netcdf.node']) writeFileSync(join(folder, path), 'no library');
    copyFileSync(join(root, 'packages/native/package.json'), join(folder, 'packages/native/package.json'));
    const loader = join(folder, 'packages/native/dist/load-addon.js');
    copyFileSync(join(root, 'packages/native/dist/load-addon.js'), loader);
    const { loadAddon } = jest.requireActual<{ loadAddon: (name: string) => unknown }>(loader);
    expect(() => loadAddon('netcdf')).toThrow(message);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('the launcher', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'launcher-'));
    for (const path of ['bin', 'fake', 'packages/cli/dist', 'packages/native/build/Release', 'lib/libnetcdf.so.19', 'lib/libother.so.1'])
      mkdirSync(join(folder, path), { recursive: true });
    copyFileSync(join(root, 'tools/pack/launcher.sh'), join(folder, 'bin/retroplume'));
    const shown = ['RETROPLUME_LAUNCHER', 'RETROPLUME_LIBRARY_PATH_BEFORE', 'LD_LIBRARY_PATH'].map((name) => `process.env.${name}`);
    writeFileSync(join(folder, 'packages/cli/dist/main.js'), `console.log(JSON.stringify([...process.argv.slice(2), ${shown.join(', ')}]))`);
    for (const file of ['packages/native/build/Release/netcdf.node', 'lib/libnetcdf.so.19/libnetcdf.so.19']) writeFileSync(join(folder, file), '');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function standIn(command: string, script: string): void {
    writeFileSync(join(folder, 'fake', command), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'fake', command), 0o755);
  }

  function launch(path: string, env: Record<string, string> = {}): { status: number | null; stdout: string; stderr: string } {
    return spawnSync('/bin/sh', [join(folder, 'bin/retroplume'), 'run', 'a case.yaml'], { encoding: 'utf8', env: { PATH: path, ...env } });
  }

  const usual = (): string => `${join(folder, 'fake')}:${process.env['PATH']}`;

  it('leaves a machine that has all libraries as it is', () => {
    standIn('ldd', 'echo "	libnetcdf.so.19 => /usr/lib/libnetcdf.so.19 (0x1)"');
    expect(JSON.parse(launch(usual()).stdout)).toEqual(['run', 'a case.yaml', join(folder, 'bin/retroplume'), null, null]);
  });

  it.each([
    ['	libnetcdf.so.19 => not found', ''],
    [": /usr/lib/libnetcdf.so.19: version `X_9' not found (required by a.node)", '/mine'],
  ])('adds the folder of the library that ldd misses, and no other: %s', (line, before) => {
    standIn('ldd', `cat <<'END'\n${line}\nEND`);
    const [, , , told, path] = JSON.parse(launch(usual(), before === '' ? {} : { LD_LIBRARY_PATH: before }).stdout) as string[];
    expect(told).toBe(before);
    expect(path).toBe(`${before === '' ? '' : `${before}:`}${join(folder, 'lib/libnetcdf.so.19')}`);
  });

  it('says which Node is needed', () => {
    standIn('node', 'echo v18.19.0');
    expect(launch(usual())).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/^retroplume: NODE_VERSION: expected Node 20 or later on PATH but found v18\.19\.0: /) as string,
    });
    standIn('node', 'exit 127');
    expect(launch(usual()).stderr).toContain('but found none');
  });
});

describe('packing', () => {
  it('refuses a folder that does not exist, and leaves nothing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pack-'));
    const path = join(folder, 'missing/a.tar.gz');
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'tools/pack.mjs'), path], { encoding: 'utf8' });
    const left = readdirSync(folder);
    rmSync(folder, { recursive: true });
    expect(status).toBe(4);
    expect(stderr).toBe(`pack: PACK_WRITE: ${path}: its folder does not exist: make it first\n`);
    expect(left).toEqual([]);
  });

  it('says where there is no room, and leaves nothing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pack-'));
    const limited = ['-c', 'ulimit -f 1000; exec "$0" "$@"', process.execPath, join(root, 'tools/pack.mjs'), join(folder, 'a.tar.gz')];
    const { pid, status, stderr } = spawnSync('bash', limited, { encoding: 'utf8' });
    // Other tests pack at the same time: only what this process made counts.
    const left = [...readdirSync(folder), ...readdirSync(join(root, 'build')).filter((name) => name.startsWith(`pack-${pid}-`))];
    rmSync(folder, { recursive: true });
    expect(stderr).toMatch(
      /^pack: PACK_WRITE: \S+: the package could not be put together \(EFBIG: .*\): check that there is room and no limit .*\n$/,
    );
    expect(status).toBe(4);
    expect(left).toEqual([]);
  });

  it('is a script of package.json', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    expect(scripts['pack']).toBe('node tools/setup.mjs && node tools/pack.mjs');
    expect(existsSync(join(root, 'tools/pack.mjs'))).toBe(true);
  });
});
