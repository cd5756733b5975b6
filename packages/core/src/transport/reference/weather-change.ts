/** The weather of the files made another one by settings of the reference model: what a doubt about winds or mixing, or a known bias of them, comes to. */
import type { WeatherHour } from './weather-reader';

/** Factors on fields of the weather, and a turn of the winds; 1 and 0 leave them. */
export interface WeatherChange {
  wind: number;
  /** degrees clockwise: winds veer */
  windTurn: number;
  mixedLayer: number;
  radiation: number;
  rain: number;
}

export const WEATHER_FACTORS = ['wind', 'mixedLayer', 'radiation', 'rain'] as const;
export const UNCHANGED_WEATHER: Readonly<WeatherChange> = { wind: 1, windTurn: 0, mixedLayer: 1, radiation: 1, rain: 1 };

/** The hour with the change on it; fields that do not change are those of the hour. */
export function changedWeather(hour: WeatherHour, { wind, windTurn, mixedLayer, radiation, rain }: WeatherChange): WeatherHour {
  const out = { ...hour };
  if (wind !== 1 || windTurn !== 0) {
    const angle = (windTurn * Math.PI) / 180;
    const [alongWind, acrossWind] = [wind * Math.cos(angle), wind * Math.sin(angle)];
    const { windU: u, windV: v } = hour;
    out.windU = Float32Array.from(u, (east, cell) => alongWind * east + acrossWind * v[cell]);
    out.windV = Float32Array.from(v, (north, cell) => alongWind * north - acrossWind * u[cell]);
  }
  if (mixedLayer !== 1) out.boundaryLayerHeight = hour.boundaryLayerHeight.map((height) => mixedLayer * height);
  if (radiation !== 1) out.radiation = hour.radiation.map((flux) => radiation * flux);
  if (rain !== 1) out.rain = hour.rain.map((rate) => rain * rate);
  return out;
}

/** The settings that change it, with their values; undefined where none does. */
export function changeInWords(change: Readonly<WeatherChange>): string | undefined {
  const settings = [
    ...WEATHER_FACTORS.flatMap((field) => (change[field] === 1 ? [] : [`weatherFactor.${field} ${change[field]}`])),
    ...(change.windTurn === 0 ? [] : [`windTurn ${change.windTurn}`]),
  ];
  return settings.length > 0 ? settings.join(', ') : undefined;
}
