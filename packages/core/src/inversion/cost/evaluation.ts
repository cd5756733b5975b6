/**
 * The cost, its parts and its gradient for some batches of observations at one control.
 */
import { allFinite } from '@retroplume/native';
import { NumericalError, ShapeError, expectNumbers } from '../../base/errors';
import type { Control, PointwiseControl, Stretch } from '../control/control';
import { type BatchCost, type CostRequest, type CostSettings, batchCost, costScale, type Values } from './cost';
import { type ForwardModel, type LocalModel, factorCount } from '../model/forward-model';
import type { JointControl } from '../control/joint-control';

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
 * @param values - the control vector
 * @param batches - which of the model's batches
 * @param iteration - for messages only
 * @throws {NumericalError} if a simulated value, the gradient or the cost is not finite
 */
export async function evaluate(
  context: EvaluationContext,
  values: Float64Array,
  batches: readonly number[],
  iteration: number,
  withGradient: boolean,
): Promise<Evaluation> {
  const { model, control, cost } = context;
  if (!withGradient && isLocal(context)) return (await evaluateLocally(context, values, batches, iteration, false)).evaluation;
  const factors = control.factors(values);
  let costs: BatchCost[];
  let evaluation: Evaluation;
  let scale: number;
  try {
    costs = await costsOf(model, { factors, batches, cost, withGradient }, context.signal);
    ({ evaluation, scale } = summary(context, values, batches, costs, iteration));
  } catch (error) {
    if (withGradient) await model.takeGradient(); // of half a pass: the next one must not begin with it
    throw error;
  }
  if (withGradient) {
    const gradient = await takeGradient(context, iteration);
    evaluation.gradient = control.derivativeAt(values).gradient(times(gradient, scale));
    control.addPenaltyGradient(values, evaluation.gradient);
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
  control: Float64Array,
  batches: readonly number[],
  iteration: number,
  withGradient: boolean,
): Promise<{ evaluation: Evaluation; gradients: FactorStretch[]; scale: number }> {
  const { pointwise } = context.control;
  const { costs, gradients } = await localCostsOf(context.model, pointwise, { control, batches, cost: context.cost, withGradient }, context.signal);
  const { evaluation, scale } = summary(context, control, batches, costs, iteration);
  for (const { stretch, gradFactors } of gradients) requireFinite(context, gradFactors, stretch[0], iteration);
  return { evaluation, gradients, scale };
}

/** @returns the constant c, too @throws {NumericalError} if a simulated value or the cost is not finite */
function summary(
  { model, control, cost, species }: EvaluationContext,
  values: Float64Array,
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
  const evaluation = summarise(sums, scale, control.penalty(values));
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
  const subject = bad < factorCount(model.shape) ? groups[bad % groups.length] : 'what is inverted beside the emissions';
  throw notFinite(`the gradient with respect to ${subject}`, iteration);
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

function addSums(total: Sums, part: Sums): void {
  addInto(total.cost, part.cost);
  for (const role of ['used', 'watched'] as const) {
    addInto(total[role].n, part[role].n);
    addInto(total[role].absolute, part[role].absolute);
  }
  total.times += part.times;
}

function summarise(sums: Sums, scale: number, prior: number): Evaluation {
  const mae = ({ n, absolute }: BatchCost['used']): (number | null)[] => Array.from(absolute, (a, s) => (n[s] > 0 ? a / n[s] : null));
  const bySpecies = Array.from(sums.cost, (value) => value * scale);
  const observation = sum(bySpecies);
  return { total: observation + prior, observation, prior, bySpecies, usedMae: mae(sums.used), watchedMae: mae(sums.watched) };
}

function addInto(total: Float64Array, values: ArrayLike<number>): void {
  for (let i = 0; i < total.length; i++) total[i] += values[i];
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

/** How a batch is run, and carried back. */
interface Passes {
  forward: (batch: number) => Promise<Values>;
  /** absent: costs alone are wanted */
  adjoint?: (gradSimulated: Float64Array, batch: number) => Promise<void>;
}

/**
 * In the order of the batches; where a simulated value is not finite, that batch is the last.
 *
 * @throws {ShapeError} if the model simulates another number of values than there are observations
 */
export async function costsOf(model: ForwardModel, request: CostRequest, signal?: AbortSignal): Promise<BatchCost[]> {
  if (model.costs) return model.costs(request, signal);
  const passes = {
    forward: (batch: number) => model.forward(request.factors, batch, signal),
    ...(request.withGradient ? { adjoint: (gradient: Float64Array, batch: number) => model.addAdjoint(gradient, batch) } : {}),
  };
  return inTurn(model, request, passes, signal);
}

/** dJ/d(factors) of the stretch that a batch sees. */
interface FactorStretch {
  stretch: Stretch;
  gradFactors: Float32Array;
}

/** The same of a local model under a pointwise control: what a batch does not see is not looked at. @throws {ShapeError} as {@link costsOf} */
async function localCostsOf(
  model: ForwardModel & { local: LocalModel },
  control: PointwiseControl,
  { control: controlVector, ...request }: Omit<CostRequest, 'factors'> & { control: Float64Array },
  signal?: AbortSignal,
): Promise<{ costs: BatchCost[]; gradients: FactorStretch[] }> {
  const { local } = model;
  const gradients: FactorStretch[] = [];
  const passes = {
    forward: (batch: number) => local.forward(control.factors(controlVector, local.stretchOf(batch)), batch, signal),
    ...(request.withGradient
      ? {
          adjoint: async (gradient: Float64Array, batch: number) => {
            gradients.push({ stretch: local.stretchOf(batch), gradFactors: await local.adjoint(gradient, batch) });
          },
        }
      : {}),
  };
  return { costs: await inTurn(model, request, passes, signal), gradients };
}

async function inTurn(
  model: ForwardModel,
  { batches, cost }: Pick<CostRequest, 'batches' | 'cost'>,
  { forward, adjoint }: Passes,
  signal?: AbortSignal,
): Promise<BatchCost[]> {
  const costs: BatchCost[] = [];
  for (const batch of batches) {
    signal?.throwIfAborted();
    const observations = model.observations(batch);
    const simulated = await forward(batch);
    expectNumbers(simulated, `forward: batch ${batch}`, 'the simulated values');
    if (simulated.length !== observations.values.length) {
      throw new ShapeError(
        'INVERSION_SHAPE',
        `inversion: expected ${observations.values.length} simulated values of batch ${batch} but received ${simulated.length}`,
      );
    }
    const part = batchCost(observations, simulated, cost);
    costs.push(part);
    if (part.nonFinite !== undefined) break;
    await adjoint?.(part.gradient, batch);
  }
  return costs;
}

/** Parts of the control, in its order. */
const [EMISSIONS, CONCENTRATIONS] = [0, 1];

/** How well one control fits. */
export type PartFit = Pick<Evaluation, 'observation' | 'usedMae' | 'watchedMae'>;

export interface GainByPart {
  prior: PartFit;
  /** the kept emissions with the initial concentrations of the prior run */
  emissions: PartFit;
  /** the other way round */
  initialConcentrations: PartFit;
  both: PartFit;
  /** part of the fall of the observation term that is lost without the initial concentrations' factors; null where it did not fall */
  shareOfInitialConcentrations: number | null;
}

/**
 * How much of an inversion's gain factors on initial concentrations took: the observation term and the errors with both parts of the control as they are kept, with each
 * of them alone, and with none. Only what the emissions gain alone can come back in a run of the transport model. Four passes over all observations; see {@link evaluate} for what is thrown.
 */
export async function gainByPart(context: EvaluationContext, control: JointControl, values: Float64Array, iteration: number): Promise<GainByPart> {
  const batches = Array.from({ length: context.model.batches }, (_, i) => i);
  const fit = async (control: Float64Array): Promise<PartFit> => {
    const { observation, usedMae, watchedMae } = await evaluate(context, control, batches, iteration, false);
    return { observation, usedMae, watchedMae };
  };
  const prior = await fit(control.initial());
  const emissions = await fit(control.withPrior(values, CONCENTRATIONS));
  const initialConcentrations = await fit(control.withPrior(values, EMISSIONS));
  const complete = await fit(values);
  const fall = prior.observation - complete.observation;
  const share = fall > 0 ? (emissions.observation - complete.observation) / fall : null;
  return { prior, emissions, initialConcentrations, both: complete, shareOfInitialConcentrations: share };
}
