import type { ProgramSpec } from '@retroplume/native';
import type { Value } from '../definition/graph';
import type { ScheduledPhase } from './schedule';
import type { Storage } from './storage';

/** A contiguous part of the arena, in elements. Arrays in it begin at multiples of 16; the padding between them is zero. */
export interface Region {
  readonly offset: number;
  readonly length: number;
}

/** What `planProgram` decides. */
export interface ProgramLayout {
  readonly spec: ProgramSpec;
  /** `parameters`, `gradients` (if Adam is used), `buffers`, `state` … */
  readonly regions: Readonly<Record<string, Region>>;
  readonly storageOf: ReadonlyMap<Value, Storage>;
  readonly phases: readonly ScheduledPhase[];
  readonly outputs: Readonly<Record<string, Value>>;
  /** Lower bound of the arena: the most that is alive at once. */
  readonly leastElements: number;
}
