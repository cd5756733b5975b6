/** The prior run that was brought, held against the weather: that of another year, or on turned rows, has carried nothing of it. */
import { RetroplumeError } from '../../../base/errors';
import type { Case, PeriodSettings } from '../../../case';
import { hourlyFiles, meteorologyFiles, timeOf } from '../../../case/case-runs';
import { timeAt, type Grid } from '../../../grid/grid';
import { readRunConcentrations } from '../../../transport/surface-output';
import { readMeteorology } from '../../../weather/meteorology';
import { openWeather } from '../../../weather/open-weather';
import { carrying, isOtherWeather, type CarriedHour } from '../../../assimilation/judgement/weather-agreement';
import type { Findings } from './findings';

const DAY = 24;
/** Hours of each day that are looked at, and days at most. */
const HOURS_OF_DAY = [3, 9, 15, 21];
const MOST_DAYS = 6;

/** What cannot be read has been told by others, under its own key; without winds nothing is told. */
export async function checkPriorAgainstWeather(findings: Findings, settings: Case, grid: Grid): Promise<void> {
  if (settings.priorConcentrations === undefined) return;
  for (const period of settings.periods) {
    try {
      const agreement = carrying(carriedHours(findings, settings, period, grid), {
        rows: grid.rows,
        cols: grid.cols,
        cell: Math.sqrt(grid.cellAreaM2),
      });
      if (agreement && isOtherWeather(agreement)) findings.warnings.push(`${period.name}: ${inWords(agreement)}`);
    } catch (cause) {
      if (!(cause instanceof RetroplumeError)) throw cause;
    }
    await new Promise(setImmediate);
  }
}

function inWords({ withOwnWinds, withOtherWinds }: NonNullable<ReturnType<typeof carrying>>): string {
  return `the winds carry the prior run no better than those of other days (r ${withOwnWinds.toFixed(2)} and ${withOtherWinds.toFixed(2)}): is meteorology.files the weather that it was made with, of these hours, and are its rows the same way round?`; // prettier-ignore
}

function carriedHours({ signal }: Findings, settings: Case, period: PeriodSettings, grid: Grid): CarriedHour[] {
  const time = timeOf(period);
  const runs = hourlyFiles(settings, settings.priorConcentrations!, period.name);
  const weather = openWeather(meteorologyFiles(settings, period.name), { ...settings.meteorology, grid, during: time });
  try {
    return sampledHours(period).map((hour) => ({
      hourOfDay: timeAt(time, hour).getUTCHours(),
      concentrations: readRunConcentrations(settings, runs, { grid, time: { ...time, start: timeAt(time, hour - 1), count: 3 } }, signal),
      wind: readMeteorology(weather, { ...time, start: timeAt(time, hour), count: 1 }, ['u', 'v'], { signal }),
    }));
  } finally {
    weather.close();
  }
}

function sampledHours({ hours, spinUpHours }: PeriodSettings): number[] {
  const days = Math.floor((hours - spinUpHours) / DAY);
  const step = Math.max(1, Math.floor(days / MOST_DAYS));
  const firstHours = Array.from({ length: Math.ceil(days / step) }, (_, i) => spinUpHours + i * step * DAY);
  return firstHours.flatMap((first) => HOURS_OF_DAY.map((hour) => first + hour)).filter((hour) => hour >= 1 && hour + 1 < hours);
}
