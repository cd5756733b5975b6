/** A run as a bundle, and that run again from it, through the command line. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Inspection } from '../packages/core/src/run/commands/inspect/inspection';
import type { Bundle, BundleResult } from '../packages/core/src/run/commands/bundle/bundle';
import type { Reproduction } from '../packages/core/src/run/commands/bundle/reproduce';
import { readRecord } from '../packages/core/src/run/engine/record';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN, SHORT_STAGES, SMALL_RUN, winterOnly } from './testing/small-run';

jest.setTimeout(400_000); // whole runs on a busy machine

const SETTINGS = [...SMALL_RUN, winterOnly(60, 24), ...SHORT_STAGES].flatMap((setting) => ['--set', setting]);

let folder: string;
let world: string;
let out: string;
let bundle: string;

function retroplume(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', cwd: folder });
}

function run(...more: string[]): { status: number | null; stdout: string; stderr: string } {
  return retroplume('run', join(world, 'case.yaml'), '--out', out, '--threads', '1', ...SETTINGS, ...more);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  world = join(folder, 'world');
  await writeDemoWorld(world, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30 });
  out = join(folder, 'mine');
  expect(run().status).toBe(0);
  bundle = join(folder, 'mine.tar.gz');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('packs records, products and, asked for, inputs', () => {
  const { status, stdout, stderr } = retroplume('bundle', out, '--inputs', '--json');
  expect([status, stderr]).toEqual([0, '']);
  const result = JSON.parse(stdout) as BundleResult;
  expect(result).toMatchObject({ bundle, inputs: 6, inputsPacked: true, hashed: 0 });
  expect(result.stages).toEqual(expect.arrayContaining(['simulate', 'train', 'invert', 'verify', 'report']));
  const listed = spawnSync('tar', ['-tzf', bundle], { encoding: 'utf8' }).stdout.split('\n');
  expect(listed).toEqual(
    expect.arrayContaining(['bundle.json', 'run.json', 'run/train/weights.safetensors', 'run/report/report.html'].map((name) => `demo/${name}`)),
  );
  expect(listed).toContain(`demo/inputs${world}/inputs/stations.csv`);
  const { files } = JSON.parse(retroplume('inspect', bundle, '--json').stdout) as { files: Inspection[] };
  expect(files).toMatchObject([{ kind: 'bundle of a run', facts: { case: 'demo' }, odd: [] }]);
  expect(files[0].facts['inputs']).toMatch(/^6, \d+ bytes, in the bundle$/);
});

it('leaves out what is no part of the case: of a mode that it has no more, a preview of other settings', () => {
  const left = join(folder, 'left');
  cpSync(out, left, { recursive: true, preserveTimestamps: true });
  const preview = ['preview', join(world, 'case.yaml'), '--out', left, '--threads', '1', ...SETTINGS, '--set', 'inversion.hoursPerDay=6'];
  expect(retroplume(...preview).status).toBe(0);
  for (const stage of ['train', 'invert', 'verify']) cpSync(join(out, stage), join(left, 'paper', stage), { recursive: true });
  expect(retroplume('run', join(world, 'case.yaml'), '--out', left, '--threads', '1', ...SETTINGS).status).toBe(0);
  const { status, stdout } = retroplume('bundle', left, '--json');
  expect(status).toBe(0);
  const { stages } = JSON.parse(stdout) as BundleResult;
  expect(stages).toEqual(['apply', 'certify', 'evaluate', 'export', 'invert', 'prepare', 'report', 'simulate', 'train', 'verify']);
});

it('is run again elsewhere, without the inputs where they were, to the same bits', () => {
  renameSync(world, `${world}.gone`);
  try {
    const { status, stdout, stderr } = retroplume('reproduce', bundle, '--out', 'again', '--json', '--quiet');
    expect([status, stderr]).toEqual([0, '']);
    const { counts, differing, notes } = JSON.parse(stdout) as Reproduction;
    // What may differ are times in headers: a file written in another second.
    expect(counts).toMatchObject({ numbers: 0, other: 0 });
    expect(counts.bits).toBeGreaterThan(20);
    expect([differing, notes]).toEqual([[], []]);
    for (const stage of ['train', 'invert', 'verify'])
      expect(readRecord(join(folder, 'again/run', stage))!.key).toBe(readRecord(join(out, stage))!.key);
    expect(readFileSync(join(folder, 'again/run/train/weights.safetensors')).equals(readFileSync(join(out, 'train/weights.safetensors')))).toBe(true);
  } finally {
    renameSync(`${world}.gone`, world);
  }
});

it('tells what differs when it is run otherwise', () => {
  // The same case but for another seed, in a bundle that has the first one's products.
  const forged = join(folder, 'forged');
  mkdirSync(forged);
  spawnSync('tar', ['-xzf', bundle, '-C', forged]);
  const path = join(forged, 'demo/bundle.json');
  const forgery = JSON.parse(readFileSync(path, 'utf8')) as Bundle;
  forgery.run.case.training.seed = 77;
  writeFileSync(path, JSON.stringify(forgery));
  spawnSync('tar', ['-czf', join(folder, 'forged.tar.gz'), '-C', forged, 'demo']);
  const { status, stderr } = retroplume('reproduce', 'forged.tar.gz', '--out', 'otherwise', '--quiet', '--tolerance', '0');
  expect(status).toBe(5);
  expect(stderr).toMatch(/^retroplume: REPRODUCTION_DIFFERS: .*reproduction\.json: \d+ of \d+ products differ by more than 0, /);
  const { differing } = JSON.parse(readFileSync(join(folder, 'otherwise/reproduction.json'), 'utf8')) as Reproduction;
  const stages = new Set(differing.map(({ stage }) => stage));
  expect(stages.has('train')).toBe(true);
  expect(stages.has('simulate')).toBe(false);
});

it('runs no command that came with a bundle, and shows it', () => {
  const forged = join(folder, 'command');
  mkdirSync(forged);
  spawnSync('tar', ['-xzf', bundle, '-C', forged]);
  const path = join(forged, 'demo/bundle.json');
  const forgery = JSON.parse(readFileSync(path, 'utf8')) as Bundle;
  const command = `touch ${join(folder, 'touched')}; false {emissions} {output}`;
  forgery.run.case.ctm = { kind: 'command', command, output: '*', timeoutHours: 1 };
  writeFileSync(path, JSON.stringify(forgery));
  spawnSync('tar', ['-czf', join(folder, 'command.tar.gz'), '-C', forged, 'demo']);
  const asked = retroplume('reproduce', 'command.tar.gz', '--out', 'commanded', '--quiet');
  expect([asked.status, existsSync(join(folder, 'touched')), existsSync(join(folder, 'commanded'))]).toEqual([2, false, false]);
  expect(asked.stderr).toContain(
    `retroplume: REPRODUCE_COMMAND: command.tar.gz: its case runs a command of whoever made it, with all that you may do here: ${command}: `,
  );
  const agreed = retroplume('reproduce', 'command.tar.gz', '--out', 'commanded', '--quiet', '--run-command');
  expect([agreed.status, existsSync(join(folder, 'touched'))]).toEqual([1, true]);
  expect(agreed.stderr).toMatch(/^retroplume: CTM_COMMAND_FAILED: /);
});

it('unpacks again what was damaged since, and leaves what else is in the folder', () => {
  const [weights, bundleFile] = ['run/train/weights.safetensors', 'bundle.json'].map((name) => join(folder, 'again/bundle', name));
  const whole = readFileSync(weights);
  writeFileSync(join(folder, 'again/thesis.txt'), 'precious');
  truncateSync(weights, 100);
  truncateSync(bundleFile, 100);
  const { status, stderr } = retroplume('reproduce', bundle, '--out', 'again', '--quiet');
  expect([status, stderr]).toEqual([0, '']);
  expect(readFileSync(weights).equals(whole)).toBe(true);
  expect(readFileSync(join(folder, 'again/thesis.txt'), 'utf8')).toBe('precious');
});

describe('bad input', () => {
  const refused = (...args: string[]): string => {
    const { status, stdout, stderr } = retroplume(...args, ...(args[0] === 'bundle' ? [] : ['--quiet']));
    expect(stdout).toBe('');
    expect(status).not.toBe(0);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    return `${status} ${stderr}`;
  };

  it('a folder without a run, and one whose stages do not belong together', () => {
    expect(refused('bundle', 'world')).toMatch(/^2 retroplume: RUN_FILE_MISSING: .*world\/run\.json: no such file/);
    const mixed = join(folder, 'mixed');
    cpSync(out, mixed, { recursive: true, preserveTimestamps: true });
    const args = [join(world, 'case.yaml'), '--out', mixed, '--threads', '1', ...SETTINGS, '--set', 'inversion.iterations=2'];
    expect(retroplume('invert', ...args).status).toBe(0);
    expect(refused('bundle', mixed)).toMatch(/^2 retroplume: BUNDLE_STALE: .*mixed: apply, verify, report were made with other settings/);
    expect(existsSync(`${mixed}.tar.gz`)).toBe(false);
    mkdirSync(join(folder, 'bare'));
    cpSync(join(out, 'run.json'), join(folder, 'bare/run.json'));
    expect(refused('bundle', 'bare')).toMatch(/^2 retroplume: BUNDLE_EMPTY: .*bare: no stage is finished here: run the case first/);
  });

  it('a file where a run folder is expected, and a folder or what lies below a file where a file is', () => {
    const before = readdirSync(folder);
    expect(refused('bundle', join(out, 'run.json'))).toMatch(/^2 retroplume: RUN_FILE_MISSING: .*run\.json\/run\.json: no such file/);
    expect(refused('bundle', out, '.')).toMatch(/^3 retroplume: BUNDLE_UNWRITABLE: \.: expected the name of a file but received a folder/);
    expect(refused('bundle', out, join(out, 'run.json/y.tgz'))).toMatch(/^3 retroplume: WRITE_FAILED: .*run\.json: this folder cannot be made/);
    expect(spawnSync('mkfifo', [join(folder, 'pipe')]).status).toBe(0);
    expect(refused('reproduce', 'pipe', '--out', 'x')).toMatch(
      /BUNDLE_CORRUPT: pipe: expected a file but received a pipe, a socket or a device: give/,
    );
    rmSync(join(folder, 'pipe'));
    expect(refused('reproduce', '.', '--out', 'x')).toMatch(/^3 retroplume: BUNDLE_CORRUPT: \.: expected a file but received a folder/);
    expect(readdirSync(folder)).toEqual(before);
    expect(existsSync(`${folder}.tmp`)).toBe(false);
  });

  it('a product that does not hold what it did, is cut short, or a folder in its place; the stage is then run again', () => {
    const damaged = join(folder, 'damaged');
    cpSync(out, damaged, { recursive: true, preserveTimestamps: true });
    const weights = join(damaged, 'train/weights.safetensors');
    const { size } = statSync(weights);
    const bytes = readFileSync(weights);
    writeFileSync(weights, Buffer.from(bytes).fill(0x55, size >> 1, (size >> 1) + 64));
    expect(refused('bundle', damaged)).toMatch(
      /^3 retroplume: PRODUCT_DAMAGED: .*weights\.safetensors: its checksum does not match what it holds: remove it and run the case again/,
    );
    writeFileSync(weights, bytes);
    const updated = readRecord(join(damaged, 'apply'))!.products.find((name) => name.endsWith('.nc'))!;
    const changed = [`apply/${updated}`, 'verify/scores.csv'].map((name) => join(damaged, name));
    for (const path of changed) {
      const right = readFileSync(path);
      const wrong = Buffer.from(right);
      wrong[wrong.length - 3] ^= 1;
      writeFileSync(path, wrong);
      expect(refused('bundle', damaged)).toMatch(new RegExp(`^3 retroplume: PRODUCT_DAMAGED: .*${basename(path)}: its checksum does not match`));
      writeFileSync(path, right);
    }
    truncateSync(weights, 100);
    expect(refused('bundle', damaged)).toMatch(
      /^3 retroplume: PRODUCT_DAMAGED: .*weights\.safetensors: has 100 bytes instead of \d+: run the case again/,
    );
    rmSync(weights);
    mkdirSync(weights);
    expect(refused('bundle', damaged)).toMatch(/^3 retroplume: PRODUCT_DAMAGED: .*weights\.safetensors: is no file any more/);
    const { status, stderr } = retroplume('train', join(world, 'case.yaml'), '--out', damaged, '--threads', '1', ...SETTINGS);
    expect(stderr).toMatch(/weights\.safetensors is no file any more: train is run again/);
    expect([status, statSync(weights).size]).toEqual([0, size]);
  });

  it('an input that is not what the run read', () => {
    expect(retroplume('bundle', out, 'without.tar.gz').status).toBe(0);
    const stations = join(world, 'inputs/stations.csv');
    const text = readFileSync(stations);
    try {
      appendFileSync(stations, '\n');
      expect(refused('reproduce', 'without.tar.gz', '--out', 'x')).toMatch(
        /^3 retroplume: BUNDLE_INPUT_DIFFERS: .*stations\.csv: not there, or not the file/,
      );
      expect(refused('bundle', out)).toMatch(/^2 retroplume: BUNDLE_STALE: /);
    } finally {
      writeFileSync(stations, text);
    }
    expect(refused('reproduce', 'without.tar.gz', '--out', 'y', '--inputs', `${world}=/nowhere`)).toMatch(
      /^3 retroplume: BUNDLE_INPUT_DIFFERS: \/nowhere\/inputs\/\S+ and 5 more: not there/,
    );
  });

  it('a place of inputs that none was in, or that the bundle holds', () => {
    for (const from of [`${world}/input`, '/typo']) {
      const said = refused('reproduce', 'without.tar.gz', '--out', 'w', '--inputs', `${from}=/nowhere`);
      expect(said).toContain(
        `2 retroplume: REPRODUCE_INPUTS: --inputs ${from}=/nowhere: none of the 6 inputs of the bundle was below ${from}: set FROM to`,
      );
    }
    expect(refused('reproduce', bundle, '--out', 'v', '--inputs', `${world}=/nowhere`)).toMatch(
      /^2 retroplume: REPRODUCE_INPUTS: .*: the bundle holds its inputs, and they are taken from there: leave --inputs out/,
    );
  });

  it('a bundle that is none, is damaged, or whose folder is taken', () => {
    writeFileSync(join(folder, 'text.tar.gz'), 'no archive');
    expect(refused('reproduce', 'text.tar.gz', '--out', 'z')).toMatch(/^3 retroplume: BUNDLE_CORRUPT: text\.tar\.gz: cannot be unpacked/);
    expect(refused('reproduce', 'none.tar.gz', '--out', 'z')).toMatch(/^3 retroplume: FILE_MISSING: none\.tar\.gz: no such file/);
    const bytes = readFileSync(bundle);
    writeFileSync(join(folder, 'cut.tar.gz'), bytes.subarray(0, bytes.length / 2));
    expect(refused('reproduce', 'cut.tar.gz', '--out', 'z')).toMatch(/^3 retroplume: BUNDLE_CORRUPT: cut\.tar\.gz/);
    expect(existsSync(join(folder, 'z'))).toBe(false);
    expect(refused('reproduce', bundle, '--out', 'world')).toMatch(
      /^2 retroplume: REPRODUCE_FOLDER: .*world: the folder is there and not of this bundle/,
    );
    expect(refused('reproduce', bundle, '--out', 'z', '--inputs', 'here')).toMatch(/^2 retroplume: CLI_USAGE: .*expected FROM=TO/);
  });
});
