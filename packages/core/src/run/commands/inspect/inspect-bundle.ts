/** Bundles for `inspect`: of which case and run, by which versions, and what is in them. */
import { basename, dirname } from 'node:path';
import type { Inspection, Oddity } from './inspection';
import { DataError } from '../../../base/errors';
import { contentOf, readArchive } from '../bundle/archive';
import { BUNDLE_FILE, type Bundle } from '../bundle/bundle';
import { bundleIn, MOST_TEXT } from '../bundle/open-bundle';
import { ArchiveFault } from '../bundle/tar';
import { RECORD } from '../../engine/record';

type Found = Omit<Inspection, 'path' | 'bytes'>;

/** Its files are not compared with their checksums: `reproduce` does that. @throws {DataError} `BUNDLE_CORRUPT` */
export async function inspectBundle(path: string): Promise<Found> {
  const names: string[] = [];
  let [root, text] = ['', ''];
  const corrupt = (fault: string, cause?: unknown): DataError =>
    new DataError('BUNDLE_CORRUPT', `${path}: ${fault}: it is no bundle or is damaged: copy or make it again`, { cause });
  try {
    await readArchive(path, async ({ name, kind, bytes }, content) => {
      if (kind !== 'folder') names.push(name);
      const [top, file, ...deeper] = name.split('/');
      if (root !== '' || file !== BUNDLE_FILE || deeper.length > 0 || bytes > MOST_TEXT) return;
      root = top;
      text = (await contentOf(content)).toString('utf8');
    });
  } catch (cause) {
    throw cause instanceof ArchiveFault ? corrupt(`cannot be unpacked (${cause.message})`, cause) : cause;
  }
  if (root === '') {
    const odd = [{ code: 'FILE_UNKNOWN', text: `it holds no ${BUNDLE_FILE}: unpack it and name the files that it holds` }];
    return { kind: `tar archive of ${names.length} files`, facts: {}, grids: [], variables: [], odd };
  }
  const bundle = bundleIn(text);
  if (typeof bundle === 'string') throw corrupt(bundle);
  const packedNames = new Set(names);
  const lost = ({ files, inputs }: Bundle): string[] =>
    [
      ...files.filter(({ packed }) => packed).map(({ path: name }) => `run/${name}`),
      ...inputs.filter(({ packed }) => packed).map(({ path: name }) => `inputs${name}`),
    ].filter((name) => !packedNames.has(`${root}/${name}`));
  const odd = lost(bundle).map((name): Oddity => ({ code: 'PRODUCT_MISSING', text: `${name} is not in it` }));
  return { kind: 'bundle of a run', facts: factsOf(bundle), grids: [], variables: [], odd };
}

function factsOf({ run, files, inputs }: Bundle): Record<string, string | number> {
  const { case: settings, device, threads, ranks = 1, precision, hardware, versions, commit } = run;
  const stages = files.filter(({ path }) => basename(path) === RECORD).map(({ path }) => dirname(path));
  const hashed = files.filter(({ packed }) => !packed);
  return {
    case: settings.name,
    versions: Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    code: commit ?? 'not from a clone',
    device: `${device} (${hardware}), precision ${precision}, ${threads} threads, ${ranks} ranks`,
    stages: stages.join(', '),
    packed: `${files.length - hashed.length} of ${files.length} files, ${bytesOf(files.filter(({ packed }) => packed))} bytes`,
    ...(hashed.length > 0 ? { 'told by their hash alone': hashed.map(({ path }) => path).join(', ') } : {}),
    inputs: `${inputs.length}, ${bytesOf(inputs)} bytes, ${inputs.some(({ packed }) => packed) ? 'in the bundle' : 'not in the bundle'}`,
  };
}

const bytesOf = (files: readonly { bytes: number }[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);
