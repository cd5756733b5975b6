/**
 * The series of all stations in so many bytes: rounded more coarsely first, then means over more hours, then of fewer stations, withheld ones last. What was
 * done is told, so that the page can say it.
 */
import { quantile } from '../../base/vectors';
import type { ReportConcentrations, ReportData } from '../data/report-data';
import { packSeries, type StationSeries } from './packed-series';

/** Steps in the 95th percentile of a species' values, the finest first: three digits of large values, two at the coarsest. */
const RESOLUTIONS = [1000, 500, 200, 100];
/** Hours of which means are written, where all hours are too many. */
const MEAN_HOURS = [1, 2, 3, 6, 12, 24];
/** Stations packed to estimate the length of all. */
const SAMPLE = 32;
/** What the length estimated from a sample may be wrong by. */
const UNSURE = 0.03;

export interface FittedSeries {
  /** of each station, as `packSeries` writes it; empty where it was left out */
  lines: string[];
  /** of each of `ReportData.concentrations` */
  steps: number[];
  /** values of the run in a value of the page */
  averaged: number;
}

/** The largest of 1, 2, 5 times a power of ten that is not above the value. */
export function roundStep(value: number): number {
  if (!(value > 0 && Number.isFinite(value))) return 0.001;
  const power = Math.floor(Math.log10(value));
  const factor = [5, 2, 1].find((digit) => digit * 10 ** power <= value * (1 + 1e-9)) ?? 1;
  return Number(`${factor}e${power}`); // 2 x 1e-3 by multiplication is not always 0.002
}

function stepsOf(concentrations: readonly ReportConcentrations[], resolution: number): number[] {
  const high = new Map<string, number>();
  for (const { species } of concentrations) {
    if (high.has(species)) continue;
    const valueLists = concentrations.filter((entry) => entry.species === species).flatMap(({ observed, prior }) => [observed, prior]);
    const stride = Math.max(1, Math.floor(valueLists.reduce((sum, { length }) => sum + length, 0) / 50_000));
    const sample = valueLists.flatMap((values) => Array.from({ length: Math.ceil(values.length / stride) }, (_, i) => Math.abs(values[i * stride])));
    high.set(species, quantile(sample.filter(Number.isFinite), 0.95));
  }
  return concentrations.map(({ species }) => roundStep((high.get(species) ?? NaN) / resolution));
}

/** Of one station, means over `averaged` values; of more than one over those of which all three are there. */
export function stationSeries(entry: ReportConcentrations, station: number, stations: number, averaged: number): StationSeries {
  const valueLists = [entry.observed, entry.prior, entry.updated];
  const steps = stations > 0 ? entry.observed.length / stations : 0;
  const [observed, prior, updated] = valueLists.map(() => new Float64Array(Math.ceil(steps / averaged)).fill(NaN));
  if (averaged === 1) {
    [observed, prior, updated].forEach((out, k) => out.forEach((_, t) => (out[t] = valueLists[k][t * stations + station])));
    return { observed, prior, updated };
  }
  observed.forEach((_, bin) => {
    const sums = [0, 0, 0];
    let count = 0;
    for (let t = bin * averaged; t < Math.min(steps, (bin + 1) * averaged); t++) {
      const values = valueLists.map((series) => series[t * stations + station]);
      if (!values.every(Number.isFinite)) continue;
      values.forEach((value, k) => (sums[k] += value));
      count++;
    }
    if (count > 0) [observed, prior, updated].forEach((out, k) => (out[bin] = sums[k] / count));
  });
  return { observed, prior, updated };
}

/** Numbers of `count` things out of `all`, evenly spread. */
function spread(numbers: readonly number[], count: number): number[] {
  if (count >= numbers.length) return [...numbers];
  return Array.from({ length: Math.max(0, count) }, (_, i) => numbers[Math.floor((i * numbers.length) / count)]);
}

/** @param budget - bytes of all lines together */
export function fitSeries({ stations, concentrations }: Pick<ReportData, 'stations' | 'concentrations'>, budget: number): FittedSeries {
  const pack = (station: number, steps: readonly number[], averaged: number): string =>
    packSeries(
      concentrations.map((entry) => stationSeries(entry, station, stations.length, averaged)),
      steps,
    );
  const everyStation = stations.map((_, station) => station);
  const sampled = spread(everyStation, SAMPLE);
  const daily = concentrations.some(({ stepSeconds }) => stepSeconds >= 86400);
  const ways = (daily ? [1] : MEAN_HOURS).flatMap((averaged) => RESOLUTIONS.map((resolution) => ({ averaged, resolution })));
  let perStation = 0;
  let way: Omit<FittedSeries, 'lines'> = { steps: [], averaged: 1 };
  for (const { averaged, resolution } of ways) {
    way = { averaged, steps: stepsOf(concentrations, resolution) };
    perStation = sampled.reduce((sum, station) => sum + pack(station, way.steps, averaged).length + 1, 0) / (sampled.length || 1);
    if (perStation * stations.length > (1 + UNSURE) * budget) continue;
    const lines = everyStation.map((station) => pack(station, way.steps, averaged));
    if (lines.reduce((sum, { length }) => sum + length + 1, 0) <= budget) return { ...way, lines };
  }
  const room = Math.floor(((1 - UNSURE) * budget) / perStation);
  const withheld = spread(
    everyStation.filter((station) => stations[station].role === 'withheld'),
    room,
  );
  const otherStations = spread(
    everyStation.filter((station) => stations[station].role !== 'withheld'),
    room - withheld.length,
  );
  const shown = new Set([...withheld, ...otherStations]);
  return { ...way, lines: everyStation.map((station) => (shown.has(station) ? pack(station, way.steps, way.averaged) : '')) };
}
