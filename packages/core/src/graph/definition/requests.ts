import type { Value } from './graph';

/** What a phase of a program computes. */
export interface PhaseRequest {
  readonly values: readonly Value[];
  readonly repeatable?: boolean;
}

/** What a program is asked for. */
export interface Requests {
  readonly phases: Readonly<Record<string, PhaseRequest>>;
  readonly outputs: Readonly<Record<string, Value>>;
}
