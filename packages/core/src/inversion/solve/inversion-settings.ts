/** The settings of an inversion with their defaults, and the control, cost and optimiser that follow from settings and problem. */
import { ConfigError, DataError, ShapeError, expectArgument, expectNumbers, expectObject, expectOptions, type OptionNames } from '../../base/errors';
import { CorrelationFilter } from '../../grid/correlation';
import { AdditiveControl, CentredControl, JointControl } from '../control/joint-control';
import { type Control, emittingCells } from '../control/control';
import { type CostSettings, type Loss, speciesWeights, type ObservationBatch, Role } from '../cost/cost';
import { type FactorShape, type ForwardModel, factorCount } from '../model/forward-model';
import { LinearControl } from '../control/linear-control';
import { LogFactorControl } from '../control/log-factor-control';
import { Adam, Sgd } from '../optimisers/first-order';
import type { Optimiser } from '../optimisers/optimiser';
import { GaussNewton } from '../optimisers/gauss-newton';
import { Lbfgs } from '../optimisers/lbfgs';
import { SectorControl } from '../control/sector-control';
import { MixedBasis, RegionBasis, SharedNumber, type SpatialBasis, groupRoot } from '../control/correlation-bases';
import { tabulate } from '../../base/vectors';
import type { InversionProblem, InversionSettings } from './inversion-problem';

/** Checked settings with their defaults filled in. */
export type CompleteSettings = Required<Omit<InversionSettings, 'groups'>> & Pick<InversionSettings, 'groups'>;

export function completeSettings(settings: InversionSettings): CompleteSettings {
  checkChoices(settings);
  const paper = settings.mode === 'paper';
  const complete: CompleteSettings = {
    ...settings,
    optimiser: settings.optimiser ?? (paper ? 'sgd' : 'adam'),
    learningRateDecay: settings.learningRateDecay ?? (paper ? 1 : 0.1),
    patience: settings.patience ?? 30,
    evaluateEvery: settings.evaluateEvery ?? 1,
    speciesWeights: settings.speciesWeights ?? 'equal',
    tolerance: settings.tolerance ?? (paper ? 0 : 1e-5),
    gradientReduction: settings.gradientReduction ?? 0,
  };
  const refuse = (key: Exclude<keyof CompleteSettings, 'priorSpread'>, expected: string): never => {
    throw new ConfigError('INVERSION_SETTINGS', `inversion.${key}: expected ${expected} but received ${String(complete[key])}`);
  };
  if (!(complete.bound > 1)) refuse('bound', 'a factor above 1');
  if (!(complete.learningRate > 0)) refuse('learningRate', 'a number above 0');
  if (!(complete.learningRateDecay > 0 && complete.learningRateDecay <= 1)) refuse('learningRateDecay', 'a number in (0, 1]');
  if (!(complete.gradientReduction >= 0 && complete.gradientReduction < 1)) refuse('gradientReduction', 'a number in [0, 1)');
  for (const key of ['iterations', 'patience', 'evaluateEvery'] as const) {
    if (!(Number.isInteger(complete[key]) && complete[key] >= 1)) refuse(key, 'a whole number ≥ 1');
  }
  if (!(Number.isInteger(complete.batch) && complete.batch >= 0)) refuse('batch', 'a whole number ≥ 0');
  if (['lbfgs', 'gauss-newton'].includes(complete.optimiser) && complete.batch > 0)
    refuse('batch', `0, all observations, with optimiser ${complete.optimiser} (adam may draw a batch)`);
  if (complete.optimiser === 'gauss-newton' && paper)
    refuse('optimiser', "sgd, adam or lbfgs in the paper's mode, which has no prior term to hold the steps,");
  return complete;
}

/** The control of the mode, and with it those of initial concentrations and nuisance numbers where the model has them. */
export function controlFor(model: ForwardModel, problem: InversionProblem, settings: CompleteSettings): Control {
  const control = controlOfMode(model, problem, settings);
  return problem.centre ? new CentredControl(control, problem.centre) : control;
}

function controlOfMode(model: ForwardModel, problem: InversionProblem, settings: CompleteSettings): Control {
  const emissions = emissionControl(model, problem, settings);
  const parts = [
    emissions,
    ...(model.initialConcentrations ? [initialControl(model.initialConcentrations, problem, settings)] : []),
    ...(model.nuisance ? [new AdditiveControl(model.nuisance)] : []),
  ];
  return parts.length > 1 ? new JointControl(parts) : emissions;
}

function initialControl(shape: FactorShape, problem: InversionProblem, settings: CompleteSettings): Control {
  if (!problem.initialConcentrations || settings.mode === 'paper') {
    throw new ConfigError(
      'INVERSION_SETTINGS',
      'inversion: a model with factors on initial concentrations needs their spread and length in the problem, and mode default',
    );
  }
  const { spread, lengthCells } = problem.initialConcentrations;
  const emitting = new Uint8Array(factorCount(shape)).fill(1);
  const spreads = Array.from({ length: shape.groups }, () => spread);
  return new LogFactorControl(shape, {
    spread: spreads,
    basis: new CorrelationFilter(shape.rows, shape.cols, lengthCells),
    bound: settings.bound,
    emitting,
  });
}

/** Correlated log factors with a prior, or the paper's free emissions between bounds. */
function emissionControl(model: ForwardModel, problem: InversionProblem, settings: CompleteSettings): Control {
  const { shape } = model;
  const size = factorCount(shape);
  if (problem.priorEmissions.length !== size || problem.groups.length !== shape.groups) {
    throw new ShapeError(
      'INVERSION_SHAPE',
      `inversion: expected prior emissions [${shape.slots}, ${shape.rows}, ${shape.cols}, ${shape.groups}] but received ${problem.priorEmissions.length} values of ${problem.groups.length} groups`,
    );
  }
  const inverted = problem.groups.map((group) => settings.mode === 'paper' || (settings.groups?.includes(group) ?? true));
  const emitting = emittingCells(problem.priorEmissions).map((emits, i) => (inverted[i % shape.groups] ? emits : 0));
  if (settings.mode === 'paper') {
    const scaled = ({ emissionScale, priorEmissions }: InversionProblem, i: number): number =>
      emissionScale ? priorEmissions[i] / emissionScale[i % shape.groups] : 1;
    return new LinearControl(shape, {
      bound: settings.bound,
      threads: problem.threads,
      prior: tabulate(new Float64Array(size), (i) => (emitting[i] ? scaled(problem, i) : 0)),
    });
  }
  if (problem.sectors) return sectorControl(model, problem, problem.sectors, settings);
  const spread = problem.groups.map((group) => {
    const value = settings.priorSpread[group];
    if (!(value >= 0))
      throw new ConfigError('INVERSION_SETTINGS', `inversion.priorSpread.${group}: expected a number ≥ 0 but received ${String(value)}`);
    return value;
  });
  const { slotCorrelation, spreadFactor, groupCorrelation = [], largestLogFactor: largest } = problem;
  if (largest && largest.length !== size) {
    throw new ShapeError('INVERSION_SHAPE', `inversion: expected ${size} values of largestLogFactor but received ${largest.length}`);
  }
  return new LogFactorControl(shape, {
    spread: spreadFactor ? Float64Array.from(spreadFactor, (factor, i) => factor * spread[i % spread.length]) : spread,
    basis: spatialBasis(shape, problem),
    bound: settings.bound,
    largest,
    slotCorrelation,
    emitting,
    ...(groupCorrelation.length > 0 ? { groupRoot: groupRoot(problem.groups, groupCorrelation) } : {}),
  });
}

function sectorControl(
  model: ForwardModel,
  problem: InversionProblem,
  sectors: NonNullable<InversionProblem['sectors']>,
  settings: CompleteSettings,
): Control {
  return new SectorControl(
    sectors.map(({ name, priorEmissions, priorSpread }) => ({
      name,
      emissions: priorEmissions,
      control: emissionControl(model, { ...problem, sectors: undefined, priorEmissions }, { ...settings, priorSpread }),
    })),
  );
}

function spatialBasis({ rows, cols }: FactorShape, problem: InversionProblem): SpatialBasis {
  const { lengthCells, regionOf, domainCorrelation: shared = 0, farCorrelation: far } = problem;
  const near = regionOf
    ? new RegionBasis(regionOf, 1 + regionOf.reduce((a, b) => Math.max(a, b), -1))
    : new CorrelationFilter(rows, cols, lengthCells);
  if (shared === 0 && !far) return near;
  return new MixedBasis([
    { basis: near, part: (1 - shared) * (1 - (far?.part ?? 0)) },
    ...(far ? [{ basis: new CorrelationFilter(rows, cols, far.lengthCells, true), part: (1 - shared) * far.part }] : []),
    ...(shared > 0 ? [{ basis: new SharedNumber(near, rows * cols), part: shared }] : []),
  ]);
}

/** The cost of the mode. @throws {DataError} `OBSERVATIONS_NONE_USED` if there is nothing to fit; as {@link checkObservations} */
export function costFor(model: ForwardModel, problem: InversionProblem, settings: CompleteSettings): CostSettings {
  const totals = problem.totals ? 1 : 0;
  checkObservations(model, problem.species.length + totals, settings.mode === 'paper' && problem.speciesScale !== undefined);
  const counts = usedCounts(model, problem.species.length + totals).subarray(0, problem.species.length);
  if (counts.every((n) => n === 0)) {
    throw new DataError(
      'OBSERVATIONS_NONE_USED',
      'inversion: no observation is left to fit: check the observations, the period, withheld and inversion.observed',
    );
  }
  const { rows, cols } = model.shape;
  if (settings.mode === 'paper') {
    const weights = Array.from(counts, () => 1);
    return { loss: settings.loss, divisor: settings.lossDivisor, weights, scale: problem.speciesScale, cells: rows * cols * counts.length };
  }
  return {
    loss: settings.loss,
    divisor: 'none',
    weights: [...(settings.speciesWeights === 'none' ? Array.from(counts, () => 1) : speciesWeights(counts)), ...(totals ? [1] : [])],
    ...(totals ? { lossOf: { [counts.length]: 'l2' } } : {}),
  };
}

/** Number of finite values with role `used`, per species. */
function usedCounts(model: ForwardModel, species: number): Float64Array {
  const counts = new Float64Array(species);
  for (let batch = 0; batch < model.batches; batch++) {
    const { values, withheld, species: kinds } = model.observations(batch);
    for (let i = 0; i < values.length; i++) if (withheld[i] === Role.used && Number.isFinite(values[i])) counts[kinds[i]]++;
  }
  return counts;
}

/** @param control - what it moves */
export function optimiserFor(settings: CompleteSettings, control: Control): Optimiser {
  switch (settings.optimiser) {
    case 'sgd':
      return new Sgd();
    case 'adam':
      return new Adam(control.size);
    case 'lbfgs':
      return new Lbfgs(control.hasHardBounds ? (values) => control.project(values) : undefined);
    case 'gauss-newton':
      return new GaussNewton();
  }
}

/** η_k = η · decay^(k / iterations) */
export function learningRateAt(settings: CompleteSettings, iteration: number): number {
  return settings.learningRate * settings.learningRateDecay ** (iteration / settings.iterations);
}

const CHOICES: { readonly [K in 'mode' | 'optimiser' | 'loss' | 'speciesWeights' | 'lossDivisor']: readonly InversionSettings[K][] } = {
  mode: ['default', 'paper'],
  optimiser: ['lbfgs', 'gauss-newton', 'adam', 'sgd'],
  loss: ['l1', 'l2', 'huber', 'student'] satisfies Loss[],
  speciesWeights: ['equal', 'none'],
  lossDivisor: ['observations', 'cells'],
};

/** Settings that are a name. @throws {ConfigError} `INVERSION_SETTINGS` for one that there is not; `CALL_INVALID` where there are no settings */
function checkChoices(settings: InversionSettings): void {
  expectObject(settings, 'settings', 'the settings of an inversion');
  for (const key of Object.keys(CHOICES) as (keyof typeof CHOICES)[]) {
    const choices: readonly unknown[] = CHOICES[key];
    const value = settings[key];
    // The divisor is of the paper's mode alone, and optimiser and weights have a default.
    const mayBeAbsent = key === 'optimiser' || key === 'speciesWeights' || (key === 'lossDivisor' && settings.mode === 'default');
    if (choices.includes(value) || (value === undefined && mayBeAbsent)) continue;
    throw new ConfigError('INVERSION_SETTINGS', `inversion.${key}: expected ${choices.join(', ')} but received ${String(value)}`);
  }
}

/** The model's own functions, which a program of yours may write. @throws {ConfigError} `CALL_INVALID` */
export function checkModel(model: ForwardModel): void {
  expectObject(model, 'model', 'a forward model');
  expectObject(model.shape, 'model.shape', 'an object { slots, rows, cols, groups }');
  const functions = model as unknown as Record<string, unknown>;
  for (const name of ['observations', 'forward', 'addAdjoint', 'takeGradient'])
    expectArgument(typeof functions[name] === 'function', `model.${name}`, 'a function', functions[name]);
}

const PROBLEM: OptionNames<InversionProblem> = {
  groups: true,
  species: true,
  priorEmissions: true,
  sectors: true,
  lengthCells: true,
  initialConcentrations: true,
  regionOf: true,
  spreadFactor: true,
  groupCorrelation: true,
  domainCorrelation: true,
  farCorrelation: true,
  slotCorrelation: true,
  totals: true,
  largestLogFactor: true,
  start: true,
  centre: true,
  emissionScale: true,
  speciesScale: true,
  threads: true,
};

/**
 * The problem, apart from the shapes that the control looks at.
 *
 * @throws {ConfigError} `INVERSION_SETTINGS`, `CALL_INVALID` @throws {DataError} `PRIOR_EMISSIONS_INVALID`
 */
export function checkProblem(problem: InversionProblem, settings: InversionSettings): void {
  expectObject(problem, 'problem', 'what is inverted');
  expectOptions(problem, 'problem', PROBLEM);
  for (const name of ['groups', 'species'] as const) expectArgument(Array.isArray(problem[name]), name, 'a list of names', problem[name]);
  expectNumbers(problem.priorEmissions, 'priorEmissions');
  const { priorEmissions, lengthCells, sectors = [] } = problem;
  const lengths = typeof lengthCells === 'number' ? [lengthCells] : lengthCells;
  if (settings.mode === 'default') {
    if (!problem.regionOf && !(Array.isArray(lengths) && lengths.every((length) => length >= 0 && Number.isFinite(length))))
      throw new ConfigError('INVERSION_SETTINGS', `inversion: expected lengthCells of 0 or more cells but received ${String(lengthCells)}`);
    if (sectors.length === 0)
      expectArgument(typeof settings.priorSpread === 'object', 'priorSpread', 'a spread for each group', settings.priorSpread);
  }
  for (const emissions of [priorEmissions, ...sectors.map((sector) => sector.priorEmissions)]) checkEmissions(emissions);
}

function checkEmissions(emissions: ArrayLike<number>): void {
  for (let i = 0; i < emissions.length; i++) {
    if (emissions[i] >= 0 && emissions[i] < Infinity) continue;
    throw new DataError(
      'PRIOR_EMISSIONS_INVALID',
      `inversion: expected prior emissions of 0 or more but received ${emissions[i]} at place ${i}: mend them, or give 0 where nothing is emitted`,
    );
  }
}

/**
 * The observations of all batches.
 *
 * @param scaled - whether scales of species stand in place of the errors
 * @throws {ShapeError} `OBSERVATIONS_SHAPE` @throws {DataError} `OBSERVATION_ERROR_INVALID`, `OBSERVATION_ROLE`, `OBSERVATION_SPECIES`
 */
export function checkObservations(model: ForwardModel, species: number, scaled: boolean): void {
  for (let batch = 0; batch < model.batches; batch++) checkBatch(model.observations(batch), batch, species, scaled);
}

function checkBatch(observed: ObservationBatch, batch: number, species: number, scaled: boolean): void {
  expectObject(observed, `observations: batch ${batch}`, 'an object, such as { values, error, species, withheld, times },');
  for (const name of ['values', 'error', 'species', 'withheld'] as const) expectNumbers(observed[name], `observations: batch ${batch}: ${name}`);
  const { values, error, withheld } = observed;
  for (const name of ['error', 'species', 'withheld'] as const) {
    if (observed[name].length === values.length) continue;
    throw new ShapeError(
      'OBSERVATIONS_SHAPE',
      `inversion: expected ${values.length} elements of ${name} for the values of batch ${batch} but received ${observed[name].length}: give one for each`,
    );
  }
  for (let i = 0; i < values.length; i++) {
    const place = `at place ${i} of batch ${batch}`;
    if (!(withheld[i] <= Role.withheld))
      throw new DataError('OBSERVATION_ROLE', `inversion: expected a role from 0 to 2 but received ${withheld[i]} ${place}: take one of Role`);
    if (!(observed.species[i] < species))
      throw new DataError(
        'OBSERVATION_SPECIES',
        `inversion: expected a species from 0 to ${species - 1} but received ${observed.species[i]} ${place}: count those of the problem from 0`,
      );
    if (!scaled && withheld[i] === Role.used && Number.isFinite(values[i]) && !(error[i] > 0))
      throw new DataError(
        'OBSERVATION_ERROR_INVALID',
        `inversion: expected an error above 0 but received ${error[i]} ${place}: give the standard deviation of observation and model error together`,
      );
  }
}
