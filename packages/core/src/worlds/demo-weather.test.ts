import { Random } from '../base/random';
import { makeDemoGeography } from './demo-geography';
import { DemoWeather } from './demo-weather';
import { clearSkyIrradiance, cloudTransmission, cosSolarZenith, localSolarHour, saturationMixingRatio, solarDeclination } from './solar';

describe('the sun', () => {
  it('stands at 90° − φ + δ at noon of the equinox and under the horizon at midnight', () => {
    const noon = Date.UTC(2026, 2, 21, 12);
    expect(cosSolarZenith(noon, 0, 40)).toBeCloseTo(Math.cos((40 * Math.PI) / 180), 2);
    expect(cosSolarZenith(noon + 12 * 3600e3, 0, 40)).toBe(0);
    expect(clearSkyIrradiance(1)).toBeCloseTo(1098 * Math.exp(-0.057), 6);
  });

  it('has the declination of the Astronomical Almanac all year round, to the half degree that leap years and whole days make of it', () => {
    const degree = Math.PI / 180;
    for (let day = 0; day < 365; day += 5) {
      const time = Date.UTC(2026, 0, 1 + day, 12);
      const n = (time - Date.UTC(2000, 0, 1, 12)) / 86400e3;
      const anomaly = (357.528 + 0.9856003 * n) * degree;
      const longitude = (280.46 + 0.9856474 * n + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * degree;
      expect(Math.abs(solarDeclination(time) - Math.asin(Math.sin(23.439 * degree) * Math.sin(longitude))) / degree).toBeLessThan(0.5); // it changes by 0.4 in a day
    }
  });

  it('has a local hour of four minutes a degree, and lets a quarter through an overcast sky', () => {
    const time = Date.UTC(2026, 2, 21, 23, 30);
    expect([0, 15, -40, -179, 179].map((lon) => localSolarHour(time, lon))).toEqual([
      ...[23.5, 0.5].map((hour) => expect.closeTo(hour, 9) as number),
      ...[23.5 - 40 / 15, 23.5 - 179 / 15, 179 / 15 - 0.5].map((hour) => expect.closeTo(hour, 9) as number),
    ]);
    expect([0, 1].map(cloudTransmission)).toEqual([1, 0.25]);
  });

  it('has a saturated mixing ratio of 3.8 g/kg at 0 °C and 14.9 g/kg at 20 °C (1000 hPa)', () => {
    expect(saturationMixingRatio(273.15, 1e5)).toBeCloseTo(0.00382, 4);
    expect(saturationMixingRatio(293.15, 1e5)).toBeCloseTo(0.0149, 4);
  });
});

describe.each<['winter' | 'summer', string]>([
  ['winter', '2026-01-05T00:00:00Z'],
  ['summer', '2026-07-06T00:00:00Z'],
])('weather of the demo in %s', (season, start) => {
  const random = new Random(3);
  const geography = makeDemoGeography(24, 24, random.fork('geography'));
  const weather = new DemoWeather(geography, { name: season, warmth: season === 'summer' ? 1 : 0 }, new Date(start), 216, random.fork('weather'));
  const landMean = (field: Float32Array): number => {
    let [sum, count] = [0, 0];
    field.forEach((value, i) => {
      if (geography.land[i] === 1) [sum, count] = [sum + value, count + 1];
    });
    return sum / count;
  };
  const hours = Array.from({ length: 216 }, (_, t) => weather.hour(t));
  const dailySpeed = Array.from({ length: 9 }, (_, d) => {
    const day = hours.slice(24 * d, 24 * d + 24);
    return day.reduce((sum, hour) => sum + landMean(hour.u.map((u, i) => Math.hypot(u, hour.v[i]))), 0) / 24;
  });

  it('blows at 3 to 6 m/s in the mean, with calmer and windier days', () => {
    const mean = dailySpeed.reduce((a, b) => a + b) / 9;
    expect(mean).toBeGreaterThan(2.5);
    expect(mean).toBeLessThan(6);
    expect(Math.max(...dailySpeed) / Math.min(...dailySpeed)).toBeGreaterThan(1.4);
  });

  it('has a deep layer and warm air in the afternoon, a shallow layer and cold air before dawn', () => {
    // 40 W: solar noon at 14:40 UTC
    const afternoon = hours.filter((_, t) => t % 24 === 17);
    const dawn = hours.filter((_, t) => t % 24 === 7);
    const mean = (list: typeof hours, name: 'PBL' | 'TEMP2' | 'RGRND'): number =>
      list.reduce((sum, hour) => sum + landMean(hour[name]), 0) / list.length;
    expect(mean(afternoon, 'PBL')).toBeGreaterThan(2 * mean(dawn, 'PBL'));
    expect(mean(afternoon, 'TEMP2')).toBeGreaterThan(mean(dawn, 'TEMP2') + 3);
    expect(mean(dawn, 'RGRND')).toBeLessThan(10);
  });

  it('rains, but not everywhere and not always', () => {
    const wet = hours.flatMap((hour) => [...hour.RN].map((rain, i) => (rain + hour.RC[i] > 0.001 ? 1 : 0)));
    const part = wet.reduce<number>((sum, value) => sum + value, 0) / wet.length;
    expect(part).toBeGreaterThan(0.02);
    expect(part).toBeLessThan(0.5);
  });
});
