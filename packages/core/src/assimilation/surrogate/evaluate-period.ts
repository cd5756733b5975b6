/** What `evaluate` finds in one period, with y of the surrogate's windows from one place. */
import type { Group } from '../../base/species';
import type { PreparedPeriod, PreparedRun } from '../../fields/prepared';
import { concentrationErrors, ErrorSums, type ConcentrationErrors } from '../../surrogate/judgement/evaluate';
import { FreeRuns, type FreeRunsOptions } from '../../surrogate/domain/free-run';
import { memberPart } from '../../surrogate/judgement/member-part';
import { isTold, joinSums, responseFigures, responseSums, type BlockSums } from '../../surrogate/judgement/response-comparison';
import { joined } from '../../base/vectors';
import { uniformFactors } from '../../transport/members';
import { changedGroups } from './changed-groups';

/** Where y comes from: the prior run, the surrogate's own earlier output, or nowhere (0 everywhere). */
export type InitialFrom = NonNullable<FreeRunsOptions['initialConcentrations']>;

/** Change of one species by one group. */
export interface Response {
  /** such as `NOx>NO2` */
  pair: string;
  /** of the surrogate's change on the transport model's, through the origin: Σ ΔS·ΔC / Σ ΔC² */
  slope: number;
  /** Σ ΔS·ΔC / √(Σ ΔS² · Σ ΔC²) */
  r: number;
  /** means over cells and hours, in the species' unit */
  ctmChange: number;
  surrogateChange: number;
  /** root mean square of the transport model's change over its mean concentration: below about 1e-3 a slope means nothing */
  relativeSize: number;
}

/** Errors and responses of one period. */
export interface PeriodFigures {
  /** of what training did not see */
  test: ConcentrationErrors;
  /** of the prior run */
  all: ConcentrationErrors;
  response: Response[];
  /** of the runs that change one group alone, by species */
  sums: Map<Group, BlockSums[]>;
  /** of each group's part of the judged members, by species */
  parts: Map<Group, BlockSums[]>;
  /** of the judged members with all that they change, by species; absent where there are none */
  whole?: BlockSums[];
}

export interface PeriodEvaluation {
  engine: Pick<FreeRunsOptions, 'surrogate' | 'engine' | 'tiling' | 'batchSize' | 'threads'>;
  period: PreparedPeriod;
  /** that are compared */
  hours: readonly number[];
  /** what training did not see and concentrations are tested on: the judged members, or hours of the prior run */
  test: 'members' | ReadonlySet<number>;
  /** by which responses are judged; hours: of `hours`, those that training did not see; read: one at a time */
  judged: { members: readonly string[]; hours: readonly number[]; read: (member: string) => PreparedRun };
  /** of the runs that change one group alone */
  groups: readonly Group[];
  /** on the emissions of one group */
  factor: number;
  /** the transport model's run with it, `[hours of the period, H, W, species]` */
  changedRun: (group: Group) => Float32Array;
  /** told how many hours more are done */
  onHours: (count: number) => void;
}

/** Hours that {@link evaluatePeriod} runs the surrogate through, at most. */
export function evaluatedHours({ period, hours, groups, judged }: Pick<PeriodEvaluation, 'period' | 'hours' | 'groups' | 'judged'>): number {
  return (1 + groups.length) * hours.length + judged.members.length * (1 + period.groups.length) * judged.hours.length;
}

/** @param initialFrom - where y comes from; absent = as the surrogate has it */
export async function evaluatePeriod(options: PeriodEvaluation, initialFrom?: InitialFrom): Promise<PeriodFigures> {
  const { period, hours, test, judged } = options;
  const species = period.species.length;
  const { concentrations } = period.runs.get('prior')!;
  const { prior, sums } = await withRuns(options, hours, initialFrom, (run) => groupResponses(options, run));
  const priorThere = atHours(prior, hours, new Set(judged.hours));
  const { errors, ...ofMembers } = await withRuns(options, judged.hours, initialFrom, (run) => memberResponses(options, priorThere, run));
  return {
    test:
      test === 'members'
        ? errors.errors()
        : concentrationErrors(
            atHours(prior, hours, test),
            concentrations,
            hours.filter((hour) => test.has(hour)),
            species,
          ),
    all: concentrationErrors(prior, concentrations, hours, species),
    response: responsesOf(period.species, sums, ofMembers),
    sums,
    ...ofMembers,
  };
}

type Run = (changed?: { factors?: Float32Array; emissions?: Float32Array }) => Promise<Float32Array>;

/** @param use - is given free runs at some hours, of the prior's emissions unless it says otherwise */
async function withRuns<T>(
  { engine, period, onHours }: PeriodEvaluation,
  hours: readonly number[],
  initialFrom: InitialFrom | undefined,
  use: (run: Run) => Promise<T>,
): Promise<T> {
  const runs = new FreeRuns({ ...engine, period, hours, initialConcentrations: initialFrom });
  try {
    return await use((changed) => {
      let hoursTold = 0;
      const onHour = (hoursDone: number): void => {
        onHours(hoursDone - hoursTold);
        hoursTold = hoursDone;
      };
      return runs.run({ emissions: period.runs.get('prior')!.emissions, ...changed, onHour });
    });
  } finally {
    runs.dispose();
  }
}

/** Of the runs that change one group alone. */
async function groupResponses(
  { period, hours, groups, factor, changedRun }: PeriodEvaluation,
  run: Run,
): Promise<{ prior: Float32Array; sums: PeriodFigures['sums'] }> {
  const prior = await run();
  const sums: PeriodFigures['sums'] = new Map();
  for (const group of groups) {
    const changed = await run({ factors: uniformFactors(period.grid, period.groups, { group, factor }) });
    const ctm = { prior: period.runs.get('prior')!.concentrations, changed: changedRun(group) };
    sums.set(group, responseSums({ surrogate: { prior, changed }, ctm, hours, period: period.name, species: period.species.length })[0]);
  }
  return { prior, sums };
}

/** Of the judged members, and errors of their concentrations. @param prior - `[judged hours, H, W, species]` */
async function memberResponses(
  { period, judged }: PeriodEvaluation,
  prior: Float32Array,
  run: Run,
): Promise<Pick<PeriodFigures, 'parts' | 'whole'> & { errors: ErrorSums }> {
  const { emissions, concentrations } = period.runs.get('prior')!;
  const compared = { prior, ctmPrior: concentrations, hours: judged.hours, period: period.name, species: period.species.length };
  const errors = new ErrorSums(period.species.length);
  const parts: PeriodFigures['parts'] = new Map();
  let whole: BlockSums[] | undefined;
  const joinedTo = (earlier: BlockSums[] | undefined, sums: BlockSums[]): BlockSums[] =>
    earlier ? earlier.map((blocks, s) => joinSums([blocks, sums[s]])) : sums;
  for (const name of judged.members) {
    const member = judged.read(name);
    const simulated = await run({ emissions: member.emissions });
    errors.add(simulated, member.concentrations, judged.hours);
    whole = joinedTo(whole, memberPart({ ...compared, ctmMember: member.concentrations, simulated, withoutGroup: prior }));
    const changed = changedGroups(period.groups, emissions, member.emissions);
    for (const group of changed) {
      const otherEmissions = (): Float32Array => withGroupOf(emissions, member.emissions, period.groups.indexOf(group), period.groups.length);
      const withoutGroup = changed.length === 1 ? prior : await run({ emissions: otherEmissions() });
      parts.set(group, joinedTo(parts.get(group), memberPart({ ...compared, ctmMember: member.concentrations, simulated, withoutGroup })));
    }
  }
  return { parts, errors, ...(whole ? { whole } : {}) };
}

/** The emissions of a member but for one group, which is as in the prior run. */
function withGroupOf(prior: Float32Array, member: Float32Array, group: number, groups: number): Float32Array {
  const mixed = member.slice();
  for (let i = group; i < mixed.length; i += groups) mixed[i] = prior[i];
  return mixed;
}

/** A group without a run that changes it alone has that of its part of members. */
function responsesOf(species: readonly string[], sums: PeriodFigures['sums'], { parts, whole }: Pick<PeriodFigures, 'parts' | 'whole'>): Response[] {
  return [...new Map([...parts, ...sums])].flatMap(([group, bySpecies]) =>
    bySpecies.flatMap((blocks, s): Response[] => {
      const figures = responseFigures(blocks, sums.has(group) ? undefined : whole?.[s]);
      const { slope, r, ctmChange, surrogateChange, relativeSize } = figures;
      return isTold(figures) ? [{ pair: `${group}>${species[s]}`, slope, r, ctmChange, surrogateChange, relativeSize }] : [];
    }),
  );
}

/** Of `values` `[hours, …]` those at the selected hours. */
function atHours(values: Float32Array, hours: readonly number[], selected: ReadonlySet<number>): Float32Array {
  const field = values.length / hours.length;
  return joined(
    Float32Array,
    hours.flatMap((hour, i) => (selected.has(hour) ? [values.subarray(i * field, (i + 1) * field)] : [])),
  );
}
