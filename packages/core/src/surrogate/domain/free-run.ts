/**
 * The surrogate run over many hours of a period on the whole domain, for given emissions: by `evaluate` and `certify` for its errors and its free-running
 * responses.
 */
import { hourStore, type HourStore } from '../../fields/hour-store';
import { sourceOf } from '../../fields/training-period';
import type { PreparedPeriod } from '../../fields/prepared';
import type { DomainModel } from './domain-model';
import type { SurrogateEngine } from '../model/frozen-program';
import { modelOfHours } from './rolled-out-run';
import type { Surrogate } from '../model/surrogate';
import { wholeDomain, type Tiling } from '../model/tiles';

/** What {@link FreeRuns} run, and how. */
export interface FreeRunsOptions {
  surrogate: Surrogate;
  engine: SurrogateEngine;
  /** the tiles that the engine runs on; default: the whole domain */
  tiling?: Tiling;
  /** hours that the engine takes at once */
  batchSize: number;
  period: PreparedPeriod;
  /** hours of the period at which concentrations are wanted */
  hours: readonly number[];
  /** where a surrogate that takes y has it from: the prior run, its own output, or nowhere (0 everywhere); default: as in an inversion at the prior's y */
  initialConcentrations?: 'prior' | 'rollout' | 'zero';
  /** default 1 */
  threads?: number;
}

/** One of the runs. */
interface FreeRun {
  /** `[hours of the period, H, W, groups]` in kg m-2 s-1 */
  emissions: Float32Array;
  /** on the emissions, `[H, W, groups]`; absent = as they are */
  factors?: Float32Array;
  onHour?: (completed: number) => void;
}

/** A field of zeros that takes more lies in a temporary file. */
const ZERO_IN_MEMORY = 2 ** 30;

/** Runs through one period, one after the other: those of the same emissions share what the engine has of the period. */
export class FreeRuns {
  private lastModel?: { emissions: Float32Array; model: DomainModel };
  private readonly zero?: HourStore;

  constructor(private readonly options: FreeRunsOptions) {
    const { rows, cols } = options.period.grid;
    const shape = { hours: options.period.time.count, rows, cols, channels: options.period.species.length };
    if (options.initialConcentrations === 'zero') this.zero = hourStore(shape, ZERO_IN_MEMORY);
  }

  /** @returns concentrations `[hours, H, W, species]` */
  async run({ emissions, factors, onHour }: FreeRun): Promise<Float32Array> {
    const { hours, tiling } = this.options;
    let completed = 0;
    const onHours = (count: number): void => {
      completed += count;
      onHour?.(Math.floor(completed / (tiling?.tiles.length ?? 1)));
    };
    const request = { period: 0, hours, factors: factors && { data: factors }, previous: this.zero };
    return this.modelOf(emissions).forward(request, { onHours });
  }

  dispose(): void {
    this.lastModel?.model.dispose();
    this.lastModel = undefined;
    this.zero?.dispose();
  }

  private modelOf(emissions: Float32Array): DomainModel {
    if (this.lastModel?.emissions === emissions) return this.lastModel.model;
    this.lastModel?.model.dispose();
    this.lastModel = undefined;
    const { surrogate, engine, batchSize, period, hours, threads = 1, tiling = wholeDomain(period.grid) } = this.options;
    const { initialConcentrations: start = surrogate.description.settings.initialConcentrations } = this.options;
    const whole = sourceOf(period, emissions);
    // What comes later does not matter: tracers need not be carried through it.
    const sources = [{ ...whole, time: { ...whole.time, count: Math.max(...hours) + 1 } }];
    const model = modelOfHours({ surrogate, sources, tiling, engine, batchSize, threads }, [hours], { rolledOut: start === 'rollout' });
    this.lastModel = { emissions, model };
    return model;
  }
}

/** One alone. @returns as {@link FreeRuns.run} */
export async function freeRun({ emissions, factors, onHour, ...options }: FreeRunsOptions & FreeRun): Promise<Float32Array> {
  const runs = new FreeRuns(options);
  try {
    return await runs.run({ emissions, factors, onHour });
  } finally {
    runs.dispose();
  }
}
