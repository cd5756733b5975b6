/**
 * A transport model that takes no notice of SIGTERM and is slow to write, as a job that is being cancelled: the reference model as a program of its own
 * (test/programs/reference-ctm.cjs, with the same arguments), whose file appears in two halves with a pause between them. Whoever is killed while it runs
 * leaves it behind.
 */
const { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } = require('node:fs');
const { join } = require('node:path');

const PAUSE_MS = 700;
const FILE = 'CCTM_ACONC.nc';

process.on('SIGTERM', () => undefined);
const [folder, output] = process.argv.slice(2);
const own = mkdtempSync(join(folder, 'model-'));
process.argv[3] = own;
require('../../test/programs/reference-ctm.cjs');

process.once('beforeExit', () => {
  const bytes = readFileSync(join(own, FILE));
  rmSync(own, { recursive: true });
  const file = openSync(join(output, FILE), 'w');
  const half = bytes.length >> 1;
  writeSync(file, bytes, 0, half);
  setTimeout(() => {
    writeSync(file, bytes, half);
    closeSync(file);
  }, PAUSE_MS);
});
