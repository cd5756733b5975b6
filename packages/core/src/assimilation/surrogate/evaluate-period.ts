/** What `evaluate` finds in one period, with y of the surrogate's windows from one place. */
import type { Group } from '../../base/species';
import type { PreparedPeriod, PreparedRun } from '../../fields/prepared';
import { concentrationErrors, ErrorSums, type ConcentrationErrors } from '../../surrogate/judgement/evaluate';
import { FreeRuns, type FreeRunsOptions } from '../../surrogate/domain/free-run';
import { responseFigures, responseSums, SMALLEST_RESPONSE, type BlockSums } from '../../surrogate/judgement/response-comparison';
import { joined } from '../../base/vectors';
import { uniformFactors } from '../../transport/members';

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
  /** that the responses follow from, by species */
  sums: Map<Group, BlockSums[]>;
}

export interface PeriodEvaluation {
  engine: Pick<FreeRunsOptions, 'surrogate' | 'engine' | 'tiling' | 'batchSize' | 'threads'>;
  period: PreparedPeriod;
  /** that are compared */
  hours: readonly number[];
  /** what training did not see: hours of the prior run, or whole runs, which are read one at a time */
  test: { hours: ReadonlySet<number> } | { runs: readonly string[]; read: (run: string) => PreparedRun };
  groups: readonly Group[];
  /** on the emissions of one group */
  factor: number;
  /** the transport model's run with it, `[hours of the period, H, W, species]` */
  changedRun: (group: Group) => Float32Array;
  /** told how many hours are done, of (1 + groups + test runs) · hours */
  onHour: (hoursDone: number) => void;
}

/** @param initialFrom - where y comes from; absent = as the surrogate has it */
export async function evaluatePeriod(options: PeriodEvaluation, initialFrom?: InitialFrom): Promise<PeriodFigures> {
  const runs = new FreeRuns({ ...options.engine, period: options.period, hours: options.hours, initialConcentrations: initialFrom });
  try {
    return await figuresOf(options, runs);
  } finally {
    runs.dispose();
  }
}

async function figuresOf(options: PeriodEvaluation, runs: FreeRuns): Promise<PeriodFigures> {
  const { period, hours, groups, factor, changedRun } = options;
  const { emissions, concentrations } = period.runs.get('prior')!;
  let passes = 0;
  const run = (factors?: Float32Array, runEmissions = emissions): Promise<Float32Array> => {
    const hoursBefore = passes++ * hours.length;
    return runs.run({ emissions: runEmissions, factors, onHour: (hoursDone) => options.onHour(hoursBefore + hoursDone) });
  };
  const prior = await run();
  const sums: PeriodFigures['sums'] = new Map();
  for (const group of groups) {
    const changed = await run(uniformFactors(period.grid, period.groups, { group, factor }));
    const ctm = { prior: concentrations, changed: changedRun(group) };
    sums.set(group, responseSums({ surrogate: { prior, changed }, ctm, hours, period: period.name, species: period.species.length })[0]);
  }
  const test =
    'hours' in options.test
      ? errorsAt(options.test.hours, prior, concentrations, hours, period.species.length)
      : await errorsOf(options.test, hours, period.species.length, (testRun) => run(undefined, testRun.emissions));
  return { test, all: concentrationErrors(prior, concentrations, hours, period.species.length), response: responsesOf(period.species, sums), sums };
}

function responsesOf(species: readonly string[], sums: ReadonlyMap<Group, BlockSums[]>): Response[] {
  const responses = [...sums].flatMap(([group, bySpecies]) =>
    bySpecies.map((blocks, s): Response => {
      const { slope, r, ctmChange, surrogateChange, relativeSize } = responseFigures(blocks);
      return { pair: `${group}>${species[s]}`, slope, r, ctmChange, surrogateChange, relativeSize };
    }),
  );
  return responses.filter(({ relativeSize }) => relativeSize >= SMALLEST_RESPONSE);
}

/** Errors of whole runs, together. @param simulate - gives `[hours, H, W, species]` of a run, gases in ppb, particles in µg m-3 */
async function errorsOf(
  { runs, read }: { runs: readonly string[]; read: (run: string) => PreparedRun },
  hours: readonly number[],
  species: number,
  simulate: (run: PreparedRun) => Promise<Float32Array>,
): Promise<ConcentrationErrors> {
  const sums = new ErrorSums(species);
  for (const name of runs) {
    const run = read(name);
    sums.add(await simulate(run), run.concentrations, hours);
  }
  return sums.errors();
}

/** Errors at some of the hours. @param simulated - `[hours, H, W, species]` @param run - `[hours of the period, H, W, species]`; gases in ppb, particles in µg m-3 */
function errorsAt(
  selected: ReadonlySet<number>,
  simulated: Float32Array,
  run: Float32Array,
  hours: readonly number[],
  species: number,
): ConcentrationErrors {
  const field = simulated.length / hours.length;
  const places = hours.flatMap((hour, i) => (selected.has(hour) ? [i] : []));
  return concentrationErrors(
    joined(
      Float32Array,
      places.map((i) => simulated.subarray(i * field, (i + 1) * field)),
    ),
    run,
    places.map((i) => hours[i]),
    species,
  );
}
