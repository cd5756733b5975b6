// Before all tests: the built command as one file, which starts in half of the time of its seven hundred, and beside it what V8 compiled of that file, which
// spares a start half of the rest. Tests start it some hundred times.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeOneFile } from '../../tools/pack/single-file.mjs';

const own = fileURLToPath(import.meta.url);
const root = join(dirname(own), '../..');
const built = ['cli', 'core', 'native'].map((name) => join(root, 'packages', name, 'dist'));
const others = [...['package-lock.json', 'tools/pack/single-file.mjs'].map((name) => join(root, name)), own];
const [file, whole, compiled] = ['js', 'whole.js', 'compiled'].map((ending) => join(root, `build/command.${ending}`));

/** A V8 of another version, or of other settings, compiles anew. */
const START = `
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');
const [filename, compiled] = ['command.whole.js', 'command.compiled'].map((name) => join(__dirname, name));
const cachedData = existsSync(compiled) ? readFileSync(compiled) : undefined;
const script = new Script(readFileSync(filename, 'utf8'), { filename, cachedData });
const { WRITE_COMPILED } = process.env;
if (WRITE_COMPILED) process.on('exit', () => writeFileSync(WRITE_COMPILED, script.createCachedData()));
script.runInThisContext()(exports, require, module, __filename, __dirname);
`;

const changed = (path) => (existsSync(path) ? statSync(path).mtimeMs : -Infinity);

export default async function writeCommand() {
  if (!built.every(existsSync)) return; // tests of a package below the command, before that is built
  const modules = built.flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)));
  const newest = Math.max(...[...modules, ...others].map(changed));
  if (changed(file) >= newest) return;
  // Another jest may be starting what is there.
  const unfinished = (path) => `${path}.${process.pid}`;
  const putInPlace = (path) => renameSync(unfinished(path), path);
  await writeOneFile(join(root, 'packages/cli/dist/main.js'), unfinished(whole));
  writeFileSync(unfinished(whole), Module.wrap(readFileSync(unfinished(whole), 'utf8').replace(/^#!.*/, '')));
  // V8 knows what it has compiled by the length of the source alone: of another of the same length it would run the old functions.
  rmSync(compiled, { force: true });
  putInPlace(whole);
  writeFileSync(unfinished(file), START);
  const { status } = spawnSync(process.execPath, [unfinished(file), '--version'], { env: { ...process.env, WRITE_COMPILED: unfinished(compiled) } });
  if (status === 0) putInPlace(compiled);
  putInPlace(file);
}
