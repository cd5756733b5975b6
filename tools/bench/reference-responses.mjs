/**
 * Levels of the reference model in cities and the country, and how they answer +30 % of one group of emissions: the table of docs/dev/reference-model.md.
 *
 *   node tools/bench/reference-responses.mjs RUN
 *
 * RUN is a run folder of a twin with `simulate` and `prepare` done, whose geography has LWMASK; groups without a run of +30 % are left out. Cities are the 20 cells
 * with most NOx, the country is the 40 % of the land with least. Means over the hours after the spin-up; of O3 over 13 to 16 h of local solar time.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const inside = (path) => require(`../../packages/core/dist/${path}.js`);
const { loadCase, readGriddesc } = inside('index');
const { caseChannels } = inside('case/index');
const { timeOf } = inside('case/case-runs');
const { cfVariable, readCf } = inside('files/netcdf/netcdf-cf');
const { readRunConcentrations } = inside('transport/surface-output');

const CITIES = 20;
const COUNTRY = 0.4;
const AFTERNOON = [13, 16];

const run = process.argv[2];
const settings = loadCase(join(run, 'case.yaml'));
const channels = caseChannels(settings);
const grid = readGriddesc(settings.grid.griddesc, settings.grid.name);
const size = grid.rows * grid.cols;
const mean = (numbers) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;

/** Values of one variable of a prepared file. */
const prepared = (period, file, name) => {
  const path = join(run, 'prepare', period.name, file);
  return cfVariable(readCf(path, [name]), name, path).data;
};

/** Cells of the cities and of the country, by the prior's NOx. */
function places(period) {
  const nox = prepared(period, 'run-prior.nc', 'emission_NOx');
  const land = prepared(period, 'meteorology.nc', 'geography_LWMASK');
  const total = new Float64Array(size);
  nox.forEach((value, i) => (total[i % size] += value));
  const ordered = Array.from(total.keys()).sort((a, b) => total[b] - total[a]);
  const onLand = ordered.filter((cell) => land[cell] > 0.5);
  return { cities: ordered.slice(0, CITIES), country: onLand.slice(-Math.round(COUNTRY * onLand.length)) };
}

async function concentrations(period, name) {
  return readRunConcentrations(settings, [join(run, 'simulate', name, `ACONC_${period.name}.nc`)], { grid, time: timeOf(period) });
}

/** Hours after the spin-up at which a cell counts. */
function hoursAt(period, cell, species) {
  const hours = Array.from({ length: period.hours - period.spinUpHours }, (_, hour) => period.spinUpHours + hour);
  if (species !== 'O3') return hours;
  const { lon } = grid.centre(Math.floor(cell / grid.cols), cell % grid.cols);
  const first = new Date(period.start).getUTCHours() + lon / 15 + 24;
  return hours.filter((hour) => (first + hour + 0.5) % 24 >= AFTERNOON[0] && (first + hour + 0.5) % 24 < AFTERNOON[1]);
}

function level(fields, period, cells, species) {
  const s = channels.species.indexOf(species);
  return mean(cells.flatMap((cell) => hoursAt(period, cell, species).map((hour) => fields[(hour * size + cell) * channels.species.length + s])));
}

const RUNS = channels.groups.filter((group) => existsSync(join(run, 'simulate', `response-${group}`)));
const PAIRS = ['NOx NO2', 'NOx O3', 'VOC O3', 'SO2 SO2', 'PM2.5 PM2.5', 'SO2 PM2.5', 'NH3 PM2.5', 'NOx PM2.5'].map((pair) => pair.split(' '));
const SHOWN = PAIRS.filter(([group]) => RUNS.includes(group));
const heads = [];
const rows = new Map();
const put = (name, value) => rows.set(name, [...(rows.get(name) ?? []), value]);

for (const period of settings.periods) {
  const prior = await concentrations(period, 'prior');
  const changed = {};
  for (const group of RUNS) changed[group] = await concentrations(period, `response-${group}`);
  for (const [place, cells] of Object.entries(places(period))) {
    heads.push(`${period.name}: ${place}`);
    for (const species of channels.species) put(species, level(prior, period, cells, species).toFixed(1));
    for (const [group, species] of SHOWN) {
      const before = level(prior, period, cells, species);
      const change = level(changed[group], period, cells, species) - before;
      put(`${group} → ${species}`, `${change > 0 ? '+' : ''}${change.toFixed(1)} (${((100 * change) / before).toFixed(0)} %)`);
    }
  }
}
const line = (cells) => `| ${cells.join(' | ')} |\n`;
process.stdout.write(
  line(['', ...heads]) + line(['', ...heads].map(() => '---')) + [...rows].map(([name, values]) => line([name, ...values])).join(''),
);
