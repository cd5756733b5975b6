/** The emission files of a run as a table that a shell script reads: which file is which sector's, of which kind, and when. */
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { instant, timeAt } from '../../grid/grid';
import type { CtmRequest } from '../ctm';
import type { SectorFiles } from '../../inventory/reading/emission-reader';

/** What the inventory of a case without sectors is called. */
const WHOLE = 'inventory';

/** Of as many files as there are of emissions, the one that goes with it; all hold the same sources. */
function groupsOf(stackGroups: readonly string[] | undefined, files: number, file: number): string {
  if (stackGroups === undefined) return '-';
  return stackGroups.length === files ? stackGroups[file] : stackGroups[0];
}

/**
 * One line a file, its fields between tabs: sector, `gridded` or `points`, first instant, end (the hour after the last step), path, and of points the file with
 * their stack groups, else `-`, label of the stream. Instants as `2023-07-01T00:00Z`.
 *
 * @throws {DataError} if a file cannot be read
 */
export function sectorTable({ emissionFiles, sectors }: Pick<CtmRequest, 'emissionFiles' | 'sectors'>): string {
  const sectorList: readonly Omit<SectorFiles, 'groups'>[] = sectors ?? [{ name: WHOLE, files: emissionFiles }];
  const lines = sectorList.flatMap(({ name: sectorName, label, files, stackGroups }) => {
    const name = sectorList.length === 1 ? WHOLE : sectorName;
    return files.map((path, i) => {
      const file = IoapiFile.open(path);
      file.close();
      const { time } = file;
      const span = [timeAt(time, 0), timeAt(time, time.count)].map(instant);
      return [
        name,
        stackGroups === undefined ? 'gridded' : 'points',
        ...span,
        path,
        groupsOf(stackGroups, files.length, i),
        label ?? name.toUpperCase(),
      ].join('\t');
    });
  });
  return `${lines.join('\n')}\n`;
}
