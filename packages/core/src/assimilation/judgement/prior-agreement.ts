/** How the prior run agrees with the monitors, and what in that looks like a slip of the data: hours that are off, another unit, stations exchanged. */
import { mean, Moments } from '../../base/moments';

/** One species at the stations of a period. */
export interface SeriesAtStations {
  /** hours of one observed value: 1 or 24 */
  step: number;
  /** hours from the first simulated hour to the beginning of the first observed value; zones half an hour off have a fraction */
  offset: number;
  stations: number;
  /** `[times, stations]`, NaN where missing */
  observed: Float32Array;
  /** hourly means of the stations' cells, `[hours, stations]`; NaN where they are not compared */
  simulated: Float32Array;
}

export interface Agreement {
  pairs: number;
  /** means over all pairs, in the species' unit */
  observed: number;
  simulated: number;
  /** of all pairs; NaN where either is the same everywhere */
  r: number;
  /** of hourly series: correlation within stations, their means taken out, where what is observed is taken as `lag` hours late; for the lags of {@link LAGS} */
  byLag?: number[];
}

/** Hours that observations may be off. */
export const MOST_LAG = 12;
export const LAGS = Array.from({ length: 2 * MOST_LAG + 1 }, (_, i) => i - MOST_LAG);

/** @returns undefined where nothing can be compared */
export function agreement(series: SeriesAtStations): Agreement | undefined {
  const { pairs, observed, simulated, r, rWithin } = correlationsAt(series, 0);
  if (pairs === 0) return undefined;
  const byLag = series.step === 1 ? { byLag: LAGS.map((lag) => (lag === 0 ? rWithin : correlationsAt(series, lag).rWithin)) } : {};
  return { pairs, observed, simulated, r, ...byLag };
}

/** Correlations of all pairs, and within stations, whose means are taken out. */
function correlationsAt(series: SeriesAtStations, lag: number): Omit<Agreement, 'byLag'> & { rWithin: number } {
  const { stations, observed, step, offset } = series;
  const times = observed.length / stations;
  const [overall, inner] = [new Moments(), new Moments()];
  for (let station = 0; station < stations; station++) {
    const ofStation = new Moments();
    for (let time = 0; time < times; time++) {
      const value = observed[time * stations + station];
      if (!Number.isNaN(value)) ofStation.add(value, simulatedOver(series, station, offset + time * step - lag));
    }
    overall.join(ofStation);
    inner.joinCentred(ofStation);
  }
  return { pairs: overall.n, observed: overall.means[0], simulated: overall.means[1], r: overall.correlation(), rWithin: inner.correlation() };
}

/** Mean of the hours from `begin` on, as long as an observed value; NaN where one of them is missing. */
function simulatedOver({ step, stations, simulated }: SeriesAtStations, station: number, begin: number): number {
  const first = Math.floor(begin);
  const part = begin - first; // of the first hour that is not covered, and of the one behind the last that is
  const last = part > 0 ? first + step : first + step - 1;
  if (first < 0 || (last + 1) * stations > simulated.length) return NaN;
  let sum = 0;
  for (let hour = first; hour <= last; hour++) {
    const weight = hour === first ? 1 - part : hour === first + step ? part : 1;
    sum += weight * simulated[hour * stations + station];
  }
  return sum / step;
}

export interface CommonLag {
  hours: number;
  /** mean of the correlations within stations at this lag, and at none */
  r: number;
  rWithoutLag: number;
}

/** A lag whose correlation is so much above that of no lag is no chance: an hour costs a run that is right 0.02 to 0.07. */
const CLEAR_GAIN = 0.02;
/** Below it the run follows nothing of what is observed, and has no lag. */
const LEAST_R = 0.3;

/** Part of the series that must fit better at a lag: a run that is early with one gas, or in one season, and late with another is a poor run, not one in another zone. */
const MOST_AGREE = 0.75;

/**
 * Hours that hourly series are late, where that is clear; positive: what is observed at 9 h the run has at 8 h.
 *
 * @param agreements - of all species and periods
 * @returns undefined where there is no lag, or they do not go together
 */
export function commonLag(agreements: readonly Agreement[]): CommonLag | undefined {
  const hourly = agreements.flatMap(({ byLag }) => (byLag?.every(Number.isFinite) ? [byLag] : []));
  if (hourly.length === 0) return undefined;
  const means = LAGS.map((_, i) => mean(hourly.map((byLag) => byLag[i])));
  const best = means.indexOf(Math.max(...means));
  const rWithoutLag = means[MOST_LAG];
  if (best === MOST_LAG || means[best] < LEAST_R || means[best] - rWithoutLag < CLEAR_GAIN) return undefined;
  const agreeing = hourly.filter((byLag) => byLag[best] > byLag[MOST_LAG]);
  return agreeing.length >= MOST_AGREE * hourly.length ? { hours: LAGS[best], r: means[best], rWithoutLag } : undefined;
}

/** Of a station that reads like another: how much of the correlations two of them gain together when they are exchanged. */
const CLEAR_EXCHANGE = 0.5;
/**
 * How many times more than the best of the pairs that are right. Short series, such as a month's daily means, gain much by chance, and of ten thousand pairs the
 * best gain very much.
 */
const BEYOND_CHANCE = 2;
/** So many exchanged pairs are told from chance at most: the next one is what chance gives. */
const MOST_EXCHANGED = 10;
/** Values that a station needs to tell. */
const FEWEST_VALUES = 20;
/** Stations that are compared with each other: those that fit their own cell worst. */
const MOST_COMPARED = 150;

/**
 * Pairs of stations of which each fits the other's cell and neither its own: exchanged in the list or in the files. What all stations have in common at a time, as the
 * hour of the day, is taken out.
 *
 * @returns indices into the stations, the clearest first
 */
export function exchangedStations(seriesList: readonly SeriesAtStations[]): [number, number][] {
  const [{ stations }] = seriesList;
  const anomalies = seriesList.map((series) => [anomaliesOf(series.observed, stations), anomaliesOf(atTimes(series), stations)] as const);
  const fit = (station: number, cell: number): number =>
    mean(anomalies.flatMap(([observed, simulated]) => fitOf(observed, simulated, stations, station, cell) ?? []));
  const correct = Array.from({ length: stations }, (_, station) => fit(station, station));
  const worst = [...correct.keys()]
    .filter((station) => Number.isFinite(correct[station]))
    .sort((a, b) => correct[a] - correct[b])
    .slice(0, MOST_COMPARED);
  const pairs = worst.flatMap((a, i) =>
    worst.slice(i + 1).map((b) => {
      const crossed = [fit(a, b), fit(b, a)] as const;
      return { pair: [a, b] as [number, number], crossed, gain: crossed[0] + crossed[1] - correct[a] - correct[b] };
    }),
  );
  const used = new Set<number>();
  const apart = pairs
    .sort((a, b) => b.gain - a.gain)
    .filter(({ pair }) => !pair.some((station) => used.has(station)) && pair.forEach((station) => used.add(station)) === undefined);
  // A pair that is alone, or none, has no other that could say what chance gives.
  const byChance = apart.length > 1 ? apart[Math.min(MOST_EXCHANGED, apart.length - 1)].gain : 0;
  return apart
    .filter(
      ({ pair: [a, b], crossed, gain }) =>
        gain > Math.max(CLEAR_EXCHANGE, BEYOND_CHANCE * byChance) &&
        crossed[0] > correct[a] + CLEAR_EXCHANGE / 4 &&
        crossed[1] > correct[b] + CLEAR_EXCHANGE / 4 &&
        Math.min(...crossed) > LEAST_R,
    )
    .map(({ pair }) => pair);
}

/** What is simulated at the observed times, `[times, stations]`. */
function atTimes(series: SeriesAtStations): Float32Array {
  const { stations, observed, step, offset } = series;
  return observed.map((_, i) => simulatedOver(series, i % stations, offset + Math.floor(i / stations) * step));
}

/** Without the mean of the stations at each time. */
function anomaliesOf(values: Float32Array, stations: number): Float32Array {
  const anomalies = values.slice();
  for (let first = 0; first < values.length; first += stations) {
    const row = values.subarray(first, first + stations).filter((value) => !Number.isNaN(value));
    const middle = mean(row);
    for (let i = first; i < first + stations; i++) anomalies[i] -= middle;
  }
  return anomalies;
}

function fitOf(observed: Float32Array, simulated: Float32Array, stations: number, station: number, cell: number): number | undefined {
  const pairs = new Moments();
  for (let first = 0; first < observed.length; first += stations) pairs.add(observed[first + station], simulated[first + cell]);
  return pairs.n < FEWEST_VALUES ? undefined : pairs.correlation();
}
