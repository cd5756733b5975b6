/** The work of `evaluate`: errors of the surrogate's concentrations, and its free-running response; where it takes y, with y from each place by turns. */
import { join } from 'node:path';
import type { PeriodSettings } from '../../case';
import { writeFileAtomic } from '../../files/checkpoint';
import { readPreparedRun, type PreparedPeriod } from '../../fields/prepared';
import { sampledHours, type ConcentrationErrors } from '../../surrogate/judgement/evaluate';
import { takesInitialConcentrations } from '../../surrogate/model/surrogate-settings';
import { splitHours } from '../../surrogate/training/sampler';
import { judgedPeriods, responseRun, simulatedFile } from '../../case/case-runs';
import { evaluatedHours, evaluatePeriod, type InitialFrom, type PeriodEvaluation, type Response } from '../../assimilation/surrogate/evaluate-period';
import { RESPONSE_SUMS_FILE, writeResponseSums, type PeriodSums } from '../../assimilation/surrogate/evaluated-responses';
import {
  comparedHourStep,
  domainPlan,
  firstHourOf,
  judgedMembers,
  loadSurrogate,
  preparedPeriod,
  storedPeriods,
  testRuns,
} from '../../assimilation/surrogate/trained-surrogate';
import { madeOutput } from '../../inventory/reading/sector-files';
import { runFields } from '../../transport/run-fields';
import type { Stage, StageContext } from '../engine/stage';

export interface EvaluateSummary {
  /** runs that training did not see; none: it did not see the last days of the prior run */
  testRuns: string[];
  /** per period; test: what training did not see; all: the prior run */
  concentrations: { period: string; test: ConcentrationErrors; all: ConcentrationErrors }[];
  /** per period and pair */
  response: ({ period: string } & Response)[];
  /** where the surrogate takes y: the same per period and place that y is taken from */
  initialConcentrations?: InitialFigures[];
}

export interface InitialFigures {
  from: InitialFrom;
  period: string;
  test: ConcentrationErrors;
  response: Response[];
}

const FROM: readonly InitialFrom[] = ['prior', 'rollout', 'zero'];

export async function evaluateSurrogate(context: StageContext): ReturnType<Stage['run']> {
  const surrogate = loadSurrogate(context);
  const { settings } = surrogate.description;
  const plan = domainPlan(context, surrogate, storedPeriods(context)[0].grid, { adjoint: false });
  const engine = surrogate.program(plan.batchSize, plan.tiling.rows, plan.tiling.cols, context, { adjoint: false });
  const summary: EvaluateSummary = { testRuns: testRuns(context), concentrations: [], response: [] };
  // In a part of the control y is the prior run's as long as nothing is inverted.
  const ownSource: InitialFrom = settings.initialConcentrations === 'rollout' ? 'rollout' : 'prior';
  const places = takesInitialConcentrations(settings) ? FROM : [ownSource];
  const responses = new Map<string, PeriodSums>();
  try {
    for (const settings of judgedPeriods(context.caseSettings)) {
      const period = preparedPeriod(context, settings);
      for (const [turn, source] of places.entries()) {
        const options = periodEvaluation(context, { surrogate, engine, ...plan, threads: context.threads }, period, settings, {
          turn,
          turns: places.length,
        });
        const { test, all, response, ...compared } = await evaluatePeriod(options, source);
        if (source === ownSource) {
          responses.set(period.name, compared);
          summary.concentrations.push({ period: period.name, test, all });
          summary.response.push(...response.map((pair) => ({ period: period.name, ...pair })));
        }
        if (places.length > 1) (summary.initialConcentrations ??= []).push({ from: source, period: period.name, test, response });
      }
    }
  } finally {
    engine.dispose();
  }
  writeResponseSums(context.dir, responses);
  writeFileAtomic(join(context.dir, 'evaluation.json'), JSON.stringify(summary, null, 2));
  return { products: ['evaluation.json', RESPONSE_SUMS_FILE], summary };
}

function periodEvaluation(
  context: StageContext,
  options: PeriodEvaluation['engine'],
  period: PreparedPeriod,
  { spinUpHours, members: wanted }: PeriodSettings,
  { turn, turns }: { turn: number; turns: number },
): PeriodEvaluation {
  const { surrogate, training } = context.settings;
  const first = firstHourOf(context, { spinUpHours });
  const hours = sampledHours(period, first, comparedHourStep(surrogate));
  const { groups, factor } = context.caseSettings.response;
  // Where members only judge, no run changes one group alone.
  const changedGroups = wanted === true ? groups : [];
  const simulate = context.dirOf('simulate');
  const testHours = new Set(splitHours(period.time.count, first, training.testFraction).test);
  const { members, onDays } = judgedMembers(context);
  const judgedHours = onDays ? hours.filter((hour) => testHours.has(hour)) : hours;
  const evaluation = {
    engine: options,
    period,
    hours,
    groups: changedGroups,
    factor,
    judged: { members, hours: judgedHours, read: (member: string) => readPreparedRun(context.dirOf('prepare'), member, period) },
  };
  const total = evaluatedHours(evaluation);
  let finished = turn * total;
  return {
    ...evaluation,
    test: testRuns(context).length > 0 ? 'members' : testHours,
    changedRun: (group) =>
      runFields(context, madeOutput(context.caseSettings, simulatedFile(simulate, responseRun(group), 'ACONC', period.name)), period)(),
    onHours: (count) => {
      context.progress((finished += count), turns * total, `${period.name}`);
      context.signal.throwIfAborted();
    },
  };
}
