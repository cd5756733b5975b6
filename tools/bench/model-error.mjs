/**
 * How far the model error of a twin experiment that is not identical moves the concentrations at the monitors, beside what the error of the emissions does.
 *
 *   node tools/bench/model-error.mjs CASE [--threads N]
 *
 * Runs of the reference model per period, on prior and true emissions, with the model of the case and that of the truth. Printed per species: the mean over
 * monitors and hours after the spin-up of |run − prior run|; last, of what the true emissions leave with the case's model, |their run − truth run|.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const inside = (path) => require(`../../packages/core/dist/${path}.js`);
const { loadCase, readGriddesc, readStations } = inside('index');
const { createCtm } = inside('transport/ctm');
const { timeOf } = inside('pipeline/case-runs');
const { priorEmissionFiles } = inside('pipeline/sector-files');
const { readRunConcentrations } = inside('pipeline/run-concentrations');
const { groupLast } = inside('pipeline/twin-observations');
const { readTruthFactors } = inside('worlds/truth-factors');
const { PREPARED_SPECIES } = inside('data/prepared');

const { values, positionals } = parseArgs({ options: { threads: { type: 'string', default: '2' } }, allowPositionals: true });
const settings = loadCase(positionals[0]);
const { factors: factorsFile, options, windError } = settings.truth;
const grid = readGriddesc(settings.grid.griddesc, settings.grid.name);
const { stations } = await readStations(settings.observations.stations);
const cells = stations.flatMap(({ lon, lat }) => {
  const at = grid.cellAt(lon, lat);
  return at ? [at.row * grid.cols + at.col] : [];
});
const folder = mkdtempSync(join(tmpdir(), 'retroplume-model-error-'));
const ctm = createCtm(settings);

/** Concentrations at the monitors, hours after the spin-up, `[hours, monitors, 4]`. */
async function atMonitors(period, factors, modelError) {
  const output = join(folder, 'ACONC.nc');
  const emissionFiles = priorEmissionFiles(settings, period.name);
  await ctm.run({ run: 'model error', period, emissionFiles, output, factors, modelError, threads: Number(values.threads) });
  const fields = readRunConcentrations(settings, [output], { grid, time: timeOf(period) });
  const hour = grid.rows * grid.cols * PREPARED_SPECIES.length;
  const hours = Array.from({ length: period.hours - period.spinUpHours }, (_, h) => period.spinUpHours + h);
  return hours.flatMap((h) => cells.flatMap((cell) => PREPARED_SPECIES.map((_, s) => fields[h * hour + cell * PREPARED_SPECIES.length + s])));
}

/** Mean |run − reference| per species, and as part of the reference's mean; mean of run − reference. */
function figures(run, reference) {
  return PREPARED_SPECIES.map((species, s) => {
    const of = (numbers) => numbers.filter((_, i) => i % PREPARED_SPECIES.length === s);
    const [a, b] = [of(run), of(reference)];
    const size = mean(a.map((value, i) => Math.abs(value - b[i])));
    const bias = mean(a.map((value, i) => value - b[i]));
    return `${species} ${size.toFixed(2)} (${((100 * size) / mean(b)).toFixed(0)} %, bias ${bias.toFixed(2)})`;
  }).join('  ');
}

const mean = (numbers) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;

try {
  for (const period of settings.periods) {
    const truth = groupLast(readTruthFactors(factorsFile, grid, period.name));
    const model = { options, windError };
    const prior = await atMonitors(period);
    const emissionsOnly = await atMonitors(period, truth);
    const both = await atMonitors(period, truth, model);
    const pairs = [
      ['model only', await atMonitors(period, undefined, model), prior],
      ['  its options', await atMonitors(period, undefined, { options }), prior],
      ['  its winds', await atMonitors(period, undefined, { windError }), prior],
      ['emissions only', emissionsOnly, prior],
      ['both', both, prior],
      ['left by the true emissions', emissionsOnly, both],
    ];
    process.stdout.write(`${period.name}\n`);
    for (const [name, run, reference] of pairs) process.stdout.write(`  ${name.padEnd(28)} ${figures(run, reference)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
