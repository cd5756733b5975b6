/** Where the updated emission files are. */
import { basename, dirname, join } from 'node:path';
import type { Case } from '../data/case';
import type { SectorFiles } from '../transport/emission-reader';
import { filesOf, priorEmissionFiles, priorSectors } from './sector-files';

/** The updated emission files of a period, in the order of the prior's. */
export function appliedFiles(dir: string, settings: Case, period: string): string[] {
  return filesOf(appliedSectors(dir, settings, period));
}

/** The same by sector. */
export function appliedSectors(dir: string, settings: Case, period: string): SectorFiles[] {
  const names = updatedNames(settings);
  return priorSectors(settings, period).map((sector) => ({ ...sector, files: sector.files.map((path) => join(dir, names.get(path)!)) }));
}

/** The prior's files, each once, with the names of the updated ones: `.updated` before the extension, and folders where names alone are not unique. */
export function updatedNames(settings: Case): Map<string, string> {
  const paths = [...new Set(settings.periods.flatMap(({ name }) => priorEmissionFiles(settings, name)))];
  const folded = (path: string, folders: number): string =>
    folders === 0 ? basename(path) : `${folded(dirname(path), folders - 1)}-${basename(path)}`;
  let folders = 0;
  while (new Set(paths.map((path) => folded(path, folders))).size < paths.length) folders++;
  return new Map(paths.map((path) => [path, folded(path, folders).replace(/(\.[^.]*)?$/, (extension) => `.updated${extension}`)]));
}
