/** The prior run held against the monitors, where both are there: what makes a result wrong without a word shows here first. */
import { existsSync } from 'node:fs';
import { knownSpecies, type CaseChannels, type Species } from '../../../base/species';
import { RetroplumeError } from '../../../base/errors';
import { askedSpecies, surfaceChannels, type Case, type PeriodSettings } from '../../../case';
import { hourlyFiles, PRIOR, simulatedFile, spanOf, timeOf, twinObservationsFile } from '../../../case/case-runs';
import { timeAt, type Grid } from '../../../grid/grid';
import { readObservations, type Observations } from '../../../observations/observations';
import { readRunConcentrations } from '../../../transport/surface-output';
import { convert } from '../../../units/units';
import {
  agreement,
  commonLag,
  exchangedStations,
  LAGS,
  type Agreement,
  type CommonLag,
  type SeriesAtStations,
} from '../../../assimilation/judgement/prior-agreement';
import { turnedFit, turnedRound, type TurnedFit } from '../../../assimilation/judgement/emission-agreement';
import type { Findings } from './findings';

const HOUR_MS = 3_600_000;
const DAY = 24;

/**
 * @param observed - of each period, where they were brought and could be read
 * @param simulate - the folder of that stage, in which the prior run of a model that we run may lie, and what a twin observes
 * @param entry - of `observations.independent`, whose observations these are; default: those of the case
 */
export async function checkPriorAtMonitors(
  findings: Findings,
  settings: Case,
  grid: Grid,
  observed: ReadonlyMap<string, Observations>,
  simulate: string,
  entry?: string,
): Promise<void> {
  if (findings.hasFault(['priorConcentrations'])) return;
  const compared: Compared[] = [];
  const channels = surfaceChannels(settings);
  const subject = `prior run at the monitors${entry === undefined ? '' : ` of ${entry}`}`;
  for (const period of settings.periods) {
    const files = priorFiles(settings, period, simulate);
    const ofTwin = files && entry === undefined ? await twinObservations(settings, period, grid, simulate) : undefined;
    const observations = observed.get(period.name) ?? ofTwin;
    const label = `${subject}, ${period.name}`;
    const comparison = files && observations && (await comparePeriod(findings, settings, period, grid, { label, files, observations }));
    if (comparison) compared.push(comparison);
  }
  const lag = commonLag(compared.flatMap(({ agreements }) => agreements));
  if (lag) findings.warnings.push(`${subject}: ${lagInWords(lag)}`);
  for (const { label, agreements, places } of compared) {
    // At wrong hours stations read like others by chance.
    const doubts = [...unitDoubts(agreements, channels), ...agreements.map(unrelatedDoubt), ...(lag ? [] : places())];
    findings.warnings.push(...doubts.filter((doubt) => doubt !== undefined).map((doubt) => `${label}: ${doubt}`));
  }
}

/** A period's species, and what stations and fields show of their places. */
interface Compared {
  label: string;
  agreements: Found[];
  places: () => (string | undefined)[];
}

function priorFiles(settings: Case, { name }: PeriodSettings, simulate: string): string[] | undefined {
  if (settings.priorConcentrations !== undefined) return hourlyFiles(settings, settings.priorConcentrations, name);
  const output = simulatedFile(simulate, PRIOR, 'ACONC', name);
  return existsSync(output) ? [output] : undefined;
}

async function twinObservations(settings: Case, period: PeriodSettings, grid: Grid, simulate: string): Promise<Observations | undefined> {
  const file = twinObservationsFile(simulate, period.name);
  if (!settings.observations.twin || !existsSync(file)) return undefined;
  return readObservations(
    { ...settings.observations, files: file, species: askedSpecies(settings) },
    { period: period.name, span: spanOf(period), grid },
  );
}

/** @returns undefined where nothing can be compared; what cannot be read has been told by others, under its own key */
async function comparePeriod(
  findings: Findings,
  settings: Case,
  period: PeriodSettings,
  grid: Grid,
  { label, files, observations }: { label: string; files: string[]; observations: Observations },
): Promise<Compared | undefined> {
  const { species, units } = surfaceChannels(settings);
  const names = species.filter((name) => observations.species.includes(name));
  let run: RunAtStations;
  try {
    run = await readAtStations(findings, settings, period, grid, files, observations);
  } catch (cause) {
    if (!(cause instanceof RetroplumeError)) throw cause;
    return undefined;
  }
  const series = names.map((name) => run.series(name));
  const agreements = names.flatMap((name, i) => {
    const figures = agreement(series[i]);
    return figures ? [{ name, ...figures }] : [];
  });
  if (agreements.length === 0) return undefined;
  findings.right.push(...agreements.map((figures) => `${label}: ${inWords(figures, units[figures.name])}`));
  const places = (): (string | undefined)[] => [
    ...exchangeDoubts(exchangedStations(series), run.stations),
    turnDoubt(names.map((name) => run.turned(name))),
  ];
  return { label, agreements, places };
}

type Found = Agreement & { name: Species };

function inWords({ name, pairs, observed, simulated, r, byLag }: Found, unit: string): string {
  const best = byLag && LAGS[byLag.indexOf(Math.max(...byLag))];
  const lag = byLag ? `; within stations ${figure(byLag[LAGS.indexOf(0)])}, most at a lag of ${best} h` : '';
  return `${name}: ${pairs} pairs, observed ${figure(observed)} and simulated ${figure(simulated)} ${unit} (ratio ${figure(simulated / observed)}), r ${figure(r)}${lag}`;
}

function lagInWords({ hours, r, rWithoutLag }: CommonLag): string {
  const late = `what is observed fits the run best ${Math.abs(hours)} h ${hours > 0 ? 'earlier' : 'later'} than it is dated (r ${figure(r)}, as dated ${figure(rWithoutLag)})`;
  const cause =
    Math.abs(hours) === 1
      ? 'do labels mark the other end of the hour, or is the zone an hour off (observations.timeZone)?'
      : 'are the hours of another zone (observations.timeZone), or is the day of the run another?';
  return `${late}: ${cause}`;
}

/** µg m-3 of a gas for 1 ppb, at the state of EU networks, from which others differ by up to 7 %; undefined of particles. */
function perPpb(name: Species, channels: CaseChannels): number | undefined {
  const molarMass = channels.molarMass[name];
  return molarMass === undefined || channels.units[name] !== 'ppb'
    ? undefined
    : convert(1, 'ppb', 'ug m-3', { molarMass, temperature: 293, pressure: 101_300 });
}

/** How near a ratio of ozone must come to a unit's factor: its mean is that of the background, which a run of any model has to a fifth. */
const NEAR = Math.log(1.25);
/** A ratio beyond which no run is wrong, but a unit is. */
const FAR = Math.log(30);

function unitDoubts(agreements: readonly Found[], channels: CaseChannels): string[] {
  const far = agreements.filter(({ observed, simulated }) => Math.abs(Math.log(simulated / observed)) > FAR);
  if (far.length > 0)
    return far.map(({ name, observed, simulated }) => `${name}: the run has ${figure(simulated / observed)} times what is observed: is the unit of the observations, or of concentrations.variables, a thousand times another (mg, ug, ppb, ppm)?`); // prettier-ignore
  const gases = agreements.filter(({ name }) => perPpb(name, channels) !== undefined);
  const ozone = gases.find(({ name }) => knownSpecies(name)?.isBackground);
  if (!ozone) return [];
  for (const [unit, trueUnit, power] of [
    ['ppb', 'ug m-3', 1],
    ['ug m-3', 'ppb', -1],
  ] as const) {
    // Too large by the factor, where µg m-3 were called ppb.
    const mended = ({ name, observed, simulated }: Found): number => Math.log((simulated / observed) * perPpb(name, channels)! ** power);
    const better = (gas: Found): boolean => Math.abs(mended(gas)) < Math.abs(Math.log(gas.simulated / gas.observed));
    if (Math.abs(mended(ozone)) > NEAR || !gases.every(better)) continue;
    const ratios = gases.map((gas) => `${gas.name} ${figure(gas.simulated / gas.observed)}`).join(', ');
    return [`the run on what is observed (${ratios}) is as ${trueUnit} read as ${unit} would make it: are the gases in ${trueUnit}, and is their reference state right (observations.columns, gasReference)?`]; // prettier-ignore
  }
  return [];
}

/** Pairs that are needed to say that a run has nothing to do with what is observed. */
const FEWEST_PAIRS = 200;
const UNRELATED = 0.05;

function unrelatedDoubt({ name, pairs, r, byLag }: Found): string | undefined {
  if (pairs < FEWEST_PAIRS || !(r < UNRELATED) || (byLag && Math.max(...byLag) > UNRELATED * 4)) return undefined;
  return `${name}: r ${figure(r)} over ${pairs} pairs: is it the run of these hours and places, and the right variable?`;
}

function exchangeDoubts(pairs: readonly [number, number][], stations: readonly string[]): string[] {
  return pairs.map(([a, b]) => `${stations[a]} and ${stations[b]} each read as the run does at the other: are the two exchanged in the list of stations or in the files?`); // prettier-ignore
}

function turnDoubt(fits: readonly (TurnedFit | undefined)[]): string | undefined {
  const way = turnedRound(fits.filter((fit) => fit !== undefined));
  return way && `the means of the stations fit the run better with its ${way} turned round: do the ${way} of its files begin at the other side?`;
}

interface RunAtStations {
  stations: string[];
  series: (name: Species) => SeriesAtStations;
  turned: (name: Species) => TurnedFit | undefined;
}

/** Stations that are needed to tell which way a field lies. */
const FEWEST_STATIONS = 30;

/** Reads the run a day at a time: a month of a country does not fit into memory. */
async function readAtStations(
  { signal }: Findings,
  settings: Case,
  period: PeriodSettings,
  grid: Grid,
  files: string[],
  { stations, time, values }: Observations,
): Promise<RunAtStations> {
  const axis = timeOf(period);
  const cells = grid.rows * grid.cols;
  const cellOf = stations.map(({ lon, lat }) => {
    const cell = grid.cellAt(lon, lat)!;
    return cell.row * grid.cols + cell.col;
  });
  const size = axis.count * stations.length;
  const { species } = surfaceChannels(settings);
  const simulated = species.map(() => new Float32Array(size).fill(NaN));
  const sums = species.map(() => new Float64Array(cells));
  for (let first = period.spinUpHours; first < axis.count; first += DAY) {
    const count = Math.min(DAY, axis.count - first);
    const fields = readRunConcentrations(settings, files, { grid, time: { ...axis, start: timeAt(axis, first), count } }, signal);
    for (let hour = 0; hour < count; hour++) {
      species.forEach((_, s) => {
        const value = (cell: number): number => fields[(hour * cells + cell) * species.length + s];
        cellOf.forEach((cell, station) => (simulated[s][(first + hour) * stations.length + station] = value(cell)));
        for (let cell = 0; cell < cells; cell++) sums[s][cell] += value(cell);
      });
    }
    await Promise.resolve();
  }
  const offset = (time.start.getTime() - axis.start.getTime()) / HOUR_MS;
  return {
    stations: stations.map(({ id }) => id),
    series: (name) => ({
      step: time.stepSeconds / 3600,
      offset,
      stations: stations.length,
      observed: values.get(name)!,
      simulated: simulated[species.indexOf(name)],
    }),
    turned: (name) => {
      const series = values.get(name)!;
      const means = cellOf.map((_, station) => meanOf(series, station, stations.length));
      const measured = [...means.keys()].filter((station) => Number.isFinite(means[station]));
      if (measured.length < FEWEST_STATIONS) return undefined;
      return turnedFit(sums[species.indexOf(name)], grid, measured.map((station) => cellOf[station]), measured.map((station) => means[station])); // prettier-ignore
    },
  };
}

function meanOf(series: Float32Array, station: number, stations: number): number {
  let [sum, n] = [0, 0];
  for (let i = station; i < series.length; i += stations) {
    if (Number.isNaN(series[i])) continue;
    sum += series[i];
    n++;
  }
  return sum / n;
}

function figure(value: number): string {
  return String(Number(value.toPrecision(2)));
}
