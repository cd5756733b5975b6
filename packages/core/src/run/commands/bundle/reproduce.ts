/** `retroplume reproduce`: the run of a bundle again, from its case and inputs, and how what comes of it compares. */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { ConfigError, DataError, expectArgument, expectObject, expectOptions, expectText, GateError, type OptionNames } from '../../../base/errors';
import { mapPaths, restoreCase, type Case } from '../../../case';
import { writeFileAtomic } from '../../../files/checkpoint';
import { codeVersion } from '../../../base/code-version';
import { ALONE, type Ranks, VERSIONS } from '../../../base/process';
import { InputHashes, type InputFile } from '../../engine/input-hashes';
import { RECORD } from '../../engine/record';
import { runStages } from '../../run-case';
import { type RunOptions } from '../../run';
import { STAGES, type StageName } from '../../engine/stage';
import { BUNDLE_FILE, type Bundle, type BundledFile } from './bundle';
import { compareFiles, compareWithHash, type Comparison } from './compare-files';
import { openBundle } from './open-bundle';

/** What was below the folder `from` is below `to` here. */
export interface MovedInputs {
  from: string;
  to: string;
}

export interface ReproduceOptions extends Pick<RunOptions, 'device' | 'precision' | 'ranks' | 'onDevice' | 'onEvent' | 'signal'> {
  /** folder for the unpacked bundle and the run, new or of the same bundle */
  out: string;
  /** where the inputs are, if they are not in the bundle; of several folders that one was below the innermost counts; default: where they were */
  inputs?: readonly MovedInputs[];
  /** whether the command of the case (`ctm.command`) may be run, which is whoever made the bundle's: read it first; default: no */
  runCommand?: boolean;
  /** default: the run's */
  threads?: number;
  /** largest difference of a number, relative to the largest of its field, that still counts as the same; default 0.001 */
  tolerance?: number;
}

const OPTIONS: OptionNames<ReproduceOptions> = {
  out: true,
  inputs: true,
  runCommand: true,
  threads: true,
  tolerance: true,
  device: true,
  precision: true,
  ranks: true,
  onDevice: true,
  onEvent: true,
  signal: true,
};

export interface ComparedFile extends Comparison {
  path: string;
  stage: string;
}

/** `reproduction.json`. */
export interface Reproduction {
  bundle: string;
  /** what differs between the two runs' surroundings, one sentence each */
  notes: string[];
  tolerance: number;
  /** files by how they compare */
  counts: Record<Comparison['same'], number>;
  /** files that are not the same to the bit, the largest difference first */
  differing: ComparedFile[];
}

const REPRODUCTION_FILE = 'reproduction.json';

/**
 * Unpacks a bundle, runs its case again and compares every product.
 *
 * @throws {DataError} `BUNDLE_CORRUPT`, `BUNDLE_INPUT_DIFFERS` before anything is run
 * @throws {ConfigError} `REPRODUCE_COMMAND` if the case has a command that was not agreed to; `REPRODUCE_FOLDER` if the folder holds something else; `REPRODUCE_INPUTS` where `inputs` would do nothing
 * @throws {GateError} `REPRODUCTION_DIFFERS`, after `reproduction.json` has been written
 *
 * @example
 * const { differing } = await reproduceBundle('mine.tar.gz', { out: 'runs/again', inputs: [{ from: '/their/inputs', to: '/my/inputs' }] });
 */
export async function reproduceBundle(file: string, options: ReproduceOptions): Promise<Reproduction> {
  expectText(file, 'file', 'the path of a bundle');
  expectObject(options, 'options', "an object, such as { out: 'again' },");
  expectText(options.out, 'out', 'the path of a folder');
  expectOptions(options, 'reproduceBundle', OPTIONS);
  const out = resolve(options.out);
  const { tolerance = 1e-3, inputs: moved = [] } = options;
  expectArgument(Array.isArray(moved), 'inputs', 'an array of { from, to }', moved);
  expectArgument(tolerance >= 0, 'tolerance', 'a number of at least 0', tolerance);
  const { ranks = ALONE } = options;
  const agree = (opened: Bundle): void => requireAgreed(file, opened, options.runCommand ?? false);
  const { bundle, folder } = await openOnRanks(file, { out, ranks, agree });
  const { run } = bundle;
  const notes = notesOn(bundle, options);
  const inputs = new InputHashes();
  const settings = await withInputs(bundle, folder, moved, inputs);
  const rerun = join(out, 'run');
  const recorded = new Set(bundle.files.map(({ stage }) => stage));
  const { device = run.device, precision = run.precision, threads = run.threads } = options;
  await runStages(settings, {
    out: rerun,
    device,
    precision,
    threads,
    stages: STAGES.filter((stage): stage is StageName => recorded.has(stage)),
    ranks,
    onDevice: options.onDevice,
    onEvent: options.onEvent,
    signal: options.signal,
  });
  const compared: ComparedFile[] = [];
  for (const file of bundle.files) compared.push(...(await compare(file, folder, rerun)));
  const result: Reproduction = {
    bundle: resolve(file),
    notes,
    tolerance,
    counts: countsOf(compared),
    differing: compared
      .filter(({ same }) => same !== 'bits' && same !== 'content')
      .sort((a, b) => (b.difference ?? Infinity) - (a.difference ?? Infinity)),
  };
  if (ranks.rank === 0) writeFileAtomic(join(out, REPRODUCTION_FILE), `${JSON.stringify(result, null, 2)}\n`);
  const tooDifferent = result.differing.filter(({ same, difference = 0 }) => same === 'other' || difference > tolerance);
  if (tooDifferent.length > 0) {
    const [{ path, where, difference }] = tooDifferent;
    const reason = difference === undefined ? where : `${where} by ${difference.toPrecision(2)}`;
    throw new GateError(
      'REPRODUCTION_DIFFERS',
      `${join(out, REPRODUCTION_FILE)}: ${tooDifferent.length} of ${compared.length} products differ by more than ${tolerance}, ${path} first (${reason}): look at its notes for what was not the same, or raise --tolerance`,
    );
  }
  return result;
}

/** The first of several ranks unpacks; the others take what it leaves. */
async function openOnRanks(file: string, options: { out: string; ranks: Ranks; agree: (bundle: Bundle) => void }): ReturnType<typeof openBundle> {
  const { out, ranks, agree } = options;
  const first = ranks.rank === 0 ? await openBundle(file, out, agree) : undefined;
  await ranks.barrier();
  return first ?? openBundle(file, out, agree);
}

/**
 * A bundle is from somebody else, and a command of its case may do whatever whoever runs it may do.
 * @throws {ConfigError} `REPRODUCE_COMMAND` unless that is agreed to
 */
function requireAgreed(file: string, { run }: Bundle, runCommand: boolean): void {
  const { ctm } = run.case as Partial<Case>;
  if (ctm?.kind !== 'command' || runCommand) return;
  throw new ConfigError(
    'REPRODUCE_COMMAND',
    `${file}: its case runs a command of whoever made it, with all that you may do here: ${ctm.command}: read it and what it calls, and if you trust it give --run-command`,
  );
}

/** What differs between here and there. */
function notesOn(
  { run }: Bundle,
  { threads = run.threads, ranks = ALONE, device = run.device, precision = run.precision }: ReproduceOptions,
): string[] {
  const surroundings: [string, unknown, unknown][] = [
    ['code', run.commit, codeVersion()],
    ...Object.keys(VERSIONS).map((name): [string, unknown, unknown] => [name, run.versions[name], VERSIONS[name]]),
    ['threads', run.threads, threads],
    ['processes', run.ranks, ranks.size],
    ['device', run.device, device],
    ['precision', run.precision, precision],
  ];
  return surroundings
    .filter(([, packedValue, currentValue]) => packedValue !== currentValue)
    .map(([name, packedValue, currentValue]) => `${name}: ${String(packedValue)} in the bundle, ${String(currentValue)} here`);
}

/** The case with its paths where the inputs are now, each of which has the bytes that it had. */
async function withInputs(bundle: Bundle, folder: string, moved: readonly MovedInputs[], hashes: InputHashes): Promise<Case> {
  const packed = bundle.inputs.some((input) => input.packed);
  const innermostFirst = [...moved].sort((a, b) => resolve(b.from).length - resolve(a.from).length);
  const currentPath = (path: string): string => {
    if (packed) return insideOf(join(folder, 'inputs'), path);
    const move = innermostFirst.find(({ from }) => isBelow(path, from));
    return move ? join(move.to, relative(move.from, path)) : path;
  };
  for (const move of moved) checkMoved(bundle.inputs, move, moved, packed);
  const wrong: string[] = [];
  for (const input of bundle.inputs) if (!(await isThere(currentPath(input.path), input, hashes))) wrong.push(currentPath(input.path));
  if (wrong.length > 0) {
    throw new DataError(
      'BUNDLE_INPUT_DIFFERS',
      `${wrong[0]}${wrong.length > 1 ? ` and ${wrong.length - 1} more` : ''}: not there, or not the file that the run read: name the place of the inputs with --inputs FROM=TO, or make the bundle with its inputs (--inputs)`,
    );
  }
  const settings = restoreCase(bundle.run.case, join(folder, BUNDLE_FILE));
  mapPaths(settings, currentPath);
  return settings;
}

/** Where a bundle's own input lies. @throws {DataError} `BUNDLE_CORRUPT` for a path that leads out of the bundle, to a file of who unpacked it */
function insideOf(inputs: string, path: string): string {
  const inside = join(inputs, path);
  if (isBelow(inside, inputs)) return inside;
  throw new DataError('BUNDLE_CORRUPT', `${inputs}: the case names ${path}, which is not in the bundle: it is damaged: copy or make it again`);
}

/** Whether a path is a folder, or something in it. */
function isBelow(path: string, folder: string): boolean {
  return !/^\.\.(\/|$)/.test(relative(folder, path));
}

/** @param moves - with it the others @throws {ConfigError} `REPRODUCE_INPUTS` where it would do nothing, or another says otherwise */
function checkMoved(inputs: Bundle['inputs'], { from, to }: MovedInputs, moves: readonly MovedInputs[], packed: boolean): void {
  const option = `--inputs ${from}=${to}`;
  if (packed) throw new ConfigError('REPRODUCE_INPUTS', `${option}: the bundle holds its inputs, and they are taken from there: leave --inputs out`);
  if (moves.filter((move) => resolve(move.from) === resolve(from)).length > 1)
    throw new ConfigError('REPRODUCE_INPUTS', `${option}: there is another place for what was below ${from}: leave one of them out`);
  if (inputs.some(({ path }) => isBelow(path, from))) return;
  const advice = inputs.length > 0 ? `set FROM to a folder of theirs, such as ${dirname(inputs[0].path)}` : 'leave --inputs out';
  throw new ConfigError('REPRODUCE_INPUTS', `${option}: none of the ${inputs.length} inputs of the bundle was below ${from}: ${advice}`);
}

async function isThere(path: string, { bytes, sha256 }: InputFile, hashes: InputHashes): Promise<boolean> {
  if (!existsSync(path)) return false;
  const file = await hashes.describe(path);
  return file.bytes === bytes && file.sha256 === sha256;
}

/** Nothing for what tells the time and is no result: records, the report. */
async function compare({ path, stage, packed, ...hashes }: BundledFile, folder: string, rerun: string): Promise<ComparedFile[]> {
  if (stage === 'report' || path.endsWith(RECORD)) return [];
  const remade = join(rerun, path);
  if (!existsSync(remade)) return [{ path, stage, same: 'other', where: 'it is missing' }];
  const comparison = packed ? await compareFiles(join(folder, 'run', path), remade) : await compareWithHash(hashes, remade);
  return [{ path, stage, ...comparison }];
}

function countsOf(compared: readonly ComparedFile[]): Reproduction['counts'] {
  const counts = { bits: 0, content: 0, numbers: 0, other: 0 };
  for (const { same } of compared) counts[same]++;
  return counts;
}
