/** Checks what it was given, draws the page and its maps, and writes them whole or not at all. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ShapeError } from '../errors';
import { drawMap } from './map';
import { page } from './page';
import { PageContext } from './page-context';
import { svgToPng } from './raster';
import type { ReportData } from './report-data';

function expectLength(what: string, shape: string, expected: number, values: ArrayLike<number> | undefined): void {
  if (values && values.length !== expected) {
    throw new ShapeError('REPORT_SHAPE', `report: expected ${what} ${shape} = ${expected} values but received ${values.length}: mend the call`);
  }
}

/** Every field is on the grid, every series on the stations and as long as its observations. */
function check({ grid, stations, emissions, concentrations, regions = [], basemap }: ReportData): void {
  const cells = grid.rows * grid.cols;
  const shape = `[${grid.rows}, ${grid.cols}]`;
  for (const each of emissions) {
    for (const key of ['prior', 'updated', 'paper', 'truthFactor'] as const) {
      expectLength(`${key} emissions of ${each.group} in ${each.period}`, shape, cells, each[key]);
    }
  }
  for (const each of concentrations) {
    const steps = stations.length > 0 ? Math.round(each.observed.length / stations.length) : 0;
    for (const key of ['observed', 'prior', 'updated', 'paper'] as const) {
      expectLength(`${key} ${each.species} in ${each.period}`, `[${steps}, ${stations.length}]`, steps * stations.length, each[key]);
    }
  }
  for (const { name, mask } of regions) expectLength(`mask of region ${name}`, shape, cells, mask);
  if (basemap?.kind === 'landMask') expectLength('land mask', shape, cells, basemap.landMask);
}

/** A reader never sees half a file: it is written beside its place and renamed. */
async function writeWhole(path: string, content: string | Buffer): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Writes `report.html`, one page that needs nothing outside itself, and its maps as `maps/*.png`.
 *
 * @param dir - created where missing; older files of the same names are replaced
 * @returns the paths written
 * @throws {ShapeError} `REPORT_SHAPE` where a field is not on the grid or a series not on the stations
 */
export async function writeReport(dir: string, data: ReportData): Promise<{ html: string; pngs: string[] }> {
  check(data);
  const context = new PageContext(data);
  const text = page(context);
  await mkdir(join(dir, 'maps'), { recursive: true });
  const pngs: string[] = [];
  for (const { name, spec } of context.maps) {
    const path = join(dir, 'maps', `${name}.png`);
    await writeWhole(path, svgToPng(drawMap(spec, context.basemap, false).text));
    pngs.push(path);
  }
  const htmlPath = join(dir, 'report.html');
  await writeWhole(htmlPath, text);
  return { html: htmlPath, pngs };
}
