/** The surrogate's response to changed emissions against that of the transport model: what `evaluate` has compared, and further runs. */
import type { Group, Species } from '../../base/species';
import type { PreparedPeriod } from '../../fields/prepared';
import { ROUNDOFF } from '../../base/device';
import { pairName, type Certificate, type JointResponse, type PairResponse, type RingResponse } from '../../surrogate/judgement/certificate';
import { sampledHours } from '../../surrogate/judgement/evaluate';
import { FreeRuns } from '../../surrogate/domain/free-run';
import type { FrozenProgram } from '../../surrogate/model/frozen-program';
import { isTold, joinSums, responseFigures, responseSums, type BlockSums, type ComparedRun } from '../../surrogate/judgement/response-comparison';
import { distanceRings } from '../../surrogate/judgement/source-patches';
import type { Surrogate } from '../../surrogate/model/surrogate';
import type { Workspace } from '../workspace';
import { changedGroups } from '../surrogate/changed-groups';
import { readResponseSums } from '../surrogate/evaluated-responses';
import { comparedHourStep, firstHourOf, judgedMembers, preparedPeriod, type DomainPlan } from '../surrogate/trained-surrogate';
import { expectEmissionsUsed, remedyOfBrought } from '../../inventory/reading/emissions-used';
import { readInventory } from '../../inventory/reading/read-inventory';
import { judgedPeriods, PRIOR, trainedPeriods } from '../../case/case-runs';
import { runFields, type RunOutput } from '../../transport/run-fields';
import { broughtOutput, givenSectors, madeOutput, runFiles } from '../../inventory/reading/sector-files';
import { factorsOfRun, type CertifyingRun } from './certifying-run';
import { sensitivityResponses } from './certify-sensitivities';

type Responses = Pick<Certificate, 'pairs' | 'rings' | 'joint' | 'sensitivities'>;

type Engine = DomainPlan & { surrogate: Surrogate; engine: FrozenProgram };

/** What `evaluate` has compared, and further runs through every period. */
export async function compareResponses(
  context: Workspace,
  engine: Engine,
  first: PreparedPeriod,
  runs: readonly CertifyingRun[],
): Promise<Responses> {
  const out: Responses = { pairs: [], rings: [], joint: [], sensitivities: [] };
  const { certificate } = context.caseSettings;
  const trained = trainedPeriods(context.caseSettings);
  const evaluated = readResponseSums(context.dirOf('evaluate'));
  const further = runs.filter((run) => !run.evaluated);
  const changes = further.length + certificate.runs.length + 2 * certificate.sensitivities.length;
  const passes = trained.length * (1 + changes);
  for (const settings of judgedPeriods(context.caseSettings)) {
    const p = trained.indexOf(settings);
    const domain = new DomainSums();
    const { sums, parts, whole } = evaluated.get(settings.name)!;
    for (const run of runs) if (run.evaluated && sums.has(run.group)) domain.add(run.group, run.name, sums.get(run.group)!);
    if (changes > 0 && p >= 0) {
      const period = p === 0 ? first : preparedPeriod(context, settings);
      const hours = sampledHours(period, firstHourOf(context, settings), comparedHourStep(context.settings.surrogate));
      const runs = new FreeRuns({ ...engine, period, hours, threads: context.threads });
      try {
        const freeRuns = tellingRuns(context, runs, period, hours, { runsBefore: p * (1 + changes), runCount: passes });
        await compareFurther(context, period, further, freeRuns, { domain, out });
      } finally {
        runs.dispose();
      }
    }
    const { members } = judgedMembers(context);
    if (whole) domain.addParts(members, parts, whole);
    if (whole) out.joint.push(...jointResponses(members.join(', '), [...parts.keys()], whole, first.species, settings.name));
    out.pairs.push(...domain.responses(settings.name, first.species).filter((pair) => isWorthTelling(context, pair)));
  }
  return out;
}

/** Free runs of a period, with a label for who waits for them. */
interface TellingRuns {
  hours: number[];
  run: (label: string, changed: { emissions?: Float32Array; factors?: Float32Array }) => Promise<Float32Array>;
}

/** @param passes - of all such runs those before, and how many there are */
function tellingRuns(
  context: Workspace,
  runs: FreeRuns,
  period: PreparedPeriod,
  hours: number[],
  passes: { runsBefore: number; runCount: number },
): TellingRuns {
  const { emissions } = period.runs.get(PRIOR)!;
  let { runsBefore } = passes;
  return {
    hours,
    run: (label, changed) => {
      const hoursDone = runsBefore++ * hours.length;
      const onHour = (hour: number): void => {
        context.progress(hoursDone + hour, passes.runCount * hours.length, `${label}, ${period.name}`);
        context.signal.throwIfAborted();
      };
      return runs.run({ emissions, onHour, ...changed });
    },
  };
}

async function compareFurther(
  context: Workspace,
  period: PreparedPeriod,
  runs: readonly CertifyingRun[],
  { hours, run: free }: TellingRuns,
  { domain, out }: { domain: DomainSums; out: Responses },
): Promise<void> {
  const { certificate } = context.caseSettings;
  const { emissions, concentrations } = period.runs.get(PRIOR)!;
  const prior = await free(PRIOR, {});
  const compared = (changed: Float32Array, output: RunOutput): ComparedRun => ({
    surrogate: { prior, changed },
    ctm: { prior: concentrations, changed: runFields(context, output, period)() },
    hours,
    period: period.name,
    species: period.species.length,
  });
  for (const run of runs) {
    const changed = await free(run.name, { factors: factorsOfRun(run, period.grid, period.groups) });
    const comparison = compared(changed, madeOutput(context.caseSettings, run.output(period.name)));
    if (run.patches) out.rings.push(...ringResponses(run, comparison, period));
    else domain.add(run.group, run.name, responseSums(comparison)[0]);
  }
  for (const certifyingRun of certificate.runs) {
    const { caseSettings, signal } = context;
    const changedRun = {
      emissions: givenSectors(caseSettings, certifyingRun.emissions, period.name),
      ...broughtOutput(caseSettings, certifyingRun, period.name),
    };
    const ofRuns = { changedRun: changedRun, prior: runFiles(context, PRIOR, period.name) };
    const remedy = remedyOfBrought('certificate.runs', certifyingRun.name);
    expectEmissionsUsed(caseSettings, { ...period, name: certifyingRun.name, period: period.name }, ofRuns, remedy, signal);
    const changedEmissions = readInventory(changedRun.emissions, period.grid, period.time, { signal });
    const groups = changedGroups(period.groups, emissions, changedEmissions);
    if (groups.length === 0) {
      context.log(
        `warning: certificate.runs: ${certifyingRun.name}: its emissions in ${period.name} are those of the prior run, so that it judges nothing there: name its own emission files, or take it out`,
      );
      continue;
    }
    const changed = await free(certifyingRun.name, { emissions: changedEmissions });
    const sums = responseSums(compared(changed, changedRun))[0];
    if (groups.length === 1) domain.add(groups[0], certifyingRun.name, sums);
    else out.joint.push(...jointResponses(certifyingRun.name, groups, sums, period.species, period.name));
  }
  for (const sensitivity of certificate.sensitivities) {
    const run = (factors: Float32Array): Promise<Float32Array> => free(sensitivity.name, { factors });
    out.sensitivities.push(
      ...(await sensitivityResponses(context, sensitivity, period, { prior, hours, roundoff: ROUNDOFF[context.precision], run })),
    );
  }
}

/** Sums by group and species: of the runs that change one group, or where there are none of its part of members. */
class DomainSums {
  private readonly byGroup = new Map<Group, { runs: string[]; sums: BlockSums[][]; partOf?: BlockSums[] }>();

  add(group: Group, run: string, bySpecies: BlockSums[]): void {
    const { runs, sums } = this.byGroup.get(group) ?? { runs: [], sums: [] };
    this.byGroup.set(group, { runs: [...runs, run], sums: [...sums, bySpecies] });
  }

  addParts(members: string[], parts: ReadonlyMap<Group, BlockSums[]>, partOf: BlockSums[]): void {
    for (const [group, bySpecies] of parts) if (!this.byGroup.has(group)) this.byGroup.set(group, { runs: members, sums: [bySpecies], partOf });
  }

  responses(period: string, species: readonly Species[]): PairResponse[] {
    return [...this.byGroup].flatMap(([group, { runs, sums, partOf }]) =>
      species.map((name, s) => {
        const figures = responseFigures(joinSums(sums.map((blocks) => blocks[s])), partOf?.[s]);
        return { group, species: name, period, runs, figures };
      }),
    );
  }
}

function isWorthTelling({ caseSettings: { certificate } }: Workspace, pair: PairResponse): boolean {
  return isTold(pair.figures) || certificate.pairs.some((requiredPair) => pairName(requiredPair) === pairName(pair));
}

function ringResponses(
  { group, patches = [] }: CertifyingRun,
  comparison: ComparedRun,
  { grid, name: period, species }: PreparedPeriod,
): RingResponse[] {
  const { ringOf, rings } = distanceRings(grid, patches);
  const sums = responseSums(comparison, ringOf);
  return rings.flatMap((ring, ringIndex) =>
    species.map((name, s) => ({ group, species: name, period, patches: patches.length, ring, figures: responseFigures(sums[ringIndex][s]) })),
  );
}

function jointResponses(run: string, groups: Group[], sums: BlockSums[], species: readonly Species[], period: string): JointResponse[] {
  return species.map((name, s) => ({ run, groups, species: name, period, figures: responseFigures(sums[s]) }));
}
