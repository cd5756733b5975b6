/** Random prepared periods on a few cells, with the tracers that a surrogate sees by default, and the smallest network that has every part, for the tests of surrogate and pipeline. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_CHANNELS, type CaseChannels } from '../../base/species';
import { type Case, type SurrogateSettings, type TrainingSettings } from '../../case';
import { surrogateSchema, trainingSchema } from '../../case/schema/learning-schema';
import type { RunChannels } from '../../fields/period-source';
import { writePreparedMeteorology, writePreparedRun, type PreparedPeriod, type PreparedRun } from '../../fields/prepared';
import { Grid } from '../../grid/grid';
import { writeGriddesc } from '../../grid/griddesc';
import { Random } from '../../base/random';
import { carryRuns } from '../tracers/carried-runs';

export const WORLD = { rows: 8, cols: 8, hours: 72, spinUpHours: 24, start: new Date('2026-01-05T00:00:00Z') };
export const CELLS = WORLD.rows * WORLD.cols;

/** A lat-lon grid of one-degree cells whose corner is at 0° E, 0° N: longitude and latitude are column and row. */
export const GRID = new Grid({
  name: 'TINY',
  gdtyp: 1,
  pAlp: 0,
  pBet: 0,
  pGam: 0,
  xcent: 0,
  ycent: 0,
  xorig: 0,
  yorig: 0,
  xcell: 1,
  ycell: 1,
  rows: WORLD.rows,
  cols: WORLD.cols,
});

export const METEOROLOGY = ['u', 'v', 'inversePbl'];

function positive(random: Random, length: number, size: number): Float32Array {
  return Float32Array.from({ length }, () => size * (0.2 + random.uniform()));
}

/** Concentrations that follow from the emissions of the hour and the hour before: something that can be learned. */
function run(random: Random, factor: number, hours: number, channels: RunChannels): PreparedRun {
  const groups = channels.groups.length;
  const emissions = positive(random, hours * CELLS * groups, 1e-9 * factor);
  const species = channels.species.length;
  const concentrations = new Float32Array(hours * CELLS * species);
  const field = CELLS * groups;
  for (let i = 0; i < concentrations.length; i++) {
    const index = Math.floor(i / species) * groups + ((i % species) % groups);
    concentrations[i] = 5 + 1e10 * (emissions[index] + 0.5 * emissions[index < field ? index : index - field]);
  }
  return { emissions, concentrations };
}

/** A period with the runs `prior` and, by default, `member01` of 1.4 times its emissions. */
export function tinyPeriod(
  name: string,
  seed: number,
  options: { runs?: Record<string, number>; hours?: number; channels?: RunChannels } = {},
): PreparedPeriod {
  const random = new Random(seed).fork(name);
  const { runs = { prior: 1, member01: 1.4 }, hours = WORLD.hours, channels = DEFAULT_CHANNELS } = options;
  const meteorology = Float32Array.from({ length: hours * CELLS * METEOROLOGY.length }, () => random.normal());
  const period: PreparedPeriod = {
    name,
    grid: GRID,
    time: { start: WORLD.start, stepSeconds: 3600, count: hours },
    meteorologyNames: METEOROLOGY,
    meteorology,
    geographyNames: ['HT'],
    groups: channels.groups,
    species: channels.species,
    geography: positive(random.fork('geography'), CELLS, 100),
    runs: new Map(Object.entries(runs).map(([run_, factor]) => [run_, run(random.fork('runs'), factor, hours, channels)])),
  };
  carryRuns([period], tinySurrogate().tracers, 1);
  return period;
}

export function tinySurrogate(overrides: Record<string, unknown> = {}, channels?: CaseChannels): SurrogateSettings {
  const tiny = {
    window: [
      { count: 2, hours: 3 },
      { count: 2, hours: 1 },
    ],
    tracers: [{ lifetime: 3 }, { lifetime: 48 }],
    hidden: 3,
    widths: [4, 4, 4],
    encoderConvs: 1,
    headWidth: 4,
    branchLayers: 1,
    branchWidth: 2,
  };
  return surrogateSchema(channels).parse({ ...tiny, ...overrides });
}

export function tinyTraining(overrides: Record<string, unknown> = {}, channels = DEFAULT_CHANNELS): TrainingSettings {
  const speciesWeights = Object.fromEntries(channels.species.map((name) => [name, 1])); // the formula is alike for all species
  return trainingSchema(channels).parse({
    speciesWeights,
    iterations: 60,
    batch: 4,
    learningRate: 0.01,
    evaluateEvery: 20,
    checkpointEvery: 10,
    testFraction: 0.5,
    ...overrides,
  });
}

/** The training that tests interrupt: dropout, noise and rotation draw random numbers in every step. */
export function killedTraining(): TrainingSettings {
  return tinyTraining({ iterations: 150, evaluateEvery: 20, checkpointEvery: 5, noise: 0.05, rotation: true, l2: 1e-4 });
}

export function killedWorld(): PreparedPeriod[] {
  return [tinyPeriod('winter', 1)];
}

/** Writes periods to a prepared store. */
export function writePeriods(dir: string, periods: readonly PreparedPeriod[], channels = DEFAULT_CHANNELS): void {
  for (const period of periods) {
    const { name, grid, time, runs } = period;
    writePreparedMeteorology(dir, period);
    for (const [run, fields] of runs) writePreparedRun(dir, { ...fields, period: name, run, grid, time, channels });
  }
}

/** The grid of a case, in a folder that is made where it is missing. */
export function gridSetting(dir: string, grid = GRID): Case['grid'] {
  mkdirSync(dir, { recursive: true });
  const griddesc = join(dir, 'GRIDDESC');
  writeGriddesc(griddesc, grid);
  return { griddesc, name: grid.name };
}
