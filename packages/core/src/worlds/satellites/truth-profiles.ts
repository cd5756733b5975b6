/**
 * The truth's air as a satellite sees it at an instant: how much of a gas lies below each pressure. Read from the layers that the truth run leaves, by code that shares
 * nothing with that of the comparison (columns/), so that the one is judged by the other.
 */
import { DataError } from '../../base/errors';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { timeAt, type Grid } from '../../grid/grid';
import { conversion } from '../../units/units';

/** kg mol-1, m s-2: of dry air, as CMAQ and MCIP have them. */
const [AIR_MOLAR_MASS, GRAVITY] = [28.9628e-3, 9.81];

/** Of one instant. */
export interface TruthProfiles {
  layers: number;
  /** Pa, `[layers + 1, cells]`, the ground's first */
  pressures: Float64Array;
  /** mol m-2, `[layers, cells]` */
  amounts: Float64Array;
}

/**
 * The profiles of a gas at a time, linear between the two instants of the file around it.
 *
 * @param paths - files of the run's layers, which hold the gas in a unit of mole fractions
 * @param airPaths - files with PRES, DENS, ZF and ZH of these layers
 * @returns undefined where the files hold no instants around the time
 */
export function truthProfilesAt(
  paths: readonly string[],
  airPaths: readonly string[],
  { grid, variable, time }: { grid: Grid; variable: string; time: number },
): TruthProfiles | undefined {
  const gas = stepsAround(paths, grid, time);
  const air = stepsAround(airPaths, grid, time);
  if (!gas || !air) return undefined;
  const [first, second] = [0, 1].map((i) => profilesOf(gas.steps[i], air.steps[i], grid, variable));
  const mix = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value + gas.part * (b[i] - value));
  return { layers: first.layers, pressures: mix(first.pressures, second.pressures), amounts: mix(first.amounts, second.amounts) };
}

interface Step {
  path: string;
  step: number;
}

interface Instant extends Step {
  /** ms since 1970 */
  date: number;
}

/** The instants before and after a time, and how much of the way from one to the other it is. */
function stepsAround(paths: readonly string[], grid: Grid, time: number): { steps: [Step, Step]; part: number } | undefined {
  let [earlier, later]: [Instant | undefined, Instant | undefined] = [undefined, undefined];
  for (const path of paths) {
    const file = IoapiFile.open(path, { grid });
    file.close();
    for (let step = 0; step < file.time.count; step++) {
      const date = timeAt(file.time, step).getTime();
      if (date <= time && !(earlier && earlier.date >= date)) earlier = { path, step, date };
      if (date >= time && !(later && later.date <= date)) later = { path, step, date };
    }
  }
  if (!earlier || !later) return undefined;
  return { steps: [earlier, later], part: later.date > earlier.date ? (time - earlier.date) / (later.date - earlier.date) : 0 };
}

function profilesOf(gas: Step, air: Step, grid: Grid, variable: string): TruthProfiles {
  const gasFile = IoapiFile.open(gas.path, { grid });
  const airFile = IoapiFile.open(air.path, { grid });
  try {
    const { layers } = airFile;
    if (gasFile.layers !== layers) {
      throw new DataError(
        'LAYERS_DIFFER',
        `${gas.path}: expected ${layers} layers as in ${air.path} but received ${gasFile.layers}: give files of one run`,
      );
    }
    const units = gasFile.variables.find(({ name }) => name === variable)?.units ?? 'ppbV';
    const moleFraction = conversion(units, 'mol mol-1', { subject: `${gas.path}: ${variable}` }).scale;
    const [values, pressure, density, top, middle] = [
      gasFile.read(variable, gas.step, 1),
      ...['PRES', 'DENS', 'ZF', 'ZH'].map((name) => airFile.read(name, air.step, 1)),
    ];
    const cells = grid.rows * grid.cols;
    const pressures = new Float64Array((layers + 1) * cells);
    const amounts = Float64Array.from(values, (value, i) => {
      const bottom = i < cells ? 0 : top[i - cells];
      return (moleFraction * value * density[i] * (top[i] - bottom)) / AIR_MOLAR_MASS;
    });
    for (let i = 0; i < cells; i++) {
      // ln p is linear in height between the middles of layers, and falls by g · density / p a metre beyond the outermost.
      pressures[i] = Math.exp(Math.log(pressure[i]) + (GRAVITY * density[i] * middle[i]) / pressure[i]);
      for (let k = 1; k < layers; k++) {
        const [low, high] = [(k - 1) * cells + i, k * cells + i];
        const slope = Math.log(pressure[high] / pressure[low]) / (middle[high] - middle[low]);
        pressures[high] = pressure[low] * Math.exp(slope * (top[low] - middle[low]));
      }
      const last = (layers - 1) * cells + i;
      pressures[layers * cells + i] = pressure[last] * Math.exp((-GRAVITY * density[last] * (top[last] - middle[last])) / pressure[last]);
    }
    return { layers, pressures, amounts };
  } finally {
    gasFile.close();
    airFile.close();
  }
}

/**
 * The gas of a cell between a satellite's pressures. The model's air is stretched, its top held, onto the ground that the satellite takes.
 *
 * @param edges - Pa, from the ground up
 * @returns mol m-2 between them, and the part of each interval that lies below the model's top
 */
export function amountsBetween(profiles: TruthProfiles, cell: number, edges: ArrayLike<number>): { amounts: Float64Array; covered: Float64Array } {
  const { layers, pressures, amounts } = profiles;
  const cells = amounts.length / layers;
  const top = pressures[layers * cells + cell];
  const stretch = (pressures[cell] - top) / (edges[0] - top);
  const count = edges.length - 1;
  const [sums, covered] = [new Float64Array(count), new Float64Array(count)];
  for (let l = 0; l < count; l++) {
    const [low, high] = [edges[l], edges[l + 1]];
    covered[l] = Math.max(0, Math.min(1, (low - Math.max(top, high)) / (low - high)));
    // In the model's pressures.
    const [bottom, ceiling] = [top + stretch * (low - top), top + stretch * (high - top)];
    for (let k = 0; k < layers; k++) {
      const [layerBottom, layerTop] = [pressures[k * cells + cell], pressures[(k + 1) * cells + cell]];
      const common = Math.min(bottom, layerBottom) - Math.max(ceiling, layerTop);
      if (common > 0) sums[l] += (common / (layerBottom - layerTop)) * amounts[k * cells + cell];
    }
  }
  return { amounts: sums, covered };
}
