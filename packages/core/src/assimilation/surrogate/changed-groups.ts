/** Which groups a run changes. */
import type { Group } from '../../base/species';

/** Groups whose emissions differ from the prior's by more than rounding. @param prior - as `changed`, `[hours, H, W, groups]` */
export function changedGroups(groups: readonly Group[], prior: Float32Array, changed: Float32Array): Group[] {
  const difference = new Float64Array(groups.length);
  const total = new Float64Array(groups.length);
  for (let i = 0; i < prior.length; i++) {
    difference[i % groups.length] += Math.abs(changed[i] - prior[i]);
    total[i % groups.length] += Math.abs(prior[i]);
  }
  return groups.filter((_, g) => difference[g] > 1e-5 * total[g]);
}
