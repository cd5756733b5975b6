/** The ensemble design: which members a case asks for, and which emissions each changes. What is written here, `simulate` runs. */
import type { Case } from './schema/case-schema';
import { GROUPS, type Group } from '../base/species';

/** A run of the transport model with changed emissions, from which the surrogate learns how concentrations respond. */
export type MemberDesign =
  /** smooth random factors on all groups; `index` names the random numbers */
  | { name: string; kind: 'random'; index: number }
  /** smooth random factors on one group alone */
  | { name: string; kind: 'group'; group: Group; index: number }
  /** one factor on one group over the whole domain */
  | { name: string; kind: 'scaling'; group: Group; factor: number }
  /** one factor inside a region, on one group or on all */
  | { name: string; kind: 'region'; region: string; group?: Group; factor: number };

function memberName(index: number): string {
  return `member${String(index + 1).padStart(2, '0')}`;
}

/** A name of a region as part of a folder's name, whatever a person called it. */
function asFileName(region: string): string {
  return region.replace(/[^\p{L}\p{N}_-]+/gu, '_');
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** The members that `simulate` makes, in order; none where the case brings its own runs. */
export function memberDesigns({ members }: Pick<Case, 'members'>): MemberDesign[] {
  if (members.runs) return [];
  const { count, perGroup, scalings, regionFactors } = members;
  return [
    ...numbers(count).map((index): MemberDesign => ({ name: memberName(index), kind: 'random', index })),
    ...GROUPS.flatMap((group) =>
      numbers(perGroup).map((index): MemberDesign => ({ name: `${memberName(index)}-${group}`, kind: 'group', group, index })),
    ),
    ...GROUPS.flatMap((group) => scalings.map((factor): MemberDesign => ({ name: `scaling-${group}-x${factor}`, kind: 'scaling', group, factor }))),
    ...regionFactors.map(({ region, group, factor }): MemberDesign => {
      const name = `region-${asFileName(region)}-${group ?? 'all'}-x${factor}`;
      return { name, kind: 'region', region, group, factor };
    }),
  ];
}

/** Members from which one is spared for the test. */
const ENOUGH_TO_SPARE_ONE = 6;

/** Names of the members that are not trained on, `training.testMembers`: each shows all weather that the surrogate will be used in, and emissions that it has not seen. */
export function testMembers(settings: Pick<Case, 'members'> & { training: { testMembers?: number } }): string[] {
  const from = testCandidates(settings);
  const count = settings.training.testMembers ?? (from.length >= ENOUGH_TO_SPARE_ONE ? 1 : 0);
  return from.slice(Math.max(0, from.length - count));
}

/** Members that may be kept for the test: random ones, or else all. */
export function testCandidates(settings: Pick<Case, 'members'>): string[] {
  const random = memberDesigns(settings).flatMap(({ name, kind }) => (kind === 'random' ? [name] : []));
  return random.length > 0 ? random : memberNames(settings);
}

/** Names of the members: those of the case's own runs, or of those that are to be made. */
export function memberNames(settings: Pick<Case, 'members'>): string[] {
  return (settings.members.runs ?? memberDesigns(settings)).map(({ name }) => name);
}
