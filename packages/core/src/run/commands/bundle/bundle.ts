/**
 * `retroplume bundle`: a run as one file that somebody else can check: the case, the records, which code and machine, the hashes of every input and product,
 * and of the products all but the large ones: models, factors, scores, report.
 */
import { statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { restoreCase, RUN_FILE, type Case } from '../../../case';
import { ConfigError, DataError, expectArgument, expectObject, expectOptions, expectText, type OptionNames } from '../../../base/errors';
import { InputHashes, type InputFile } from '../../engine/input-hashes';
import { changedProduct, damagedProducts, readRecord, RECORD, summaryIn, type StageRecord } from '../../engine/record';
import { PASS_STAGES, passVariant, stageDir, type StageName, type Variant } from '../../engine/stage';
import { planOf, stagesOf } from '../../all-stages';
import { staleStages } from '../../run';
import { otherSurrogates } from '../../inversions/surrogate-ensemble';
import type { LoopSummary } from '../../inversions/loop';
import { readRunFile, type RunFile } from '../../engine/run-folder';
import { lockToRead } from '../../engine/run-lock';
import { checkTarget, pack, type Packed } from './archive';
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

interface BundledInput extends InputFile {
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

const OPTIONS: OptionNames<BundleOptions> = { file: true, inputs: true, largest: true };

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

/** A finished stage, and its folder, from the run folder. */
interface FinishedStage {
  dir: string;
  record: StageRecord;
}

/** The stages of a case that are finished in a run folder. Those that another case left there, or this one with other settings, nothing of it would make again. */
export function finishedStages(out: string, settings: Case): FinishedStage[] {
  return foldersOf(out, settings)
    .sort()
    .flatMap((dir) => {
      const record = readRecord(join(out, dir));
      return record ? [{ dir, record }] : [];
    });
}

function foldersOf(out: string, settings: Case): string[] {
  const folder = (stage: StageName, variant: Variant): string => relative(out, stageDir(out, stage, variant));
  const caseFolders = planOf(settings, bundledStages(settings)).map(({ stage, variant }) => folder(stage, variant));
  const { passes = [] } = (settings.loop.passes > 1 && summaryIn<LoopSummary>(stageDir(out, 'loop', 'default'))) || {};
  const further = passes
    .filter(({ pass }) => pass > 1)
    .flatMap(({ pass, realisedError }) =>
      // The transport model has not been run on a pass that promised little.
      PASS_STAGES.filter((stage) => realisedError !== null || stage === 'train' || stage === 'invert').map((stage) =>
        folder(stage, passVariant(pass)),
      ),
    );
  const surrogateFolders = otherSurrogates(settings).flatMap((n) => (['train', 'invert'] as const).map((stage) => folder(stage, `surrogate-${n}`)));
  return [...caseFolders, ...further, ...surrogateFolders];
}

/** A preview belongs to a case that does not ask for it, where somebody has made one. */
function bundledStages(settings: Case): StageName[] {
  return [...stagesOf(settings), 'preview'];
}

/**
 * Packs what is finished in a run folder into one file: case, records, hashes, and products that are not too large.
 *
 * @param out - run folder
 * @throws {ConfigError} `CALL_INVALID`, `RUN_FILE_MISSING`, `BUNDLE_EMPTY`, `BUNDLE_NAME`; `BUNDLE_STALE` if not all of it is of one case and the same inputs; `RUN_LOCKED` while a run is
 *   at work there
 * @throws {DataError} `PRODUCT_DAMAGED` for a product that is gone, has another size than was recorded or not its checksum; `FILE_MISSING` for an input that is gone;
 *   `BUNDLE_UNWRITABLE`, `WRITE_FAILED`
 *
 * @example
 * const { bundle, bytes } = await bundleRun('runs/mine', { inputs: true });
 */
export async function bundleRun(out: string, options: BundleOptions = {}): Promise<BundleResult> {
  expectText(out, 'bundleRun: out', 'the path of a run folder');
  expectObject(options, 'bundleRun: options', 'an object, such as { file: "run.tar.gz" },');
  expectOptions(options, 'bundleRun', OPTIONS);
  const folder = resolve(out);
  const { inputs: packInputs = false, largest = 50e6, file = `${folder}.tar.gz` } = options;
  expectArgument(largest >= 0, 'bundleRun: largest', 'a number of bytes', largest);
  expectArgument(typeof file === 'string', 'bundleRun: file', 'a path', file);
  const read = readRunFile(folder);
  const restored = restoreCase(read.case, join(folder, RUN_FILE));
  const settings = { ...restored, file: read.file };
  const finished = finishedStages(folder, settings);
  const run = asTrained(read, finished);
  if (finished.length === 0) throw new ConfigError('BUNDLE_EMPTY', `${folder}: no stage is finished here: run the case first`);
  checkTarget(file); // before anything is hashed
  const release = lockToRead(folder);
  try {
    const hashes = new InputHashes();
    checkProducts(folder, finished);
    const stages = await ofOneCase(folder, settings, run, finished, hashes);
    const files: BundledFile[] = [];
    for (const { dir, record } of stages) {
      for (const name of [RECORD, ...record.products]) {
        const { path, ...described } = await hashes.describe(join(folder, dir, name));
        if (name !== RECORD && described.sha256 !== record.sha256[name]) throw changedProduct(path);
        const packed = described.bytes <= largest;
        const values = !packed && name.endsWith('.nc') ? { values: hashOfValues(path) } : {};
        files.push({ path: relative(folder, path), stage: record.stage, ...described, packed, ...values });
      }
    }
    const inputs = inputsOf(stages).map((input) => ({ ...input, packed: packInputs }));
    const bundle: Bundle = { format: 1, run, files, inputs };
    await pack(packedFiles(folder, bundle), file);
    const packed = files.filter((entry) => entry.packed).length;
    return {
      bundle: file,
      bytes: statSync(file).size,
      stages: stages.map(({ dir }) => dir),
      packed,
      hashed: files.length - packed,
      inputs: inputs.length,
      inputsPacked: packInputs,
    };
  } finally {
    release();
  }
}

/** Where jobs of their own ran the stages, the threads, ranks and device that matter are those of the training. */
function asTrained(run: RunFile, stages: readonly FinishedStage[]): RunFile {
  const record = stages.find(({ dir }) => dir === 'train')?.record;
  if (!record) return run;
  const { threads, ranks = 1, device, precision, hardware } = record;
  return { ...run, threads, ranks, device, precision, hardware };
}

/**
 * Stages that were run one by one, or before the case or an input was changed, may not belong together. A preview is made by itself alone: that of earlier
 * settings is left out.
 */
async function ofOneCase(
  out: string,
  settings: Case,
  { threads, device, precision, hardware }: RunFile,
  finished: readonly FinishedStage[],
  inputs: InputHashes,
): Promise<FinishedStage[]> {
  const run = { caseSettings: settings, out, threads, device, precision, hardware, inputs };
  const staleDirs = await staleStages({ ...run, onEvent: () => undefined, signal: new AbortController().signal }, bundledStages(settings));
  const stale = staleDirs.filter((dir) => dir !== 'preview');
  if (stale.length > 0) {
    throw new ConfigError(
      'BUNDLE_STALE',
      `${out}: ${stale.join(', ')} ${stale.length === 1 ? 'was' : 'were'} made with other settings or inputs than the last command had: run the case again, which makes those stages anew`,
    );
  }
  return finished.filter(({ dir }) => !staleDirs.includes(dir));
}

/** A bundle of damaged products would vouch for what no stage has made. */
function checkProducts(out: string, stages: readonly FinishedStage[]): void {
  for (const { dir, record } of stages) {
    const [damaged] = damagedProducts(join(out, dir), record);
    if (damaged) {
      throw new DataError(
        'PRODUCT_DAMAGED',
        `${join(out, dir, damaged.product)}: ${damaged.trouble}: run the case again, which makes its stage anew`,
      );
    }
  }
}

/** The input files of all stages, by path. */
function inputsOf(stages: readonly { record: StageRecord }[]): InputFile[] {
  return [...new Map(stages.flatMap(({ record }) => record.inputs.map((input) => [input.path, input] as const))).values()];
}

/** What is in the archive: the description first, by which all that follows is checked. */
function packedFiles(run: string, bundle: Bundle): Packed[] {
  // The case has been restored, so its name is one of a folder.
  const inside = (path: string): string => `${bundle.run.case.name}/${path}`;
  return [
    { name: inside(BUNDLE_FILE), source: Buffer.from(`${JSON.stringify(bundle, null, 2)}\n`) },
    { name: inside(RUN_FILE), source: join(run, RUN_FILE) },
    ...bundle.files.filter(({ packed }) => packed).map(({ path }) => ({ name: inside(`run/${path}`), source: join(run, path) })),
    ...bundle.inputs.filter(({ packed }) => packed).map(({ path }) => ({ name: inside(`inputs${path}`), source: path })),
  ];
}
