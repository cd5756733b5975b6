/**
 * Where an inversion stands, and its checkpoint. The state after step k holds all that step k + 1 depends on (the order of mini-batches
 * follows from the seed and the pass), so a run that resumes from it continues bit for bit.
 */
import { createHash } from 'node:crypto';
import { readCheckpoint, writeCheckpoint, type Tensor } from '../../files/checkpoint';
import type { Optimiser } from '../optimisers/optimiser';

/** One evaluation of all observations. Values that do not exist are null, which JSON keeps. */
export interface HistoryPoint {
  iteration: number;
  learningRate: number;
  /** J = Jo + Jb, dimensionless */
  total: number;
  /** Jo */
  observation: number;
  /** Jb */
  prior: number;
  /** Jo per species */
  bySpecies: number[];
  /** mean absolute error per species at used and at watched monitors, in its unit */
  usedMae: (number | null)[];
  watchedMae: (number | null)[];
  /** mean over species of watchedMae relative to iteration 0 */
  watched: number | null;
  /** Euclidean norm of dJ/d(control) */
  gradientNorm: number | null;
  /** products with the Hessian before it, of a method that makes them: each costs about as much as two gradients */
  products?: number;
}

export type InversionStatus = 'converged' | 'stopped-on-withheld' | 'iterations';

/** The state between two steps. */
export interface InversionState {
  iteration: number;
  control: Float64Array;
  /** the iterate to keep, and the value by which it was chosen */
  best: { iteration: number; value: number; control: Float64Array };
  /** evaluations since the best one */
  sinceBest: number;
  /** evaluations in a row with hardly any change */
  flat: number;
  history: HistoryPoint[];
  status: InversionStatus | null;
}

export function initialState(control: Float64Array): InversionState {
  // The largest number instead of infinity: JSON has none.
  return {
    iteration: 0,
    control,
    best: { iteration: 0, value: Number.MAX_VALUE, control: control.slice() },
    sinceBest: 0,
    flat: 0,
    history: [],
    status: null,
  };
}

/** Mean over species of the error relative to another, since species have different units; null without watched monitors. */
export function relativeMae(mae: readonly (number | null)[], first: readonly (number | null)[]): number | null {
  const ratios = mae.flatMap((value, s) => (value !== null && first[s] ? [value / first[s]] : []));
  return ratios.length > 0 ? ratios.reduce((a, b) => a + b) / ratios.length : null;
}

/** Hash of what a checkpoint belongs to. */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** Hash of numbers, in double. */
export function arrayHash(values: ArrayLike<number>): string {
  return createHash('sha256')
    .update(new Uint8Array(Float64Array.from(values).buffer))
    .digest('hex');
}

/** Writes atomically and keeps the checkpoint before as `PATH.previous`. */
export function saveState(path: string, state: InversionState, optimiser: Optimiser, key: string): void {
  const tensors = new Map<string, Tensor>();
  const add = (name: string, data: Float64Array): unknown => tensors.set(name, { data, shape: [data.length] });
  add('control', state.control);
  add('best', state.best.control);
  for (const [name, data] of optimiser.state()) add(`optimiser.${name}`, data);
  const { iteration, best, sinceBest, flat, history, status } = state;
  const record = { iteration, best: { iteration: best.iteration, value: best.value }, sinceBest, flat, history, status };
  writeCheckpoint(path, { tensors, metadata: { kind: 'inversion', key, record } });
}

interface StoredRecord extends Omit<InversionState, 'control' | 'best'> {
  best: { iteration: number; value: number };
}

/**
 * The state in the newest whole checkpoint, if it belongs to `key`; the optimiser is restored with it.
 *
 * @param say - told in one sentence why a checkpoint was passed over
 */
export function loadState(path: string, optimiser: Optimiser, key: string, say: (text: string) => void): InversionState | undefined {
  const checkpoint = readCheckpoint(path, (error) => say(`${error.message}; it is passed over`));
  if (!checkpoint) return undefined;
  const { tensors, metadata } = checkpoint;
  if (metadata['key'] !== key) {
    say(`${path}: belongs to other settings or observations; it is passed over`);
    return undefined;
  }
  const record = metadata['record'] as StoredRecord;
  const tensor = (name: string): Float64Array => Float64Array.from(tensors.get(name)!.data);
  const stored = [...tensors.keys()].filter((name) => name.startsWith('optimiser.'));
  optimiser.restore(new Map(stored.map((name) => [name.slice('optimiser.'.length), tensor(name)])));
  return { ...record, control: tensor('control'), best: { ...record.best, control: tensor('best') } };
}
