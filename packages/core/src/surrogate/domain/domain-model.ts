/** What runs the surrogate on a whole domain is told and asked. */
import type { HourStore } from '../../data/hour-store';
import type { EmissionFactors } from '../tracers/emission-factors';
import type { Tile } from '../tiles';

/** What is run: hours of a period under factors on its emissions, `[H, W, 5]`, or `[hours of the period, H, W, 5]` with `hourly`; absent = 1. */
export interface DomainHours {
  /** index of the period's source */
  period: number;
  hours: ArrayLike<number>;
  factors?: EmissionFactors;
  /** what earlier concentrations are taken from, `[hours of the period, H, W, 4]`; absent = the prior run's */
  previous?: HourStore;
}

/** What is differentiated, at its factors. */
export interface DifferentiatedHours extends DomainHours {
  factors: EmissionFactors;
  /** laid out as `previous`: the gradient with respect to it is added here */
  gradPrevious?: HourStore;
}

/** The surrogate on the whole domain, with each hour for itself (domain-run.ts), or with hours that rest on earlier ones (rolled-out-run.ts). */
export interface DomainModel {
  tilesWith(cells: Iterable<number>): Set<Tile>;
  forward(run: DomainHours, wanted?: ReadonlySet<Tile>, onHours?: (count: number) => void): Promise<Float32Array>;
  addAdjoint(run: DifferentiatedHours, gradConcentrations: Float32Array, out: Float32Array): Promise<void>;
  finishAdjoint(period: number, gradFactors: EmissionFactors): Promise<void>;
  dispose(): void;
}
