/** The section `observations` of the case that `init` writes. */
import { relative } from 'node:path';
import type { Species } from '../../../base/species';
import type { Draft } from './draft';
import { patternsOf } from './file-names';
import type { GivenFiles } from './given-files';
import type { GivenTable } from './given-tables';

/** The state that a network's µg m-3 of gases are at (docs/observations.md). */
const GAS_RULES: Partial<Record<string, string>> = { 'cnemc-wide': 'china', eea: 'eu' };
const NO_HOURS = { first: 0, end: 0 };

/** @param folder - of the case file @param inputs - tables of another layout than most are added to what is unused: a case has one @param species - of the case */
export function writeObservations(
  draft: Draft,
  { tables, unused }: Pick<GivenFiles, 'tables' | 'unused'>,
  folder: string,
  species: readonly Species[],
): void {
  const observed = mostFirst(tables.filter(({ layout }) => layout !== undefined));
  draft.begin('observations');
  writeStations(draft, tables, folder);
  const first = observed.at(0);
  if (!first) {
    draft.leaveOpen('tables of observations: none are among the files', '  ');
    draft.add('  files', 'obs_*.csv');
    draft.add('  columns', { species: Object.fromEntries(species.map((name) => [name, { column: name, unit: 'ppb' }])) });
    return;
  }
  const alike = observed.filter((table) => isAlike(table, first));
  for (const { path, layout, daily } of observed.filter((table) => !isAlike(table, first)))
    unused.push({
      path,
      reason: `${daily ? 'daily' : 'hourly'} in the layout ${layout}: a case has one layout and resolution (the layout sql reads any)`,
    });
  const patterns = patternsOf(alike.map(({ path }) => ({ path, hours: NO_HOURS })), [], folder); // prettier-ignore
  draft.add('  files', patterns.length === 1 ? patterns[0] : patterns);
  draft.add('  layout', first.layout);
  draft.add('  resolution', first.daily ? 'daily' : 'hourly');
  const rule = GAS_RULES[first.layout!];
  if (rule !== undefined) draft.add('  gasReference', { rule });
  if (!first.zoned)
    draft.leaveOpen(
      `the time zone of the tables, whose times say none: UTC, or such as Asia/Shanghai${clocksAt(tables)}; and times mark the beginning of their hour`,
      '  ',
    );
  if (!first.zoned || first.layout === 'long') draft.add('  timeZone', 'UTC');
  if (first.columns) writeColumns(draft, alike, species);
}

const isAlike = (a: GivenTable, b: GivenTable): boolean => a.layout === b.layout && (a.daily ?? false) === (b.daily ?? false);

/** Hourly before daily tables, and of these the layout of most files. */
function mostFirst(tables: readonly GivenTable[]): GivenTable[] {
  const count = (table: GivenTable): number => tables.filter((candidate) => isAlike(candidate, table)).length - (table.daily ? tables.length : 0);
  return [...tables].sort((a, b) => count(b) - count(a));
}

/** Where the stations lie, by which somebody may know their clocks. */
function clocksAt(tables: readonly GivenTable[]): string {
  const lon = tables.find(({ meanLon }) => meanLon !== undefined)?.meanLon;
  if (lon === undefined) return '';
  const hours = Math.round(lon / 15);
  const clocks = hours === 0 ? 'are about those of UTC' : `are some ${Math.abs(hours)} h ${hours > 0 ? 'ahead of' : 'behind'} UTC`;
  return ` (the stations lie about ${Math.abs(lon).toFixed(0)} °${lon < 0 ? 'W' : 'E'}, where clocks ${clocks})`;
}

function writeStations(draft: Draft, tables: readonly GivenTable[], folder: string): void {
  const lists = tables.filter(({ places }) => places !== undefined);
  // A list of its own before tables of observations that say places, too.
  const list = lists.find(({ layout }) => layout === undefined) ?? lists.at(0);
  if (!list) {
    draft.leaveOpen('the list of stations: none is among the files; a CSV with id, lon and lat', '  ');
    draft.add('  stations', { file: 'stations.csv' });
    return;
  }
  const further = lists.filter((table) => table !== list && table.layout === list.layout);
  if (further.length > 0)
    draft.leaveOpen(
      `there is one list of stations: put those of ${further.map(({ path }) => relative(folder, path)).join(', ')} into it, if they are others`,
      '  ',
    );
  const { places } = list;
  draft.add('  stations', { file: relative(folder, list.path), ...(places === undefined || places === 'known' ? {} : places) });
}

function writeColumns(draft: Draft, tables: readonly GivenTable[], species: readonly Species[]): void {
  const { station, time } = tables[0].columns!;
  draft.begin('  columns');
  draft.add('    station', station);
  draft.add('    time', time);
  const usable = species.flatMap((name) => {
    const column = tables.map(({ columns }) => columns?.species[name]).find((candidate) => candidate !== undefined);
    return column ? [{ name, ...column }] : [];
  });
  if (usable.length === 0) draft.leaveOpen('species of the tables: they hold none that the emissions and the model have, too', '    ');
  const guessed = usable.filter(({ saysUnit }) => !saysUnit).map(({ name }) => name);
  if (guessed.length > 0)
    draft.leaveOpen(
      `units of ${guessed.join(', ')}: the tables do not say them, and these are the usual ones; gases may be in ug m-3 (with observations.gasReference)`,
      '    ',
    );
  draft.begin('    species');
  for (const { name, column, unit } of usable) draft.add(`      ${name}`, { column, unit });
}
