/** The benchmark for withheld monitors: the prior run with the misfit of those in the cost, interpolated. */
import type { Grid } from '../../grid/grid';
import { Role } from '../../inversion/forward-model';
import { interpolateMisfit, type Source } from '../../inversion/misfit-interpolation';
import type { StationSeries } from '../../inversion/observation-operator';
import type { Interpolated } from '../../inversion/score-rows';
import type { Monitors } from '../invert/monitors';
import { usedCells } from './nearest-used';

/**
 * Withheld and watched monitors have no say in it. Monitors of a cell count as their mean, as in the inversion.
 *
 * @param prior - series of the prior run at the stations
 * @returns by species, `[T, S]` at all stations, those that are not withheld as in the prior run; nothing below zero. Empty without a monitor in the cost
 */
export function interpolatedSeries(
  grid: Pick<Grid, 'cols' | 'lengthInCells'>,
  prior: StationSeries,
  { watched, block }: Pick<Monitors, 'watched' | 'block'>,
): Map<string, Record<Interpolated, Float32Array>> {
  const [rowsPerKm, colsPerKm] = grid.lengthInCells(1);
  const at = (cell: number): { x: number; y: number } => ({ x: (cell % grid.cols) / colsPerKm, y: Math.floor(cell / grid.cols) / rowsPerKm });
  const { stations } = prior;
  const inCost = stations.map(({ id, role }) => role !== Role.withheld && !watched.has(id));
  const cells = [...usedCells(prior, watched)];
  if (cells.length === 0) return new Map();
  const indexOf = new Map(cells.map((cell, i) => [cell, i]));
  const blockOf = new Map(stations.map(({ id, cell }) => [cell, block.get(id)!]));
  const sources = cells.map((cell): Source => ({ ...at(cell), block: blockOf.get(cell)! }));
  const targets = stations.flatMap(({ role, cell }, s) => (role === Role.withheld ? [{ s, ...at(cell) }] : []));
  return new Map(
    [...prior.observed].map(([species, observed]) => {
      const simulated = prior.simulated.get(species)!;
      const times = observed.length / stations.length;
      const misfit = new Float64Array(times * cells.length);
      const counts = new Float64Array(misfit.length);
      const [sums, counted] = [new Float64Array(cells.length), new Float64Array(cells.length)];
      for (let i = 0; i < observed.length; i++) {
        const [time, s] = [Math.floor(i / stations.length), i % stations.length];
        const value = observed[i] - simulated[i];
        const source = indexOf.get(stations[s].cell);
        if (!inCost[s] || source === undefined || !Number.isFinite(value)) continue;
        misfit[time * cells.length + source] += value;
        counts[time * cells.length + source]++;
        sums[source] += value;
        counted[source]++;
      }
      const corrected = (change: (time: number, target: number) => number): Float32Array => {
        const out = simulated.slice();
        for (let time = 0; time < times; time++) {
          targets.forEach(({ s }, j) => (out[time * stations.length + s] = Math.max(0, out[time * stations.length + s] + change(time, j))));
        }
        return out;
      };
      const each = interpolateMisfit(
        sources,
        misfit.map((sum, i) => sum / counts[i]),
        targets,
      );
      const mean = interpolateMisfit(
        sources,
        sums.map((sum, i) => sum / counted[i]),
        targets,
      );
      return [species, { interpolated: corrected((time, j) => each[time * targets.length + j]), interpolatedMean: corrected((_, j) => mean[j]) }];
    }),
  );
}
