/** A small twin experiment on the demo's world, on which a test runs stages in its own process. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase, type Case } from '../../case';
import type { Grid } from '../../grid/grid';
import { readGriddesc } from '../../grid/griddesc';
import { writeDemoWorld } from '../../worlds/demo-world';
import type { StageEvent, StageName } from '../engine/stage';
import { runStages } from '../run-case';
import { type RunOptions } from '../run';

/** Cells of its 12 rows and columns. */
export const TWIN_CELLS = 144;

interface TwinWorld {
  hours: number;
  spinUpHours: number;
  stations: number;
}

/** Of a world that a `beforeAll` of the test file makes; it goes with the file. */
export class SmallTwin {
  private folder = '';
  private caseFile = '';

  /** @param settings - `KEY=VALUE` of all runs */
  constructor(
    world: TwinWorld,
    private readonly settings: readonly string[],
  ) {
    jest.setTimeout(400_000); // every stage runs, on a busy machine too
    beforeAll(async () => {
      this.folder = mkdtempSync(join(tmpdir(), 'small-twin-'));
      this.caseFile = await writeDemoWorld(this.folder, { rows: 12, cols: 12, ...world });
    });
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  load(settings: readonly string[] = []): Case {
    return loadCase(this.caseFile, [...this.settings, ...settings]);
  }

  /** Runs stages in its one run folder, on one thread. @returns what they told, in order */
  async run(settings: readonly string[], stages: RunOptions['stages'], options: RunOptions = {}): Promise<StageEvent[]> {
    const events: StageEvent[] = [];
    const onEvent = (event: StageEvent): void => void events.push(event);
    await runStages(this.load(settings), { out: this.inRun(), stages, threads: 1, onEvent, ...options });
    return events;
  }

  /** Runs stages of which the last, made anew, sees an input change as it begins; then the input is put back. */
  async runWithChange(name: string, stages: readonly StageName[]): Promise<void> {
    const changed = stages.at(-1)!;
    const original = readFileSync(this.input(name));
    rmSync(this.inRun(changed), { recursive: true, force: true });
    const onEvent = (event: StageEvent): void => {
      if (event.kind === 'stage-start' && event.stage === changed) appendFileSync(this.input(name), '\n');
    };
    try {
      await this.run([], stages, { onEvent });
    } finally {
      writeFileSync(this.input(name), original);
    }
  }

  /** Path in the run folder. */
  inRun(...path: string[]): string {
    return join(this.folder, 'run', ...path);
  }

  /** Path of an input. */
  input(name: string): string {
    return join(this.folder, 'inputs', name);
  }

  /** A JSON file of the run folder. */
  read<T>(path: string): T {
    return JSON.parse(readFileSync(this.inRun(path), 'utf8')) as T;
  }

  grid(): Grid {
    return readGriddesc(this.input('GRIDDESC'), this.load().grid.name);
  }

  /** By monitor, the number of its cell, row by row. */
  cellsOfMonitors(): Map<string, number> {
    const grid = this.grid();
    const cellOf = (lon: string, lat: string): number => {
      const { row, col } = grid.cellAt(Number(lon), Number(lat))!;
      return row * grid.cols + col;
    };
    return new Map(tableOf(this.input('stations.csv')).map(({ id, lon, lat }) => [id, cellOf(lon, lat)]));
  }
}

/** Lines of a CSV file without quotes, by its columns. */
export function tableOf(path: string): Record<string, string>[] {
  const [header, ...lines] = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  return lines.map((line) => Object.fromEntries(line.map((value, k) => [header[k], value])));
}
