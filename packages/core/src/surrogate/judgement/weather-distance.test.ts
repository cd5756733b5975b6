import { sourceOf } from '../../fields/training-period';
import { CELLS, METEOROLOGY, tinyPeriod } from '../testing/tiny-world';
import { isNew, newWeatherInWords, WeatherRange } from './weather-distance';

const trained = tinyPeriod('winter', 1);
const variables = METEOROLOGY.length;

/** The training's weather with a change of one variable in the first cells of each hour. */
function changed(name: string, variable: number, cells: number, change: (value: number) => number): ReturnType<typeof sourceOf> {
  const meteorology = trained.meteorology.map((value, i) =>
    i % variables === variable && Math.floor(i / variables) % CELLS < cells ? change(value) : value,
  );
  return sourceOf({ ...trained, name, meteorology });
}

it('is the part of the values outside what the variable was in the cell', () => {
  const range = new WeatherRange(sourceOf(trained));
  expect(range.newIn(sourceOf(trained)).beyond).toBe(0);
  const hot = range.newIn(changed('summer', 1, CELLS / 2, () => 1e3));
  expect(hot).toEqual({
    period: 'summer',
    beyond: 0.5 / variables,
    variables: [{ name: METEOROLOGY[1], beyond: 0.5 }, ...['u', 'inversePbl'].map((name) => ({ name, beyond: 0 }))],
  });
  expect(range.newIn(changed('autumn', 2, CELLS, () => -1e3)).variables[0]).toEqual({ name: METEOROLOGY[2], beyond: 1 });
});

it('shrinks with each period that is trained in', () => {
  const summer = changed('summer', 0, CELLS, (value) => value + 1e3);
  const range = new WeatherRange(sourceOf(trained));
  expect(range.newIn(summer).beyond).toBeCloseTo(1 / variables, 9);
  expect(range.add(summer).newIn(summer).beyond).toBe(0);
  // Between the two nothing was shown, but the range has it: a gap is not seen.
  expect(range.newIn(changed('spring', 0, CELLS, () => 500)).beyond).toBe(0);
});

it('is told above a fifth of all values', () => {
  const range = new WeatherRange(sourceOf(trained));
  const summer = range.newIn(changed('summer', 0, CELLS, () => 1e3));
  expect(isNew(summer)).toBe(true);
  expect(newWeatherInWords(summer)).toBe('summer: 33 % of the weather lies outside that of the training, most of all u (100 %) and v (0 %)');
  expect(isNew(range.newIn(changed('march', 0, CELLS / 2, () => 1e3)))).toBe(false);
});
