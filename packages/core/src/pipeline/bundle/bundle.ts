/**
 * `retroplume bundle`: a run as one file that somebody else can check: the case, the records, which code and machine, the hashes of every input and product,
 * and of the products all but the large ones: models, factors, scores, report.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { restoreCase } from '../../data/case';
import { ConfigError, DataError } from '../../errors';
import { InputHashes, type InputFile } from '../engine/input-hashes';
import { damagedProducts, readRecord, RECORD, type StageRecord } from '../engine/record';
import { staleStages } from '../run';
import { readRunFile, RUN_FILE, type RunFile } from '../engine/run-file';
import { lockToRead } from '../engine/run-lock';
import { checkTarget, pack } from './archive';
import { hashOfValues } from './compare-files';

export const BUNDLE_FILE = 'bundle.json';

/** A product or a record. */
export interface BundledFile extends InputFile {
  /** relative to the run folder */
  path: string;
  stage: string;
  /** whether its bytes are in the bundle, under `run/` */
  packed: boolean;
  /** of a netCDF file that is not: SHA-256 of the values of its variables, for its header tells when it was made */
  values?: string;
}

export interface BundledInput extends InputFile {
  /** absolute, where it was; its bytes, if they are in the bundle, are under `inputs/` at the same path */
  path: string;
  packed: boolean;
}

/** `bundle.json`. */
export interface Bundle {
  format: 1;
  run: RunFile;
  files: BundledFile[];
  inputs: BundledInput[];
}

export interface BundleOptions {
  /** bundle to write; default: the run folder's name with `.tar.gz`, beside it */
  file?: string;
  /** whether the inputs are packed, too */
  inputs?: boolean;
  /** bytes; a product that is larger is told by its hash alone; default 50 MB */
  largest?: number;
}

export interface BundleResult {
  bundle: string;
  bytes: number;
  stages: string[];
  /** products that are in it, and that are told by their hash alone */
  packed: number;
  hashed: number;
  inputs: number;
  inputsPacked: boolean;
}

/** The stages that are finished in a run folder, by their folders. */
export function finishedStages(out: string): { dir: string; record: StageRecord }[] {
  if (!existsSync(out)) return [];
  return readdirSync(out, { recursive: true, encoding: 'utf8' })
    .filter((path) => path === RECORD || path.endsWith(`/${RECORD}`))
    .map((path) => dirname(path))
    .sort()
    .flatMap((dir) => {
      const record = readRecord(join(out, dir));
      return record ? [{ dir, record }] : [];
    });
}

/**
 * @param out - run folder
 * @throws {ConfigError} `RUN_FILE_MISSING`, `BUNDLE_EMPTY`; `BUNDLE_STALE` if not all of it is of one case and the same inputs; `RUN_LOCKED` while a run is
 *   at work there
 * @throws {DataError} `PRODUCT_DAMAGED` for a product that is gone or has another size than was recorded; `FILE_MISSING` for an input that is gone;
 *   `BUNDLE_UNWRITABLE`
 */
export async function bundleRun(out: string, options: BundleOptions = {}): Promise<BundleResult> {
  const folder = resolve(out);
  const { inputs: packInputs = false, largest = 50e6, file = `${folder}.tar.gz` } = options;
  const read = readRunFile(folder);
  const stages = finishedStages(folder);
  const run = asTrained(read, stages);
  if (stages.length === 0) throw new ConfigError('BUNDLE_EMPTY', `${folder}: no stage is finished here: run the case first`);
  checkTarget(file); // before anything is hashed
  const release = lockToRead(folder);
  const staging = mkdtempSync(join(tmpdir(), 'retroplume-bundle-'));
  try {
    const hashes = new InputHashes();
    checkProducts(folder, stages);
    await checkOneCase(folder, run, hashes);
    const files: BundledFile[] = [];
    for (const { dir, record } of stages) {
      for (const name of [RECORD, ...record.products]) {
        const { path, ...said } = await hashes.describe(join(folder, dir, name));
        const packed = said.bytes <= largest;
        const values = !packed && name.endsWith('.nc') ? { values: hashOfValues(path) } : {};
        files.push({ path: relative(folder, path), stage: record.stage, ...said, packed, ...values });
      }
    }
    const inputs = inputsOf(stages).map((input) => ({ ...input, packed: packInputs }));
    const bundle: Bundle = { format: 1, run, files, inputs };
    // The case has been restored, so its name is one of a folder.
    const name = join(staging, run.case.name);
    stage(name, folder, bundle);
    pack(name, file);
    const packed = files.filter((each) => each.packed).length;
    return {
      ...{ bundle: file, bytes: statSync(file).size, stages: stages.map(({ dir }) => dir), packed, hashed: files.length - packed },
      ...{ inputs: inputs.length, inputsPacked: packInputs },
    };
  } finally {
    rmSync(staging, { recursive: true, force: true });
    release();
  }
}

/** Where jobs of their own ran the stages, the threads, ranks and device that matter are those of the training. */
function asTrained(run: RunFile, stages: readonly { dir: string; record: StageRecord }[]): RunFile {
  const record = stages.find(({ dir }) => dir === 'train')?.record;
  if (!record) return run;
  const { threads, ranks = 1, device, matrixProducts: products, hardware } = record;
  return { ...run, threads, ranks, device, products, hardware };
}

/** Stages that were run one by one, or before the case or an input was changed, may not belong together. */
async function checkOneCase(out: string, { threads, device, products, hardware, ...run }: RunFile, inputs: InputHashes): Promise<void> {
  const stale = await staleStages({
    ...{ case: restoreCase(run.case, join(out, RUN_FILE)), out, threads, device, products, hardware, inputs },
    ...{ onEvent: () => undefined, signal: new AbortController().signal },
  });
  if (stale.length > 0) {
    throw new ConfigError(
      'BUNDLE_STALE',
      `${out}: ${stale.join(', ')} ${stale.length === 1 ? 'was' : 'were'} made with other settings or inputs than the last command had: run the case again, which makes those stages anew`,
    );
  }
}

/** A bundle of damaged products would vouch for what no stage has made. */
function checkProducts(out: string, stages: readonly { dir: string; record: StageRecord }[]): void {
  for (const { dir, record } of stages) {
    const [damaged] = damagedProducts(join(out, dir), record);
    if (!damaged) continue;
    throw new DataError('PRODUCT_DAMAGED', `${join(out, dir, damaged.product)}: ${damaged.trouble}: run the case again, which makes its stage anew`);
  }
}

/** The input files of all stages, by path. */
function inputsOf(stages: readonly { record: StageRecord }[]): InputFile[] {
  return [...new Map(stages.flatMap(({ record }) => record.inputs.map((input) => [input.path, input] as const))).values()];
}

/** The bundle as a folder of links. */
function stage(name: string, run: string, bundle: Bundle): void {
  const link = (target: string, path: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  };
  for (const { path, packed } of bundle.files) if (packed) link(join(run, path), join(name, 'run', path));
  for (const { path, packed } of bundle.inputs) if (packed) link(path, join(name, 'inputs', path));
  link(join(run, RUN_FILE), join(name, RUN_FILE));
  writeFileSync(join(name, BUNDLE_FILE), `${JSON.stringify(bundle, null, 2)}\n`);
}
