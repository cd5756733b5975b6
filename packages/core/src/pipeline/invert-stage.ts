/** `invert`: from the misfit at the monitors to factors on the emissions. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { GROUPS } from '../data/case';
import { removeCheckpoint, writeFileAtomic } from '../data/checkpoint';
import type { PeriodSource } from '../data/period-source';
import type { GainByPart } from '../inversion/gain-by-part';
import { invert, type InversionResult } from '../inversion/invert';
import { passCertificateGate } from './certificate-gate';
import type { EngineChoice } from './engine-choice';
import { FACTORS_FILE, writeFactors, type PeriodFactors } from './factors-file';
import { joined, setUpInversion, slotsOf, type StationCounts } from './inversion-setup';
import { initialConcentrationsOf, variantSettings } from './learning';
import { earlierPasses, writeOutcome } from './loop-pass';
import { observationFiles } from './monitors';
import { numericsOf, type Stage } from './stage';
import type { SurrogateForwardModel } from './surrogate-forward-model';
import { writeTrust, type TrustSummary } from './trust-region';

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
  stations: StationCounts[];
}

export const invertStage: Stage = {
  name: 'invert',
  needs: ['train', 'prepare', 'simulate', 'certify', 'export'],
  settings: (context) => {
    const { observations, withheld, certificate } = context.case;
    return {
      inversion: { ...variantSettings(context).inversion, uncertainty: undefined },
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
    const memory = join(context.dir, 'engine.json');
    const setup = await setUpInversion(context, memory);
    const { model, periods, grid, spread, stations } = setup;
    const checkpoint = join(context.dir, 'checkpoint.safetensors');
    try {
      const result = await invert(model, setup.problem, setup.settings, {
        onProgress: context.progress,
        onMessage: context.log,
        signal: context.signal,
        checkpoint: { path: checkpoint, every: inversion.checkpointEvery },
      });
      const factors = splitSlots(result.factors, periods, inversion.factors);
      writeFactors(join(context.dir, FACTORS_FILE), grid, factors);
      const { status, iterations, keptIteration, atBound, history } = result;
      const { products, trust } = writeTrust(context, periods, factors, spread);
      const gain = result.initialConcentrations?.gain;
      if (gain) context.log(gainInWords(gain));
      const summary: InvertSummary = {
        ...{ engine: setup.engine, status, iterations, keptIteration, atBound, history, trust, stations },
        ...(gain ? { initialConcentrations: gain } : {}),
      };
      writeFileAtomic(join(context.dir, 'inversion.json'), JSON.stringify(summary, null, 2));
      const all = joined([result.factors, ...(result.initialConcentrations ? [result.initialConcentrations.factors] : [])]);
      const outcome = writeOutcome(context.dir, { control: result.control, predicted: await predictions(model, all, context.signal) });
      removeCheckpoint(checkpoint);
      rmSync(memory, { force: true });
      return { products: [FACTORS_FILE, 'inversion.json', outcome, ...products], summary };
    } finally {
      setup.dispose();
    }
  },
};

function gainInWords({ shareOfInitialConcentrations: share }: GainByPart): string {
  if (share === null) return 'the misfit did not fall: there is no gain of which initial concentrations could have taken a part';
  return `initial concentrations took ${(100 * share).toFixed(0)} % of the fall of the misfit: the transport model's run will not show that part`;
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
