// Temperature, humidity, pressure, boundary layer, radiation and rain of January from climatology, anchored on Beijing's hourly series.
import { join } from 'node:path';
import { clearSkyIrradiance, cosSolarZenith, saturationMixingRatio, solarDeclination } from '@retroplume/core';
import { readCsv } from './sources.mjs';

const START = Date.UTC(2017, 0, 1);
const BEIJING = { lon: 116.4, lat: 39.9 };

/** A function of the hour and of the wind that returns TEMP2, Q2, PRSFC, PBL, RGRND, RN in MCIP's units, `[rows, cols]` each. */
export function makeWeather(terrain, dataDir) {
  const { lon, lat, height, land } = terrain;
  const anomaly = beijingAnomaly(join(dataDir, 'china-201701', 'beijing_hourly_201701.csv.gz'));
  const clear = lon.map((_, i) => clearness(lon[i], lat[i]));
  const cloud = clear.map((value) => 1 - value);
  const reach = lon.map((_, i) => Math.exp(-(((lat[i] - BEIJING.lat) / 12) ** 2 + ((lon[i] - BEIJING.lon) / 16) ** 2)));
  return (hour, { u, v }) => {
    const time = START + (hour + 0.5) * 3600e3;
    const { temperature, wetness } = anomaly(hour);
    const declination = solarDeclination(time);
    const fields = Object.fromEntries(['TEMP2', 'Q2', 'PRSFC', 'PBL', 'RGRND', 'RN'].map((name) => [name, new Float32Array(lon.length)]));
    for (let i = 0; i < lon.length; i++) {
      const solarHour = hour + 0.5 + lon[i] / 15;
      const dayWave = Math.cos(((solarHour - 15) * Math.PI) / 12);
      const local = 273.15 + seaLevelMean(lat[i]) - 0.005 * height[i] + (land[i] ? (3 + 0.001 * height[i]) * (1 - 0.5 * cloud[i]) * dayWave : 5 * (1 - Math.min(1, lat[i] / 60)));
      fields.TEMP2[i] = local + reach[i] * temperature;
      fields.PRSFC[i] = 102600 * Math.exp((-9.81 * height[i]) / (287 * fields.TEMP2[i]));
      const humidity = 0.36 + 0.6 * cloud[i] + (land[i] ? -0.1 * dayWave : 0.15) + reach[i] * wetness;
      fields.Q2[i] = Math.max(0.1, Math.min(0.97, humidity)) * saturationMixingRatio(fields.TEMP2[i], fields.PRSFC[i]);
      fields.RGRND[i] = clearSkyIrradiance(cosSolarZenith(time, lon[i], lat[i], declination)) * clear[i];
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

/**
 * What clouds and haze leave of the clear sky's radiation in a January: 80 % in north and west, 48 % south of the Yangtze, down to 30 %
 * over Sichuan, Guizhou and Hunan (monthly sums of about 9 MJ m-2 d-1 in Beijing, 8.6 in Guangzhou, 6.8 in Wuhan, 4.5 in Chengdu).
 */
function clearness(lon, lat) {
  const south = 1 / (1 + Math.exp((lat - 31.5) / 2));
  const basin = Math.exp(-(((lon - 107) / 6) ** 2) - ((lat - 28.5) / 3.5) ** 2);
  return 0.8 - 0.32 * south - 0.22 * basin;
}

/** Winter layer (m): stable at night, 450–550 m at 15 h under a clear sky and without wind, deeper with wind; steady over the sea. */
function boundaryLayer(land, solarHour, cloud, speed, lat) {
  if (!land) return 350 + 60 * speed;
  const hour = ((solarHour % 24) + 24) % 24;
  const grown = hour < 9.5 || hour > 18.5 ? 0 : hour < 15 ? Math.sin(((hour - 9.5) * Math.PI) / 11) : Math.cos(((hour - 15) * Math.PI) / 7);
  const deepest = (530 - 4 * Math.max(0, lat - 23)) * (1 - 0.35 * cloud);
  return Math.min(2500, 80 + 50 * speed + grown * (deepest - 80 + 30 * speed));
}

/** Mean rain as a steady drizzle (cm per hour): 30 mm in the month in the south-east (half of what falls: a steady drizzle
 * washes out more than showers of the same sum), none in north and west. */
function rain(lon, lat) {
  const wet = (1 / (1 + Math.exp((lat - 31) / 1.5))) * (1 / (1 + Math.exp((104 - lon) / 2)));
  return (3 * wet) / 744;
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
