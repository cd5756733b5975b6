/** A first-order method on a control vector in double precision, whose state can be stored and restored bit for bit. */
export interface Optimiser {
  /** Moves `control` in place. @param cost - J at `control`, of all or of the drawn observations */
  step(control: Float64Array, gradient: Float64Array, learningRate: number, cost: number): void;
  /** Named arrays that, given back to {@link restore}, continue the run bit for bit. */
  state(): Map<string, Float64Array>;
  restore(state: Map<string, Float64Array>): void;
}
