import { type Random } from '../base/random';
import { type DemoGeography } from './demo-geography';

interface DemoStation {
  id: string;
  lon: number;
  lat: number;
}

/**
 * Monitors as networks have them: most where people live (probability ∝ people^0.85, at most two in a cell), every sixth one
 * anywhere on land; none within one cell of the grid's edge, where the boundary's concentrations rule.
 *
 * @param people - people per cell, any scale, `[rows, cols]`
 */
export function placeStations(geography: DemoGeography, people: Float64Array, count: number, random: Random): DemoStation[] {
  const { grid, land } = geography;
  const inside = (i: number): boolean => {
    const row = Math.floor(i / grid.cols);
    const col = i % grid.cols;
    return land[i] === 1 && row > 0 && col > 0 && row < grid.rows - 1 && col < grid.cols - 1;
  };
  const urban = cumulative(people.map((p, i) => (inside(i) ? p ** 0.85 : 0)));
  const rural = cumulative(people.map((_, i) => (inside(i) ? 1 : 0)));
  const perCell = new Map<number, number>();
  const stations: DemoStation[] = [];
  for (let attempt = 0; stations.length < count; attempt++) {
    const cell = pick(stations.length % 6 === 5 ? rural : urban, random.uniform());
    // a small grid may not have room for two in a cell: after many tries let them share
    if ((perCell.get(cell) ?? 0) >= 2 && attempt < 50 * count) continue;
    perCell.set(cell, (perCell.get(cell) ?? 0) + 1);
    const offsetX = 0.8 * (random.uniform() - 0.5) * grid.definition.xcell;
    const offsetY = 0.8 * (random.uniform() - 0.5) * grid.definition.ycell;
    const [lon, lat] = grid.toLonLat(
      grid.definition.xorig + ((cell % grid.cols) + 0.5) * grid.definition.xcell + offsetX,
      grid.definition.yorig + (Math.floor(cell / grid.cols) + 0.5) * grid.definition.ycell + offsetY,
    );
    stations.push({ id: `R${String(stations.length + 1).padStart(3, '0')}`, lon, lat });
  }
  return stations;
}

function cumulative(weights: Float64Array): Float64Array {
  let sum = 0;
  return weights.map((weight) => (sum += weight));
}

/** The index whose share of the running sum holds the fraction `u`. */
function pick(running: Float64Array, u: number): number {
  const target = u * running[running.length - 1];
  let low = 0;
  let high = running.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (running[middle] > target) high = middle;
    else low = middle + 1;
  }
  return low;
}
