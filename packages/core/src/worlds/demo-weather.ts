/**
 * Weather that hangs together, made from moving highs and lows.
 *
 * Sea-level pressure is a seasonal mean flow plus Gaussian systems that travel east; the wind is the geostrophic wind of that
 * pressure, slowed and turned towards low pressure by friction (more over land), plus a sea breeze. Cloud, rain, temperature,
 * humidity and boundary layer follow from the pressure anomaly, the wind, the sun and the surface:
 *
 *   u_g = −(1/ρf) ∂p/∂y,   v_g = (1/ρf) ∂p/∂x,   (u, v) = α·R(±β)·(u_g, v_g)
 *
 * The core of a high is a stagnant day with little cloud and a shallow night layer; a low brings wind, cloud and rain.
 */
import { type Random } from '../base/random';
import { smoothRandomField } from '../grid/correlation';
import { type DemoGeography } from './demo-geography';
import { seasonalValue, type Season } from './demo-seasons';
import { clearSkyIrradiance, cloudTransmission, cosSolarZenith, localSolarHour, saturationMixingRatio } from './solar';

/** One hour of surface weather, `[rows, cols]` each, in MCIP's units; `u`, `v` are m s-1 along the grid's axes. */
export interface WeatherHour {
  u: Float32Array;
  v: Float32Array;
  TEMP2: Float32Array;
  Q2: Float32Array;
  PRSFC: Float32Array;
  PBL: Float32Array;
  RGRND: Float32Array;
  RN: Float32Array;
  RC: Float32Array;
}

/** A travelling pressure system: `amplitude` Pa (negative: a low), `radius` m, position `x0`, `y0` m at the period's start, `speedX`, `speedY` m s-1. */
interface PressureSystem {
  amplitude: number;
  radius: number;
  x0: number;
  y0: number;
  speedX: number;
  speedY: number;
}

interface Climate {
  /** mean sea-level flow, geostrophic, m s-1 */
  meanFlow: [number, number];
  amplitude: number;
  speed: number;
  temperature: number;
  seaTemperature: number;
  diurnalRange: number;
  seaBreeze: number;
  layerNight: number;
  layerDay: number;
  showers: number;
}

const CLIMATES: Record<'winter' | 'summer', Climate> = {
  winter: {
    meanFlow: [0.7, -0.9],
    amplitude: 640,
    speed: 8,
    temperature: 277,
    seaTemperature: 283,
    diurnalRange: 8,
    seaBreeze: 0.4,
    layerNight: 100,
    layerDay: 620,
    showers: 0,
  },
  summer: {
    meanFlow: [-1, 2],
    amplitude: 560,
    speed: 6,
    temperature: 298,
    seaTemperature: 297,
    diurnalRange: 10,
    seaBreeze: 1.6,
    layerNight: 110,
    layerDay: 1400,
    showers: 0.25,
  },
};

function climateOf(season: Season): Climate {
  const { winter, summer } = CLIMATES;
  const mixed = (key: Exclude<keyof Climate, 'meanFlow'>): number => seasonalValue(winter[key], summer[key], season);
  return {
    meanFlow: [seasonalValue(winter.meanFlow[0], summer.meanFlow[0], season), seasonalValue(winter.meanFlow[1], summer.meanFlow[1], season)],
    amplitude: mixed('amplitude'),
    speed: mixed('speed'),
    temperature: mixed('temperature'),
    seaTemperature: mixed('seaTemperature'),
    diurnalRange: mixed('diurnalRange'),
    seaBreeze: mixed('seaBreeze'),
    layerNight: mixed('layerNight'),
    layerDay: mixed('layerDay'),
    showers: mixed('showers'),
  };
}

const AIR_DENSITY = 1.2;
const CORIOLIS = 2 * 7.292e-5 * Math.sin((36 * Math.PI) / 180);

/** Highs and lows in turn, 2.1 days apart on the storm track, enough of them for `hours`. */
function pressureSystems(climate: Climate, hours: number, random: Random): PressureSystem[] {
  const spacing = climate.speed * 2.1 * 86400;
  const count = Math.ceil((hours * 3600 * climate.speed + 4000e3) / spacing);
  const phase = random.uniform();
  return Array.from({ length: count }, (_, k) => ({
    amplitude: climate.amplitude * (k % 2 === 0 ? 1 : -1.15) * (0.75 + 0.5 * random.uniform()),
    radius: 430e3 + 170e3 * random.uniform(),
    x0: 900e3 - (k + phase) * spacing,
    y0: 320e3 * random.normal() - (k % 2 === 0 ? 100e3 : -200e3),
    speedX: climate.speed * (0.9 + 0.2 * random.uniform()),
    speedY: climate.speed * 0.25 * random.normal(),
  }));
}

/** Makes the weather of any hour of a period; the same seed gives the same weather. */
export class DemoWeather {
  private readonly climate: Climate;
  private readonly systems: PressureSystem[];
  private readonly cloudTexture: Float64Array;

  constructor(
    private readonly geography: DemoGeography,
    season: Season,
    private readonly start: Date,
    hours: number,
    random: Random,
  ) {
    this.climate = climateOf(season);
    this.systems = pressureSystems(this.climate, hours, random.fork('systems'));
    // wider than the grid, so that showers can drift across it
    this.cloudTexture = smoothRandomField(geography.grid.rows, 2 * geography.grid.cols, 3, random.fork('clouds'));
  }

  /** The mean weather of hour `t` ([start + t, start + t + 1 h)), evaluated at its middle. */
  hour(t: number): WeatherHour {
    const size = this.geography.land.length;
    const field = (): Float32Array => new Float32Array(size);
    const out: WeatherHour = {
      u: field(),
      v: field(),
      TEMP2: field(),
      Q2: field(),
      PRSFC: field(),
      PBL: field(),
      RGRND: field(),
      RN: field(),
      RC: field(),
    };
    for (let i = 0; i < size; i++) this.cell(t + 0.5, i, out);
    return out;
  }

  private cell(hours: number, i: number, out: WeatherHour): void {
    const { geography, climate } = this;
    const time = this.start.getTime() + hours * 3600e3;
    const land = geography.land[i];
    const solarHour = localSolarHour(time, geography.lon[i]);
    const cosZenith = cosSolarZenith(time, geography.lon[i], geography.lat[i]);
    const pressure = this.pressure(hours * 3600, geography.x[i], geography.y[i]);
    const [u, v] = this.wind(pressure, land, geography.inlandKm[i], solarHour);
    const speed = Math.hypot(u, v);
    const cloud = this.cloud(pressure.anomaly, hours, i);
    // warmest at 15 h; clouds flatten the day
    const dayWave = Math.cos(((solarHour - 15) * Math.PI) / 12) * (1 - 0.6 * cloud);
    const surface = land ? climate.temperature + 0.5 * climate.diurnalRange * dayWave : climate.seaTemperature + 0.4 * dayWave;
    const advected = 0.7 * Math.max(-6, Math.min(6, pressure.southerly)); // southerly winds bring warm air
    const temperature = surface + advected - 0.6 * (geography.lat[i] - 36) - 0.0065 * geography.height[i];
    const pressurePa = (101500 + pressure.anomaly) * Math.exp((-9.81 * geography.height[i]) / (287 * temperature));
    const humidity = Math.min(0.97, (land ? 0.5 : 0.72) + 0.35 * cloud - (land ? 0.08 * dayWave : 0));
    out.u[i] = u;
    out.v[i] = v;
    out.TEMP2[i] = temperature;
    out.PRSFC[i] = pressurePa;
    out.Q2[i] = humidity * saturationMixingRatio(temperature, pressurePa);
    out.RGRND[i] = clearSkyIrradiance(cosZenith) * cloudTransmission(cloud);
    out.PBL[i] = this.boundaryLayer(land, solarHour, cloud, speed, pressure.anomaly);
    out.RN[i] = 0.25 * Math.max(0, cloud - 0.78); // cm in the hour: up to 0.5 mm in the core of a low
    const shower = land * climate.showers * Math.max(0, Math.cos(((solarHour - 16) * Math.PI) / 8));
    out.RC[i] = Math.abs(solarHour - 16) < 4 ? shower * Math.max(0, this.texture(hours, i) - 1.2) : 0;
  }

  /** Pressure anomaly (Pa) and geostrophic wind at a place and time (s since the start); `southerly` is v_g of the systems alone. */
  private pressure(seconds: number, x: number, y: number): { anomaly: number; ug: number; vg: number; southerly: number } {
    let anomaly = 0;
    let dpdx = 0;
    let dpdy = 0;
    for (const system of this.systems) {
      const dx = x - system.x0 - system.speedX * seconds;
      const dy = y - system.y0 - system.speedY * (seconds - -system.x0 / system.speedX);
      const value = system.amplitude * Math.exp(-(dx * dx + dy * dy) / (2 * system.radius ** 2));
      anomaly += value;
      dpdx -= (value * dx) / system.radius ** 2;
      dpdy -= (value * dy) / system.radius ** 2;
    }
    const scale = 1 / (AIR_DENSITY * CORIOLIS);
    const southerly = scale * dpdx;
    return { anomaly, ug: -scale * dpdy + this.climate.meanFlow[0], vg: southerly + this.climate.meanFlow[1], southerly };
  }

  /** Surface wind: friction slows the geostrophic wind and turns it to the left of it, towards low pressure; near the coast a sea breeze by day. */
  private wind(pressure: { ug: number; vg: number }, land: number, inlandKm: number, solarHour: number): [number, number] {
    const sun = Math.cos(((solarHour - 15) * Math.PI) / 12);
    const turn = land ? 0.42 : 0.21; // 24 and 12 degrees
    const slow = land ? 0.45 + 0.1 * sun : 0.75; // the night's surface layer is decoupled from the flow above
    const cosine = Math.cos(turn);
    const sine = Math.sin(turn);
    const breeze = -this.climate.seaBreeze * sun * Math.exp(-((inlandKm / 90) ** 2)); // the sea lies in the east
    return [slow * (pressure.ug * cosine - pressure.vg * sine) + breeze, slow * (pressure.ug * sine + pressure.vg * cosine)];
  }

  /** Cloud cover 0 … 1: little in highs, overcast in lows, with texture that drifts with the systems. */
  private cloud(anomaly: number, hours: number, i: number): number {
    const cover = 0.45 - anomaly / (1.6 * this.climate.amplitude) + 0.15 * this.texture(hours, i);
    return Math.max(0.02, Math.min(1, cover));
  }

  /** The cloud texture, carried east at the systems' speed (and round again). */
  private texture(hours: number, i: number): number {
    const { cols } = this.geography.grid;
    const width = 2 * cols;
    const row = Math.floor(i / cols);
    const position = ((((i % cols) - (hours * 3600 * this.climate.speed) / 27000) % width) + width) % width;
    const leftNode = Math.floor(position);
    const part = position - leftNode;
    return this.cloudTexture[row * width + leftNode] * (1 - part) + this.cloudTexture[row * width + ((leftNode + 1) % width)] * part;
  }

  /** Boundary-layer height (m): convective by day, kept up by the wind at night; steady over the sea. Bounded to 150 … 1500 m. */
  private boundaryLayer(land: number, solarHour: number, cloud: number, speed: number, anomaly: number): number {
    const { layerNight, layerDay } = this.climate;
    const mechanical = layerNight + 30 * speed;
    if (!land) return Math.max(200, Math.min(1500, 260 + 45 * speed));
    // grows from 8 h, deepest at 15 h, gone at 19 h
    const convection =
      solarHour < 8 || solarHour > 19 ? 0 : solarHour < 15 ? Math.sin(((solarHour - 8) * Math.PI) / 14) : Math.cos(((solarHour - 15) * Math.PI) / 8);
    const subsidence = 1 - 0.25 * Math.max(0, Math.min(1, anomaly / this.climate.amplitude));
    const depth = mechanical + (layerDay - layerNight) * (1 - 0.55 * cloud) * subsidence * convection;
    return Math.max(150, Math.min(1500, depth));
  }
}
