/** Gradient descent, x ← x − η·g, without memory; with `Control.project` after it, the paper's projected SGD. */
import type { Optimiser } from './optimiser';

export class Sgd implements Optimiser {
  readonly isDescent = true;

  step(control: Float64Array, gradient: Float64Array, learningRate: number): void {
    for (let i = 0; i < gradient.length; i++) control[i] -= learningRate * gradient[i];
  }

  state(): Map<string, Float64Array> {
    return new Map();
  }

  restore(): void {}
}
