/** `evaluate`: errors of the surrogate's concentrations, and its free-running response. */
import { join } from 'node:path';
import { writeFileAtomic } from '../data/checkpoint';
import { PREPARED_SPECIES, type PreparedPeriod } from '../data/prepared';
import { concentrationErrors, responses, sampledHours, type ConcentrationErrors, type Response } from '../surrogate/evaluate';
import { freeRun } from '../surrogate/free-run';
import type { FrozenProgram } from '../surrogate/frozen-program';
import { splitHours } from '../surrogate/sampler';
import type { Surrogate } from '../surrogate/surrogate';
import { responseRun, simulatedFile } from './case-runs';
import { domainPlan, firstHours, initialConcentrationsOf, loadSurrogate, preparedPeriods, variantSettings, type DomainPlan } from './learning';
import { uniformFactors } from './member-factors';
import { readRunConcentrations } from './run-concentrations';
import type { Stage, StageContext } from './stage';

export interface EvaluateSummary {
  /** per period; test: hours that training did not see */
  concentrations: { period: string; test: ConcentrationErrors; all: ConcentrationErrors }[];
  /** per period and pair such as `NOx>NO2` */
  response: ({ period: string; pair: string } & Response)[];
}

/** Every third hour: enough for slopes, a third of the time. */
const HOUR_STEP = 3;

/** Pairs whose response in the transport model is smaller than this part of the concentration (NH3 on SO2, say) are left out. */
const SMALLEST_RESPONSE = 2e-3;

export const evaluateStage: Stage = {
  name: 'evaluate',
  needs: ['train', 'simulate'],
  settings: (context) => ({ response: context.case.response, hourStep: HOUR_STEP, ...initialConcentrationsOf(context) }),
  inputs: () => [],
  async run(context) {
    const surrogate = loadSurrogate(context);
    const periods = preparedPeriods(context, 'prior');
    const plan = domainPlan(context, surrogate, periods[0].grid, { adjoint: false });
    const program = surrogate.program(plan.batchSize, plan.tiling.rows, plan.tiling.cols, context, { adjoint: false });
    const summary: EvaluateSummary = { concentrations: [], response: [] };
    try {
      for (const [p, period] of periods.entries()) await evaluatePeriod(context, { surrogate, engine: program, ...plan }, period, p, summary);
    } finally {
      program.dispose();
    }
    writeFileAtomic(join(context.dir, 'evaluation.json'), JSON.stringify(summary, null, 2));
    return { products: ['evaluation.json'], summary };
  },
};

async function evaluatePeriod(
  context: StageContext,
  how: DomainPlan & { surrogate: Surrogate; engine: FrozenProgram },
  period: PreparedPeriod,
  index: number,
  summary: EvaluateSummary,
): Promise<void> {
  const first = firstHours(context)[index];
  const hours = sampledHours(period, first, HOUR_STEP);
  const { emissions, concentrations } = period.runs.get('prior')!;
  const { groups, factor } = context.case.response;
  const passes = 1 + groups.length;
  let done = 0;
  const total = passes * hours.length;
  const onHour = (hoursDone: number): void => {
    context.progress(done + hoursDone, total, `${period.name}`);
    context.signal.throwIfAborted();
  };
  const run = (factors?: Float32Array): Promise<Float32Array> =>
    freeRun({ ...how, period, emissions, hours, factors, threads: context.threads, onHour });
  const prior = await run();
  done += hours.length;
  const test = new Set(splitHours(period.time.count, first, variantSettings(context).training.testFraction).test);
  const testIndices = hours.flatMap((hour, i) => (test.has(hour) ? [i] : []));
  const field = prior.length / hours.length;
  const testPrior = new Float32Array(testIndices.length * field);
  testIndices.forEach((i, k) => testPrior.set(prior.subarray(i * field, (i + 1) * field), k * field));
  summary.concentrations.push({
    period: period.name,
    test: concentrationErrors(
      testPrior,
      concentrations,
      testIndices.map((i) => hours[i]),
    ),
    all: concentrationErrors(prior, concentrations, hours),
  });
  const simulate = context.dirOf('simulate');
  for (const group of groups) {
    const changed = await run(uniformFactors(period.grid, { group, factor }));
    done += hours.length;
    const ctm = {
      prior: concentrations,
      changed: readRunConcentrations(context.case, [simulatedFile(simulate, responseRun(group), 'ACONC', period.name)], period),
    };
    responses({ prior, changed }, ctm, hours).forEach((response, s) => {
      if (response.relativeSize < SMALLEST_RESPONSE) return;
      summary.response.push({ period: period.name, pair: `${group}>${PREPARED_SPECIES[s]}`, ...response });
    });
  }
}
