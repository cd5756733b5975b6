/** The benchmark for withheld monitors: the prior run with the misfit of those in the cost, interpolated. */
import type { Grid } from '../../grid/grid';
import { Role } from '../../inversion/cost/cost';
import { interpolateMisfit, type Source } from '../../inversion/observations/misfit-interpolation';
import type { StationSeries } from '../../inversion/observations/observation-operator';
import type { Interpolated } from '../../inversion/scores/score-rows';
import type { Monitors } from '../observed/monitors';
import { cellPlaces, usedCells } from './nearest-used';

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
  const placeOf = cellPlaces(grid);
  const { stations } = prior;
  const cells = [...usedCells(prior, watched)];
  if (cells.length === 0) return new Map();
  const blockOf = new Map(stations.map(({ id, cell }) => [cell, block.get(id)!]));
  const sources = cells.map((cell): Source => ({ ...placeOf(cell), block: blockOf.get(cell)! }));
  const targets = stations.flatMap(({ role, cell }, s) => (role === Role.withheld ? [{ s, ...placeOf(cell) }] : []));
  const sourceOf = stations.map(({ id, role, cell }) => (role === Role.withheld || watched.has(id) ? -1 : cells.indexOf(cell)));
  return new Map(
    [...prior.observed].map(([species, observed]) => {
      const simulated = prior.simulated.get(species)!;
      const { each: misfits, mean } = misfitsOf(observed, simulated, sourceOf, cells.length);
      const [ofEach, ofMean] = [misfits, mean].map((misfit) => interpolateMisfit(sources, misfit, targets));
      const corrected = (change: (time: number, target: number) => number): Float32Array => {
        const out = simulated.slice();
        for (let time = 0; (time + 1) * stations.length <= out.length; time++) {
          targets.forEach(({ s }, j) => (out[time * stations.length + s] = Math.max(0, out[time * stations.length + s] + change(time, j))));
        }
        return out;
      };
      return [species, { interpolated: corrected((time, j) => ofEach[time * targets.length + j]), interpolatedMean: corrected((_, j) => ofMean[j]) }];
    }),
  );
}

/**
 * Observed − simulated of the cells with monitors in the cost, mean over those of a cell.
 *
 * @param sourceOf - index of each station's cell, −1: not in the cost
 * @returns of each time, `[T, cells]`, and over all of them, `[cells]`; NaN without a value
 */
function misfitsOf(
  observed: Float32Array,
  simulated: Float32Array,
  sourceOf: readonly number[],
  cells: number,
): Record<'each' | 'mean', Float64Array> {
  const stations = sourceOf.length;
  const [misfits, counts] = [0, 0].map(() => new Float64Array((observed.length / stations) * cells));
  const [mean, counted] = [0, 0].map(() => new Float64Array(cells));
  for (let i = 0; i < observed.length; i++) {
    const source = sourceOf[i % stations];
    const value = observed[i] - simulated[i];
    if (source < 0 || !Number.isFinite(value)) continue;
    const index = Math.floor(i / stations) * cells + source;
    misfits[index] += value;
    counts[index]++;
    mean[source] += value;
    counted[source]++;
  }
  return { each: misfits.map((sum, k) => sum / counts[k]), mean: mean.map((sum, k) => sum / counted[k]) };
}
