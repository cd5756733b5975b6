import type { StageRecord } from '../engine/record';

/** What `train` would write down of products that hold their own names. */
export function stageRecord(key: string, products: string[], changes: Partial<StageRecord> = {}): StageRecord {
  return {
    stage: 'train',
    key,
    settings: {},
    versions: {},
    device: 'cpu',
    hardware: 'avx2',
    precision: 'float32',
    threads: 1,
    inputs: [],
    startedAt: '',
    seconds: 1,
    products,
    bytes: Object.fromEntries(products.map((name) => [name, name.length])),
    sha256: {},
    summary: { n: 1 },
    ...changes,
  };
}
