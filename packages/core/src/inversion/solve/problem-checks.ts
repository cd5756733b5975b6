/** What a program gives {@link invert} is looked at before the first step: an array that is too short, or a name that nothing knows, would change the result without a word. */
import { expectArgument, expectNumbers, expectObject, ConfigError, DataError, ShapeError } from '../../base/errors';
import type { Loss } from '../cost/cost';
import { Role, type ObservationBatch } from '../model/observation-batch';
import type { ForwardModel } from '../model/forward-model';
import type { InversionProblem, InversionSettings } from './inversion-problem';

const CHOICES: { readonly [K in 'mode' | 'optimiser' | 'loss' | 'speciesWeights' | 'lossDivisor']: readonly InversionSettings[K][] } = {
  mode: ['default', 'paper'],
  optimiser: ['lbfgs', 'gauss-newton', 'adam', 'sgd'],
  loss: ['l1', 'l2', 'huber', 'student'] satisfies Loss[],
  speciesWeights: ['equal', 'none'],
  lossDivisor: ['observations', 'cells'],
};

/** Settings that are a name. @throws {ConfigError} `INVERSION_SETTINGS` for one that there is not; `CALL_INVALID` where there are no settings */
export function checkChoices(settings: InversionSettings): void {
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

/**
 * The problem, apart from the shapes that the control looks at.
 *
 * @throws {ConfigError} `INVERSION_SETTINGS`, `CALL_INVALID` @throws {DataError} `PRIOR_EMISSIONS_INVALID`
 */
export function checkProblem(problem: InversionProblem, settings: InversionSettings): void {
  expectObject(problem, 'problem', 'what is inverted');
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
    const at = `at place ${i} of batch ${batch}`;
    if (!(withheld[i] <= Role.withheld))
      throw new DataError('OBSERVATION_ROLE', `inversion: expected a role from 0 to 2 but received ${withheld[i]} ${at}: take one of Role`);
    if (!(observed.species[i] < species))
      throw new DataError(
        'OBSERVATION_SPECIES',
        `inversion: expected a species from 0 to ${species - 1} but received ${observed.species[i]} ${at}: count those of the problem from 0`,
      );
    if (!scaled && withheld[i] === Role.used && Number.isFinite(values[i]) && !(error[i] > 0))
      throw new DataError(
        'OBSERVATION_ERROR_INVALID',
        `inversion: expected an error above 0 but received ${error[i]} ${at}: give the standard deviation of observation and model error together`,
      );
  }
}
