/** Monitors and their observations, held against the case: read as the stages read them, and each species by itself where that fails. */
import { askedSpecies, surfaceChannels, type Case, type PeriodSettings } from '../../../case';
import { dailyMeans } from '../../../observations/daily-means';
import { expandGlobs } from '../../../files/glob';
import { readObservations, type Observations } from '../../../observations/observations';
import { describeQuality, misplacedInWords, doubtfulInWords, doubtfulPlaces } from '../../../observations/observation-quality';
import { readStations, type Station } from '../../../observations/stations';
import { stationsToCells } from '../../../observations/station-cells';
import { ConfigError, DataError } from '../../../base/errors';
import type { Grid } from '../../../grid/grid';
import { chooseWatched, chooseWithheld } from '../../../inversion/observations/withheld';
import { spanOf } from '../../../case/case-runs';
import { toColumnUnit, twinSettings } from '../../../worlds/twin-observations';
import type { CellSpreads } from '../../../inversion/observations/representativeness';
import { expectSiteTypes, operatorOf, spreadsOf, spreadsWithout } from '../../../assimilation/observed/monitors';
import { namedStations, withNamed } from '../../../assimilation/observed/withheld-by-name';
import type { Findings } from './findings';

/** @returns by period, what was brought and could be read */
export async function checkObservedInputs(
  findings: Findings,
  settings: Case,
  unread: ReadonlySet<string>,
  grid: Grid | undefined,
): Promise<Map<string, Observations>> {
  const read = new Map<string, Observations>();
  const { observations } = settings;
  const list = await findings.attempt(['observations', 'stations', 'file'], () => readStations(observations.stations));
  if (!list) {
    // Without stations nothing can be read, but files that are missing can be told.
    for (const { name } of unread.has('periods') || observations.twin ? [] : settings.periods)
      await findings.attempt(['observations', 'files'], () => expandGlobs(observations.files ?? [], name));
    return read;
  }
  const { stations, withoutCoordinates, misplaced } = list;
  const unplaced = withoutCoordinates.length - misplaced.length;
  if (unplaced > 0) findings.notes.push(`${unplaced} stations have no coordinates and will be dropped`);
  if (misplaced.length > 0)
    findings.notes.push(`${misplaced.length} stations have coordinates that are none and will be dropped (${misplacedInWords(misplaced)})`);
  findings.notes.push(...doubtfulInWords(doubtfulPlaces(stations)));
  const listed: Observations = {
    stations,
    species: [],
    time: { start: new Date(0), stepSeconds: 3600, count: 0 },
    values: new Map(),
    units: new Map(),
  };
  const cells = grid && (await findings.attempt(['observations', 'stations', 'file'], () => stationsToCells(listed, grid)));
  if (grid && cells) {
    const inside = stations.length - cells.outside.length;
    findings.right.push(`stations: ${inside} in ${cells.cells.length} cells of the grid`);
    if (cells.outside.length > 0) findings.notes.push(`${cells.outside.length} stations lie outside the grid`);
  }
  if (observations.twin && !unread.has('periods')) await checkTwin(findings, settings);
  let heard: Heard | undefined;
  if (!observations.twin && observations.files !== undefined && !unread.has('periods'))
    heard = await checkPeriods(findings, settings, unread, cells && grid, read);
  // The stages draw among those that are heard in any period; of a twin all are. Where the files cannot be read, of more stations than will be heard.
  if (grid && cells) await checkDraw(findings, settings, unread, grid, heard ?? { stations, spreads: [] });
  return read;
}

/** In any period. */
interface Heard {
  stations: readonly Station[];
  spreads: CellSpreads[];
}

/** @returns the stations with a value in any period, and how far those of a cell are apart; undefined where a period cannot be read */
async function checkPeriods(
  findings: Findings,
  settings: Case,
  unread: ReadonlySet<string>,
  grid: Grid | undefined,
  observed: Map<string, Observations>,
): Promise<Heard | undefined> {
  const heard = new Map<string, Station>();
  const spreads: CellSpreads[] = [];
  let unreadable = false;
  for (const period of settings.periods) {
    const read = await checkPeriod(findings, settings, period, grid, !unread.has('inversion'));
    unreadable ||= read === undefined;
    if (read) observed.set(period.name, read);
    for (const station of read?.stations ?? []) heard.set(station.id, station);
    if (!read || !grid || unread.has('inversion')) continue;
    const ofPeriod = await findings.attempt(['observations'], () => spreadsOf(settings.inversion, read, grid));
    if (ofPeriod) spreads.push(ofPeriod);
  }
  return unreadable ? undefined : { stations: [...heard.values()], spreads };
}

/**
 * Whether the stations fill enough blocks to withhold some, and to watch some where an inversion asks for that; and whether they tell what errors by type of
 * site or the spread within cells ask of them.
 */
async function checkDraw(findings: Findings, settings: Case, unread: ReadonlySet<string>, grid: Grid, { stations, spreads }: Heard): Promise<void> {
  const { withheld, inversion, paperMode } = settings;
  if (!unread.has('inversion'))
    await findings.attempt(['inversion', 'siteTypeError'], () => expectSiteTypes(inversion.siteTypeError, stations, grid));
  const named = await findings.attempt(['withheld', 'stations'], () => namedStations(settings));
  const drawn = named && (await findings.attempt(['withheld'], () => withNamed(chooseWithheld([...stations], grid, withheld), named)));
  if (drawn && named.size > 0) {
    const count = [...named].filter((id) => drawn.withheld.has(id)).length;
    findings.right.push(`withheld by name: ${count} of ${named.size} stations that are named have values in the grid`);
  }
  if (drawn && spreads.length > 0)
    await findings.attempt(['inversion', 'representativeness'], () => spreadsWithout(drawn.withheld, stations, grid, spreads));
  const watches = !unread.has('inversion') && inversion.stopOnWithheld;
  const paperWatches = !unread.has('paperMode') && paperMode.run && paperMode.inversion.stopOnWithheld;
  if (!drawn || !(watches || paperWatches)) return;
  const key = [...(watches ? [] : ['paperMode']), 'inversion', 'stopOnWithheld'];
  await findings.attempt(key, () => chooseWatched([...stations], grid, drawn, withheld));
}

/** Columns and units in which `simulate` will write the observations, after its last run. */
async function checkTwin(findings: Findings, settings: Case): Promise<void> {
  const start = new Date(settings.periods[0].start);
  const twin = await findings.attempt(['observations'], () => twinSettings(settings));
  for (const name of Object.keys(twin?.columns.species ?? {}))
    await findings.attempt(['observations', 'columns', 'species', name, 'unit'], () => toColumnUnit(settings, name)(1, start));
}

/** @param comparable - whether the case says how values are compared with a run */
async function checkPeriod(
  findings: Findings,
  settings: Case,
  period: PeriodSettings,
  grid: Grid | undefined,
  comparable: boolean,
): Promise<Observations | undefined> {
  const { observations } = settings;
  const options = { period: period.name, span: spanOf(period), grid, signal: findings.signal };
  const read = (spec: Case['observations']): Promise<Observations> => readObservations({ ...spec, species: askedSpecies(settings) }, options);
  let whole: Observations;
  try {
    whole = await read(observations);
  } catch (error) {
    await tellFaults(findings, observations, read, error);
    return undefined;
  }
  tellObservations(findings, 'observations', period.name, whole, grid !== undefined);
  tellMassState(findings, 'observations', observations, settings);
  if (grid && comparable) await findings.attempt(['observations'], () => compare(settings, period, grid, whole));
  return whole;
}

/** What a period's files hold, and what was left out of it. @param subject - of the sentences: the key of the files, or what they are called */
export function tellObservations(findings: Findings, subject: string, period: string, whole: Observations, isInGrid: boolean): void {
  const values = whole.species.map((name) => `${whole.quality?.species[name].valid ?? 0} values of ${name}`);
  findings.right.push(`${subject}, ${period}: ${whole.stations.length} stations${isInGrid ? ' in the grid' : ''}, ${values.join(', ')}`);
  if (whole.quality) findings.notes.push(...describeQuality(whole.quality).map((text) => `${subject}, ${period}: ${text}`));
}

/** Layouts whose files themselves name the unit. */
const NAMES_UNITS = ['cnemc-wide', 'eea', 'openaq', 'sql'];

/** The state at which gases in µg m-3 are taken, where there may be some: with that of another network all of them are wrong by the same part. */
export function tellMassState(
  findings: Findings,
  subject: string,
  { layout, columns, gasReference }: Pick<Case['observations'], 'layout' | 'columns' | 'gasReference'>,
  settings: Case,
): void {
  const { units } = surfaceChannels(settings);
  const isMass = Object.entries(columns?.species ?? {}).some(([name, column]) => units[name] === 'ppb' && /g.*m/.test(column?.unit ?? ''));
  if (!isMass && !NAMES_UNITS.includes(layout)) return;
  const { rule = 'fixed', temperature, pressure } = gasReference;
  const state = rule === 'fixed' ? `${temperature} K and ${pressure} Pa` : `the state of the rule ${rule}`;
  const note = `${subject}: gases in ug m-3 are taken at ${state}: set ${subject === 'observations' ? 'observations.' : 'its '}gasReference if the network has another`;
  if (!findings.notes.includes(note)) findings.notes.push(note);
}

/**
 * The first fault ended the reading. One that is there without any species too is a fault of the files; else a reading of each species finds those of the
 * others, under its own key.
 */
async function tellFaults(
  findings: Findings,
  observations: Case['observations'],
  read: (spec: Case['observations']) => Promise<Observations>,
  first: unknown,
): Promise<void> {
  const { columns } = observations;
  const fail = (): never => {
    throw first;
  };
  if (first instanceof ConfigError && first.code === 'OBSERVATIONS_SQL') return void (await findings.attempt(['observations', 'sql'], fail));
  if (!columns) return void (await findings.attempt(['observations', 'files'], fail));
  const ofSpecies = (species: typeof columns.species): Promise<Observations> => read({ ...observations, columns: { ...columns, species } });
  const wholeFile = first instanceof DataError && ['COLUMN_MISSING', 'COLUMN_TWICE'].includes(first.code) ? 'columns' : 'files';
  if (!(await findings.attempt(['observations', wholeFile], () => ofSpecies({})))) return;
  let isReported = false;
  // A file of another species has no column of this one, which is no fault where the columns of all were found.
  const isFound = (error: unknown): boolean => wholeFile === 'files' && error instanceof DataError && error.code === 'COLUMN_MISSING';
  for (const [name, column] of Object.entries(columns.species)) {
    const call = (): Promise<unknown> => ofSpecies({ [name]: column }).catch((error: unknown) => isFound(error) || Promise.reject(error as Error));
    if (!(await findings.attempt(['observations', 'columns', 'species', name], call))) isReported = true;
  }
  if (!isReported) await findings.attempt(['observations', 'files'], fail);
}

/** What only shows where observations are compared with a run: errors by species and site type, hours of the day, values inside period and grid. */
function compare(settings: Case, period: PeriodSettings, grid: Grid, read: Observations): void {
  const { dailyMeans: daily, hoursOfDay, hoursPerDay } = settings.inversion;
  const monitors = { observations: daily ? dailyMeans(read) : read, withheld: new Set<string>(), watched: new Set<string>() };
  operatorOf(settings, period, grid, monitors, { firstHour: period.spinUpHours, watch: false, hoursPerDay, hoursOfDay });
}
