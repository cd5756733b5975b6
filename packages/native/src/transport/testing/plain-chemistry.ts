/** The reactions of `photochemistry.h` as differential equations, taken in small explicit steps: what the model's closed forms are tested against. */
import { transportSpecies, type TransportSpecies } from '../transport';

type Mixture = Record<TransportSpecies, number>;

/** Of one layer: K, mol m-3, mol H2O per mol air, 0..1, W m-2, mm h-1. */
export interface Air {
  temperature: number;
  density: number;
  water: number;
  humidity: number;
  radiation: number;
  rain: number;
  atGround: boolean;
}

/** Yields and rates of the model's options that the equations hold. */
export const YIELDS = { soa: 0.06, organicNitrate: 0.05, aqueous: 5e-5, hono: 1e-5, n2o5: 0.02 };

/** d/dt in ppb s-1 (PPM, SOA, PMC: ng mol-1 s-1). @param emission - ppb s-1 @param carriesCo - or OH meets 200 ppb of it */
export function reactions(
  air: Air,
  emission: Partial<Mixture> = {},
  yields = YIELDS,
  carriesCo = false,
): (q: Mixture) => Mixture & { organicNitrate: number } {
  const perT = 1 / air.temperature;
  const scale = air.density * 6.02214076e8; // molecules cm-3 of a ppb
  const rateAt = (factor: number, activation: number): number => scale * factor * Math.exp(activation * perT);
  const day = air.radiation > 1;
  const g = Math.min(air.radiation, 1200);
  const sun = Math.min(g / 1050, 1);
  // Trebs et al. (2009); MCM's l cos^m exp(-n sec): of O(1D) with the powers that the model rounds to quarters
  const jNO2 = day ? 1.06 * (1.47e-5 * g - 4.84e-9 * g * g) : 0;
  const share = (2.0e-10 * air.water) / (2.0e-10 * air.water + 3.26e-11);
  const jO1D = day ? 6.073e-5 * sun ** 1.75 * Math.exp(-0.474 / sun) * share : 0; // O3 that ends as 2 OH
  const jOVOC = day ? 0.8 * 4.642e-5 * sun ** 0.75 * Math.exp(-0.353 / sun) : 0;
  const hono = air.atGround ? yields.hono * Math.min(jNO2 / 2e-3, 1) : 0;
  const cloud = Math.min(1, Math.max(0, (air.humidity - 0.6) / 0.4)) ** 2;
  const aqueous = yields.aqueous * (air.rain > 0.01 ? Math.max(cloud, 0.5) : cloud);
  const [noO3, no2O3] = [rateAt(3.0e-12, -1500), rateAt(1.2e-13, -2450)];
  const [ohNO2, radicalNO, radicals] = [scale * 1.06e-11 * Math.exp(500 * (perT - 1 / 298)), rateAt(3.0e-12, 310), rateAt(3.8e-13, 780)];
  const [ohO3, ho2O3, equilibrium] = [rateAt(1.7e-12, -940), rateAt(1.0e-14, -490), rateAt(5.1e-27, 10871)];
  const [ohVOC, ohOVOC, ohSO2, ohCO, ohCH4] = [1.0e-11, 1.2e-11, 9.5e-13, 2.4e-13, 1850 * 6.3e-15].map((k) => scale * k);
  const ohOther = ohCH4 + scale * 500 * 6.7e-15; // and H2
  return (q) => {
    const x = ohVOC * q.VOC + ohOVOC * q.OVOC + ohCO * (carriesCo ? q.CO : 200) + ohOther;
    const y = ohNO2 * q.NO2;
    const toOH = x / (x + ohVOC * q.VOC); // a VOC makes two NO -> NO2, of which one gives OH
    const a = radicalNO * q.NO;
    const sources = 2 * jO1D * q.O3 + hono * q.NO2;
    const p = jOVOC * q.OVOC + (sources * x) / (x + y);
    const s = (toOH * y) / (x + y) + yields.organicNitrate * (1 - toOH);
    const r = p > 0 ? (Math.sqrt((a * s) ** 2 + 8 * radicals * p) - a * s) / (4 * radicals) : 0; // 2 k R^2 + a s R = P
    const oh = (sources + toOH * a * r) / (x + y);
    const particles = q.PPM + q.SOA + q.SO4 * (96.06 + 2 * 18.04) + q.TNO3 * (62.0 + 18.04); // ng mol-1
    const viaN2O5 = 0.25 * yields.n2o5 * 238 * 13e-9 * air.density * particles * equilibrium * q.NO2;
    const no3Lost = 25 * jNO2 + scale * (2.6e-11 * q.NO + 2.0e-14 * q.VOC) + viaN2O5;
    const no3 = (no2O3 * q.NO2 * q.O3) / no3Lost;
    const titration = noO3 * q.NO * q.O3;
    const [photolysis, oxidised] = [jNO2 * q.NO2, a * r];
    const organic = yields.organicNitrate * (1 - toOH) * oxidised;
    const toHNO3 = ohNO2 * oh * q.NO2 + 2 * no3 * viaN2O5;
    const vocLost = ohVOC * oh * q.VOC + scale * 2.0e-14 * no3 * q.VOC;
    const so2Lost = (ohSO2 * oh + aqueous) * q.SO2;
    const ovocLost = (ohOVOC * oh + jOVOC) * q.OVOC;
    const change: Mixture = {
      NO: photolysis - titration - oxidised - organic,
      NO2: titration + oxidised - photolysis - toHNO3,
      O3: photolysis - titration - q.O3 * (jO1D + ohO3 * oh + ho2O3 * r) - no3 * viaN2O5,
      VOC: -vocLost,
      OVOC: 1.4 * vocLost + ohCH4 * oh - ovocLost,
      SO2: -so2Lost,
      SO4: so2Lost,
      TNO3: toHNO3,
      TNH3: 0,
      PPM: 0,
      SOA: yields.soa * 40 * vocLost, // 40 g mol-1
      CO: ovocLost - ohCO * oh * q.CO,
      PMC: 0,
    };
    for (const name of transportSpecies) change[name] += emission[name] ?? 0;
    return { ...change, organicNitrate: organic };
  };
}

/** Heun's method, `steps` of them. @returns the mixture, and ppb of NOx that became organic nitrate */
export function integrate(
  change: ReturnType<typeof reactions>,
  start: Mixture,
  seconds: number,
  steps: number,
): Mixture & { organicNitrate: number } {
  const dt = seconds / steps;
  const names = [...transportSpecies, 'organicNitrate'] as const;
  let q = { ...start, organicNitrate: 0 };
  for (let step = 0; step < steps; step++) {
    const first = change(q);
    const ahead = { ...q };
    for (const name of names) ahead[name] += dt * first[name];
    const second = change(ahead);
    const next = { ...q };
    for (const name of names) next[name] += (dt / 2) * (first[name] + second[name]);
    q = next;
  }
  return q;
}
