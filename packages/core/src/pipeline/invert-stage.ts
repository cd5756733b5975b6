/** `invert`: from the misfit at the monitors to factors on the emissions. */
import { join } from 'node:path';
import { GROUPS } from '../data/case';
import { removeCheckpoint, writeFileAtomic } from '../data/checkpoint';
import { PREPARED_SPECIES, type PreparedPeriod } from '../data/prepared';
import { invert, type InversionResult } from '../inversion/invert';
import type { SurrogateEngine } from '../surrogate/frozen-program';
import { OnnxEngine } from '../surrogate/onnx-engine';
import { ONNX_FILES } from './onnx-models';
import { FACTORS_FILE, writeFactors, type PeriodFactors } from './factors-file';
import { firstHours, hoursAtOnce, loadSurrogate, preparedPeriods, variantSettings } from './learning';
import { markOf, observationFiles, operatorOf, readMonitors } from './monitors';
import { numericsOf, type Stage, type StageContext } from './stage';
import { SurrogateForwardModel, type PeriodProblem } from './surrogate-forward-model';

export interface InvertSummary {
  status: string;
  iterations: number;
  keptIteration: number;
  atBound: Record<string, number>;
  history: InversionResult['history'];
  stations: { period: string; used: number; withheld: number; watched: number; outside: number; withheldMark: string }[];
}

export const invertStage: Stage = {
  name: 'invert',
  needs: ['train', 'prepare', 'simulate', 'export'],
  settings: (context) => {
    const { observations, withheld } = context.case;
    return {
      inversion: variantSettings(context).inversion,
      observations: { ...observations, files: undefined, stations: undefined },
      withheld,
      ...numericsOf(context),
    };
  },
  inputs: ({ case: settings }) => observationFiles(settings),
  async run(context) {
    const { inversion } = variantSettings(context);
    const surrogate = loadSurrogate(context);
    const periods = preparedPeriods(context, 'prior');
    const { grid } = periods[0];
    const hours = inversion.mode === 'paper' ? inversion.batch : hoursAtOnce(grid.rows * grid.cols);
    const { problems, stations } = await problemsOf(context, periods);
    const program = surrogate.program(hours, grid.rows, grid.cols, context, { adjoint: true });
    const engine: SurrogateEngine | undefined =
      inversion.engine === 'onnx'
        ? await OnnxEngine.load(join(context.dirOf('export'), ONNX_FILES.forward), surrogate, grid, context.threads)
        : undefined;
    const model = new SurrogateForwardModel(surrogate, program, problems, {
      anchored: inversion.mode === 'default',
      factors: inversion.factors,
      hours,
      threads: context.threads,
      engine,
    });
    const checkpoint = join(context.dir, 'checkpoint.safetensors');
    try {
      const lengthCells: [number, number] = [
        (inversion.lengthKm * 1000) / grid.definition.ycell,
        (inversion.lengthKm * 1000) / grid.definition.xcell,
      ];
      const result = await invert(
        model,
        {
          groups: GROUPS,
          species: PREPARED_SPECIES,
          priorEmissions: priorEmissions(periods, inversion.factors),
          lengthCells,
          ...(inversion.mode === 'paper'
            ? {
                emissionScale: surrogate.description.normalisation.emissions.scale,
                speciesScale: surrogate.description.normalisation.concentrations.scale,
              }
            : {}),
        },
        { ...inversion, batch: inversion.mode === 'paper' ? 1 : Math.ceil(inversion.batch / hours) },
        {
          onProgress: context.progress,
          onMessage: context.log,
          signal: context.signal,
          checkpoint: { path: checkpoint, every: inversion.checkpointEvery },
        },
      );
      const factors = splitSlots(result.factors, periods, inversion.factors);
      writeFactors(join(context.dir, FACTORS_FILE), grid, factors);
      const { status, iterations, keptIteration, atBound, history } = result;
      const summary: InvertSummary = { status, iterations, keptIteration, atBound, history, stations };
      writeFileAtomic(join(context.dir, 'inversion.json'), JSON.stringify(summary, null, 2));
      removeCheckpoint(checkpoint);
      return { products: [FACTORS_FILE, 'inversion.json'], summary };
    } finally {
      program.dispose();
      engine?.dispose();
    }
  },
};

async function problemsOf(
  context: StageContext,
  periods: readonly PreparedPeriod[],
): Promise<{ problems: PeriodProblem[]; stations: InvertSummary['stations'] }> {
  const { inversion } = variantSettings(context);
  const first = firstHours(context);
  const problems: PeriodProblem[] = [];
  const stations: InvertSummary['stations'] = [];
  for (const [p, period] of periods.entries()) {
    const settings = context.case.periods[p];
    const monitors = await readMonitors(context, settings, period.grid);
    const options = { firstHour: first[p], watch: inversion.stopOnWithheld };
    const operator = operatorOf(context, settings, period.grid, monitors, { ...options, hoursPerDay: inversion.hoursPerDay });
    const anchor = anchorOf(period, operator, operatorOf(context, settings, period.grid, monitors, options));
    problems.push({ period, operator, anchor });
    const count = (role: number): number => operator.stations.filter((station) => station.role === role).length;
    stations.push({
      period: period.name,
      used: count(0),
      watched: count(1),
      withheld: count(2),
      outside: operator.outside.length,
      withheldMark: markOf(monitors.withheld),
    });
    for (const species of operator.unobserved) context.log(`${period.name}: no value of ${species}: it is not used`);
    if (operator.outside.length > 0) context.log(`${period.name}: ${operator.outside.length} stations lie outside the grid and are left out`);
  }
  return { problems, stations };
}

/** H·C_prior at the observations of `operator`, daily means from all hours of the day. */
function anchorOf(period: PreparedPeriod, operator: PeriodProblem['operator'], whole: PeriodProblem['operator']): Float32Array {
  const all = whole.forward(period.runs.get('prior')!.concentrations);
  const first = new Map(whole.times.map(({ step }, i) => [step, whole.observed.first[i]]));
  const parts = operator.times.map(({ step }, i) => {
    const from = first.get(step)!;
    return all.subarray(from, from + operator.observed.first[i + 1] - operator.observed.first[i]);
  });
  const anchor = new Float32Array(operator.observed.values.length);
  let at = 0;
  for (const part of parts) {
    anchor.set(part, at);
    at += part.length;
  }
  return anchor;
}

/** Mean prior emissions of each slot, `[slots, H, W, 5]`. */
function priorEmissions(periods: readonly PreparedPeriod[], factors: 'period' | 'hour'): Float32Array {
  const parts = periods.map((period) => {
    const { emissions } = period.runs.get('prior')!;
    if (factors === 'hour') return emissions;
    const field = emissions.length / period.time.count;
    const mean = new Float32Array(field);
    for (let i = 0; i < emissions.length; i++) mean[i % field] += emissions[i] / period.time.count;
    return mean;
  });
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function splitSlots(all: Float32Array, periods: readonly PreparedPeriod[], factors: 'period' | 'hour'): PeriodFactors[] {
  let at = 0;
  return periods.map(({ name, grid, time }) => {
    const slots = factors === 'hour' ? time.count : 1;
    const length = slots * grid.rows * grid.cols * GROUPS.length;
    const data = all.slice(at, at + length);
    at += length;
    return { period: name, slots, data };
  });
}
