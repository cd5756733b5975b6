/** What runs the surrogate on a whole domain is told and asked. */
import type { HourStore } from '../../fields/hour-store';
import type { EmissionFactors } from '../tracers/emission-factors';
import type { Places } from '../../base/vectors';

/** What is run: hours of a period under factors on its emissions, `[H, W, groups]`, or `[hours of the period, H, W, groups]` with `hourly`; absent = 1. */
export interface DomainHours {
  /** index of the period's source */
  period: number;
  hours: ArrayLike<number>;
  factors?: EmissionFactors;
  /** what earlier concentrations are taken from, `[hours of the period, H, W, species]`; absent = the prior run's */
  previous?: HourStore;
}

/** What is differentiated, at its factors. */
export interface DifferentiatedHours extends DomainHours {
  factors: EmissionFactors;
  /** laid out as `previous`: the gradient with respect to it is added here */
  gradPrevious?: HourStore;
}

export interface DomainForwardOptions {
  /** of the concentrations `[hours, H, W, species]` that are wanted; absent: all */
  places?: Places;
  /** told how many times an hour of a tile was run */
  onHours?: (count: number) => void;
}

/** The surrogate on the whole domain, with each hour for itself (domain-run.ts), or with hours that rest on earlier ones (rolled-out-run.ts). */
export interface DomainModel {
  /** @returns concentrations `[hours, H, W, species]` in ppb (particles in µg m-3), or those at the places */
  forward(run: DomainHours, options?: DomainForwardOptions): Promise<Float32Array>;
  /**
   * Adds dJ/d(factors), or keeps parts of it until {@link finishAdjoint}.
   *
   * @param gradConcentrations - `[hours, H, W, species]`, or with `places` on these alone
   * @param out - laid out as the factors of `run`
   */
  addAdjoint(run: DifferentiatedHours, gradConcentrations: Float32Array, out: Float32Array, places?: Places): Promise<void>;
  finishAdjoint(period: number, gradFactors: EmissionFactors): Promise<void>;
  dispose(): void;
}
