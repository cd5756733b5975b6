/** Checks what it was given, draws the page and its maps, and writes them whole or not at all. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/checkpoint';
import { DataError, ShapeError } from '../base/errors';
import { drawMap } from './figures/map';
import { page } from './page';
import { PageContext } from './sections/page-context';
import { svgToPng } from './figures/raster';
import type { ReportData } from './data/report-data';

function expectLength(subject: string, shape: string, expected: number, values: ArrayLike<number> | undefined): void {
  if (values && values.length !== expected) {
    throw new ShapeError('REPORT_SHAPE', `report: expected ${subject} ${shape} = ${expected} values but received ${values.length}: mend the call`);
  }
}

/** Every field is on the grid, every series on the stations and as long as its observations. */
function check(data: ReportData): void {
  const { grid, emissions, independent = [], regions = [], basemap, trust } = data;
  const cells = grid.rows * grid.cols;
  const shape = `[${grid.rows}, ${grid.cols}]`;
  for (const entry of emissions) {
    for (const key of ['prior', 'updated', 'paper', 'truthFactor'] as const) {
      expectLength(`${key} emissions of ${entry.group} in ${entry.period}`, shape, cells, entry[key]);
    }
  }
  for (const { stations, concentrations } of [data, ...independent]) {
    for (const entry of concentrations) {
      const steps = stations.length > 0 ? Math.round(entry.observed.length / stations.length) : 0;
      for (const key of ['observed', 'prior', 'updated', 'paper'] as const) {
        expectLength(`${key} ${entry.species} in ${entry.period}`, `[${steps}, ${stations.length}]`, steps * stations.length, entry[key]);
      }
    }
  }
  for (const { name, mask } of regions) expectLength(`mask of region ${name}`, shape, cells, mask);
  for (const { period, distance } of trust?.fields ?? []) expectLength(`distances in ${period}`, shape, cells, distance);
  if (basemap?.kind === 'landMask') expectLength('land mask', shape, cells, basemap.landMask);
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new DataError('WRITE_FAILED', `${path}: this folder cannot be made (${(cause as Error).message}): give another --out`, { cause });
  }
}

/**
 * Writes `report.html`, one page that needs nothing outside itself, and its maps as `maps/*.png`.
 *
 * @param dir - created where missing; older files of the same names are replaced
 * @returns the paths written
 * @throws {DataError} `WRITE_FAILED`, `DISK_FULL`
 * @throws {ShapeError} `REPORT_SHAPE` where a field is not on the grid or a series not on the stations
 */
export async function writeReport(dir: string, data: ReportData): Promise<{ html: string; pngs: string[] }> {
  check(data);
  const context = new PageContext(data);
  const text = page(context);
  await makeFolder(join(dir, 'maps'));
  const pngs: string[] = [];
  for (const { name, spec } of context.maps) {
    const path = join(dir, 'maps', `${name}.png`);
    writeFileAtomic(path, svgToPng(drawMap(spec, context.basemap, false).text));
    pngs.push(path);
  }
  const htmlPath = join(dir, 'report.html');
  writeFileAtomic(htmlPath, text);
  return { html: htmlPath, pngs };
}
