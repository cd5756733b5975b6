// Temperature, humidity, pressure, boundary layer, radiation and rain of January from climatology, anchored on Beijing's hourly series.
import { join } from 'node:path';
import { clearSkyIrradiance, cloudTransmission, cosSolarZenith, saturationMixingRatio } from '@retroplume/core';
import { readCsv } from './sources.mjs';

const START = Date.UTC(2017, 0, 1);
const BEIJING = { lon: 116.4, lat: 39.9 };

/** A function of the hour and of the wind that returns TEMP2, Q2, PRSFC, PBL, RGRND, RN in MCIP's units, `[rows, cols]` each. */
export function makeWeather(terrain, dataDir) {
  const { lon, lat, height, land } = terrain;
  const anomaly = beijingAnomaly(join(dataDir, 'china-201701', 'beijing_hourly_201701.csv.gz'));
  const cloud = lon.map((_, i) => cloudCover(lon[i], lat[i]));
  const reach = lon.map((_, i) => Math.exp(-(((lat[i] - BEIJING.lat) / 12) ** 2 + ((lon[i] - BEIJING.lon) / 16) ** 2)));
  return (hour, { u, v }) => {
    const time = START + (hour + 0.5) * 3600e3;
    const { temperature, wetness } = anomaly(hour);
    const fields = Object.fromEntries(['TEMP2', 'Q2', 'PRSFC', 'PBL', 'RGRND', 'RN'].map((name) => [name, new Float32Array(lon.length)]));
    for (let i = 0; i < lon.length; i++) {
      const solarHour = hour + 0.5 + lon[i] / 15;
      const dayWave = Math.cos(((solarHour - 15) * Math.PI) / 12);
      const local = 273.15 + seaLevelMean(lat[i]) - 0.005 * height[i] + (land[i] ? (3.4 + 0.001 * height[i]) * (1 - 0.5 * cloud[i]) * dayWave : 5 * (1 - Math.min(1, lat[i] / 60)));
      fields.TEMP2[i] = local + reach[i] * temperature;
      fields.PRSFC[i] = 102600 * Math.exp((-9.81 * height[i]) / (287 * fields.TEMP2[i]));
      const humidity = 0.38 + 0.42 * cloud[i] + (land[i] ? -0.1 * dayWave : 0.15) + reach[i] * wetness;
      fields.Q2[i] = Math.max(0.1, Math.min(0.97, humidity)) * saturationMixingRatio(fields.TEMP2[i], fields.PRSFC[i]);
      fields.RGRND[i] = clearSkyIrradiance(cosSolarZenith(time, lon[i], lat[i])) * cloudTransmission(cloud[i]);
      fields.PBL[i] = boundaryLayer(land[i], solarHour, cloud[i], Math.hypot(u[i], v[i]), lat[i]);
      fields.RN[i] = rain(lon[i], lat[i]);
    }
    return fields;
  };
}

/** January mean at sea level (°C): 15 at 23 N, −1 at 40 N (Beijing's mean of this month is −1.4), steeper beyond. */
function seaLevelMean(lat) {
  return lat < 40 ? 15 - 0.95 * (lat - 23) : -1.15 - 1.8 * (lat - 40);
}

/** January mean cloud cover: clear north and west, overcast south and over Sichuan and Guizhou. */
function cloudCover(lon, lat) {
  const south = 1 / (1 + Math.exp((lat - 31.5) / 2));
  const basin = Math.exp(-(((lon - 106) / 4) ** 2) - ((lat - 28.5) / 3) ** 2);
  return Math.min(0.9, 0.4 + 0.25 * south + 0.25 * basin);
}

/** Winter layer (m): stable at night, 650–900 m at 15 h under a clear sky, deeper with wind; steady over the sea. */
function boundaryLayer(land, solarHour, cloud, speed, lat) {
  if (!land) return 350 + 45 * speed;
  const hour = ((solarHour % 24) + 24) % 24;
  const grown = hour < 9 || hour > 18.5 ? 0 : hour < 15 ? Math.sin(((hour - 9) * Math.PI) / 12) : Math.cos(((hour - 15) * Math.PI) / 7);
  const deepest = (900 - 8 * Math.max(0, lat - 23)) * (1 - 0.35 * cloud);
  return Math.min(2500, 120 + 40 * speed + grown * (deepest - 120 + 25 * speed));
}

/** Mean rain as a steady drizzle (cm per hour): 60 mm in the month in the south-east, 3 mm in north and west. */
function rain(lon, lat) {
  const wet = (1 / (1 + Math.exp((lat - 31) / 1.5))) * (1 / (1 + Math.exp((104 - lon) / 2)));
  return (0.3 + 5.7 * wet) / 744;
}

/** Deviation of Beijing's days from its month: temperature (K) and relative humidity (fraction), linear between noons. */
function beijingAnomaly(path) {
  const days = Array.from({ length: 31 }, () => ({ temperature: [], humidity: [] }));
  for (const row of readCsv(path)) {
    const [temperature, dewPoint] = [Number.parseFloat(row.temp_c), Number.parseFloat(row.dewpoint_c)];
    if (!Number.isFinite(temperature) || !Number.isFinite(dewPoint)) continue;
    const day = days[Number(row.time_local.slice(8, 10)) - 1];
    day.temperature.push(temperature);
    day.humidity.push(saturationMixingRatio(dewPoint + 273.15, 102300) / saturationMixingRatio(temperature + 273.15, 102300));
  }
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const daily = days.map(({ temperature, humidity }) => ({ temperature: mean(temperature), humidity: mean(humidity) }));
  const month = { temperature: mean(daily.map((day) => day.temperature)), humidity: mean(daily.map((day) => day.humidity)) };
  return (hour) => {
    const position = Math.max(0, Math.min(30, (hour + 0.5 - 4) / 24));
    const [before, after, part] = [Math.floor(position), Math.min(30, Math.floor(position) + 1), position % 1];
    const at = (key) => (1 - part) * daily[before][key] + part * daily[after][key] - month[key];
    return { temperature: at('temperature'), wetness: at('humidity') };
  };
}
