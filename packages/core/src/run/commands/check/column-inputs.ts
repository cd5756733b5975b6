/** Columns of satellites, held against the case: pixels and overpasses of each period, and the layers of runs that are brought. */
import { columnEntries, type Case, type ColumnEntry, type PeriodSettings } from '../../../case';
import { columnFiles, memberNames, PRIOR, timeOf } from '../../../case/case-runs';
import { DataError } from '../../../base/errors';
import { columnFilesWithin, comparedSpan } from '../../../columns/make-columns';
import { superObservations } from '../../../columns/pixels-to-cells';
import { PixelCounts } from '../../../columns/products/read-pixels';
import type { Grid } from '../../../grid/grid';
import { runFiles } from '../../../inventory/reading/sector-files';
import { openLayers } from '../../../transport/run-fields';
import type { Findings } from './findings';

/** Sections that decide which pixels are read, and of which runs layers come. */
export const COLUMNS_REST_ON = ['columns', 'periods', 'concentrations', 'priorLayers', 'priorConcentrations', 'members'];

/** @param simulate - folder of that stage's runs */
export async function checkColumnInputs(findings: Findings, settings: Case, grid: Grid, simulate: string): Promise<void> {
  for (const entry of columnEntries(settings)) {
    if (entry.twin) {
      findings.right.push(`columns.${entry.name}: simulate draws them from the truth's layers`);
      continue;
    }
    let files = 0;
    for (const period of settings.periods) files += (await checkPeriod(findings, entry, period, grid)) ?? 0;
    if (files > 0 || findings.hasFault(['columns', entry.name, 'files'])) continue;
    await findings.attempt(['columns', entry.name, 'files'], () => {
      throw new DataError(
        'COLUMN_NO_OVERPASS',
        `columns.${entry.name}: no file has a pixel in an hour of a period after its spin-up: give files of the periods' days, in UTC`,
      );
    });
  }
  if (columnEntries(settings).length > 0) await checkLayers(findings, settings, grid, simulate);
}

/** @returns files with pixels in the hours that are compared; undefined where they cannot be read */
async function checkPeriod(findings: Findings, entry: ColumnEntry, period: PeriodSettings, grid: Grid): Promise<number | undefined> {
  const { name, product } = entry;
  const span = comparedSpan({ time: timeOf(period), firstHour: period.spinUpHours });
  return findings.attempt(['columns', name, 'files'], () => {
    const paths = columnFilesWithin(columnFiles(entry, period, ''), entry, span);
    if (paths.length === 0) {
      findings.warnings.push(`columns.${name}: no file is of ${period.name}: its emissions there rest on what else is observed`);
      return 0;
    }
    const counts = new PixelCounts();
    let [overpasses, values] = [0, 0];
    for (const { observations } of superObservations(paths, grid, counts, { product })) {
      findings.signal?.throwIfAborted();
      if (observations.length > 0) overpasses++;
      values += observations.length;
    }
    const reasons = [...counts.leftOut].map(([reason, count]) => `${count} ${reason}`);
    findings.right.push(
      `columns.${name}, ${period.name}: ${overpasses} overpasses in ${paths.length} files; ${counts.passed} of ${counts.pixels} pixels make ${values} values of cells` +
        (reasons.length > 0 ? `; left out: ${reasons.join(', ')}` : ''),
    );
    return paths.length;
  });
}

/** Grid, variables, units and pressures at the first instant of each run that is there. */
async function checkLayers(findings: Findings, settings: Case, grid: Grid, simulate: string): Promise<void> {
  const brought = [...(settings.priorLayers === undefined ? [] : [PRIOR]), ...(settings.members.runs ? memberNames(settings) : [])];
  for (const run of brought) {
    const path = run === PRIOR ? ['priorLayers'] : ['members', 'runs', memberNames(settings).indexOf(run), 'layers'];
    for (const period of settings.periods) {
      const hours = await findings.attempt(path, () => {
        const time = timeOf(period);
        const { layers: files } = runFiles({ caseSettings: settings, dirOf: () => simulate }, run, period.name);
        using layers = openLayers(settings, files, { name: period.name, grid, time });
        const instants = layers.instantsOf(time);
        const first = instants.findIndex((count) => count > 0);
        if (first < 0)
          throw new DataError(
            'LAYERS_HOURS',
            `${files[0] ?? String(path[0])}: no instant of ${period.name} has layers and their meteorology: give files of that period`,
          );
        layers.profileOf(time, first, instants[first]);
        return instants.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
      });
      if (hours !== undefined && run === PRIOR) findings.right.push(`layers of the prior run, ${period.name}: ${hours} of ${period.hours} hours`);
    }
  }
}
