/** How the prior run agrees with the monitors, and what in that looks like a slip of the data: hours that are off, another unit, stations exchanged, rows turned round. */

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
  const { pairs, observed, simulated, r, within } = correlationsAt(series, 0);
  if (pairs === 0) return undefined;
  const byLag = series.step === 1 ? { byLag: LAGS.map((lag) => (lag === 0 ? within : correlationsAt(series, lag).within)) } : {};
  return { pairs, observed, simulated, r, ...byLag };
}

/** Correlations of all pairs, and within stations, whose means are taken out. */
function correlationsAt(series: SeriesAtStations, lag: number): Omit<Agreement, 'byLag'> & { within: number } {
  const { stations, observed, step, offset } = series;
  const times = observed.length / stations;
  const [all, inner] = [new Moments(), new Moments()];
  for (let station = 0; station < stations; station++) {
    const own = new Moments();
    for (let time = 0; time < times; time++) {
      const value = observed[time * stations + station];
      if (!Number.isNaN(value)) own.add(value, simulatedOver(series, station, offset + time * step - lag));
    }
    all.join(own);
    inner.joinCentred(own);
  }
  return { pairs: all.n, observed: all.means[0], simulated: all.means[1], r: all.correlation(), within: inner.correlation() };
}

/** Sums of pairs. */
class Moments {
  n = 0;
  private a = 0;
  private b = 0;
  private aa = 0;
  private bb = 0;
  private ab = 0;

  get means(): [number, number] {
    return [this.a / this.n, this.b / this.n];
  }

  /** A pair; nothing if one of them is missing. */
  add(a: number, b: number): void {
    if (Number.isNaN(a) || Number.isNaN(b)) return;
    this.n++;
    this.a += a;
    this.b += b;
    this.aa += a * a;
    this.bb += b * b;
    this.ab += a * b;
  }

  join({ n, a, b, aa, bb, ab }: Moments): void {
    this.n += n;
    this.a += a;
    this.b += b;
    this.aa += aa;
    this.bb += bb;
    this.ab += ab;
  }

  /** The other's pairs without their means. */
  joinCentred({ n, a, b, aa, bb, ab }: Moments): void {
    if (n === 0) return;
    this.n += n;
    this.aa += aa - (a * a) / n;
    this.bb += bb - (b * b) / n;
    this.ab += ab - (a * b) / n;
  }

  correlation(): number {
    const { n, a, b } = this;
    return (this.ab - (a * b) / n) / Math.sqrt((this.aa - (a * a) / n) * (this.bb - (b * b) / n));
  }
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

/** A lag whose correlation is so much above that of no lag is no chance: an hour costs a run that is right 0.02 to 0.07. */
const CLEAR_GAIN = 0.02;
/** Below it the run follows nothing of what is observed, and has no lag. */
const LEAST_R = 0.3;

/**
 * Hours that all hourly species together are late, where that is clear; positive: what is observed at 9 h the run has at 8 h.
 * @returns undefined where there is no lag, or species do not go together
 */
export function commonLag(all: readonly Agreement[]): { hours: number; r: number; without: number } | undefined {
  const hourly = all.flatMap(({ byLag }) => (byLag?.every(Number.isFinite) ? [byLag] : []));
  if (hourly.length === 0) return undefined;
  const means = LAGS.map((_, i) => mean(hourly.map((byLag) => byLag[i])));
  const best = means.indexOf(Math.max(...means));
  const without = means[MOST_LAG];
  if (best === MOST_LAG || means[best] < LEAST_R || means[best] - without < CLEAR_GAIN) return undefined;
  // A run that is early with one gas and late with another is a poor run, not one in another zone.
  const agreeing = hourly.filter((byLag) => byLag[best] > byLag[MOST_LAG]);
  return agreeing.length === hourly.length ? { hours: LAGS[best], r: means[best], without } : undefined;
}

/** Of a station that reads like another: how much of the correlations two of them gain together when they are exchanged. */
const CLEAR_EXCHANGE = 0.5;
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
export function exchangedStations(all: readonly SeriesAtStations[]): [number, number][] {
  const [{ stations }] = all;
  const anomalies = all.map((series) => [anomaliesOf(series.observed, stations), anomaliesOf(atTimes(series), stations)] as const);
  const fit = (station: number, cell: number): number =>
    mean(anomalies.flatMap(([observed, simulated]) => fitOf(observed, simulated, stations, station, cell) ?? []));
  const own = Array.from({ length: stations }, (_, station) => fit(station, station));
  const worst = [...own.keys()]
    .filter((station) => Number.isFinite(own[station]))
    .sort((a, b) => own[a] - own[b])
    .slice(0, MOST_COMPARED);
  const found: { pair: [number, number]; gain: number }[] = [];
  worst.forEach((a, i) => {
    for (const b of worst.slice(i + 1)) {
      const crossed = [fit(a, b), fit(b, a)];
      const gain = crossed[0] + crossed[1] - own[a] - own[b];
      if (
        gain > CLEAR_EXCHANGE &&
        crossed[0] > own[a] + CLEAR_EXCHANGE / 4 &&
        crossed[1] > own[b] + CLEAR_EXCHANGE / 4 &&
        Math.min(...crossed) > LEAST_R
      )
        found.push({ pair: [a, b], gain });
    }
  });
  const seen = new Set<number>();
  return found
    .sort((a, b) => b.gain - a.gain)
    .filter(({ pair }) => !pair.some((station) => seen.has(station)) && pair.forEach((station) => seen.add(station)) === undefined)
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

/** Of two fields on a grid: correlation of ranks as they lie, and with the first turned round. */
export interface TurnedFit {
  own: number;
  rows: number;
  columns: number;
}

/** A turn that fits so much better than the fields as they lie is no chance. */
const CLEAR_TURN = 0.25;

/** Which way a field fits clearly better than it lies; undefined where it lies right, or nothing tells. */
export function turnedRound(fits: readonly TurnedFit[]): 'rows' | 'columns' | undefined {
  const finite = fits.filter(({ own, rows, columns }) => [own, rows, columns].every(Number.isFinite));
  if (finite.length === 0) return undefined;
  const of = (way: keyof TurnedFit): number => mean(finite.map((fit) => fit[way]));
  const way = of('rows') >= of('columns') ? 'rows' : 'columns';
  return of(way) > LEAST_R && of(way) - of('own') > CLEAR_TURN ? way : undefined;
}

/** @param field - `[H, W]`, of which the values at `cells` are compared with `values` */
export function turnedFit(
  field: ArrayLike<number>,
  { rows, cols }: { rows: number; cols: number },
  cells: ArrayLike<number>,
  values: ArrayLike<number>,
): TurnedFit {
  const other = ranks(values);
  const fit = (turn: (row: number, col: number) => number): number =>
    correlation(ranks(Array.from(cells, (cell) => field[turn(Math.floor(cell / cols), cell % cols)])), other);
  return {
    own: fit((row, col) => row * cols + col),
    rows: fit((row, col) => (rows - 1 - row) * cols + col),
    columns: fit((row, col) => row * cols + cols - 1 - col),
  };
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const pairs = new Moments();
  for (let i = 0; i < a.length; i++) pairs.add(a[i], b[i]);
  return pairs.correlation();
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Places in ascending order; equal values share theirs. */
function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const out = new Float64Array(values.length);
  for (let i = 0; i < order.length;) {
    let end = i + 1;
    while (end < order.length && values[order[end]] === values[order[i]]) end++;
    for (let k = i; k < end; k++) out[order[k]] = (i + end - 1) / 2;
    i = end;
  }
  return out;
}
