/**
 * A transport model that takes no notice of SIGTERM, as a job that is being cancelled: the reference model as a program of its own (with the arguments of
 * test/programs/reference-ctm.cjs). Whoever is killed while it runs leaves it behind, and it writes some seconds later. Like many run scripts it makes no
 * file that is there already.
 */
const { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const FILE = 'CCTM_ACONC.nc';
const [folder, output] = process.argv.slice(2);

let cancelled = false;
process.on('SIGTERM', () => (cancelled = true));

const own = mkdtempSync(join(folder, 'model-'));
process.argv[3] = own;
require('../../test/programs/reference-ctm.cjs');

/** In two halves, with a pause between them. */
async function write() {
  const bytes = readFileSync(join(own, FILE));
  rmSync(own, { recursive: true });
  await sleep(300);
  if (cancelled) await sleep(9000 * Math.random());
  const path = join(output, FILE);
  if (existsSync(path)) return;
  const file = openSync(path, 'w');
  const half = bytes.length >> 1;
  writeSync(file, bytes, 0, half);
  await sleep(300);
  writeSync(file, bytes, half);
  closeSync(file);
}

process.once('beforeExit', () => void write());
