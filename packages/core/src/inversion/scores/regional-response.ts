/**
 * Whether the concentrations at a region's monitors changed as its emissions did: dC/dE between two runs of the transport model, as an elasticity
 *
 *   ε = (ΔC / C) / (ΔE / E)
 *
 * A change of all emissions of a group by the same part gives ε between 0 (all comes from elsewhere) and about 1 (all is of the group and in proportion to it);
 * chemistry takes it beyond, as where more NOx uses up the OH that removes it. In the reference model +30 % gives NO2 0.3 to 1.3, SO2 1.0 and PM2.5 of
 * primary PM2.5 0.3 to 0.7 (docs/dev/reference-model.md, "Responses"). Beyond {@link ELASTICITY_RANGE} the region's total can't be the cause: then the mass was moved
 * within the region, or the neighbours' emissions changed.
 */
export const ELASTICITY_RANGE = [0, 1.5] as const;

/** Relative change of a concentration below which there is nothing that emissions have to explain. */
export const LEAST_CHANGE = 0.05;

export type Plausibility = 'plausible' | 'small' | 'opposite' | 'excessive';

/**
 * `small`: the concentrations hardly changed; `opposite`: they went the other way than the emissions; `excessive`: ε above the range, or
 * emissions that stayed exactly as they were.
 *
 * @param emissionChange - relative change of the region's emissions
 * @param concentrationChange - relative change of the mean simulated concentration at its monitors
 */
export function judgeResponse(emissionChange: number, concentrationChange: number): Plausibility {
  if (Math.abs(concentrationChange) < LEAST_CHANGE) return 'small';
  // Emissions that stayed cannot have gone the other way; nor do they explain anything.
  if (emissionChange === 0) return 'excessive';
  const elasticity = concentrationChange / emissionChange;
  if (elasticity < ELASTICITY_RANGE[0]) return 'opposite';
  return elasticity > ELASTICITY_RANGE[1] ? 'excessive' : 'plausible';
}

/** The answer of one species at the monitors of one region. */
export interface RegionalResponse {
  species: string;
  /** monitors of the species in the region, withheld ones included */
  stations: number;
  /** means over them and the compared times, in the species' unit */
  prior: number;
  updated: number;
  concentrationChange: number;
  /** ε; absent where the emissions did not change */
  elasticity?: number;
  plausibility: Plausibility;
  /** relative change of the region's emissions near its monitors */
  nearMonitors?: number;
  /** relative change of the emissions around the region; absent for the whole domain */
  neighbours?: number;
}
