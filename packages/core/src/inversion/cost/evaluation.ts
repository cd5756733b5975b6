/**
 * The cost, its parts and its gradient for some batches of observations at one control.
 */
import { allFinite } from '@retroplume/native';
import { expectNumbers, NumericalError, ShapeError } from '../../base/errors';
import { costsOf, localCostsOf, type FactorStretch } from './batch-costs';
import type { Control, PointwiseControl } from '../control/control';
import { costScale, type BatchCost, type CostSettings } from './cost';
import type { Values } from '../model/observation-batch';
import { factorCount, type ForwardModel, type LocalModel } from '../model/forward-model';

export interface Evaluation {
  /** J = Jo + Jb */
  total: number;
  /** Jo */
  observation: number;
  /** Jb */
  prior: number;
  /** Jo per species */
  bySpecies: number[];
  /** mean |simulated − observed| at used monitors per species, in its unit; null where there is none */
  usedMae: (number | null)[];
  /** the same at watched monitors */
  watchedMae: (number | null)[];
  /** dJ/d(control), where asked for */
  gradient?: Float64Array;
}

export interface EvaluationContext {
  model: ForwardModel;
  control: Control;
  cost: CostSettings;
  species: readonly string[];
  groups: readonly string[];
  signal?: AbortSignal;
  /** default 1 */
  threads?: number;
}

/**
 * @param at - the control vector
 * @param batches - which of the model's batches
 * @param iteration - for messages only
 * @throws {NumericalError} if a simulated value, the gradient or the cost is not finite
 */
export async function evaluate(
  context: EvaluationContext,
  at: Float64Array,
  batches: readonly number[],
  iteration: number,
  withGradient: boolean,
): Promise<Evaluation> {
  const { model, control, cost } = context;
  if (!withGradient && isLocal(context)) return (await evaluateLocally(context, at, batches, iteration, false)).evaluation;
  const factors = control.factors(at);
  let costs: BatchCost[];
  let evaluation: Evaluation;
  let scale: number;
  try {
    costs = await costsOf(model, { factors, batches, cost, withGradient }, context.signal);
    ({ evaluation, scale } = summary(context, at, batches, costs, iteration));
  } catch (error) {
    if (withGradient) await model.takeGradient(); // of half a pass: the next one must not begin with it
    throw error;
  }
  if (withGradient) {
    const gradient = await takeGradient(context, iteration);
    evaluation.gradient = control.derivativeAt(at).gradient(times(gradient, scale));
    control.addPenaltyGradient(at, evaluation.gradient);
  }
  return evaluation;
}

/** A context in which a batch's stretch of the control is all that it sees, and no prior term sees more. */
export type LocalContext = EvaluationContext & { model: { local: LocalModel }; control: { pointwise: PointwiseControl } };

export function isLocal(context: EvaluationContext): context is LocalContext {
  return context.model.local !== undefined && context.control.pointwise !== undefined;
}

/**
 * As {@link evaluate}, in time and memory of what the batches see.
 *
 * @returns dJ/d(factors) as `scale` times the sum of gradients on stretches, which may overlap
 */
export async function evaluateLocally(
  context: LocalContext,
  at: Float64Array,
  batches: readonly number[],
  iteration: number,
  withGradient: boolean,
): Promise<{ evaluation: Evaluation; gradients: FactorStretch[]; scale: number }> {
  const { pointwise } = context.control;
  const { costs, gradients } = await localCostsOf(context.model, pointwise, { at, batches, cost: context.cost, withGradient }, context.signal);
  const { evaluation, scale } = summary(context, at, batches, costs, iteration);
  for (const { stretch, gradFactors } of gradients) requireFinite(context, gradFactors, stretch[0], iteration);
  return { evaluation, gradients, scale };
}

/** @returns the constant c, too @throws {NumericalError} if a simulated value or the cost is not finite */
function summary(
  { model, control, cost, species }: EvaluationContext,
  at: Float64Array,
  batches: readonly number[],
  costs: readonly BatchCost[],
  iteration: number,
): { evaluation: Evaluation; scale: number } {
  const sums = emptySums(cost.weights.length);
  costs.forEach((part, i) => {
    if (part.nonFinite !== undefined) throw notFinite(`simulated ${species[part.nonFinite] ?? 'total'} of batch ${batches[i]}`, iteration);
    addSums(sums, part);
  });
  const scale = costScale(cost, { batches: batches.length, allBatches: model.batches, n: sum(sums.used.n), times: sums.times });
  const evaluation = summarise(sums, scale, control.penalty(at));
  if (!Number.isFinite(evaluation.total)) throw notFinite('the cost', iteration);
  return { evaluation, scale };
}

async function takeGradient(context: EvaluationContext, iteration: number): Promise<Values> {
  const gradient = await context.model.takeGradient();
  expectNumbers(gradient, 'takeGradient', 'the gradient with respect to the factors');
  if (gradient.length !== context.control.factorCount) {
    throw new ShapeError(
      'INVERSION_SHAPE',
      `inversion: expected a gradient of ${context.control.factorCount} factors but received ${gradient.length}`,
    );
  }
  requireFinite(context, gradient, 0, iteration);
  return gradient;
}

/** @param begin - place of the first among all factors */
function requireFinite({ model, groups, threads = 1 }: EvaluationContext, gradient: Values, begin: number, iteration: number): void {
  if (gradient instanceof Float32Array ? allFinite(gradient, threads) : Number.isFinite(sum(gradient))) return; // no single one is NaN or infinite
  const bad = begin + Array.prototype.findIndex.call(gradient, (g: number) => !Number.isFinite(g));
  if (bad < begin) return; // large ones
  const what = bad < factorCount(model.shape) ? groups[bad % groups.length] : 'what is inverted beside the emissions';
  throw notFinite(`the gradient with respect to ${what}`, iteration);
}

function times(values: Values, factor: number): Float64Array {
  const product = new Float64Array(values.length);
  for (let i = 0; i < product.length; i++) product[i] = values[i] * factor;
  return product;
}

function notFinite(quantity: string, iteration: number): NumericalError {
  return new NumericalError(
    'INVERSION_NOT_FINITE',
    `inversion: ${quantity} became NaN or infinite at iteration ${iteration}: lower inversion.learningRate, or check the surrogate's inputs and training`,
  );
}

type Sums = Pick<BatchCost, 'cost' | 'used' | 'watched' | 'times'>;

function emptySums(species: number): Sums {
  const tally = (): BatchCost['used'] => ({ n: new Float64Array(species), absolute: new Float64Array(species) });
  return { cost: new Float64Array(species), used: tally(), watched: tally(), times: 0 };
}

function addSums(into: Sums, part: Sums): void {
  addInto(into.cost, part.cost);
  for (const role of ['used', 'watched'] as const) {
    addInto(into[role].n, part[role].n);
    addInto(into[role].absolute, part[role].absolute);
  }
  into.times += part.times;
}

function summarise(sums: Sums, scale: number, prior: number): Evaluation {
  const mae = ({ n, absolute }: BatchCost['used']): (number | null)[] => Array.from(absolute, (a, s) => (n[s] > 0 ? a / n[s] : null));
  const bySpecies = Array.from(sums.cost, (value) => value * scale);
  const observation = sum(bySpecies);
  return { total: observation + prior, observation, prior, bySpecies, usedMae: mae(sums.used), watchedMae: mae(sums.watched) };
}

function addInto(into: Float64Array, values: ArrayLike<number>): void {
  for (let i = 0; i < into.length; i++) into[i] += values[i];
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}
