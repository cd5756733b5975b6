/**
 * The wind that is made of WDIR10 held against that of METDOT3D's lowest layer, which MCIP turns by nothing.
 *
 * WRF's surface layer gives U10 and V10 the direction of its lowest layer: in a real run of 53 m layers they lay 0.05° apart on average, and less than
 * 0.25° in nine of ten cells. Angles of MCIP's that are wrong grow with the distance from the middle and may cancel over a grid, so that each cell is looked at.
 */
import { type TimeAxis, timeAt } from '../grid/grid';
import type { IoapiReader } from '../files/ioapi/ioapi-file';
import { readMeteorology } from './meteorology';
import { firstStepOf } from '../files/ioapi/period-steps';

/** Degrees, the mean of cells: surface layers that turn the wind themselves, and corners that are means of four faces, stay below it. */
const MOST = 5;
/** Hours that are looked at, spread over the period. */
const SAMPLED = 24;

/** A sentence where the two lie farther apart than a lowest layer lies from 10 m; undefined also where the files do not hold both. */
export function windDoubt(reader: IoapiReader, period: TimeAxis): string | undefined {
  const pair = reader.lowestWind;
  if (!pair) return undefined;
  const first = firstStepOf(reader, period);
  const cells = reader.grid.rows * reader.grid.cols;
  const [alongGrid, acrossGrid] = [new Float64Array(cells), new Float64Array(cells)];
  const hours = Math.min(SAMPLED, period.count);
  for (let hour = 0; hour < hours; hour++) {
    const step = Math.floor((hour * period.count) / hours);
    const ten = readMeteorology(reader, { ...period, start: timeAt(period, step), count: 1 }, ['u', 'v']);
    const { u, v } = pair.read(first + step);
    for (let cell = 0; cell < cells; cell++) {
      const [east, north] = [ten[2 * cell], ten[2 * cell + 1]];
      if (!Number.isFinite(u[cell] + v[cell])) continue;
      alongGrid[cell] += east * u[cell] + north * v[cell];
      acrossGrid[cell] += north * u[cell] - east * v[cell];
    }
  }
  const degrees = meanAngle(alongGrid, acrossGrid);
  if (!(degrees > MOST)) return undefined;
  return (
    `the wind of WDIR10 and that of ${pair.names.join(', ')} in METDOT3D's lowest layer lie ${degrees.toFixed(1)}° apart, as a mean of cells, where runs of WRF have less than 1°: ` +
    "WDIR10 was turned by another angle than is taken, or the files are of two runs; METDOT3D's wind is turned by nothing"
  );
}

/** Of the cells' mean angles, each counted as its winds are strong; degrees. */
function meanAngle(alongGrid: Float64Array, acrossGrid: Float64Array): number {
  let [sum, weights] = [0, 0];
  alongGrid.forEach((dot, cell) => {
    const weight = Math.hypot(dot, acrossGrid[cell]);
    sum += weight * Math.abs(Math.atan2(acrossGrid[cell], dot));
    weights += weight;
  });
  return weights === 0 ? 0 : ((sum / weights) * 180) / Math.PI;
}
