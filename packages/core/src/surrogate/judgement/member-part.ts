/** One group's part of what a member changes, where it changes several: told apart by what the surrogate gives for the others. */
import { responseSums, type BlockSums } from './response-comparison';

export interface ComparedMember {
  /** of the surrogate, with the prior's emissions, the member's, and the member's but for the group, which is as in the prior: `[hours, H, W, species]`, at `hours` */
  prior: Float32Array;
  simulated: Float32Array;
  withoutGroup: Float32Array;
  /** of the transport model, prior and member: `[T, H, W, species]`, all hours of the period */
  ctmPrior: Float32Array;
  ctmMember: Float32Array;
  /** hours of the period that are compared */
  hours: readonly number[];
  /** name of the period */
  period: string;
  /** how many there are */
  species: number;
}

/**
 * Of the surrogate ΔS = S(member) − S(member without the group); of the transport model ΔC = C(member) − C(prior) less what the surrogate gives for the other groups,
 * S(member without the group) − S(prior). So ΔC has the errors of the surrogate's answer to the other groups in it.
 *
 * @returns by species; with `withoutGroup` = `prior` of all that the member changes
 */
export function memberPart({ prior, simulated, withoutGroup, ctmPrior, ctmMember, hours, period, species }: ComparedMember): BlockSums[] {
  const field = prior.length / hours.length;
  const changed = ctmMember.slice();
  hours.forEach((hour, i) => {
    for (let k = 0; k < field; k++) changed[hour * field + k] -= withoutGroup[i * field + k] - prior[i * field + k];
  });
  return responseSums({ surrogate: { prior: withoutGroup, changed: simulated }, ctm: { prior: ctmPrior, changed }, hours, period, species })[0];
}
