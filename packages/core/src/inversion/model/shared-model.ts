/**
 * A forward model whose batches several ranks share. The first rank inverts: it alone has optimiser, history and checkpoint. The others have the same
 * model and make their share of every pass over the observations: costs, products with the Jacobian and adjoints of some batches each, which follow each other. Costs are
 * added up in the order of batches, as one process does; gradients in the order of ranks. What is asked of single batches the first rank makes alone.
 */
import { deserialize, serialize } from 'node:v8';
import { InterruptedError } from '../../base/errors';
import type { Ranks } from '../../base/process';
import { costsOf } from '../cost/evaluation';
import type { BatchCost, CostRequest, ObservationBatch, Values } from '../cost/cost';
import type { FactorShape, ForwardModel, ModelPart, Linearisation, LinearisedAbout } from './forward-model';
import { linearise } from '../cost/hessian';

/** What the first rank asks of the others. */
type Message =
  | { kind: 'costs'; request: CostRequest }
  | { kind: 'linearise'; about: LinearisedAbout }
  | { kind: 'product'; change: Float64Array; batches: readonly number[] }
  | { kind: 'gradient' }
  | { kind: 'end'; interrupted?: string };

async function tell(ranks: Ranks, message: Message): Promise<void> {
  await ranks.broadcast(serialize(message));
}

/** The share of a rank in a list: neighbours, whose fields a model reads together. */
function shareOf<T>(list: readonly T[], { rank, size }: Ranks): T[] {
  const begin = (part: number): number => Math.floor((list.length * part) / size);
  return list.slice(begin(rank), begin(rank + 1));
}

function isInterruption(cause: unknown): boolean {
  return cause instanceof InterruptedError || (cause as Error).name === 'AbortError';
}

/**
 * What all ranks make, each its own, in their order. An interruption of one is one of all, heard when the others have made theirs, so that nobody waits for who has left.
 *
 * @throws {InterruptedError} if a rank was interrupted, on all of them (its own error on the one that was); any other failure is that rank's, and ends them all
 */
async function together<T>(ranks: Ranks, make: () => Promise<T>): Promise<T[]> {
  let result: { value?: T; cause?: Error };
  try {
    result = { value: await make() };
  } catch (cause) {
    if (!isInterruption(cause)) throw cause;
    result = { cause: cause as Error };
  }
  const { value, cause } = result;
  const results = (await ranks.gather(serialize({ value, interrupted: cause !== undefined }))).map(
    (bytes) => deserialize(bytes) as { value: T; interrupted: boolean },
  );
  if (cause !== undefined) throw cause;
  return results.map((outcome) => {
    if (outcome.interrupted) {
      throw new InterruptedError('INTERRUPTED', 'interrupted on another process: what was finished is kept: run the same command to go on');
    }
    return outcome.value;
  });
}

type Own<T> = () => T | Promise<T>;

/** Costs of this rank's share, then those of all ranks. */
async function sharedCosts(model: Own<ForwardModel>, request: CostRequest, ranks: Ranks): Promise<BatchCost[]> {
  return (await together(ranks, async () => costsOf(await model(), { ...request, batches: shareOf(request.batches, ranks) }))).flat();
}

/** Of this rank's share, then of all ranks. */
async function sharedProduct(
  linearisation: Own<Linearisation>,
  change: Float64Array,
  batches: readonly number[],
  ranks: Ranks,
): Promise<Float64Array[]> {
  return (await together(ranks, async () => (await linearisation()).product(change, shareOf(batches, ranks)))).flat();
}

async function sharedGradient(model: Own<ForwardModel>, ranks: Ranks): Promise<Values> {
  let gradient: Values = new Float32Array();
  await together(ranks, async () => {
    gradient = await (await model()).takeGradient();
  });
  await ranks.sum(gradient);
  return gradient;
}

/** On the first rank. */
export class SharedModel implements ForwardModel {
  readonly shape: FactorShape;
  readonly initialConcentrations?: FactorShape;
  readonly nuisance?: readonly number[];
  readonly batches: number;
  readonly parts?: readonly ModelPart[];
  readonly tangents?: ForwardModel['tangents'];
  /** whether the others hold a part of the gradient */
  private shared = false;
  /** about what the others have linearised theirs */
  private sharedState?: LinearisedAbout;

  constructor(
    private readonly model: ForwardModel,
    private readonly ranks: Ranks,
  ) {
    this.shape = model.shape;
    this.initialConcentrations = model.initialConcentrations;
    this.nuisance = model.nuisance;
    this.batches = model.batches;
    this.parts = model.parts;
    if (model.tangents) this.tangents = (...args) => model.tangents!(...args);
  }

  observations(batch: number): ObservationBatch {
    return this.model.observations(batch);
  }

  forward(factors: Values, batch: number, signal?: AbortSignal): Promise<Values> {
    return this.model.forward(factors, batch, signal);
  }

  addAdjoint(gradSimulated: Values, batch: number): Promise<void> {
    return this.model.addAdjoint(gradSimulated, batch);
  }

  /** A signal is heeded when the pass is over: the others are at work. */
  async costs(request: CostRequest, signal?: AbortSignal): Promise<BatchCost[]> {
    signal?.throwIfAborted();
    if (request.batches.length < this.ranks.size) return costsOf(this.model, request, signal);
    this.shared ||= request.withGradient;
    await tell(this.ranks, { kind: 'costs', request });
    const costs = await sharedCosts(() => this.model, request, this.ranks);
    signal?.throwIfAborted();
    return costs;
  }

  linearise(point: LinearisedAbout): Linearisation {
    const linearisation = linearise(this.model, point);
    const product: Linearisation['product'] = async (change, batches, signal) => {
      signal?.throwIfAborted();
      if (batches.length < this.ranks.size) return linearisation.product(change, batches, signal);
      this.shared = true;
      if (this.sharedState !== point) await tell(this.ranks, { kind: 'linearise', about: point });
      this.sharedState = point;
      await tell(this.ranks, { kind: 'product', change, batches });
      const simulated = await sharedProduct(() => linearisation, change, batches, this.ranks);
      signal?.throwIfAborted();
      return simulated;
    };
    return { product };
  }

  async takeGradient(): Promise<Values> {
    if (!this.shared) return this.model.takeGradient();
    this.shared = false;
    await tell(this.ranks, { kind: 'gradient' });
    return sharedGradient(() => this.model, this.ranks);
  }
}

/** On the first rank: lets the others go. @param interrupted - by what the first was interrupted */
export function endHelp(ranks: Ranks, interrupted?: Error): Promise<void> {
  return tell(ranks, { kind: 'end', ...(interrupted ? { interrupted: interrupted.message } : {}) });
}

/**
 * On the other ranks: does what the first asks for until it ends.
 *
 * @param setUp - makes the same model as the first has, when it is first needed
 * @throws {InterruptedError} if the first was interrupted
 */
export async function helpInvert(ranks: Ranks, setUp: () => Promise<{ model: ForwardModel; dispose: () => void }>): Promise<void> {
  let loaded: Awaited<ReturnType<typeof setUp>> | undefined;
  const model = async (): Promise<ForwardModel> => (loaded ??= await setUp()).model;
  let point: LinearisedAbout | undefined;
  let linearisation: Linearisation | undefined;
  const linearised = async (): Promise<Linearisation> => (linearisation ??= linearise(await model(), point!));
  try {
    for (;;) {
      const message = deserialize(await ranks.broadcast()) as Message;
      switch (message.kind) {
        case 'end':
          if (message.interrupted !== undefined) throw new InterruptedError('INTERRUPTED', message.interrupted);
          return;
        case 'costs':
          await heard(() => sharedCosts(model, message.request, ranks));
          break;
        case 'linearise':
          [point, linearisation] = [message.about, undefined];
          break;
        case 'product':
          await heard(() => sharedProduct(linearised, message.change, message.batches, ranks));
          break;
        case 'gradient':
          await heard(() => sharedGradient(model, ranks));
      }
    }
  } finally {
    loaded?.dispose();
  }
}

/** What comes of an interruption the first rank says. */
async function heard(take: () => Promise<unknown>): Promise<void> {
  try {
    await take();
  } catch (cause) {
    if (!isInterruption(cause)) throw cause;
  }
}
