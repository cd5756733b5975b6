/** The columns of a case's periods out of their products' files: what `prepare` makes before it reads the runs. */
import { existsSync } from 'node:fs';
import { columnEntries, type ColumnEntry, type PeriodSettings } from '../../case';
import { gridOf } from '../../case/gridded/regions';
import { columnFiles, PRIOR, timeOf } from '../../case/case-runs';
import { DataError } from '../../base/errors';
import { columnStorePath, readColumns, writeColumns, type StoredColumns } from '../../columns/column-store';
import { makeColumns } from '../../columns/make-columns';
import { runFiles } from '../../inventory/reading/sector-files';
import { openLayers } from '../../transport/run-fields';
import type { StageContext } from '../engine/stage';

/** What a period gave, or why it gave nothing. */
interface Made {
  period: PeriodSettings;
  columns: StoredColumns;
  fault?: DataError;
}

/** Codes of what is wrong with the days of one period, where others may have columns. */
const OF_THESE_DAYS = ['COLUMN_NO_OVERLAP', 'COLUMN_ALL_FLAGGED'];

/**
 * Writes the columns that are not there.
 *
 * @param note - is told what is made next
 * @returns all files, by period
 * @throws {DataError} `COLUMN_NO_OVERPASS`, `COLUMN_NO_LAYERS`, `COLUMN_NONE_FITS`, and what {@link makeColumns} throws, where no period has a retrieval of a column
 */
export function prepareColumns(context: StageContext, note: (period: string, text: string) => void): ReadonlyMap<string, string[]> {
  const { caseSettings, dir } = context;
  const paths = new Map<string, string[]>(caseSettings.periods.map(({ name }) => [name, []]));
  for (const entry of columnEntries(caseSettings)) {
    const results = caseSettings.periods.map((period): Made => {
      note(period.name, entry.name);
      const path = columnStorePath(dir, period.name, entry.name);
      return existsSync(path) ? { period, columns: readColumns(dir, period.name, entry.name) } : makeOf(context, entry, period);
    });
    assertSome(entry, results);
    const tropopause = results.find(({ columns }) => columns.hour.length > 0)!.columns.tropopause;
    for (const { period, columns, fault } of results) {
      const path = columnStorePath(dir, period.name, entry.name);
      paths.get(period.name)!.push(path);
      if (existsSync(path)) continue;
      context.log(`${fault ? 'warning: ' : ''}${period.name}: ${entry.name}: ${fault?.message ?? inWords(columns)}`);
      // What the runs' plain columns reach up to is of the product, and needs a value where it has none of these days.
      const written = columns.hour.length > 0 ? columns : { ...columns, tropopause };
      writeColumns(dir, period.name, written, { grid: gridOf(caseSettings), time: timeOf(period) });
    }
  }
  return paths;
}

function makeOf(context: StageContext, entry: ColumnEntry, settings: PeriodSettings): Made {
  const { caseSettings, dirOf } = context;
  const time = timeOf(settings);
  const grid = gridOf(caseSettings);
  const period = { grid, time, firstHour: settings.spinUpHours };
  const paths = columnFiles(entry, settings, dirOf('simulate'));
  using prior = openLayers(caseSettings, runFiles({ caseSettings, dirOf }, PRIOR, settings.name).layers, { name: settings.name, grid, time });
  try {
    return { period: settings, columns: makeColumns(paths, entry, period, prior) };
  } catch (error) {
    if (!(error instanceof DataError && OF_THESE_DAYS.includes(error.code))) throw error;
    return { period: settings, columns: makeColumns([], entry, period, prior), fault: error };
  }
}

/** @throws {DataError} why no period has a retrieval */
function assertSome(entry: ColumnEntry, results: readonly Made[]): void {
  if (results.some(({ columns }) => columns.hour.length > 0)) return;
  const fault = results.find((period) => period.fault)?.fault;
  if (fault) throw fault;
  const sum = (key: 'withoutLayers' | 'factorOutside'): number => results.reduce((total, { columns }) => total + columns.counts[key], 0);
  const subject = `columns.${entry.name}`;
  if (sum('withoutLayers') > 0) {
    throw new DataError(
      'COLUMN_NO_LAYERS',
      `${subject}: the prior run has no layers in the hours of its ${sum('withoutLayers')} values: give layers, and their meteorology, at the hours at which the satellite passes`,
    );
  }
  if (sum('factorOutside') > 0) {
    throw new DataError(
      'COLUMN_NONE_FITS',
      `${subject}: under the averaging kernel none of its ${sum('factorOutside')} values of the prior run is of the size of the prior's plain column: look at the units of the prior's layers and of the kernels`,
    );
  }
  throw new DataError(
    'COLUMN_NO_OVERPASS',
    `${subject}: no file has a pixel on the grid in an hour of a period after its spin-up: give files of the periods' days, in UTC`,
  );
}

function inWords({ product, counts }: StoredColumns): string {
  if (product === '') return 'no file is of this period';
  const { pixels, passed, overpasses, superObservations, withoutLayers, factorOutside, otherHours } = counts;
  const left = [
    [withoutLayers, "in hours without the prior's layers"],
    [factorOutside, "not of the size of the prior's plain column"],
    [otherHours, 'of other hours'],
  ].flatMap(([count, reason]) => (Number(count) > 0 ? [`${count} ${reason}`] : []));
  const lost = left.length > 0 ? `; left out: ${left.join(', ')}` : '';
  return `${product}: ${passed} of ${pixels} pixels in ${overpasses} ${overpasses === 1 ? 'overpass' : 'overpasses'} make ${superObservations} values of cells${lost}`;
}
