/**
 * Where the sun stands and how much of it reaches the ground: the clock of every made-up or climatological weather.
 *
 * @see Spencer (1971) for the declination; Haurwitz (1945) for the clear-sky irradiance
 */

const DEGREE = Math.PI / 180;

/** Local mean solar hour, 0 ≤ h < 24, at a longitude (degrees east); `time` in milliseconds UTC. The equation of time (≤ 16 min) is left out. */
export function localSolarHour(time: number, lon: number): number {
  const hour = (time / 3600e3) % 24;
  return (((hour + lon / 15) % 24) + 24) % 24;
}

/** Solar declination in radians on the day that holds `time` (milliseconds UTC). */
export function solarDeclination(time: number): number {
  const yearStart = Date.UTC(new Date(time).getUTCFullYear(), 0, 1);
  const angle = (2 * Math.PI * Math.floor((time - yearStart) / 86400e3)) / 365;
  return (
    0.006918 -
    0.399912 * Math.cos(angle) +
    0.070257 * Math.sin(angle) -
    0.006758 * Math.cos(2 * angle) +
    0.000907 * Math.sin(2 * angle) -
    0.002697 * Math.cos(3 * angle) +
    0.00148 * Math.sin(3 * angle)
  );
}

/** Cosine of the solar zenith angle, 0 when the sun is down. `time` in milliseconds UTC, position in degrees; the declination may be given to spare its evaluation. */
export function cosSolarZenith(time: number, lon: number, lat: number, declination = solarDeclination(time)): number {
  const hourAngle = ((localSolarHour(time, lon) - 12) * Math.PI) / 12;
  const cosine = Math.sin(lat * DEGREE) * Math.sin(declination) + Math.cos(lat * DEGREE) * Math.cos(declination) * Math.cos(hourAngle);
  return Math.max(0, cosine);
}

/** Global irradiance at the ground under a cloudless sky (W m-2), Haurwitz: 1098 cosθ exp(−0.057 / cosθ). */
export function clearSkyIrradiance(cosZenith: number): number {
  return cosZenith > 0.01 ? 1098 * cosZenith * Math.exp(-0.057 / cosZenith) : 0;
}

/** What a cloud cover of 0 … 1 lets through: 1 − 0.75 n^3.4 (Kasten & Czeplak 1980). */
export function cloudTransmission(cover: number): number {
  return 1 - 0.75 * cover ** 3.4;
}

/** Saturation water-vapour mixing ratio (kg kg-1) at a temperature (K) and pressure (Pa); Bolton (1980), eq. 10. */
export function saturationMixingRatio(temperature: number, pressure: number): number {
  const celsius = temperature - 273.15;
  const vapour = 611.2 * Math.exp((17.67 * celsius) / (celsius + 243.5));
  return (0.622 * vapour) / (pressure - vapour);
}
