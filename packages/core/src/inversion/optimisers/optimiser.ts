/** H·vector with the Gauss–Newton Hessian at the control of the step: the prior's identity and the observations' part. */
export type Product = (vector: Float64Array) => Promise<Float64Array>;

/** A method of descent on a control vector in double precision, whose state can be stored and restored bit for bit. */
export interface Optimiser {
  /** Hessian products so far, of a method that makes them */
  readonly products?: number;
  /**
   * Moves `control` in place. Where it rejects, its state is that of before the call.
   *
   * @param cost - J at `control`, of all or of the drawn observations
   * @param product - makes products at `control`, where a method asks for them
   */
  step(control: Float64Array, gradient: Float64Array, learningRate: number, cost: number, product: Product): void | Promise<void>;
  /** whether a step is control ← control − learningRate · gradient and no more: elements with a gradient of 0 stay, and the others can be moved alone */
  readonly isDescent?: boolean;
  /** Named arrays that, given back to {@link restore}, continue the run bit for bit. */
  state(): Map<string, Float64Array>;
  restore(state: Map<string, Float64Array>): void;
}
