/** How far the inversion's emissions lie from those that the surrogate was trained on, and the limit that the case may set: files, figures, bounds. */
import { join } from 'node:path';
import type { Group } from '../../base/species';
import { caseChannels, memberNames } from '../../case';
import { trainedPeriods } from '../../case/case-runs';
import { onGrid } from '../../files/netcdf/cf-grid';
import { writeFileAtomic } from '../../files/checkpoint';
import { readCf, writeCf } from '../../files/netcdf/netcdf-cf';
import { wholeGrid, type PeriodSource } from '../../fields/period-source';
import { openPrepared } from '../../fields/prepared-store';
import { emittingCells, shareOfEmitting } from '../../inversion/control/control';
import { AT_BOUND } from '../../inversion/control/log-factor-control';
import { BEYOND, distanceFigures, isFar, MemberSpread, trainingDistance, type DistanceFigures } from '../../surrogate/judgement/training-distance';
import { isNew, newWeatherInWords, WeatherRange, type PeriodWeather } from '../../surrogate/judgement/weather-distance';
import type { PeriodFactors } from './factors-file';
import { testRuns } from '../surrogate/trained-surrogate';
import type { Workspace } from '../workspace';
import { meanOfStretch } from './updated-fields';

export const DISTANCE_FILE = 'distance.nc';
export const TRUST_FILE = 'trust.json';

/** hours */
const DAY = 24;

interface GroupTrust extends DistanceFigures {
  group: Group;
  period: string;
  /** with a limit: part of the emitting cells (and hours) whose factor lies at it, 0…1 */
  atLimit?: number;
}

/** What `trust.json` holds. */
export interface TrustSummary {
  /** runs with changed emissions that the surrogate was trained on; with none every change is beyond them, and there are no figures */
  members: number;
  /** `inversion.trustRegion` */
  limit?: number;
  /** distance that counts as beyond */
  beyond: number;
  groups: GroupTrust[];
  /** of each period that the surrogate was not trained in, if there are such */
  weather?: PeriodWeather[];
}

/** Names of the runs with changed emissions that the variant's surrogate is trained on. */
function trainedMembers(context: Workspace): string[] {
  const heldOutRuns = testRuns(context);
  return context.settings.surrogate.mode === 'paper' ? [] : memberNames(context.caseSettings).filter((name) => !heldOutRuns.includes(name));
}

/** Mean emissions of a period, `[H, W, groups]`, kg m-2 s-1. */
function meanEmissionsOf(period: PeriodSource): Float64Array {
  return meanOfStretch(period, { first: 0, hours: period.time.count });
}

/**
 * Spread of the log factors of the members in each period, `[H, W, groups]`; in one without members the mean of the others. Undefined where the surrogate was trained on one
 * inventory.
 */
export function shownSpread(context: Workspace): Float32Array[] | undefined {
  const members = trainedMembers(context);
  if (members.length === 0) return undefined;
  const channels = caseChannels(context.caseSettings);
  const spreads = trainedPeriods(context.caseSettings).map(({ name }) => {
    const open = (run?: string): PeriodSource => openPrepared(context.dirOf('prepare'), name, channels, run);
    const [prior, runs] = [open(), members.map(open)];
    const { grid, time } = prior;
    const spread = new MemberSpread(grid.rows * grid.cols * channels.groups.length);
    // A day at a time: what members change from week to week cancels in the mean of a period.
    for (let first = 0; first < time.count; first += DAY) {
      const day = { first, hours: Math.min(DAY, time.count - first) };
      const emissions = meanOfStretch(prior, day);
      for (const run of runs) {
        context.signal.throwIfAborted();
        spread.add(emissions, meanOfStretch(run, day));
      }
    }
    return { name, field: spread.spread() };
  });
  const meanOfOthers = meanSpread(spreads.map(({ field }) => field));
  return context.caseSettings.periods.map((period) => spreads.find(({ name }) => name === period.name)?.field ?? meanOfOthers);
}

function meanSpread(fields: readonly Float32Array[]): Float32Array {
  return Float32Array.from(fields[0], (_, i) => fields.reduce((sum, field) => sum + field[i], 0) / fields.length);
}

/** Largest |log factor| under a limit, `[slots, H, W, groups]`: limit · s, the same in all hours of a period. */
export function largestLogFactor(spread: readonly Float32Array[], limit: number, slots: readonly number[]): Float32Array {
  const field = spread[0].length;
  const out = new Float32Array(slots.reduce((sum, count) => sum + count, 0) * field);
  let atLimit = 0;
  spread.forEach((spreadValue, p) => {
    for (let slot = 0; slot < slots[p]; slot++, atLimit += field) spreadValue.forEach((s, i) => (out[atLimit + i] = limit * s));
  });
  return out;
}

/**
 * Writes {@link DISTANCE_FILE} (one variable `distance_<period>` a period) and {@link TRUST_FILE} into the stage's folder, and says where much of the
 * emissions lies beyond.
 *
 * @returns the names of the files, and what {@link TRUST_FILE} holds
 */
export function writeTrust(
  context: Workspace,
  periods: readonly PeriodSource[],
  factors: readonly PeriodFactors[],
  spread: readonly Float32Array[] | undefined,
): { products: string[]; trust: TrustSummary } {
  const { surrogate, inversion } = context.settings;
  const { trustRegion: limit } = inversion;
  const weather = newWeather(context, periods);
  const trust: TrustSummary = {
    members: trainedMembers(context).length,
    ...(limit === undefined ? {} : { limit }),
    beyond: BEYOND,
    groups: [],
    ...(weather.length > 0 ? { weather } : {}),
  };
  const products = [TRUST_FILE];
  if (spread) {
    const { grid, groups } = periods[0];
    const fields = periods.map((period, p) => {
      const { data, slots } = factors[p];
      const distance = trainingDistance(period, surrogate.tracers, { data, hourly: slots > 1 }, spread[p], context.threads);
      trust.groups.push(
        ...groupsOf(context, period, distance, factors[p], limit === undefined ? undefined : largestLogFactor([spread[p]], limit, [slots])),
      );
      return { name: period.name, distance };
    });
    writeCf(join(context.dir, DISTANCE_FILE), {
      dimensions: { y: grid.rows, x: grid.cols, group: groups.length },
      ...onGrid(
        grid,
        fields.map(({ name, distance }) => ({
          name: `distance_${name}`,
          dimensions: ['y', 'x', 'group'],
          data: distance,
          attributes: { long_name: `distance of the updated emissions from those of the members, in units of their spread, ${name}`, units: '1' },
        })),
      ),
      attributes: { Conventions: 'CF-1.10', title: 'Distance of the updated emissions from those of the training', groups: groups.join(' ') },
    });
    products.push(DISTANCE_FILE);
  }
  writeFileAtomic(join(context.dir, TRUST_FILE), JSON.stringify(trust, null, 2));
  return { products, trust };
}

/** The weather of periods without members, held against that of the others; much of it that is new is told. */
function newWeather(context: Workspace, periods: readonly PeriodSource[]): PeriodWeather[] {
  const trainedNames = trainedPeriods(context.caseSettings).map(({ name }) => name);
  const newPeriods = periods.filter(({ name }) => !trainedNames.includes(name));
  if (newPeriods.length === 0) return [];
  const learned = periods.filter(({ name }) => trainedNames.includes(name));
  const range = new WeatherRange(learned[0]);
  for (const period of learned.slice(1)) range.add(period);
  return newPeriods.map((source) => {
    context.signal.throwIfAborted();
    const weather = range.newIn(source);
    if (isNew(weather))
      context.log(`warning: ${newWeatherInWords(weather)}: \`periods[].members: judge\` would tell how well the surrogate answers there`);
    return weather;
  });
}

function groupsOf(
  context: Workspace,
  period: PeriodSource,
  distance: Float32Array,
  { data, slots }: PeriodFactors,
  largest: Float32Array | undefined,
): GroupTrust[] {
  const { groups } = period;
  const emissions = meanEmissionsOf(period);
  const emitting = emittingCells(slots > 1 ? period.hourly('emissions', wholeGrid(period), { first: 0, count: slots }) : emissions);
  const atLimit = largest && shareOfEmitting(emitting, groups.length, (i) => Math.abs(Math.log(data[i])) > AT_BOUND * largest[i]);
  return groups.flatMap((group, g) => {
    const figures = distanceFigures(distance, emissions, g, groups.length);
    if (!figures) return [];
    if (isFar(figures)) {
      const share = `${(100 * figures.beyond).toFixed(1)} % of the emissions of ${group}`;
      context.log(`warning: ${period.name}: ${share} lie more than ${BEYOND} spreads of the members from what the surrogate was trained on`);
    }
    return [{ group, period: period.name, ...figures, ...(atLimit ? { atLimit: atLimit[g] } : {}) }];
  });
}

/** Distances of a period, `[H, W, groups]`, as {@link writeTrust} wrote them; undefined where the file lacks them. */
export function readDistance(path: string, period: string): Float32Array | undefined {
  const distance = readCf(path).variables.find(({ name }) => name === `distance_${period}`);
  return distance && Float32Array.from(distance.data as Float32Array);
}
