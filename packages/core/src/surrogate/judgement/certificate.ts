/** The certificate of a surrogate: what was measured of its differentiation and its response, what was asked of it, and the verdict. */
import type { Group, Species } from '../../base/species';
import type { CertificateSettings } from '../../case';
import type { DifferentiationTest } from './differentiation';
import type { ResponseFigures } from './response-comparison';
import type { Ring } from './source-patches';

/** What is asked of one pair. */
export type PairLimits = CertificateSettings['pairs'][number];

/** Response of one species to one group in one period. */
export interface PairResponse {
  group: Group;
  species: Species;
  period: string;
  /** runs of the transport model: those that change the group alone, in the whole domain or as the case gives them, or else members */
  runs: string[];
  figures: ResponseFigures;
}

/** Response of one species to patches of one group, at one distance from the nearest of them. */
export interface RingResponse {
  group: Group;
  species: Species;
  period: string;
  patches: number;
  ring: Ring;
  figures: ResponseFigures;
}

/** Response to a run that changes several groups at once, with all that it changes. */
export interface JointResponse {
  /** its name; of the members that judged, all of their names */
  run: string;
  groups: Group[];
  species: Species;
  period: string;
  figures: ResponseFigures;
}

/** Derivative of one species with respect to one group, from a file: change for + 100 % of the emissions, to first order. */
export interface SensitivityResponse {
  /** of the case's `certificate.sensitivities` */
  name: string;
  group: Group;
  /** region, or variable of the mask, that the emissions are changed in; absent = everywhere */
  where?: string;
  species: Species;
  period: string;
  figures: ResponseFigures;
}

/**
 * `passed`: every pair in every period keeps its limits, and the derivative is right. `failed`: one does not. `not certified`: nothing failed, but
 * a pair has no run of the transport model to be judged by.
 */
export type Verdict = 'passed' | 'failed' | 'not certified';

export interface Certificate {
  verdict: Verdict;
  /** what speaks against the surrogate, or is missing; one sentence each */
  reasons: string[];
  limits: PairLimits[];
  differentiation: DifferentiationTest;
  pairs: PairResponse[];
  rings: RingResponse[];
  joint: JointResponse[];
  sensitivities: SensitivityResponse[];
}

/** A pair such as `NOx>NO2`. */
export function pairName({ group, species }: { group: string; species: string }): string {
  return `${group}>${species}`;
}

/** No figure can be had then, and none of it is the surrogate's fault. */
const SILENT =
  "the transport model's own change is 0 in every cell and hour, so that nothing can be said of the surrogate's: see that its runs read the emissions that they were given, and that the files of each are its own";

/** Of a part, which only the surrogate's own answer tells from the others. */
const DEAF = 'the surrogate answers nothing in any cell and hour';

/**
 * How one pair breaks its limits; figures that are not numbers break all of them, as they do where the transport model answers nothing. Of a part the slope is judged, and
 * the r of the whole: the errors of the other parts lower the part's own r, and a member's factors are above and below 1, so that signs say the same as r.
 */
export function breaches({ part, slope, r, signAgreement, relativeSize }: ResponseFigures, limits: PairLimits): string[] {
  if (relativeSize === 0) return [part ? DEAF : SILENT];
  const low = (name: string, value: number, minimum: number): string[] => (value >= minimum ? [] : [`${name} ${shown(value)} is below ${minimum}`]);
  return [
    ...low('slope', slope, limits.minSlope),
    ...(slope > limits.maxSlope ? [`slope ${shown(slope)} is above ${limits.maxSlope}`] : []),
    ...(part ? low('r of all that the members change', part.wholeR, limits.minR) : low('r', r, limits.minR)),
    ...(part ? [] : low('sign agreement', signAgreement, limits.minSignAgreement)),
  ];
}

function shown(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : 'that is no number';
}

/** Why a pair of the group has nothing to be judged by. */
function lacking(group: Group, rings: readonly RingResponse[]): string {
  const remedy = `raise members.count, name ${group} in response.groups, or give certificate.factors`;
  if (!rings.some((ring) => ring.group === group)) return `no member changes ${group}, and no run of the transport model changes it alone: ${remedy}`;
  return `no member changes ${group}, and only the run with patches changes it alone, which is shown and not judged: ${remedy}`;
}

/** The verdict on what was measured. @param periods - in each of which every pair must be right */
export function judge(
  measured: Omit<Certificate, 'verdict' | 'reasons' | 'limits'>,
  limits: readonly PairLimits[],
  periods: readonly string[],
): Certificate {
  const failures: string[] = measured.differentiation.passed ? [] : ['the adjoint is not the derivative of the surrogate'];
  const missing: string[] = limits.length === 0 ? ['no pair is asked for in certificate.pairs'] : [];
  for (const limit of limits) {
    for (const period of periods) {
      const isIt = (response: PairResponse | SensitivityResponse): boolean => pairName(response) === pairName(limit) && response.period === period;
      const derivatives = measured.sensitivities.filter((response) => isIt(response) && response.where === undefined);
      const pairs = measured.pairs.filter((pair) => isIt(pair) && !(pair.figures.part && derivatives.length > 0));
      const subject = `${pairName(limit)}, ${period}`;
      if (pairs.length + derivatives.length === 0) missing.push(`${subject}: ${lacking(limit.group, measured.rings)}`);
      for (const { figures, ...pairOfFigures } of [...pairs, ...derivatives]) {
        const broken = breaches(figures, limit);
        if (broken.length > 0)
          failures.push(`${subject}${'name' in pairOfFigures ? `, sensitivity ${pairOfFigures.name}` : ''}: ${broken.join(', ')}`);
      }
    }
  }
  const verdict = failures.length > 0 ? 'failed' : missing.length > 0 ? 'not certified' : 'passed';
  return { verdict, reasons: [...failures, ...missing], limits: [...limits], ...measured };
}
