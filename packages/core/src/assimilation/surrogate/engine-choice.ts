/** What runs the surrogate in the inversion, `inversion.engine`: the native program, ONNX Runtime, or whichever of the two is faster here. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../files/checkpoint';
import { readJson } from '../../files/json';
import { DeviceError } from '../../base/errors';
import type { AdjointEngine, SurrogateInputs } from '../../surrogate/model/frozen-program';

import type { Field } from '../../graph/onnx/onnx-model';
import { size } from '../../graph/definition/shape';
import { Random } from '../../base/random';
import { takesInitialConcentrations } from '../../surrogate/model/surrogate-settings';
import type { ChannelScale } from '../../surrogate/model/normalisation';
import { ONNX_FILES, OnnxEngine } from '../../surrogate/model/onnx-engine';
import type { Surrogate } from '../../surrogate/model/surrogate';
import type { Workspace } from '../workspace';
import type { DomainPlan } from './trained-surrogate';

type EngineName = 'native' | 'onnx';

/** Recorded by `invert`. */
export interface EngineChoice {
  asked: EngineName | 'auto';
  used: EngineName;
  /** of `auto`: medians for forward and adjoint of one batch */
  seconds?: Record<EngineName, number>;
  /** of `auto`: why nothing was timed */
  reason?: string;
}

export interface EngineOptions {
  asked: EngineName | 'auto';
  /** make an engine */
  native: () => AdjointEngine;
  onnx: () => Promise<AdjointEngine>;
  /** of one batch, to time both with */
  inputs: () => SurrogateInputs;
  /** a file that keeps what `auto` chose: a resumed inversion must go on with the engine that it began with */
  memory: string;
  log: (text: string) => void;
}

/** By turns, after one run each that is not counted: enough for engines that differ by more than the noise, and no loss where they do not. */
const ROUNDS = 3;

/** Makes the engine that is asked for, and says so where `auto` chose it. */
export async function chooseEngine(options: EngineOptions): Promise<{ engine: AdjointEngine; choice: EngineChoice }> {
  const { asked, native, onnx } = options;
  if (asked !== 'auto') return { engine: asked === 'native' ? native() : await onnx(), choice: { asked, used: asked } };
  const { engine, choice } = (await chosenBefore(options)) ?? (await chosenNow(options));
  options.log(`engine auto: ${choice.used} is taken: ${reasonOf(choice)}`);
  return { engine, choice };
}

type Chosen = Awaited<ReturnType<typeof chooseEngine>>;

/** @throws {DataError} `JSON_UNREADABLE`: which engine it was must not be guessed */
async function chosenBefore({ memory, native, onnx }: EngineOptions): Promise<Chosen | undefined> {
  if (!existsSync(memory)) return undefined;
  const choice = readJson<EngineChoice>(memory, {
    keys: { asked: 'string', used: 'string' },
    remedy: 'remove the folder that it lies in, and run again',
  });
  return { engine: choice.used === 'native' ? native() : await onnx(), choice };
}

async function chosenNow(options: EngineOptions): Promise<Chosen> {
  const engines = await bothEngines(options);
  const chosen = 'reason' in engines ? alone(engines) : await faster(engines, options.inputs());
  remember(options, chosen);
  return chosen;
}

function remember({ memory }: EngineOptions, { choice }: Chosen): void {
  writeFileAtomic(memory, JSON.stringify(choice));
}

type Both = Record<EngineName, AdjointEngine>;

/** Both engines, or the native one and the reason why it is alone. */
async function bothEngines({ native, onnx }: EngineOptions): Promise<Both | { native: AdjointEngine; reason: string }> {
  try {
    return { onnx: await onnx(), native: native() };
  } catch (cause) {
    if (!(cause instanceof DeviceError) || cause.code !== 'ONNX_RUNTIME_MISSING') throw cause;
    return { native: native(), reason: cause.message };
  }
}

function alone({ native, reason }: { native: AdjointEngine; reason: string }): Chosen {
  return { engine: native, choice: { asked: 'auto', used: 'native', reason } };
}

async function faster(engines: Both, inputs: SurrogateInputs): Promise<Chosen> {
  const seconds = await timeEngines(engines, inputs);
  const used = seconds.onnx < seconds.native ? 'onnx' : 'native';
  engines[used === 'native' ? 'onnx' : 'native'].dispose();
  return { engine: engines[used], choice: { asked: 'auto', used, seconds } };
}

/** Medians of forward and adjoint, by turns. */
async function timeEngines(engines: Both, inputs: SurrogateInputs): Promise<Record<EngineName, number>> {
  const seconds: Record<EngineName, number[]> = { native: [], onnx: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const name of ['native', 'onnx'] as const) {
      const start = performance.now();
      const concentrations = await engines[name].forward(inputs);
      await engines[name].adjoint(concentrations.fill(1));
      if (round > 0) seconds[name].push((performance.now() - start) / 1e3);
    }
  }
  return { native: median(seconds.native), onnx: median(seconds.onnx) };
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

function reasonOf({ seconds, reason = '' }: EngineChoice): string {
  if (!seconds) return reason;
  const timeText = (name: EngineName): string => `${name} takes ${seconds[name].toPrecision(2)} s`;
  return `for forward and adjoint of a batch ${timeText('native')}, ${timeText('onnx')}`;
}

/** The file in a stage's folder that keeps what engine `auto` chose, for a run that goes on; what is finished needs it no more. */
export function engineMemory({ dir }: Pick<Workspace, 'dir'>): string {
  return join(dir, 'engine.json');
}

/** The engine that the case asks for, on the domain or on a tile of it. */
export function chosenEngine(
  context: Workspace,
  surrogate: Surrogate,
  { tiling: { rows, cols }, batchSize: batch }: DomainPlan,
): Promise<{ engine: AdjointEngine; choice: EngineChoice }> {
  const dir = context.dirOf('export');
  const { forward, vjp } = ONNX_FILES;
  const models = { forward: join(dir, forward), vjp: join(dir, vjp) };
  const { engine: engineSetting } = context.settings.inversion;
  return chooseEngine({
    asked: engineSetting,
    native: () => surrogate.program(batch, rows, cols, context, { adjoint: true }),
    onnx: async () => {
      // ONNX Runtime takes other weights, or a flipped bit in them, as they are.
      await context.expectUnchanged(dir, [forward, vjp]);
      return OnnxEngine.load(models, surrogate, { batch, rows, cols }, context.threads);
    },
    inputs: () => dataOf(drawInputs(surrogate, { batch, rows, cols })),
    memory: engineMemory(context),
    log: context.log,
  });
}

const SEED = 1;

/** Inputs that are drawn at random about their means, for comparing and timing engines. @param sizes - `batch` hours on `rows` x `cols` cells */
export function drawInputs(surrogate: Surrogate, sizes: { batch: number; rows: number; cols: number }): Record<keyof SurrogateInputs, Field> {
  const { batch, rows, cols } = sizes;
  const { normalisation, settings } = surrogate.description;
  const random = new Random(SEED);
  const draw = (name: string, { offset, scale }: ChannelScale, lead: readonly number[], noise: (generator: Random) => number): Field => {
    const fieldRandom = random.fork(name);
    const shape = [...lead, rows, cols, scale.length];
    return {
      shape,
      data: Float32Array.from({ length: size(shape) }, (_, i) => offset[i % scale.length] + scale[i % scale.length] * noise(fieldRandom)),
    };
  };
  const normal = (generator: Random): number => generator.normal();
  const positive = (generator: Random): number => generator.uniform();
  const steps = [batch, surrogate.window.steps.length];
  const noChannels = { offset: [], scale: [] };
  return {
    emissions: draw('emissions', normalisation.emissions, steps, positive),
    tracers: draw('tracers', normalisation.tracers ?? noChannels, [batch], positive),
    meteorology: draw('meteorology', normalisation.meteorology, steps, normal),
    geography: draw('geography', normalisation.geography, [batch], normal),
    previous: draw('previous', takesInitialConcentrations(settings) ? normalisation.concentrations : noChannels, [batch], positive),
  };
}

/** The numbers alone. */
export function dataOf({ emissions, tracers, meteorology, geography, previous }: Record<keyof SurrogateInputs, Field>): SurrogateInputs {
  return { emissions: emissions.data, tracers: tracers.data, meteorology: meteorology.data, geography: geography.data, previous: previous.data };
}
