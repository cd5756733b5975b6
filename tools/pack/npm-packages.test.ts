/** The packages for npm, unpacked as npm does it into an empty folder, with what they depend on beside; docs/library.md tells how they were installed on a bare machine. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeDemoWorld } from '../../packages/core/src/worlds/demo-world';
import { programsOf } from '../../test/testing/program';
import { SHORT_STAGES, SMALL_RUN, winterOnly } from '../../test/testing/small-run';

jest.setTimeout(400_000); // a run to its report, on a busy machine too

const root = join(__dirname, '../..');
const HOURS = 60;
const SPIN_UP = 24;

let folder: string;
let scope: string;

const env = { ...process.env, LD_LIBRARY_PATH: '', NODE_OPTIONS: '' };
const inFolder = (program: string, args: string[]): SpawnSyncReturns<string> => spawnSync(program, args, { cwd: folder, encoding: 'utf8', env });

/** Puts @retroplume where npm would, and all that npm would fetch from its registry: the packages of this clone. */
function install(): void {
  const modules = join(folder, 'node_modules');
  scope = join(modules, '@retroplume');
  mkdirSync(scope, { recursive: true });
  for (const name of ['native', 'core', 'cli']) {
    mkdirSync(join(scope, name));
    const { status } = inFolder('tar', ['-xzf', `tarballs/retroplume-${name}-0.1.0.tgz`, '--strip-components=1', '-C', join(scope, name)]);
    expect(status).toBe(0);
  }
  for (const name of readdirSync(join(root, 'node_modules')).filter((each) => !['@retroplume', 'onnxruntime-node'].includes(each)))
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  const ofCli = join(root, 'packages/cli/node_modules');
  if (existsSync(ofCli)) symlinkSync(ofCli, join(scope, 'cli/node_modules'));
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'npm-packages-'));
  const { status, stdout, stderr } = inFolder(process.execPath, [join(root, 'tools/pack.mjs'), '--npm', join(folder, 'tarballs')]);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('npm install ./retroplume-native-0.1.0.tgz ./retroplume-core-0.1.0.tgz ./retroplume-cli-0.1.0.tgz\n');
  install();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const filesOf = (name: string): string[] =>
  readdirSync(join(scope, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(scope, name).length + 1));

/** What an expression of a module of tools/pack is. */
function evaluate(module: string, expression: string): unknown {
  const text = `import * as it from ${JSON.stringify(join(__dirname, module))}; console.log(JSON.stringify(${expression}));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe('what the packages hold', () => {
  it.each(['native', 'core', 'cli'])('%s: what runs, with its licence, and nothing else', (name) => {
    const files = filesOf(name).filter((file) => !file.startsWith('node_modules/'));
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']));
    const foreign = /(\.map|tsconfig\.json|\.tsbuildinfo|\.cc|\.h|\.cu|\.test\.\w+|_emulated\.node|_ptx\.node)$|(^|\/)(testing|src)\//;
    expect(files.filter((file) => foreign.test(file))).toEqual([]);
    const modules = files.filter((file) => /^dist\/.*\.js$/.test(file));
    expect(modules.length).toBeGreaterThan(name === 'core' ? 300 : 5);
    const sources = modules.map((file) => join(root, 'packages', name, file.replace(/^dist/, 'src').replace(/js$/, 'ts')));
    expect(sources.filter((source) => !existsSync(source))).toEqual([]); // what tsc made of sources that are gone stays behind
    if (name !== 'cli') expect(modules.filter((file) => !files.includes(file.replace(/js$/, 'd.ts')))).toEqual([]);
  });

  it.each(['native', 'core', 'cli'])('%s: everything that its package.json names', (name) => {
    const {
      main,
      types,
      bin = {},
      scripts,
      devDependencies,
    } = JSON.parse(readFileSync(join(scope, name, 'package.json'), 'utf8')) as {
      main?: string;
      types?: string;
      bin?: Record<string, string>;
      scripts?: object;
      devDependencies?: object;
    };
    const named = [main, types, ...Object.values(bin)].filter((path) => path !== undefined);
    expect(named.filter((path) => !existsSync(join(scope, name, path)))).toEqual([]);
    expect([scripts, devDependencies]).toEqual([undefined, undefined]);
  });

  it('core: what it reads when it runs, and an ONNX Runtime that installs nothing', () => {
    expect(filesOf('core')).toEqual(expect.arrayContaining(['templates/slurm.sh', 'torch-peer/main.py']));
    const runtime = join(scope, 'core/node_modules/onnxruntime-node');
    expect(JSON.parse(readFileSync(join(runtime, 'package.json'), 'utf8'))).not.toHaveProperty('scripts');
    expect(readdirSync(join(runtime, 'bin/napi-v6'))).toEqual([process.platform]);
  });

  it('native: the system that it is for, and each library that the addons need, found beside them, with its licence', () => {
    expect(JSON.parse(readFileSync(join(scope, 'native/package.json'), 'utf8'))).toMatchObject({ os: [process.platform], cpu: [process.arch] });
    const addons = ['retroplume', 'transport', 'netcdf'].map((name) => join(scope, `native/build/Release/${name}.node`));
    expect(addons.map((addon) => evaluate('run-path.mjs', `it.runPath(${JSON.stringify(addon)})`))).toEqual(Array(3).fill('$ORIGIN/../../lib'));
    const found = evaluate('shared-libraries.mjs', `it.sharedLibraries(${JSON.stringify(addons)})`) as { soname: string; path: string }[];
    expect(found.length).toBeGreaterThan(4);
    expect(found.filter(({ path }) => !path.includes(`@retroplume/native/`))).toEqual([]);
    const licences = readFileSync(join(scope, 'native/THIRD-PARTY.txt'), 'utf8');
    expect(found.filter(({ soname }) => !licences.includes(soname))).toEqual([]);
  });
});

it('the path in which a library looks for others can be made shorter, not longer', () => {
  const file = join(folder, 'copy.node');
  copyFileSync(join(root, 'packages/native/build/Release/netcdf.node'), file);
  const set = (text: string): unknown =>
    evaluate('run-path.mjs', `[it.setRunPath(${JSON.stringify(file)}, ${JSON.stringify(text)}), it.runPath(${JSON.stringify(file)})]`);
  expect(set('$ORIGIN')).toEqual([true, '$ORIGIN']);
  expect(set('/a/longer/path')).toEqual([false, '$ORIGIN']);
});

describe('installed', () => {
  beforeAll(() => writeDemoWorld(folder, { rows: 16, cols: 14, hours: HOURS, spinUpHours: SPIN_UP, stations: 20 }));

  it('runs the library example of the README with its own libraries', () => {
    const [example] = programsOf('README.md');
    const settings = [...SMALL_RUN, ...SHORT_STAGES, winterOnly(HOURS, SPIN_UP)];
    const small = example.replace("['inversion.iterations=50']", JSON.stringify(settings)).replace('threads: 8', 'threads: 2');
    expect(small).not.toBe(example);
    const shown = `
import { readFileSync as read } from 'node:fs';
console.log('report:', result.report);
console.log('mapped:', [...new Set(read('/proc/self/maps', 'utf8').match(/\\/\\S*(retroplume\\.node|libnetcdf|libhdf5|libonnxruntime)\\S*/g))].join(' '));`;
    writeFileSync(join(folder, 'example.mjs'), small + shown);
    const { status, stdout, stderr } = inFolder(process.execPath, ['example.mjs']);
    expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
    expect(existsSync(/^report: (.*)$/m.exec(stdout)![1])).toBe(true);
    const mapped = /^mapped: (.*)$/m.exec(stdout)![1].split(' ');
    expect(mapped.length).toBeGreaterThan(3);
    expect(mapped.filter((path) => !path.startsWith(scope))).toEqual([]);
  });

  it('has the command', () => {
    const { status, stdout, stderr } = inFolder(process.execPath, [join(scope, 'cli/dist/main.js'), 'check', 'case.yaml', '--json', '--quiet']);
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toHaveProperty('problems');
  });

  it('offers its parts, and no inner file', () => {
    const text = `
      import { invert } from '@retroplume/core/inversion';
      import { Graph } from '@retroplume/core/graph';
      import { IoapiFile } from '@retroplume/core/ioapi';
      import { checkCase } from '@retroplume/core/commands/check';
      const inner = await import('@retroplume/core/base/errors').catch(({ code }) => code);
      console.log([invert, Graph, IoapiFile, checkCase].map((each) => typeof each).join(), inner);`;
    writeFileSync(join(folder, 'parts.mjs'), text);
    expect(inFolder(process.execPath, ['parts.mjs'])).toMatchObject({
      stderr: '',
      stdout: 'function,function,function,function ERR_MODULE_NOT_FOUND\n',
    });
  });

  it('says for which system it was made where that is another', () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    cpSync(join(scope, 'native/dist'), join(other, 'dist'), { recursive: true });
    writeFileSync(join(other, 'package.json'), JSON.stringify({ os: ['linux'], cpu: ['riscv64'] }));
    const told = `try { require(${JSON.stringify(join(other, 'dist'))}).netcdfVersion() } catch ({ code, message }) { console.log(code, message) }`;
    expect(inFolder(process.execPath, ['-e', told]).stdout).toBe(
      `ADDON_PLATFORM netcdf.node: expected linux riscv64, for which this package was made, but this is ${process.platform} ${process.arch}: install a package that npm run pack -- --npm FOLDER made on such a machine\n`,
    );
  });
});

it.each([[['--npm']], [['a.tar.gz', 'b']], [['--nmp', 'a']], [['--help']]])('refuses the words %j', (words) => {
  const { status, stderr } = inFolder(process.execPath, [join(root, 'tools/pack.mjs'), ...words]);
  expect([status, stderr]).toEqual([4, 'pack: PACK_USAGE: expected FILE.tar.gz, or --npm FOLDER: npm run pack -- --npm FOLDER\n']);
});
