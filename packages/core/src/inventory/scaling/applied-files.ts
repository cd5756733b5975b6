/** Where the updated emission files are. */
import { basename, dirname, join } from 'node:path';
import type { Case } from '../../case';
import type { SectorFiles } from '../reading/emission-reader';
import { filesOf, inFiles, priorSectors } from '../reading/sector-files';

/** What becomes a file of its own: one of the prior, or of a representative day one for each day that it stands for. */
export interface PriorFile {
  path: string;
  /** the day that it stands for; absent: those that it bears */
  date?: Date;
}

export function priorFiles({ files, days }: Pick<SectorFiles, 'files' | 'days'>): readonly PriorFile[] {
  return days ?? files.map((path) => ({ path }));
}

/** The updated emission files of a period by sector, in the order of the prior's; all bear the dates of their hours. */
export function appliedSectors(dir: string, settings: Case, period: string): SectorFiles[] {
  const nameOf = updatedNames(settings);
  return priorSectors(settings, period).map((sector) =>
    inFiles(
      sector,
      priorFiles(sector).map((file) => join(dir, nameOf(file))),
    ),
  );
}

/**
 * How the updated files are called: as the prior's, with `.updated` before the extension, after it the date where a representative day stands for one
 * (`NAME.updated-20160118.EXT`), and folders before it where names alone are not unique.
 */
export function updatedNames(settings: Case): (file: PriorFile) => string {
  const names = namesApart([...new Set(settings.periods.flatMap(({ name }) => filesOf(priorSectors(settings, name))))]);
  return ({ path, date }) => {
    const day = date === undefined ? '' : `-${date.toISOString().slice(0, 10).replaceAll('-', '')}`;
    return names.get(path)!.replace(/(\.[^.]*)?$/, (extension) => `.updated${day}${extension}`);
  };
}

/** Names with as many folders before them as tell all apart; numbers where none do, since a/b-c and a-b/c are both a-b-c. */
function namesApart(paths: readonly string[]): Map<string, string> {
  const folded = (path: string, folders: number): string =>
    folders === 0 ? basename(path) : `${folded(dirname(path), folders - 1)}-${basename(path)}`;
  const deepest = paths.reduce((most, path) => Math.max(most, path.split('/').length), 0);
  for (let folders = 0; folders < deepest; folders++) {
    const names = paths.map((path) => folded(path, folders));
    if (new Set(names).size === paths.length) return new Map(paths.map((path, i) => [path, names[i]]));
  }
  return new Map(paths.map((path, i) => [path, `${i + 1}-${basename(path)}`]));
}
