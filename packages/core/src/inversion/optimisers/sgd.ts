/** Gradient descent, x ← x − η·g, without memory; with `Control.project` after it, the paper's projected SGD. */
import type { Optimiser } from './optimiser';

export class Sgd implements Optimiser {
  step(control: Float64Array, gradient: Float64Array, learningRate: number): void {
    this.stepOn(control, gradient, learningRate, 0);
  }

  stepOn(control: Float64Array, gradient: Float64Array, learningRate: number, begin: number): void {
    for (let i = 0; i < gradient.length; i++) control[begin + i] -= learningRate * gradient[i];
  }

  state(): Map<string, Float64Array> {
    return new Map();
  }

  restore(): void {}
}
