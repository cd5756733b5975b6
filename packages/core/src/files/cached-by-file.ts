/** What is asked of the same files again and again, read once. */
import { statSync } from 'node:fs';

/** Of a file that is there what `read` has found in it, for as long as the file system says that it is the same file. */
export function cachedByFile<T>(read: (path: string) => T): (path: string) => T {
  const known = new Map<string, { state: string; value: T }>();
  return (path) => {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (!stat) return read(path);
    const state = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
    const before = known.get(path);
    if (before?.state === state) return before.value;
    const found = read(path);
    known.set(path, { state, value: found });
    return found;
  };
}
