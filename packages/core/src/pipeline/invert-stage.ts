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
import { FACTORS_FILE, readFactors, writeFactors, type PeriodFactors } from './factors-file';
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
import { earlierPasses, readOutcome, writeOutcome } from './loop-pass';
import { markOf, observationFiles } from './monitors';
import { observePeriod, passRun, priorRun, throughOperator } from './observed-periods';
import { numericsOf, passVariant, stageDir, type Stage, type StageContext } from './stage';
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
      ...(context.pass ? { pass: context.pass, earlier: earlierPasses(context) } : {}),
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
      ...(context.pass ? { base: baseFactors(context, context.pass.anchor, periods) } : {}),
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
          ...(context.pass ? { start: readOutcome(context, context.pass.anchor).control } : {}),
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
      const all = joined([result.factors, ...(result.initialConcentrations ? [result.initialConcentrations.factors] : [])]);
      const outcome = writeOutcome(context.dir, { control: result.control, predicted: await predictions(model, all, context.signal) });
      removeCheckpoint(checkpoint);
      rmSync(memory, { force: true });
      return { products: [FACTORS_FILE, 'inversion.json', outcome, ...products], summary };
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
  const first = firstHours(context);
  const problems: PeriodProblem[] = [];
  const stations: InvertSummary['stations'] = [];
  for (const [p, period] of periods.entries()) {
    const settings = context.case.periods[p];
    const observed = await observePeriod(context, settings, period.grid, first[p]);
    const { operator, monitors } = observed;
    const anchorRun = context.pass ? passRun(context, context.pass.anchor, period) : priorRun(period);
    problems.push({ period, operator, anchor: throughOperator(anchorRun, observed) });
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

/** What the model simulates of all observations, in their order. */
async function predictions(model: SurrogateForwardModel, factors: Float32Array, signal: AbortSignal): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (let batch = 0; batch < model.batches; batch++) {
    signal.throwIfAborted();
    parts.push(await model.forward(factors, batch));
  }
  return joined(parts);
}

/** The factors of a pass, of all periods. */
function baseFactors(context: StageContext, pass: number, periods: readonly PeriodSource[]): Float32Array {
  const path = join(stageDir(context.out, 'invert', passVariant(pass)), FACTORS_FILE);
  return joined(periods.map(({ name, grid }) => readFactors(path, grid, name).data));
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
  return joined(parts);
}

function joined(parts: readonly Float32Array[]): Float32Array {
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
