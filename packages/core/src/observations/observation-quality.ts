/**
 * Which observed values are taken. The rules:
 *
 *   missing     empty, NA, NaN, null, -, and the codes -99, -999, -9999, …: left out
 *   negative    below the species' negativeFloor (base/species.ts), or the case's: left out and counted
 *   absurd      above the species' mostObserved (the same), where it has one: left out and counted
 *   unreadable  text that is no number: left out and counted
 *
 * Where negative, absurd and unreadable ones together are more than 5 % of a species' values, the unit or the column is wrong rather than
 * the monitor, and the file is refused.
 *
 * In clean air the noise of a monitor goes below zero. Such values are as right as those above: without them, or with zeros in their place, means would be
 * too high.
 */
import { DataError } from '../base/errors';
import { identifier } from '../files/tables/table-store';
import type { ObservedSpecies } from './observed-species';
import { RULES, type RuleCounts } from './quality-rules';

/** Values of one species at times that begin no step. */
export interface OffStep {
  values: number;
  /** identifiers, in their order */
  stations: string[];
}

const REFUSED_PART = 0.05;

export interface SpeciesQuality {
  /** of its values */
  unit: 'ppb' | 'ug m-3';
  /** above it a value is absurd; absent where the species has no such limit */
  mostObserved?: number;
  valid: number;
  /** steps x stations without a value */
  missing: number;
  /** below zero and taken: the noise of monitors in clean air */
  belowZero: number;
  /** below the floor */
  negative: number;
  absurd: number;
  unreadable: number;
  /** the same value given twice for a station and time, and counted once */
  repeated: number;
  /** more than half of those above zero lie below this, where hardly any monitor is; absent where they do not */
  mostlyBelow?: number;
  /** at times that begin no step of the series, and dropped; absent where there is none */
  offStep?: OffStep;
  /** at stations outside the grid, and dropped; absent where there is none, or no grid was given */
  outside?: number;
  /** dropped by the case's own rules, if it has rules */
  rules?: RuleCounts;
}

export interface ObservationQuality {
  /** listed without coordinates, and dropped */
  stationsWithoutCoordinates: string[];
  /** what is wrong with those among them that have some; absent where there is none */
  stationsMisplaced?: string[];
  /** those with values whose coordinates may stand for missing ones: `S1: longitude -99`; absent where there is none */
  stationsDoubtful?: string[];
  /** in the observations but not in the list of stations, and dropped */
  stationsUnknown: string[];
  /** listed with a value, but outside the grid, and dropped; absent where there is none, or no grid was given */
  stationsOutside?: string[];
  /** listed, but without a value that counts */
  stationsSilent: string[];
  /** steps between the first and the last for which the files hold nothing */
  absentSteps: number;
  /** values that the network itself marks as not valid, and that were left out; absent where there is none */
  invalid?: number;
  /** daily means of fewer than 75 % of the hours, and left out; absent where there is none */
  incompleteDays?: number;
  /** in the files, but without a value at these stations and times, where the case does not name the species; absent where there is none */
  silentSpecies?: string[];
  /** asked for by name, but not in the files at all; absent where there is none */
  absentSpecies?: string[];
  /** columns that some of the files lack, beside others that have them: `obs_2.csv: no column no2`; absent where there is none */
  columnsAbsent?: string[];
  species: Record<string, SpeciesQuality>;
}

export const emptyQuality = ({ unit, mostObserved }: ObservedSpecies): SpeciesQuality => ({
  unit,
  ...(Number.isFinite(mostObserved) ? { mostObserved } : {}),
  valid: 0,
  missing: 0,
  belowZero: 0,
  negative: 0,
  absurd: 0,
  unreadable: 0,
  repeated: 0,
});

/** SQL list of the words that stand for no value. */
export const MISSING_WORDS = `('', 'na', 'n/a', 'nan', 'null', 'none', 'nil', '-', '--', '—', '*', '.')`;

/** The codes that stand for no value, of two nines to the fifteen that a double holds exactly, as files write them: before units. */
const MISSING_CODES = Array.from({ length: 14 }, (_, i) => `-${'9'.repeat(i + 2)}`);

/** SQL that is true where `number`, SQL of a DOUBLE, stands for no value. */
export const standsForNone = (number: string): string => `(isnan(${number}) OR ${number} IN (${MISSING_CODES.join(', ')}))`;

/** Counts a value (in the species' unit) and says whether it is taken. */
export function accept(quality: SpeciesQuality, { negativeFloor, mostObserved }: ObservedSpecies, value: number): boolean {
  if (value < negativeFloor) quality.negative++;
  else if (value > mostObserved) quality.absurd++;
  else return true;
  return false;
}

/** SQL that is true where `text` is a number as `12,5`. */
export const hasDecimalComma = (text: string): string => `regexp_full_match(trim(${text}), '[+-]?[0-9]+,[0-9]+')`;

/** @param commas - number of unreadable values that are numbers with a decimal comma @throws {DataError} `OBSERVATIONS_ABSURD`, `OBSERVATIONS_EMPTY` */
export function assertQuality(files: string, { name: species, ...facts }: ObservedSpecies, quality: SpeciesQuality, commas: number): void {
  const { valid, negative, absurd, unreadable } = quality;
  const bad = negative + absurd + unreadable;
  if (bad > REFUSED_PART * (valid + bad)) {
    const { negativeFloor, mostObserved, unit } = facts;
    const aboveLimit = Number.isFinite(mostObserved) ? `, ${absurd} above ${mostObserved}` : '';
    const counts = `${negative} below ${negativeFloor}${aboveLimit} ${unit}, ${unreadable} unreadable of ${valid + bad}`;
    throw new DataError(
      'OBSERVATIONS_ABSURD',
      commas > bad / 2
        ? `${files}: ${species}: ${commas} of ${valid + bad} values have a decimal comma, as 12,5: write them with a point`
        : `${files}: ${species}: too many values make no sense (${counts}): check its column and unit in the case`,
    );
  }
  if (valid === 0) throw new DataError('OBSERVATIONS_EMPTY', `${files}: ${species} ${emptiness(quality)}, or leave the species out of the case`);
}

/** Why a species has no value, and what to do. */
function emptiness({ offStep, outside }: SpeciesQuality): string {
  if (offStep !== undefined)
    return `has values only at times between those of other species (station ${offStep.stations[0]}): give means of the same hours`;
  if (outside !== undefined)
    return `has ${outside} values at stations outside the grid and none inside: check lon and lat of the stations, and the case's grid`;
  return 'has no value at any station and time: check its column';
}

/** @param values - NaN where there is none @returns what more than half of the values above zero lie below, where the unit is wrong rather than the air so clean */
export function lowLimit({ leastObserved: limit }: ObservedSpecies, values: Float32Array): number | undefined {
  if (limit === undefined) return undefined;
  let [high, low] = [0, 0];
  for (const value of values) {
    if (value > 0) high++;
    if (value > 0 && value < limit) low++;
  }
  return 2 * low > high ? limit : undefined;
}

/** Sentences of species whose values are too low to be believed. */
export function unitDoubts({ species }: ObservationQuality): string[] {
  return Object.entries(species).flatMap(([name, { mostlyBelow, unit }]) =>
    mostlyBelow === undefined
      ? []
      : [`most values of ${name} lie below ${mostlyBelow} ${unit}, less than clean air has: check its column and unit in the case`],
  );
}

/** Sentences of values at times between those of the series, with their stations. */
export function offStepsInWords({ species }: ObservationQuality): string[] {
  return Object.entries(species).flatMap(([name, { offStep }]) => {
    if (offStep === undefined) return [];
    const { values, stations } = offStep;
    const examples = stations.slice(0, 5).join(', ') + (stations.length > 5 ? ' …' : '');
    return [`${values} values of ${name} at times between those of the others were left out (of ${stations.length} stations: ${examples})`];
  });
}

const RULE_TEXT: Record<(typeof RULES)[number], string> = {
  outOfRange: 'outside the range of the case',
  stuck: 'that stood still',
  spike: 'that stood out from the hours beside them',
  fewHours: 'on days with too few hours',
};

export const incompleteInWords = (count: number): string => `${count} daily means of fewer than 75 % of the hours`;

/** @param misplaced - of a list of stations */
export function misplacedInWords(misplaced: readonly string[]): string {
  return misplaced.slice(0, 3).join('; ') + (misplaced.length > 3 ? ' …' : '');
}

function gapsInWords(gaps: readonly string[]): string[] {
  const remainder = gaps.length > 3 ? ` (and of ${gaps.length - 3} more files)` : '';
  return gaps.length === 0 ? [] : [`${gaps.slice(0, 3).join('; ')}, which other files have: these rows have no value of it${remainder}`];
}

/** Sentences for the log and the report; empty where there is nothing to tell. */
export function describeQuality(quality: ObservationQuality): string[] {
  const part = (count: number, text: string): string[] => (count > 0 ? [`${count} ${text}`] : []);
  const { stationsMisplaced: misplaced = [] } = quality;
  return [
    ...part(quality.stationsWithoutCoordinates.length - misplaced.length, 'stations without coordinates were dropped'),
    ...part(misplaced.length, `stations with coordinates that are none were dropped (${misplacedInWords(misplaced)})`),
    ...doubtfulInWords(quality.stationsDoubtful ?? []),
    ...part(
      quality.stationsUnknown.length,
      `stations are in the observations but not in the list and were dropped (${quality.stationsUnknown.slice(0, 5).join(', ')}…)`,
    ),
    ...part(quality.stationsSilent.length, 'listed stations have no value'),
    ...(quality.incompleteDays === undefined ? [] : [`${incompleteInWords(quality.incompleteDays)} were left out`]),
    ...part(quality.invalid ?? 0, 'values that the network marks as not valid were left out'),
    ...(quality.silentSpecies ?? []).map((name) => `the files hold ${name}, but no value of it at the stations and times of the case`),
    ...(quality.absentSpecies === undefined ? [] : [`the files hold no ${quality.absentSpecies.join(', ')}`]),
    ...gapsInWords(quality.columnsAbsent ?? []),
    ...part(quality.absentSteps, 'steps are absent from the files'),
    ...part(quality.stationsOutside?.length ?? 0, 'stations with values lie outside the grid'),
    ...offStepsInWords(quality),
    ...Object.entries(quality.species).flatMap(([name, counts]) => [
      ...part(counts.outside ?? 0, `values of ${name} at stations outside the grid were left out`),
      ...part(counts.belowZero, `values of ${name} a little below zero were kept: the noise of monitors in clean air`),
      ...part(counts.negative, `values of ${name} too far below zero were left out`),
      ...part(counts.absurd, `values of ${name} above ${counts.mostObserved} ${counts.unit} were left out`),
      ...part(counts.unreadable, `values of ${name} that are no number were left out`),
      ...part(counts.repeated, `values of ${name} repeat another of their station and time, and count once`),
      ...RULES.flatMap((rule) => part(counts.rules?.[rule] ?? 0, `values of ${name} ${RULE_TEXT[rule]} were left out`)),
    ]),
    ...unitDoubts(quality),
  ];
}

/** Coordinates that are on earth, but may be none: what files write for missing, and what a spreadsheet makes of an empty cell. @returns what is doubtful: `longitude -99` */
function placeDoubt(lon: number, lat: number): string | undefined {
  if (lon === -99) return 'longitude -99';
  if (lon === lat) return `longitude and latitude ${lon}`;
  return lon === 0 ? 'longitude 0' : lat === 0 ? 'latitude 0' : undefined;
}

/** Those of a list of stations: `S1: longitude -99`. */
export function doubtfulPlaces(stations: readonly { id: string; lon: number; lat: number }[]): string[] {
  return stations.flatMap(({ id, lon, lat }) => {
    const doubt = placeDoubt(lon, lat);
    return doubt === undefined ? [] : [`${id}: ${doubt}`];
  });
}

/** @param doubtful - of {@link doubtfulPlaces} @returns a sentence, or none */
export function doubtfulInWords(doubtful: readonly string[]): string[] {
  if (doubtful.length === 0) return [];
  const first = doubtful.slice(0, 3).join('; ') + (doubtful.length > 3 ? ' …' : '');
  return [`${doubtful.length} stations stand where a code for missing coordinates would put them, and are kept (${first}): check the list`];
}

/*
 * Whether GMT in AirData's hourly files is on the right side of local time. In files of 2014 the sign of the offset was turned round: GMT is earlier than the
 * local time of Utah, and values would be taken 14 hours early. How far the two are apart is held against the longitude.
 */
const GMT = ['Date GMT', 'Time GMT'];
const LOCAL = ['Date Local', 'Time Local'];
/** Column by which GMT is later than local time, in minutes. */
const LAG = '"minutes from local time to GMT"';
/** Minutes by which clocks differ from the sun at most: western China's by three hours, those of the United States by two. */
const MOST_APART = 240;
const MINUTES_PER_DEGREE = 4;

/** SQL that adds the column {@link clockRows} needs; empty where the files have no local time. */
export function clockColumn(columns: readonly string[]): string[] {
  if (![...GMT, ...LOCAL].every((name) => columns.includes(name))) return [];
  const time = (names: readonly string[]): string =>
    `try_strptime(${names.map((name) => `trim(${identifier(name)})`).join(` || ' ' || `)}, '%Y-%m-%d %H:%M')`;
  return [`date_diff('minute', ${time(LOCAL)}, ${time(GMT)})::INTEGER AS ${LAG}`];
}

/** SQL of the least and most minutes at each station. @param source - with the {@link clockColumn} */
export const clockRows = (station: string, source: string, extraCondition = ''): string =>
  `SELECT ${station} AS station, min(${LAG}), max(${LAG})${extraCondition} FROM ${source} WHERE ${LAG} IS NOT NULL GROUP BY 1 ORDER BY 1`;

/**
 * @param lags - by which GMT is later, minutes
 * @returns what is wrong at a station, with what to do
 */
export function clockFault(id: string, lon: number, lags: readonly number[]): string | undefined {
  const expected = -MINUTES_PER_DEGREE * (lon > 180 ? lon - 360 : lon);
  const odd = lags.find((lag) => Math.abs(lag - expected) > MOST_APART);
  if (odd === undefined) return undefined;
  const hours = Math.round(expected / 60);
  const shiftText = (minutes: number): string => `${Math.abs(Number((minutes / 60).toFixed(1)))} h ${minutes < 0 ? 'earlier' : 'later'}`;
  return (
    `at station ${id} (longitude ${lon}) GMT is ${shiftText(odd)} than local time, where it must be about ${shiftText(60 * hours)} (older files of AirData have the sign ` +
    `turned round): download the file anew, or take the local times by layout sql with timeZone: Etc/GMT${hours < 0 ? '' : '+'}${hours}`
  );
}
