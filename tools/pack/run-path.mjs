// Where a shared library looks for those that it needs (DT_RPATH, DT_RUNPATH) is a text in the file. A shorter one can be written in its place.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/** The folders in which a library looks, as the file has them, `:` between; undefined where it names none. */
export function runPath(file) {
  const { stdout } = spawnSync('readelf', ['-d', file], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  return /\((?:RPATH|RUNPATH)\)\s+Library (?:rpath|runpath): \[(.*)\]/.exec(stdout ?? '')?.[1];
}

/** Writes another text in the place of the one that a file has, in which it must find room; without one nothing is written. @returns whether it was */
export function setRunPath(file, text) {
  const former = runPath(file);
  if (former === undefined || former === text || former.length < text.length) return former === text;
  const bytes = readFileSync(file);
  const place = bytes.indexOf(`\0${former}\0`, 0, 'latin1');
  if (place < 0) return false;
  bytes.fill(0, place + 1, place + 1 + former.length);
  bytes.write(text, place + 1, 'latin1');
  writeFileSync(file, bytes);
  return true;
}
