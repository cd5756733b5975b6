/**
 * Whether GMT in AirData's hourly files is on the right side of local time. In files of 2014 the sign of the offset was turned round: GMT is earlier than the
 * local time of Utah, and values would be taken 14 hours early. How far the two are apart is held against the longitude.
 */
import { identifier } from '../files/tables/table-store';

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

/** SQL of the least and most minutes at each station. @param from - with the {@link clockColumn} */
export const clockRows = (station: string, from: string, more = ''): string =>
  `SELECT ${station} AS station, min(${LAG}), max(${LAG})${more} FROM ${from} WHERE ${LAG} IS NOT NULL GROUP BY 1 ORDER BY 1`;

/**
 * @param lags - by which GMT is later, minutes
 * @returns what is wrong at a station, with what to do
 */
export function clockFault(id: string, lon: number, lags: readonly number[]): string | undefined {
  const expected = -MINUTES_PER_DEGREE * (lon > 180 ? lon - 360 : lon);
  const odd = lags.find((lag) => Math.abs(lag - expected) > MOST_APART);
  if (odd === undefined) return undefined;
  const hours = Math.round(expected / 60);
  const said = (minutes: number): string => `${Math.abs(Number((minutes / 60).toFixed(1)))} h ${minutes < 0 ? 'earlier' : 'later'}`;
  return (
    `at station ${id} (longitude ${lon}) GMT is ${said(odd)} than local time, where it must be about ${said(60 * hours)} (older files of AirData have the sign ` +
    `turned round): download the file anew, or take the local times by layout sql with timeZone: Etc/GMT${hours < 0 ? '' : '+'}${hours}`
  );
}
