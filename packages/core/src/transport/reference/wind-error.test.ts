import { Grid } from '../../grid/grid';
import { GRID } from '../testing/small-case';
import { WindError, type WindErrorSettings } from './wind-error';

const SETTINGS: WindErrorSettings = { speed: 0.12, direction: 10, lengthKm: 60, lengthHours: 12, seed: 3 };
const at = (hour: number): Date => new Date(Date.UTC(2026, 6, 6, hour));
/** Cells of 27 km, 60 km apart in correlation: some hundred independent places. */
const WIDE = new Grid({ ...GRID.definition, cols: 40, rows: 40 });

/** ln of the factor on the speed, and the angle in degrees, of a wind of 4 m s-1 from the west, at some hours. */
function errors(settings: WindErrorSettings, hours: number[], grid = WIDE): { speed: Float64Array; direction: Float64Array }[] {
  const error = new WindError(grid, settings);
  const cells = grid.rows * grid.cols;
  return hours.map((hour) => {
    const { u, v } = error.perturb(new Float32Array(cells).fill(4), new Float32Array(cells), at(hour));
    return {
      speed: Float64Array.from(u, (value, cell) => Math.log(Math.hypot(value, v[cell]) / 4)),
      direction: Float64Array.from(u, (value, cell) => (Math.atan2(v[cell], value) * 180) / Math.PI),
    };
  });
}

/** Mean of the products of two fields, of mean 0 both. */
const product = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0) / a.length;
const average = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('WindError', () => {
  it('gives an hour the same bits whatever was asked for before, and others with another seed', () => {
    const [, , later] = errors(SETTINGS, [0, 1, 30]);
    const [alone, before] = errors(SETTINGS, [30, 2]);
    expect(alone).toEqual(later);
    expect(before).toEqual(errors(SETTINGS, [2])[0]);
    expect(errors({ ...SETTINGS, seed: 4 }, [30])[0]).not.toEqual(alone);
  });

  it('is another for each draw, and none of them is that without a draw', () => {
    const all = [undefined, 1, 2].map((draw) => errors({ ...SETTINGS, draw }, [30])[0]);
    for (const [i, one] of all.entries()) {
      for (const other of all.slice(0, i)) expect(Math.abs(product(one.speed, other.speed))).toBeLessThan(0.4 * SETTINGS.speed ** 2);
    }
    expect(errors({ ...SETTINGS, draw: 2 }, [30])[0]).toEqual(all[2]);
  });

  it('has the deviations, the correlation time and the correlation length that were asked for', () => {
    const hours = Array.from({ length: 40 }, (_, i) => 37 * i); // three correlation times apart: independent
    const now = errors(SETTINGS, hours);
    const later = errors(
      SETTINGS,
      hours.map((hour) => hour + 12),
    );
    // 40 times some 200 places of 60 km: the variances below are known to some 2 %, and correlations to as much.
    for (const [name, deviation] of [
      ['speed', 0.12],
      ['direction', 10],
    ] as const) {
      const variance = average(now.map((each) => product(each[name], each[name])));
      expect(Math.abs(variance / deviation ** 2 - 1)).toBeLessThan(0.06);
      const inTime = average(now.map((each, i) => product(each[name], later[i][name]))) / variance;
      expect(Math.abs(inTime - Math.exp(-1 / 2))).toBeLessThan(0.06);
      const east = (field: Float64Array): Float64Array => field.filter((_, cell) => cell % WIDE.cols >= 2);
      const west = (field: Float64Array): Float64Array => field.filter((_, cell) => cell % WIDE.cols < WIDE.cols - 2);
      const inSpace = average(now.map((each) => product(east(each[name]), west(each[name])))) / variance;
      expect(Math.abs(inSpace - Math.exp(-((54 / 60) ** 2) / 2))).toBeLessThan(0.06);
    }
    expect(Math.abs(average(now.map(({ speed, direction }) => product(speed, direction))) / (0.12 * 10))).toBeLessThan(0.06);
  });

  it('turns and stretches, and leaves winds alone where both deviations are 0', () => {
    const [u, v] = [new Float32Array(80).fill(3), new Float32Array(80).fill(-4)];
    expect(new WindError(GRID, { ...SETTINGS, speed: 0, direction: 0 }).perturb(u, v, at(5))).toEqual({ u, v });
    const turned = new WindError(GRID, { ...SETTINGS, speed: 0 }).perturb(u, v, at(5));
    turned.u.forEach((east, cell) => expect(Math.abs(Math.hypot(east, turned.v[cell]) - 5)).toBeLessThan(1e-5));
    const stretched = new WindError(GRID, { ...SETTINGS, direction: 0 }).perturb(u, v, at(5));
    stretched.u.forEach((east, cell) => expect(Math.abs(stretched.v[cell] / east + 4 / 3)).toBeLessThan(1e-6));
  });
});
