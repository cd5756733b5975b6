/** The page's one script: templates/report/*.js in one function, so that it leaves no name behind, and its hash, by which the browser lets it run. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(__dirname, '../../../templates/report');
/** What is used stands before what uses it. */
const FILES = ['unpack.js', 'axes.js', 'series-chart.js', 'station-map.js', 'station-choice.js', 'picker.js'];

export function pageScript(): string {
  const parts = FILES.map((name) => readFileSync(join(FOLDER, name), 'utf8').trim());
  return `(() => {\n'use strict';\n${parts.join('\n')}\nstartPicker();\n})();`;
}

/** As a source of the page's Content-Security-Policy: this script runs, and no other. */
export function scriptSource(script: string): string {
  return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
}
