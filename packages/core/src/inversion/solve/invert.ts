/**
 * The inversion: the control that minimises J(v) = Jo(v) + Jb(v), or the one at which monitors outside the cost are matched best.
 *
 *   v ← v − step(∇J(v)),   ∇J = ∇Jb + (dfactors/dv)ᵀ · Kᵀ · ∇Jo
 *
 * Each step draws `batch` of the forward model's batches (all of them at 0) in an order shuffled anew in every pass. All observations are
 * evaluated at the same control: in every step where all batches are drawn (at no extra cost), else after every `evaluateEvery` passes. These
 * evaluations make the history, choose the iterate that is kept and decide when to stop:
 *
 * - with `stopOnWithheld` and watched monitors, the iterate with the lowest error there (mean over species of the MAE relative to the prior's)
 *   is kept, and `patience` evaluations without a better one end the run (`stopped-on-withheld`);
 * - without them the iterate with the lowest cost is kept; in paper mode the last one, as the paper does;
 * - five evaluations in a row that change the cost by less than `tolerance`, or a gradient that has fallen to `gradientReduction` of the first one, end the
 *   run (`converged`).
 */
import { createHash } from 'node:crypto';
import { expectOptions, expectSignal, InterruptedError, type OptionNames, RetroplumeError, ShapeError } from '../../base/errors';
import { Random } from '../../base/random';
import type { Control } from '../control/control';
import {
  evaluate,
  evaluateLocally,
  isLocal,
  type Evaluation,
  type EvaluationContext,
  type LocalContext,
  gainByPart,
  type GainByPart,
} from '../cost/evaluation';
import { Role } from '../cost/cost';
import { factorCount, type ForwardModel } from '../model/forward-model';
import { GaussNewtonHessian } from '../cost/hessian';
import type { InversionProblem, InversionSettings } from './inversion-problem';
import {
  completeSettings,
  controlFor,
  costFor,
  learningRateAt,
  optimiserFor,
  type CompleteSettings,
  checkModel,
  checkProblem,
} from './inversion-settings';
import {
  arrayHash,
  fingerprint,
  initialState,
  loadState,
  relativeMae,
  saveState,
  type HistoryPoint,
  type InversionState,
  type InversionStatus,
} from './inversion-state';
import { JointControl } from '../control/joint-control';
import type { Optimiser, Product } from '../optimisers/optimiser';
import { addScaled } from '../../base/vectors';

export interface InversionOptions {
  /** told after each evaluation of all observations: steps of all that there may be, and the cost in words */
  onProgress?: (done: number, total: number, text: string) => void;
  /** told in one sentence when a checkpoint is passed over or resumed from */
  onMessage?: (text: string) => void;
  signal?: AbortSignal;
  /** where the state is kept, and after how many steps it is written, if it is not a minute before */
  checkpoint?: { path: string; every: number };
  /** continue from the checkpoint if there is one (default); false starts anew */
  resume?: boolean;
}

const OPTIONS: OptionNames<InversionOptions> = { onProgress: true, onMessage: true, signal: true, checkpoint: true, resume: true };

export interface InversionResult {
  /** why it ended; not converging is a result, not an error */
  status: InversionStatus;
  /** steps taken */
  iterations: number;
  /** the step whose control is kept */
  keptIteration: number;
  /** `[slots, rows, cols, groups]` factors on the prior emissions */
  factors: Float32Array;
  /** of each sector, where the problem has them */
  sectors?: { name: string; factors: Float32Array }[];
  /** where initial concentrations are a part of the control: their factors, and what they took of the gain */
  initialConcentrations?: { factors: Float32Array; gain: GainByPart };
  /** where the model has them: nuisance numbers, each in its unit */
  nuisance?: Float64Array;
  /** the part of Jb that is of the emissions at the control that is kept; all of it where nothing else is in the control */
  emissionPrior: number;
  /** v, of the step that is kept */
  control: Float64Array;
  history: HistoryPoint[];
  /** share of emitting cells whose factor lies at a bound, per group */
  atBound: Record<string, number>;
}

interface Run {
  context: EvaluationContext;
  control: Control;
  settings: CompleteSettings;
  optimiser: Optimiser;
  options: InversionOptions;
  state: InversionState;
  /** names what the checkpoint belongs to */
  key: string;
  /** by what the kept iterate is chosen */
  keep: 'watched' | 'cost' | 'last';
  /** when the state was last written, or read, and how long it took */
  savedAt: number;
  savingMs: number;
}

const FLAT_EVALUATIONS = 5;

/** A step that ends so long after the last checkpoint has one, too: on a large domain ten steps are half an hour. */
const LONG_MS = 60_000;

/** A checkpoint that takes longer is written seldom enough to take this part of the time: that of a month of hourly factors has gigabytes. */
const SLOW_SAVE_MS = 1000;
const MOST_SAVING = 0.05;

/**
 * Inverts a forward model.
 *
 * @throws {NumericalError} if a number stops being finite: names iteration and species or group
 * @throws {InterruptedError} if `signal` is aborted, after the checkpoint was written
 * @throws {ConfigError} `INVERSION_SETTINGS`, `CALL_INVALID` @throws {DataError} | {ShapeError} if settings, observations and model do not fit together
 *
 * @example
 * const { factors, status } = await invert(model, { groups, species, priorEmissions, lengthCells: 3 }, caseFile.inversion, {
 *   checkpoint: { path: 'run/invert/checkpoint.safetensors', every: 10 },
 *   signal: abort.signal,
 * });
 */
export async function invert(
  model: ForwardModel,
  problem: InversionProblem,
  settings: InversionSettings,
  options: InversionOptions = {},
): Promise<InversionResult> {
  const { signal } = options;
  expectOptions(options, 'invert', OPTIONS);
  expectSignal(signal, 'signal');
  const complete = completeSettings(settings);
  checkModel(model);
  checkProblem(problem, complete);
  const run = prepare(model, problem, complete, options);
  try {
    while (run.state.status === null) await advance(run);
    return await result(run, problem.groups);
  } catch (error) {
    const stopped = error instanceof InterruptedError || (options.signal?.aborted && !(error instanceof RetroplumeError));
    throw stopped ? interrupted(run, error) : error;
  }
}

function prepare(model: ForwardModel, problem: InversionProblem, settings: CompleteSettings, options: InversionOptions): Run {
  const control = controlFor(model, problem, settings);
  const cost = costFor(model, problem, settings);
  const optimiser = optimiserFor(settings, control);
  const key = fingerprint([
    settings,
    model.shape,
    model.batches,
    cost,
    problem.lengthCells,
    problem.slotCorrelation,
    problem.groupCorrelation,
    problem.domainCorrelation,
    problem.farCorrelation,
    problem.emissionScale,
    arrayHash(problem.priorEmissions),
    ...[problem.regionOf, problem.spreadFactor].map((field) => field && arrayHash(field)),
    ...(model.initialConcentrations ? [model.initialConcentrations, problem.initialConcentrations] : []),
    problem.groups,
    observationsHash(model),
    ...(model.nuisance ? [model.nuisance] : []),
    ...(problem.sectors ?? []).flatMap(({ name, priorEmissions, priorSpread }) => [name, priorSpread, arrayHash(priorEmissions)]),
    ...(problem.largestLogFactor ? [arrayHash(problem.largestLogFactor)] : []),
    ...(problem.start ? [arrayHash(problem.start)] : []),
    ...(problem.centre ? ['centre', arrayHash(problem.centre)] : []),
  ]);
  const { species, groups, threads } = problem;
  const context = { model, control, cost, species, groups, signal: options.signal, threads };
  const keep = settings.stopOnWithheld && hasWatched(model) ? 'watched' : settings.mode === 'paper' ? 'last' : 'cost';
  const say = options.onMessage ?? ((): void => {});
  const resumed = options.checkpoint && options.resume !== false ? loadState(options.checkpoint.path, optimiser, key, say) : undefined;
  if (resumed) say(`inversion resumes after step ${resumed.iteration} from ${options.checkpoint!.path}`);
  return {
    context,
    control,
    settings,
    optimiser,
    options,
    key,
    keep,
    state: resumed ?? initialState(startOf(control, problem)),
    savedAt: performance.now(),
    savingMs: 0,
  };
}

/** @throws {ShapeError} if the control to start from is not one of this problem */
function startOf(control: Control, { start }: InversionProblem): Float64Array {
  if (!start) return control.initial();
  if (start.length !== control.size) {
    throw new ShapeError('INVERSION_SHAPE', `inversion: expected a control of ${control.size} elements to start from but received ${start.length}`);
  }
  return start.slice();
}

/** One step: evaluate where it is due, decide whether to go on, draw batches, move. */
async function advance(run: Run): Promise<void> {
  const { settings, state, options, context } = run;
  const batches = context.model.batches;
  const whole = settings.batch === 0 || settings.batch >= batches;
  const last = state.iteration === settings.iterations;
  let evaluation: Evaluation | undefined;
  if (whole || last || evaluationIsDue(state, batches, settings)) {
    evaluation = await evaluate(context, state.control, range(batches), state.iteration, whole && !last);
    // An interruption during the step leaves an evaluation that is already in the history.
    if (state.history.at(-1)?.iteration !== state.iteration) record(run, evaluation);
    if (state.status !== null) {
      if (options.checkpoint) saveState(options.checkpoint.path, state, run.optimiser, run.key);
      return;
    }
  }
  await (whole || !stepsLocally(run) ? moveBy(run, evaluation) : moveLocally(run));
  state.iteration++;
  if (options.checkpoint && saveIsDue(run, options.checkpoint.every)) {
    const began = performance.now();
    saveState(options.checkpoint.path, state, run.optimiser, run.key);
    run.savedAt = performance.now();
    run.savingMs = run.savedAt - began;
  }
}

function saveIsDue({ state, savedAt, savingMs }: Run, checkpointEvery: number): boolean {
  const since = performance.now() - savedAt;
  if (savingMs > SLOW_SAVE_MS && since < savingMs / MOST_SAVING) return false;
  return state.iteration % checkpointEvery === 0 || since > LONG_MS;
}

/** One step of the optimiser. @param evaluation - of all batches, where all are drawn */
async function moveBy({ optimiser, control, settings, state, context }: Run, evaluation?: Evaluation): Promise<void> {
  const { iteration } = state;
  const drawn = evaluation?.gradient
    ? evaluation
    : await evaluate(context, state.control, draw(iteration, context.model.batches, settings), iteration, true);
  await optimiser.step(state.control, drawn.gradient!, learningRateAt(settings, iteration), drawn.total, productsAt(context, state.control));
  control.project(state.control);
}

/** Whether a step moves nothing but the stretches that its batches see. */
function stepsLocally({ optimiser, context }: Run): boolean {
  return optimiser.isDescent === true && isLocal(context);
}

/** The same step, but to rounding: on a month of hourly factors of a large domain a batch sees one in thirty of them. */
async function moveLocally({ settings, state, context: evaluation }: Run): Promise<void> {
  const context = evaluation as LocalContext;
  const { iteration, control } = state;
  const { pointwise } = context.control;
  const { gradients, scale } = await evaluateLocally(context, control, draw(iteration, context.model.batches, settings), iteration, true);
  for (const { stretch, gradFactors } of gradients) pointwise.descend(control, gradFactors, learningRateAt(settings, iteration) * scale, stretch);
  for (const { stretch } of gradients) pointwise.project(control, stretch);
}

/** H·vector at a control, which is linearised about when the first product is asked for. */
function productsAt(context: EvaluationContext, control: Float64Array): Product {
  let hessian: GaussNewtonHessian | undefined;
  return async (vector) => {
    hessian ??= new GaussNewtonHessian(context, control);
    const product = (await hessian.product(vector)).control;
    addScaled(product, 1, vector);
    return product;
  };
}

/** Enters an evaluation into the history, keeps the iterate if it is the best so far, and sets the status if the run is to end here. */
function record({ state, settings, options, keep, optimiser }: Run, evaluation: Evaluation): void {
  const point = historyPoint(state, settings, evaluation, optimiser);
  const previous = state.history.at(-1);
  state.history.push(point);
  const value = keep === 'watched' ? point.watched! : point.total;
  if (keep === 'last' || value < state.best.value) {
    state.best = { iteration: state.iteration, value, control: state.control.slice() };
    state.sinceBest = 0;
  } else {
    state.sinceBest++;
  }
  const change = previous ? Math.abs(point.total - previous.total) : Infinity;
  state.flat = change <= settings.tolerance * Math.abs(point.total) && settings.tolerance > 0 ? state.flat + 1 : 0;
  if (keep === 'watched' && state.sinceBest >= settings.patience) state.status = 'stopped-on-withheld';
  else if (state.flat >= FLAT_EVALUATIONS || isReduced(state, settings)) state.status = 'converged';
  else if (state.iteration >= settings.iterations) state.status = 'iterations';
  const watched = point.watched === null ? '' : `, watched monitors ${(100 * point.watched).toFixed(1)} % of the error at the start`;
  options.onProgress?.(
    state.iteration,
    settings.iterations,
    `cost ${point.total.toPrecision(5)} (prior term ${point.prior.toPrecision(3)})${watched}`,
  );
}

/** Whether the gradient has become as small a part of the first one as the settings ask. */
function isReduced({ history }: InversionState, { gradientReduction }: CompleteSettings): boolean {
  const [first, last] = [history[0].gradientNorm, history.at(-1)!.gradientNorm];
  return gradientReduction > 0 && first !== null && last !== null && last <= gradientReduction * first;
}

function historyPoint(
  state: InversionState,
  settings: CompleteSettings,
  { gradient, ...evaluation }: Evaluation,
  { products }: Optimiser,
): HistoryPoint {
  const first = state.history[0] as HistoryPoint | undefined;
  return {
    iteration: state.iteration,
    learningRate: learningRateAt(settings, state.iteration),
    ...evaluation,
    watched: relativeMae(evaluation.watchedMae, first?.watchedMae ?? evaluation.watchedMae),
    gradientNorm: gradient ? Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0)) : null,
    ...(products === undefined ? {} : { products }),
  };
}

function stepsPerPass(batches: number, settings: CompleteSettings): number {
  return Math.ceil(batches / settings.batch);
}

/** At the start of every `evaluateEvery`-th pass, but not again where a run resumes between an evaluation and its step. */
function evaluationIsDue({ iteration, history }: InversionState, batches: number, settings: CompleteSettings): boolean {
  return iteration % (stepsPerPass(batches, settings) * settings.evaluateEvery) === 0 && history.at(-1)?.iteration !== iteration;
}

/** The batches of a step. The order of a pass follows from seed and pass alone, so that a resumed run draws the same. */
function draw(iteration: number, batches: number, settings: CompleteSettings): number[] {
  const steps = stepsPerPass(batches, settings);
  const order = new Random(settings.seed).fork(`pass ${Math.floor(iteration / steps)}`).permutation(batches);
  const begin = (iteration % steps) * settings.batch;
  return [...order.subarray(begin, begin + settings.batch)];
}

function interrupted({ options, state, optimiser, key }: Run, cause: unknown): InterruptedError {
  if (!options.checkpoint)
    return new InterruptedError('INVERSION_INTERRUPTED', `inversion: stopped after step ${state.iteration}; no checkpoint was asked for`, { cause });
  saveState(options.checkpoint.path, state, optimiser, key);
  return new InterruptedError(
    'INVERSION_INTERRUPTED',
    `inversion: stopped after step ${state.iteration}: run the same command again to resume from ${options.checkpoint.path}`,
    { cause },
  );
}

async function result({ state, control, context }: Run, groups: readonly string[]): Promise<InversionResult> {
  const shares = control.atBound(state.best.control);
  const bestFactors = control.factors(state.best.control);
  const { model } = context;
  const emissions = factorCount(model.shape);
  const nuisance = model.nuisance?.length ?? 0;
  const sectors = control.sectorFactors?.(state.best.control) ?? [];
  return {
    status: state.status!,
    iterations: state.iteration,
    keptIteration: state.best.iteration,
    factors: Float32Array.from(bestFactors.subarray(0, emissions)),
    ...(sectors.length > 0 ? { sectors: sectors.map(({ name, factors }) => ({ name, factors: Float32Array.from(factors) })) } : {}),
    ...(model.initialConcentrations && control instanceof JointControl
      ? {
          initialConcentrations: {
            factors: Float32Array.from(bestFactors.subarray(emissions, bestFactors.length - nuisance)),
            gain: await gainByPart(context, control, state.best.control, state.iteration),
          },
        }
      : {}),
    ...(nuisance > 0 ? { nuisance: bestFactors.slice(bestFactors.length - nuisance) } : {}),
    emissionPrior: control instanceof JointControl ? control.emissionPenalty(state.best.control) : control.penalty(state.best.control),
    control: state.best.control,
    history: state.history,
    atBound: Object.fromEntries(groups.map((group, g) => [group, shares[g]])),
  };
}

function hasWatched(model: ForwardModel): boolean {
  return range(model.batches).some((batch) => {
    const { withheld, values } = model.observations(batch);
    return withheld.some((role, i) => role === Role.watched && Number.isFinite(values[i]));
  });
}

function observationsHash(model: ForwardModel): string {
  const hash = createHash('sha256');
  for (const batch of range(model.batches)) {
    const { values, error, species, withheld } = model.observations(batch);
    for (const { buffer, byteOffset, byteLength } of [values, error, species, withheld]) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
