/** `invert`: from the misfit at the monitors to factors on the emissions. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { GROUPS } from '../data/case';
import { removeCheckpoint, writeFileAtomic } from '../data/checkpoint';
import { inMemory, wholeGrid, type PeriodSource } from '../data/period-source';
import { PREPARED_SPECIES } from '../data/prepared';
import { openPrepared } from '../data/prepared-store';
import type { GainByPart } from '../inversion/gain-by-part';
import { invert, type InversionResult } from '../inversion/invert';
import type { AdjointEngine } from '../surrogate/frozen-program';
import { OnnxEngine } from '../surrogate/onnx-engine';
import type { Surrogate } from '../surrogate/surrogate';
import { passCertificateGate } from './certificate-gate';
import { dataOf, drawInputs } from './drawn-inputs';
import { chooseEngine, type EngineChoice } from './engine-choice';
import { ONNX_FILES } from './onnx-models';
import { FACTORS_FILE, writeFactors, type PeriodFactors } from './factors-file';
import {
  domainPlan,
  firstHours,
  HOURS_TOGETHER,
  initialConcentrationsOf,
  loadSurrogate,
  preparedPeriods,
  variantSettings,
  type DomainPlan,
} from './learning';
import { markOf, observationFiles, operatorOf, readMonitors } from './monitors';
import { numericsOf, type Stage, type StageContext } from './stage';
import { SurrogateForwardModel, type PeriodProblem } from './surrogate-forward-model';
import { largestLogFactor, shownSpread, writeTrust, type TrustSummary } from './trust-region';

export interface InvertSummary {
  engine: EngineChoice;
  status: string;
  iterations: number;
  keptIteration: number;
  atBound: Record<string, number>;
  history: InversionResult['history'];
  trust: TrustSummary;
  /** where y was a part of the control: what it took of the gain */
  initialConcentrations?: GainByPart;
  stations: { period: string; used: number; withheld: number; watched: number; outside: number; withheldMark: string }[];
}

export const invertStage: Stage = {
  name: 'invert',
  needs: ['train', 'prepare', 'simulate', 'certify', 'export'],
  settings: (context) => {
    const { observations, withheld, certificate } = context.case;
    return {
      inversion: variantSettings(context).inversion,
      ...(context.case.tileCells > 0 ? { tileCells: context.case.tileCells } : {}),
      observations: { ...observations, files: undefined, stations: undefined },
      withheld,
      onFailure: certificate.onFailure,
      ...initialConcentrationsOf(context),
      ...numericsOf(context),
    };
  },
  inputs: ({ case: settings }) => observationFiles(settings),
  async run(context) {
    passCertificateGate(context);
    const { inversion } = variantSettings(context);
    const surrogate = loadSurrogate(context);
    const stored = context.case.periods.map(({ name }) => openPrepared(context.dirOf('prepare'), name));
    const { grid } = stored[0];
    const paper = inversion.mode === 'paper';
    const plan = domainPlan(context, surrogate, grid, { adjoint: true, hours: paper ? inversion.batch : undefined });
    const tiled = plan.tiling.tiles.length > 1;
    // Tiles read what they need from disk, for as many hours at once as make the reading cheap.
    const periods = tiled ? stored : preparedPeriods(context, 'prior').map((period) => inMemory(period));
    const hours = !tiled ? plan.batchSize : paper ? inversion.batch : HOURS_TOGETHER;
    const { problems, stations } = await problemsOf(context, periods);
    const spread = shownSpread(context);
    const memory = join(context.dir, 'engine.json');
    const { engine, choice } = await chosenEngine(context, surrogate, plan, memory);
    const model = new SurrogateForwardModel(surrogate, engine, problems, {
      anchored: !paper,
      factors: inversion.factors,
      hours,
      threads: context.threads,
      tiling: plan.tiling,
      signal: context.signal,
    });
    const checkpoint = join(context.dir, 'checkpoint.safetensors');
    try {
      const { initialConcentrations: initial } = inversion;
      const lengthCells = grid.lengthInCells(inversion.lengthKm);
      const result = await invert(
        model,
        {
          groups: GROUPS,
          species: PREPARED_SPECIES,
          priorEmissions: priorEmissions(periods, inversion.factors),
          lengthCells,
          ...(spread && inversion.trustRegion !== undefined
            ? { largestLogFactor: largestLogFactor(spread, inversion.trustRegion, slotsOf(periods, inversion.factors)) }
            : {}),
          initialConcentrations: { spread: initial.spread, lengthCells: grid.lengthInCells(initial.lengthKm) },
          ...(paper
            ? {
                emissionScale: surrogate.description.normalisation.emissions.scale,
                speciesScale: surrogate.description.normalisation.concentrations.scale,
              }
            : {}),
        },
        { ...inversion, batch: paper ? 1 : Math.ceil(inversion.batch / hours) },
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
      const { products, trust } = writeTrust(context, periods, factors, spread);
      const gain = result.initialConcentrations?.gain;
      if (gain) context.log(gainInWords(gain));
      const summary: InvertSummary = {
        ...{ engine: choice, status, iterations, keptIteration, atBound, history, trust, stations },
        ...(gain ? { initialConcentrations: gain } : {}),
      };
      writeFileAtomic(join(context.dir, 'inversion.json'), JSON.stringify(summary, null, 2));
      removeCheckpoint(checkpoint);
      rmSync(memory, { force: true });
      return { products: [FACTORS_FILE, 'inversion.json', ...products], summary };
    } finally {
      model.dispose();
      engine.dispose();
    }
  },
};

function gainInWords({ shareOfInitialConcentrations: share }: GainByPart): string {
  if (share === null) return 'the misfit did not fall: there is no gain of which initial concentrations could have taken a part';
  return `initial concentrations took ${(100 * share).toFixed(0)} % of the fall of the misfit: the transport model's run will not show that part`;
}

/** The engine that the case asks for, on the domain or on a tile of it; `memory` keeps what `auto` chose. */
function chosenEngine(
  context: StageContext,
  surrogate: Surrogate,
  { tiling: { rows, cols }, batchSize: batch }: DomainPlan,
  memory: string,
): Promise<{ engine: AdjointEngine; choice: EngineChoice }> {
  const path = (file: string): string => join(context.dirOf('export'), file);
  const models = { forward: path(ONNX_FILES.forward), vjp: path(ONNX_FILES.vjp) };
  const { engine: asked } = variantSettings(context).inversion;
  return chooseEngine({
    asked,
    native: () => surrogate.program(batch, rows, cols, context, { adjoint: true }),
    onnx: () => OnnxEngine.load(models, surrogate, { batch, rows, cols }, context.threads),
    inputs: () => dataOf(drawInputs(surrogate, { batch, rows, cols })),
    memory,
    log: context.log,
  });
}

async function problemsOf(
  context: StageContext,
  periods: readonly PeriodSource[],
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

/** H·C_prior at the observations of `operator`, daily means from all hours of the day; the fields are read a day at a time. */
function anchorOf(period: PeriodSource, operator: PeriodProblem['operator'], whole: PeriodProblem['operator']): Float32Array {
  const of = new Map(whole.times.map(({ step }, i) => [step, i]));
  const parts = operator.times.map(({ step }) => {
    const i = of.get(step)!;
    const { hours } = whole.times[i]; // without gaps: it is that of all hours
    const fields = period.hourly('concentrations', wholeGrid(period), { first: hours[0], count: hours.length });
    return whole.forwardAt(fields, [i]);
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
function priorEmissions(periods: readonly PeriodSource[], factors: 'period' | 'hour'): Float32Array {
  const parts = periods.map((period) => {
    const { count } = period.time;
    const hours = (first: number, of: number): Float32Array => period.hourly('emissions', wholeGrid(period), { first, count: of });
    if (factors === 'hour') return hours(0, count);
    const mean = new Float32Array(period.grid.rows * period.grid.cols * GROUPS.length);
    for (let hour = 0; hour < count; hour++) hours(hour, 1).forEach((emission, i) => (mean[i] += emission / count));
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

function slotsOf(periods: readonly PeriodSource[], factors: 'period' | 'hour'): number[] {
  return periods.map(({ time }) => (factors === 'hour' ? time.count : 1));
}

function splitSlots(all: Float32Array, periods: readonly PeriodSource[], factors: 'period' | 'hour'): PeriodFactors[] {
  let at = 0;
  return periods.map(({ name, grid }, p) => {
    const slots = slotsOf(periods, factors)[p];
    const length = slots * grid.rows * grid.cols * GROUPS.length;
    const data = all.slice(at, at + length);
    at += length;
    return { period: name, slots, data };
  });
}
