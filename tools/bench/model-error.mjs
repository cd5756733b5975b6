/**
 * How far the model error of a twin experiment that is not identical moves the concentrations at the monitors, beside what the error of the emissions does.
 *
 *   node tools/bench/model-error.mjs RUN [--threads N]
 *
 * RUN is a run folder with `simulate` done. Runs of the reference model per period, on prior and true emissions, with the model of the case and that of the
 * truth. Printed per species: the mean over monitors and hours after the spin-up of |run − prior run|; of what the true emissions leave with the case's model,
 * |their run − truth run|; and, as `verify` compares, how much they lower the error against the observations at withheld and at used monitors, all periods
 * together: what no inventory that is right can beat but by luck.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const inside = (path) => require(`../../packages/core/dist/${path}.js`);
const { loadCase, readGriddesc, readStations } = inside('index');
const { createCtm } = inside('transport/create-ctm');
const { timeOf } = inside('case/case-runs');
const { filesOf, priorSectors } = inside('inventory/reading/sector-files');
const { readRunConcentrations } = inside('transport/surface-output');
const { groupLast } = inside('worlds/twin-observations');
const { readTruthFactors } = inside('worlds/truth-factors');
const { caseChannels } = inside('case/index');
const { InputHashes } = inside('run/engine/input-hashes');
const { operatorOf, readMonitors } = inside('assimilation/observed/monitors');
const { Role } = inside('inversion/cost/cost');

const { values, positionals } = parseArgs({ options: { threads: { type: 'string', default: '2' } }, allowPositionals: true });
const settings = loadCase(join(positionals[0], 'case.yaml'));
const { factors: factorsFile, options, windError } = settings.truth;
const { groups, species: names } = caseChannels(settings);
const grid = readGriddesc(settings.grid.griddesc, settings.grid.name);
const { stations } = await readStations(settings.observations.stations);
const cells = stations.flatMap(({ lon, lat }) => {
  const at = grid.cellAt(lon, lat);
  return at ? [at.row * grid.cols + at.col] : [];
});
const folder = mkdtempSync(join(tmpdir(), 'retroplume-model-error-'));
const ctm = createCtm(settings);

async function fieldsOf(period, factors, modelError) {
  const output = join(folder, 'ACONC.nc');
  const emissionFiles = filesOf(priorSectors(settings, period.name));
  await ctm.run({ run: 'model error', period, emissionFiles, output, factors, modelError, threads: Number(values.threads) });
  return readRunConcentrations(settings, [output], { grid, time: timeOf(period) });
}

/** Concentrations at the monitors, hours after the spin-up, `[hours, monitors, species]`. */
function atMonitors(fields, period) {
  const hour = grid.rows * grid.cols * names.length;
  const hours = Array.from({ length: period.hours - period.spinUpHours }, (_, h) => period.spinUpHours + h);
  return hours.flatMap((h) => cells.flatMap((cell) => names.map((_, s) => fields[h * hour + cell * names.length + s])));
}

/** Mean |run − reference| per species, and as part of the reference's mean; mean of run − reference. */
function figures(run, reference) {
  return names
    .map((species, s) => {
      const of = (numbers) => numbers.filter((_, i) => i % names.length === s);
      const [a, b] = [of(run), of(reference)];
      const size = mean(a.map((value, i) => Math.abs(value - b[i])));
      const bias = mean(a.map((value, i) => value - b[i]));
      return `${species} ${size.toFixed(2)} (${((100 * size) / mean(b)).toFixed(0)} %, bias ${bias.toFixed(2)})`;
    })
    .join('  ');
}

/** |run − observed| of the valid values at the stations of a role, by species. */
function errorsAgainst(operator, fields, role) {
  const { stations, observed, simulated } = operator.atStations(fields);
  return new Map(
    [...observed].map(([species, values]) => [
      species,
      [...values].flatMap((value, i) =>
        stations[i % stations.length].role === role && Number.isFinite(value) ? [Math.abs(simulated.get(species)[i] - value)] : [],
      ),
    ]),
  );
}

async function operatorFor(period) {
  const context = { caseSettings: settings, settings, dirOf: (stage) => join(positionals[0], stage), inputs: new InputHashes() };
  const monitors = await readMonitors(context, period, grid, false);
  return operatorOf(settings, period, grid, monitors, { firstHour: period.spinUpHours, watch: false });
}

const mean = (numbers) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;

const errors = [];
try {
  for (const period of settings.periods) {
    const truth = groupLast(readTruthFactors(factorsFile, grid, period.name, groups), groups.length);
    const model = { options, windError };
    const [priorFields, trueFields] = [await fieldsOf(period), await fieldsOf(period, truth)];
    const operator = await operatorFor(period);
    for (const [stations, role] of [
      ['withheld', Role.withheld],
      ['used', Role.used],
    ]) {
      errors.push({ stations, prior: errorsAgainst(operator, priorFields, role), true: errorsAgainst(operator, trueFields, role) });
    }
    const [prior, emissionsOnly] = [atMonitors(priorFields, period), atMonitors(trueFields, period)];
    const both = atMonitors(await fieldsOf(period, truth, model), period);
    const pairs = [
      ['model only', atMonitors(await fieldsOf(period, undefined, model), period), prior],
      ['  its options', atMonitors(await fieldsOf(period, undefined, { options }), period), prior],
      ['  its winds', atMonitors(await fieldsOf(period, undefined, { windError }), period), prior],
      ['emissions only', emissionsOnly, prior],
      ['both', both, prior],
      ['left by the true emissions', emissionsOnly, both],
    ];
    process.stdout.write(`${period.name}\n`);
    for (const [name, run, reference] of pairs) process.stdout.write(`  ${name.padEnd(28)} ${figures(run, reference)}\n`);
  }
  process.stdout.write('mean absolute error against the observations, prior → true emissions\n');
  for (const stations of ['withheld', 'used']) {
    const parts = errors.filter((part) => part.stations === stations);
    const changes = names.map((species) => {
      const [before, after] = ['prior', 'true'].map((run) => mean(parts.flatMap((part) => part[run].get(species))));
      return `${species} ${before.toFixed(2)} → ${after.toFixed(2)} (${(100 * (after / before - 1)).toFixed(0)} %)`;
    });
    process.stdout.write(`  ${stations.padEnd(28)} ${changes.join('  ')}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
