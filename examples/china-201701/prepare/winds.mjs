// Daily mean winds on China's land at 1° → hourly winds everywhere on the grid.
import { join } from 'node:path';
import { readCsv } from './sources.mjs';

const LON0 = 60;
const LAT0 = 5;
const COLS = 96; // 60 … 155 E
const ROWS = 61; // 5 … 65 N

/**
 * The reanalysis' surface wind is three times the daily vector mean of Beijing's 12 stations (3.8 against 1.3 m s-1): it is the wind of a
 * layer, not of a mast at 10 m, and stations stand sheltered. Four tenths of it are taken as the wind at 10 m.
 */
const TO_TEN_METRES = 0.4;

/**
 * A function of the hour (0 = 2017-01-01T00Z) that returns `{ u, v }`, `[rows, cols]`, m s-1 towards east and north.
 *
 * The daily means are those of Beijing days (they follow the hourly winds of Beijing best so: r = 0.67 and 0.87 for U and V), so a day's
 * value stands at its noon, 04 UTC, and hours between are linear in time. Over the sea and beyond China the field is the harmonic
 * one (∇²u = 0) that continues the known values: the smoothest, without new extremes.
 */
export function makeWinds(terrain, dataDir) {
  const days = new Map();
  for (const { date, lon, lat, U, V } of readCsv(join(dataDir, 'china-201701', 'wind_1deg_daily_201701.csv.gz'))) {
    if (!days.has(date)) days.set(date, [new Float64Array(ROWS * COLS).fill(NaN), new Float64Array(ROWS * COLS).fill(NaN)]);
    const at = (Number(lat) - LAT0) * COLS + Number(lon) - LON0;
    days.get(date)[0][at] = Number(U);
    days.get(date)[1][at] = Number(V);
  }
  const onGrid = [...days.keys()].sort().map((date) => {
    const [u, v] = days.get(date).map((field) => sample(fillHarmonic(field), terrain));
    return { u, v };
  });
  return (hour) => {
    const position = Math.max(0, Math.min(onGrid.length - 1, (hour + 0.5 - 4) / 24));
    const before = Math.floor(position);
    const after = Math.min(before + 1, onGrid.length - 1);
    const part = position - before;
    const mix = (a, b) => a.map((value, i) => (1 - part) * value + part * b[i]);
    return diurnal(terrain, hour, mix(onGrid[before].u, onGrid[after].u), mix(onGrid[before].v, onGrid[after].v));
  };
}

/** Over land the wind is strongest at 14 h: ± 25 %, the mean cycle of Beijing's 12 stations in this month. */
function diurnal({ lon, land }, hour, u, v) {
  const factor = lon.map((at, i) => TO_TEN_METRES * (1 + 0.25 * land[i] * Math.cos(((hour + 0.5 + at / 15 - 14) * Math.PI) / 12)));
  return { u: u.map((value, i) => value * factor[i]), v: v.map((value, i) => value * factor[i]) };
}

/** Solves ∇² = 0 in the gaps (successive over-relaxation, no flux through the outer edge), the known values held. */
function fillHarmonic(known) {
  const count = known.reduce((n, value) => n + (Number.isNaN(value) ? 0 : 1), 0);
  const mean = known.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : value), 0) / count;
  const out = known.map((value) => (Number.isNaN(value) ? mean : value));
  for (let sweep = 0; sweep < 400; sweep++) {
    for (let row = 0; row < ROWS; row++) {
      for (let col = 0; col < COLS; col++) {
        const i = row * COLS + col;
        if (!Number.isNaN(known[i])) continue;
        const south = out[row > 0 ? i - COLS : i + COLS];
        const north = out[row < ROWS - 1 ? i + COLS : i - COLS];
        const west = out[col > 0 ? i - 1 : i + 1];
        const east = out[col < COLS - 1 ? i + 1 : i - 1];
        out[i] += 1.8 * ((south + north + west + east) / 4 - out[i]);
      }
    }
  }
  return out;
}

/** Bilinear interpolation from the 1° lattice to the cells. */
function sample(field, { lon, lat }) {
  return lon.map((_, i) => {
    const x = Math.max(0, Math.min(COLS - 1.001, lon[i] - LON0));
    const y = Math.max(0, Math.min(ROWS - 1.001, lat[i] - LAT0));
    const at = Math.floor(y) * COLS + Math.floor(x);
    const [fx, fy] = [x % 1, y % 1];
    return (1 - fy) * ((1 - fx) * field[at] + fx * field[at + 1]) + fy * ((1 - fx) * field[at + COLS] + fx * field[at + COLS + 1]);
  });
}
