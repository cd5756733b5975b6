/**
 * A run's trained surrogate as a function, for other programs: concentrations under changed emissions, and how any weighted sum of them changes with the
 * emissions of every cell. What it gives is anchored as in the inversion,
 *
 *   C(f) = C_prior + S(f·E) − S(E)
 *
 * with C_prior the transport model's own prior run, E the prior emissions, f factors on them and S the surrogate, whose bias so drops out.
 */
import type { Group, Species } from '../base/species';
import { caseOf, nearestKey, type Case } from '../case';
import { sourceOf } from '../fields/training-period';
import { wholeGrid, type PeriodSource } from '../fields/period-source';
import {
  ConfigError,
  expectArgument,
  expectNumbers,
  expectObject,
  expectOptions,
  NumericalError,
  type OptionNames,
  ShapeError,
} from '../base/errors';
import type { Grid, TimeAxis } from '../grid/grid';
import { ALONE } from '../base/process';
import type { Certificate } from '../surrogate/judgement/certificate';
import type { DomainHours, DomainModel } from '../surrogate/domain/domain-model';
import { DomainRun } from '../surrogate/domain/domain-run';
import type { FrozenProgram } from '../surrogate/model/frozen-program';
import { sameFactors, type EmissionFactors } from '../surrogate/tracers/emission-factors';
import { RolledOutRun } from '../surrogate/domain/rolled-out-run';
import type { Surrogate } from '../surrogate/model/surrogate';
import {
  domainPlan,
  firstHours,
  HOURS_TOGETHER,
  loadSurrogate,
  preparedPeriods,
  storedPeriods,
  type DomainPlan,
} from '../assimilation/surrogate/trained-surrogate';
import { summaryIn } from './engine/record';
import { deviceOf, runContext, type RunOptions } from './run';
import { stageContext } from './stage-context';
import { type StageContext } from './engine/stage';
import { neededRecord } from './engine/stage-keys';

/** What concentrations are asked for, and under which emissions. */
export interface SurrogateHours {
  /** name of a period of the case */
  period: string;
  /** hours of the period, from its `firstHour` on; any order */
  hours: readonly number[];
  /** on the prior emissions, `[H, W, groups]` for all hours of the period or `[hours of the period, H, W, groups]`; absent = 1 */
  factors?: Float32Array;
}

export interface SurrogatePeriod {
  name: string;
  /** hour i is the mean from i to i + 1 hours after `start` */
  time: TimeAxis;
  /** the first hour that can be asked for: after the spin-up, with the surrogate's whole window in the period */
  firstHour: number;
}

export interface OpenSurrogateOptions extends Pick<RunOptions, 'threads' | 'device' | 'precision' | 'signal'> {
  /** the run folder, in which `prepare` and `train` are finished */
  out: string;
  /** the case's own surrogate (default), or that of the paper's mode beside it */
  variant?: 'default' | 'paper';
}

const OPTIONS: OptionNames<OpenSurrogateOptions> = { out: true, variant: true, threads: true, device: true, precision: true, signal: true };

/**
 * Opens the surrogate of a run folder. Nothing is made anew: it is the one that `train` left, whatever has changed in the case since, but for what it reads.
 *
 * @param source - path of the case file, or a loaded case
 * @throws {ConfigError} `STAGE_MISSING` if `prepare` or `train` is not finished there; `THREADS_INVALID`, `CALL_INVALID`, `PRECISION_NEEDS_CUDA`
 * @throws {DataError} `PREPARED_MISSING`, `PREPARED_TIME` if `prepare` has not made a period of the case, or of other hours; `SURROGATE_INPUTS` if the case has another window or other fields than the
 *   surrogate was trained with; of files that are damaged
 * @throws {DeviceError} `DEVICE_CUDA_MISSING`, `DEVICE_OUT_OF_MEMORY`
 *
 * @example
 * const surrogate = openSurrogate(loadCase('case.yaml'), { out: 'runs/mine', threads: 8 });
 * const [groups, nox] = [surrogate.groups.length, surrogate.groups.indexOf('NOx')];
 * const factors = new Float32Array(surrogate.grid.rows * surrogate.grid.cols * groups).fill(1).map((one, i) => (i % groups === nox ? 0.8 : one)); // − 20 %
 * const concentrations = await surrogate.concentrations({ period: 'winter', hours: [120, 121], factors });
 * surrogate.dispose();
 */
export function openSurrogate(source: string | Case, openOptions: OpenSurrogateOptions): AnchoredSurrogate {
  expectObject(openOptions, 'options', "an object, such as { out: 'runs/mine' },");
  expectOptions(openOptions, 'openSurrogate', OPTIONS);
  const { out, variant = 'default', ...options } = openOptions;
  expectArgument(typeof out === 'string', 'out', 'the path of a run folder', out);
  expectArgument(['default', 'paper'].includes(variant), 'variant', 'default or paper', variant);
  const settings = caseOf(source);
  const run = runContext(settings, out, deviceOf(options, settings, ALONE), options);
  const context = stageContext(run, 'evaluate', variant);
  for (const need of ['prepare', 'train'] as const) neededRecord(context, need, 'openSurrogate');
  return new AnchoredSurrogate(context);
}

/** A run's surrogate, C(f) = C_prior + S(f·E) − S(E), as {@link openSurrogate} gives it. */
export class AnchoredSurrogate {
  readonly grid: Grid;
  readonly periods: readonly SurrogatePeriod[];
  /** of the factors: what the last axis holds */
  readonly groups: readonly Group[];
  /** of the concentrations: what the last axis holds; gases in ppb, particles in µg m-3 */
  readonly species: readonly Species[];
  /** what `certify` said of it; absent where that has not been run */
  readonly certificate?: Pick<Certificate, 'verdict' | 'reasons'>;
  private readonly surrogate: Surrogate;
  private readonly sources: readonly PeriodSource[];
  private readonly plan: DomainPlan;
  private readonly program: FrozenProgram;
  private readonly unitFactors: Float32Array;
  /** with the hours that it was made for, where these rest on a chain of earlier ones */
  private run?: { hours?: string; model: DomainModel };
  /** S(E) at the hours that were asked for last */
  private base?: { hours: string; concentrations: Float32Array };
  /** a copy of the factors that were given last: what was computed with an array is known by the array, and callers change theirs */
  private lastFactors?: Float32Array;
  /** when all that was asked for so far is done: there is one program, and it does one thing at a time */
  private idle: Promise<unknown> = Promise.resolve();
  private disposed = false;

  /** @internal Use {@link openSurrogate}. */
  constructor(private readonly context: StageContext) {
    this.surrogate = loadSurrogate(context);
    const stored = storedPeriods(context);
    [{ grid: this.grid, groups: this.groups, species: this.species }] = stored;
    const first = firstHours(context);
    this.periods = stored.map(({ name, time }, p) => ({ name, time, firstHour: first[p] }));
    this.certificate = summaryIn<Certificate>(context.dirOf('certify'));
    this.plan = domainPlan(context, this.surrogate, this.grid, { adjoint: true, hours: HOURS_TOGETHER });
    const { tiling, batchSize } = this.plan;
    // Tiles read what they need from disk.
    this.sources = tiling.tiles.length > 1 ? stored : preparedPeriods(context).map((period) => sourceOf(period));
    this.program = this.surrogate.program(batchSize, tiling.rows, tiling.cols, context, { adjoint: true });
    this.unitFactors = new Float32Array(this.grid.rows * this.grid.cols * this.groups.length).fill(1);
  }

  /**
   * C(f), concentrations `[hours, H, W, species]` in ppb (particles in µg m-3), in the order of the hours. Far below the prior emissions the sum may fall below 0: it is
   * not cut there, as the inversion does not cut it.
   *
   * @throws {ConfigError} `PERIOD_UNKNOWN`, `PERIOD_HOURS`, `SURROGATE_DISPOSED`, `CALL_INVALID` @throws {ShapeError} `FACTORS_SHAPE`, `FACTORS_VALUES`
   * @throws {NumericalError} `SURROGATE_NOT_FINITE` for factors so large that the numbers overflow
   * @throws the signal's reason where the signal is raised
   */
  async concentrations(request: SurrogateHours): Promise<Float32Array> {
    const domain = this.domainHours(request);
    return this.alone(async () => {
      const model = this.modelFor(domain);
      const prior = this.priorRun(domain);
      if (sameFactors(domain.factors.data, this.unitFactors)) return prior;
      const base = await this.baseOf(model, domain);
      const changed = await this.forward(model, domain);
      return expectFinite(prior.map((value, i) => value + changed[i] - base[i]));
    });
  }

  /**
   * Jᵀ·g: how Σ g·C changes with each factor, at the factors given, laid out as they are (as `[H, W, groups]` where there are none). With g = 1 at one monitor's
   * cell and hours it says from which cells and groups the concentration there comes, per + 100 %, to first order.
   *
   * @param gradConcentrations - g, `[hours, H, W, species]`, laid out as {@link concentrations}
   * @throws as {@link concentrations}; {ShapeError} `GRADIENT_SHAPE`, `GRADIENT_VALUES`
   */
  async adjoint(request: SurrogateHours, gradConcentrations: Float32Array): Promise<Float32Array> {
    const domain = this.domainHours(request);
    expectArgument(gradConcentrations instanceof Float32Array, 'gradConcentrations', 'a Float32Array', gradConcentrations);
    const { rows, cols } = this.grid;
    const expected = domain.hours.length * rows * cols * this.species.length;
    if (gradConcentrations.length !== expected) {
      throw new ShapeError(
        'GRADIENT_SHAPE',
        `surrogate: expected a gradient on concentrations of ${domain.hours.length} x ${rows} x ${cols} x ${this.species.length} but received ${gradConcentrations.length} values: give one for each`,
      );
    }
    const wrong = gradConcentrations.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0)
      throw new ShapeError(
        'GRADIENT_VALUES',
        `surrogate: expected a finite gradient but received ${gradConcentrations[wrong]} at place ${wrong}: mend it`,
      );
    const seed = gradConcentrations.slice(); // as factors: until its turn comes the caller may have filled the array for the next call
    return this.alone(async () => {
      const model = this.modelFor(domain);
      const gradient = new Float32Array(domain.factors.data.length);
      await model.addAdjoint(domain, seed, gradient);
      this.context.signal.throwIfAborted();
      await model.finishAdjoint(domain.period, { ...domain.factors, data: gradient });
      return gradient;
    });
  }

  /** Frees the program's memory and temporary files. Nothing can be asked for afterwards, and what was asked for before and is not done is refused. */
  dispose(): void {
    this.disposed = true;
    this.run?.model.dispose();
    this.run = undefined;
    this.program.dispose();
  }

  /** For `using`: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  private async alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.idle.then(async () => {
      this.expectOpen();
      this.context.signal.throwIfAborted();
      return work().catch((cause: unknown) => {
        this.expectOpen(cause);
        throw cause;
      });
    });
    this.idle = result.catch(() => undefined);
    return result;
  }

  private expectOpen(cause?: unknown): void {
    if (!this.disposed) return;
    throw new ConfigError('SURROGATE_DISPOSED', 'surrogate: expected an open surrogate but it has been disposed: open it again with openSurrogate', {
      cause,
    });
  }

  /** @throws as {@link concentrations} */
  private domainHours(request: SurrogateHours): DomainHours & { hours: readonly number[]; factors: EmissionFactors } {
    expectArgument(typeof request === 'object' && request !== null, 'request', 'an object, such as { period, hours }', request);
    const { period: name, hours, factors } = request;
    expectArgument(typeof name === 'string', 'period', 'the name of a period', name);
    expectNumbers(hours, 'hours', 'a list of hours');
    const names = this.periods.map((entry) => entry.name);
    const period = names.indexOf(name);
    if (period < 0) {
      const near = nearestKey(name, names);
      throw new ConfigError(
        'PERIOD_UNKNOWN',
        `surrogate: there is no period ${name}: ${near === undefined ? `known are ${names.join(', ')}` : `did you mean ${near}?`}`,
      );
    }
    const { firstHour, time } = this.periods[period];
    const outside = Array.prototype.findIndex.call(hours, (hour: number) => !Number.isInteger(hour) || hour < firstHour || hour >= time.count);
    if (hours.length === 0 || outside >= 0) {
      throw new ConfigError(
        'PERIOD_HOURS',
        `surrogate: expected hours ${firstHour} to ${time.count - 1} of ${name} but received ${outside < 0 ? 'none' : String(hours[outside])}: hours before lie in the spin-up or have no whole window`,
      );
    }
    return { period, hours: Array.from(hours), factors: this.factorsOf(factors, time) };
  }

  private factorsOf(userFactors: Float32Array | undefined, time: TimeAxis): EmissionFactors {
    const data = userFactors ?? this.unitFactors;
    expectArgument(data instanceof Float32Array, 'factors', 'a Float32Array', data);
    const { rows, cols } = this.grid;
    const hourly = data.length === time.count * this.unitFactors.length;
    if (data.length !== this.unitFactors.length && !hourly) {
      const shape = `${rows} x ${cols} x ${this.groups.length}`;
      throw new ShapeError(
        'FACTORS_SHAPE',
        `surrogate: expected factors of ${shape} or ${time.count} x ${shape} but received ${data.length} values: give one for each`,
      );
    }
    const wrong = data.findIndex((factor) => !(factor >= 0 && Number.isFinite(factor)));
    if (wrong >= 0)
      throw new ShapeError('FACTORS_VALUES', `surrogate: expected factors from 0 on but received ${data[wrong]} at place ${wrong}: mend it`);
    if (!this.lastFactors || !sameFactors(this.lastFactors, data)) this.lastFactors = data.slice();
    return { data: this.lastFactors, hourly, fixed: true };
  }

  /** One for all; where y is rolled out, one for the hours, whose chain it holds. */
  private modelFor({ period, hours }: DomainHours & { hours: readonly number[] }): DomainModel {
    const { surrogate, sources, program: engine, context } = this;
    const rolledOut = surrogate.description.settings.initialConcentrations === 'rollout';
    const key = rolledOut ? `${period}:${hours.join()}` : undefined;
    if (this.run && this.run.hours === key) return this.run.model;
    this.run?.model.dispose();
    const plain = new DomainRun({ surrogate, sources, ...this.plan, engine, adjoint: engine, threads: context.threads });
    const ofPeriods = sources.map((_, p) => (p === period ? hours : []));
    this.run = { hours: key, model: rolledOut ? new RolledOutRun(plain, ofPeriods, context.signal) : plain };
    return this.run.model;
  }

  private async forward(model: DomainModel, domain: DomainHours): Promise<Float32Array> {
    return model.forward(domain, { onHours: () => this.context.signal.throwIfAborted() });
  }

  private async baseOf(model: DomainModel, { period, hours }: DomainHours & { hours: readonly number[] }): Promise<Float32Array> {
    const key = `${period}:${hours.join()}`;
    if (this.base?.hours !== key) this.base = { hours: key, concentrations: await this.forward(model, { period, hours }) };
    return this.base.concentrations;
  }

  /** C_prior at some hours. */
  private priorRun({ period, hours }: DomainHours & { hours: readonly number[] }): Float32Array {
    const source = this.sources[period];
    const field = this.grid.rows * this.grid.cols * this.species.length;
    const out = new Float32Array(hours.length * field);
    hours.forEach((hour, i) => out.set(source.hourly('concentrations', wholeGrid(source), { first: hour, count: 1 }), i * field));
    return out;
  }
}

/** Arrays, and typed ones, which are as good. */
function expectFinite(concentrations: Float32Array): Float32Array {
  const wrong = concentrations.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return concentrations;
  throw new NumericalError(
    'SURROGATE_NOT_FINITE',
    `surrogate: the concentration at place ${wrong} became ${concentrations[wrong]}: give factors nearer to those that it was trained on`,
  );
}
