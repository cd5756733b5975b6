// Before all tests: the built command as one file, which starts in half of the time of its seven hundred. Tests start it some hundred times.
import { existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeOneFile } from '../../tools/pack/single-file.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const built = ['cli', 'core', 'native'].map((name) => join(root, 'packages', name, 'dist'));
const others = ['package-lock.json', 'tools/pack/single-file.mjs'].map((name) => join(root, name));
const file = join(root, 'build/command.js');

const changed = (path) => (existsSync(path) ? statSync(path).mtimeMs : -Infinity);

export default async function writeCommand() {
  const modules = built.filter(existsSync).flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)));
  const newest = Math.max(...[...modules, ...others].map(changed));
  if (modules.length === 0 || changed(file) >= newest) return;
  // Another jest may be starting what is there.
  const unfinished = `${file}.${process.pid}`;
  await writeOneFile(join(root, 'packages/cli/dist/main.js'), unfinished);
  renameSync(unfinished, file);
}
