/**
 * The surrogate run over many hours of a period on the whole domain, for given emissions: by `evaluate` for its errors and its free-running
 * response.
 */
import { inMemory } from '../data/period-source';
import type { PreparedPeriod } from '../data/prepared';
import { DomainRun } from './domain-run';
import type { SurrogateEngine } from './frozen-program';
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
  /** default 1 */
  threads?: number;
  onHour?: (done: number) => void;
}

/**
 * Runs the surrogate at the given hours.
 *
 * @returns concentrations `[hours, H, W, 4]`
 */
export async function freeRun(options: FreeRunOptions): Promise<Float32Array> {
  const { surrogate, engine, batchSize, period, emissions, hours, factors, threads = 1, onHour } = options;
  const { tiling = wholeDomain(period.grid) } = options;
  const run = new DomainRun({ surrogate, sources: [inMemory(period, emissions)], tiling, engine, batchSize, threads });
  let done = 0;
  const onHours = (count: number): void => {
    done += count;
    onHour?.(Math.floor(done / tiling.tiles.length));
  };
  try {
    return await run.forward({ period: 0, hours, factors: factors && { data: factors } }, undefined, onHours);
  } finally {
    run.dispose();
  }
}
