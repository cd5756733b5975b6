/**
 * The posterior as an ensemble: each member is an inversion of its own, with a draw from the prior in the prior's place and a draw of the observation
 * errors on the observations,
 *
 *   v_m = argmin ½‖v − ξ_m‖² + Jo(v; y + ε_m),     ξ_m ~ N(0, I),     ε_m,i ~ N(0, σ_i²/w_s)
 *
 * started where the inversion ended. For a linear model, normal errors and least squares the v_m are draws from the posterior; else they know of bounds and bends that
 * a Hessian does not. (This is randomised maximum likelihood, or an ensemble of data assimilations. Bardsley et al. 2014 project the residual and weight the members so that
 * they are draws of a bent posterior too; that needs a determinant a member and is left out.) ε has the error that the cost takes a value to have: σ, and the weight of its species.
 *
 * @see Bardsley et al. (2014), doi:10.1137/140964023; Oliver et al. (1996); Chevallier et al. (2007), doi:10.1029/2006JD007375
 */
import { Random } from '../../base/random';
import type { LogFactorMap } from '../control/control';
import { Role, type ObservationBatch } from '../cost/cost';
import type { ForwardModel } from '../model/forward-model';
import { invert, type InversionOptions } from '../solve/invert';
import type { InversionProblem, InversionSettings } from '../solve/inversion-problem';
import { completeSettings, costFor } from '../solve/inversion-settings';
import type { FactorSum, Posterior } from './posterior';

/** @returns the control of member `member`: the same for the same settings, seed and member */
export async function randomisedMember(
  model: ForwardModel,
  problem: InversionProblem,
  settings: InversionSettings,
  { member, seed, start }: { member: number; seed: number; start: Float64Array },
  options: InversionOptions = {},
): Promise<Float64Array> {
  const random = new Random(seed).fork(`member ${member}`);
  const { weights } = costFor(model, problem, completeSettings(settings));
  const prior = random.fork('prior');
  const centre = Float64Array.from(start, () => prior.normal());
  const perturbed = withPerturbedObservations(model, weights, random.fork('observations'));
  return (await invert(perturbed, { ...problem, start, centre }, { ...settings, stopOnWithheld: false }, options)).control;
}

function withPerturbedObservations(model: ForwardModel, weights: readonly number[], random: Random): ForwardModel {
  const batches: ObservationBatch[] = [];
  const perturbed = (batch: number): ObservationBatch => {
    const observed = model.observations(batch);
    const draws = random.fork(`batch ${batch}`);
    const independent = Float64Array.from(observed.values, () => draws.normal());
    const errors = observed.decorrelation?.invert(independent) ?? independent;
    const values = observed.values.map((value, i) =>
      observed.withheld[i] === Role.used ? value + (errors[i] * observed.error[i]) / Math.sqrt(weights[observed.species[i]]) : value,
    );
    return { ...observed, values };
  };
  return {
    shape: model.shape,
    initialConcentrations: model.initialConcentrations,
    batches: model.batches,
    parts: model.parts,
    nuisance: model.nuisance,
    observations: (batch) => (batches[batch] ??= perturbed(batch)),
    forward: (factors, batch, signal) => model.forward(factors, batch, signal),
    addAdjoint: (gradSimulated, batch) => model.addAdjoint(gradSimulated, batch),
    takeGradient: () => model.takeGradient(),
    ...(model.tangents ? { tangents: model.tangents.bind(model) } : {}),
  };
}

/** Spread of members; standard deviations are good to a part 1/√(2(n − 1)) of themselves. */
export class EnsemblePosterior implements Posterior {
  /** @param members - their controls */
  constructor(private readonly members: readonly Float64Array[]) {}

  logFactorSigma(map: LogFactorMap): Float64Array {
    const fields = this.members.map((member) => map.logFactors(member));
    return map.priorSpread().map((spread, i) => (spread > 0 ? Math.sqrt(covariance(fields.map((z) => z[i]))) : 0));
  }

  covarianceOfSums(map: LogFactorMap, sums: readonly FactorSum[]): number[][] {
    const values = sums.map(() => [] as number[]);
    for (const member of this.members) {
      const factors = map.factors(member);
      sums.forEach(({ weights }, s) => values[s].push(weights.reduce((sum, weight, i) => sum + weight * factors[i], 0)));
    }
    return values.map((a) => values.map((b) => covariance(a, b)));
  }
}

/** Of two samples, about their means; of one with itself its variance. */
function covariance(a: readonly number[], b = a): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ofA, ofB] = [mean(a), mean(b)];
  return a.reduce((sum, value, i) => sum + (value - ofA) * (b[i] - ofB), 0) / (a.length - 1);
}
