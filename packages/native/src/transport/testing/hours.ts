/** Hours of weather and emissions for the tests of the transport model. */
import type { TransportGrid, TransportHour, TransportModel, TransportSpecies } from '../transport';

export const NO_PROCESS = { emission: false, transport: false, vertical: false, chemistry: false, dryDeposition: false, wetDeposition: false };

/** A small linear congruential generator (Numerical Recipes): the tests' numbers are the same everywhere. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function field(grid: TransportGrid, value: number | ((row: number, col: number) => number)): Float64Array {
  return Float64Array.from({ length: grid.rows * grid.cols }, (_, cell) =>
    typeof value === 'number' ? value : value(Math.floor(cell / grid.cols), cell % grid.cols),
  );
}

type Value = number | ((row: number, col: number) => number);
type HourValues = Partial<Record<Exclude<keyof TransportHour, 'emissions'>, Value>> & { emissions?: (row: number, col: number) => number[] };

/** An hour that is calm, dry, dark and 288 K, without emissions, except for what is given. @param groups - number of emission groups */
export function hourOf(grid: TransportGrid, values: HourValues = {}, groups = 5): TransportHour {
  const { emissions, ...fields } = values;
  const calm: Record<string, Value> = {
    windU: 0,
    windV: 0,
    temperature: 288,
    boundaryLayerHeight: 500,
    humidity: 0,
    radiation: 0,
    rain: 0,
    ...fields,
  };
  const weather = Object.fromEntries(Object.entries(calm).map(([name, value]) => [name, field(grid, value)]));
  const emitted = new Float64Array(grid.rows * grid.cols * groups);
  if (emissions)
    for (let cell = 0; cell < grid.rows * grid.cols; cell++) emitted.set(emissions(Math.floor(cell / grid.cols), cell % grid.cols), cell * groups);
  return { ...(weather as unknown as TransportHour), emissions: emitted };
}

/** Where a species' plane begins in `state()`; 'air' is the last. */
function planeOffset(model: TransportModel, grid: TransportGrid, species: TransportSpecies | 'air', layer = 0): number {
  const { carried } = model;
  const index = species === 'air' ? carried.length : carried.indexOf(species);
  return (index * model.layers + layer) * grid.rows * grid.cols;
}

export function plane(model: TransportModel, grid: TransportGrid, species: TransportSpecies | 'air', layer = 0): Float64Array {
  const begin = planeOffset(model, grid, species, layer);
  return model.state().slice(begin, begin + grid.rows * grid.cols);
}

/** Puts values into a species of layer 0. */
export function setPlane(model: TransportModel, grid: TransportGrid, species: TransportSpecies, value: (row: number, col: number) => number): void {
  const state = model.state();
  state.set(field(grid, value), planeOffset(model, grid, species));
  model.restore(state);
}

/** A calm hour, which fills the layers with air and moves nothing, then primary particles with the given values. */
export async function start(model: TransportModel, grid: TransportGrid, value: (row: number, col: number) => number): Promise<void> {
  await model.advanceHour(hourOf(grid));
  setPlane(model, grid, 'PPM', value);
}

/**
 * The weather of a day around a city in the middle of the grid, UTC = local time; `season` sets sun, warmth and boundary layer.
 * The wind turns slowly, so that the plume is spread over a sector east of the city.
 */
export function cityHour(grid: TransportGrid, season: 'winter' | 'summer', hour: number, factors = [1, 1, 1, 1, 1]): TransportHour {
  const summer = season === 'summer';
  const sun = Math.max(0, Math.sin((((hour % 24) - (summer ? 5 : 7)) / (summer ? 14 : 10)) * Math.PI));
  const turn = 0.5 * Math.sin(hour / 9);
  return hourOf(grid, {
    windU: 3 * Math.cos(turn),
    windV: 3 * Math.sin(turn),
    temperature: (summer ? 296 : 276) + 5 * sun,
    boundaryLayerHeight: (summer ? 200 : 250) + (summer ? 1200 : 450) * sun,
    humidity: summer ? 0.013 : 0.0032,
    radiation: (summer ? 850 : 420) * sun,
    // mol s-1 (PM2.5 g s-1) per 27 km cell: a city of several million, and open country
    emissions: (row, col) => {
      const city = Math.exp(-((row - grid.rows / 2) ** 2 + (col - grid.cols / 3) ** 2) / 4);
      const country = summer ? 0.02 : 0.05;
      const strength = country + city;
      return [35 * strength, 6 * (strength + 0.5), 18 * strength, 60 * strength, 800 * strength].map((value, group) => value * factors[group]);
    },
  });
}
