/** Optimisers that follow the gradient alone. */
import type { Optimiser } from './optimiser';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/**
 * Adam (Kingma & Ba 2015, arXiv:1412.6980, algorithm 1).
 *
 *   m ← β₁m + (1−β₁)g,   v ← β₂v + (1−β₂)g²,   x ← x − η · m̂ / (√v̂ + ε),   m̂ = m/(1−β₁ᵗ),   v̂ = v/(1−β₂ᵗ)
 */
export class Adam implements Optimiser {
  private firstMoment: Float64Array;
  private secondMoment: Float64Array;
  private steps = 0;

  constructor(size: number) {
    this.firstMoment = new Float64Array(size);
    this.secondMoment = new Float64Array(size);
  }

  step(control: Float64Array, gradient: Float64Array, learningRate: number): void {
    this.steps++;
    const correction1 = 1 - BETA1 ** this.steps;
    const correction2 = 1 - BETA2 ** this.steps;
    const [m, v] = [this.firstMoment, this.secondMoment];
    for (let i = 0; i < control.length; i++) {
      const g = gradient[i];
      m[i] = BETA1 * m[i] + (1 - BETA1) * g;
      v[i] = BETA2 * v[i] + (1 - BETA2) * g * g;
      control[i] -= (learningRate * (m[i] / correction1)) / (Math.sqrt(v[i] / correction2) + EPSILON);
    }
  }

  state(): Map<string, Float64Array> {
    return new Map([
      ['firstMoment', this.firstMoment],
      ['secondMoment', this.secondMoment],
      ['steps', Float64Array.of(this.steps)],
    ]);
  }

  restore(state: Map<string, Float64Array>): void {
    this.firstMoment = state.get('firstMoment')!.slice();
    this.secondMoment = state.get('secondMoment')!.slice();
    this.steps = state.get('steps')![0];
  }
}

/** Gradient descent, x ← x − η·g, without memory; with `Control.project` after it, the paper's projected SGD. */
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
