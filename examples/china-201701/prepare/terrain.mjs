// Where the cells lie and what is under them: longitude, latitude, height, land or water, China or not.
import { join } from 'node:path';
import { isInside, readNpy, readPolygons, worldLand } from './sources.mjs';

/** All fields `[rows, cols]`, south to north: `lon`, `lat` (degrees), `height` (m), `land` and `china` (0 or 1). */
export function makeTerrain(grid, dataDir) {
  const size = grid.rows * grid.cols;
  const [lon, lat, height, land, china] = Array.from({ length: 5 }, () => new Float32Array(size));
  const elevation = readNpy(join(dataDir, 'geography', 'altitude_0.05deg_100-128E_16-48N.npy'));
  const provinces = readPolygons(join(dataDir, 'geography', 'china_provinces_echarts4.geojson'));
  const continents = worldLand();
  for (let i = 0; i < size; i++) {
    const centre = grid.centre(Math.floor(i / grid.cols), i % grid.cols);
    lon[i] = centre.lon;
    lat[i] = centre.lat;
    land[i] = isInside(continents, centre.lon, centre.lat) ? 1 : 0;
    china[i] = isInside(provinces, centre.lon, centre.lat) ? 1 : 0;
    height[i] = land[i] * Math.max(0, meanElevation(elevation, centre.lon, centre.lat) ?? sketchedElevation(centre.lon, centre.lat));
  }
  return { grid, lon, lat, height, land, china };
}

/** Mean over 0.25° about a place; undefined outside the data (100–128 E, 16–48 N). */
function meanElevation({ shape, data }, lon, lat) {
  const [rows, cols] = shape;
  const row = Math.round((48.025 - lat) / 0.05);
  const col = Math.round((lon - 100.025) / 0.05);
  if (row < 2 || col < 2 || row > rows - 3 || col > cols - 3) return undefined;
  let sum = 0;
  for (let r = row - 2; r <= row + 2; r++) for (let c = col - 2; c <= col + 2; c++) sum += data[r * cols + c];
  return sum / 25;
}

/** Where the elevation data end: plateaus by hand (Tibet 4700 m, Mongolia and Dzungaria 1300 m, Tarim 1100 m), lowlands elsewhere. */
function sketchedElevation(lon, lat) {
  const step = (x) => 1 / (1 + Math.exp(-x));
  const tibet = 4700 * step((lat - 28) * 2) * step((36.5 - lat) * 2) * step((lon - 76) * 1.5) * step((104 - lon) * 1.5);
  const inner = lon < 122 ? 1200 * step((lat - 36) * 1.5) * step((lon - 72) * 1) * step((122 - lon) * 0.7) : 300;
  return Math.max(tibet, inner, 200);
}
