// What of node_modules a run needs, by the lockfile: no tools of development, no binaries for other systems.
import { existsSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** Folders inside a package that hold a system's or a processor's binaries, as onnxruntime-node has them. */
const SYSTEMS = ['darwin', 'linux', 'win32'];
const PROCESSORS = ['arm64', 'x64'];

/** Whether a file below `bin/` is for another system than this one. */
export function isForeign(file) {
  const parts = file.split(sep);
  const bin = parts.lastIndexOf('bin');
  if (bin < 0) return false;
  const below = parts.slice(bin + 1);
  const system = below.find((part) => SYSTEMS.includes(part));
  const processor = below.find((part) => PROCESSORS.includes(part));
  return (system !== undefined && system !== process.platform) || (processor !== undefined && processor !== process.arch);
}

/** [{ path, filter }] of installed packages, of optional ones those with a system's binaries (tfjs-node only compares); a package inside another one's node_modules comes by itself. */
export function productionPackages(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(
      ([path, entry]) =>
        path.includes('node_modules/') && !entry.dev && !entry.devOptional && !(entry.optional && !entry.cpu) && existsSync(join(root, path)),
    )
    .map(([path]) => {
      const inside = join(root, path, 'node_modules');
      return { path, filter: (file) => file !== inside && !isForeign(file.slice(root.length)) };
    });
}
