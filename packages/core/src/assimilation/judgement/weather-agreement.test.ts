import { carrying, isOtherWeather, type CarriedHour } from './weather-agreement';

const SIZE = { rows: 24, cols: 24, cell: 10_000 };

/** A plume that a steady wind carries for two hours; m s-1. */
function hour(hourOfDay: number, u: number, v: number): CarriedHour {
  const cells = SIZE.rows * SIZE.cols;
  const concentrations = new Float32Array(3 * cells);
  const wind = new Float32Array(2 * cells);
  for (let step = 0; step < 3; step++) {
    for (let cell = 0; cell < cells; cell++) {
      const [row, col] = [Math.floor(cell / SIZE.cols), cell % SIZE.cols];
      const [x, y] = [12 + ((step - 1) * 3600 * u) / SIZE.cell, 12 + ((step - 1) * 3600 * v) / SIZE.cell];
      concentrations[step * cells + cell] = Math.exp(-((col - x) ** 2 + (row - y) ** 2) / 18);
      wind.set([u, v], 2 * cell);
    }
  }
  return { hourOfDay, concentrations, wind };
}

const days = [hour(6, 3, 0), hour(6, 0, 3), hour(6, -3, 1), hour(18, 1, -3), hour(18, -2, -2), hour(18, 2, 2)];

test('a run goes with the weather that it was made with', () => {
  const found = carrying(days, SIZE)!;
  expect(found.withOwnWinds).toBeGreaterThan(0.95);
  expect(found.withOtherWinds).toBeLessThan(0.3);
  expect(isOtherWeather(found)).toBe(false);
});

test('with the winds of other days it does not', () => {
  const others = days.map((day, i) => ({ ...day, wind: days[(i + 1) % days.length].wind }));
  expect(isOtherWeather(carrying(others, SIZE)!)).toBe(true);
});

test('of days with one wind nothing can be told', () => {
  expect(carrying([hour(6, 3, 0), hour(6, 3, 0)], SIZE)).toBeUndefined();
});
