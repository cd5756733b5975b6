// The prior inventory: where the five groups are emitted in January 2017 and at what hour.
import { join } from 'node:path';
import { CellOverlaps, IoapiFile, readCfInventory } from '@retroplume/core';

/** National totals of the paper's prior, Mt a-1 over China (Huang et al. 2021): NOx as NO2, VOC as mass. */
const NATIONAL_TOTALS = { NOx: 20.44, NH3: 10.39, SO2: 14.4, VOC: 23.05, 'PM2.5': 7.19 };

const SECONDS_OF_YEAR = 365 * 86400;

/** Weight of each hour of the Beijing clock (UTC+8), 0 … 23; scaled to a mean of 1 where used. */
const DIURNAL = {
  NOx: [6, 5, 5, 5, 5, 7, 9, 12, 13, 12, 11, 11, 11, 11, 12, 12, 13, 13, 13, 11, 10, 9, 8, 7],
  NH3: [7, 7, 7, 7, 7, 7, 8, 9, 11, 13, 14, 15, 16, 16, 15, 14, 12, 10, 9, 8, 8, 7, 7, 7],
  SO2: [8, 8, 8, 8, 8, 9, 10, 12, 12, 12, 11, 11, 11, 11, 11, 11, 12, 13, 13, 12, 11, 10, 9, 8],
  VOC: [6, 6, 5, 5, 6, 7, 9, 12, 13, 13, 12, 12, 12, 12, 12, 12, 13, 13, 12, 10, 9, 8, 7, 6],
  'PM2.5': [6, 6, 6, 6, 6, 8, 11, 13, 13, 11, 10, 11, 11, 10, 10, 10, 12, 15, 15, 13, 11, 9, 8, 7],
};

/**
 * The Spring Festival of 2017 (27 January to 2 February) as factors on the emissions: traffic and works rest, homes do not. That NO2 falls
 * by a third to a half in these weeks is known from satellites (Tan et al. 2009, doi:10.1016/j.atmosenv.2009.04.048, and later years).
 */
const FESTIVAL = { firstHour: 26 * 24 - 8, NOx: 0.65, NH3: 1, SO2: 0.9, VOC: 0.8, 'PM2.5': 0.95 };

/**
 * January means per group, kg s-1 per cell, `[rows, cols]`, and the factor of an hour.
 *
 * NOx is TROPESS for January, moved conservatively and following, within its 1.125° cells, the CO pattern of the regional inventory.
 * The others mix that NOx pattern N with the CO pattern C; each is scaled to its national total, then to January.
 */
export function makeInventory(terrain, dataDir) {
  const { grid, china, height, lat, land } = terrain;
  const { pattern: co, covered } = carbonMonoxide(grid, dataDir);
  const { january, annual } = nitrogenOxides(grid, dataDir, co);
  const overChina = (map) => map.reduce((sum, value, i) => sum + china[i] * value, 0);
  const normalised = (map) => {
    const total = overChina(map);
    return map.map((value) => value / total);
  };
  const N = normalised(annual);
  // beyond the CO inventory (west of about 100 E) CO follows NOx, in the ratio of the part that both cover
  const shareCovered = N.reduce((sum, value, i) => sum + covered[i] * china[i] * value, 0);
  const coCovered = co.reduce((sum, value, i) => sum + covered[i] * china[i] * value, 0);
  const C = normalised(co.map((value, i) => (covered[i] ? value : (N[i] * coCovered) / shareCovered)));
  const mix = (n) => N.map((value, i) => n * value + (1 - n) * C[i]);
  const farms = normalised(smooth(C, grid, 3).map((value, i) => land[i] * value ** 0.8 * Math.exp(-height[i] / 1500)));
  // the heating season: none south of 30 N, full north of 38 N
  const heating = (extra) => lat.map((at) => 1 + extra * Math.max(0, Math.min(1, (at - 30) / 8)));
  const kilogramsPerSecond = (group) => (NATIONAL_TOTALS[group] * 1e9) / SECONDS_OF_YEAR;
  const scaled = (group, map, seasonal) => map.map((value, i) => value * kilogramsPerSecond(group) * seasonal[i]);
  const same = (factor) => lat.map(() => factor);
  const januaryOverYear = january.map((value, i) => (annual[i] > 0 ? Math.max(0.5, Math.min(2, value / annual[i])) : 1));
  const maps = {
    NOx: scaled('NOx', N, januaryOverYear),
    NH3: scaled('NH3', farms, same(0.5)),
    SO2: scaled('SO2', mix(0.5), heating(0.6)),
    VOC: scaled('VOC', mix(0.4), heating(0.15)),
    'PM2.5': scaled('PM2.5', mix(0.25), heating(0.6)),
  };
  return {
    maps,
    hourFactor: (group, hour) => {
      const diurnal = (24 * DIURNAL[group][(hour + 8) % 24]) / DIURNAL[group].reduce((sum, value) => sum + value, 0);
      return diurnal * (hour >= FESTIVAL.firstHour ? FESTIVAL[group] : 1);
    },
    /** Mt a-1 over China at the January rate, before the festival */
    nationalRate: (group) => (overChina(maps[group]) * SECONDS_OF_YEAR) / 1e9,
  };
}

/** CO of the regional inventory as a density on our grid (any scale), and where that inventory reaches. */
function carbonMonoxide(grid, dataDir) {
  const file = IoapiFile.open(join(dataDir, 'ioapi', 'cmaq_ready.egts_l.2010.01.THU.KNU_27_01.CO.ncf'));
  const hourly = file.read('CO', 0, 24);
  const cells = file.grid.rows * file.grid.cols;
  const mean = new Float64Array(cells);
  for (let i = 0; i < hourly.length; i++) mean[i % cells] += hourly[i] / 24;
  const overlaps = new CellOverlaps(file.grid, grid);
  file.close();
  const amount = overlaps.regrid(mean);
  const reached = overlaps.regrid(new Float64Array(cells).fill(1));
  const covered = Uint8Array.from(reached, (value) => (value > 0.75 ? 1 : 0));
  const floor = (0.02 * amount.reduce((sum, value) => sum + value, 0)) / amount.length;
  // the average where it ends, so that TROPESS's cells at the edge stay even
  return { pattern: amount.map((value, i) => (covered[i] ? value + floor : floor)), covered };
}

/** NOx of TROPESS as NO2, kg s-1 per cell of our grid: January and the mean of the year. */
function nitrogenOxides(grid, dataDir, pattern) {
  const path = join(dataDir, 'china-201701', 'TROPESS_reanalysis_mon_emi_nox_anth_2021.nc');
  // kg N m-2 s-1
  const { cells, fields } = readCfInventory(path, 'nox', 'kg m-2 s-1');
  const amountOf = (months) =>
    Float64Array.from({ length: cells.rows * cells.cols }, (_, i) => {
      const flux = months.reduce((sum, month) => sum + fields[month][i], 0) / months.length;
      return flux * cells.area(Math.floor(i / cells.cols), i % cells.cols) * (46.0055 / 14.0067); // N → NO2
    });
  const overlaps = new CellOverlaps(cells, grid);
  return { january: overlaps.regrid(amountOf([0]), pattern), annual: overlaps.regrid(amountOf([...Array(12).keys()]), pattern) };
}

/** Mean over a square of 2·reach + 1 cells. */
function smooth(map, { rows, cols }, reach) {
  return map.map((_, i) => {
    const [row, col] = [Math.floor(i / cols), i % cols];
    let sum = 0;
    let count = 0;
    for (let r = Math.max(0, row - reach); r <= Math.min(rows - 1, row + reach); r++) {
      for (let c = Math.max(0, col - reach); c <= Math.min(cols - 1, col + reach); c++) {
        sum += map[r * cols + c];
        count++;
      }
    }
    return sum / count;
  });
}
