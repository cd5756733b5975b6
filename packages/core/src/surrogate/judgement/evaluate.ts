/** How well the surrogate does what the transport model does: its concentrations, on hours that were not trained on (early stopping, where it is on, has chosen the weights by them). */
import type { PreparedPeriod } from '../../fields/prepared';

/** Errors of concentrations, per species in the order of the channels. */
export interface ConcentrationErrors {
  mae: number[];
  /** Σ(S − C) / ΣC */
  nmb: number[];
  /** Σ|S − C| / ΣC */
  nme: number[];
  r: number[];
}

/** Errors of runs, one after the other as if they were one long run. */
export class ErrorSums {
  private readonly sums: Record<'n' | 'error' | 's' | 'c' | 'ss' | 'cc' | 'sc', number>[];

  /** @param species - how many there are */
  constructor(private readonly species: number) {
    this.sums = Array.from({ length: species }, () => ({ n: 0, error: 0, s: 0, c: 0, ss: 0, cc: 0, sc: 0 }));
  }

  /** `simulated` `[hours, H, W, species]` against a run's concentrations at those hours. */
  add(simulated: Float32Array, run: Float32Array, hours: readonly number[]): this {
    const field = simulated.length / hours.length;
    hours.forEach((hour, i) => {
      for (let k = 0; k < field; k++) {
        const sum = this.sums[k % this.species];
        const s = simulated[i * field + k];
        const c = run[hour * field + k];
        if (Number.isNaN(c)) continue; // a gap of columns
        sum.n++;
        sum.error += Math.abs(s - c);
        sum.s += s;
        sum.c += c;
        sum.ss += s * s;
        sum.cc += c * c;
        sum.sc += s * c;
      }
    });
    return this;
  }

  errors(): ConcentrationErrors {
    return {
      mae: this.sums.map(({ error, n }) => error / n),
      nmb: this.sums.map(({ s, c }) => (s - c) / c),
      nme: this.sums.map(({ error, c }) => error / c),
      r: this.sums.map(({ n, s, c, ss, cc, sc }) => (n * sc - s * c) / Math.sqrt((n * ss - s * s) * (n * cc - c * c))),
    };
  }
}

/** Errors of `simulated` `[hours, H, W, species]` against a run's concentrations at those hours. */
export function concentrationErrors(simulated: Float32Array, run: Float32Array, hours: readonly number[], species: number): ConcentrationErrors {
  return new ErrorSums(species).add(simulated, run, hours).errors();
}

/** Every `step`-th hour from `first` on, of a period of `count` hours. */
export function sampledHours(period: PreparedPeriod, first: number, step: number): number[] {
  return Array.from({ length: Math.ceil((period.time.count - first) / step) }, (_, i) => first + i * step);
}
