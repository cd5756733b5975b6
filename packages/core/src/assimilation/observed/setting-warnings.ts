/** What is no fault of a case, but makes its monitors say more, or less, than they know: a sentence each, for `check` and for the log of a stage. */
import { asksForCrossValidation, type Case, type InversionSettings } from '../../case';
import type { Grid } from '../../grid/grid';
import type { HistoryPoint, InversionStatus } from '../../inversion/solve/inversion-state';

/**
 * Blocks of withheld monitors that the prior's correlation reaches through. What the used monitors say is carried over distances of `lengthKm`; a monitor lies half a
 * block from the next used cell at most, so that with blocks of less than twice the length none judges anything but its neighbours' interpolation.
 *
 * @returns undefined where blocks are wide enough, or the inversion has no such length
 */
export function withheldDoubt(
  { fraction, blockCells }: Case['withheld'],
  { mode, space, lengthKm, factorCorrelation: { far } }: InversionSettings,
  grid: Grid,
): string | undefined {
  const needed = Math.ceil(Math.max(...grid.lengthInCells(2 * lengthKm)) - 1e-9);
  if (fraction === 0 || mode === 'paper' || space !== 'cells' || blockCells >= needed) return undefined;
  const width = blockCells / Math.max(...grid.lengthInCells(1));
  const correlationOver = (km: number): number => Math.exp(-0.5 * (width / 2 / km) ** 2);
  const correlation = far ? (1 - far.part) * correlationOver(lengthKm) + far.part * correlationOver(far.km) : correlationOver(lengthKm);
  return (
    `withheld.blockCells: blocks of ${blockCells} cells (${width.toFixed(0)} km) are narrower than twice inversion.lengthKm (${lengthKm} km), so that even in the middle ` +
    `of a block the prior's correlation with the cells outside is ${correlation.toFixed(2)}, and withheld monitors judge the neighbourhood of used ones: raise it to ` +
    `${needed} if five blocks or more are then withheld, or read their scores so`
  );
}

/**
 * Real monitors with errors as a twin experiment has them. The model's own error, and that of the place of a monitor in its cell, is then written into the emissions.
 *
 * @returns undefined where one of them is set, or the observations are a twin's
 */
export function twinErrorsDoubt({ observations, inversion }: Pick<Case, 'observations' | 'inversion'>): string | undefined {
  const { mode, representativeness, errorCorrelation, surrogateError } = inversion;
  if (observations.twin || mode === 'paper' || observations.files === undefined) return undefined;
  const isCorrelated = [errorCorrelation.hours, errorCorrelation.km].some((length) =>
    typeof length === 'number' ? length > 0 : Object.values(length).some((lengthKm) => lengthKm > 0),
  );
  const unset = [
    ...(representativeness === 'none' ? ['representativeness'] : []),
    ...(isCorrelated ? [] : ['errorCorrelation']),
    ...(surrogateError === 'none' ? ['surrogateError'] : []),
  ];
  if (unset.length < 3) return undefined;
  return (
    `inversion: the observations are real, and their errors are those of a twin experiment (${unset.join(', ')} are not set): errors of the model and its weather are then ` +
    'written into the emissions: set them as in docs/real-monitors.md'
  );
}

/** Spreads and errors that are chosen with another number of values a day than they are used with, where each value counts as news. */
export function effortDoubt(settings: Pick<Case, 'crossValidation' | 'inversion' | 'observations'>): string | undefined {
  const { crossValidation, inversion, observations } = settings;
  const { spreadScale, errorScale } = crossValidation.try;
  const [chosen, used] = [crossValidation.hoursPerDay, inversion.hoursPerDay];
  if (!asksForCrossValidation(settings) || (spreadScale === undefined && errorScale === undefined) || chosen === used) return undefined;
  if (observations.resolution === 'daily' || inversion.dailyMeans || !countsAsNews(inversion)) return undefined;
  return (
    `crossValidation.hoursPerDay: spreads and errors are chosen at ${chosen} ${chosen === 1 ? 'hour' : 'hours'} a day and used at ${used} (inversion.hoursPerDay), and with inversion.errorCorrelation.hours: 0 ` +
    `each value counts as news, so that observations then weigh ${Number((used / chosen).toPrecision(2))} times as much: set both to the same number, or errorCorrelation.hours`
  );
}

function countsAsNews({ errorCorrelation: { hours } }: InversionSettings): boolean {
  return typeof hours === 'number' ? hours === 0 : Object.values(hours).some((speciesHours) => speciesHours === 0);
}

/** A fall of the cost in the last quarter of the steps, as a part of it, beyond which the minimum is still far. */
const STILL_FALLING = 0.03;

/**
 * An inversion that ended because its steps did, far from the minimum: what it found then depends on their number. An end that watched monitors chose is another
 * matter, and the first steps of a few say nothing.
 */
export function unfinishedDoubt({
  status,
  keptIteration,
  history,
}: {
  status: InversionStatus;
  keptIteration: number;
  history: readonly Pick<HistoryPoint, 'iteration' | 'total'>[];
}): string | undefined {
  const last = history.at(-1);
  const quarter = Math.floor((history.length - 1) / 4);
  if (status !== 'iterations' || last === undefined || quarter < 2 || keptIteration < last.iteration - quarter) return undefined;
  // Trials that the line search took back stand in the history, too.
  const lowest = (points: typeof history): number => points.reduce((minimum, { total }) => Math.min(minimum, total), Infinity);
  const fall = 1 - lowest(history) / lowest(history.slice(0, history.length - quarter));
  if (!(fall > STILL_FALLING)) return undefined;
  return (
    `inversion.iterations: after ${last.iteration} steps the cost still falls (${(100 * fall).toFixed(0)} % in the last ${quarter}), so that the result is not the minimum: ` +
    'more steps may find more'
  );
}
