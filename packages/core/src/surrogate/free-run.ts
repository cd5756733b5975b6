/**
 * The surrogate run over many hours of a period on the whole domain, for given emissions: by `evaluate` for its errors and its free-running
 * response.
 */
import { hourStore } from '../data/hour-store';
import { sourceOf } from '../data/period-source';
import type { PreparedPeriod } from '../data/prepared';
import type { DomainHours, DomainModel } from './domain-model';
import { DomainRun } from './domain-run';
import type { SurrogateEngine } from './frozen-program';
import { RolledOutRun } from './rolled-out-run';
import type { Surrogate } from './surrogate';
import { wholeDomain, type Tiling } from './tiles';

/** What {@link freeRun} runs, and how. */
export interface FreeRunOptions {
  surrogate: Surrogate;
  engine: SurrogateEngine;
  /** the tiles that the engine runs on; default: the whole domain */
  tiling?: Tiling;
  /** hours that the engine takes at once */
  batchSize: number;
  period: PreparedPeriod;
  /** `[hours of the period, H, W, 5]` in kg m-2 s-1 */
  emissions: Float32Array;
  /** hours of the period at which concentrations are wanted */
  hours: readonly number[];
  /** on the emissions, `[H, W, 5]`; absent = as they are */
  factors?: Float32Array;
  /** where a surrogate that takes y has it from: the prior run, its own output, or nowhere (0 everywhere); default: as in an inversion at the prior's y */
  initialConcentrations?: 'prior' | 'rollout' | 'zero';
  /** default 1 */
  threads?: number;
  onHour?: (done: number) => void;
}

/** A field of zeros that takes more lies in a temporary file. */
const ZERO_IN_MEMORY = 2 ** 30;

/**
 * Runs the surrogate at the given hours.
 *
 * @returns concentrations `[hours, H, W, 4]`
 */
export async function freeRun(options: FreeRunOptions): Promise<Float32Array> {
  const { surrogate, engine, batchSize, period, emissions, hours, factors, threads = 1, onHour } = options;
  const { tiling = wholeDomain(period.grid) } = options;
  const { initialConcentrations: from = surrogate.description.settings.initialConcentrations } = options;
  const sources = [sourceOf(period, emissions)];
  const plain = new DomainRun({ surrogate, sources, tiling, engine, batchSize, threads });
  const { hours: windowHours } = surrogate.window;
  const run: DomainModel = from === 'rollout' ? new RolledOutRun(plain, { windowHours, sources, hours: [hours] }) : plain;
  const zero =
    from === 'zero'
      ? hourStore({ hours: period.time.count, rows: period.grid.rows, cols: period.grid.cols, channels: 4 }, ZERO_IN_MEMORY)
      : undefined;
  let done = 0;
  const onHours = (count: number): void => {
    done += count;
    onHour?.(Math.floor(done / tiling.tiles.length));
  };
  try {
    const at: DomainHours = { period: 0, hours, factors: factors && { data: factors }, previous: zero };
    return await run.forward(at, undefined, onHours);
  } finally {
    run.dispose();
    zero?.dispose();
  }
}
