/**
 * How far an inversion moved its factors, in units of their spread a priori: what tells which emissions the monitors see where nobody asked for the uncertainty.
 *
 *   m = √( Σ w·(ln f / σ_a)² / Σ w ),   w the prior emissions
 *
 * Of a linear problem whose errors are as assumed, the update has the covariance Sa − Ŝ, over truths drawn from the prior: m² is on average the part of the prior's
 * variance that the observations take away. Where nothing that is observed depends on a group, the cost has no gradient there and m is 0.
 *
 * @see Rodgers (2000), Inverse Methods for Atmospheric Sounding, ch. 2 and 3
 */

/** Below this the observations take some 1 % of the prior's variance at most: a group counts as constrained by the prior only. */
export const LEAST_MOVEMENT = 0.1;

export interface MovementInput {
  /** `[slots, H, W, groups]` */
  factors: ArrayLike<number>;
  /** standard deviation of the log factor a priori, `[H, W, groups]` */
  spread: ArrayLike<number>;
  /** mean prior emissions, `[H, W, groups]`, any unit */
  emissions: ArrayLike<number>;
  groups: number;
}

/** m of each group; NaN where nothing is emitted, or nothing was inverted. */
export function movementOfGroups({ factors, spread, emissions, groups }: MovementInput): number[] {
  const field = emissions.length;
  return Array.from({ length: groups }, (_, group) => {
    let [squares, weights] = [0, 0];
    for (let i = group; i < factors.length; i += groups) {
      const [weight, sigma] = [emissions[i % field], spread[i % field]];
      if (!(weight > 0 && sigma > 0)) continue;
      // A hard bound of 0 has no logarithm.
      squares += weight * (Math.log(Math.max(factors[i], Number.MIN_VALUE)) / sigma) ** 2;
      weights += weight;
    }
    return weights > 0 ? Math.sqrt(squares / weights) : NaN;
  });
}
