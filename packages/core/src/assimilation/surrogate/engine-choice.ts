/** What runs the surrogate in the inversion, `inversion.engine`: the native program, ONNX Runtime, or whichever of the two is faster here. */
import { existsSync } from 'node:fs';
import { writeFileAtomic } from '../../files/checkpoint';
import { readJson } from '../../files/json-file';
import { DeviceError } from '../../base/errors';
import type { AdjointEngine, SurrogateInputs } from '../../surrogate/model/frozen-program';

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
  writeFileAtomic(options.memory, JSON.stringify(chosen.choice));
  return chosen;
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
  const told = (name: EngineName): string => `${name} takes ${seconds[name].toPrecision(2)} s`;
  return `for forward and adjoint of a batch ${told('native')}, ${told('onnx')}`;
}
