/** A surrogate with random weights, and random periods of any size for it. */
import { DEFAULT_CHANNELS } from '../../base/species';
import { type SurrogateSettings } from '../../case';
import type { RunChannels } from '../../fields/period-source';
import type { PreparedPeriod } from '../../fields/prepared';
import { Graph, initializeParameters } from '../../graph';
import { Grid } from '../../grid/grid';
import { Random } from '../../base/random';
import { buildSurrogate } from '../model/model';
import { normalisationOf } from '../model/normalisation';
import { Surrogate } from '../model/surrogate';
import { carryRuns } from '../tracers/carried-runs';
import { GRID } from './tiny-world';

/** @param smooth - no kinks, which would blur central differences: slopes of 1 in PReLUs, and a bias that keeps the head's rectifiers open */
export function randomSurrogate(settings: SurrogateSettings, periods: readonly PreparedPeriod[], smooth = false): Surrogate {
  const { grid, meteorologyNames, geographyNames, groups, species } = periods[0];
  carryRuns(periods, settings.tracers, 1);
  const normalisation = normalisationOf(
    periods,
    periods.map(() => 0),
  );
  const g = new Graph();
  const steps = settings.window.reduce((sum, { count }) => sum + count, 0);
  const sizes = { batch: 1, steps, rows: grid.rows, cols: grid.cols, meteorology: meteorologyNames.length, geography: geographyNames.length };
  buildSurrogate(g, settings, sizes, normalisation, 'frozen');
  const weights = new Map(
    [...initializeParameters(g, 3)].map(([name, data]) => [name, { data: smooth ? smoothed(name, data) : data, shape: [...g.find(name).shape] }]),
  );
  return new Surrogate(
    {
      settings,
      normalisation,
      meteorologyNames,
      geographyNames,
      species: species.map((name) => ({ name, unit: '' })),
      groups: groups.map((name) => ({ name, unit: '' })),
    },
    weights,
  );
}

function smoothed(name: string, data: Float32Array): Float32Array {
  if (name.endsWith('slope')) return data.map(() => 1);
  return name === 'head.conv0.bias' ? data.map(() => 8) : data;
}

/** A period with a prior run on `rows` x `cols` cells; no field follows from another. */
export function randomPeriod(rows: number, cols: number, hours: number, { groups, species }: RunChannels = DEFAULT_CHANNELS): PreparedPeriod {
  const random = new Random(7);
  const field = (channels: number, count: number, scale: number): Float32Array =>
    Float32Array.from({ length: count * rows * cols * channels }, () => scale * random.uniform());
  return {
    name: 'random',
    grid: new Grid({ ...GRID.definition, rows, cols }),
    time: { start: new Date('2026-01-05T00:00:00Z'), stepSeconds: 3600, count: hours },
    meteorologyNames: ['u', 'v', 'inversePbl'],
    meteorology: field(3, hours, 1),
    geographyNames: ['HT'],
    groups,
    species,
    geography: field(1, 1, 100),
    runs: new Map([['prior', { emissions: field(groups.length, hours, 1e-9), concentrations: field(species.length, hours, 20) }]]),
  };
}
