/** `inspect`: what a file or folder is, its grid, times, units and ranges, and what is odd about it. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

import { examineCase } from '../../../case';
import { inspectNetcdf } from './netcdf';
import { sniff, type FileKind } from './sniff';
import { inspectTable } from './table';
import { inspectTensors } from './tensors';
import { bytesBelow } from '../../../files/disk';
import { inspectGriddesc, inspectJson, inspectNumpy } from './text-files';
import type { Inspection, Oddity } from './inspection';
import { DataError, toldError } from '../../../base/errors';
import { damagedProducts, readRecord } from '../../engine/record';
import { STAGES, stageDir, type Variant } from '../../engine/stage';
import { inspectBundle } from './inspect-bundle';
import { inspectOnnx } from './inspect-onnx';

type Found = Omit<Inspection, 'path' | 'bytes'>;

/**
 * Looks at one file or run folder. A file that cannot be read is a finding, not an exception: its error stands among what is odd.
 *
 * @throws {DataError} `FILE_MISSING`
 *
 * @example
 * const { kind, time, odd } = await inspectFile('EMIS_20170101.nc');
 */
export async function inspectFile(path: string): Promise<Inspection> {
  if (!existsSync(path)) throw new DataError('FILE_MISSING', `${path}: there is no such file: check the path`);
  const stats = statSync(path);
  let size = stats.size;
  let kind: FileKind = stats.isDirectory() ? 'folder' : 'unknown';
  try {
    if (kind === 'folder') size = bytesBelow(path);
    kind = await sniff(path);
    return { path, bytes: size, ...(await inspectAs(kind, path)) };
  } catch (error) {
    const failure = toldError(error);
    if (!failure) throw error;
    const odd = [{ code: failure.code, text: failure.message.replace(`${path}: `, '') }];
    return { path, bytes: size, kind: `${NAMES[kind]} that cannot be read`, facts: {}, grids: [], variables: [], odd };
  }
}

const NAMES: Record<FileKind, string> = {
  netcdf: 'netCDF file',
  parquet: 'Parquet file',
  griddesc: 'GRIDDESC',
  yaml: 'case file',
  table: 'table',
  json: 'JSON file',
  numpy: 'NumPy array',
  onnx: 'ONNX model',
  tensors: 'tensors (safetensors)',
  tar: 'tar archive',
  folder: 'folder',
  empty: 'empty file',
  unknown: 'file',
};

async function inspectAs(kind: FileKind, path: string): Promise<Found> {
  switch (kind) {
    case 'netcdf':
      return inspectNetcdf(path);
    case 'parquet':
    case 'table':
      return inspectTable(path);
    case 'griddesc':
      return inspectGriddesc(path);
    case 'numpy':
      return inspectNumpy(path);
    case 'onnx':
      return inspectOnnx(path);
    case 'tensors':
      return inspectTensors(path);
    case 'tar':
      return inspectBundle(path);
    case 'json':
      return inspectJson(path);
    case 'yaml':
      return inspectCase(path);
    case 'folder':
      return inspectFolder(path);
    case 'empty':
      return { ...nothing('an empty file'), odd: [{ code: 'FILE_EMPTY', text: 'it holds nothing' }] };
    case 'unknown':
      return {
        ...nothing('a file that Retroplume does not know'),
        odd: [{ code: 'FILE_UNKNOWN', text: 'neither its beginning nor its name tells what it is' }],
      };
  }
}

const nothing = (kind: string): Found => ({ kind, facts: {}, grids: [], variables: [], odd: [] });

function inspectCase(path: string): Found {
  const { case: settings, problems, unread } = examineCase(path);
  const facts: Record<string, string> = {};
  const tell = (section: string, key: string, text: string): void => void (unread.has(section) || (facts[key] = text));
  tell('name', 'name', settings.name);
  tell('grid', 'grid', `${settings.grid.name} of ${settings.grid.griddesc}`);
  tell('periods', 'periods', settings.periods.map(({ name, start, hours }) => `${name}: ${hours} hours from ${start.toISOString()}`).join('; '));
  tell('ctm', 'transport model', settings.ctm.kind === 'command' ? settings.ctm.command : 'the reference model');
  const odd: Oddity[] = problems.map(({ code, message }) => ({ code, text: message }));
  return { ...nothing('case file (retroplume check looks at its files, too)'), facts, odd };
}

/** Folders of variants in a run folder, beside the case's own stages. */
const VARIANT = /^(paper|pass-\d+|surrogate-\d+)$/;

/** Every stage that a run folder may hold, as `train` or `paper/train`. */
function stageFolders(path: string): string[] {
  const variants = readdirSync(path).filter((name) => VARIANT.test(name)) as Variant[];
  return [
    ...new Set(
      (['default', ...variants.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))] as const).flatMap((variant) =>
        STAGES.map((stage) => relative(path, stageDir(path, stage, variant))),
      ),
    ),
  ];
}

function inspectFolder(path: string): Found {
  const facts: Record<string, string> = {};
  const odd: Oddity[] = [];
  for (const stage of stageFolders(path)) {
    const dir = join(path, stage);
    const record = readRecord(dir);
    if (!record) continue;
    facts[stage] = `${record.startedAt}, ${record.seconds.toFixed(0)} s, ${record.products.length} products`;
    for (const { product, trouble } of damagedProducts(dir, record)) {
      const code = existsSync(join(dir, product)) ? 'PRODUCT_DAMAGED' : 'PRODUCT_MISSING';
      odd.push({ code, text: `${stage}: ${product} ${trouble}` });
    }
  }
  if (Object.keys(facts).length === 0)
    return { ...nothing('folder'), odd: [{ code: 'FOLDER_UNKNOWN', text: 'it is no run folder: name the files that it holds' }] };
  return { ...nothing('run folder'), facts, odd };
}
