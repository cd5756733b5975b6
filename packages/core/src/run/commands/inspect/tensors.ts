/** Files of tensors in the safetensors layout for `inspect`: weights of surrogates, checkpoints, control vectors, and those of other programs as far as their header goes. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { DataError } from '../../../base/errors';
import { readTensors, type Tensor } from '../../../files/checkpoint';
import type { Inspection, VariableSummary } from './inspection';

type Found = Omit<Inspection, 'path' | 'bytes'>;

type Header = Record<string, { dtype: string; shape: number[] }>;

/** The beginning of such a file: the length of a header that it has room for, then that header, an object of JSON. */
export function beginsTensors(head: Buffer, bytes: number): boolean {
  return head.length > 8 && head.readBigUInt64LE(0) <= BigInt(bytes - 8) && head.toString('latin1', 8, 10) === '{"';
}

/** @throws {DataError} `CHECKPOINT_CORRUPT` for one of Retroplume that is cut short, or is not what its checksum says */
export function inspectTensors(path: string): Found {
  const { metadata, entries } = headerOf(path);
  const values = Object.values(entries).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const types = [...new Set(Object.values(entries).map(({ dtype }) => dtype))].join(', ');
  const facts = { tensors: Object.keys(entries).length, values, types };
  if (metadata.format !== 'retroplume') {
    const odd = [{ code: 'NOT_READ', text: 'Retroplume did not write it: it reads only its own' }];
    return { kind: 'tensors (safetensors) of another program', facts: { ...facts, ...metadataFacts(metadata) }, grids: [], variables: [], odd };
  }
  const read = readTensors(path);
  return {
    kind: 'tensors (safetensors) by Retroplume, whole by their checksum',
    facts: { ...facts, ...metadataFacts(read.metadata) },
    grids: [],
    variables: [...read.tensors].map(([name, tensor]) => summarised(name, tensor)),
    odd: [],
  };
}

function headerOf(path: string): { metadata: Record<string, unknown>; entries: Header } {
  const file = openSync(path, 'r');
  try {
    const bytesAt = (begin: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, begin));
    };
    const head = bytesAt(0, 10);
    if (!beginsTensors(head, statSync(path).size)) throw new Error('it is cut short, or does not begin with a header');
    const { __metadata__: metadata, ...entries } = JSON.parse(bytesAt(8, Number(head.readBigUInt64LE(0))).toString()) as Header & {
      __metadata__?: Record<string, unknown> | null;
    };
    if (Object.values(entries).some((entry) => !Array.isArray(entry?.shape))) throw new Error('a tensor of its header has no shape');
    return { metadata: metadata ?? {}, entries };
  } catch (cause) {
    throw new DataError('TENSORS_UNREADABLE', `${path}: the tensors cannot be read (${(cause as Error).message}): copy or make the file again`, {
      cause,
    });
  } finally {
    closeSync(file);
  }
}

/** Of what stands beside the tensors, long lists and records by their size. */
function metadataFacts(metadata: Record<string, unknown>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [key, typeof value === 'string' || typeof value === 'number' ? value : summaryOf(value)]),
  );
}

function summaryOf(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? `a record of ${Object.keys(value).join(', ')}` : String(value);
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

function summarised(name: string, { data, shape }: Tensor): VariableSummary {
  let [min, max, sum, finite] = [Infinity, -Infinity, 0, 0];
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    finite++;
  }
  const range = finite > 0 ? { min, max, mean: sum / finite } : {};
  return { name, units: '', shape: shape.join(', '), ...range, missing: data.length - finite, values: data.length };
}
