/** The runs of the transport model by which the surrogate's response is judged. */
import type { Group } from '../../base/species';
import { cellsOf, type Patch } from '../../surrogate/judgement/source-patches';
import { uniformFactors } from '../../transport/members';

/** A run of the transport model with the emissions of one group changed by the same factor in every hour. */
export interface CertifyingRun {
  name: string;
  group: Group;
  factor: number;
  /** whether it is one of `response`, by which `evaluate` has compared the surrogate */
  evaluated: boolean;
  /** where the emissions are changed; absent = everywhere */
  patches?: Patch[];
  /** the file with its concentrations in a period */
  output: (period: string) => string;
}

/** Factors of a run, `[H, W, groups]`. @param groups - of the case */
export function factorsOfRun(
  { group, factor, patches }: CertifyingRun,
  grid: { rows: number; cols: number },
  groups: readonly Group[],
): Float32Array {
  if (!patches) return uniformFactors(grid, groups, { group, factor });
  const mask = new Float32Array(grid.rows * grid.cols);
  for (const cell of patches.flatMap((patch) => cellsOf(patch, grid))) mask[cell] = 1;
  return uniformFactors(grid, groups, { group, factor, mask });
}
