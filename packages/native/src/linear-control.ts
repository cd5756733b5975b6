/** A step of projected gradient descent on a stretch of emissions e with factors f = e / p, p the prior's, in place and on all threads. */
import { loadAddon } from './load-addon';

/** Half-open, of the control and the prior; factors and their gradient are those of the stretch alone. */
export interface LinearStretch {
  begin: number;
  end: number;
  threads: number;
}

interface LinearControlAddon {
  linearFactors(stretch: LinearStretch, control: Float64Array, prior: Float64Array, factors: Float32Array): void;
  linearDescent(stretch: LinearStretch, control: Float64Array, prior: Float64Array, gradFactors: Float32Array, rate: number): void;
  linearBounds(stretch: LinearStretch, control: Float64Array, prior: Float64Array, bound: number): void;
  isFinite(values: Float32Array, threads: number): boolean;
}

let loaded: LinearControlAddon | undefined;

function addon(): LinearControlAddon {
  loaded ??= loadAddon('retroplume') as LinearControlAddon;
  return loaded;
}

/** factors = control / prior, 1 where the prior is 0. @throws Error with `code` `ARGUMENT_INVALID` if an array is too short, as all here */
export function linearFactors(stretch: LinearStretch, control: Float64Array, prior: Float64Array, factors: Float32Array): void {
  addon().linearFactors(stretch, control, prior, factors);
}

/** control ← control − (rate / prior) · gradFactors, where the prior is not 0. */
export function linearDescent(stretch: LinearStretch, control: Float64Array, prior: Float64Array, gradFactors: Float32Array, rate: number): void {
  addon().linearDescent(stretch, control, prior, gradFactors, rate);
}

/** 0 ≤ control ≤ bound · prior */
export function linearBounds(stretch: LinearStretch, control: Float64Array, prior: Float64Array, bound: number): void {
  addon().linearBounds(stretch, control, prior, bound);
}

/** Whether no number is NaN or infinite. */
export function allFinite(values: Float32Array, threads: number): boolean {
  return addon().isFinite(values, threads);
}
