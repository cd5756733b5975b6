/** ONNX models for `inspect`: what they say of themselves is all that a program without Retroplume has to go by. */
import { readFileSync } from 'node:fs';
import { modelProto } from '../../../graph/onnx/schema';
import type { GridDefinition } from '../../../grid/grid';
import { summariseGrid, type GridSummary, type Inspection, type Oddity } from './inspection';

type Found = Omit<Inspection, 'path' | 'bytes'>;

interface Entry {
  name: string;
  doc_string?: string;
  type?: { tensor_type?: { shape?: { dim?: { dim_value?: number; dim_param?: string }[] } } };
}

interface Model {
  producer_name?: string;
  producer_version?: string;
  metadata_props?: { key: string; value: string }[];
  graph?: { input?: Entry[]; output?: Entry[] };
}

export function inspectOnnx(path: string): Found {
  const model = decoded(path);
  const { input = [], output = [] } = model?.graph ?? {};
  if (!model || input.length === 0 || output.length === 0) {
    const odd = [{ code: 'ONNX_UNREADABLE', text: 'it is no ONNX model, or is damaged: export it again' }];
    return { kind: 'ONNX model that cannot be read', facts: {}, grids: [], variables: [], odd };
  }
  const { grid, ...metadata } = Object.fromEntries((model.metadata_props ?? []).map(({ key, value }): [string, string] => [key, value]));
  const facts: Record<string, string> = { ...metadata };
  for (const entry of input) facts[`takes ${entry.name}`] = described(entry);
  for (const entry of output) facts[`gives ${entry.name}`] = described(entry);
  const isRetroplume = model.producer_name === 'retroplume';
  const odd: Oddity[] = isRetroplume
    ? []
    : [{ code: 'NOT_READ', text: `Retroplume did not write it (producer ${model.producer_name || 'unnamed'})` }];
  return {
    kind: `ONNX model${isRetroplume ? ` of a surrogate, by Retroplume ${model.producer_version}` : ''}`,
    facts,
    grids: gridOf(grid),
    variables: [],
    odd,
  };
}

function decoded(path: string): Model | undefined {
  const type = modelProto();
  try {
    return type.toObject(type.decode(readFileSync(path)), { longs: Number });
  } catch {
    return undefined;
  }
}

function described({ doc_string: text, type }: Entry): string {
  const dims = type?.tensor_type?.shape?.dim?.map(({ dim_value: value, dim_param: param }) => param ?? String(value ?? '?')) ?? [];
  return `[${dims.join(', ')}]${text ? ` ${text}` : ''}`;
}

/** Of files of others a key of that name may hold anything. */
function gridOf(text: string | undefined): GridSummary[] {
  try {
    return text === undefined ? [] : [summariseGrid(JSON.parse(text) as GridDefinition)];
  } catch {
    return [];
  }
}
