/** What `evaluate` finds in one period, with y of the surrogate's windows from one place. */
import type { Group } from '../data/case';
import { PREPARED_SPECIES, type PreparedPeriod } from '../data/prepared';
import { concentrationErrors, responses, type ConcentrationErrors, type Response } from '../surrogate/evaluate';
import { freeRun, type FreeRunOptions } from '../surrogate/free-run';
import { uniformFactors } from './member-factors';

/** Where y comes from: the prior run, the surrogate's own earlier output, or nowhere (0 everywhere). */
export type InitialFrom = NonNullable<FreeRunOptions['initialConcentrations']>;

/** Errors and responses of one period. */
export interface PeriodFigures {
  /** on hours that training did not see */
  test: ConcentrationErrors;
  all: ConcentrationErrors;
  response: ({ pair: string } & Response)[];
}

export interface PeriodEvaluation {
  how: Pick<FreeRunOptions, 'surrogate' | 'engine' | 'tiling' | 'batchSize' | 'threads'>;
  period: PreparedPeriod;
  /** that are compared */
  hours: readonly number[];
  /** of the period, that training did not see */
  testHours: ReadonlySet<number>;
  groups: readonly Group[];
  /** on the emissions of one group */
  factor: number;
  /** the transport model's run with it, `[hours of the period, H, W, 4]` */
  changedRun: (group: Group) => Float32Array;
  /** told how many hours are done, of (1 + groups) · hours */
  onHour: (done: number) => void;
}

/** Pairs whose response in the transport model is smaller than this part of the concentration (NH3 on SO2, say) are left out. */
const SMALLEST_RESPONSE = 2e-3;

/** @param from - where y comes from; absent = as the surrogate has it */
export async function evaluatePeriod(options: PeriodEvaluation, from?: InitialFrom): Promise<PeriodFigures> {
  const { how, period, hours, testHours, groups, factor, changedRun } = options;
  const { emissions, concentrations } = period.runs.get('prior')!;
  let passes = 0;
  const run = (factors?: Float32Array): Promise<Float32Array> => {
    const before = passes++ * hours.length;
    const onHour = (done: number): void => options.onHour(before + done);
    return freeRun({ ...how, period, emissions, hours, factors, initialConcentrations: from, onHour });
  };
  const prior = await run();
  const response: PeriodFigures['response'] = [];
  for (const group of groups) {
    const changed = await run(uniformFactors(period.grid, { group, factor }));
    responses({ prior, changed }, { prior: concentrations, changed: changedRun(group) }, hours).forEach((each, s) => {
      if (each.relativeSize >= SMALLEST_RESPONSE) response.push({ pair: `${group}>${PREPARED_SPECIES[s]}`, ...each });
    });
  }
  const test = hours.flatMap((hour, i) => (testHours.has(hour) ? [i] : []));
  return { test: errorsAt(test, prior, concentrations, hours), all: concentrationErrors(prior, concentrations, hours), response };
}

/** Errors at some of the hours, by their place among them. */
function errorsAt(places: readonly number[], simulated: Float32Array, run: Float32Array, hours: readonly number[]): ConcentrationErrors {
  const field = simulated.length / hours.length;
  const some = new Float32Array(places.length * field);
  places.forEach((i, k) => some.set(simulated.subarray(i * field, (i + 1) * field), k * field));
  return concentrationErrors(
    some,
    run,
    places.map((i) => hours[i]),
  );
}
