/** Bundles for `inspect`: of which case and run, by which versions, and what is in them. */
import { basename, dirname } from 'node:path';
import type { Inspection, Oddity } from '../../data/inspect/inspection';
import { DataError } from '../../errors';
import { namesIn, textIn } from '../bundle/archive';
import { BUNDLE_FILE, type Bundle } from '../bundle/bundle';
import { isWhole } from '../bundle/reproduce';
import { RECORD } from '../engine/record';

type Found = Omit<Inspection, 'path' | 'bytes'>;

/** Its files are not compared with their checksums: `reproduce` does that. @throws {DataError} `BUNDLE_CORRUPT` */
export function inspectBundle(path: string): Found {
  const names = namesIn(path);
  if (typeof names === 'string')
    throw new DataError('BUNDLE_CORRUPT', `${path}: cannot be unpacked (${names}): it is no bundle or is damaged: copy or make it again`);
  const root = names.map((name) => name.split('/')).find(([, name, ...below]) => name === BUNDLE_FILE && below.length === 0)?.[0];
  if (root === undefined) {
    const odd = [{ code: 'FILE_UNKNOWN', text: `it holds no ${BUNDLE_FILE}: unpack it and name the files that it holds` }];
    return { kind: `tar archive of ${names.length} files`, facts: {}, grids: [], variables: [], odd };
  }
  const bundle = bundleOf(textIn(path, `${root}/${BUNDLE_FILE}`));
  if (!bundle)
    throw new DataError('BUNDLE_CORRUPT', `${path}: its ${BUNDLE_FILE} is not whole: it is no bundle or is damaged: copy or make it again`);
  const held = new Set(names);
  const lost = ({ files, inputs }: Bundle): string[] =>
    [
      ...files.filter(({ packed }) => packed).map(({ path: name }) => `run/${name}`),
      ...inputs.filter(({ packed }) => packed).map(({ path: name }) => `inputs${name}`),
    ].filter((name) => !held.has(`${root}/${name}`));
  const odd = lost(bundle).map((name): Oddity => ({ code: 'PRODUCT_MISSING', text: `${name} is not in it` }));
  return { kind: 'bundle of a run', facts: factsOf(bundle), grids: [], variables: [], odd };
}

function bundleOf(text: string): Bundle | undefined {
  try {
    const bundle = JSON.parse(text) as Partial<Bundle>;
    return bundle.run?.case && bundle.files && bundle.inputs && isWhole(bundle as Bundle) ? (bundle as Bundle) : undefined;
  } catch {
    return undefined;
  }
}

function factsOf({ run, files, inputs }: Bundle): Record<string, string | number> {
  const { case: settings, device, threads, ranks = 1, products, hardware, versions, commit } = run;
  const stages = files.filter(({ path }) => basename(path) === RECORD).map(({ path }) => dirname(path));
  const hashed = files.filter(({ packed }) => !packed);
  return {
    case: settings.name,
    versions: Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    code: commit ?? 'not from a clone',
    device: `${device} (${hardware}), products ${products}, ${threads} threads, ${ranks} ranks`,
    stages: stages.join(', '),
    packed: `${files.length - hashed.length} of ${files.length} files, ${bytesOf(files.filter(({ packed }) => packed))} bytes`,
    ...(hashed.length > 0 ? { 'told by their hash alone': hashed.map(({ path }) => path).join(', ') } : {}),
    inputs: `${inputs.length}, ${bytesOf(inputs)} bytes, ${inputs.some(({ packed }) => packed) ? 'in the bundle' : 'not in the bundle'}`,
  };
}

const bytesOf = (files: readonly { bytes: number }[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);
